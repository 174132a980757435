//! Where several CPUs print at once and no line says who printed it.
//!
//! Crashes whose reports may be mixed stand close together: each begins before those before it have ended. Such a group
//! is read as if one CPU had printed it, and if one CPU cannot have, its lines are shared out. What a group is, and
//! whether it is mixed, depends on a bounded part of the log and never on where reading began.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use crate::formats::Part;
use crate::line::Line;
use crate::text::Log;

use super::lines::{is_replayed, line_at};
use super::region::{Lane, Region};
use super::spotter::{Spotter, is_alike, is_watched};
use super::streams::Demixer;
use super::{Banner, Incidents, LOOK_BACK_BANNERS};

/// A crash is over when the next one begins, if no banner stands in so many bytes before that.
const NEAR_BYTES: usize = 8 << 10;
/// The same if its end was not seen after so many bytes, whatever stands there.
const WHOLE_BYTES: usize = 64 << 10;
/// The same after so much time.
const NEAR_MICROS: u64 = 5_000_000;
/// Behind the last banner of a group, its lines are looked for in so many bytes.
const TAIL_BYTES: usize = 16 << 10;
/// Most bytes of a group; what begins behind them is read as if one CPU had printed it, until a crash is the first again.
const GROUP_BYTES: usize = 64 << 10;
/// Before a line, who printed it depends on so many bytes.
pub(super) const WATCH_BYTES: usize = GROUP_BYTES + TAIL_BYTES + WHOLE_BYTES;

/// Behind the end of a crash its registers may come once more, in this time.
const QUIET_MICROS: u64 = 500_000;
/// What says that the line before it was cut begins within so many bytes.
const LOOK_AHEAD_BYTES: usize = 64;

/// What ends a report, wherever in the line it stands: `---[ end trace 0000000000000000 ]---`, a line of `=`.
const ENDS: [&str; 2] = ["---[ end ", "===================="];

/// What a crash has once: `CPU: 3 PID: 112 Comm: cm_oops/3`, ` </TASK>`.
static SECOND: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [" PID: ", "</TASK>"].map(Finder::new));

/// What is known of the groups of a log, up to the last banner that was looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Banners before this offset have been looked at.
    next: usize,
    /// Lines that end reports, and the part of the log in which they are known.
    ends: VecDeque<usize>,
    searched: Range<usize>,
    /// Start of a group that more of the log may change.
    unsure: Option<usize>,
    regions: VecDeque<Region>,
}

impl Watch {
    /// Whether two lines that do not say who printed them are of one CPU, as far as is known.
    #[inline]
    pub(super) fn is_one(&self, a: &Line<'_>, b: &Line<'_>) -> bool {
        // Most often nobody else prints.
        let behind = self.regions.back().is_none_or(|last| last.range.end <= a.offset.min(b.offset));
        if behind || !is_watched(a) {
            return true;
        }
        // Where nobody else prints, that is one CPU: but another one, if what several print stands between.
        let (from, to) = (a.offset.min(b.offset), a.offset.max(b.offset));
        let after = self.regions.partition_point(|region| region.range.start <= from);
        let mut between = self.regions.range(after..).take_while(|region| region.range.end <= to);
        if between.any(|region| !region.is_one_throughout()) {
            return false;
        }
        let lane = |line: &Line<'_>| self.lane(line.offset);
        match (lane(a), lane(b)) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(&b),
            (Some(lane), None) => lane.reaches(b.offset),
            (None, Some(lane)) => lane.reaches(a.offset),
        }
    }

    /// Where nothing of the CPU that printed a line comes any more, if that is known: where all that several printed ends.
    pub(super) fn end(&self, line: &Line<'_>) -> Option<usize> {
        let region = self.region(line.offset).filter(|_| is_watched(line))?;
        let last = region.lane(line.offset).last;
        (!last).then_some(region.range.end)
    }

    /// Who printed the line at an offset, in a part of the log that several printed.
    fn lane(&self, offset: usize) -> Option<Lane> {
        self.region(offset).map(|region| region.lane(offset))
    }

    /// The part of the log printed by several that an offset is in.
    pub(super) fn region(&self, offset: usize) -> Option<&Region> {
        let after = self.regions.partition_point(|region| region.range.end <= offset);
        self.regions.get(after).filter(|region| region.range.contains(&offset))
    }

    /// Whether more of the log may show that the lines up to an offset are of several CPUs, or of which.
    pub(super) fn is_unsure(&self, offset: usize) -> bool {
        self.unsure.is_some_and(|start| start <= offset)
    }

    /// Forgets what is before an offset.
    pub(super) fn forget(&mut self, before: usize) {
        while self.regions.front().is_some_and(|region| region.range.end < before) {
            self.regions.pop_front();
        }
        while self.ends.front().is_some_and(|end| *end < before) {
            self.ends.pop_front();
        }
        self.searched.start = self.searched.start.max(before);
    }

    /// The lines that end reports, from an offset to another that is a line's start.
    fn ends(&mut self, log: Log<'_>, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        if from > self.searched.end || from < self.searched.start {
            (self.ends, self.searched) = (VecDeque::new(), from..from);
        }
        while self.searched.end < to {
            let text = log.get(self.searched.end..to);
            let found = ENDS.iter().filter_map(|end| memmem::find(text, end.as_bytes())).min();
            let Some(found) = found else {
                self.searched.end = to;
                break;
            };
            let at = self.searched.end + found;
            let (start, end) = (log.line_start(at), log.line_end(at));
            if is_watched(&line_at(log, start, end)) {
                self.ends.push_back(start);
            }
            self.searched.end = end + 1;
        }
        self.ends.iter().copied().filter(move |end| (from..to).contains(end))
    }
}

/// Whether a banner opens a report of a CPU that no line names.
fn is_opener(banner: &Banner<'_>) -> bool {
    banner.family.family.part == Part::Opens && is_watched(&banner.line)
}

/// A crash after another one: whether they are far apart in time.
fn is_late(earlier: &Line<'_>, later: &Line<'_>) -> bool {
    let times = earlier.prefix.time.zip(later.prefix.time);
    times.is_some_and(|(first, second)| second.abs_diff(first) > NEAR_MICROS)
}

impl<'a> Incidents<'a> {
    /// Looks whether several CPUs print at once from a banner on; all earlier banners have been looked at.
    pub(super) fn watch(&mut self, banner: &Line<'a>) {
        if banner.offset < self.watch.next || !is_watched(banner) {
            return;
        }
        let index = self.banners.partition_point(|other| other.line.offset < banner.offset);
        self.watch.next = banner.offset + 1;
        if !self.banners.get(index).is_some_and(is_opener) || !self.is_first(index) {
            return;
        }
        let start = banner.offset;
        let (mut last, mut crashes, mut next) = (index, 1, None);
        let (mut limit, mut near) = (start + TAIL_BYTES, start + NEAR_BYTES);
        // Where the tasks of other stacks are named that belong to the crash.
        let mut stacks = None;
        while let Some(later) = self.watched_after(last, limit) {
            let (Some(before), Some(banner)) = (self.banners.get(last), self.banners.get(later)) else {
                break;
            };
            let (offset, opener, led) = (banner.line.offset, is_opener(banner), before.leads_to(banner));
            if matches!(banner.family.family.part, Part::OfAny | Part::OfCrash) {
                stacks.get_or_insert(offset);
            }
            if opener && self.is_first(later) {
                next = Some(offset);
                break;
            }
            (last, crashes) = (later, crashes + usize::from(opener && !led));
            limit = (offset + TAIL_BYTES).min(start + GROUP_BYTES);
            near = offset + NEAR_BYTES;
        }
        let end = next.unwrap_or(limit);
        self.watch.next = end;
        let several = crashes > 1 || self.has_guest(start, stacks.unwrap_or(end).min(near));
        let read = if several || next.is_some() { end } else { near.min(end) };
        if !self.is_sure(read) && (several || self.over_at(start, near.min(end)).is_none()) {
            self.watch.unsure.get_or_insert(start);
        }
        if several && self.is_mixed(start..end) {
            let region = self.told_apart(start..end);
            self.watch.regions.push_back(region);
        }
    }

    /// Whether a second task is named before a crash has ended, or a second stack ends: another CPU may print one.
    fn has_guest(&mut self, start: usize, limit: usize) -> bool {
        let from = self.log.line_end(start);
        let text = self.log.get(from..limit.max(from));
        let second = SECOND.iter().filter_map(|words| words.find_iter(text).nth(1)).min();
        let Some(second) = second else { return false };
        let line = self.log.line_start(from + second);
        self.watch.ends(self.log, start, line).next().is_none()
    }

    /// Whether more of the log changes nothing about its lines up to an offset: that a line was cut is known from the next.
    fn is_sure(&self, offset: usize) -> bool {
        self.log.line_end(offset) + LOOK_AHEAD_BYTES < self.log.end()
    }

    /// Where the only crash of a group has ended, if that was before an offset and whatever comes behind it is another's.
    fn over_at(&mut self, start: usize, before: usize) -> Option<usize> {
        let known = self.log.end().min(before).saturating_sub(LOOK_AHEAD_BYTES);
        let known = self.log.line_start(known);
        let end = self.watch.ends(self.log, start, known).next()?;
        self.is_quiet_after(end, known).then_some(end)
    }

    /// Whether time has passed between the end of a crash and the last line before an offset.
    fn is_quiet_after(&self, end: usize, before: usize) -> bool {
        let line = |at: usize| line_at(self.log, at, self.log.line_end(at));
        let Some(time) = line(end).prefix.time else { return true };
        let mut at = self.log.line_end(end) + 1;
        while at < before {
            let line = line(at);
            if line.prefix.time.is_some_and(|then| then >= time + QUIET_MICROS) {
                return true;
            }
            at += line.raw.len();
            at = self.log.line_end(at) + 1;
        }
        false
    }

    /// Index of the next banner after one that does not say who printed it, before an offset.
    fn watched_after(&mut self, index: usize, limit: usize) -> Option<usize> {
        let mut index = index + 1;
        loop {
            while index >= self.banners.len() {
                if !self.read_ahead(limit) {
                    return None;
                }
            }
            let banner = self.banners.get(index).filter(|banner| banner.line.offset < limit)?;
            if is_watched(&banner.line) {
                return Some(index);
            }
            index += 1;
        }
    }

    /// Offsets of the banners before one that open a report, the nearest first, as long as each is near the one behind it.
    fn openers_before(&self, index: usize) -> Vec<usize> {
        let Some(mut next) = self.banners.get(index).map(|banner| banner.line) else { return Vec::new() };
        let from = next.offset.saturating_sub(WHOLE_BYTES);
        let mut found: Vec<&Banner<'_>> = Vec::new();
        let others = self.banners.range(..index).rev().filter(|other| is_watched(&other.line));
        for other in others.take(LOOK_BACK_BANNERS) {
            let far = other.line.offset < from.max(next.offset.saturating_sub(NEAR_BYTES));
            if far || is_late(&other.line, &next) {
                break;
            }
            found.push(other);
            next = other.line;
        }
        let before = found.iter().skip(1).map(Some).chain([None]);
        let opens = found.iter().zip(before).filter(|(banner, before)| {
            is_opener(banner) && !before.is_some_and(|before| before.leads_to(banner))
        });
        opens.map(|(banner, _)| banner.line.offset).collect()
    }

    /// Whether all crashes before a banner are over where it stands.
    fn is_first(&mut self, index: usize) -> bool {
        let Some(offset) = self.banners.get(index).map(|banner| banner.line.offset) else { return true };
        let from = offset.saturating_sub(WHOLE_BYTES);
        let mut others = self.openers_before(index);
        if others.is_empty() {
            return true;
        }
        // The line of `=` right before it is its own.
        let before = self.log.line_start(offset.saturating_sub(1));
        let mut ends = self.watch.ends(self.log, from, before).peekable();
        // Each end is that of one crash before it.
        let mut open = 0_usize;
        while let Some(other) = others.pop() {
            while ends.next_if(|end| *end < other).is_some() {
                open = open.saturating_sub(1);
            }
            open += 1;
        }
        let Some(end) = ends.nth(open.saturating_sub(1)) else { return false };
        drop(ends);
        self.is_quiet_after(end, self.log.line_end(offset))
    }

    /// Whether lines are there that one CPU cannot have printed in this order.
    fn is_mixed(&mut self, range: Range<usize>) -> bool {
        let mut spotter = Spotter::default();
        let last = self.banners.partition_point(|banner| banner.line.offset < range.end);
        let last = last.checked_sub(1).and_then(|last| self.banners.get(last)).map_or(0, |b| b.line.offset);
        let found = self.each_line(range, |line, banner| match spotter.take(line, banner) {
            true => ControlFlow::Break(true),
            false if line.offset > last && spotter.is_idle() => ControlFlow::Break(false),
            false => ControlFlow::Continue(()),
        });
        found == ControlFlow::Break(true)
    }

    fn told_apart(&mut self, range: Range<usize>) -> Region {
        let mut demixer = Demixer::default();
        let _ = self.each_line(range.clone(), |line, banner| {
            demixer.take(line, banner);
            ControlFlow::<()>::Continue(())
        });
        demixer.finish(range)
    }

    /// Hands on the lines of a group.
    fn each_line<B>(
        &self,
        range: Range<usize>,
        mut take: impl FnMut(&Line<'a>, Option<&Banner<'a>>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut at = self.banners.partition_point(|banner| banner.line.offset < range.start);
        let mut first = None;
        let mut next = range.start;
        while next < range.end.min(self.log.end()) {
            let end = self.log.line_end(next);
            while self.banners.get(at).is_some_and(|banner| banner.line.offset < next) {
                at += 1;
            }
            let banner = self.banners.get(at).filter(|banner| banner.line.offset == next);
            let line = banner.map_or_else(|| line_at(self.log, next, end), |banner| banner.line);
            let first = first.get_or_insert(line);
            if is_watched(&line) && is_alike(first, &line) && !is_replayed(self.log, end) {
                take(&line, banner)?;
            }
            next = end + 1;
        }
        ControlFlow::Continue(())
    }
}
