//! The instructions of a `Code:` line.
//!
//! x86 is decoded by iced-x86, arm64 by yaxpeax-arm, and s390 by the kernel itself. The text is that of the GNU
//! tools, as `scripts/decodecode` prints it.

mod arm64;
mod s390;
mod system;
mod x86;

use crate::arch::Arch;
use crate::facts::code::Code;
use crate::facts::registers::Registers;

/// The instructions round a program counter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disassembly<'c> {
    /// How many bytes at the start of the line belong to no instruction listed: the line may begin in the
    /// middle of one.
    pub skipped: usize,
    /// The instructions in order. Those after the trap end where the line does, or at the first that is none.
    pub instructions: Vec<Instruction<'c>>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instruction<'c> {
    /// Where it begins, in bytes from the instruction of the program counter: negative before it.
    pub at: i64,
    /// Its bytes, as the line has them.
    pub bytes: &'c [u8],
    /// What GNU's objdump calls it: `cmpb   $0x0,(%rdx,%rax,1)`. The target of a jump or call is written from
    /// the instruction itself: `jne    .+0x1c`. What is no instruction is `(bad)`.
    pub text: String,
    /// Where a jump or call leads that names its target, counted as [`Instruction::at`].
    pub target: Option<i64>,
    /// Whether the program counter points to it.
    pub trap: bool,
}

/// What stands for bytes that are no instruction, or the first bytes of one.
const BAD: &str = "(bad)";

impl Code<'_> {
    /// The instructions of the line, for the CPU of the [`Registers`] that it belongs to.
    ///
    /// `None` for another CPU than x86-64, i386, arm64 and s390, and where the line has no instruction of the
    /// program counter. On x86 the bytes before it may begin in the middle of an instruction: of all places
    /// from which whole instructions lead to the trap, the first is taken. The code of a user's program is
    /// decoded as the kernel's is; [`Registers::user`] says whose it is.
    ///
    /// ```
    /// use crashparse::reports;
    ///
    /// let log = std::fs::read("testdata/logs/oops-work.log")?;
    /// let registers = reports(&log).next().and_then(|report| report.registers()).unwrap();
    /// let code = registers.code.as_ref().unwrap();
    /// let disassembly = code.disassemble(registers.arch).unwrap();
    /// let trap = disassembly.instructions.iter().find(|instruction| instruction.trap).unwrap();
    /// assert_eq!((trap.text.as_str(), trap.bytes), ("cmpb   $0x0,(%rdx,%rax,1)", &b"\x80\x3c\x02\x00"[..]));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn disassemble(&self, arch: &Arch) -> Option<Disassembly<'_>> {
        let trap = self.trap.filter(|&trap| trap < self.bytes.len())?;
        let instructions = match (arch.name, self.unit) {
            ("x86_64", 1) => x86::instructions(&self.bytes, trap, 64),
            ("i686", 1) => x86::instructions(&self.bytes, trap, 32),
            ("aarch64", 4) => arm64::instructions(&self.bytes, trap),
            ("s390x", 1) => s390::instructions(&self.bytes, trap, &self.disassembly)?,
            _ => return None,
        };
        let before = instructions.first().map_or(0, |first| first.at.unsigned_abs());
        let skipped = trap.saturating_sub(usize::try_from(before).unwrap_or(trap));
        Some(Disassembly { skipped, instructions })
    }
}

/// The instructions round the program counter of the kernel: a user's code tells nothing of its crash.
pub(crate) fn of_kernel<'c>(registers: &'c Registers<'_>) -> Option<Disassembly<'c>> {
    let code = registers.code.as_ref().filter(|_| !registers.user)?;
    code.disassemble(registers.arch)
}

/// The distance from one place in a line to another.
fn distance(from: usize, to: usize) -> i64 {
    // A line is no longer than its log.
    to as i64 - from as i64
}

/// The place so far from an instruction, as GNU's assembler writes it: `.+0x1c`.
fn relative(distance: i64) -> String {
    let sign = if distance < 0 { '-' } else { '+' };
    format!(".{sign}{:#x}", distance.unsigned_abs())
}
