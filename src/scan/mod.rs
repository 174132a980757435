//! Finds the lines that may hold a banner, without splitting the log into lines.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::memmem;

use crate::formats::FAMILIES;
use crate::text::Log;

mod simd;

/// Finds needles: by the filter made for logs where the CPU has the instructions for it, else packed.
#[derive(Debug)]
enum Finder {
    Filter(Box<simd::Filter>),
    Short(memmem::Finder<'static>),
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

/// Most needles that a packed searcher takes; more are shared out over several.
const PACKED_NEEDLES: usize = 32;

/// A packed searcher compares that many bytes of each needle, or as many as its shortest one has: one
/// needle of two bytes would make it stop at every other line. Shorter ones are searched for alone.
const PACKED_BYTES: usize = 4;

/// Bytes of a line that are read; what is longer is no kernel's, and no report goes on behind it.
pub(crate) const LINE_BYTES: usize = 64 << 10;

static FINDERS: LazyLock<Vec<Finder>> =
    LazyLock::new(|| simd::Level::best().map_or_else(portable, |level| vec![filter(level)]));

fn filter(level: simd::Level) -> Finder {
    Finder::Filter(Box::new(simd::Filter::new(&needles(), level)))
}

/// The finders of a CPU for which there is no filter.
fn portable() -> Vec<Finder> {
    let (short, long): (Vec<_>, Vec<_>) =
        needles().into_iter().partition(|needle| needle.len() < PACKED_BYTES);
    let groups = long.len().div_ceil(PACKED_NEEDLES).max(1);
    let packed: Option<Vec<Finder>> =
        long.chunks(long.len().div_ceil(groups).max(1)).map(packed_finder).collect();
    let mut finders = packed.unwrap_or_else(|| automaton(&long).into_iter().collect());
    finders.extend(short.into_iter().map(|needle| Finder::Short(memmem::Finder::new(needle))));
    finders
}

fn packed_finder(needles: &[&'static str]) -> Option<Finder> {
    let config = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).clone();
    config.builder().extend(needles).build().map(Finder::Packed)
}

fn automaton(needles: &[&'static str]) -> Option<Finder> {
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles);
    automaton.ok().map(Finder::Automaton)
}

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
    /// Offset of a byte of the first needle in `text`.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Finder::Filter(filter) => filter.find(text),
            Finder::Short(finder) => finder.find(text),
            Finder::Packed(searcher) => searcher.find(text).map(|hit| hit.start()),
            Finder::Automaton(automaton) => automaton.find(text).map(|hit| hit.start()),
        }
    }
}

/// Lists of words, searched for all at once in the lines of a report.
#[derive(Debug)]
pub(crate) struct Words {
    finder: Option<Finder>,
    /// For each word the index of its list.
    lists: Vec<usize>,
}

impl Words {
    /// Words of at least [`PACKED_BYTES`], of which none is a part of another.
    pub(crate) fn new(lists: impl Iterator<Item = &'static [&'static str]>) -> Words {
        let words = lists.enumerate().flat_map(|(list, words)| words.iter().map(move |word| (list, *word)));
        let (lists, words): (Vec<usize>, Vec<&str>) = words.unzip();
        Words { finder: packed_finder(&words).or_else(|| automaton(&words)), lists }
    }

    /// Where in `text` each word is, and the index of its list.
    pub(crate) fn find<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = (usize, usize)> + 't {
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = text.get(at..)?;
            let word = match self.finder.as_ref()? {
                Finder::Packed(searcher) => searcher.find(rest)?,
                Finder::Automaton(automaton) => automaton.find(rest)?,
                Finder::Filter(_) | Finder::Short(_) => return None,
            };
            let found = (at + word.start(), *self.lists.get(word.pattern().as_usize())?);
            at += word.end();
            Some(found)
        })
    }
}

/// Whether a line may be a banner: whether it holds a needle.
pub(crate) fn has_needle(line: &[u8]) -> bool {
    FINDERS.iter().any(|finder| finder.find(line).is_some())
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
    log: Log<'a>,
    at: usize,
    finders: &'a [Finder],
    /// For each finder how far it has searched: to a hit, or to an end without one.
    ahead: Vec<Ahead>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ahead {
    to: usize,
    hit: bool,
}

impl<'a> Hits<'a> {
    /// Hits in lines that begin at `from` or later; `from` is the start of a line.
    pub(crate) fn new(log: Log<'a>, from: usize) -> Hits<'a> {
        Hits::with(&FINDERS, log, from)
    }

    fn with(finders: &'a [Finder], log: Log<'a>, from: usize) -> Hits<'a> {
        Hits { log, at: from, finders, ahead: vec![Ahead { to: from, hit: false }; finders.len()] }
    }

    /// Start of the first line that has not been searched.
    pub(crate) fn searched(&self) -> usize {
        self.at
    }

    /// The next hit in a line that begins before `limit`; what is beyond is not searched.
    pub(crate) fn next_before(&mut self, limit: usize) -> Option<Span> {
        let last = limit.checked_sub(1).filter(|last| *last >= self.at)?;
        let end = self.log.line_end(last.min(self.log.end()));
        let (log, at) = (self.log, self.at);
        let hits = self.finders.iter().zip(&mut self.ahead).filter_map(|(finder, ahead)| {
            ahead.advance(finder, log, at, end);
            ahead.hit.then_some(ahead.to)
        });
        let Some(hit) = hits.min().filter(|hit| *hit < end) else {
            self.at = end + 1;
            return None;
        };
        let before = self.log.get(self.at..hit);
        let start = memchr::memrchr(b'\n', before).map_or(self.at, |newline| self.at + newline + 1);
        let span = Span { start, end: self.log.line_end(hit) };
        self.at = span.end + 1;
        Some(span)
    }
}

impl Ahead {
    /// Searches from `at` to `end`, unless that is done already.
    fn advance(&mut self, finder: &Finder, log: Log<'_>, at: usize, end: usize) {
        let from = self.to.max(at);
        if self.hit && self.to >= at || !self.hit && self.to >= end {
            return;
        }
        let found = finder.find(log.get(from..end));
        *self = Ahead { to: found.map_or(end, |hit| from + hit), hit: found.is_some() };
    }
}

/// The lines of a log that hold what some banner of the kernel begins with or contains: `BUG:`, `Kernel panic`.
///
/// Most crash reports are found from such a line, but not every such line is a report's:
/// [`reports`](crate::reports) tells. With AVX-512 it takes about as long as reading the memory does.
///
/// ```
/// let log = b"[    1.0] all is well\n[    2.0] BUG: unable to handle page fault\n";
/// assert_eq!(crashparse::hits(log).collect::<Vec<_>>(), [22..64]);
/// ```
pub fn hits(log: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut hits = Hits::new(Log::whole(log), 0);
    std::iter::from_fn(move || hits.next_before(log.len()).map(|span| span.start..span.end))
}

/// The ways of [`hits`] that this machine has, the fastest first: each by its name, for [`hits_by`].
///
/// For benchmarks alone: [`hits`] takes the first.
#[doc(hidden)]
pub fn ways() -> impl Iterator<Item = &'static str> {
    WAYS.iter().map(|(name, _)| *name)
}

/// [`hits`] in one of the [`ways`]; no hit in another.
#[doc(hidden)]
pub fn hits_by(way: &str, log: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let finders = WAYS.iter().find(|(name, _)| *name == way).map(|(_, finders)| finders.as_slice());
    let mut hits = finders.map(|finders| Hits::with(finders, Log::whole(log), 0));
    std::iter::from_fn(move || hits.as_mut()?.next_before(log.len()).map(|span| span.start..span.end))
}

static WAYS: LazyLock<Vec<(&str, Vec<Finder>)>> = LazyLock::new(|| {
    let levels = simd::Level::all().map(|level| (level.name(), vec![filter(level)]));
    levels.chain([("portable", portable())]).collect()
});

#[cfg(test)]
mod tests {
    use super::{FAMILIES, hits_by, ways};
    use crate::tests::support::all_logs;

    #[test]
    fn hits_are_those_of_a_naive_search() {
        for log in all_logs() {
            let mut start = 0;
            let mut expected = Vec::new();
            for line in log.bytes.split_inclusive(|&byte| byte == b'\n') {
                let banners = FAMILIES.iter().copied().flatten().map(|family| family.banner.as_bytes());
                if banners.into_iter().any(|b| line.windows(b.len()).any(|window| window == b)) {
                    expected.push(start);
                }
                start += line.len();
            }
            for way in ways() {
                let found: Vec<usize> = hits_by(way, &log.bytes).map(|line| line.start).collect();
                assert_eq!(found, expected, "{way}: {}", log.path.display());
            }
        }
    }
}
