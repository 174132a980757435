//! Faults and traps: what ends in `die()`.
//!
//! ```text
//! general protection fault, probably for non-canonical address 0xdffffc0000000009: 0000 [#1] SMP KASAN
//! Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008
//! ```

use super::{Family, Part, RIP_THEN_TRACE, Raw, Rule, Step};

/// The counter alone: a double fault has no other stack worth believing.
const RIP_ONLY: &[Step] = &[Step::Line("{{RIP}}")];

pub(crate) const FAMILIES: &[Family] = &[
    // die_kernel_fault: arch/arm/mm/fault.c, arch/arm64/mm/fault.c, arch/riscv/mm/fault.c
    Family {
        banner: "Unable to handle kernel",
        rules: &[Rule {
            line: "Unable to handle kernel (paging request|NULL pointer dereference|access to user memory)",
            title: "BUG: unable to handle kernel {1} in {frame}",
            alt: &["bad-access in {frame}"],
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        raw: Raw::Anywhere,
        ..Family::NEW
    },
    // exc_general_protection, arch/x86/kernel/traps.c; user tasks get "traps: a.out[12] general protection fault ip:… error:0 in a.out"
    Family {
        banner: "general protection fault",
        unless: &[" error:"],
        rules: &[Rule {
            line: "general protection fault",
            title: "general protection fault in {frame}",
            alt: &["bad-access in {frame}"],
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family {
        banner: "stack segment: ",
        rules: &[Rule {
            line: "stack segment: ",
            title: "stack segment fault in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family { banner: "divide error:", rules: &[DIVIDE_ERROR], ..Family::NEW },
    Family { banner: "divide_error:", rules: &[DIVIDE_ERROR], ..Family::NEW },
    Family {
        banner: "invalid opcode:",
        rules: &[Rule {
            line: "invalid opcode:",
            title: "invalid opcode in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
    Family {
        banner: "int3:",
        rules: &[Rule { line: "int3:", title: "int3 in {frame}", stacks: &[RIP_THEN_TRACE], ..Rule::NEW }],
        part: Part::OfFault,
        ..Family::NEW
    },
    // exc_double_fault, arch/x86/kernel/traps.c
    Family {
        banner: "PANIC: double fault",
        rules: &[Rule {
            line: "PANIC: double fault",
            title: "PANIC: double fault in {frame}",
            stacks: &[RIP_ONLY],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
    // __die: arch/arm/kernel/traps.c, arch/arm64/kernel/traps.c
    Family {
        banner: "Internal error:",
        rules: &[Rule {
            line: "Internal error:",
            title: "Internal error in {frame}",
            alt: &["bad-access in {frame}"],
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
    Family {
        banner: "Unhandled fault:",
        rules: &[Rule {
            line: "Unhandled fault:",
            title: "Unhandled fault in {frame}",
            alt: &["bad-access in {frame}"],
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family {
        banner: "Alignment trap:",
        rules: &[Rule {
            line: "Alignment trap:",
            title: "Alignment trap in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // __die_header, arch/x86/kernel/dumpstack.c: "Oops: 0000 [#1] PREEMPT SMP NOPTI" after the fault's own line
    Family {
        banner: "Oops: ",
        rules: &[Rule {
            line: "Oops: [0-9a-f]{4,16} \\[#[0-9]+\\]",
            title: "Oops in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
];

const DIVIDE_ERROR: Rule = Rule {
    line: "divide[ _]error:",
    title: "divide error in {frame}",
    stacks: &[RIP_THEN_TRACE],
    ..Rule::NEW
};
