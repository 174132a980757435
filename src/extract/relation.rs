//! How banners stand to each other: each answer looks at the window before a banner and at nothing else.

use memchr::memmem;

use crate::formats::{Part, noise};

use super::course::Course;
use super::lines::{is_replayed, line_at};
use super::{Banner, Context, Incidents, LOOK_BACK_BANNERS, LOOK_BACK_BYTES, is_backtrace};

/// Foreign lines between a banner and one that continues it.
const FOREIGN_LINES_INSIDE: u32 = 8;
/// A cascade: the next banner comes within this time, with nothing foreign between.
const CASCADE_MICROS: u64 = 2_000_000;
/// The same where both crashes last.
const LASTING_CASCADE_MICROS: u64 = 120_000_000;

/// How a banner stands to the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// It belongs to the report of the banner before it.
    Part,
    /// It opens a report that follows from that of the banner at an index: the next of a cascade.
    Cascade(usize),
    /// It opens a report that has nothing to do with earlier ones.
    Alone,
}

impl<'a> Incidents<'a> {
    /// How the banner at index `at` stands to the ones before it.
    pub(super) fn relation(&self, at: usize) -> Relation {
        let Some(banner) = self.banners.get(at) else { return Relation::Part };
        match self.relation_to_own(at, banner) {
            Some(relation) => relation,
            None if is_backtrace(banner) && self.asker(banner).is_some() => Relation::Part,
            None => Relation::Alone,
        }
    }

    /// How a banner stands to its caller's earlier ones.
    fn relation_to_own(&self, at: usize, banner: &Banner<'a>) -> Option<Relation> {
        let index = self.cause_of(at, banner)?;
        let cause = self.banners.get(index)?;
        if self.over == Some(cause.line.offset) || !may_relate(cause, banner) {
            return None;
        }
        let course = self.course_between(cause, banner)?;
        Some(self.relation_to(index, banner, course))
    }

    /// Whether the banner at an index is a backtrace that this caller has asked another CPU for, and has nothing to do with
    /// that CPU's own reports.
    pub(super) fn is_guest(&self, at: usize, caller: Context) -> bool {
        let Some(banner) = self.banners.get(at).filter(|banner| is_backtrace(banner)) else { return false };
        self.relation_to_own(at, banner).is_none() && self.asker(banner) == Some(caller)
    }

    /// Index of the nearest earlier banner of the same caller.
    pub(super) fn cause_of(&self, at: usize, banner: &Banner<'a>) -> Option<usize> {
        let horizon = banner.line.offset.saturating_sub(LOOK_BACK_BYTES);
        (at.saturating_sub(LOOK_BACK_BANNERS)..at).rev().find_map(|i| {
            let earlier = self.banners.get(i).filter(|b| b.line.offset >= horizon && !b.is_aside())?;
            self.is_alike(&earlier.line, &banner.line).then_some(i)
        })
    }

    /// How `banner` stands to the one at `index`, whose report has run the `course` since.
    pub(super) fn relation_to(&self, index: usize, banner: &Banner<'a>, course: Course) -> Relation {
        let Some(cause) = self.banners.get(index) else { return Relation::Alone };
        let (first, then) = (cause.family.family, banner.family.family);
        let close = course.foreign <= FOREIGN_LINES_INSIDE;
        let part = match then.part {
            Part::Aside => return Relation::Alone,
            Part::Opens if cause.is_inlined() && first.banner == then.banner => true,
            Part::Opens => close && first.leads_to.contains(&then.banner),
            Part::OfAny => (close || first.event) && !course.ended,
            Part::OfCrash => close && !self.is_event(index),
            Part::OfFault => {
                close && !course.ended && !course.traced && !matches!(first.part, Part::OfAny | Part::OfCrash)
            }
        };
        if part {
            Relation::Part
        } else if course.foreign == 0 && within_cascade(cause, banner) {
            Relation::Cascade(index)
        } else {
            Relation::Alone
        }
    }

    /// Whether the report that the banner at `index` belongs to, dumps apart, is of a mere event.
    fn is_event(&self, index: usize) -> bool {
        let horizon = self.horizon_of(index);
        let mut index = index;
        while let Some(banner) = self.banners.get(index).filter(|b| b.line.offset >= horizon) {
            let family = banner.family.family;
            match self.cause_of(index, banner) {
                Some(cause) if family.part == Part::OfAny => index = cause,
                _ => return family.event,
            }
        }
        false
    }

    /// The start of the report that the banner at `index` belongs to.
    pub(super) fn opener_of(&self, index: usize) -> Option<usize> {
        let horizon = self.horizon_of(index);
        let mut index = index;
        loop {
            let banner = self.banners.get(index).filter(|b| b.line.offset >= horizon)?;
            if !banner.part.unwrap_or_else(|| self.relation(index) == Relation::Part) {
                return Some(banner.line.offset);
            }
            index = self.cause_of(index, banner)?;
        }
    }

    /// How far back the causes of the banner at `index` are followed.
    fn horizon_of(&self, index: usize) -> usize {
        self.banners.get(index).map_or(0, |banner| banner.line.offset.saturating_sub(LOOK_BACK_BYTES))
    }

    /// How the report of `cause` stands when `banner`'s line is reached; `None` if it ended before.
    fn course_between(&self, cause: &Banner<'a>, banner: &Banner<'a>) -> Option<Course> {
        let mut course = Course::default();
        // What is all of its report says nothing of another's.
        let later = self.banners.partition_point(|other| other.line.offset <= cause.line.offset);
        let mut asides =
            self.banners.range(later..).filter(|aside| aside.is_aside()).map(|aside| aside.line.offset);
        let mut aside = asides.next();
        let mut after = self.log.line_end(cause.line.offset) + 1;
        while after < banner.line.offset {
            let end = self.log.line_end(after);
            let line = line_at(self.log, after, end);
            let is_aside = aside == Some(after);
            if is_aside {
                aside = asides.next();
            }
            let own = self.is_alike(&line, &banner.line) && !is_replayed(self.log, end);
            if own && !is_aside && !course.take(line.body) {
                return None;
            }
            after = end + 1;
        }
        Some(course)
    }

    /// Whether a banner announces a crash in the midst of another's report, which may go on behind it.
    pub(super) fn interrupts(&self, at: usize, banner: &Banner<'a>) -> bool {
        let cause = || self.banners.get(self.cause_of(at, banner)?);
        banner.family.family.prelude
            && cause()
                .and_then(|cause| self.course_between(cause, banner))
                .is_some_and(|course| !course.ended)
    }

    /// Who has asked for a backtrace, or for one that it follows, if his report goes on until then.
    fn asker(&self, banner: &Banner<'a>) -> Option<Context> {
        let horizon = self.log.before(banner.line.offset, LOOK_BACK_BYTES);
        let window = self.log.get(horizon..banner.line.offset);
        let found = memmem::rfind(window, noise::NMI_REQUEST.as_bytes())?;
        let start = self.log.line_start(horizon + found);
        if start < horizon {
            return None;
        }
        let request = line_at(self.log, start, self.log.line_end(start));
        let cause = self
            .banners
            .iter()
            .rev()
            .skip_while(|b| b.line.offset >= request.offset)
            .take_while(|b| b.line.offset >= horizon)
            .find(|b| self.is_alike(&b.line, &request))?;
        self.course_between(cause, &Banner { line: request, ..*banner }).map(|_| Context::of(&request))
    }
}

/// Whether any course of a report could join a banner to it: else the lines between need not be read.
fn may_relate(cause: &Banner<'_>, banner: &Banner<'_>) -> bool {
    let opens = banner.family.family.part == Part::Opens;
    let leads = cause.family.family.leads_to.contains(&banner.family.family.banner);
    !opens || leads || cause.is_inlined() || within_cascade(cause, banner)
}

/// Whether two banners are close enough in time for one to follow from the other.
fn within_cascade(cause: &Banner<'_>, banner: &Banner<'_>) -> bool {
    match (cause.line.prefix.time, banner.line.prefix.time) {
        (Some(first), Some(second)) => {
            let lasting = cause.family.family.lasts && banner.family.family.lasts;
            second.abs_diff(first) <= if lasting { LASTING_CASCADE_MICROS } else { CASCADE_MICROS }
        }
        _ => true,
    }
}
