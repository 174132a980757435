//! The functions by which interrupts and faults enter the kernel: patterns of `formats::skip`.
//!
//! Where such a one is in a stack, the unwinder finds the registers, and what it says next is the program counter that was
//! interrupted.

use std::sync::LazyLock;

use crate::text::Starts;

/// Interrupts: `arch/arm64/kernel/entry.S`, `arch/arm/kernel/entry-armv.S`.
pub(crate) const ARM: &[&str] = &[
    "^el1_irq$",
    "^el1_fiq$",
    "^el1_error$",
    "^el1_preempt$",
    "^el1_irq_invalid$",
    "^el1_fiq_invalid$",
    "^el1_error_invalid$",
    "^el1h_64_irq$",
    "^el1h_64_fiq$",
    "^el1h_64_error$",
    "^el1t_64_irq$",
    "^el1t_64_fiq$",
    "^el1t_64_error$",
    "^__sdei_asm_handler$",
    "^__irq_svc$",
    "^__fiq_svc$",
    "^svc_preempt$",
];

/// Interrupts: `arch/*/kernel/entry.S` and `genex.S` of riscv, loongarch and mips.
pub(crate) const RISCV: &[&str] = &[
    "^handle_exception$",
    "^ret_from_exception$",
    "^handle_vint$",
    "^handle_int$",
    "^rollback_handle_int$",
    "^ret_from_irq$",
    "^__ret_from_irq$",
    "^except_vec_vi_handler$",
    "^except_vec_vi_end$",
];

/// Interrupts: `arch/s390/kernel/entry.S`.
pub(crate) const S390: &[&str] = &[
    "^ext_int_handler$",
    "^io_int_handler$",
    "^mcck_int_handler$",
    "^restart_int_handler$",
    "^ext_no_vtime$",
    "^io_no_vtime$",
    "^ext_skip$",
    "^io_skip$",
];

/// Faults: the same files.
const FAULTS: &[&str] = &[
    "^el1_sync$",
    "^el1_da$",
    "^el1_dbg$",
    "^el1_undef$",
    "^el1h_64_sync$",
    "^el1t_64_sync$",
    "^__dabt_svc$",
    "^__pabt_svc$",
    "^__und_svc$",
    "^pgm_check_handler$",
];

/// Whether the next frame of a stack is the program counter that was interrupted: `unwind_next_frame` of
/// `arch/s390/kernel/unwind_bc.c`, `walk_stackframe` of `arch/riscv/kernel/stacktrace.c`, `unwind_stack_by_address` of
/// `arch/mips/kernel/process.c`, the frame record that `kernel_entry` makes of `elr_el1` in `arch/arm64/kernel/entry.S`.
pub(crate) fn is_entry(name: &str) -> bool {
    static LENGTHS: LazyLock<Starts<usize>> = LazyLock::new(|| {
        let names =
            [ARM, RISCV, S390, FAULTS].into_iter().flatten().map(|pattern| pattern.trim_matches(['^', '$']));
        Starts::new(names.map(|name| (name, name.len())))
    });
    LENGTHS.find_if(name.as_bytes(), |length| *length == name.len()).is_some()
}
