//! Which lines make a report: banners, what continues them, and where an incident ends.
//!
//! Every decision here looks at a bounded window round the banner and never at a state carried from
//! the log's start. So any range of a log can be read on its own: it owns the reports whose banner
//! starts in it.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use crate::facts::registers;
use crate::formats::{Part, noise};
use crate::line::{Caller, Line, Origin};
use crate::rules::{self, CompiledFamily};
use crate::scan::{self, Hits, LINE_BYTES};
use crate::text::{self, Log};

mod block;
mod boots;
mod collector;
mod course;
mod detached;
mod limits;
mod lines;
mod piece;
mod region;
mod relation;
mod spotter;
mod streams;
mod watch;

pub(crate) use boots::{BOOT_LINE_BYTES, Boots};
pub(crate) use detached::Detached;
pub(crate) use limits::CONTEXT_BYTES;

use collector::{Collector, Whose};
use course::{Course, Shape, shape};
use limits::*;
use lines::{is_replayed, line_at, lines_before};
use relation::Relation;
use spotter::is_watched;
use watch::Watch;

/// A line that opens a report or continues one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Banner<'a> {
    pub(crate) line: Line<'a>,
    pub(crate) family: &'static CompiledFamily,
    /// Whether it continues an earlier report, once that is known.
    part: Option<bool>,
}

impl Banner<'_> {
    /// Whether a symbolizer repeats the banner for the function that this one's was inlined into:
    /// `BUG: KASAN: use-after-free in skb_clone net/core/skbuff.c:1029 [inline]`.
    fn is_inlined(&self) -> bool {
        text::contains(self.line.body, " [inline]")
    }

    /// Whether the next banner gives the report's title.
    fn is_prelude(&self) -> bool {
        self.family.family.prelude || self.is_inlined()
    }

    /// Whether another banner right after it is of the same crash.
    fn leads_to(&self, next: &Banner<'_>) -> bool {
        let (first, then) = (self.family.family, next.family.family);
        first.leads_to.contains(&then.banner) || self.is_inlined() && first.banner == then.banner
    }

    /// Whether the banner is all there is of its report.
    fn is_aside(&self) -> bool {
        self.family.family.part == Part::Aside
    }
}

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

/// Who a line comes from: lines of one report share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Context {
    caller: Option<Caller>,
    stamped: bool,
    origin: Origin,
}

impl Context {
    fn of(line: &Line<'_>) -> Context {
        let prefix = &line.prefix;
        Context { caller: prefix.caller, stamped: prefix.time.is_some(), origin: prefix.origin }
    }
}

/// The incidents of a range of a log, in order.
#[derive(Clone, Debug)]
pub(crate) struct Incidents<'a> {
    log: Log<'a>,
    range: Range<usize>,
    hits: Hits<'a>,
    /// Banners found so far: those inside the look-back window, and those read ahead.
    banners: VecDeque<Banner<'a>>,
    /// Index in `banners` of the next one to look at.
    next: usize,
    /// What is known of a banner ahead, by its offset: found while the report before it was read.
    known: Option<(usize, Relation)>,
    /// A part of the log that has no request for other CPUs' backtraces.
    quiet: Range<usize>,
    /// Offset of the last banner whose report is known to be over before its caller's next banner.
    over: Option<usize>,
    /// Where several CPUs print at once.
    watch: Watch,
    /// Offset of the first banner that is a part of a report, unless more of the log shows that it is not.
    unsettled: Option<usize>,
}

impl<'a> Incidents<'a> {
    /// Incidents whose banner starts in `range`.
    ///
    /// A part of a log begins with a line, and has at least [`CONTEXT_BYTES`] and a line before the range, or else what
    /// is before the part is beyond a line of more than [`LINE_BYTES`].
    pub(crate) fn new(log: Log<'a>, range: Range<usize>) -> Incidents<'a> {
        let from = log.before(range.start, CONTEXT_BYTES).min(log.end());
        let from = if from == log.start() {
            from
        } else {
            // A range inside one line, however long that is, has nothing.
            let line = memchr::memchr(b'\n', log.get(from - 1..range.end));
            line.map_or(range.end, |newline| from + newline)
        };
        Incidents {
            log,
            range,
            hits: Hits::new(log, from),
            banners: VecDeque::new(),
            next: 0,
            known: None,
            quiet: 0..0,
            over: None,
            watch: Watch::default(),
            unsettled: None,
        }
    }

    /// Offset of a banner that more of the log may show to open a report, after all of those that it has opened.
    pub(crate) fn unsettled(&self) -> Option<usize> {
        self.unsettled
    }

    /// Reads one more banner, in a line that begins before `limit`; `false` if there is none.
    fn read_ahead(&mut self, limit: usize) -> bool {
        while let Some(span) = self.hits.next_before(limit) {
            if is_replayed(self.log, span.end) {
                continue;
            }
            let line = line_at(self.log, span.start, span.end);
            let known = rules::classify(&line).filter(|f| !f.family.again || self.has_spoken(line.offset));
            if let Some(family) = known {
                self.banners.push_back(Banner { line, family, part: None });
                return true;
            }
        }
        false
    }

    /// Whether one of the lines right before an offset is the kernel's.
    fn has_spoken(&self, offset: usize) -> bool {
        lines_before(self.log, offset).take(LINES_BEYOND).any(|line| line.prefix.origin == Origin::Kernel)
    }

    /// Whether the next banner, from the one at index `ahead` on, is the line at `offset`; reads ahead as far as needed.
    fn is_banner_at(&mut self, offset: usize, ahead: &mut usize) -> bool {
        while self.hits.searched() <= offset && self.read_ahead(offset + READ_AHEAD_BYTES) {}
        while self.banners.get(*ahead).is_some_and(|banner| banner.line.offset < offset) {
            *ahead += 1;
        }
        self.banners.get(*ahead).is_some_and(|banner| banner.line.offset == offset)
    }

    /// Whether a line from `start` to `end` may ask other CPUs for their backtraces: looked for in many lines at once.
    fn may_ask(&mut self, start: usize, end: usize) -> bool {
        if start < self.quiet.start || end > self.quiet.end {
            let to = (start + READ_AHEAD_BYTES).max(end).min(self.log.end());
            let window = self.log.get(start..to);
            let request = memmem::find(window, noise::NMI_REQUEST.as_bytes());
            self.quiet = start..request.map_or(to, |at| start + at);
        }
        end > self.quiet.end
    }

    /// Whether two lines come from the same.
    fn is_alike(&self, a: &Line<'_>, b: &Line<'_>) -> bool {
        Context::of(a) == Context::of(b) && self.watch.is_one(a, b)
    }

    /// Forgets banners that no later one can look back to.
    fn forget(&mut self) {
        let Some(now) = self.banners.get(self.next).map(|b| b.line.offset) else { return };
        let horizon = now.saturating_sub(CONTEXT_BYTES);
        self.watch.forget(horizon);
        while self.next > 0 && self.banners.front().is_some_and(|b| b.line.offset < horizon) {
            self.banners.pop_front();
            self.next -= 1;
            self.known = match self.known {
                Some((at, Relation::Cascade(of))) => of.checked_sub(1).map(|of| (at, Relation::Cascade(of))),
                known => known,
            };
        }
    }
}

impl<'a> Iterator for Incidents<'a> {
    type Item = Incident<'a>;

    fn next(&mut self) -> Option<Incident<'a>> {
        loop {
            while self.next >= self.banners.len() {
                if !self.read_ahead(self.range.end) {
                    return None;
                }
            }
            let at = self.next;
            let offset = self.banners.get(at)?.line.offset;
            if offset >= self.range.end {
                return None;
            }
            let line = self.banners.get(at)?.line;
            self.watch(&line);
            let follows = match self.known.take() {
                _ if offset < self.range.start => None,
                Some((known, relation)) if known == offset => Some(relation),
                _ => Some(self.relation(at)),
            };
            self.next += 1;
            if let (Some(relation), Some(banner)) = (follows, self.banners.get_mut(at)) {
                banner.part = Some(relation == Relation::Part);
            }
            let follows = match follows {
                None | Some(Relation::Part) => {
                    if follows.is_some() && self.watch.is_unsure(offset) {
                        self.unsettled.get_or_insert(offset);
                    }
                    self.forget();
                    continue;
                }
                Some(Relation::Alone) => None,
                Some(Relation::Cascade(index)) => self.opener_of(index),
            };
            let incident = self.incident(at, follows);
            self.forget();
            return incident;
        }
    }
}

/// The lines of reports.
impl<'a> Incidents<'a> {
    /// Collects the lines of the report that the banner at index `at` opens.
    fn incident(&mut self, at: usize, follows: Option<usize>) -> Option<Incident<'a>> {
        let banner = *self.banners.get(at)?;
        let mut collector = Collector::new(at, &banner);
        collector.waits = self.interrupts(at, &banner);
        let mut ahead = at + 1;
        let mut after = self.log.line_end(banner.line.offset) + 1;
        // Whether a line was cut is known from the next one.
        let mut open = !banner.is_aside() || after >= self.log.end();
        let mut cut = banner.line.raw.len() >= LINE_BYTES;
        // The last line that was more than the report's end.
        let mut read = banner.line.offset;
        let limit = self.watch.end(&banner.line).unwrap_or(usize::MAX);
        while open && after < self.log.end() {
            let end = self.log.line_end(after);
            let ended = collector.course.ended && collector.guests.is_empty();
            let silence = if ended { SILENCE_BYTES_AFTER_END } else { SILENCE_BYTES };
            let full = collector.lines.len() >= REPORT_LINES || end - banner.line.offset > REPORT_BYTES;
            let over = after >= limit || end - collector.last > silence;
            if over || full {
                cut |= !over;
                open = false;
                break;
            }
            if is_replayed(self.log, end) {
                after = end + 1;
                continue;
            }
            let line = line_at(self.log, after, end);
            let is_banner = self.is_banner_at(after, &mut ahead);
            if is_banner {
                self.watch(&line);
            }
            let whose = collector.whose(&line);
            let own = whose != Some(Whose::Own) || self.watch.is_one(&banner.line, &line);
            if let Some(whose) = whose.filter(|_| own) {
                let goes_on = if is_banner {
                    self.meet(&mut collector, whose, ahead)
                } else {
                    collector.asked |=
                        whose == Whose::Own && self.may_ask(after, end) && is_request(line.body);
                    collector.take(whose, line)
                };
                open = goes_on;
            }
            if open {
                read = after;
            }
            after = end + 1;
        }
        // Between the banner and the end of its report an announcement may stand.
        let over = collector.over && !collector.announced;
        self.over = self.banners.get(collector.cause).filter(|_| over).map(|b| b.line.offset);
        open |= !banner.is_aside() && is_watched(&banner.line) && self.watch.is_unsure(read);
        let preamble = self.preamble(&banner);
        let doubtful = self.doubtful(&banner.line, collector.last);
        let mixed = is_watched(&banner.line) && self.watch.region(banner.line.offset).is_some();
        let Collector { lines, kept, headline, .. } = collector;
        Some(Incident { banner, preamble, lines, kept, headline, doubtful, mixed, follows, open, cut })
    }

    /// Lines that may be of a report's or of another CPU's.
    fn doubtful(&self, banner: &Line<'a>, last: usize) -> Vec<Line<'a>> {
        let Some(region) = self.watch.region(banner.offset).filter(|_| is_watched(banner)) else {
            return Vec::new();
        };
        let Some(id) = region.lane(banner.offset).id else { return Vec::new() };
        // What comes before the same CPU's next crash.
        let mut later = self.banners.iter().filter(|later| later.line.offset >= last);
        let next = later.find(|later| self.is_alike(&later.line, banner));
        let end = next.map_or(usize::MAX, |next| next.line.offset);
        let own = region.doubts(id).filter(|offset| (banner.offset..end).contains(offset));
        own.map(|offset| line_at(self.log, offset, self.log.line_end(offset))).collect()
    }

    /// How a banner of the report's own caller stands to the ones before it.
    fn relation_met(&self, collector: &Collector<'a>, next: usize, banner: &Banner<'a>) -> Relation {
        // The same answer as `relation` gives, without reading the lines between again.
        let horizon = banner.line.offset.saturating_sub(LOOK_BACK_BYTES);
        let near = next - collector.cause.min(next) <= LOOK_BACK_BANNERS
            && self.banners.get(collector.cause).is_some_and(|cause| cause.line.offset >= horizon);
        // What an announcement inside this report leads to is another report's.
        if collector.announced && self.cause_of(next, banner) != Some(collector.cause) {
            return Relation::Alone;
        }
        if !near {
            return self.relation(next);
        }
        self.relation_to(collector.cause, banner, collector.course)
    }

    /// Decides about a banner among the lines of a report; `false` where it ends the report.
    fn meet(&mut self, collector: &mut Collector<'a>, whose: Whose, next: usize) -> bool {
        let Some(banner) = self.banners.get(next).copied() else { return true };
        let relation = match whose {
            Whose::Own => match self.relation_met(collector, next, &banner) {
                Relation::Part => Relation::Part,
                other if banner.is_aside() => other,
                other if self.interrupts(next, &banner) => {
                    collector.announced = true;
                    other
                }
                other => {
                    if !collector.announced {
                        self.known = Some((banner.line.offset, other));
                    }
                    return false;
                }
            },
            Whose::Guest if self.is_guest(next, collector.context) => Relation::Part,
            Whose::Guest => Relation::Alone,
        };
        if banner.is_aside() || relation != Relation::Part && banner.family.family.prelude {
            return true;
        }
        let from = Context::of(&banner.line);
        collector.guests.retain(|(guest, _)| *guest != from);
        match (whose, relation) {
            (Whose::Own, _) => {
                if self.banners.get(collector.cause).is_some_and(Banner::is_prelude) {
                    collector.headline = (collector.lines.len(), banner.family);
                }
                collector.cause = next;
                collector.waits = false;
                collector.course = Course::default();
                collector.keep(banner.line);
            }
            (Whose::Guest, Relation::Part) => {
                collector.guests.push((from, Course::default()));
                collector.keep(banner.line);
            }
            (Whose::Guest, _) => {}
        }
        true
    }

    /// The lines before a banner that belong to it: from `cut here` on, a line of `=`, or registers.
    fn preamble(&self, banner: &Banner<'a>) -> Vec<Line<'a>> {
        let dumped = noise::AFTER_REGISTERS.iter().any(|start| text::contains(banner.line.body, start));
        let mut found = Vec::new();
        // How many lines are found where `cut here` is.
        let mut cut = None;
        for line in
            lines_before(self.log, banner.line.offset).filter(|line| self.is_alike(line, &banner.line))
        {
            if found.len() >= cut.unwrap_or(0) + PREAMBLE_LINES {
                break;
            }
            let opens = scan::has_needle(line.body) && rules::classify(&line).is_some();
            if opens || matches!(shape(line.body), Shape::End) {
                break;
            }
            if dumped && !is_dump(line.body) || cut.is_some() && !is_before_cut(line.body) {
                break;
            }
            found.push(line);
            if text::contains(line.body, noise::CUT_HERE) {
                cut = Some(found.len());
            }
            let ruled = line.body.len() > 20 && line.body.iter().all(|&b| b == b'=');
            if found.len() == 1 && (ruled || is_preface(line.body)) {
                return found;
            }
        }
        if !dumped && cut.is_none() {
            return Vec::new();
        }
        found.reverse();
        found
    }
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

/// `Sending NMI from CPU 0 to CPUs 1:`
fn is_request(body: &[u8]) -> bool {
    text::contains(body, noise::NMI_REQUEST)
}

/// `NMI backtrace for cpu 1`: printed by that CPU, on another's request.
fn is_backtrace(banner: &Banner<'_>) -> bool {
    text::contains(banner.line.body, "NMI backtrace for cpu ")
}

/// Whether a line stands right before a fault's banner and belongs to it.
fn is_preface(body: &[u8]) -> bool {
    noise::PREFACES.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a line is of a register dump that stands before its banner.
fn is_dump(body: &[u8]) -> bool {
    registers::is_register_line(body)
        || registers::is_pc_line(body)
        || noise::BEFORE_REGISTERS.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a line belongs to the check that fails after it, although `cut here` stands between.
fn is_before_cut(body: &[u8]) -> bool {
    let starts = noise::PAGE_DUMP.iter().chain(noise::BUG_MESSAGES);
    starts.copied().any(|start| body.starts_with(start.as_bytes()))
}
