//! One register dump.

use crate::arch::{Arch, UserMode};
use crate::facts::code::Code;
use crate::facts::frame::{Frame, Trust};

/// One register dump: the program counter and the registers printed with it.
///
/// A report holds several: the crash's own, that of the system call inside the trace (`RIP: 0033:`), and the
/// first one again after the end of the trace. Printed by `__show_regs` in `arch/x86/kernel/process_64.c`
/// and in the same file of the other CPUs, whose names are in the tables of [`Arch`].
///
/// ```text
/// RIP: 0010:oops_leaf+0x5/0x30 [crashme]
/// RSP: 0018:ffffc90000143e28 EFLAGS: 00010246
/// RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000000
/// FS:  00000000004a2858(0000) GS:ffff88803ed00000(0000) knlGS:0000000000000000
/// CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
///
/// Krnl PSW : 0704c00180000000 00000000001d2f40 (oops_leaf+0x12/0x30 [crashme])
///            R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:0 PM:0 RI:0 EA:3
/// Krnl GPRS: 0000000000000000 0000000000000001 000003ff00000000 00000000011c5d58
///            00000000011c5d50 0000000000000000 00000000011c5d70 0000000000000001
/// ```
///
/// Registers without a name of their own are called as the CPU's manual calls them: `R4` on s390, `$4` on
/// MIPS, `GPR04` on PowerPC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registers<'a> {
    /// The CPU whose names these are.
    pub arch: &'static Arch,
    /// Index of the first line of the dump among the lines given to [`Registers::read`].
    pub line: usize,
    /// The program counter, trust [`Trust::Pc`]; `None` if its line is lost. Of s390 it is [`Trust::Return`] where it stands
    /// behind the instruction that trapped.
    pub pc: Option<Frame<'a>>,
    /// The return address register (`lr :`), trust [`Trust::Return`]; `None` on x86.
    pub link: Option<Frame<'a>>,
    /// The last branch that was taken: `Last Breaking-Event-Address:` of s390, which stands behind the stack. It is the
    /// address of the instruction itself, trust [`Trust::Pc`].
    pub branch: Option<Frame<'a>>,
    /// Whether the CPU was in user mode: its code segment says so (`RIP: 0033:`) or its status register, or
    /// that the program counter has no symbol.
    pub user: bool,
    /// Name and value in the order printed, without the segment selectors (`0018:`, `(0000)`).
    pub values: Vec<(&'a str, u64)>,
    /// Whether two dumps were printed at the same time, so that a value may belong to the other one.
    pub mixed: bool,
    /// The code round this program counter; `None` if the dump has no `Code:` line of its own.
    pub code: Option<Code<'a>>,
}

impl<'a> Registers<'a> {
    /// Value of a register by its printed name: `RAX`, `x29`.
    pub fn get(&self, name: &str) -> Option<u64> {
        // A name has few bytes: a call to compare them costs more.
        let same = |other: &str| other.len() == name.len() && other.bytes().eq(name.bytes());
        self.values.iter().find(|(n, _)| same(n)).map(|&(_, value)| value)
    }

    pub(super) fn new(arch: &'static Arch, line: usize) -> Registers<'a> {
        Registers {
            arch,
            line,
            pc: None,
            link: None,
            branch: None,
            user: false,
            values: Vec::new(),
            mixed: false,
            code: None,
        }
    }

    /// Takes over what the line of a program counter adds.
    pub(super) fn complete(&mut self, other: &mut Registers<'a>) {
        self.user = match self.pc {
            None => other.user,
            Some(_) => self.user && other.user,
        };
        self.pc = merge(self.pc, other.pc);
        self.link = merge(self.link, other.link);
        self.values.append(&mut other.values);
        self.judge();
    }

    /// Asks the status register whether the CPU was in user mode.
    pub(super) fn judge(&mut self) {
        let status = |mode: &UserMode| Some(self.get(mode.register)? & mode.mask == mode.value);
        if let Some(user) = self.arch.user_mode.iter().find_map(status) {
            self.user = user;
        }
    }

    /// The instruction that trapped is the one before the program counter.
    pub(super) fn step_back(&mut self) {
        self.pc.iter_mut().for_each(|pc| pc.trust = Trust::Return);
        if let Some(code) = &mut self.code {
            code.trap = code.before.or(code.trap);
        }
    }

    /// Fills in the address of a program counter that has a line of its own for its symbol.
    pub(super) fn settle(&mut self) {
        let address = self.get(self.arch.pc_register);
        if let (Some(pc), Some(address)) = (&mut self.pc, address) {
            pc.address = pc.address.or(Some(address));
        }
    }
}

/// A code address that is printed on one line and its symbol that is printed on another.
pub(super) fn merge<'a>(a: Option<Frame<'a>>, b: Option<Frame<'a>>) -> Option<Frame<'a>> {
    match (a, b) {
        (Some(a), Some(b)) if a.symbol.is_none() => Some(Frame { address: b.address.or(a.address), ..b }),
        (Some(a), Some(b)) => Some(Frame { address: a.address.or(b.address), ..a }),
        (a, b) => a.or(b),
    }
}
