//! The boots of a log: where a kernel's first line is.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use crate::container;
use crate::formats::noise;
use crate::line::{Line, Origin};
use crate::text::{self, Log};

use super::limits::{COPY_BYTES, LINES_BEFORE, LOOK_BACK_BYTES};
use super::lines::{line_at, lines_before};

/// A kernel's first line is known by so many bytes from its start: on x86 the command line is the next.
pub(crate) const BOOT_LINE_BYTES: usize = 4 << 10;
/// A clock stands at 0 when the kernel prints its first line, or almost: that of a dump's kernel may run on. s390's has run
/// since the machine was loaded.
const FIRST_MICROS: u64 = 1_000_000;

/// The heading of a record of pstore is no longer, nor what follows it on the line.
const RECORD_BYTES: usize = 64;

const WORDS: &[u8] = noise::LINUX_VERSION.as_bytes();
/// What a panic begins with, and what it ends in.
const PANIC: &[u8] = b"Kernel panic - not syncing";
pub(super) const PANIC_OVER: &[&str] = &["Rebooting in ", "---[ end Kernel panic"];

/// The boots of a log, counted from one offset to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boots {
    /// How many begin before the last offset.
    before: u64,
    /// Where the others begin that have been found.
    ahead: VecDeque<usize>,
    times: Times,
}

/// The last line whose lines before were searched for a time, and the nearest that has one: how many lines before, where,
/// and which.
#[derive(Clone, Debug, Default)]
struct Times {
    asked: Option<usize>,
    found: Option<(usize, usize, u64)>,
}

impl Times {
    /// The time of the nearest line before an offset that has one.
    fn before(&mut self, log: Log<'_>, offset: usize) -> Option<u64> {
        let mut found = None;
        for (nth, line) in lines_before(log, offset).take(LINES_BEFORE).enumerate() {
            if let Some(time) = line.prefix.time {
                found = Some((nth, line.offset, time));
            } else if self.asked == Some(line.offset) {
                let horizon = log.before(offset, LOOK_BACK_BYTES);
                let known = self.found.map(|(before, at, time)| (nth + 1 + before, at, time));
                found = known.filter(|(nth, at, _)| *nth < LINES_BEFORE && *at >= horizon);
            } else {
                continue;
            }
            break;
        }
        (self.asked, self.found) = (Some(offset), found);
        found.map(|(_, _, time)| time)
    }
}

impl Boots {
    /// Searches the lines that begin in `range`, behind those searched so far. The log has what the line before it begins
    /// with, and [`BOOT_LINE_BYTES`] behind it, if it is that long and `whole`; else `false`, where they must tell.
    pub(crate) fn search(&mut self, log: Log<'_>, range: Range<usize>, whole: bool) -> bool {
        let known = self.ahead.len();
        for start in places(log, range) {
            if !is_kernels_first(log, start, &mut self.times) {
                continue;
            }
            let cut = !whole && start + BOOT_LINE_BYTES > log.end();
            if cut && follows_panic(log, start) {
                self.ahead.truncate(known);
                return false;
            }
            if !is_printed_again(log, start) {
                self.ahead.push_back(start);
            }
        }
        true
    }

    /// The same in a piece of a log that begins at `start`, whose first `seen` bytes the last piece had. `false` where only
    /// more of the log can tell.
    pub(crate) fn search_piece(&mut self, piece: &[u8], start: usize, seen: usize) -> bool {
        let newline = memchr::memchr(b'\n', piece).map_or(piece.len(), |newline| newline + 1);
        let (head, lines) = piece.split_at(if start == 0 { 0 } else { newline });
        let (all, log) = (Log::part(piece, start), Log::part(lines, start + head.len()));
        let from = self.ahead.back().map_or(0, |last| last + 1).max(log.start());
        memmem::rfind(head, WORDS).is_none_or(|at| at + WORDS.len() <= seen)
            && places(log, from..log.end()).all(|start| {
                let whole = log.line_end(start).min(start + BOOT_LINE_BYTES) < log.end();
                let begins = begins(&line(log, start)).filter(|_| whole && !asks_for_replay(log, start));
                // The heading of a record may be cut.
                let alone = start > log.start() || log.start() == 0;
                let begins = begins.filter(|begins| !begins || alone && !begins_record(all, start));
                self.ahead.extend((begins == Some(true)).then_some(start));
                begins.is_some()
            })
    }

    /// Forgets those that begin at `offset` or behind it.
    pub(crate) fn forget_from(&mut self, offset: usize) {
        self.ahead.truncate(self.ahead.partition_point(|start| *start < offset));
    }

    /// How many have been found.
    pub(crate) fn found(&self) -> u64 {
        self.before + self.ahead.len() as u64
    }

    /// How many begin before `offset`, which is not before the last one.
    pub(crate) fn before(&mut self, offset: usize) -> u64 {
        while self.ahead.front().is_some_and(|boot| *boot < offset) {
            self.ahead.pop_front();
            self.before += 1;
        }
        self.before
    }
}

/// Where the last boot begins in a part of a log.
pub(super) fn last(log: Log<'_>, part: Range<usize>) -> Option<usize> {
    let places: Vec<usize> = places(log, part).collect();
    let mut times = Times::default();
    let mut is_boot =
        |start: &usize| is_kernels_first(log, *start, &mut times) && !is_printed_again(log, *start);
    places.into_iter().rev().find(|start| is_boot(start))
}

/// Whether a kernel begins with a line.
fn is_kernels_first(log: Log<'_>, start: usize, times: &mut Times) -> bool {
    let line = line(log, start);
    begins(&line).unwrap_or_else(|| is_first(&line, times.before(log, start)))
}

/// Whether a kernel's first line is printed once more.
fn is_printed_again(log: Log<'_>, start: usize) -> bool {
    is_recorded_again(log, start) || asks_for_replay(log, start) && follows_panic(log, start)
}

/// Where the lines begin, of those that begin in `range`, that hold the words: most do not, they are searched at once.
fn places(log: Log<'_>, range: Range<usize>) -> impl Iterator<Item = usize> {
    let text = log.get(range.start..range.end + BOOT_LINE_BYTES);
    let found = memmem::find_iter(text, WORDS);
    found.map(move |at| log.line_start(range.start + at)).filter(move |start| range.contains(start))
}

fn line(log: Log<'_>, start: usize) -> Line<'_> {
    line_at(log, start, log.line_end(start).min(start + BOOT_LINE_BYTES))
}

/// Whether a line that says what a kernel's first one does is it: where the kernel's lines have a time, one without is a
/// program's, and one with a time that goes on is what somebody has written to `/dev/kmsg`.
fn is_first(line: &Line<'_>, before: Option<u64>) -> bool {
    line.prefix.time.map_or(before.is_none(), |time| {
        text::contains(line.body, ") #") && before.is_none_or(|before| before > time)
    })
}

/// The last panic in a part of a log that has not come to its end there.
pub(super) fn last_panic(log: Log<'_>, part: Range<usize>) -> Option<usize> {
    let at = part.start + memmem::rfind(log.get(part.clone()), PANIC)?;
    (last_panic_end(log, part) < Some(at)).then_some(at)
}

/// Behind the last words in a part of a log that end a panic; they say what it was.
pub(super) fn last_panic_end(log: Log<'_>, part: Range<usize>) -> Option<usize> {
    let text = log.get(part.clone());
    let ends =
        PANIC_OVER.iter().filter_map(|words| Some(memmem::rfind(text, words.as_bytes())? + words.len()));
    ends.max().map(|end| part.start + end)
}

/// Whether the line before an offset is of a panic that has not come to its end, nor has the log had it before.
fn follows_panic(log: Log<'_>, offset: usize) -> bool {
    let Some(at) = last_panic(log, log.before(offset, LOOK_BACK_BYTES)..offset) else { return false };
    if memmem::find(log.get(at..offset), WORDS).is_some() {
        return false;
    }
    let panic = log.line_start(at)..log.line_end(at);
    let before = log.get(log.before(panic.start, COPY_BYTES)..panic.start);
    memmem::find(before, log.get(panic).trim_ascii_end()).is_none()
}

/// Whether a record of pstore begins with a line that the log has already: the second dump of a boot
/// (`Panic#2 Part1`, `pstore_dump` in `fs/pstore/platform.c`).
fn is_recorded_again(log: Log<'_>, offset: usize) -> bool {
    let known = || log.get(log.before(offset, COPY_BYTES)..offset);
    let line = log.get(offset..log.line_end(offset)).trim_ascii_end();
    begins_record(log, offset) && memmem::find(known(), line).is_some()
}

/// Whether the line before an offset is the heading of a record of pstore.
fn begins_record(log: Log<'_>, offset: usize) -> bool {
    let before = log.get(log.before(offset, RECORD_BYTES)..offset).trim_ascii_end();
    let last = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    container::is_record(last)
}

/// Whether the command line of the kernel that begins at an offset has it print its log once more when it panics:
/// `panic_console_replay=1` (`kernel/panic.c`, since Linux 6.17), before that bit 5 of `panic_print`.
fn asks_for_replay(log: Log<'_>, offset: usize) -> bool {
    let text = log.get(offset..offset + BOOT_LINE_BYTES);
    let value = |name: &str| {
        let (value, _) =
            text::take(text.get(text::find(text, name)? + name.len()..)?, |b| !b.is_ascii_whitespace());
        Some(value)
    };
    let asked = value("panic_console_replay").is_some_and(|value| !matches!(value, b"=0" | b"=n" | b"=N"));
    asked
        || value("panic_print=").is_some_and(|value| {
            let hex = value.strip_prefix(b"0x").and_then(|digits| text::number(digits, 16));
            hex.or_else(|| text::number(value, 10)).is_some_and(|bits| bits & 1 << 5 != 0)
        })
}

/// Whether a kernel begins with a line, and no program prints `/proc/version`; `None` if the lines before must tell.
///
/// Printed by `start_kernel` in `init/main.c`: `[    0.000000] Linux version 6.1.0 (user@host) (gcc …) #1 SMP …`
pub(super) fn begins(line: &Line<'_>) -> Option<bool> {
    let says = line.body.starts_with(WORDS);
    match (line.prefix.origin, line.prefix.time) {
        _ if !says => Some(false),
        (Origin::Program, _) => Some(false),
        (_, Some(time)) => (time < FIRST_MICROS).then_some(true),
        (Origin::Kernel, None) => Some(true),
        (Origin::Unknown, None) => None,
    }
}
