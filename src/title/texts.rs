//! The lines of a report, and which of the words they have that most lines have none of.

use std::sync::LazyLock;

use crate::facts::frame;
use crate::formats::{noise, spelling};
use crate::line::Line;
use crate::scan::Words;
use crate::text::Log;

use super::missing::TRACE_HEADS;

/// A line's text, and which words it has of those that most lines have none of: a bit each for the kinds of
/// `TRACE_HEADS`, and then for the constants below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(super) body: &'a [u8],
    pub(crate) words: u32,
}

/// Bit of a line that may be a panic's banner.
pub(crate) const PANIC: u32 = 1 << spelling::TRACE_HEADS.len();
/// Bit of a line that may name a task of syzkaller's executor.
pub(crate) const EXECUTOR: u32 = PANIC << 1;
/// Bit of a line that may say that the machine was out of resources.
pub(crate) const SUPPRESSED: u32 = PANIC << 2;
/// Bit of a line that says that the console was cut off.
pub(super) const DISCONNECTED: u32 = PANIC << 3;
/// Bit of a line that may say which lock a task wants, and of one that may head a list of those that it holds.
pub(crate) const LOCK_WANTED: u32 = PANIC << 4;
pub(crate) const LOCKS_HELD: u32 = PANIC << 5;

/// Bytes of others' lines that are searched with a report's own.
const GAP_BYTES: usize = 1 << 10;

impl<'a> Text<'a> {
    /// Texts of the lines of a report of `log`. The words are searched for in all lines at once that stand together.
    pub(crate) fn of(log: Log<'a>, lines: &[Line<'a>]) -> Vec<Text<'a>> {
        static WORDS: LazyLock<Words> = LazyLock::new(|| {
            let heads = spelling::TRACE_HEADS.iter().map(|head| head.words);
            Words::new(heads.chain([
                noise::PANIC_WORDS,
                noise::EXECUTOR_WORDS,
                noise::SUPPRESSED_WORDS,
                noise::DISCONNECTED_WORDS,
                noise::LOCK_WANTED_WORDS,
                noise::LOCKS_HELD_WORDS,
            ]))
        });
        let mut texts: Vec<Text<'_>> = lines.iter().map(|line| Text { body: line.body, words: 0 }).collect();
        let end_of = |line: &Line<'_>| line.offset + line.raw.len();
        // Far lines are searched apart: between them may stand those of thousands of others.
        let near = |line: &Line<'a>, next: &Line<'a>| next.offset.saturating_sub(end_of(line)) <= GAP_BYTES;
        let mut first = 0;
        for run in lines.chunk_by(near) {
            let (Some(start), Some(end)) = (run.first().map(|line| line.offset), run.last().map(end_of))
            else {
                continue;
            };
            for (at, list) in WORDS.find(log.get(start..end)) {
                let line = run.partition_point(|line| line.offset <= start + at).checked_sub(1);
                let text = line.and_then(|line| texts.get_mut(first + line));
                text.into_iter().for_each(|text| text.words |= 1 << list);
            }
            first += run.len();
        }
        texts
    }

    /// Whether a stack trace of a kind begins with the line.
    pub(super) fn is_head_of(&self, kind: usize) -> bool {
        self.words & 1 << kind != 0
            && TRACE_HEADS.get(kind).is_some_and(|pattern| pattern.is_match(self.body))
    }

    /// Whether the line is riscv's last of registers, behind which `show_regs` prints a stack without a heading.
    pub(super) fn is_status(&self) -> bool {
        let may = |kind: &usize| spelling::TRACE_HEADS.get(*kind).is_some_and(|head| head.may_be_empty);
        (0..TRACE_HEADS.len()).filter(may).any(|kind| self.is_head_of(kind))
    }

    /// Whether the line is a stack's frame.
    pub(super) fn is_frame(&self) -> bool {
        frame::names_function(self.body)
    }

    /// Whether a stack trace begins with the line, of any kind.
    pub(super) fn is_trace_head(&self) -> bool {
        self.words & (PANIC - 1) != 0 && (0..TRACE_HEADS.len()).any(|kind| self.is_head_of(kind))
    }
}
