//! The instructions as lines of text.

use std::fmt::{self, Display, Formatter};

use crate::disasm::{self, Disassembly, Instruction};
use crate::facts::frame::Frame;
use crate::facts::registers::Registers;

use super::Plain;

/// Instructions shown before the trapping one, and after it; the same where all is wanted.
const AROUND: (usize, usize) = (3, 1);
const AROUND_FULL: (usize, usize) = (12, 4);

/// The instructions round the kernel's program counter, a line each; those of a failed check, `ud2`, `brk` or `mc`, and what the compiler
/// put there, only where all is wanted.
///
/// ```text
///     do_step+0x86:  48 89 fa     mov    %rdi,%rdx
///   * do_step+0x89:  0f b6 04 02  movzbl (%rdx,%rax,1),%eax    <-- trapping instruction
/// ```
///
/// Nothing, if there is no code that can be told.
pub(crate) struct CodeText<'r, 'a> {
    pub(crate) registers: &'r Registers<'a>,
    pub(crate) full: bool,
    /// Whether the instruction at the counter trapped: a CPU that is locked up or asked is stopped anywhere.
    pub(crate) trapped: bool,
    /// What stands above the instructions.
    pub(crate) head: &'r dyn Display,
}

impl Display for CodeText<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let CodeText { registers, full, trapped, head } = self;
        let Some(Disassembly { instructions, .. }) = disasm::of_kernel(registers) else { return Ok(()) };
        let trap = instructions.iter().position(|instruction| instruction.trap).unwrap_or_default();
        let checks = |text: &str| text == "ud2" || text.starts_with("brk") || text.starts_with("mc ");
        if !full && instructions.get(trap).is_some_and(|instruction| checks(&instruction.text)) {
            return Ok(());
        }
        let (before, after) = if *full { AROUND_FULL } else { AROUND };
        let pc = registers.pc.as_ref();
        // s390 has completed the instruction, and the counter stands behind it.
        let code = registers.code.as_ref();
        let completed = code.is_some_and(|code| code.before.is_some() && code.trap == code.before);
        let length = instructions.get(trap).map_or(0, |instruction| instruction.bytes.len());
        let behind = if completed { i64::try_from(length).unwrap_or_default() } else { 0 };
        // What stands before the function is another's, or fills the gap.
        let own = |instruction: &Instruction<'_>| is_inside(pc, instruction.at - behind);
        let foreign = instructions.iter().take(trap).take_while(|instruction| !own(instruction));
        let first = foreign.count().max(trap.saturating_sub(before));
        let shown = instructions.get(first..(trap + after + 1).min(instructions.len())).unwrap_or_default();
        let rows: Vec<[String; 2]> =
            shown.iter().map(|i| [place(pc, i.at - behind), bytes(i, registers)]).collect();
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
        let has_symbol = pc.is_some_and(|pc| pc.symbol.is_some());
        let (places, codes) = (width(0), width(1));
        writeln!(f, "  {head}")?;
        for (instruction, [place, bytes]) in shown.iter().zip(&rows) {
            let mark = if instruction.trap { '*' } else { ' ' };
            write!(
                f,
                "  {mark} {:<places$}  {bytes:<codes$}  {}",
                format!("{place}:"),
                Plain(instruction.text.as_bytes()),
                places = places + 1
            )?;
            if let Some(target) =
                instruction.target.filter(|target| has_symbol && is_inside(pc, *target - behind))
            {
                write!(f, "    # {}", self::place(pc, target - behind))?;
            }
            let at = if *trapped { "    <-- trapping instruction" } else { "    <-- stopped here" };
            writeln!(f, "{}", if instruction.trap { at } else { "" })?;
        }
        Ok(())
    }
}

/// The place so far from the program counter: `do_step+0x8d`, an address, or the mere distance.
fn place(pc: Option<&Frame<'_>>, at: i64) -> String {
    let signed = |value: i64| {
        let sign = if value < 0 { '-' } else { '+' };
        format!("{sign}{:#x}", value.unsigned_abs())
    };
    match pc.map(|pc| (pc.symbol, pc.offset, pc.address)) {
        Some((Some(symbol), Some(offset), _)) => {
            format!("{}{}", Plain(symbol.as_bytes()), signed((offset as i64).wrapping_add(at)))
        }
        Some((None, _, Some(address))) => format!("{:#x}", address.wrapping_add_signed(at)),
        _ => signed(at),
    }
}

/// Whether a place so far from the program counter is in its function, as far as is known.
fn is_inside(pc: Option<&Frame<'_>>, at: i64) -> bool {
    let Some((offset, size)) = pc.and_then(|pc| Some((pc.offset?, pc.size?))) else { return true };
    offset.checked_add_signed(at).is_some_and(|offset| offset < size)
}

/// The bytes as the log has them: one by one, or a word.
fn bytes(instruction: &Instruction<'_>, registers: &Registers<'_>) -> String {
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let size = registers.code.as_ref().map_or(1, |code| code.unit.max(1));
    instruction.bytes.chunks(size).map(digits).collect::<Vec<_>>().join(" ")
}
