//! A report while its lines are collected.

use std::sync::Arc;

use crate::line::Line;
use crate::rules::CompiledFamily;
use crate::scan::LINE_BYTES;

use super::banner::Banner;
use super::incident::Incident;
use super::limits::{
    REPORT_BYTES, REPORT_LINES, REPORT_LOG_LINES, REPORT_SUCCESSORS, SILENCE_BYTES, SILENCE_BYTES_AFTER_END,
};
use super::window::Entry;

/// A report while its lines are collected.
#[derive(Clone, Debug)]
pub(super) struct Collector<'a> {
    pub(super) banner: Banner<'a>,
    pub(super) preamble: Vec<Line<'a>>,
    lines: Vec<Line<'a>>,
    /// How many lines it has, whether or not they are wanted, and how many reach to the last one that surely belongs.
    count: usize,
    kept: usize,
    /// End of the last line that surely belongs.
    last: usize,
    headline: (usize, &'static CompiledFamily),
    pub(super) doubtful: Vec<Line<'a>>,
    /// The lines of all who printed at the same time.
    pub(super) shared: Option<Arc<[Line<'a>]>>,
    pub(super) follows: Option<usize>,
    pub(super) open: bool,
    cut: bool,
    /// It is done because it has grown too long.
    full: bool,
    /// The number of the banner's line among those read.
    number: u64,
    /// Whether it is handed on: else it is of interest only to what follows.
    pub(super) owned: bool,
    /// Where the log has the banner already.
    pub(super) first: Option<usize>,
    /// Whether the lines are wanted, of this report or of one that it may be of.
    pub(super) wanted: bool,
    /// Its end marker has been seen.
    pub(super) ended: bool,
    /// How many other CPUs print a backtrace for it.
    pub(super) guests: u32,
    pub(super) done: bool,
    /// The next line is another kernel's first.
    pub(super) booted: bool,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        entry: &Entry<'a>,
        banner: Banner<'a>,
        follows: Option<usize>,
        owned: bool,
        first: Option<usize>,
    ) -> Self {
        let line = banner.line;
        Collector {
            banner,
            preamble: Vec::new(),
            lines: vec![line],
            count: 1,
            kept: 1,
            last: line.offset + line.raw.len(),
            headline: (0, banner.family),
            doubtful: Vec::new(),
            shared: None,
            follows,
            open: false,
            cut: line.raw.len() >= LINE_BYTES,
            full: false,
            number: entry.number,
            owned,
            first,
            wanted: owned || first.is_some(),
            ended: false,
            guests: 0,
            done: false,
            booted: false,
        }
    }

    /// Adds a line; whether it surely belongs.
    pub(super) fn take(&mut self, line: Line<'a>, belongs: bool) {
        if self.done {
            return;
        }
        if self.wanted {
            self.lines.push(line);
        }
        self.count += 1;
        if belongs {
            self.last = line.offset + line.raw.len();
            self.kept = self.count;
        }
    }

    /// Adds the banner that gives the title.
    pub(super) fn take_headline(&mut self, banner: &Banner<'a>) {
        if !self.done {
            self.headline = (self.count, banner.family);
        }
        self.take(banner.line, true);
    }

    /// Takes over the lines of the next report, which turns out to be of this one.
    pub(super) fn take_over(&mut self, other: &mut Collector<'a>) {
        if self.wanted {
            self.lines.append(&mut other.lines);
        }
        self.kept = self.count + other.kept;
        self.count += other.count;
        self.doubtful.append(&mut other.doubtful);
        self.shared = self.shared.take().or(other.shared.take());
        self.last = other.last;
        self.open |= other.open;
        (other.done, other.owned, other.kept) = (true, false, 0);
    }

    /// Ends where nothing of it has come for long, or it has grown too long; so many reports have begun since.
    pub(super) fn expire(&mut self, entry: &Entry<'_>, successors: usize) {
        if self.done {
            return;
        }
        if entry.end > self.deadline() {
            self.done = true;
        } else if self.count >= REPORT_LINES
            || entry.end.saturating_sub(self.banner.line.offset) > REPORT_BYTES
            || entry.number.saturating_sub(self.number) > REPORT_LOG_LINES
            || successors > REPORT_SUCCESSORS
        {
            (self.done, self.cut, self.full) = (true, true, true);
        }
    }

    /// Where it is over, if nothing of it comes before.
    pub(super) fn deadline(&self) -> usize {
        self.last + silence(self.ended && self.guests == 0)
    }

    /// Whether it is done because it has grown too long.
    pub(super) fn is_cut(&self) -> bool {
        self.full
    }

    /// Whether it has nothing but its banner.
    pub(super) fn is_bare(&self) -> bool {
        self.kept == 1
    }

    pub(super) fn finish(self) -> Incident<'a> {
        let Collector {
            banner,
            preamble,
            lines,
            kept,
            headline,
            doubtful,
            shared,
            follows,
            open,
            cut,
            booted,
            ..
        } = self;
        Incident { banner, preamble, lines, kept, headline, doubtful, shared, follows, open, cut, booted }
    }
}

/// For how many bytes nothing comes of a report that is over.
pub(super) fn silence(ended: bool) -> usize {
    if ended { SILENCE_BYTES_AFTER_END } else { SILENCE_BYTES }
}
