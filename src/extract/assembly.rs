//! Puts the reports together: each lane's lines go to the report that it is printing, which goes on until its end, the
//! lane's next crash, or silence.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::line::Line;
use crate::text::Log;

use super::banner::Banner;
use super::boots::begins;
use super::collector::Collector;
use super::copies::Printed;
use super::follows::{Cause, Relation};
use super::incident::Incident;
use super::lane::{Lane, Lanes};
use super::limits::{LOOK_BACK_BYTES, SILENCE_BYTES_AFTER_END};
use super::preamble::preamble;
use super::printers::Settled;
use super::shape::Shape;
use super::telling::{Reports, Telling};
use super::window::{Entry, Window};

mod asked;
mod midst;

use asked::is_request;

/// Puts the reports together whose banner starts in a range.
#[derive(Clone, Debug)]
pub(super) struct Assembly<'a> {
    range: Range<usize>,
    lanes: Lanes<Talk<'a>>,
    /// How many of them are not silent.
    live: usize,
    reports: Reports<'a>,
    printed: Printed<'a>,
    /// The last request for other CPUs' backtraces.
    request: Option<Request>,
    /// Where to look whether a lane still prints a report.
    deadlines: VecDeque<(usize, Lane, u64)>,
    /// The lines that several have printed at once last.
    shared: Option<Arc<[Line<'a>]>>,
    /// Lines may be cut or printed again behind what is here of the log, or be of another printer.
    unsure: bool,
    /// Offset of the first banner that is a part of a report, unless more of the log shows that it is not.
    unsettled: Option<usize>,
}

/// What a lane is printing.
#[derive(Clone, Debug)]
struct Talk<'a> {
    now: Telling<'a>,
    /// The report in whose midst a line has announced the one of `now`.
    outer: Option<Telling<'a>>,
    /// The report of a fault that the one of `now` may be of who prints: see [`Cause::may_repeat`].
    fault: Option<Telling<'a>>,
    /// Nothing of it has come for long.
    silent: bool,
}

/// `Sending NMI from CPU 0 to CPUs 1:`
#[derive(Clone, Copy, Debug)]
struct Request {
    offset: usize,
    report: u64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(range: Range<usize>) -> Assembly<'a> {
        Assembly {
            range,
            lanes: Lanes::default(),
            live: 0,
            reports: Reports::default(),
            printed: Printed::default(),
            request: None,
            deadlines: VecDeque::new(),
            shared: None,
            unsure: false,
            unsettled: None,
        }
    }

    /// The next report, if it is complete.
    pub(super) fn next(&mut self, log: Log<'a>) -> Option<Incident<'a>> {
        while let Some(report) = self.reports.pop() {
            let (first, owned) = (report.first, report.owned);
            let mut incident = report.finish();
            self.printed.begins(incident.banner.line.offset, incident.kept);
            let lines = incident.lines.get(..incident.kept).unwrap_or_default();
            let again = first.is_some_and(|first| self.printed.is_again(log, first, lines));
            let crashed = lines.is_empty() || incident.banner.family.tells_crash(lines);
            // More of the log may tell: until then it is there.
            let settled = !incident.open || log.is_ended();
            if owned && (!settled || !again && crashed) {
                incident.follows = incident.follows.and_then(|start| self.printed.first(start));
                return Some(incident);
            }
        }
        None
    }

    /// Whether a report may go on at an offset. Where none does, nothing follows from what was before.
    pub(super) fn is_live(&mut self, offset: usize) -> bool {
        while let Some((deadline, lane, report)) = self.deadlines.front().copied()
            && deadline < offset
        {
            self.deadlines.pop_front();
            let Some(talk) = self.lanes.get(lane).filter(|talk| talk.now.report == report) else { continue };
            let silent = self.reports.deadline(&talk.now);
            // Until it is forgotten, its next banner may follow from its last one.
            let forgotten = talk.now.cause.banner.line.offset + LOOK_BACK_BYTES;
            if silent >= offset {
                self.deadlines.push_back((silent, lane, report));
            } else if forgotten >= offset {
                self.live -= usize::from(!std::mem::replace(&mut talk.silent, true));
                self.deadlines.push_back((forgotten, lane, report));
            } else {
                self.end(lane);
            }
        }
        if self.live == 0 {
            self.lanes = Lanes::default();
            self.deadlines.clear();
        }
        self.live > 0
    }

    /// Whether a report of the range is not complete.
    pub(super) fn is_owing(&self) -> bool {
        self.reports.iter().any(|report| report.owned && !report.done)
    }

    /// Offset of a banner that more of the log may show to open a report, after all of those that it has opened.
    pub(super) fn unsettled(&self) -> Option<usize> {
        self.unsettled
    }

    /// From here on more of the log may change what a line is.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
        self.reports.iter_mut().filter(|report| !report.done).for_each(|report| report.open = true);
    }

    /// No more lines come.
    pub(super) fn finish(&mut self) {
        self.reports.iter_mut().for_each(|report| report.done = true);
    }

    /// Takes the next line, which is not yet settled in the window.
    pub(super) fn take_line(&mut self, entry: &Entry<'a>, window: &mut Window<'a>) {
        self.reports.expire(entry);
        self.printed.pass(&entry.line);
        if self.live > 0 && begins(&entry.line) == Some(true) {
            self.boot();
        }
        match entry.banner() {
            _ if entry.lane.is_nobody() => {}
            Some(banner) => self.meet(entry, banner, window),
            None => self.listen(entry),
        }
        window.settle(*entry);
    }

    /// The same, or what else is known of the lines.
    pub(super) fn take(&mut self, settled: Settled<'a>, window: &mut Window<'a>) {
        match settled {
            Settled::Line(entry) => self.take_line(&entry, window),
            Settled::Doubtful(entry, lanes) => {
                for lane in lanes {
                    let number = self.lanes.get(lane).map(|talk| talk.now.report);
                    self.reports.doubt(number, entry.line);
                }
                window.settle(entry);
            }
            Settled::Shared(lines) => self.shared = Some(lines),
            Settled::Over(lane) => self.end(lane),
        }
    }

    /// What a lane is printing when a line of it comes.
    fn talk(&mut self, entry: &Entry<'a>) -> Option<&mut Talk<'a>> {
        let talk = self.lanes.get(entry.lane)?;
        if self.reports.is_silent(&talk.now, entry) && !talk.silent {
            talk.silent = true;
            self.live -= 1;
        }
        Some(talk)
    }

    /// A lane prints nothing more of its reports.
    fn end(&mut self, lane: Lane) {
        if let Some(Talk { now, outer, fault, .. }) = self.remove(lane) {
            [Some(now), outer, fault].iter().flatten().for_each(|telling| self.reports.end(telling));
        }
    }

    /// Another kernel begins: nobody prints anything more.
    fn boot(&mut self) {
        for Talk { now, outer, fault, .. } in self.lanes.drain() {
            self.reports.boot(&now);
            [Some(now), outer, fault].iter().flatten().for_each(|telling| self.reports.end(telling));
        }
        self.live = 0;
    }

    fn remove(&mut self, lane: Lane) -> Option<Talk<'a>> {
        let talk = self.lanes.remove(lane)?;
        self.live -= usize::from(!talk.silent);
        Some(talk)
    }

    /// Takes a line that is no banner.
    fn listen(&mut self, entry: &Entry<'a>) {
        if self.talk(entry).is_none() {
            return;
        }
        let Some(talk) = self.lanes.get(entry.lane) else { return };
        if talk.now.cause.banner.is_aside() {
            return self.end(entry.lane);
        }
        let shape = entry.shape();
        if shape == Shape::Cut {
            // What was announced begins.
            talk.now.waits = false;
            if let Some(outer) = talk.outer.take() {
                self.reports.end(&outer);
            }
        }
        let goes_on = midst::tell(&mut self.reports, talk, entry, shape);
        if talk.now.cause.faults_in_a_row(&talk.now.course) == 0
            && let Some(fault) = talk.fault.take()
        {
            self.reports.end(&fault);
        }
        let request = !talk.now.guest && shape == Shape::Inside && is_request(entry);
        let report = talk.outer.as_ref().unwrap_or(&talk.now).report;
        if !goes_on && talk.outer.is_none() {
            self.end(entry.lane);
        } else if request {
            self.request = Some(Request { offset: entry.line.offset, report });
        }
    }

    /// Takes a banner.
    fn meet(&mut self, entry: &Entry<'a>, banner: Banner<'a>, window: &mut Window<'a>) {
        if let Some(event) = self.talk(entry).and_then(|talk| midst::resume(talk, &banner)) {
            self.reports.end(&event);
        }
        let now = self.talk(entry).map(|talk| &talk.now).filter(|now| !now.over);
        let relation = now.and_then(|now| now.cause.relation(&banner, &now.course));
        if banner.is_aside() && relation != Some(Relation::Part) {
            let within = now.is_some_and(|now| !now.cause.banner.is_aside());
            return self.put_aside(entry, banner, within, window);
        }
        let asked = || now.is_none_or(|now| now.guest && relation == Some(Relation::Part));
        if banner.is_backtrace() && (relation.is_none() || asked()) && self.is_answered(entry, banner) {
            return;
        }
        match relation {
            Some(Relation::Part) if self.goes_on(entry, banner) => {}
            relation => {
                let talk = self.lanes.get(entry.lane);
                let event = talk.as_ref().is_some_and(|talk| midst::is_interrupted(talk, &banner));
                let now = talk.map(|talk| &talk.now).filter(|now| !now.over);
                let midst = now.is_some_and(|now| banner.family.family.prelude && !now.course.ended);
                let announced = event || midst && relation.is_some();
                let follows = now
                    .filter(|_| relation == Some(Relation::Cascade))
                    .and_then(|now| now.cause.start(banner.line.offset));
                let faults = now.map_or(0, |now| now.cause.faults_before(&banner, &now.course));
                let cause = Cause::first(banner).after(faults);
                self.begin(entry, cause, follows, announced, window);
            }
        }
    }

    /// A banner that is all of its report, but for what its lane's next line may be; not `within` another report.
    fn put_aside(&mut self, entry: &Entry<'a>, banner: Banner<'a>, within: bool, window: &mut Window<'a>) {
        if !within && !banner.family.family.leads_to.is_empty() {
            return self.begin(entry, Cause::first(banner), None, false, window);
        }
        let report = self.open(entry, banner, None, window);
        self.reports.get(report).into_iter().for_each(|report| report.done = true);
    }

    /// A banner goes on with the report of its lane; `false` if that is over.
    fn goes_on(&mut self, entry: &Entry<'a>, banner: Banner<'a>) -> bool {
        let Some(talk) = self.lanes.get(entry.lane) else { return false };
        if let Some(outer) = talk.outer.take() {
            self.reports.end(&outer);
        }
        let first = talk.fault.take();
        if let Some(first) = &first
            && !(banner.faults_again() && self.reports.merge(first.report, talk.now.report, entry.end))
        {
            self.reports.end(first);
        } else if let Some(first) = first {
            talk.now.report = first.report;
            talk.now.cause = talk.now.cause.of(first.cause.start(banner.line.offset));
        }
        let headline = talk.now.cause.banner.gives_headline_to(&banner);
        let unsure = self.unsure;
        let wanted = self.range.contains(&banner.line.offset);
        if let Some(report) = self.reports.get(talk.now.report) {
            if report.done && !report.is_cut() {
                return false;
            }
            if headline {
                report.take_headline(&banner);
            } else {
                report.take(banner.line, true);
            }
            report.ended = false;
        }
        if unsure && wanted {
            self.unsettled.get_or_insert(banner.line.offset);
        }
        let now = &mut talk.now;
        if !banner.is_aside() {
            now.cause = now.cause.next(banner);
            (now.course, now.waits) = (now.cause.course(), false);
        }
        now.last = banner.line.offset + banner.line.raw.len();
        true
    }

    /// A banner opens a report of its lane.
    fn begin(
        &mut self,
        entry: &Entry<'a>,
        cause: Cause<'a>,
        follows: Option<usize>,
        announced: bool,
        window: &mut Window<'a>,
    ) {
        let banner = cause.banner;
        let before = self.remove(entry.lane);
        let mut first = None;
        let outer = before.and_then(|Talk { now, outer, fault, .. }| {
            fault.iter().for_each(|fault| self.reports.end(fault));
            if cause.may_repeat() && !announced && !now.guest {
                outer.iter().for_each(|outer| self.reports.end(outer));
                first = Some(now);
                return None;
            }
            if !announced {
                self.reports.end(&now);
                outer.iter().for_each(|outer| self.reports.end(outer));
                return None;
            }
            let Some(outer) = outer else { return Some(now) };
            self.reports.end(&now);
            Some(outer)
        });
        let report = self.open(entry, banner, follows, window);
        let wanted =
            first.as_ref().and_then(|first| self.reports.get(first.report)).is_some_and(|first| first.wanted);
        self.reports.get(report).into_iter().for_each(|second| second.wanted |= wanted);
        self.watch(entry, Telling::new(report, cause, false, announced && !midst::is_event(&banner)), outer);
        if let Some(talk) = self.lanes.get(entry.lane) {
            talk.fault = first;
        }
        if banner.is_backtrace() {
            self.request = Some(Request { offset: banner.line.offset, report });
        }
    }

    fn watch(&mut self, entry: &Entry<'a>, now: Telling<'a>, outer: Option<Telling<'a>>) {
        self.deadlines.push_back((entry.end + SILENCE_BYTES_AFTER_END, entry.lane, now.report));
        self.live += 1;
        self.lanes.insert(entry.lane, Talk { now, outer, fault: None, silent: false });
    }

    /// Opens a report; gives its number.
    fn open(
        &mut self,
        entry: &Entry<'a>,
        banner: Banner<'a>,
        mut follows: Option<usize>,
        window: &mut Window<'a>,
    ) -> u64 {
        let owned = self.range.contains(&banner.line.offset);
        let mut first = self.printed.before(&banner.line);
        // A person has put the banner before the log.
        let above = first.filter(|first| !banner.is_aside() && window.is_above_log(*first));
        if let Some(above) = above.filter(|above| self.reports.disown(*above)) {
            (first, follows) = (None, follows.filter(|start| *start != above));
        }
        let mut report = Collector::new(entry, banner, follows, owned, first);
        if owned {
            report.preamble = preamble(window, &banner, entry.lane);
        }
        report.open = self.unsure;
        report.shared = self.shared.clone().filter(|_| entry.mixed);
        self.reports.push(report)
    }
}
