//! A line that opens a report or continues one.

use crate::formats::{Part, fault};
use crate::line::Line;
use crate::rules::CompiledFamily;
use crate::text;

/// A line that opens a report or continues one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Banner<'a> {
    pub(crate) line: Line<'a>,
    pub(crate) family: &'static CompiledFamily,
}

impl Banner<'_> {
    /// How it relates to an earlier one.
    pub(super) fn part(&self) -> Part {
        self.family.family.part
    }

    /// Whether a symbolizer repeats the banner for the function that this one's was inlined into:
    /// `BUG: KASAN: use-after-free in skb_clone net/core/skbuff.c:1029 [inline]`.
    pub(super) fn is_inlined(&self) -> bool {
        text::contains(self.line.body, " [inline]")
    }

    /// Whether the next banner of its report gives the title: this one only announces it, or is the WARN whose message the
    /// next one is. A panic behind an announcement is none of what it announces.
    pub(super) fn gives_headline_to(&self, next: &Banner<'_>) -> bool {
        let announces = (self.family.family.prelude || self.is_inlined()) && self.leads_to(next);
        announces || self.is_warning_of(next) && !next.family.family.prelude
    }

    /// Whether it is a WARN that the next banner is the message of:
    /// `WARNING: CPU: 3 PID: 905 at kernel/watchdog.c:267 watchdog_overflow_callback+0x9c/0xd0()`
    pub(super) fn is_warning_of(&self, next: &Banner<'_>) -> bool {
        let body = self.line.body;
        let names = text::contains(body, " at ") && !body.starts_with(b"WARNING: kernel stack ");
        next.family.family.warns && body.starts_with(b"WARNING: ") && names
    }

    /// Whether it is of a report that the next banner, a WARN, closes.
    pub(super) fn closes_with(&self, next: &Banner<'_>) -> bool {
        let place = self.family.family.ends_in;
        !place.is_empty() && text::contains(next.line.body, place)
    }

    /// Whether another banner right after it is of the same crash.
    pub(super) fn leads_to(&self, next: &Banner<'_>) -> bool {
        let (first, then) = (self.family.family, next.family.family);
        first.leads_to.contains(&then.banner) || self.is_inlined() && first.banner == then.banner
    }

    /// Whether the banner is all there is of its report.
    pub(super) fn is_aside(&self) -> bool {
        self.part() == Part::Aside
    }

    /// Whether it is of a fault that printing it may repeat, where the stack is overrun.
    pub(super) fn faults_again(&self) -> bool {
        fault::FAULTS_AGAIN.iter().any(|start| text::begins(self.line.body, start))
    }

    /// `NMI backtrace for cpu 1`: printed by that CPU, on another's request.
    pub(super) fn is_backtrace(&self) -> bool {
        text::contains(self.line.body, "NMI backtrace for cpu ")
    }
}
