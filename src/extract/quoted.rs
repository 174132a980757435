//! Banners in words that are no kernel's: a person's above a pasted log, rows of a manual's table, subjects of commits.
//!
//! The same lines may be a log whose prefixes no table knows. What only a report has tells: where it follows, nothing is
//! taken for a quotation.

use memchr::memmem;

use crate::formats::{Part, noise};
use crate::line::{Line, Origin, Prefix};
use crate::rules::CompiledFamily;
use crate::scan::LINE_BYTES;
use crate::text::{self, Log};

use super::limits::LINES_BEFORE;
use super::lines::{line_at, lines_before};
use super::listed::is_listed;
use super::said::is_said;

/// What a report's first lines stand behind.
const CUT_HERE: &[u8] = noise::CUT_HERE.as_bytes();

/// Behind a person's words the kernel's own are looked for in so many bytes.
const PROSE_BYTES: usize = 4 << 10;
/// So many lines with the same words are looked at, and so many of them are read.
const FEW: usize = 8;
const FEWER: usize = 2;
/// No prefix is shorter that a log is pasted with.
const LEAST_PREFIX: usize = 5;
/// Behind so many rows a report has begun for sure.
const ROWS: usize = 16;

/// Whether a banner is no kernel's but quoted, and whether no more of the log can tell otherwise.
pub(super) fn is_quoted(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> (bool, bool) {
    match is_row(log, line, family) {
        // A table may be the last thing in a text; the beginning of a report tells nobody anything.
        None => (log.is_ended(), false),
        Some(true) => (true, true),
        Some(false) => match is_prose(log, line, family).or(log.is_ended().then_some(false)) {
            Some(false) => {
                let is_other = match is_listed(log, line, family) {
                    Some(false) => is_said(log, line, family),
                    listed => listed,
                };
                is_other.map_or((false, false), |other| (other, true))
            }
            prose => (prose == Some(true), prose.is_some()),
        },
    }
}

/// Whether a banner is in a person's words: neither it nor the lines beside it have a prefix, and the kernel's own, which
/// has one, comes a few lines later, with nothing of another report between. `None` where more of the log may tell.
fn is_prose(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if line.prefix != Prefix::default() {
        return Some(false);
    }
    let start = line.offset + line.raw.len();
    let text = log.get(start..start + PROSE_BYTES);
    let banner = family.family.banner;
    let before = text::find(line.raw, banner).and_then(|at| line.raw.get(..at)).unwrap_or_default();
    // What begins as this line does has no prefix either.
    let others = memmem::find_iter(text, banner)
        .take(FEW)
        .map(|at| (log.line_start(start + at), start + at))
        .filter(|&(from, at)| at - from >= LEAST_PREFIX && log.get(from..at) != before);
    let mut kernels = None;
    for (from, _) in others.take(FEWER) {
        let found = whole_line(log, from)?;
        if is_kernels(&found) {
            kernels = Some(found);
            break;
        }
    }
    let Some(kernels) = kernels else { return (start + PROSE_BYTES <= log.end()).then_some(false) };
    let from = kernels.offset;
    let between = log.get(start..from);
    // Its report begins with what stands before its banner.
    let between =
        between.get(..memmem::rfind(between, CUT_HERE).unwrap_or(between.len())).unwrap_or_default();
    Some(
        !is_begun(log, line, between)
            && (!tells(line, family) || is_same(line.body, kernels.body, banner))
            && !is_beside(log, line, from),
    )
}

/// Whether a report goes on behind a banner: with no prefixes either, or with the kernel's where the banner has lost its own
/// within a log. Above a log whatever the kernel says is no banner's in a person's words.
fn is_begun(log: Log<'_>, line: &Line<'_>, behind: &[u8]) -> bool {
    let lines = behind.split(|&byte| byte == b'\n').filter(|line| has_report(line));
    let is_bare = |raw: &[u8]| Line::parse(0, raw).prefix.origin == Origin::Unknown;
    // It may be another boot whose lines have the time: `printk.time` is the command line's.
    let is_first =
        |line: &Line<'_>| text::begins(line.raw, noise::LINUX_VERSION) && text::contains(line.raw, ") #");
    let speaks = |line: &Line<'_>| is_kernels(line) || is_first(line);
    let spoken = || lines_before(log, line.offset).take(LINES_BEFORE).any(|line| speaks(&line));
    lines.clone().any(is_bare) || has_report(behind) && spoken()
}

fn is_kernels(line: &Line<'_>) -> bool {
    line.prefix.origin == Origin::Kernel
}

/// Whether a line right before or behind is the kernel's, or of a report; that which begins at `quoted` is not asked.
fn is_beside(log: Log<'_>, line: &Line<'_>, quoted: usize) -> bool {
    let end = line.offset.checked_sub(1).filter(|end| *end >= log.start());
    let before = end.map(|end| line_at(log, log.line_start(end), end));
    let start = next_line(log, line).min(log.end());
    let behind = (start != quoted).then(|| line_at(log, start, log.line_end(start)));
    before.is_some_and(|line| is_kernels(&line) || has_report(line.raw))
        || behind.is_some_and(|line| is_kernels(&line))
}

/// Where the line behind another one begins.
fn next_line(log: Log<'_>, line: &Line<'_>) -> usize {
    log.line_end(line.offset + line.raw.len()) + 1
}

/// The line that begins there, if all that is read of it is known.
fn whole_line(log: Log<'_>, start: usize) -> Option<Line<'_>> {
    let end = log.line_end(start).min(start + LINE_BYTES);
    (end < log.end()).then(|| line_at(log, start, end))
}

/// Whether a line is a report in itself: all that its family has, or one that names a place.
fn tells(line: &Line<'_>, family: &CompiledFamily) -> bool {
    family.family.part == Part::Aside || family.family.event || has_report(line.raw)
}

/// Whether the kernel's line says what is quoted.
fn is_same(quoted: &[u8], kernels: &[u8], banner: &str) -> bool {
    let from = memmem::find(quoted, banner.as_bytes()).unwrap_or_default();
    let quoted = quoted.get(from..).unwrap_or_default();
    let end = quoted.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    memmem::find(kernels, quoted.get(..end).unwrap_or_default()).is_some()
}

fn has_report(text: &[u8]) -> bool {
    noise::OF_REPORTS.iter().any(|word| text::contains(text, word))
}

/// Whether a banner stands in a row of a table, `| Oops: 0002 [#1] SMP | a write through a bad pointer |`, or in a commit's
/// subject as `git log --oneline` has it, `5e6f708192a3 demo: avoid WARNING: …`, and no report in the rows below. `None` where more of the log
/// may tell.
fn is_row(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if is_kernels(line) {
        return Some(false);
    }
    let halves = text::find(line.body, family.family.banner).and_then(|at| line.body.split_at_checked(at));
    let Some((before, after)) = halves else { return Some(false) };
    if is_cell(before) && after.trim_ascii_end().ends_with(b"|") {
        return is_alone(log, line, is_cell, |_| false);
    }
    match hash(before) {
        // What is numbers alone counts or dates lines.
        Some(hash) if hash.len() + 1 < before.len() && hash.iter().any(u8::is_ascii_alphabetic) => {
            let is_near = |row: &[u8]| is_near(row, hash);
            if lines_before(log, line.offset).take(FEW).any(|line| is_near(line.raw)) {
                return Some(false);
            }
            is_alone(log, line, |row| self::hash(row).is_some(), is_near)
        }
        _ => Some(false),
    }
}

/// Whether there are no rows below of which one has what only a report has, or speaks against it otherwise.
fn is_alone(
    log: Log<'_>,
    line: &Line<'_>,
    is_row: impl Fn(&[u8]) -> bool,
    is_near: impl Fn(&[u8]) -> bool,
) -> Option<bool> {
    let mut start = next_line(log, line);
    for _ in 0..ROWS {
        let row = whole_line(log, start)?;
        start = next_line(log, &row);
        if row.body.trim_ascii().is_empty() {
            continue;
        }
        // What is longer than a line of the kernel may be longer than what is known of the log.
        if start - row.offset > LINE_BYTES || !is_row(row.body) {
            return Some(true);
        }
        if has_report(row.body) || is_near(row.body) {
            return Some(false);
        }
    }
    Some(true)
}

fn is_cell(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"|")
}

/// Whether a line begins with almost the same number: a host or a container of that name has more lines, and what counts
/// lines in hexadecimal grows slowly.
fn is_near(row: &[u8], number: &[u8]) -> bool {
    let half = number.len().div_ceil(2);
    hash(row).is_some_and(|other| other.len() == number.len() && other.get(..half) == number.get(..half))
}

/// The commit's hash that a text begins with.
fn hash(text: &[u8]) -> Option<&[u8]> {
    let (hash, rest) = text::take(text, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    ((7..=40).contains(&hash.len()) && rest.starts_with(b" ")).then_some(hash)
}
