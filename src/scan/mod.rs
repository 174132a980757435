//! Finds the lines that may hold a banner, without splitting the log into lines.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memrchr};

use crate::formats::FAMILIES;

/// Banners of the format tables, less those that another one is a part of.
static NEEDLES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let all: Vec<&str> = FAMILIES.iter().copied().flatten().map(|family| family.banner).collect();
    let mut least: Vec<&str> = all
        .iter()
        .copied()
        .filter(|long| !all.iter().any(|short| short != long && long.contains(short)))
        .collect();
    least.sort_unstable();
    least.dedup();
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(least).ok()
});

/// A line of the log: where its first byte is, and one past its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The lines of a log that hold a needle, in order.
#[derive(Clone, Debug)]
pub(crate) struct Hits<'a> {
    log: &'a [u8],
    at: usize,
}

impl<'a> Hits<'a> {
    /// Hits in lines that begin at `from` or later; `from` is the start of a line.
    pub(crate) fn new(log: &'a [u8], from: usize) -> Hits<'a> {
        Hits { log, at: from }
    }
}

impl Iterator for Hits<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let rest = self.log.get(self.at..)?;
        let hit = NEEDLES.as_ref()?.find(rest)?;
        let span = line_around(self.log, self.at + hit.start());
        self.at = span.end + 1;
        Some(span)
    }
}

/// The line that holds the byte at `at`.
pub(crate) fn line_around(log: &[u8], at: usize) -> Span {
    let start = log.get(..at).and_then(|before| memrchr(b'\n', before)).map_or(0, |n| n + 1);
    Span { start, end: line_end(log, at) }
}

/// Offset of the line feed that ends the line holding `at`, or of the log's end.
pub(crate) fn line_end(log: &[u8], at: usize) -> usize {
    log.get(at..).and_then(|rest| memchr(b'\n', rest)).map_or(log.len(), |n| at + n)
}
