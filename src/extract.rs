//! Which lines make a report: banners, what continues them, and where an incident ends.
//!
//! Every decision here looks at a bounded window round the banner and never at a state carried from
//! the log's start. So any range of a log can be read on its own: it owns the reports whose banner
//! starts in it.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;
use memchr::memrchr;

use crate::facts::registers;
use crate::formats::{Part, noise};
use crate::line::{Caller, Line, Origin};
use crate::rules::{self, CompiledFamily};
use crate::scan::{self, Hits};
use crate::text;

/// How far before a banner its cause is looked for.
const LOOK_BACK_BYTES: usize = 64 << 10;
/// A report ends where its caller is silent for this many bytes of others' lines.
const SILENCE_BYTES: usize = 256 << 10;
/// Lines that are no part of a report, in a row: more end it.
const FOREIGN_LINES: u32 = 24;
/// The same after an end marker, where only registers and a panic may come.
const FOREIGN_LINES_AFTER_END: u32 = 3;
/// Foreign lines between a banner and one that continues it.
const FOREIGN_LINES_INSIDE: u32 = 8;
/// A cascade: the next banner comes within this time, with nothing foreign between.
const CASCADE_MICROS: u64 = 2_000_000;
/// Lines before a banner that may belong to it (`cut here` and a WARN's message).
const PREAMBLE_LINES: usize = 16;
/// Lines that a report keeps; a dump of all tasks of a large machine stays below.
const REPORT_LINES: usize = 65_536;
/// Lines after a report that are searched for the stack that it lacks.
const LINES_BEYOND: usize = 96;
/// Bytes of a line that are read; what is longer is no kernel's.
const LINE_BYTES: usize = 64 << 10;

/// A line that opens a report or continues one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Banner<'a> {
    pub(crate) line: Line<'a>,
    pub(crate) family: &'static CompiledFamily,
}

impl Banner<'_> {
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
    /// Start of the report that this one follows from.
    pub(crate) follows: Option<usize>,
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

/// What a line means for the report it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Blank,
    /// A part of any report: frames, headers, lock lists.
    Inside,
    /// A part that also comes after the end marker: registers, the panic's last words.
    Tail,
    /// `---[ end trace 0000000000000000 ]---`
    End,
    Foreign,
}

/// Whether a report still goes on, line by line since its last banner.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    ended: bool,
    foreign: u32,
}

impl Course {
    /// Takes the next line of the report's caller; `false` where the report is over.
    fn take(&mut self, body: &[u8]) -> bool {
        match shape(body) {
            Shape::Blank => {}
            Shape::Inside if !self.ended => self.foreign = 0,
            Shape::Tail => self.foreign = 0,
            Shape::End => (self.ended, self.foreign) = (true, 0),
            Shape::Inside | Shape::Foreign => self.foreign += 1,
        }
        self.foreign <= if self.ended { FOREIGN_LINES_AFTER_END } else { FOREIGN_LINES }
    }
}

fn shape(body: &[u8]) -> Shape {
    let text = text::skip_blanks(body);
    if text.is_empty() || text.iter().all(|&b| matches!(b, b'=' | b'-')) {
        Shape::Blank
    } else if text.starts_with(b"---[ end trace") {
        Shape::End
    } else if registers::is_register_line(body) || starts_with_any(text, noise::TAIL) {
        Shape::Tail
    } else if text::contains(body, "+0x") || holds_dump(text) || starts_with_any(text, noise::INSIDE) {
        Shape::Inside
    } else {
        Shape::Foreign
    }
}

/// Whether a line holds raw words of memory or registers: 8 or 16 hexadecimal digits on their own.
fn holds_dump(text: &[u8]) -> bool {
    text.split(|b| matches!(b, b' ' | b':' | b'(' | b')' | b'[' | b']' | b'<' | b'>')).any(|word| {
        matches!(word.len(), 8 | 16)
            && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            && word.iter().any(u8::is_ascii_digit)
    })
}

fn starts_with_any(text: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start.as_bytes()))
}

/// How a banner stands to the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// It opens a report; perhaps one that follows from the report at an offset.
    Opens(Option<usize>),
    /// It is a part of the report that the banner at an offset belongs to.
    PartOf,
}

/// The incidents of a range of a log, in order.
#[derive(Clone, Debug)]
pub(crate) struct Incidents<'a> {
    log: &'a [u8],
    range: Range<usize>,
    hits: Hits<'a>,
    /// Banners found so far: those inside the look-back window, and those read ahead.
    banners: VecDeque<Banner<'a>>,
    /// Index in `banners` of the next one to look at.
    next: usize,
}

impl<'a> Incidents<'a> {
    /// Incidents whose banner starts in `range`.
    pub(crate) fn new(log: &'a [u8], range: Range<usize>) -> Incidents<'a> {
        let from = range.start.saturating_sub(2 * LOOK_BACK_BYTES).min(log.len());
        let from = if from == 0 { 0 } else { scan::line_end(log, from - 1) + 1 };
        Incidents { log, range, hits: Hits::new(log, from), banners: VecDeque::new(), next: 0 }
    }

    /// Reads one more banner; `false` at the log's end.
    fn read_ahead(&mut self) -> bool {
        for span in self.hits.by_ref() {
            let line = line_at(self.log, span.start, span.end);
            if let Some(family) = rules::classify(&line) {
                self.banners.push_back(Banner { line, family });
                return true;
            }
        }
        false
    }

    /// The banner that is the line at `offset`, reading ahead as far as needed.
    fn banner_at(&mut self, offset: usize) -> Option<usize> {
        while self.banners.back().is_none_or(|last| last.line.offset < offset) {
            if !self.read_ahead() {
                break;
            }
        }
        self.banners.binary_search_by_key(&offset, |banner| banner.line.offset).ok()
    }

    /// Forgets banners that no later one can look back to.
    fn forget(&mut self) {
        let Some(now) = self.banners.get(self.next).map(|b| b.line.offset) else { return };
        let horizon = now.saturating_sub(2 * LOOK_BACK_BYTES);
        while self.next > 0 && self.banners.front().is_some_and(|b| b.line.offset < horizon) {
            self.banners.pop_front();
            self.next -= 1;
        }
    }
}

impl<'a> Iterator for Incidents<'a> {
    type Item = Incident<'a>;

    fn next(&mut self) -> Option<Incident<'a>> {
        loop {
            while self.next >= self.banners.len() {
                if !self.read_ahead() {
                    return None;
                }
            }
            let at = self.next;
            let offset = self.banners.get(at)?.line.offset;
            if offset >= self.range.end {
                return None;
            }
            let opens = match offset >= self.range.start {
                true => self.link(at),
                false => Link::PartOf,
            };
            self.next += 1;
            if let Link::Opens(follows) = opens {
                let incident = self.incident(at, follows);
                self.forget();
                return incident;
            }
            self.forget();
        }
    }
}

impl<'a> Incidents<'a> {
    /// How the banner at index `at` stands to the ones before it.
    fn link(&self, at: usize) -> Link {
        let Some(banner) = self.banners.get(at) else { return Link::PartOf };
        if let Some(link) = self.link_to_same_caller(at, banner) {
            return link;
        }
        if is_backtrace(banner) && self.answers_a_request(banner) {
            return Link::PartOf;
        }
        Link::Opens(None)
    }

    /// The link to the nearest earlier banner of the same caller; `None` if its report had ended.
    fn link_to_same_caller(&self, at: usize, banner: &Banner<'a>) -> Option<Link> {
        let horizon = banner.line.offset.saturating_sub(LOOK_BACK_BYTES);
        let context = Context::of(&banner.line);
        let before = (0..at)
            .rev()
            .map_while(|i| self.banners.get(i).map(|b| (i, b)))
            .take_while(|(_, b)| b.line.offset >= horizon)
            .filter(|(_, b)| b.family.family.part != Part::Aside)
            .find(|(_, b)| Context::of(&b.line) == context)?;
        let (index, cause) = before;
        let course = self.course_between(cause, banner)?;
        let part = match banner.family.family.part {
            Part::Opens => {
                course.foreign <= FOREIGN_LINES_INSIDE
                    && cause.family.family.leads_to.contains(&banner.family.family.banner)
            }
            Part::Aside => return None,
            Part::OfCrash if cause.family.family.event => false,
            Part::OfAny | Part::OfCrash => course.foreign <= FOREIGN_LINES_INSIDE,
            Part::OfFault => {
                !course.ended
                    && course.foreign <= FOREIGN_LINES_INSIDE
                    && leads_to_oops(cause, self.log, banner)
            }
        };
        if part {
            return Some(Link::PartOf);
        }
        let cascade = course.foreign == 0 && within_cascade(cause, banner);
        Some(Link::Opens(if cascade { self.opener_of(index) } else { None }))
    }

    /// The start of the report that the banner at `index` belongs to.
    fn opener_of(&self, index: usize) -> Option<usize> {
        let context = Context::of(&self.banners.get(index)?.line);
        (0..=index)
            .rev()
            .filter(|&i| self.banners.get(i).is_some_and(|b| Context::of(&b.line) == context))
            .find(|&i| matches!(self.link(i), Link::Opens(_)))
            .and_then(|i| self.banners.get(i))
            .map(|banner| banner.line.offset)
    }

    /// How the report of `cause` stands when `banner`'s line is reached; `None` if it ended before.
    fn course_between(&self, cause: &Banner<'a>, banner: &Banner<'a>) -> Option<Course> {
        let context = Context::of(&banner.line);
        let mut course = Course::default();
        let mut after = scan::line_end(self.log, cause.line.offset) + 1;
        while after < banner.line.offset {
            let line = line_from(self.log, after);
            if Context::of(&line) == context && !course.take(line.body) {
                return None;
            }
            after = scan::line_end(self.log, after) + 1;
        }
        Some(course)
    }

    /// Whether a backtrace answers another CPU's request, or follows one that does.
    fn answers_a_request(&self, banner: &Banner<'a>) -> bool {
        let horizon = banner.line.offset.saturating_sub(LOOK_BACK_BYTES);
        let window = self.log.get(horizon..banner.line.offset).unwrap_or_default();
        let Some(found) = memmem::rfind(window, noise::NMI_REQUEST.as_bytes()) else { return false };
        let span = scan::line_around(self.log, horizon + found);
        let request = line_at(self.log, span.start, span.end);
        let context = Context::of(&request);
        self.banners
            .iter()
            .rev()
            .skip_while(|b| b.line.offset >= request.offset)
            .take_while(|b| b.line.offset >= horizon)
            .find(|b| Context::of(&b.line) == context)
            .is_some_and(|cause| {
                self.course_between(cause, &Banner { line: request, family: banner.family }).is_some()
            })
    }

    /// Collects the lines of the report that the banner at index `at` opens.
    fn incident(&mut self, at: usize, follows: Option<usize>) -> Option<Incident<'a>> {
        let banner = *self.banners.get(at)?;
        let context = Context::of(&banner.line);
        let mut lines = vec![banner.line];
        let mut kept = 1;
        let mut course = Course::default();
        let mut guests: Vec<(Context, Course)> = Vec::new();
        let mut asked = is_backtrace(&banner);
        let mut last = scan::line_end(self.log, banner.line.offset);
        let mut after = last + 1;
        while after < self.log.len() && lines.len() < REPORT_LINES && !banner.is_aside() {
            let line = line_from(self.log, after);
            let end = scan::line_end(self.log, after);
            if end - last > SILENCE_BYTES {
                break;
            }
            let from = Context::of(&line);
            let own = from == context;
            let guest = guests.iter().position(|(guest, _)| *guest == from);
            if own || guest.is_some() || (asked && matches!(from.caller, Some(Caller::Cpu(_)))) {
                if let Some(next) = self.banner_at(after) {
                    let backtrace = self.banners.get(next).is_some_and(is_backtrace);
                    let aside = self.banners.get(next).is_some_and(Banner::is_aside);
                    let ours = matches!(self.link(next), Link::PartOf);
                    match (own, ours) {
                        (true, false) if aside => {
                            after = end + 1;
                            continue;
                        }
                        (true, false) => break,
                        (true, true) => course = Course::default(),
                        (false, true) if backtrace => {
                            guests.retain(|(guest, _)| *guest != from);
                            guests.push((from, Course::default()));
                        }
                        (false, _) => guests.retain(|(guest, _)| *guest != from),
                    }
                    if own || (ours && backtrace) {
                        lines.push(line);
                        kept = lines.len();
                        last = end;
                    }
                } else {
                    let state = match guest.and_then(|i| guests.get_mut(i)) {
                        Some((_, course)) => Some(course),
                        None if own => Some(&mut course),
                        None => None,
                    };
                    if let Some(state) = state {
                        if state.take(line.body) {
                            lines.push(line);
                            if state.foreign == 0 {
                                kept = lines.len();
                            }
                            last = end;
                        } else if own {
                            break;
                        } else {
                            guests.retain(|(guest, _)| *guest != from);
                        }
                    }
                }
                asked |= own && text::contains(line.body, noise::NMI_REQUEST);
            }
            after = end + 1;
        }
        let preamble = self.preamble(&banner);
        Some(Incident { banner, preamble, lines, kept, follows })
    }

    /// The lines before a banner that belong to it: from `cut here` on, or a line of `=`.
    fn preamble(&self, banner: &Banner<'a>) -> Vec<Line<'a>> {
        let context = Context::of(&banner.line);
        let horizon = banner.line.offset.saturating_sub(LOOK_BACK_BYTES);
        let mut found = Vec::new();
        let mut at = banner.line.offset;
        while at > horizon && found.len() < PREAMBLE_LINES {
            let end = at - 1;
            let start = self.log.get(..end).and_then(|b| memrchr(b'\n', b)).map_or(0, |newline| newline + 1);
            at = start;
            let line = line_at(self.log, start, end);
            if Context::of(&line) != context {
                continue;
            }
            if rules::classify(&line).is_some() || matches!(shape(line.body), Shape::End) {
                break;
            }
            found.push(line);
            if text::contains(line.body, noise::CUT_HERE) {
                found.reverse();
                return found;
            }
            if found.len() == 1 && line.body.len() > 20 && line.body.iter().all(|&b| b == b'=') {
                return found;
            }
        }
        Vec::new()
    }
}

impl<'a> Incident<'a> {
    /// Lines of the same caller after the report's, as many as may hold its missing parts.
    pub(crate) fn beyond(&self, log: &'a [u8]) -> Vec<Line<'a>> {
        let context = Context::of(&self.banner.line);
        let last = self.lines.last().unwrap_or(&self.banner.line).offset;
        let mut found = Vec::new();
        let mut after = scan::line_end(log, last) + 1;
        let end = log.len().min(after + LOOK_BACK_BYTES);
        while after < end && found.len() < LINES_BEYOND {
            let line = line_from(log, after);
            if Context::of(&line) == context {
                found.push(line);
            }
            after = scan::line_end(log, after) + 1;
        }
        found
    }
}

/// `NMI backtrace for cpu 1`: printed by that CPU, on another's request.
fn is_backtrace(banner: &Banner<'_>) -> bool {
    text::contains(banner.line.body, "NMI backtrace for cpu ")
}

/// Whether `cause` may end in the oops that `banner` announces: no oops stands between them.
fn leads_to_oops(cause: &Banner<'_>, log: &[u8], banner: &Banner<'_>) -> bool {
    let between = log.get(cause.line.offset..banner.line.offset).unwrap_or_default();
    !matches!(cause.family.family.part, Part::OfAny | Part::OfCrash)
        && memmem::find(between, b"Call Trace:").is_none()
}

/// Whether two banners are close enough in time for one to follow from the other.
fn within_cascade(cause: &Banner<'_>, banner: &Banner<'_>) -> bool {
    match (cause.line.prefix.time, banner.line.prefix.time) {
        (Some(first), Some(second)) => second.abs_diff(first) <= CASCADE_MICROS,
        _ => true,
    }
}

/// The line from `start` to the line feed at `end`.
fn line_at(log: &[u8], start: usize, end: usize) -> Line<'_> {
    let end = end.min(start.saturating_add(LINE_BYTES));
    Line::parse(start, log.get(start..end).unwrap_or_default())
}

/// The line that starts at `start`.
fn line_from(log: &[u8], start: usize) -> Line<'_> {
    line_at(log, start, scan::line_end(log, start))
}
