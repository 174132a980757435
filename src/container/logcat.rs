//! The kernel's buffer of Android's logcat. logd takes the first word of a line for its tag, if a colon is behind it,
//! and logcat pads tags to eight columns, which tears the kernel's words apart:
//!
//! ```text
//! 11-22 06:12:01.123     0     0 E BUG     : KASAN: slab-use-after-free in demo_read+0x86/0xa0 [demo]
//! ```
//!
//! Such a line becomes one without a tag: `     0     0 E         : BUG: KASAN: …`, which `line` reads.

use super::sink::Sink;
use super::unpack::{Fit, Unpack, lines, trim};
use crate::line::is_kernel_name;
use crate::text;

/// Columns of a tag.
const TAG: usize = 8;

/// Words that the kernel itself puts a blank behind, before the colon (`__show_regs`, arch/arm64).
const SPACED: &[&[u8]] = &[b"pc", b"lr", b"sp"];

#[derive(Debug)]
pub(super) struct Logcat;

impl Unpack for Logcat {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| rewrite(sink.source(), line, sink))
    }
}

/// Writes a line of the source, without its tag if that is the kernel's own text.
pub(super) fn rewrite(source: u64, line: &[u8], sink: &mut Sink) {
    let row = read(trim(line)).filter(|row| row.pid == 0);
    let tagged = row.and_then(|row| Some((row, row.tag()?))).filter(|(_, tag)| !is_kernel_name(tag));
    let Some((row, tag)) = tagged else {
        return sink.write(source, line);
    };
    let part = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    sink.write(source, part(0, row.start));
    sink.write(source, &[b' '; TAG]);
    sink.write(source, part(row.start + TAG, row.text));
    sink.write(source, tag);
    sink.write(source, if SPACED.contains(&tag) { b" : " } else { b": " });
    sink.write(source, part(row.text, line.len()));
}

pub(super) fn fits(line: &[u8]) -> Fit {
    match line {
        [b'-', ..] if line.starts_with(b"--------- beginning of ") => Fit::Maybe,
        _ if read(line).is_some() => Fit::Yes,
        _ => Fit::No,
    }
}

/// A line of logcat.
#[derive(Clone, Copy)]
struct Row<'a> {
    line: &'a [u8],
    pid: u64,
    /// Where the tag begins.
    start: usize,
    /// Where the text begins.
    text: usize,
}

impl<'a> Row<'a> {
    /// A tag that is padded and not empty.
    fn tag(&self) -> Option<&'a [u8]> {
        let padded = self.line.get(self.start..self.start + TAG)?;
        let (tag, blanks) = text::take(padded, |c| c != b' ');
        let whole = !tag.is_empty() && !blanks.is_empty() && blanks.iter().all(|&c| c == b' ');
        whole.then_some(tag)
    }
}

/// Reads a line in one of logcat's usual forms.
fn read(line: &[u8]) -> Option<Row<'_>> {
    let start = clock(line).unwrap_or(line);
    let row = |pid: u64, tag: &[u8], text: &[u8]| Row {
        line,
        pid,
        start: line.len() - tag.len(),
        text: line.len() - text.len(),
    };
    // `-v brief` and `-v time`: `E/BUG     (    0): KASAN`.
    if let [letter, b'/', tag @ ..] = start
        && is_level(*letter)
    {
        let (padded, rest) = tag.split_at_checked(TAG)?;
        let rest = rest.strip_prefix(b"(").filter(|_| !padded.contains(&b'('))?;
        let (pid, rest) = number(rest)?;
        return Some(row(pid, tag, rest.strip_prefix(b"): ")?));
    }
    // `-v threadtime`: `    0     0 E BUG     : KASAN`, with `-v uid` a name before it.
    if start.len() == line.len() {
        return None;
    }
    let rest = match number(start) {
        Some(_) => start,
        None => text::take(text::skip_blanks(start), |c| c != b' ').1,
    };
    let (pid, rest) = number(rest)?;
    let (_, rest) = number(rest.strip_prefix(b" ")?)?;
    let [b' ', letter, b' ', tag @ ..] = rest else { return None };
    // Longer tags are not cut.
    let colon = TAG + memchr::memchr(b':', tag.get(TAG..)?)?;
    let text = tag.get(colon + 1..)?;
    let text = text.strip_prefix(b" ").unwrap_or(text);
    is_level(*letter).then(|| row(pid, tag, text))
}

/// What is behind `11-22 06:12:01.123 `.
pub(super) fn clock(line: &[u8]) -> Option<&[u8]> {
    let (date, rest) = text::take(line, |c| c.is_ascii_digit() || c == b'-');
    let (time, rest) = text::take(rest.strip_prefix(b" ")?, |c| c.is_ascii_digit() || c == b':' || c == b'.');
    let is_time = matches!(time, [_, _, b':', _, _, b':', _, _, b'.', _, ..]);
    let is_date = matches!(date, [_, _, b'-', _, _] | [_, _, _, _, b'-', _, _, b'-', _, _]);
    (is_date && is_time).then_some(())?;
    rest.strip_prefix(b" ")
}

pub(super) fn is_level(letter: u8) -> bool {
    b"VDIWEFA".contains(&letter)
}

/// A number behind blanks, and what is behind it.
pub(super) fn number(b: &[u8]) -> Option<(u64, &[u8])> {
    let (digits, rest) = text::take(text::skip_blanks(b), |c| c.is_ascii_digit());
    Some((text::number(digits, 10)?, rest))
}
