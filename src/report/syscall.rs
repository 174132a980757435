//! What the crashed task asked the kernel for.

use super::Report;
use crate::facts::frame::{Frame, Trust};
use crate::facts::registers::Registers;
use crate::facts::trace::{StackTrace, TraceKind};
use crate::formats::syscalls::{Calls, ENTRIES, GENERIC, X86_64};
use crate::text;

/// A system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Syscall {
    /// Its number on the log's CPU; `None` if only its function is known, and not of which CPU that is.
    pub number: Option<u32>,
    /// Its name, as in the manual's section 2: `write`.
    pub name: &'static str,
}

impl<'a> Report<'a> {
    /// The system call that the crashed task was in: by the registers of the user who called, of x86-64, or by the function
    /// that the entry called, in the crash's own stack. `None` where an interrupt or a fault came in from user space, of
    /// kernel threads and of calls whose numbers are not known. Other CPUs print no registers of who called, and what the
    /// argument registers hold at a crash is no number any more.
    ///
    /// ```text
    ///  __x64_sys_write+0x3d/0x50
    ///  entry_SYSCALL_64_after_hwframe+0x4b/0xb5
    /// RIP: 0033:0x47b7a0
    /// RSP: 002b:00007fff594a6188 EFLAGS: 00000202 ORIG_RAX: 0000000000000001
    /// ```
    pub fn syscall(&self) -> Option<Syscall> {
        self.syscall_in(&self.traces())
    }

    /// The same, given the stacks.
    pub(crate) fn syscall_in(&self, traces: &[StackTrace<'a>]) -> Option<Syscall> {
        let own = traces.iter().find(|trace| trace.kind == TraceKind::Crash)?;
        let user = own.registers.iter().find(|dump| dump.user);
        // Whoever interrupts user space is not called from there.
        if let Some(orig) = user.and_then(|dump| dump.get("ORIG_RAX")) {
            return user.filter(|dump| self.is_64_bit(dump)).and_then(|_| numbered(X86_64, orig));
        }
        own.frames.iter().rev().find_map(entered)
    }

    /// Whether the program is one of 64 bits: code segment `__USER_CS` of `arch/x86/include/asm/segment.h`.
    fn is_64_bit(&self, dump: &Registers<'_>) -> bool {
        self.bodies().nth(dump.line).is_some_and(|line| text::contains(line, "RIP: 0033:"))
    }
}

fn numbered(calls: Calls, number: u64) -> Option<Syscall> {
    let (number, name) = *calls.iter().find(|(of, _)| u64::from(*of) == number)?;
    Some(Syscall { number: Some(number), name })
}

/// The system call whose function a frame is of.
fn entered(frame: &Frame<'_>) -> Option<Syscall> {
    let symbol = frame.symbol.filter(|_| frame.trust != Trust::Unreliable && frame.module.is_none())?;
    let (rest, calls) =
        ENTRIES.iter().find_map(|(start, calls)| Some((symbol.strip_prefix(start)?, calls)))?;
    let name = rest.split('.').next()?;
    let is = |(_, of): &&(u32, &'static str)| *of == name || name.strip_prefix("new") == Some(*of);
    if let Some(calls) = calls {
        return calls.iter().find(is).map(|(number, name)| Syscall { number: Some(*number), name });
    }
    let known = X86_64.iter().chain(GENERIC).find(is)?;
    Some(Syscall { number: None, name: known.1 })
}
