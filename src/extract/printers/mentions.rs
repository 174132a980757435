//! What lines mention that tells crashes apart: addresses, CPUs, tasks, the base of a CPU's own data.

use crate::extract::banner::Banner;
use crate::formats::Part;
use crate::text;

/// What stands before the address of a fault in its banner: `address: 0000000000000028` of x86, `at virtual address
/// 0000000000000010` of arm64, riscv and loongarch, `on read at 0x00000228` of powerpc, `(0x81b) at 0x00000020` of arm.
pub(super) const FAULTS: &[&str] = &["address: ", "virtual address ", " at 0x"];
/// The same among the registers of x86, riscv, loongarch and powerpc.
pub(super) const ADDRESSES: &[&str] = &["CR2: ", "badaddr: ", "BADV: ", "DAR: "];

pub(super) fn address(body: &[u8], mark: &str) -> Option<u64> {
    let rest = text::after(body, mark)?;
    let rest = rest.strip_prefix(b"0x").unwrap_or(rest);
    text::number(text::take(rest, |byte| byte.is_ascii_hexdigit()).0, 16)
}

/// The CPU and the task that a failed check names: `WARNING: CPU: 3 PID: 112 at …`, and since 6.19
/// `WARNING: misc.c:334 at multi_oops_thread+0x74/0x90 [crashme], CPU#1: cm_oops/1/124` (`__warn` in `kernel/panic.c`).
pub(super) fn named(body: &[u8]) -> Option<(Option<u32>, Option<u32>)> {
    let number = |mark| text::u32_after(body, mark);
    if text::contains(body, "WARNING: CPU: ") {
        return Some((number("CPU: "), number("PID: ")));
    }
    if !body.starts_with(b"WARNING: ") || !text::contains(body, ", CPU#") {
        return None;
    }
    Some((number(", CPU#"), number_at_end(body)))
}

/// What stands before the task of a banner whose header comes behind it: the task ends the line, as `comm/pid`.
const TASKS: &[&str] = &[
    // spin_dump, kernel/locking/spinlock_debug.c: "BUG: spinlock lockup suspected on CPU#3, waiter/2329"
    "BUG: spinlock ",
    // check_preemption_disabled, lib/smp_processor_id.c: "… in preemptible [00000000] code: demo/77"
    "() in preemptible [",
];

/// The CPU, if it is said, and the task that a banner of another report names.
pub(super) fn task(body: &[u8]) -> Option<(Option<u32>, u32)> {
    // __schedule_bug, kernel/sched/core.c: "BUG: scheduling while atomic: demo/77/0x00000002"
    if let Some(task) = text::after(body, "scheduling while atomic: ") {
        let before = task.iter().rposition(|byte| *byte == b'/').and_then(|slash| task.get(..slash))?;
        return Some((None, number_at_end(before)?));
    }
    let names = TASKS.iter().any(|words| text::contains(body, words));
    let pid = number_at_end(body).filter(|_| names)?;
    Some((text::u32_after(body, " on CPU#"), pid))
}

/// `cm_oops/1/124`: a task may have a slash in its name.
fn number_at_end(body: &[u8]) -> Option<u32> {
    let digits = body.trim_ascii_end().rsplit(|byte| *byte == b'/').next()?;
    text::number(digits, 10).and_then(|number| u32::try_from(number).ok())
}

/// What an ARM says of a fault that its banner and the number of the crash have in common, `do_DataAbort` in
/// `arch/arm/mm/fault.c`: `Unhandled fault: external abort on non-linefetch (0x008) at 0xfa21200c`, and then
/// `Internal error: : 8 [#1] SMP ARM`.
pub(super) fn fault_status(body: &[u8]) -> Option<u64> {
    let hex = |text| text::number(text::take(text, |byte| byte.is_ascii_hexdigit()).0, 16);
    match text::after(body, "Internal error: ") {
        Some(rest) => hex(text::after(rest, ": ")?),
        None if body.starts_with(b"Unhandled ") => hex(text::after(body, " (0x")?),
        None => None,
    }
}

/// `kernel BUG at mm/slub.c:1!`, `Kernel BUG at do_step+0x1/0x2 [verbose debug info unavailable]`
pub(super) fn is_bug(body: &[u8]) -> bool {
    text::contains(body, "ernel BUG at ")
}

/// Whether a check that fails in `die()` says so: `invalid opcode: 0000 [#1]`, `Internal error: Oops - BUG: 0 [#1] SMP ARM`,
/// `Kernel BUG [#1]`, `Kernel bug detected[#1]:`
pub(super) fn is_trap(body: &[u8]) -> bool {
    ["invalid opcode:", "Oops - BUG", "Kernel BUG ", "Kernel bug "]
        .iter()
        .any(|words| text::contains(body, words))
}

/// `GS:ffff88801f400000(0000)`
pub(super) fn gs_base(body: &[u8]) -> Option<&[u8]> {
    let base = text::after(body, " GS:")?;
    Some(text::take(base, |byte| byte.is_ascii_hexdigit()).0).filter(|digits| digits.len() == 16)
}

/// Whether a banner says that the machine stops: no number comes behind it.
pub(super) fn panics(banner: &Banner<'_>) -> bool {
    banner.part() == Part::OfCrash
}

/// `Oops: 0002 [#1]`, and since Linux 6.11 `Oops: Oops: 0002 [#1]`: `__die_header` of x86.
pub(super) fn is_coded(body: &[u8]) -> bool {
    let code = text::after(body, "Oops: ").map(|rest| rest.strip_prefix(b"Oops: ").unwrap_or(rest));
    let digits = code.map(|code| text::take(code, |c| c.is_ascii_hexdigit()));
    digits.is_some_and(|(digits, rest)| {
        digits.len() == 4 && rest.starts_with(b" [#") && !text::contains(body, "rror: ")
    })
}
