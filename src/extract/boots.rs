//! The boots of a log: where a kernel's first line is.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use crate::formats::noise;
use crate::line::{Line, Origin};
use crate::text::Log;

use super::limits::LINES_BEFORE;
use super::lines::{line_at, lines_before};

/// A kernel's first line is known by so many bytes of it.
pub(crate) const BOOT_LINE_BYTES: usize = 4 << 10;
/// A clock stands at 0 when the kernel prints its first line, or almost: that of a dump's kernel may run on.
const FIRST_MICROS: u64 = 1_000_000;

const WORDS: &[u8] = noise::LINUX_VERSION.as_bytes();

/// The boots of a log, counted from one offset to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boots {
    /// How many begin before the last offset.
    before: u64,
    /// Where the others begin that have been found.
    ahead: VecDeque<usize>,
}

impl Boots {
    /// Searches the lines that begin in `range`, behind those searched so far. The log has what the line before it begins
    /// with, and [`BOOT_LINE_BYTES`] behind it, if it is that long.
    pub(crate) fn search(&mut self, log: Log<'_>, range: Range<usize>) {
        for start in places(log, range) {
            let line = line(log, start);
            // Where the kernel's lines have a time, a line without is a program's.
            let timeless =
                || lines_before(log, start).take(LINES_BEFORE).all(|line| line.prefix.time.is_none());
            if begins(&line).unwrap_or_else(timeless) {
                self.ahead.push_back(start);
            }
        }
    }

    /// The same in a piece of a log that begins at `start`, whose first `seen` bytes the last piece had. `false` where only
    /// more of the log can tell.
    pub(crate) fn search_piece(&mut self, piece: &[u8], start: usize, seen: usize) -> bool {
        let newline = memchr::memchr(b'\n', piece).map_or(piece.len(), |newline| newline + 1);
        let (head, lines) = piece.split_at(if start == 0 { 0 } else { newline });
        let log = Log::part(lines, start + head.len());
        let from = self.ahead.back().map_or(0, |last| last + 1).max(log.start());
        memmem::rfind(head, WORDS).is_none_or(|at| at + WORDS.len() <= seen)
            && places(log, from..log.end()).all(|start| {
                let whole = log.line_end(start).min(start + BOOT_LINE_BYTES) < log.end();
                let begins = begins(&line(log, start)).filter(|_| whole);
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

/// Where the lines begin, of those that begin in `range`, that hold the words: most do not, they are searched at once.
fn places(log: Log<'_>, range: Range<usize>) -> impl Iterator<Item = usize> {
    let text = log.get(range.start..range.end + BOOT_LINE_BYTES);
    let found = memmem::find_iter(text, WORDS);
    found.map(move |at| log.line_start(range.start + at)).filter(move |start| range.contains(start))
}

fn line(log: Log<'_>, start: usize) -> Line<'_> {
    line_at(log, start, log.line_end(start).min(start + BOOT_LINE_BYTES))
}

/// Whether a kernel begins with a line, and no program prints `/proc/version`; `None` if the lines before must tell.
///
/// Printed by `start_kernel` in `init/main.c`: `[    0.000000] Linux version 6.1.0 (user@host) (gcc …) #1 SMP …`
fn begins(line: &Line<'_>) -> Option<bool> {
    let says = line.body.starts_with(WORDS);
    match (line.prefix.origin, line.prefix.time) {
        _ if !says => Some(false),
        (Origin::Program, _) => Some(false),
        (_, Some(time)) => Some(time < FIRST_MICROS),
        (Origin::Kernel, None) => Some(true),
        (Origin::Unknown, None) => None,
    }
}
