//! Reports while they are collected, and how far a printer has come with one.

use std::collections::VecDeque;

use crate::facts::task::Task;
use crate::line::Line;
use crate::text;

use super::collector::{Collector, silence};
use super::follows::Cause;
use super::goes_on::Course;
use super::shape::Shape;
use super::window::Entry;

/// Behind a stack the header of another task is of another dump, if nothing has come for so long.
const PAUSE_MICROS: u64 = 500_000;

/// A report as far as a lane has come with it.
#[derive(Clone, Debug)]
pub(super) struct Telling<'a> {
    /// Number of the report.
    pub(super) report: u64,
    /// The last banner, and the course since.
    pub(super) cause: Cause<'a>,
    pub(super) course: Course,
    /// Another CPU has asked for it.
    pub(super) guest: bool,
    /// It was announced in the midst of another report: lines are the other's until its own begin.
    pub(super) waits: bool,
    /// A line has shown that it is over.
    pub(super) over: bool,
    /// End of the last line that the lane has printed of it.
    pub(super) last: usize,
    /// Time of that line, and whom the last header was of.
    time: Option<u64>,
    pid: Option<u32>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(report: u64, cause: Cause<'a>, guest: bool, waits: bool) -> Telling<'a> {
        let line = &cause.banner.line;
        let last = line.offset + line.raw.len();
        Telling {
            report,
            cause,
            course: cause.course(),
            guest,
            waits,
            over: false,
            last,
            time: None,
            pid: None,
        }
    }

    /// Whether a line is the header of another dump: `dump_stack()` alone has no banner, and who called it may have printed
    /// anything before.
    fn is_another(&mut self, entry: &Entry<'a>) -> bool {
        let headed = text::begins(entry.line.body, "CPU: ").then(|| Task::parse(entry.line.body)).flatten();
        let Some(task) = headed else { return false };
        let other = self.pid.replace(task.pid).is_some_and(|pid| pid != task.pid);
        let times = entry.line.prefix.time.zip(self.time);
        let pause = times.is_some_and(|(now, then)| now.saturating_sub(then) > PAUSE_MICROS);
        other && pause && self.course.traced
    }
}

/// Reports in the order of their banners.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports<'a> {
    list: VecDeque<Collector<'a>>,
    /// Number of the first.
    first: u64,
}

impl<'a> Reports<'a> {
    /// Adds a report; gives its number.
    pub(super) fn push(&mut self, report: Collector<'a>) -> u64 {
        self.list.push_back(report);
        self.first + self.list.len() as u64 - 1
    }

    /// The next report, if it is complete.
    pub(super) fn pop(&mut self) -> Option<Collector<'a>> {
        let report = self.list.front()?.done.then(|| self.list.pop_front()).flatten()?;
        self.first += 1;
        Some(report)
    }

    /// A report that has not been handed on, by its number.
    #[inline]
    pub(super) fn get(&mut self, number: u64) -> Option<&mut Collector<'a>> {
        let at = number.checked_sub(self.first)?;
        self.list.get_mut(usize::try_from(at).ok()?)
    }

    /// Takes the bare banner that starts at an offset for no report, of those that have not been handed on; whether there is
    /// one. Nothing follows from it.
    pub(super) fn disown(&mut self, start: usize) -> bool {
        let Ok(at) = self.list.binary_search_by_key(&start, |report| report.banner.line.offset) else {
            return false;
        };
        let mut reports = self.list.iter_mut().skip(at);
        let Some(quoted) = reports.next().filter(|report| report.is_bare()) else { return false };
        quoted.owned = false;
        reports.filter(|report| report.follows == Some(start)).for_each(|report| report.follows = None);
        true
    }

    /// Gives the lines of a report to one before it, if that is not over where the next of them comes; whether it is not.
    pub(super) fn merge(&mut self, first: u64, second: u64, next: usize) -> bool {
        let at = |number: u64| usize::try_from(number.checked_sub(self.first)?).ok();
        let Some((first, second)) = at(first).zip(at(second)).filter(|(first, second)| first < second) else {
            return false;
        };
        let mut both = self.list.range_mut(first..).step_by(second - first);
        let (Some(first), Some(second)) = (both.next(), both.next()) else { return false };
        let goes_on = !first.done && !second.done && first.deadline() >= next;
        if goes_on {
            first.take_over(second);
        }
        goes_on
    }

    /// A line may be of a report, if there is one and it is not complete.
    pub(super) fn doubt(&mut self, number: Option<u64>, line: Line<'a>) {
        let report = number.and_then(|number| self.get(number)).filter(|report| !report.done);
        report.into_iter().for_each(|report| report.doubtful.push(line));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Collector<'a>> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Collector<'a>> {
        self.list.iter_mut()
    }

    /// The first report may be over.
    pub(super) fn expire(&mut self, entry: &Entry<'a>) {
        let successors = self.list.len();
        if let Some(report) = self.list.front_mut() {
            report.expire(entry, successors);
        }
    }

    /// Where nothing comes any more of what is told, unless something does before.
    pub(super) fn deadline(&mut self, telling: &Telling<'a>) -> usize {
        let own = telling.last + silence(telling.course.ended && !telling.guest);
        let report = self.get(telling.report).filter(|report| !telling.guest && !report.done);
        report.map_or(own, |report| report.deadline().max(own))
    }

    /// Whether nothing has come for long of what is told, when a line comes.
    pub(super) fn is_silent(&mut self, telling: &Telling<'a>, entry: &Entry<'a>) -> bool {
        let successors = (self.first + self.list.len() as u64).saturating_sub(telling.report);
        if let Some(report) = self.get(telling.report).filter(|_| !telling.guest) {
            report.expire(entry, successors as usize);
        }
        self.deadline(telling) < entry.end
    }

    /// Of a report comes no other line from who has told it.
    pub(super) fn end(&mut self, telling: &Telling<'a>) {
        let guest = telling.guest;
        if let Some(report) = self.get(telling.report) {
            if guest {
                report.guests = report.guests.saturating_sub(1);
            } else {
                report.done = true;
            }
        }
    }

    /// Another kernel begins, mostly right behind a report.
    pub(super) fn boot(&mut self, telling: &Telling<'a>) {
        let last = telling.course.foreign == 0 && !telling.guest;
        if let Some(report) = self.get(telling.report).filter(|report| last && !report.done) {
            report.booted = true;
        }
    }

    /// A line for a report; `false` if it shows that the report is over.
    pub(super) fn tell(&mut self, telling: &mut Telling<'a>, entry: &Entry<'a>, shape: Shape) -> bool {
        if telling.over {
            return false;
        }
        if telling.is_another(entry) || !telling.course.take(shape, entry.line.body) {
            telling.over = true;
            if shape == Shape::Boot {
                self.boot(telling);
            }
            self.end(telling);
            return false;
        }
        if telling.waits {
            return true;
        }
        let belongs = telling.course.foreign == 0 && !telling.course.cut;
        if belongs {
            telling.last = entry.line.offset + entry.line.raw.len();
            telling.time = entry.line.prefix.time;
        }
        if let Some(report) = self.get(telling.report) {
            report.take(entry.line, belongs);
            report.ended |= telling.course.ended && !telling.guest;
        }
        true
    }
}
