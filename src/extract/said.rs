//! Banners that are a person's own words about a crash, where no report follows.
//!
//! ```text
//! We hit a general protection fault in our driver.
//! BUG: soft lockup - CPU#X stuck for XXs! [process:pid]
//! ```

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;

use crate::formats::{noise, said};
use crate::line::{Line, Prefix};
use crate::rules::{CompiledFamily, Pattern};
use crate::text::{self, Log};

use super::lines::line_at;

/// Behind a banner what only a report has is looked for in so many bytes.
const BEHIND_BYTES: usize = 2 << 10;
/// So many banners of the same family are looked at.
const FEW: usize = 4;
/// What may stand before a report's banner.
const BEFORE: &[&str] = &["cut here", noise::LINUX_VERSION];

static WHOLE: LazyLock<Vec<(&str, Pattern)>> = LazyLock::new(|| patterns(said::WHOLE));
static HEADINGS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| said::HEADINGS.iter().map(|heading| Pattern::new(heading)).collect());
static NUMBERED: LazyLock<Vec<(&str, Pattern)>> = LazyLock::new(|| patterns(said::NUMBERED));

fn patterns(table: &[(&'static str, &'static str)]) -> Vec<(&'static str, Pattern)> {
    table.iter().map(|(start, rest)| (*start, Pattern::new(rest))).collect()
}

/// Whether a banner without a prefix is in a sentence, or is not as kernels print it, and nothing that only a report has
/// comes behind it. `None` where more of the log may tell.
pub(super) fn is_said(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if line.prefix != Prefix::default() {
        return Some(false);
    }
    if is_kernels(log, line, family) {
        return Some(false);
    }
    let start = line.offset + line.raw.len();
    let behind = log.get(start..start + BEHIND_BYTES);
    let words = noise::OF_REPORTS.iter().filter(|word| !BEFORE.contains(word));
    match words.filter_map(|word| text::find(behind, word)).min() {
        // What is said in a title is a report below it.
        Some(report) => Some(is_below(log, start..start + report, family)),
        None => (log.is_ended() || start + BEHIND_BYTES <= log.end()).then_some(true),
    }
}

/// Whether a banner of the same family, as kernels print it, begins in a part of the log.
fn is_below(log: Log<'_>, part: Range<usize>, family: &CompiledFamily) -> bool {
    let banner = family.family.banner.as_bytes();
    let text = log.get(part.start..log.line_end(part.end));
    memmem::find_iter(text, banner).take(FEW).any(|at| {
        let from = log.line_start(part.start + at);
        let line = line_at(log, from, log.line_end(from));
        from <= part.end && is_kernels(log, &line, family)
    })
}

/// Whether a line is as kernels print it, and not in a sentence.
fn is_kernels(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> bool {
    let banner = family.family.banner;
    let before = text::find(line.body, banner).and_then(|at| line.body.get(..at)).unwrap_or_default();
    let words = text::skip_blanks(before);
    let is_heading = !words.is_empty() && HEADINGS.iter().any(|heading| heading.is_match(words));
    if is_heading && !is_shared(log, line, before) {
        return false;
    }
    // A banner in the midst of what the kernel prints has its words before it.
    let opener = said::OPENERS.iter().filter_map(|opener| text::find(before, opener)).min();
    let outside = before.get(..opener.unwrap_or(before.len())).unwrap_or_default();
    if is_open_quote(outside) && !is_shared(log, line, before) {
        return false;
    }
    let behind =
        |(start, rest): &(&str, Pattern)| text::after(line.body, start).map(|behind| rest.is_match(behind));
    if let Some(whole) = NUMBERED.iter().find_map(behind) {
        return whole;
    }
    let begins = banner.starts_with(|first: char| first.is_ascii_uppercase());
    let end =
        opener.unwrap_or(if begins || WHOLE.iter().any(|row| row.0 == banner) { before.len() } else { 0 });
    let sentence = before.get(..end).filter(|before| is_sentence(before));
    sentence.is_none_or(|before| is_shared(log, line, before)) && WHOLE.iter().find_map(behind) != Some(false)
}

/// Whether what stands before a banner is the beginning of a sentence, and it is quoted there: a person's words, of whatever
/// language, and an opening mark behind them.
fn is_open_quote(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let words = said::QUOTES.iter().find_map(|mark| before.strip_suffix(mark.as_bytes()));
    // `msg="` and its kin are a program's.
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || !byte.is_ascii();
    let is_apart =
        |words: &[u8]| words.last().is_some_and(|byte| byte.is_ascii_whitespace() || !byte.is_ascii());
    words.is_some_and(|words| is_apart(words) && words.iter().any(is_word))
}

/// Whether what stands before a banner is the beginning of a sentence: one of its words is one that only people use.
fn is_sentence(before: &[u8]) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b',' | b';' | b'"' | b'\'' | b'`' | b'(' | b'>' | b'*');
    let mut words = before.split(|byte| byte.is_ascii_whitespace() || is_mark(byte));
    words.any(|word| said::WORDS.iter().any(|said| said.as_bytes() == word))
}

/// Whether the line before or behind begins in the same way, numbers apart: what stands there is no sentence but a prefix.
fn is_shared(log: Log<'_>, line: &Line<'_>, before: &[u8]) -> bool {
    let start = line.offset;
    let end = log.line_end(start + line.raw.len());
    let above = start.checked_sub(1).filter(|end| *end >= log.start()).map(|end| log.line_start(end));
    let is_same = |from: usize| {
        let other = log.get(from..from + before.len());
        let is_digit = |pair: (&u8, &u8)| pair.0.is_ascii_digit() && pair.1.is_ascii_digit();
        other.len() == before.len() && other.iter().zip(before).all(|pair| pair.0 == pair.1 || is_digit(pair))
    };
    above.is_some_and(is_same) || is_same(end + 1)
}
