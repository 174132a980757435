//! The window: the lines round the banners in their order, each read once and kept with what was decided of it.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use crate::formats::noise;
use crate::line::{Caller, Line, Origin, Prefix};
use crate::rules::{self, CompiledFamily};
use crate::scan::{self, Hits, LINE_BYTES, Span, Words};
use crate::text::Log;

use super::banner::Banner;
use super::copies;
use super::lane::{Context, Lane};
use super::learned::Learned;
use super::limits::{
    LINES_ABOVE_LOG, LINES_BEFORE, LOOK_BACK_BYTES, PAST_LINES, READ_AHEAD_BYTES, REREAD_LINES,
};
use super::lines::{is_replayed, line_at, lines_before};
use super::quoted;
use super::shape::{Shape, shape};

/// A line, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) line: Line<'a>,
    /// Offset of its line feed.
    pub(super) end: usize,
    /// Its number among those read.
    pub(super) number: u64,
    /// What it means for its report, if that has been asked for.
    pub(super) shape: Option<Shape>,
    /// The family whose banner it is.
    pub(super) family: Option<&'static CompiledFamily>,
    /// Who printed it.
    pub(super) lane: Lane,
    /// Whether others printed at the same time.
    pub(super) mixed: bool,
}

impl<'a> Entry<'a> {
    fn of(line: Line<'a>, end: usize, number: u64, family: Option<&'static CompiledFamily>) -> Entry<'a> {
        let lane = Lane::only(Context::of(&line));
        Entry { line, end, number, shape: None, family, lane, mixed: false }
    }

    /// What it means for its report.
    pub(super) fn shape(&self) -> Shape {
        self.shape.unwrap_or_else(|| shape(self.line.body))
    }

    /// The same, and remembers it.
    pub(super) fn ask(&mut self) -> Shape {
        *self.shape.get_or_insert_with(|| shape(self.line.body))
    }

    pub(super) fn banner(&self) -> Option<Banner<'a>> {
        self.family.map(|family| Banner { line: self.line, family })
    }
}

/// Reads the lines of a log from one banner to the next: where no report goes on, what lies between is not looked at.
#[derive(Clone, Debug)]
pub(super) struct Window<'a> {
    log: Log<'a>,
    hits: Hits<'a>,
    /// The next line that may be a banner, if it has been found.
    ahead: Option<Span>,
    /// Start of the next line.
    at: usize,
    /// A banner that was looked for and is to be read next.
    found: Option<Entry<'a>>,
    /// How many lines have been read.
    count: u64,
    /// The last lines that were settled, the nearest last.
    past: VecDeque<Entry<'a>>,
    /// Where those begin that lie without a gap before the next line; `None` where some of them were forgotten.
    past_start: Option<usize>,
    /// Lines that were read where one looked back from a banner: the next one is often near.
    reread: HashMap<usize, Entry<'a>>,
    /// How often what is learned had changed when they were read.
    reread_since: u64,
    /// The record that the last line is of, by its first line.
    record: Option<Line<'a>>,
    learned: Learned,
    unsure: bool,
    /// Before this offset, and behind the last line that was looked back from, no kernel has spoken.
    silent: usize,
    preludes: Preludes,
}

/// Lines that a banner may stand behind, who said them, and how far they have been looked for.
#[derive(Clone, Debug, Default)]
struct Preludes {
    found: VecDeque<(usize, Option<Caller>)>,
    searched: usize,
}

impl Preludes {
    /// Looks for them from an offset to another; those before are forgotten.
    fn search(&mut self, log: Log<'_>, from: usize, to: usize) {
        static WORDS: LazyLock<Words> =
            LazyLock::new(|| Words::new([&[noise::CUT_HERE, noise::RULE][..], noise::PREFACES].into_iter()));
        while self.found.front().is_some_and(|(at, _)| *at < from) {
            self.found.pop_front();
        }
        let from = self.searched.max(from);
        for (at, _) in WORDS.find(log.get(from..to)) {
            let start = log.line_start(from + at);
            if self.found.back().is_none_or(|(last, _)| *last != start) {
                self.found.push_back((start, line_at(log, start, log.line_end(start)).prefix.caller));
            }
        }
        self.searched = self.searched.max(to);
    }
}

impl<'a> Window<'a> {
    /// A window on the lines from an offset on, which is the start of one.
    pub(super) fn new(log: Log<'a>, from: usize) -> Window<'a> {
        Window {
            log,
            hits: Hits::new(log, from),
            ahead: None,
            at: from,
            found: None,
            count: 0,
            past: VecDeque::new(),
            past_start: Some(from),
            reread: HashMap::new(),
            reread_since: 0,
            record: None,
            learned: Learned::default(),
            unsure: false,
            silent: 0,
            preludes: Preludes::default(),
        }
    }

    /// Whether what a line is may be another where there is more of the log.
    pub(super) fn is_unsure(&self) -> bool {
        self.unsure || self.learned.unsure
    }

    /// Start of the next line.
    pub(super) fn at(&self) -> usize {
        self.found.as_ref().map_or(self.at, |found| found.line.offset)
    }

    /// Goes to the next banner in a line that begins before `limit`; `false` if there is none.
    pub(super) fn skip_to_banner(&mut self, limit: usize) -> bool {
        if self.found.is_some() {
            return self.at() < limit;
        }
        while let Some(span) = self.next_hit(limit) {
            if is_replayed(self.log, span.end) {
                continue;
            }
            let line = line_at(self.log, span.start, span.end);
            if self.is_copy(&line) {
                continue;
            }
            let Some(family) = self.family(&line) else { continue };
            if span.start > self.at {
                self.past.clear();
                self.past_start = Some(span.start);
                self.record = None;
            }
            let line = self.learned.banner(self.log, line, family);
            self.record = Some(line).filter(|line| line.prefix != Prefix::default()).or(self.record);
            self.at = span.end + 1;
            self.found = Some(Entry::of(line, span.end, self.count, Some(family)));
            self.count += 1;
            return true;
        }
        false
    }

    fn next_hit(&mut self, limit: usize) -> Option<Span> {
        match self.ahead.filter(|span| span.start >= self.at) {
            Some(span) if span.start >= limit => None,
            Some(span) => {
                self.ahead = None;
                Some(span)
            }
            None => {
                let hits = &mut self.hits;
                std::iter::from_fn(|| hits.next_before(limit)).find(|span| span.start >= self.at)
            }
        }
    }

    /// The next line that the console does not print once more.
    pub(super) fn read(&mut self) -> Option<Entry<'a>> {
        if let Some(found) = self.found.take() {
            return Some(found);
        }
        while self.at < self.log.end() {
            let start = self.at;
            let end = self.log.line_end(start);
            self.at = end + 1;
            if is_replayed(self.log, end) {
                continue;
            }
            let line = line_at(self.log, start, end);
            if self.is_copy(&line) {
                continue;
            }
            let family = if self.is_hit(start) { self.family(&line) } else { None };
            let line = self.known(line, family);
            let entry = Entry::of(line, end, self.count, family);
            self.count += 1;
            return Some(entry);
        }
        None
    }

    /// A line with what is learned of its prefix, or that of the record that it goes on with.
    fn known(&mut self, line: Line<'a>, family: Option<&'static CompiledFamily>) -> Line<'a> {
        let line = match family {
            Some(family) => self.learned.banner(self.log, line, family),
            None => self.learned.line(line),
        };
        if line.prefix != Prefix::default() {
            if let Some(rest) = self.record.and_then(|record| record.carries_on(&line)) {
                return rest;
            }
            self.record = Some(line);
            return line;
        }
        if line.body.trim_ascii().is_empty() {
            return line;
        }
        let rest = self.record.and_then(|record| record.goes_on(line.offset, line.raw));
        if rest.is_none() {
            self.record = None;
        }
        rest.unwrap_or(line)
    }

    /// Whether the line that begins at an offset may be a banner.
    fn is_hit(&mut self, start: usize) -> bool {
        loop {
            match self.ahead {
                Some(span) if span.start >= start => return span.start == start,
                None if self.hits.searched() > start => return false,
                _ => self.ahead = self.hits.next_before(start + READ_AHEAD_BYTES),
            }
        }
    }

    /// The family whose banner a line is.
    fn family(&mut self, line: &Line<'_>) -> Option<&'static CompiledFamily> {
        let family = self.banner_of(line)?;
        let again = !family.family.again || self.has_spoken(line.offset);
        again.then_some(family)
    }

    /// The same, whether or not it means something here.
    fn banner_of(&mut self, line: &Line<'_>) -> Option<&'static CompiledFamily> {
        let family = rules::classify(line)?;
        let (quoted, sure) = quoted::is_quoted(self.log, line, family);
        self.unsure |= !sure;
        (!quoted).then_some(family)
    }

    /// Whether the same line is in the log from elsewhere.
    fn is_copy(&mut self, line: &Line<'_>) -> bool {
        let doubled = copies::is_doubled(self.log, line);
        let copy = if doubled == Some(false) { copies::is_broadcast(self.log, line) } else { doubled };
        self.unsure |= copy.is_none();
        copy == Some(true)
    }

    /// Whether one of the lines right before an offset is the kernel's.
    fn has_spoken(&mut self, offset: usize) -> bool {
        let lines = lines_before(self.log, offset).take(LINES_BEFORE);
        let spoken = lines
            .take_while(|line| line.offset >= self.silent)
            .any(|line| line.prefix.origin == Origin::Kernel);
        if !spoken {
            self.silent = offset;
        }
        spoken
    }

    /// Whether a line has been put above a log: what comes next is older.
    pub(super) fn is_above_log(&self, start: usize) -> bool {
        let line = line_at(self.log, start, self.log.line_end(start));
        let mut next = self.log.line_end(start) + 1;
        for _ in 0..LINES_ABOVE_LOG {
            let other = line_at(self.log, next, self.log.line_end(next));
            if let Some((time, then)) = other.prefix.time.zip(line.prefix.time) {
                return time < then;
            }
            next = self.log.line_end(next) + 1;
        }
        false
    }

    /// Remembers a line that is settled.
    pub(super) fn settle(&mut self, entry: Entry<'a>) {
        self.past.push_back(entry);
        if self.past.len() > PAST_LINES {
            self.past.pop_front();
            self.past_start = None;
        }
    }

    /// A line before those of the window.
    fn reread(&mut self, start: usize, end: usize) -> Entry<'a> {
        let changes = self.learned.changes();
        if self.reread.len() >= REREAD_LINES || self.reread_since != changes {
            self.reread.clear();
            self.reread_since = changes;
        }
        if let Some(entry) = self.reread.get(&start) {
            return *entry;
        }
        let line = self.learned.line(line_at(self.log, start, end));
        let family = if scan::has_needle(line.body) { self.banner_of(&line) } else { None };
        let entry = Entry::of(line, end, 0, family);
        self.reread.insert(start, entry);
        entry
    }

    /// Whether one of the lines before a banner that [`Window::before`] may give is one that banners stand behind, of the
    /// same caller.
    pub(super) fn has_prelude(&mut self, banner: &Line<'_>) -> bool {
        let offset = banner.offset;
        let first = self.past.front().map_or(offset, |entry| entry.line.offset);
        let horizon = self.log.before(offset, LOOK_BACK_BYTES).min(first);
        // As far as lines are remembered, they need not be counted.
        let more = PAST_LINES.saturating_sub(self.past.len());
        let lines = memchr::memrchr_iter(b'\n', self.log.get(horizon..first));
        let near = lines.take(more + 1).nth(more).map_or(horizon, |at| horizon + at + 1);
        self.preludes.search(self.log, near, offset);
        let own = |caller: Option<Caller>| {
            caller.zip(banner.prefix.caller).is_none_or(|(caller, banner)| caller == banner)
        };
        self.preludes.found.iter().any(|(_, caller)| own(*caller))
    }

    /// The n-th line before the next one to be settled, 0 being the nearest; none where too many lie between.
    pub(super) fn before(&mut self, nth: usize) -> Option<&Entry<'a>> {
        while self.past.len() <= nth && self.past.len() < PAST_LINES {
            let start = self.past_start?;
            let horizon = self.log.before(self.at, LOOK_BACK_BYTES);
            let end = (start > horizon).then(|| start - 1)?;
            let from = self.log.line_start(end);
            if end - from >= LINE_BYTES {
                return None;
            }
            self.past_start = Some(from);
            if is_replayed(self.log, end) {
                continue;
            }
            let entry = self.reread(from, end);
            self.past.push_front(entry);
        }
        self.past.len().checked_sub(nth + 1).and_then(|at| self.past.get(at))
    }
}
