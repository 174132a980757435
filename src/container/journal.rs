//! Entries of the journal, and their form in JSON (`journalctl -o json`).

use super::dmesg::records;
use super::json::{self, Fault};
use super::sink::{Sink, prefix, push};
use super::unpack::{MAX_RECORD, Unpack};
use crate::text;

/// Fields that `journalctl` writes of every entry, whatever fields were asked for.
pub(super) const ALWAYS: &[&[u8]] = &[b"__CURSOR", b"__REALTIME_TIMESTAMP", b"__MONOTONIC_TIMESTAMP"];

/// Whether a field can have this name (`journal_field_valid`).
pub(super) fn is_name(name: &[u8]) -> bool {
    let ok = |&c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    !name.is_empty() && name.len() <= 64 && name.iter().all(ok)
}

#[derive(Debug)]
pub(super) struct Json;

impl Unpack for Json {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        records(input, end, sink, |b, end, sink| {
            let mut entry = Entry::default();
            let rest = json::object(b, |name, value| {
                // Numbers are strings in the journal's JSON.
                if let Some(field) = Field::named(name)
                    && let Some(bytes) = json::bytes(value)
                {
                    entry.set(field, &bytes);
                }
            });
            if rest.is_ok() || (end && rest == Err(Fault::More)) {
                entry.write(sink.source(), sink);
            }
            rest
        })
    }
}

/// Fields that tell a line's prefix, and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Message,
    Priority,
    /// The kernel's own clock.
    SourceMonotonic,
    Monotonic,
    Realtime,
    Transport,
    Identifier,
    Comm,
    SyslogPid,
    Pid,
    Host,
}

const FIELDS: &[(&[u8], Field)] = &[
    (b"MESSAGE", Field::Message),
    (b"PRIORITY", Field::Priority),
    (b"_SOURCE_MONOTONIC_TIMESTAMP", Field::SourceMonotonic),
    (b"__MONOTONIC_TIMESTAMP", Field::Monotonic),
    (b"__REALTIME_TIMESTAMP", Field::Realtime),
    (b"_TRANSPORT", Field::Transport),
    (b"SYSLOG_IDENTIFIER", Field::Identifier),
    (b"_COMM", Field::Comm),
    (b"SYSLOG_PID", Field::SyslogPid),
    (b"_PID", Field::Pid),
    (b"_HOSTNAME", Field::Host),
];

impl Field {
    pub(super) fn named(name: &[u8]) -> Option<Field> {
        FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }
}

/// What is known of an entry.
#[derive(Debug, Default)]
pub(super) struct Entry {
    message: Option<Vec<u8>>,
    priority: Option<u64>,
    source_monotonic: Option<u64>,
    monotonic: Option<u64>,
    realtime: Option<u64>,
    kernel: Option<bool>,
    identifier: Vec<u8>,
    comm: Vec<u8>,
    syslog_pid: Option<u64>,
    pid: Option<u64>,
    host: Vec<u8>,
}

impl Entry {
    pub(super) fn set(&mut self, field: Field, value: &[u8]) {
        let number = || text::number(value, 10);
        match field {
            Field::Message => self.append(value),
            Field::Priority => self.priority = number().filter(|level| *level < 8),
            Field::SourceMonotonic => self.source_monotonic = number(),
            Field::Monotonic => self.monotonic = number(),
            Field::Realtime => self.realtime = number(),
            Field::Transport => self.kernel = Some(value == b"kernel"),
            Field::Identifier => self.identifier = word(value),
            Field::Comm => self.comm = word(value),
            Field::SyslogPid => self.syslog_pid = number(),
            Field::Pid => self.pid = number(),
            Field::Host => self.host = word(value),
        }
    }

    /// Takes more of the message, which may come in pieces.
    pub(super) fn append(&mut self, text: &[u8]) {
        let message = self.message.get_or_insert_default();
        let room = MAX_RECORD.saturating_sub(message.len());
        message.extend_from_slice(text.get(..room).unwrap_or(text));
    }

    /// Whether the kernel wrote the message, if anybody says who did.
    pub(super) fn is_kernels(&self) -> Option<bool> {
        let named = !(self.identifier.is_empty() && self.comm.is_empty());
        if self.identifier == b"kernel" { Some(true) } else { self.kernel.or(named.then_some(false)) }
    }

    /// Writes the message, if there is one: the kernel's as on a console, others' as `journalctl -o short-iso-precise`.
    pub(super) fn write(self, source: u64, sink: &mut Sink) {
        let Some(message) = &self.message else { return };
        let name = if self.identifier.is_empty() { &self.comm } else { &self.identifier };
        let start = match self.is_kernels() {
            Some(true) => prefix(self.priority, self.source_monotonic.or(self.monotonic), None),
            Some(false) => self.program(if name.is_empty() { b"unknown" } else { name }),
            None => Vec::new(),
        };
        sink.record(source, &start, message);
    }

    /// `2026-11-22T06:12:01.123456+00:00 host sshd[123]: `.
    fn program(&self, name: &[u8]) -> Vec<u8> {
        let mut out = date(self.realtime.unwrap_or_default());
        out.push(b' ');
        out.extend_from_slice(if self.host.is_empty() { b"localhost" } else { &self.host });
        out.push(b' ');
        out.extend_from_slice(name);
        if let Some(pid) = self.syslog_pid.or(self.pid) {
            push(&mut out, format_args!("[{pid}]"));
        }
        out.extend_from_slice(b": ");
        out
    }
}

/// Longest name of a host or a program that is kept.
const NAME: usize = 64;

/// A name as one word.
fn word(name: &[u8]) -> Vec<u8> {
    let blank = |&c: &u8| if c <= b' ' || c == b':' { b'_' } else { c };
    name.iter().take(NAME).map(blank).collect()
}

/// Microseconds since 1970 as `2026-11-22T06:12:01.123456+00:00`.
fn date(micros: u64) -> Vec<u8> {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counted in years that begin in March: leap days are their last.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = (year + era * 400 + next) % 10_000;
    let mut out = Vec::with_capacity(96);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    push(
        &mut out,
        format_args!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00"),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds: u64| String::from_utf8(date(seconds * 1_000_000 + 42)).unwrap();
        assert_eq!(at(0), "1970-01-01T00:00:00.000042+00:00");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000042+00:00");
        assert_eq!(at(1_732_255_921), "2024-11-22T06:12:01.000042+00:00");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.000042+00:00");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.000042+00:00");
        let _ = date(u64::MAX);
    }
}
