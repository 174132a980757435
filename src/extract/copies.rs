//! Lines that stand in a log twice, and of which only one is the kernel's.

use std::collections::{HashMap, VecDeque};

use memchr::memmem;

use crate::formats::noise;
use crate::line::{Line, Origin};
use crate::text::{self, Log};

use super::limits::COPY_BYTES;
use super::lines::line_at;

/// Before and behind a message to all terminals the same line is looked for in so many bytes.
const BROADCAST_BYTES: usize = 16 << 10;
/// So many lines with the same text are looked at.
const FEW: usize = 64;
/// The line that announces a message ends in so many bytes before it.
const ANNOUNCED_BYTES: usize = 256;

/// Whether a line is what rsyslog's `:omusrmsg:*` writes on all terminals, and the log has the same from elsewhere. `None`
/// where more of the log may tell.
///
/// ```text
/// Message from syslogd@host at Feb 11 19:02:33 ...
///  kernel:[60211.400000] watchdog: BUG: soft lockup - CPU#6 stuck for 22s! [heron-rx:2911]
/// ```
pub(super) fn is_broadcast(log: Log<'_>, line: &Line<'_>) -> Option<bool> {
    let Some(record) = record(line.raw) else { return Some(false) };
    let (start, end) = (line.offset, line.offset + line.raw.len());
    // A stamp is the kernel's. Without one many a program's line begins so.
    let body = if text::skip_blanks(record).starts_with(b"[") { line.body } else { record };
    let sure = line.prefix.time.is_some() || is_announced(log, start);
    if !sure || body.trim_ascii().is_empty() {
        return Some(false);
    }
    let (from, to) = (log.before(start, BROADCAST_BYTES), end + BROADCAST_BYTES);
    let elsewhere = |from: usize, to: usize| {
        memmem::find_iter(log.get(from..to), body).take(FEW).any(|at| {
            let at = from + at;
            let other = line_at(log, log.line_start(at), log.line_end(at));
            let times = line.prefix.time.zip(other.prefix.time);
            // Other messages are none, nor is what came at another time.
            other.prefix.origin != Origin::Program
                && self::record(other.raw).is_none()
                && times.is_none_or(|(time, other)| time == other)
        })
    };
    if elsewhere(from, start) || elsewhere(end, to) {
        return Some(true);
    }
    (to <= log.end()).then_some(false)
}

/// What follows the tag that rsyslog writes, `kernel:`, or the journal, `kernel[1]:`.
fn record(raw: &[u8]) -> Option<&[u8]> {
    let behind = text::skip_blanks(raw).strip_prefix(noise::BROADCAST.as_bytes())?;
    let pid = behind.strip_prefix(b"[").map(|pid| text::take(pid, |c| c.is_ascii_digit()).1);
    pid.map_or(Some(behind), |rest| rest.strip_prefix(b"]"))?.strip_prefix(b":")
}

/// Whether the line before says that a message follows.
fn is_announced(log: Log<'_>, offset: usize) -> bool {
    let before = log.get(log.before(offset, ANNOUNCED_BYTES)..offset).trim_ascii_end();
    let last = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    noise::ANNOUNCEMENTS.iter().any(|words| text::contains(last, words))
}

/// Whether a line is the second of two of the same that two consoles have put on one port: one of the lines beside these two
/// comes twice as well. `None` where more of the log may tell.
///
/// ```text
/// [   12.345678] Call Trace:
/// [   12.345678] Call Trace:
/// [   12.345680]  demo_write+0x12/0x34
/// [   12.345680]  demo_write+0x12/0x34
/// ```
pub(super) fn is_doubled(log: Log<'_>, line: &Line<'_>) -> Option<bool> {
    let start = line.offset;
    // With a CR, if lines have one.
    let own = log.get(start..log.line_end(start));
    if line.prefix.time.is_none() || !comes_before(log, start, own) {
        return Some(false);
    }
    let first = start - own.len() - 1;
    let end = first.saturating_sub(1);
    let before = log.get(log.line_start(end)..end);
    if before != own && comes_before(log, first.saturating_sub(before.len() + 1), before) {
        return Some(true);
    }
    let next = start + own.len() + 1;
    let end = log.line_end(next);
    let after = log.get(next..end);
    let again = log.get(end + 1..end + 1 + after.len());
    let twice = again == after && after != own && !after.is_empty();
    (twice || end + 1 + after.len() <= log.end()).then_some(twice)
}

/// Whether the line before an offset is `raw`.
fn comes_before(log: Log<'_>, start: usize, raw: &[u8]) -> bool {
    let Some(from) = start.checked_sub(raw.len() + 1).filter(|from| *from >= log.start()) else {
        return false;
    };
    !raw.is_empty() && log.get(from..start - 1) == raw && log.line_start(from) == from
}

/// The banners of the last [`COPY_BYTES`].
///
/// A kernel's log may be printed twice: by the kernel itself, without a word, behind a panic (`panic_console_replay=1`:
/// `console_flush_on_panic` in `kernel/printk/printk.c`), by two records of pstore, which each hold the end of the log as
/// it then was, or by who puts `dmesg` behind a console's log. The second time the clock has gone back.
#[derive(Clone, Debug, Default)]
pub(super) struct Printed<'a> {
    places: HashMap<(u64, &'a [u8]), Place<'a>>,
    order: VecDeque<(usize, u64, &'a [u8])>,
    /// Time of the last line, and the last line that had another than the one before it.
    time: u64,
    moved: usize,
}

/// Where a banner stands last, and what stands before its text.
type Place<'a> = (usize, &'a [u8]);

/// Where the log has a banner already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) first: usize,
    /// It was dressed otherwise there: `dmesg`'s line, and the syslog's.
    pub(super) redressed: bool,
}

impl<'a> Printed<'a> {
    /// Takes the next line, of those that may be a report's.
    pub(super) fn pass(&mut self, line: &Line<'a>) {
        if let Some(time) = line.prefix.time.filter(|time| *time != self.time) {
            (self.time, self.moved) = (time, line.offset);
        }
    }

    /// Takes a line that is a banner; where the log has it already, if it has. Of a coarse clock two crashes may have one
    /// time.
    pub(super) fn again(&mut self, line: &Line<'a>) -> Option<Copy> {
        // Before the clock runs all crashes are at 0.
        let time = line.prefix.time.filter(|time| *time != 0)?;
        let horizon = line.offset.saturating_sub(COPY_BYTES);
        while let Some((offset, time, body)) = self.order.front().copied().filter(|place| place.0 < horizon) {
            self.order.pop_front();
            if self.places.get(&(time, body)).is_some_and(|place| place.0 == offset) {
                self.places.remove(&(time, body));
            }
        }
        let body = line.body.trim_ascii();
        self.order.push_back((line.offset, time, body));
        let prefix = line.raw.get(..line.raw.len().saturating_sub(line.body.len())).unwrap_or_default();
        let (first, other) = self.places.insert((time, body), (line.offset, prefix))?;
        // At another time of day it is another boot that does the same.
        let differ = time_of_day(prefix).zip(time_of_day(other)).is_some_and(|(one, other)| one != other);
        let is_letter = |byte: &&u8| byte.is_ascii_alphabetic();
        let redressed = !prefix.iter().filter(is_letter).eq(other.iter().filter(is_letter));
        (first < self.moved && !differ).then_some(Copy { first, redressed })
    }
}

/// `13:59:07` of what stands before a line's text.
fn time_of_day(prefix: &[u8]) -> Option<&[u8]> {
    let is_clock = |text: &&[u8]| {
        let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        [0, 1, 3, 4, 6, 7].into_iter().all(digit) && [2, 5].into_iter().all(|at| text.get(at) == Some(&b':'))
    };
    prefix.windows(8).find(is_clock)
}
