//! Where a crash begins before which all was quiet: whoever printed until then, what he had to say is said.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use crate::formats::Part;
use crate::scan::Words;
use crate::text::Log;

use crate::extract::banner::Banner;
use crate::extract::lane::Context;
use crate::extract::limits::{PATIENCE_MICROS, QUIET_LOOK_BACK_BYTES};
use crate::extract::lines::line_at;

use super::order::QUIET_MICROS;

/// A crash is over when the next one begins, if no banner stands in so many bytes before that.
const NEAR_BYTES: usize = 8 << 10;
/// The same if its end is not among so many banners.
const NEAR_BANNERS: usize = 16;

/// What ends a report, wherever in the line it stands: `---[ end trace 0000000000000000 ]---`, a line of `=`.
static ENDS: LazyLock<Words> =
    LazyLock::new(|| Words::new([&["---[ end ", "===================="][..]].into_iter()));

/// The last banners that are the kernel's and do not say who printed them, and the ends of reports.
#[derive(Clone, Debug)]
pub(super) struct Starts<'a> {
    context: Context,
    banners: VecDeque<Banner<'a>>,
    /// Lines that end reports with their times, and the part of the log in which they are known.
    ends: VecDeque<(usize, Option<u64>)>,
    searched: Range<usize>,
}

impl<'a> Starts<'a> {
    pub(super) fn new(context: Context) -> Starts<'a> {
        Starts { context, banners: VecDeque::new(), ends: VecDeque::new(), searched: 0..0 }
    }

    /// Takes the next banner; whether it opens a report, and all reports before it are over.
    ///
    /// It depends on nothing but the banners and the ends right before it.
    pub(super) fn take(&mut self, log: Log<'_>, banner: &Banner<'a>) -> bool {
        let first = banner.part() == Part::Opens && self.is_first(log, banner);
        self.banners.push_back(*banner);
        if self.banners.len() > NEAR_BANNERS {
            self.banners.pop_front();
        }
        first
    }

    fn is_first(&mut self, log: Log<'_>, banner: &Banner<'a>) -> bool {
        let offset = banner.line.offset;
        let openers = self.openers_before(log, banner);
        let Some(first) = openers.first() else { return true };
        // The line of `=` right before it is its own.
        let before = log.line_start(offset.saturating_sub(1));
        self.search(log, *first, before);
        let after = self.ends.partition_point(|(end, _)| end < first);
        let mut ends = self.ends.range(after..).take_while(|(end, _)| *end < before).peekable();
        // Each end is that of one crash before it.
        let mut open = 0_usize;
        for opener in openers {
            while ends.next_if(|(end, _)| *end < opener).is_some() {
                open = open.saturating_sub(1);
            }
            open += 1;
        }
        let Some((_, end)) = ends.nth(open.saturating_sub(1)) else { return false };
        end.zip(banner.line.prefix.time).is_none_or(|(end, time)| time >= end + QUIET_MICROS)
    }

    /// Offsets of the banners before one that open a report, as long as each is near the one behind it.
    fn openers_before(&self, log: Log<'_>, banner: &Banner<'a>) -> Vec<usize> {
        let from = log.before(banner.line.offset, QUIET_LOOK_BACK_BYTES);
        let mut next = banner;
        let mut found = Vec::new();
        for (at, other) in self.banners.iter().enumerate().rev() {
            if other.line.offset < from.max(next.line.offset.saturating_sub(NEAR_BYTES))
                || is_late(other, next)
            {
                break;
            }
            let before = at.checked_sub(1).and_then(|before| self.banners.get(before));
            if other.part() == Part::Opens && !before.is_some_and(|before| before.leads_to(other)) {
                found.push(other.line.offset);
            }
            next = other;
        }
        found.reverse();
        found
    }

    /// Finds the lines that end reports, from an offset to another that is a line's start.
    fn search(&mut self, log: Log<'_>, from: usize, to: usize) {
        if from > self.searched.end || from < self.searched.start {
            (self.ends, self.searched) = (VecDeque::new(), from..from);
        }
        while self.ends.front().is_some_and(|(end, _)| *end < from) {
            self.ends.pop_front();
        }
        self.searched.start = from;
        let start = self.searched.end;
        let mut known = start;
        for (at, _) in ENDS.find(log.get(start..to)) {
            let at = start + at;
            if at >= known {
                let (start, end) = (log.line_start(at), log.line_end(at));
                let line = line_at(log, start, end);
                if Context::of(&line) == self.context {
                    self.ends.push_back((start, line.prefix.time));
                }
                known = end;
            }
        }
        self.searched.end = self.searched.end.max(to);
    }
}

/// A crash after another one: whether they are far apart in time.
fn is_late(earlier: &Banner<'_>, later: &Banner<'_>) -> bool {
    let times = earlier.line.prefix.time.zip(later.line.prefix.time);
    times.is_some_and(|(first, second)| second.abs_diff(first) > PATIENCE_MICROS)
}
