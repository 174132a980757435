//! What follows from what: how a banner stands to the one before it in its lane.

use crate::formats::{Part, panic};
use crate::text;

use super::banner::Banner;
use super::goes_on::Course;
use super::limits::LOOK_BACK_BYTES;

/// A cascade: the next banner comes within this time, with nothing foreign between.
const CASCADE_MICROS: u64 = 2_000_000;
/// The same where both crashes last.
const LASTING_CASCADE_MICROS: u64 = 120_000_000;

/// How a banner stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// It belongs to the report of the banner before it.
    Part,
    /// It opens a report that follows from that one: the next of a cascade.
    Cascade,
    /// It opens a report that has nothing to do with it.
    Alone,
}

/// The last banner of a lane, and what its report is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause<'a> {
    pub(super) banner: Banner<'a>,
    /// Start of the report that the banner belongs to.
    start: usize,
    /// Whether the report, dumps apart, is of a mere event.
    event: bool,
    /// Whether the machine has stopped.
    panics: bool,
    /// So many banners of faults stand in a row with no stack between, this one too.
    faults: u8,
}

/// As many CPUs may say at once that they fault before the first of them prints a stack: what comes then is the fault of who
/// prints a fault, and so was the last of those.
pub(super) const FAULTS_AT_ONCE: u8 = 2;

impl<'a> Cause<'a> {
    /// A banner that opens a report.
    pub(super) fn first(banner: Banner<'a>) -> Cause<'a> {
        let panics = text::contains(banner.line.body, "Kernel panic - ");
        let faults = u8::from(banner.faults_again());
        Cause { banner, start: banner.line.offset, event: banner.family.family.event, panics, faults }
    }

    /// The same behind so many banners of faults in a row.
    pub(super) fn after(self, faults: u8) -> Cause<'a> {
        Cause { faults: if self.faults == 0 { 0 } else { self.faults.saturating_add(faults) }, ..self }
    }

    /// The same of a report that starts before, if it lies near enough.
    pub(super) fn of(self, start: Option<usize>) -> Cause<'a> {
        Cause { start: start.unwrap_or(self.start), ..self }
    }

    /// How many banners of faults stand in a row with this one, where its report has run the `course` since.
    pub(super) fn faults_in_a_row(&self, course: &Course) -> u8 {
        if course.traced || course.ended || !course.is_close() { 0 } else { self.faults }
    }

    /// The same before a banner, which comes at once.
    pub(super) fn faults_before(&self, banner: &Banner<'_>, course: &Course) -> u8 {
        if self.is_near_in_time(banner) { self.faults_in_a_row(course) } else { 0 }
    }

    /// Whether the fault may be of who prints the one before it: the next banner tells.
    pub(super) fn may_repeat(&self) -> bool {
        self.faults == FAULTS_AT_ONCE
    }

    /// A banner that belongs to the report of this one. What a WARN says announces nothing: the WARN goes on.
    pub(super) fn next(&self, banner: Banner<'a>) -> Cause<'a> {
        let said = banner.family.family.prelude && self.banner.is_warning_of(&banner);
        let banner = if said { self.banner } else { banner };
        let event = if banner.part() == Part::OfAny { self.event } else { banner.family.family.event };
        let panics = self.panics || Cause::first(banner).panics;
        Cause { banner, start: self.start, event, panics, faults: self.faults }
    }

    /// Start of the report, if it lies near enough before an offset.
    pub(super) fn start(&self, offset: usize) -> Option<usize> {
        Some(self.start).filter(|start| *start >= offset.saturating_sub(LOOK_BACK_BYTES))
    }

    /// What the report does behind the banner.
    pub(super) fn course(&self) -> Course {
        Course::since(self.panics)
    }

    /// How a banner stands to this one, whose report has run the `course` since; `None` where it is too far off.
    pub(super) fn relation(&self, banner: &Banner<'_>, course: &Course) -> Option<Relation> {
        let offset = banner.line.offset;
        if self.banner.line.offset < offset.saturating_sub(LOOK_BACK_BYTES) {
            return None;
        }
        let (first, then) = (self.banner.family.family, banner.family.family);
        let close = course.is_close();
        if [first.part, then.part].contains(&Part::Aside) {
            let leads = first.leads_to.contains(&then.banner) && self.is_near_in_time(banner);
            let part = close && leads && is_of_one(self.banner.line.body, banner.line.body);
            return Some(if part { Relation::Part } else { Relation::Alone });
        }
        let hardware = !first.uncorrected.is_empty();
        let part = match then.part {
            Part::Aside => false,
            Part::Opens if self.banner.closes_with(banner) => close && !course.ended,
            Part::Opens if banner.faults_again() && self.faults_before(banner, course) >= FAULTS_AT_ONCE => {
                true
            }
            Part::Opens if self.banner.is_inlined() && first.banner == then.banner => true,
            // Up to Linux 4.x the message of a WARN stands behind its banner.
            Part::Opens if self.banner.is_warning_of(banner) => close && !course.cut && !course.headed,
            Part::Opens => {
                close
                    && !course.ended
                    && self.is_near_in_time(banner)
                    && first.leads_to.contains(&then.banner)
            }
            // What comes after a hardware error is one, or has nothing to do with it.
            Part::OfAny | Part::OfFault if hardware && !then.leads_to.contains(&first.banner) => false,
            Part::OfAny => {
                let behind_end = course.foreign == 0 && is_consequence(banner.line.body);
                (close || first.event) && (!course.ended || behind_end)
            }
            Part::OfCrash => {
                let event = self.event && self.start(offset).is_some();
                let near = !hardware || self.is_near_in_time(banner);
                close && near && !event && (!course.ended || is_consequence(banner.line.body))
            }
            Part::OfFault => {
                let crash = !first.event && !matches!(first.part, Part::OfAny | Part::OfCrash);
                close && !course.ended && !course.traced && crash
            }
        };
        Some(if part {
            Relation::Part
        } else if course.foreign == 0 && !hardware && self.is_near_in_time(banner) {
            Relation::Cascade
        } else {
            Relation::Alone
        })
    }

    /// Whether a banner is close enough in time to follow from this one.
    pub(super) fn is_near_in_time(&self, banner: &Banner<'_>) -> bool {
        match (self.banner.line.prefix.time, banner.line.prefix.time) {
            (Some(first), Some(second)) => {
                let lasting = self.banner.family.family.lasts && banner.family.family.lasts;
                second.abs_diff(first) <= if lasting { LASTING_CASCADE_MICROS } else { CASCADE_MICROS }
            }
            _ => true,
        }
    }
}

/// Whether a file system says what follows from a failure of its own: both name the device, or a check of its code failed.
fn is_of_one(first: &[u8], then: &[u8]) -> bool {
    let device = |body| {
        let behind = text::after(body, "(")?;
        let (device, _) = text::take(behind.strip_prefix(b"device ").unwrap_or(behind), |c| c != b')');
        (!device.is_empty()).then_some(device)
    };
    match (device(first), device(then)) {
        (Some(one), Some(other)) => one == other,
        (None, Some(_)) => text::contains(first, "btrfs") && text::begins(then, "BTRFS"),
        _ => false,
    }
}

/// Whether a banner is what a crash ends in that has been printed as a whole, and not another crash.
fn is_consequence(body: &[u8]) -> bool {
    panic::CONSEQUENCES.iter().any(|words| text::contains(body, words))
}
