//! The lines of one report.

use std::sync::Arc;

use memchr::memmem;

use crate::formats::noise;
use crate::line::Line;
use crate::rules::CompiledFamily;
use crate::scan;
use crate::text::Log;

use super::banner::Banner;
use super::lane::Context;
use super::limits::LOOK_BACK_BYTES;
use super::lines::{KnownLines, is_replayed};

/// Lines after a report, whoever printed them, that are searched for the stack that it lacks; and reports among them.
const LINES_BEYOND: usize = 48;
const REPORTS_BEYOND: u32 = 3;

/// The lines of one report.
#[derive(Clone, Debug)]
pub(crate) struct Incident<'a> {
    pub(crate) banner: Banner<'a>,
    /// Lines before the banner that belong to it.
    pub(crate) preamble: Vec<Line<'a>>,
    /// The banner and what follows.
    pub(crate) lines: Vec<Line<'a>>,
    /// How many of the lines, from the first, reach to the last one that surely belongs.
    pub(crate) kept: usize,
    /// The banner that gives the title, by its index in `lines`: another than the first after a prelude.
    pub(crate) headline: (usize, &'static CompiledFamily),
    /// Lines that may belong to it, or to another CPU's report.
    pub(crate) doubtful: Vec<Line<'a>>,
    /// The lines of all CPUs that printed at the same time, if several did.
    pub(crate) shared: Option<Arc<[Line<'a>]>>,
    /// Start of the report that this one follows from.
    pub(crate) follows: Option<usize>,
    /// Whether it ended because the log did: were there more of the log, it might be longer.
    pub(crate) open: bool,
    /// Whether a limit has cut it: of its lines, its bytes, or those of its banner's line.
    pub(crate) cut: bool,
    /// Whether the next line is another kernel's first.
    pub(crate) booted: bool,
}

impl<'a> Incident<'a> {
    /// Its lines, and those of others between them.
    pub(crate) fn with_others(&self) -> Vec<Line<'a>> {
        let start = self.banner.line.offset;
        let own = || self.lines.iter().take(self.kept).chain(&self.doubtful);
        let last = own().map(|line| line.offset).max().unwrap_or(start);
        let shared = self.shared.as_deref().unwrap_or_default();
        let behind = shared.last().map_or(start, |line| line.offset + 1);
        let others = shared.iter().filter(|line| (start..=last).contains(&line.offset));
        others.chain(own().filter(|line| line.offset >= behind)).copied().collect()
    }

    /// Lines of the same caller after the report's, as many as may hold a stack that it lacks; and whether the log's end
    /// is among them.
    pub(crate) fn beyond(&self, log: Log<'a>, known: &mut KnownLines<'a>) -> (Vec<Line<'a>>, bool) {
        // Another CPU may have printed them.
        if self.shared.is_some() {
            return (Vec::new(), false);
        }
        let context = Context::of(&self.banner.line);
        let last = self.lines.last().unwrap_or(&self.banner.line);
        let start = log.line_end(last.offset) + 1;
        let limit = (last.offset + last.raw.len() + LOOK_BACK_BYTES).min(log.end());
        let mut ends = memchr::memchr_iter(b'\n', log.get(start..limit)).map(|at| start + at);
        let last = ends.by_ref().nth(LINES_BEYOND - 1);
        let text = log.get(start..last.unwrap_or(limit));
        let ended = last.is_none() && limit == log.end();
        let mut found = Vec::new();
        if !noise::OF_STACKS.iter().any(|words| memmem::find(text, words.as_bytes()).is_some()) {
            return (found, ended);
        }
        let mut reports = 0;
        let mut after = start;
        while after < start + text.len() && reports < REPORTS_BEYOND {
            let end = log.line_end(after);
            let line = known.line_at(log, after, end);
            if Context::of(&line) == context && !is_replayed(log, end) {
                reports += u32::from(scan::has_needle(line.body));
                found.push(line);
            }
            after = end + 1;
        }
        (found, ended)
    }
}
