//! Lines that stand in a log twice, and of which only one is the kernel's.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use memchr::memmem;

use crate::container::ends_heading;
use crate::formats::noise;
use crate::line::{Line, Origin};
use crate::scan::{self, LINE_BYTES};
use crate::text::{self, Log};

use super::boots;
use super::limits::{COPY_BYTES, LOOK_BACK_BYTES};
use super::lines::line_at;
use super::shape::{Shape, shape};

/// Before and behind a message to all terminals the same line is looked for in so many bytes.
const BROADCAST_BYTES: usize = 16 << 10;
/// So many lines with the same text are looked at.
const FEW: usize = 8;
/// The line that announces a message ends in so many bytes before it.
const ANNOUNCED_BYTES: usize = 256;
/// Between two lines of a report stand no more of others where it is looked for again.
const OTHERS: usize = 16;

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
            let start = log.line_start(from + at);
            let raw = log.get(start..log.line_end(start).min(start + LINE_BYTES));
            // Other messages are none, nor is what came at another time.
            self::record(raw).is_none() && {
                let other = Line::parse(start, raw);
                let times = line.prefix.time.zip(other.prefix.time);
                other.prefix.origin != Origin::Program && times.is_none_or(|(time, other)| time == other)
            }
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
    let own = log.get(start..log.line_end(start + line.raw.len()));
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
/// it then was, or by who puts `dmesg` beside a syslog. The second time the clock has gone back.
#[derive(Clone, Debug, Default)]
pub(super) struct Printed<'a> {
    places: HashMap<(u64, &'a [u8]), usize>,
    order: VecDeque<(usize, u64, &'a [u8])>,
    /// Time of the last line, and the last line that had another than the one before it.
    time: u64,
    moved: usize,
    marks: Marks,
    /// Reports that were printed again, and where they were first.
    again: VecDeque<(usize, usize)>,
    /// Where the last reports begin.
    reports: VecDeque<usize>,
}

/// Where the log says last that it is printed again, and how far that has been looked for.
#[derive(Clone, Debug, Default)]
struct Marks {
    searched: usize,
    /// A heading of pstore.
    record: Option<usize>,
    /// A panic that has not come to its end.
    panic: Option<usize>,
}

impl<'a> Printed<'a> {
    /// Takes the next line, of those that may be a report's.
    pub(super) fn pass(&mut self, line: &Line<'a>) {
        if let Some(time) = line.prefix.time.filter(|time| *time != self.time) {
            (self.time, self.moved) = (time, line.offset);
        }
    }

    /// Takes a line that is a banner; where the log has it already, if it has, and the clock went on behind it.
    pub(super) fn before(&mut self, line: &Line<'a>) -> Option<usize> {
        // Before the clock runs all crashes are at 0.
        let time = line.prefix.time.filter(|time| *time != 0)?;
        let horizon = line.offset.saturating_sub(COPY_BYTES);
        while let Some((offset, time, body)) = self.order.front().copied().filter(|place| place.0 < horizon) {
            self.order.pop_front();
            if self.places.get(&(time, body)) == Some(&offset) {
                self.places.remove(&(time, body));
            }
        }
        let body = line.body.trim_ascii();
        self.order.push_back((line.offset, time, body));
        let first = self.places.insert((time, body), line.offset)?;
        (first < self.moved).then_some(first)
    }

    /// Whether a report, whose banner the log has at `first` already, is printed again: all its lines stand there, and they
    /// are dressed otherwise or the log says that it is printed again. Of a coarse clock two crashes may have one time.
    pub(super) fn is_again(&mut self, log: Log<'a>, first: usize, lines: &[Line<'a>]) -> bool {
        let Some(banner) = lines.first() else { return false };
        let (start, old) = (banner.offset, line_at(log, first, log.line_end(first)));
        self.marks.search(log, start);
        let again =
            (is_redressed(&old, banner) || self.marks.since(first)) && has_all(log, first..start, lines);
        if again {
            // What is printed again may be a copy itself.
            let root = self.copied(first).unwrap_or(first);
            self.again.push_back((start, root));
        }
        again
    }

    /// Where a report was printed first that starts there and was printed again. They are in order.
    fn copied(&self, start: usize) -> Option<usize> {
        let at = self.again.binary_search_by_key(&start, |(again, _)| *again).ok()?;
        self.again.get(at).map(|(_, first)| *first)
    }

    /// Takes where the next report begins, unless another has taken over its lines.
    pub(super) fn begins(&mut self, start: usize, lines: usize) {
        if lines == 0 {
            return;
        }
        while self.reports.front().is_some_and(|first| first + COPY_BYTES + LOOK_BACK_BYTES < start) {
            self.reports.pop_front();
        }
        self.reports.push_back(start);
    }

    /// Where the report that starts there was first, if it was printed again, be it more than once; `None` if its banner was
    /// a part of another.
    pub(super) fn first(&mut self, start: usize) -> Option<usize> {
        while self.again.front().is_some_and(|(again, _)| again + COPY_BYTES + LOOK_BACK_BYTES < start) {
            self.again.pop_front();
        }
        match self.copied(start) {
            None => Some(start),
            Some(first) => self.reports.binary_search(&first).is_ok().then_some(first),
        }
    }
}

impl Marks {
    /// Looks for them up to a line.
    fn search(&mut self, log: Log<'_>, end: usize) {
        let start = self.searched.max(log.before(end, COPY_BYTES));
        self.searched = end.max(self.searched);
        let text = log.get(start..end);
        let is_heading = |at: &usize| ends_heading(log.get(log.line_start(*at)..*at));
        let record = memmem::rfind_iter(text, b" Part").map(|at| start + at).find(is_heading);
        let booted = boots::last(log, start..end);
        let over = booted.max(boots::last_panic_end(log, start..end));
        self.record = record.or(self.record);
        self.panic = boots::last_panic(log, start..end).or(self.panic).filter(|panic| over < Some(*panic));
    }

    fn since(&self, offset: usize) -> bool {
        self.record.max(self.panic) >= Some(offset)
    }
}

/// Whether what stands before the text of two lines is of two that log: `dmesg`'s lines, and the syslog's. Their numbers and
/// names differ anyway.
fn is_redressed(one: &Line<'_>, other: &Line<'_>) -> bool {
    let dress = |line: &Line<'_>| {
        let prefix = line.raw.get(..line.raw.len().saturating_sub(line.body.len())).unwrap_or_default();
        let marks =
            prefix.iter().filter(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'.' | b'-' | b'_'));
        marks.copied().collect::<Vec<u8>>()
    };
    dress(one) != dress(other)
}

/// Whether a part of a log has all the lines, in their order, the first one first, with few others between. What comes
/// behind a report's end marker need not be there, unless it is another banner: the first record of pstore has no more, and
/// a replay comes before the end of the panic.
fn has_all(log: Log<'_>, part: Range<usize>, lines: &[Line<'_>]) -> bool {
    let (mut at, mut ended) = (part.start, false);
    lines.iter().all(|line| {
        let has = has_line(log, &mut at, part.end, line);
        let found = has || ended && !scan::has_needle(line.body) || is_panic_end(line.body);
        ended |= shape(line.body) == Shape::End;
        found
    })
}

/// Whether a line is one of the next few before `end`; reads on to behind it.
fn has_line(log: Log<'_>, at: &mut usize, end: usize, line: &Line<'_>) -> bool {
    let mut next = *at;
    for _ in 0..=OTHERS {
        if next >= end {
            break;
        }
        let other = line_at(log, next, log.line_end(next));
        next = log.line_end(next) + 1;
        if other.prefix.time == line.prefix.time && other.body.trim_ascii() == line.body.trim_ascii() {
            *at = next;
            return true;
        }
    }
    false
}

fn is_panic_end(body: &[u8]) -> bool {
    boots::PANIC_OVER.iter().any(|words| text::contains(body, words))
}
