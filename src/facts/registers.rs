//! Register dumps: `__show_regs` of each CPU.

use crate::arch::{Arch, Row};
use crate::facts::code::{self, Code};
use crate::facts::frame::{self, Frame, Trust};
use crate::text;

use self::dump::merge;
use self::line::{begins_with_register, candidates, digits_of, pc_line, row_values, strip_any, value_line};

mod dump;
mod line;

pub use self::dump::Registers;
pub(crate) use self::line::is_of_program;

impl<'a> Registers<'a> {
    /// All register dumps in the lines of a report.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<Registers<'a>> {
        let mut reader = Reader::default();
        for (line, body) in bodies.into_iter().enumerate() {
            reader.take(line, body);
        }
        reader.finish()
    }
}

/// Whether a line is part of a register dump and nothing else: `RAX: 0000000000000000 RBX: …`,
/// `lr : fn+0x1/0x2`. The line of the program counter is [`is_pc_line`].
pub fn is_register_line(body: &[u8]) -> bool {
    let body = text::skip_blanks(body);
    candidates(body).any(|arch| begins_with_register(arch, body))
}

/// Whether a line gives a program counter: `RIP: 0010:fn+0x1/0x2`, `pc : fn+0x1/0x2`.
pub fn is_pc_line(body: &[u8]) -> bool {
    pc_line(text::skip_blanks(body), 0).is_some()
}

/// The program counter that a line gives, if it is the kernel's, and the CPU's kind.
pub(crate) fn kernel_counter(body: &[u8]) -> Option<(Frame<'_>, &'static Arch)> {
    let mut dump = pc_line(text::skip_blanks(body), 0)?;
    dump.judge();
    Some((dump.pc.filter(|_| !dump.user)?, dump.arch))
}

/// A dump survives this many lines of others between its own.
const MAX_GAP: usize = 8;
/// Without a program counter this many registers make a dump: fewer are a lone `CR2:` after a trace.
const MIN_ORPHANS: usize = 4;

/// Whether the program counter of the dump that a line announces stands behind the instruction that trapped.
///
/// s390 completes or suppresses an instruction before most program interruptions, and the PSW has the next one's address;
/// those of translation nullify it, and the PSW stays: `illegal operation: 0001 ilc:1 [#1]SMP`, `Oops: 0038 ilc:3 [#2]SMP`.
/// A WARN() is a monitor call, which completes.
fn stands_behind(body: &[u8]) -> Option<bool> {
    if body.starts_with(b"WARNING: ") {
        return Some(true);
    }
    let at = text::find(body, " ilc:")?;
    let digits = body.get(at.checked_sub(4)?..at)?;
    text::number(digits, 16).map(|code| !NULLIFYING.contains(&code))
}

/// Segment, page, ASCE-type and region translation exceptions of s390.
const NULLIFYING: &[u64] = &[0x10, 0x11, 0x38, 0x39, 0x3a, 0x3b];

/// What the address of the last branch follows: `show_registers` in `arch/s390/kernel/dumpstack.c`.
const BRANCH: &[u8] = b"Last Breaking-Event-Address:";

/// Where a program counter is printed as symbol and as number, this many registers may stand between.
const FEW: usize = 2;

/// Reads the dumps that one caller prints, line by line.
#[derive(Default)]
pub(super) struct Reader<'a> {
    dumps: Vec<Registers<'a>>,
    open: Option<Registers<'a>>,
    /// Whether the program counter of the open dump is half of one (see [`is_half`]).
    half: bool,
    /// Lines of others since the last line of the open dump.
    gap: usize,
    /// Which dump's code the next lines may go on with; the one after the last is the open one.
    coding: Option<usize>,
    /// The first of the dumps since the last code that may have the next.
    uncoded: Option<usize>,
    /// Whether the line before says that a branch's address comes next.
    branching: bool,
    /// Whether the program counter of the next dump stands behind the instruction that trapped: see [`stands_behind`].
    behind: bool,
}

impl<'a> Reader<'a> {
    /// Takes the next line, by its index.
    pub(super) fn take(&mut self, line: usize, body: &'a [u8]) {
        let plain = frame::is_plain(body);
        let body = text::skip_blanks(body);
        if std::mem::take(&mut self.branching)
            && let Some(frame) = Frame::parse(body)
        {
            self.branch(frame);
        } else if let Some(owner) = self.coding.take()
            && self.goes_on(owner, body)
        {
            self.coding = Some(owner);
        } else if plain {
            self.other(body);
        } else if let Some(dump) = pc_line(body, line) {
            self.pc(dump, body);
        } else if let Some(dump) = value_line(body, line, self.open.as_ref()) {
            self.values(dump);
        } else if let Some(code) = Code::parse(body) {
            self.code(code);
        } else if let Some(behind) = stands_behind(body) {
            self.behind = behind;
        } else if body.starts_with(BRANCH) {
            self.branching = true;
        } else if self.open.is_some() && !self.row(body) && !code::is_decoded(body) {
            self.other(body);
        }
    }

    /// A line that is no dump's.
    fn other(&mut self, body: &[u8]) {
        let Some(open) = &self.open else { return };
        self.gap += 1;
        let head = |head: &&str| text::begins(body, head);
        // The `CR2:` after ` </TASK>` is the crash's.
        let ended = body.starts_with(b"</") || open.arch.trace_heads.iter().any(head);
        if ended || self.gap > MAX_GAP {
            self.close();
        }
    }

    /// The last branch is the last dump's.
    fn branch(&mut self, frame: Frame<'a>) {
        let last = self.open.as_mut().or(self.dumps.last_mut()).filter(|dump| dump.branch.is_none());
        if let Some(dump) = last {
            dump.branch = Some(Frame { trust: Trust::Pc, ..frame });
        }
    }

    /// Whether a line goes on with the code of the line before.
    fn goes_on(&mut self, owner: usize, body: &'a [u8]) -> bool {
        let owner = self.dumps.iter_mut().chain(&mut self.open).nth(owner);
        owner.and_then(|dump| dump.code.as_mut()).is_some_and(|code| code.extend(body))
    }

    /// The line of a program counter opens a dump, unless it completes the one before it.
    fn pc(&mut self, mut dump: Registers<'a>, body: &[u8]) {
        let (near, half) = (self.gap == 0, is_half(body));
        self.gap = 0;
        if let Some(open) = &mut self.open {
            let late = open.pc.is_none() && (open.arch.pc_last || dump.arch.pc_last);
            // arm64 prints `pstate:` before `pc :`.
            let few = open.values.len() <= FEW;
            let first = open.pc.is_none() && few;
            let second = open.arch.pc_twice && is_same_pc(open, &dump, few);
            // show_fault_oops of sh says where before its registers come, as m68k does.
            let place = |dump: &Registers<'a>| dump.pc.and_then(|pc| pc.symbol);
            let again = open.values.is_empty() && open.arch != dump.arch && place(open) == place(&dump);
            if late || again || (near && (first || second || (half != self.half && few))) {
                // Two CPUs print the same registers; their program counters tell them apart.
                if open.values.is_empty() || strip_any(body, open.arch.pc_prefixes).is_none() {
                    open.arch = dump.arch;
                }
                open.complete(&mut dump);
                self.half = half;
                return;
            }
        }
        self.close();
        dump.judge();
        (self.open, self.half) = (Some(dump), half);
    }

    /// A line of nothing but values, which goes on with the row of the line before.
    fn row(&mut self, body: &'a [u8]) -> bool {
        let Some(open) = self.open.as_mut().filter(|_| self.gap == 0) else { return false };
        let Some(&(last, _)) = open.values.last() else { return false };
        let names = |row: &'static Row| row.names.iter().skip_while(move |name| **name != last).skip(1);
        let Some((row, names)) = open
            .arch
            .rows
            .iter()
            .map(|row| (row, names(row)))
            .find(|(_, names)| names.clone().next().is_some())
        else {
            return false;
        };
        let digits = digits_of(row.digits, open.arch);
        let before = open.values.len();
        let rest = row_values(body, names, digits, |name, value| open.values.push((name, value)));
        if !text::skip_blanks(rest).trim_ascii_end().is_empty() {
            open.values.truncate(before);
        }
        open.values.len() > before
    }

    /// A line of registers goes on with the open dump. Another value for one of them, with lines between, is
    /// a dump that has lost its first lines; without, two CPUs print at once, and the first value counts.
    fn values(&mut self, mut dump: Registers<'a>) {
        let gap = std::mem::take(&mut self.gap);
        let Some(open) = &mut self.open else {
            dump.judge();
            self.open = Some(dump);
            return;
        };
        let clashes = dump.values.iter().any(|(name, value)| open.get(name).is_some_and(|old| old != *value));
        if clashes && gap > 0 && !open.mixed {
            self.close();
            dump.judge();
            self.open = Some(dump);
            return;
        }
        open.mixed |= clashes;
        // What comes first may be of a CPU with shorter words as well.
        if open.values.len() <= FEW {
            open.arch = dump.arch;
        }
        for (name, value) in dump.values {
            if open.get(name).is_none() {
                open.values.push((name, value));
            }
        }
        open.link = merge(open.link, dump.link);
        open.judge();
    }

    /// Since 4.18 the code follows its program counter, on s390 its registers. Before, and on other CPUs, it
    /// follows the trace: it is that of the first dump of the kernel since the last code.
    fn code(&mut self, code: Code<'a>) {
        let inside = |dump: &&mut Registers<'_>| dump.values.is_empty() || dump.arch.code_inside;
        if let Some(open) = self.open.as_mut().filter(|dump| dump.code.is_none()).filter(inside) {
            self.gap = 0;
            open.code = Some(code);
            self.coding = Some(self.dumps.len());
            return;
        }
        let at = self.dumps.len();
        let owner = match &self.open {
            Some(open) if open.code.is_some() => None,
            Some(open) => self.uncoded.or_else(|| lacks_code(open).then_some(at)),
            None => self.uncoded,
        };
        let Some(owner) = owner else { return };
        if let Some(dump) = self.dumps.iter_mut().chain(&mut self.open).nth(owner) {
            dump.code = Some(code);
            self.coding = Some(owner);
        }
        if owner < at {
            let after = owner + 1;
            let next = self.dumps.get(after..).unwrap_or_default().iter().position(lacks_code);
            self.uncoded = next.map(|next| after + next);
        }
    }

    /// The dumps of all lines taken.
    pub(super) fn finish(mut self) -> Vec<Registers<'a>> {
        self.close();
        self.dumps
    }

    fn close(&mut self) {
        self.gap = 0;
        let whole = |d: &Registers<'_>| d.pc.is_some() || d.values.len() >= MIN_ORPHANS;
        if let Some(mut dump) = self.open.take().filter(whole) {
            dump.settle();
            if std::mem::take(&mut self.behind) && dump.arch.completes {
                dump.step_back();
            }
            if dump.code.is_some() {
                self.uncoded = None;
            } else if lacks_code(&dump) {
                self.uncoded = self.uncoded.or(Some(self.dumps.len()));
            }
            self.dumps.push(dump);
        }
    }
}

/// Whether a dump is the kernel's, and its code may come after the trace.
fn lacks_code(dump: &Registers<'_>) -> bool {
    dump.code.is_none() && !dump.user && dump.values.len() >= MIN_ORPHANS
}

/// Whether a program counter is printed in two lines, by 4.x arm64 and i386: `PC is at fn+0x1/0x2` and
/// `pc : [<ffffffc000d394c4>]`.
fn is_half(body: &[u8]) -> bool {
    body.get(..12).is_some_and(|start| text::contains(start, " is at "))
}

/// Whether a second line of a program counter is of the same: one gives the symbol and one the number.
fn is_same_pc(open: &Registers<'_>, dump: &Registers<'_>, few: bool) -> bool {
    let (Some(a), Some(b)) = (&open.pc, &dump.pc) else { return false };
    let unknown = a.symbol.is_none() || b.symbol.is_none();
    let unplaced = a.address.is_none() || b.address.is_none();
    unknown && ((a.address.is_some() && a.address == b.address) || (unplaced && few))
}

#[cfg(test)]
mod tests;
