//! Dumps of pstore (`cat /sys/fs/pstore/dmesg-*`): parts of the kernel's log, each behind a line such as
//! `Panic#2 Part1`. Part 1 is the newest (`pstore_dump` in `fs/pstore/platform.c`).

use memchr::memmem;

use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::text;

/// Why the kernel dumped its log: the first word of a part (`kmsg_dump_reason_str`, older `get_reason_str`).
const REASONS: &[&str] =
    &["Panic", "Oops", "Emergency", "Shutdown", "Unknown", "Restart", "Halt", "Poweroff"];

/// So much is collected to be put in order; what follows is passed on as it comes. `kmsg_bytes` is 10 KiB a dump.
const COLLECTED: usize = 4 << 20;

/// So many parts are collected.
const PARTS: usize = 1024;

/// So many lines of others may stand between two parts, such as `tail -n +1` writes.
const GAP: usize = 8;

/// `Panic#2 Part1`: reason, number of the dump since boot, number of the part.
pub(super) fn header(line: &[u8]) -> Option<(&[u8], u64, u64)> {
    let reason = REASONS.iter().find(|reason| line.starts_with(reason.as_bytes()))?;
    let (reason, rest) = line.split_at_checked(reason.len())?;
    let (count, rest) = text::take(rest.strip_prefix(b"#")?, |c| c.is_ascii_digit());
    let part = rest.strip_prefix(b" Part")?;
    Some((reason, text::number(count, 10)?, text::number(part, 10)?))
}

/// Whether a line is a part's heading.
pub(crate) fn is_record(line: &[u8]) -> bool {
    header(trim(line)).is_some()
}

/// Whether a text ends as a part's heading does before its number, whatever stands before: `Panic#2`.
pub(crate) fn ends_heading(text: &[u8]) -> bool {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let reason = text.get(..text.len() - digits).unwrap_or_default();
    digits > 0
        && reason
            .strip_suffix(b"#")
            .is_some_and(|reason| REASONS.iter().any(|known| reason.ends_with(known.as_bytes())))
}

#[derive(Debug, Default)]
pub(super) struct Pstore {
    dumps: Vec<Dump>,
    /// The part that is read: its dump and its place in it.
    open: Option<(usize, usize)>,
    /// Lines of others behind the parts.
    others: Vec<(u64, Vec<u8>)>,
    /// How many of them since the last part.
    gap: usize,
    collected: usize,
    parts: usize,
}

/// The kernel's log at the time of one oops.
#[derive(Debug)]
struct Dump {
    reason: Vec<u8>,
    count: u64,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    number: u64,
    header: Vec<u8>,
    /// The source's line of the header.
    source: u64,
    text: Vec<u8>,
    /// Each line has its level, as `kmsg_dump_get_buffer` writes it: one without is not the part's.
    levels: bool,
}

impl Dump {
    /// Its text, where the parts are in order.
    fn text(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|part| &part.text).copied().collect()
    }

    /// The part, and the place in it, behind what another dump ends with and this one begins with.
    fn place_behind(&self, before: &[u8]) -> Option<(usize, usize)> {
        let last = last_lines(before)?;
        let mut begins: Vec<u8> = Vec::new();
        self.parts.iter().enumerate().find_map(|(nth, part)| {
            let Some(at) = memmem::find(&part.text, last) else {
                begins.extend(&part.text);
                return None;
            };
            let behind = part.text.get(at + last.len()..)?;
            let end = at + last.len() + memchr::memchr(b'\n', behind)? + 1;
            begins.extend(part.text.get(..end)?);
            before.trim_ascii_end().ends_with(begins.trim_ascii_end()).then_some((nth, end))
        })
    }
}

/// The last two lines of a text.
fn last_lines(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_end();
    let mut ends = memchr::memrchr_iter(b'\n', text);
    ends.next()?;
    let from = ends.next().map_or(0, |newline| newline + 1);
    text.get(from..).filter(|lines| lines.starts_with(b"<"))
}

impl Unpack for Pstore {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let taken = lines(input, end, sink, |line, sink| self.line(line, sink));
        if end {
            self.pause(sink);
        }
        taken
    }

    fn pause(&mut self, sink: &mut Sink) {
        self.flush(sink);
    }
}

impl Pstore {
    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        let bare = trim(line);
        if let Some((reason, count, number)) = header(bare) {
            let header = line.to_vec();
            let part = Part { number, header, source: sink.source(), text: Vec::new(), levels: false };
            self.begin(reason, count, part);
        } else if !self.dumps.is_empty() && is_ramoops(bare) {
            self.open = None;
        } else if !self.go_on(line) {
            self.open = None;
            if self.dumps.is_empty() {
                return sink.write(sink.source(), line);
            }
            self.others.push((sink.source(), line.to_vec()));
            self.gap += 1;
        }
        self.collected += line.len();
        if self.gap > GAP || self.collected > COLLECTED || self.parts > PARTS {
            self.flush(sink);
        }
    }

    /// A part of a dump that has it already is of another boot.
    fn begin(&mut self, reason: &[u8], count: u64, part: Part) {
        let same = |dump: &Dump| dump.reason == reason && dump.count == count;
        let known = self.dumps.iter().rposition(same);
        let fits = |dump: &&mut Dump| dump.parts.iter().all(|other| other.number != part.number);
        self.gap = 0;
        self.parts += 1;
        match known.and_then(|at| self.dumps.get_mut(at).filter(fits).map(|dump| (at, dump))) {
            Some((at, dump)) => {
                self.open = Some((at, dump.parts.len()));
                dump.parts.push(part);
            }
            None => {
                self.open = Some((self.dumps.len(), 0));
                self.dumps.push(Dump { reason: reason.to_vec(), count, parts: vec![part] });
            }
        }
    }

    /// Adds a line to the part that is read, if it is one of it.
    fn go_on(&mut self, line: &[u8]) -> bool {
        let open = self.open.and_then(|(dump, part)| self.dumps.get_mut(dump)?.parts.get_mut(part));
        let Some(part) = open else { return false };
        let level = matches!(line, [b'<', b'0'..=b'9', ..]);
        if part.text.is_empty() {
            part.levels = level;
        } else if part.levels && !level {
            return false;
        }
        part.text.extend_from_slice(line);
        true
    }

    /// Writes what is collected: the parts of each dump from the oldest to the newest, and of a dump that goes on where the
    /// one before it ended only what is new.
    fn flush(&mut self, sink: &mut Sink) {
        let mut before: Option<(u64, Vec<u8>)> = None;
        for mut dump in self.dumps.drain(..) {
            dump.parts.sort_by_key(|part| std::cmp::Reverse(part.number));
            let old = before.filter(|(count, _)| *count < dump.count);
            let (known, seen) = old.and_then(|(_, old)| dump.place_behind(&old)).unwrap_or_default();
            for (nth, part) in dump.parts.iter().enumerate().skip(known) {
                let (old, new) = part.text.split_at(if nth == known { seen } else { 0 });
                sink.end_line();
                if nth == 0 && old.is_empty() {
                    sink.write(part.source, &part.header);
                }
                sink.end_line();
                sink.write(part.source + 1 + memchr::memchr_iter(b'\n', old).count() as u64, new);
            }
            before = Some((dump.count, dump.text()));
        }
        for (source, line) in self.others.drain(..) {
            sink.end_line();
            sink.write(source, &line);
        }
        (self.open, self.gap, self.collected, self.parts) = (None, 0, 0, 0);
    }
}

/// `====1732255921.123456-D` before a dump in the memory itself (`ramoops_write_kmsg_hdr`), and what its error
/// correction found, behind it (`persistent_ram_ecc_string`).
fn is_ramoops(line: &[u8]) -> bool {
    let time = line.strip_prefix(b"====").map(|rest| text::take(rest, |c| c.is_ascii_digit() || c == b'.'));
    let header = time.is_some_and(|(time, rest)| !time.is_empty() && matches!(rest, b"" | b"-C" | b"-D"));
    header
        || line == b"No errors detected"
        || (line.ends_with(b" unrecoverable blocks") && text::contains(line, " Corrected bytes, "))
}
