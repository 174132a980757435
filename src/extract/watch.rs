//! Where several CPUs print at once: found by lines that one CPU cannot have printed in this order.
//!
//! What is found depends on a bounded part of the log only, so that any range of it finds the same.

use std::collections::VecDeque;

use crate::line::{Line, Origin};
use crate::text::Log;

use super::block::{Block, Phase};
use super::piece::Piece;
use super::streams::{Demixer, Lane, Region};
use super::{Banner, is_replayed, line_at};

/// So far before the line that shows it, CPUs may have begun to print at once.
pub(super) const BEGIN_BYTES: usize = 8 << 10;
/// So far behind the last line that shows it they do so.
const GOES_ON_BYTES: usize = 16 << 10;
/// Most bytes of a log in which CPUs are told apart; what mixes on and on is read as if one CPU had printed the rest.
pub(super) const REGION_BYTES: usize = 96 << 10;
/// Before a line, what is known about CPUs that print at once depends on so many bytes.
pub(super) const WATCH_BYTES: usize = REGION_BYTES + GOES_ON_BYTES + 2 * BEGIN_BYTES;
/// Bytes from a banner that are watched.
const WATCHED_BYTES: usize = 16 << 10;
/// Lines of no report, in a row, that end a block; and the same after its end marker.
const FOREIGN_LINES: u32 = 24;
const FOREIGN_LINES_AFTER_END: u32 = 3;

/// Reads lines as if one CPU had printed them.
#[derive(Clone, Copy, Debug, Default)]
struct Spotter<'a> {
    block: Option<Block<'a>>,
    /// Offset of the banner.
    banner: usize,
    foreign: u32,
    /// The banner stands in the dump of a mere event.
    amid_event: bool,
}

impl<'a> Spotter<'a> {
    /// Takes a line; `true` if another CPU printed it than the lines before.
    fn take(&mut self, line: &Line<'a>, banner: Option<&Banner<'a>>) -> bool {
        if let Some(banner) = banner {
            return self.meet(banner);
        }
        let Some(block) = &mut self.block else { return false };
        let piece = Piece::of(line.body);
        if piece == Piece::Blank {
            return false;
        }
        let found = !self.amid_event && block.contradicts(piece, line.body);
        let foreign = matches!(piece, Piece::Foreign);
        self.foreign = if foreign { self.foreign + 1 } else { 0 };
        if !found && let Some((phase, _)) = block.follow(piece, line.body) {
            block.take(piece, phase, line);
        } else if block.phase < Phase::Head {
            // Lines are lost; what was printed before is not printed again.
            let mut forced = *block;
            forced.force(piece, line);
            *block = if forced.phase > block.phase { forced } else { *block };
        }
        let limit = if block.phase >= Phase::End { FOREIGN_LINES_AFTER_END } else { FOREIGN_LINES };
        if self.foreign > limit || line.offset - self.banner > WATCHED_BYTES {
            self.block = None;
        }
        found
    }

    fn meet(&mut self, banner: &Banner<'a>) -> bool {
        if banner.is_aside() {
            return false;
        }
        let joins = self.block.is_some_and(|block| block.goes_on_with(banner));
        // An event's dump between the lines of a crash spoils the crash: so the convention has it.
        let event = self.block.is_some_and(|block| block.is_event() && block.phase < Phase::Stack);
        let found = !joins && !event && self.block.is_some_and(|block| block.is_amid());
        self.amid_event = event && !joins;
        let mut block = self.block.filter(|_| joins).unwrap_or_else(|| Block::of(banner));
        block.meet(banner);
        (self.block, self.banner, self.foreign) = (Some(block), banner.line.offset, 0);
        found
    }
}

/// Watches a log from banner to banner.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch<'a> {
    spotter: Spotter<'a>,
    /// Offset of the line to be read next.
    next: usize,
    /// Offsets of banners with no end of a block between, and with no other.
    chain: VecDeque<usize>,
    /// Offset of the last line that one CPU cannot have printed.
    last: Option<usize>,
    regions: VecDeque<Region>,
}

/// Where CPUs begin to print at once.
pub(super) struct Found {
    pub(super) start: usize,
}

impl<'a> Watch<'a> {
    /// Reads on to an offset, or to a line that shows that several CPUs print: that from there to [`REGION_BYTES`]
    /// on is to be read with [`Watch::tell_apart`]. All banners before the offset are known.
    pub(super) fn advance(
        &mut self,
        log: Log<'a>,
        banners: &VecDeque<Banner<'a>>,
        to: usize,
    ) -> Option<Found> {
        let mut at = banners.partition_point(|banner| banner.line.offset < self.next);
        loop {
            if self.spotter.block.is_none() {
                self.chain.clear();
                let after = banners.iter().skip(at).position(|banner| is_watched(&banner.line));
                at += after.unwrap_or(banners.len());
                self.next = self.next.max(banners.get(at).map_or(to, |banner| banner.line.offset));
            }
            if self.next >= to.min(log.end()) {
                return None;
            }
            let end = log.line_end(self.next);
            let banner = banners.get(at).filter(|banner| banner.line.offset == self.next);
            let line = banner.map_or_else(|| line_at(log, self.next, end), |banner| banner.line);
            at += usize::from(banner.is_some());
            self.next = end + 1;
            if !is_watched(&line) || is_replayed(log, end) {
                continue;
            }
            if banner.is_some() {
                self.chain.push_back(line.offset);
            }
            if self.spotter.take(&line, banner)
                && let Some(found) = self.found(line.offset)
            {
                return Some(found);
            }
        }
    }

    /// A line that one CPU cannot have printed; it is news if there was none shortly before.
    fn found(&mut self, offset: usize) -> Option<Found> {
        let last = self.last.replace(offset);
        if last.is_some_and(|last| offset - last <= GOES_ON_BYTES) {
            return None;
        }
        let from = offset.saturating_sub(BEGIN_BYTES).max(last.map_or(0, |last| last + GOES_ON_BYTES));
        let start = self.chain.iter().copied().find(|banner| *banner >= from)?;
        Some(Found { start })
    }

    /// Reads what several CPUs print; all banners of it are known.
    pub(super) fn tell_apart(&mut self, log: Log<'a>, banners: &VecDeque<Banner<'a>>, found: &Found) {
        let start = found.start;
        let mut at = banners.partition_point(|banner| banner.line.offset < start);
        let (mut demixer, mut spotter) = (Demixer::default(), Spotter::default());
        let mut next = start;
        let mut until = start + BEGIN_BYTES + GOES_ON_BYTES;
        while next < until.min(start + REGION_BYTES).min(log.end()) {
            let end = log.line_end(next);
            while banners.get(at).is_some_and(|banner| banner.line.offset < next) {
                at += 1;
            }
            let banner = banners.get(at).filter(|banner| banner.line.offset == next);
            let line = banner.map_or_else(|| line_at(log, next, end), |banner| banner.line);
            if is_watched(&line) && !is_replayed(log, end) {
                if spotter.take(&line, banner) {
                    until = until.max(next + GOES_ON_BYTES);
                }
                demixer.take(&line, banner);
            }
            next = end + 1;
        }
        let open = next >= log.end();
        self.regions.push_back(demixer.finish(start..next, open));
    }

    /// Whether more of the log might show that several CPUs printed what begins at a banner.
    pub(super) fn is_open(&self, log: Log<'a>, banner: usize) -> bool {
        let watched = self.spotter.block.is_some() && log.end() < banner + BEGIN_BYTES;
        watched || self.region(banner).is_some_and(|region| region.is_open(banner))
    }

    /// Who printed a line, where several printed at once.
    pub(super) fn lane(&self, line: &Line<'_>) -> Option<Lane> {
        if self.regions.is_empty() || !is_watched(line) {
            return None;
        }
        self.region(line.offset).map(|region| region.lane(line.offset))
    }

    /// The part that an offset is in.
    pub(super) fn region(&self, offset: usize) -> Option<&Region> {
        self.regions.iter().find(|region| region.range.contains(&offset))
    }

    /// Forgets what is before an offset.
    pub(super) fn forget(&mut self, before: usize) {
        while self.regions.front().is_some_and(|region| region.range.end < before) {
            self.regions.pop_front();
        }
    }
}

/// Whether a line is the kernel's, and does not say who printed it.
fn is_watched(line: &Line<'_>) -> bool {
    line.prefix.caller.is_none() && line.prefix.origin != Origin::Program
}
