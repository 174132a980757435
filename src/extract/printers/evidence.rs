//! What a line says about who printed it.

use crate::facts::registers;
use crate::text;

use super::mentions::{ADDRESSES, address, gs_base};
use super::order::{Block, Phase};
use super::piece::{Piece, Row};

/// What a line says about who printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It names this CPU or task, or this crash's address or place.
    For,
    None,
    /// It names others.
    Against,
}

impl Block<'_> {
    /// Whether a program counter is where a check failed.
    fn is_place(&self, body: &[u8]) -> Evidence {
        let place = self.place.and_then(text::ascii).filter(|_| text::contains(body, "+0x"));
        // The counter of s390 stands behind the instruction.
        let behind = text::begins(text::skip_blanks(body), "Krnl PSW");
        let place =
            place.map(|place| place.split_once('+').filter(|_| behind).map_or(place, |(name, _)| name));
        judge(place.map(|place| text::contains(body, place)))
    }

    /// What a line says about being of this block, `phase` being what it would be.
    pub(super) fn evidence(&self, piece: Piece, phase: Phase, body: &[u8]) -> Evidence {
        match piece {
            Piece::Header(cpu, pid) => {
                let same = cpu.is_none() || self.cpu.is_none() || cpu == self.cpu;
                match self.pid {
                    Some(own) => judge(Some(own == pid && same)),
                    None => judge(cpu.and(self.cpu).map(|_| same)),
                }
            }
            Piece::Note => judge(self.pid.map(|pid| text::contains(body, &format!("[{pid}]")))),
            Piece::Counter(_) if phase == Phase::Counter => self.is_place(body),
            // ud2
            Piece::Code if phase == Phase::Code && text::contains(body, "<0f> 0b") => judge(Some(self.trap)),
            Piece::Row(Some(row)) if row.of.at_once && registers::is_pc_line(body) => self.is_place(body),
            Piece::Row(_) if body.starts_with(b"Process ") => {
                judge(self.pid.zip(text::u32_after(body, "(pid: ")).map(|(own, pid)| own == pid))
            }
            Piece::Row(_) => match (gs_base(body), ADDRESSES.iter().find_map(|mark| address(body, mark))) {
                (Some(gs), _) => judge(self.gs.map(|own| own == gs)),
                (None, Some(value)) if phase == Phase::Rows => judge(self.fault.map(|own| own == value)),
                _ => Evidence::None,
            },
            _ => Evidence::None,
        }
    }

    /// Whether a line is surely another CPU's: lines lost or printed again would not do.
    pub(super) fn contradicts(&self, piece: Piece, body: &[u8]) -> bool {
        use Phase::*;
        let at = self.phase;
        let amid = (Header..Head).contains(&at);
        match piece {
            Piece::Header(cpu, pid) => {
                let known = cpu.is_some() && self.cpu.is_some();
                if known && self.pid.is_none() && self.cpu != cpu {
                    return true;
                }
                let other = known && self.pid.is_some_and(|own| is_other((cpu, pid), (self.cpu, own)));
                let waits = self.has_registers() && (Head..End).contains(&at);
                other && (amid || waits || at < Header && self.place.is_some() || at == Stack && self.in_task)
            }
            Piece::Hardware => at == Rows && self.is_strict(),
            // Old kernels print it again, with the stack pointer, after the stack.
            Piece::Counter(true) if body.starts_with(b"RIP: ") => {
                at == Rows || (matches!(at, Counter | Code) && self.last != body)
            }
            Piece::Counter(true) => at == Rows && self.row > 2 && self.is_strict() && !self.is_code_first(),
            Piece::Row(Some(Row { of, from, .. })) => {
                let amid = matches!(at, Rows | RowsAgain);
                let same = self.dump.is_some_and(|dump| std::ptr::eq(dump, of));
                let again = from + u8::from(!of.strict) < self.row;
                amid && same && again && from > 0 && body != self.last
            }
            // The end of a stack that has not begun.
            Piece::Close(true) => amid && self.has_registers(),
            Piece::End => at == Rows && self.is_strict() || at == Done && self.place.is_some(),
            _ => false,
        }
    }
}

/// Whether of two CPUs, each with its task, one cannot have printed the lines of both: a CPU may go on with another task,
/// and a task on another CPU. The idle tasks of all CPUs have the same number.
pub(super) fn is_other(one: (Option<u32>, u32), other: (Option<u32>, u32)) -> bool {
    one.0 != other.0 && (one.1 != other.1 || one.1 == 0)
}

/// What a line says, if it says anything.
fn judge(known: Option<bool>) -> Evidence {
    match known {
        None => Evidence::None,
        Some(true) => Evidence::For,
        Some(false) => Evidence::Against,
    }
}
