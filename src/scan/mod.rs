//! Finds the lines that may hold a banner, without splitting the log into lines.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::{memchr, memrchr};

use crate::formats::FAMILIES;

/// Finds the next needle: packed where the CPU has the instructions for it.
#[derive(Debug)]
enum Finder {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

static FINDER: LazyLock<Option<Finder>> = LazyLock::new(|| {
    let needles = needles();
    let packed =
        packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder().extend(&needles).build();
    let automaton = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&needles).ok();
    packed.map(Finder::Packed).or_else(|| automaton().map(Finder::Automaton))
});

/// Banners of the format tables, less those that another one is a part of.
fn needles() -> Vec<&'static str> {
    let all: Vec<&str> = FAMILIES.iter().copied().flatten().map(|family| family.banner).collect();
    let is_least = |long: &&str| !all.iter().any(|short| short != long && long.contains(short));
    let mut least: Vec<&str> = all.iter().copied().filter(is_least).collect();
    least.sort_unstable();
    least.dedup();
    least
}

impl Finder {
    /// Offset of the first needle in `text`.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Finder::Packed(searcher) => searcher.find(text).map(|hit| hit.start()),
            Finder::Automaton(automaton) => automaton.find(text).map(|hit| hit.start()),
        }
    }
}

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

    /// Start of the first line that has not been searched.
    pub(crate) fn searched(&self) -> usize {
        self.at
    }

    /// The next hit in a line that begins before `limit`; what is beyond is not searched.
    pub(crate) fn next_before(&mut self, limit: usize) -> Option<Span> {
        let last = limit.checked_sub(1).filter(|last| *last >= self.at)?;
        let end = line_end(self.log, last.min(self.log.len()));
        let hit = self.log.get(self.at..end).and_then(|text| FINDER.as_ref()?.find(text));
        let Some(hit) = hit else {
            self.at = end + 1;
            return None;
        };
        let span = line_around(self.log, self.at + hit);
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
