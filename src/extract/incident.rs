//! The lines of one report.

use crate::line::Line;
use crate::rules::CompiledFamily;
use crate::text::Log;

use super::banner::Banner;
use super::lane::Context;
use super::limits::{LINES_BEYOND, LOOK_BACK_BYTES};
use super::lines::{is_replayed, line_at};

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
    /// Whether other CPUs printed at the same time.
    pub(crate) mixed: bool,
    /// Start of the report that this one follows from.
    pub(crate) follows: Option<usize>,
    /// Whether it ended because the log did: were there more of the log, it might be longer.
    pub(crate) open: bool,
    /// Whether a limit has cut it: of its lines, its bytes, or those of its banner's line.
    pub(crate) cut: bool,
}

impl<'a> Incident<'a> {
    /// Its lines, and those of others between them.
    pub(crate) fn with_others(&self, log: Log<'a>) -> Vec<Line<'a>> {
        let start = self.banner.line.offset;
        let lines = self.lines.iter().take(self.kept).chain(&self.doubtful);
        let last = lines.map(|line| line.offset).max().unwrap_or(start);
        let mut after = start;
        let next = || {
            let (at, end) = (after, log.line_end(after));
            after = end + 1;
            (at <= last.min(start + LOOK_BACK_BYTES)).then(|| line_at(log, at, end))
        };
        std::iter::from_fn(next).collect()
    }

    /// Lines of the same caller after the report's, as many as may hold its missing parts; and whether the log's end is
    /// among them.
    pub(crate) fn beyond(&self, log: Log<'a>) -> (Vec<Line<'a>>, bool) {
        // Another CPU may have printed them.
        if self.mixed {
            return (Vec::new(), false);
        }
        let context = Context::of(&self.banner.line);
        let last = self.lines.last().unwrap_or(&self.banner.line);
        let limit = last.offset + last.raw.len() + LOOK_BACK_BYTES;
        let mut found = Vec::new();
        let mut after = log.line_end(last.offset) + 1;
        while after < limit.min(log.end()) && found.len() < LINES_BEYOND {
            let end = log.line_end(after);
            let line = line_at(log, after, end);
            if Context::of(&line) == context && !is_replayed(log, end) {
                found.push(line);
            }
            after = end + 1;
        }
        let ended = after < limit && found.len() < LINES_BEYOND;
        (found, ended)
    }
}
