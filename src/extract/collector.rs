//! The lines of one report while they are collected: whose each is, and whether the report goes on.

use crate::line::{Caller, Line};
use crate::rules::CompiledFamily;

use super::course::{Course, Shape, shape};
use super::{Banner, Context, is_backtrace};

/// Whose line it is: the report's own caller's, or another CPU's that answers a request for its backtrace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    Guest,
}

/// Hardly a report has fewer lines.
const FEWEST_LINES: usize = 32;

/// A report while its lines are collected.
pub(super) struct Collector<'a> {
    pub(super) context: Context,
    pub(super) lines: Vec<Line<'a>>,
    /// How many lines reach to the last one that surely belongs.
    pub(super) kept: usize,
    /// End of the last line that surely belongs.
    pub(super) last: usize,
    /// Index of the last banner of the report's own caller, and the course since.
    pub(super) cause: usize,
    pub(super) course: Course,
    /// Other CPUs that print a backtrace for this report.
    pub(super) guests: Vec<(Context, Course)>,
    /// A line of the report's own caller has shown that it is over.
    pub(super) over: bool,
    /// Whether other CPUs have been asked for their backtraces.
    pub(super) asked: bool,
    pub(super) headline: (usize, &'static CompiledFamily),
    /// A line has announced another crash, whose report may stand between this one's lines.
    pub(super) announced: bool,
    /// It is announced in the midst of another report: lines are the other's until its own begin.
    pub(super) waits: bool,
}

impl<'a> Collector<'a> {
    pub(super) fn new(cause: usize, banner: &Banner<'a>) -> Collector<'a> {
        let mut lines = Vec::with_capacity(FEWEST_LINES);
        lines.push(banner.line);
        Collector {
            context: Context::of(&banner.line),
            lines,
            kept: 1,
            last: banner.line.offset + banner.line.raw.len(),
            cause,
            course: Course::default(),
            guests: Vec::new(),
            over: false,
            asked: is_backtrace(banner),
            headline: (0, banner.family),
            announced: false,
            waits: false,
        }
    }

    /// Whose line it is; `None` if it has nothing to do with the report.
    pub(super) fn whose(&self, line: &Line<'a>) -> Option<Whose> {
        let from = Context::of(line);
        if from == self.context {
            return Some(Whose::Own);
        }
        let asked = self.asked && matches!(from.caller, Some(Caller::Cpu(_)));
        (asked || self.guests.iter().any(|(guest, _)| *guest == from)).then_some(Whose::Guest)
    }

    /// Adds a line that surely belongs.
    pub(super) fn keep(&mut self, line: Line<'a>) {
        self.last = line.offset + line.raw.len();
        self.lines.push(line);
        self.kept = self.lines.len();
    }

    /// Takes a line that is no banner; `false` where the report ends before it.
    pub(super) fn take(&mut self, whose: Whose, line: Line<'a>) -> bool {
        let from = Context::of(&line);
        if whose == Whose::Own && (self.announced || self.waits) && shape(line.body) == Shape::Cut {
            if self.announced {
                return false;
            }
            self.waits = false;
        }
        let waits = whose == Whose::Own && self.waits;
        let course = match whose {
            Whose::Own => &mut self.course,
            Whose::Guest => match self.guests.iter_mut().find(|(guest, _)| *guest == from) {
                Some((_, course)) => course,
                None => return true,
            },
        };
        if !course.take(line.body) {
            self.guests.retain(|(guest, _)| *guest != from);
            self.over = whose == Whose::Own;
            return !self.over;
        }
        let belongs = course.foreign == 0 && !course.cut;
        match belongs {
            _ if waits => {}
            true => self.keep(line),
            false => self.lines.push(line),
        }
        true
    }
}
