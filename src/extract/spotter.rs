//! Whether several CPUs print at once: lines that one CPU cannot have printed in this order.

use crate::line::{Line, Origin};

use super::Banner;
use super::block::{Block, Phase};
use super::piece::Piece;
use super::streams::MOST_LOST;

/// Bytes from a banner that are watched.
const WATCHED_BYTES: usize = 16 << 10;
/// Lines of no report, in a row, that end a block; and the same after its end marker.
const FOREIGN_LINES: u32 = 24;
const FOREIGN_LINES_AFTER_END: u32 = 3;

/// Reads lines as if one CPU had printed them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spotter<'a> {
    block: Option<Block<'a>>,
    /// Offset of the banner.
    banner: usize,
    foreign: u32,
    /// The banner stands in the dump of a mere event.
    amid_event: bool,
    /// The task whose crash was being printed where the banner stands: it may be its own next one.
    amid: Option<(Option<u32>, u32)>,
}

impl<'a> Spotter<'a> {
    /// Takes a line; `true` if another CPU printed it than the lines before.
    pub(super) fn take(&mut self, line: &Line<'a>, banner: Option<&Banner<'a>>) -> bool {
        if let Some(banner) = banner {
            return self.meet(banner);
        }
        let Some(block) = &mut self.block else { return false };
        if !block.banner.is_none_or(|banner| is_alike(&banner.line, line)) {
            return false;
        }
        let piece = Piece::of(line.body);
        if piece == Piece::Blank {
            return false;
        }
        let other = match (piece, self.amid) {
            (Piece::Header(cpu, pid), Some((outer, task))) => {
                self.amid = None;
                pid != task || cpu != outer
            }
            _ => false,
        };
        let found = other || !self.amid_event && block.contradicts(piece, line.body);
        let foreign = matches!(piece, Piece::Foreign);
        self.foreign = if foreign { self.foreign + 1 } else { 0 };
        if !found && let Some((phase, 0..=MOST_LOST)) = block.follow(piece, line.body) {
            block.take(piece, phase, line);
        } else if block.phase < Phase::Head && !(piece == Piece::Frame && block.has_registers()) {
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

    /// Whether no crash is being printed.
    pub(super) fn is_idle(&self) -> bool {
        self.block.is_none()
    }

    fn meet(&mut self, banner: &Banner<'a>) -> bool {
        if banner.is_aside() {
            return false;
        }
        let joins = self.block.is_some_and(|block| block.goes_on_with(banner));
        // An event's dump between the lines of a crash spoils the crash: so the convention has it.
        let event = self.block.is_some_and(|block| block.is_event() && block.phase < Phase::Stack);
        let outer = self.block.filter(|block| !joins && !event && block.is_amid());
        let found = outer.is_some_and(|outer| outer.pid.is_none());
        self.amid = outer.and_then(|outer| Some((outer.cpu, outer.pid?))).or(self.amid.filter(|_| joins));
        self.amid_event = event && !joins;
        let mut block = self.block.filter(|_| joins).unwrap_or_else(|| Block::of(banner));
        block.meet(banner);
        (self.block, self.banner, self.foreign) = (Some(block), banner.line.offset, 0);
        found
    }
}

/// Whether two lines went the same way: all lines of one report do.
pub(super) fn is_alike(a: &Line<'_>, b: &Line<'_>) -> bool {
    (a.prefix.time.is_some(), a.prefix.origin) == (b.prefix.time.is_some(), b.prefix.origin)
}

/// Whether a line is the kernel's, and does not say who printed it.
pub(super) fn is_watched(line: &Line<'_>) -> bool {
    line.prefix.caller.is_none() && line.prefix.origin != Origin::Program
}
