//! Whether several CPUs print at once: lines that one CPU cannot have printed in this order.

use crate::extract::banner::Banner;
use crate::extract::follows::FAULTS_AT_ONCE;
use crate::extract::window::Entry;
use crate::formats::Part;
use crate::line::Line;
use crate::text;

use super::evidence::{Evidence, is_other};
use super::mentions::is_coded;
use super::order::{Block, Phase, QUIET_MICROS};
use super::piece::Piece;
use crate::extract::limits::MOST_LOST;

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
    /// The crash that was being printed where the banner stands: it may be of the same task.
    outer: Option<Block<'a>>,
    /// A crash had not come to its end where the next one began.
    unfinished: bool,
    /// Crashes that had only been announced where the next one was.
    announced: u32,
    /// Those of them that the next one may be of: see [`Banner::faults_again`].
    again: u8,
}

impl<'a> Spotter<'a> {
    /// Takes a line; `true` if another CPU printed it than the lines before.
    pub(super) fn take(&mut self, entry: &Entry<'a>, piece: Piece) -> bool {
        if let Some(banner) = entry.banner() {
            return self.meet(&banner);
        }
        let Some(block) = &mut self.block else { return false };
        let line = &entry.line;
        if piece == Piece::Blank {
            return false;
        }
        let other = self.outer.is_some_and(|outer| match piece {
            Piece::Header(..) if outer.waits_for_header() => {
                let is = |block: &Block<'_>| block.evidence(piece, Phase::Header, line.body) == Evidence::For;
                is(&outer) && !is(block)
            }
            Piece::Header(cpu, pid)
                if outer.is_amid_crash() && (outer.in_task || outer.phase < Phase::Stack) =>
            {
                self.outer = None;
                outer.pid.is_some_and(|task| is_other((cpu, pid), (outer.cpu, task)))
            }
            // The crash that was interrupted goes on.
            _ => {
                let tells = piece.tells() || piece == Piece::End;
                let is_time =
                    outer.is_open() || outer.in_task || block.waits_for_header() || block.is_past_stack();
                is_time && tells && !fits(block, piece, line.body) && fits(&outer, piece, line.body)
            }
        });
        self.outer =
            self.outer.filter(|outer| outer.is_open() || outer.waits_for_header() || outer.is_amid_stack());
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

    /// Whether all that was printed until a line comes with which a crash begins has ended then. Behind the end of a crash
    /// that went through `die()` its registers may come once more; behind any other nothing does.
    pub(super) fn is_over(&self, line: &Line<'_>) -> bool {
        let Some(block) = &self.block else { return true };
        let late = block.time.zip(line.prefix.time).is_some_and(|(last, now)| now > last + QUIET_MICROS);
        let alone = !block.dies && !self.unfinished;
        block.phase >= Phase::End && (late || alone)
    }

    fn meet(&mut self, banner: &Banner<'a>) -> bool {
        if banner.is_aside() {
            return false;
        }
        let joins = self.block.is_some_and(|block| block.goes_on_with(banner));
        // An event's dump between the lines of a crash spoils the crash: so the convention has it.
        let event = self.block.is_some_and(|block| block.is_event() && block.phase < Phase::Stack);
        let before = self.block.filter(|_| !joins && !event);
        // A check that fails in the midst of a stack whose end nothing marks spoils it: so the convention has it.
        let spoils = Block::of(banner).is_check();
        let outer = before
            .filter(|block| {
                let stack = block.is_amid_stack() && (block.in_task || !spoils);
                block.is_open() || stack || block.waits_for_header()
            })
            // What goes on with a crash may be another's of the same kind: its header tells.
            .or_else(|| {
                let again = joins && banner.part() == Part::Opens;
                self.block.filter(|block| again && block.pid.is_some() && block.is_amid_crash())
            });
        let closed = |block: &Block<'_>| block.banner.is_some_and(|own| own.closes_with(banner));
        self.unfinished |= before.is_some_and(|block| block.phase < Phase::End && !closed(&block));
        let announced = before.is_some_and(|block| block.is_announced());
        if announced {
            self.announced += 1;
            self.again = if banner.faults_again() { self.again.saturating_add(1) } else { 0 };
        }
        // One CPU that faults while it prints says so more often than there are CPUs.
        let one = self.again >= FAULTS_AT_ONCE;
        let mut found = !one && outer.is_some_and(|outer| outer.is_amid() && outer.pid.is_none());
        // What is numbered may be the crash that was announced first.
        if banner.part() == Part::OfFault && !announced {
            let numbers = text::contains(banner.line.body, "[#") && !is_coded(banner.line.body);
            found |= !one && self.announced > 0 && (!joins || numbers);
        }
        self.outer = outer.or(self.outer.filter(|_| joins));
        self.amid_event = event && !joins;
        let mut block = self.block.filter(|_| joins).unwrap_or_else(|| Block::of(banner));
        block.meet(banner);
        (self.block, self.banner, self.foreign) = (Some(block), banner.line.offset, 0);
        found
    }
}

/// Whether a line is the next one of a crash.
fn fits(block: &Block<'_>, piece: Piece, body: &[u8]) -> bool {
    matches!(block.follow(piece, body), Some((_, 0)))
}
