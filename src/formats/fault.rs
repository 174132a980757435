//! Faults and traps: what ends in `die()`.
//!
//! ```text
//! general protection fault, probably for non-canonical address 0xdffffc0000000009: 0000 [#1] SMP KASAN
//! Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008
//! ```

use super::skip::Format;
use super::{Family, LINK_THEN_TRACE, Part, Pick, RIP_THEN_TRACE, Rule, Step, TRACE};

/// The counter alone: a double fault has no other stack worth believing.
const RIP_ONLY: &[Step] = &[Step::Line("{{RIP}}")];

/// How the functions begin by which x86 enters the kernel for a fault in it: arch/x86/include/asm/idtentry.h since Linux 5.8.
pub(crate) const ENTRY: &str = "asm_exc_";

/// The same before: arch/x86/entry/entry_64.S and entry_32.S.
pub(crate) const ENTRIES: &[&str] = &[
    "page_fault",
    "async_page_fault",
    "general_protection",
    "invalid_op",
    "stack_segment",
    "segment_not_present",
    "alignment_check",
    "int3",
    "debug",
    "handle_exception",
    "common_exception",
    "error_code",
];

/// Lines that say that the CPU could not fetch an instruction: how they begin, and what they hold.
pub(crate) const FETCHES: &[(&str, &str)] = &[
    // show_fault_oops, arch/x86/mm/fault.c
    ("#PF: supervisor instruction fetch", ""),
    ("kernel tried to execute ", ""),
    // bad_page_fault, arch/powerpc/mm/fault.c
    ("BUG: Unable to handle kernel instruction fetch", ""),
    ("Unable to handle kernel paging request for instruction fetch", ""),
    // __do_kernel_fault, mem_abort_decode: arch/arm64/mm/fault.c
    ("Unable to handle kernel execut", ""),
    ("EC = 0x21:", ""),
    ("EC = 0x22:", ""),
    // FSR_LNX_PF of arm (any write has three digits: 817), and the class of an arm64 ESR, which has 16 digits since Linux
    // 5.12 or so
    ("Internal error: Oops: 80000", ""),
    ("Internal error: Oops: 8600", ""),
    ("Internal error: Oops: 000000008600", ""),
    // __show_regs, arch/riscv/kernel/process.c: EXC_INST_PAGE_FAULT, EXC_INST_ACCESS; with an "s" up to Linux 5.4
    ("status: ", "cause: 000000000000000c"),
    ("status: ", "cause: 0000000000000001"),
    ("status: ", "cause: 0000000c"),
    ("status: ", "cause: 00000001"),
    ("sstatus: ", "cause: 000000000000000c"),
    ("sstatus: ", "cause: 0000000000000001"),
    // print_estat, arch/loongarch/kernel/traps.c
    ("ESTAT: ", "[PIF]"),
    ("ESTAT: ", "[PNX]"),
    ("ESTAT: ", "[ADEF]"),
];

/// How the banners of bad_page_fault begin, arch/powerpc/mm/fault.c, since Linux 5.2; the data segment's has no "on read". It prints on the stack that it is
/// called on: where that is overrun, printing faults again, and so on before any stack is shown.
pub(crate) const FAULTS_AGAIN: &[&str] = &[
    "BUG: Kernel NULL pointer dereference ",
    "BUG: Unable to handle kernel ",
    "BUG: Unable to handle unknown paging fault at ",
];

pub(crate) const FAMILIES: &[Family] = &[
    // die_kernel_fault: arch/arm/mm/fault.c, arch/arm64/mm/fault.c, arch/riscv/mm/fault.c
    Family {
        banner: "Unable to handle kernel",
        rules: &[
            // bad_page_fault, arch/powerpc/mm/fault.c, up to Linux 5.1: a call of a bad pointer, and an address that is not aligned
            Rule {
                line: "Unable to handle kernel (paging request) for instruction fetch",
                title: "BUG: unable to handle kernel {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[LINK_THEN_TRACE, RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "Unable to handle kernel paging request for (unaligned access)",
                title: "BUG: unable to handle kernel {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "Unable to handle kernel (paging request|NULL pointer dereference|access to user memory)",
                title: "BUG: unable to handle kernel {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE, RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // do_no_context, arch/s390/mm/fault.c
            Rule {
                line: "Unable to handle kernel pointer dereference in virtual kernel address space",
                title: "BUG: unable to handle kernel paging request in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // __do_kernel_fault, do_page_fault: arch/arm64/mm/fault.c
            Rule {
                line: "Unable to handle kernel (write to read-only memory|read from unreadable memory|execut[a-z]+ (?:from|of) [a-z-]+ memory)",
                title: "BUG: unable to handle kernel {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                ..Rule::NEW
            },
        ],
        raw: true,
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
        // do_alignment, arch/arm/mm/alignment.c, of a program: "Alignment trap: demo (905) PC=0x00010456 Instr=0xe5932000"
        unless: &[" PC=0x"],
        rules: &[Rule {
            line: "Alignment trap:",
            title: "Alignment trap in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        leads_to: &["Unhandled fault:"],
        ..Family::NEW
    },
    // arm64_serror_panic, arch/arm64/kernel/traps.c: the panic follows
    Family {
        banner: "SError Interrupt on CPU",
        rules: &[Rule {
            line: "SError Interrupt on CPU",
            title: "SError Interrupt in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // bad_mode, arch/arm64/kernel/traps.c, up to Linux 5.12
    Family {
        banner: "Bad mode in ",
        rules: &[Rule {
            line: "Bad mode in .* handler",
            title: "Bad mode in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        leads_to: &["Internal error:"],
        prelude: true,
        ..Family::NEW
    },
    // __panic_unhandled, arch/arm64/kernel/entry-common.c: the panic follows
    Family {
        banner: " exception on CPU",
        rules: &[Rule {
            line: "^Unhandled .* exception on CPU[0-9]+, ESR 0x",
            title: "Unhandled exception in {frame}",
            stacks: &[RIP_THEN_TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // report_cfi_failure, kernel/cfi.c: "CFI failure at fn+0x1/0x2 (target: other+0x0/0x10; expected type: 0x7e0c52a)"
    Family {
        banner: "CFI failure ",
        rules: &[
            Rule {
                line: "CFI failure at (?:{{PC}} +)?{{FUNC}}",
                title: "CFI failure in {1}",
                traceless: true,
                ..Rule::NEW
            },
            // handle_cfi_failure, kernel/cfi.c, up to Linux 6.0: "CFI failure (target: fn+0x0/0x10):"
            Rule {
                line: "CFI failure \\(target: ",
                title: "CFI failure in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                format: Format::Cfi,
                ..Rule::NEW
            },
        ],
        leads_to: &["kernel BUG", "WARNING:"],
        ..Family::NEW
    },
    // exc_control_protection, arch/x86/kernel/traps.c: "traps: Missing ENDBR: fn+0x0/0x10"
    Family {
        banner: "Missing ENDBR: ",
        rules: &[Rule {
            line: "Missing ENDBR: (?:{{PC}} +)?{{FUNC}}",
            title: "Missing ENDBR in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["kernel BUG", "WARNING:"],
        ..Family::NEW
    },
    // fortify_panic, lib/string_helpers.c: BUG() follows
    Family {
        banner: "detected buffer overflow",
        rules: &[
            Rule {
                line: "detected buffer overflow in ([a-z0-9_]+)",
                title: "FORTIFY: buffer overflow in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "([a-z0-9_]+): detected buffer overflow",
                title: "FORTIFY: buffer overflow in {1}",
                traceless: true,
                ..Rule::NEW
            },
        ],
        leads_to: &["kernel BUG", "WARNING:"],
        prelude: true,
        warns: true,
        ..Family::NEW
    },
    // __list_add_valid, __list_del_entry_valid, lib/list_debug.c: BUG() or WARN() follows
    Family {
        banner: " corruption",
        rules: &[Rule {
            line: "(list_add|list_del) corruption",
            title: "BUG: {1} corruption",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["kernel BUG", "WARNING:"],
        prelude: true,
        warns: true,
        ..Family::NEW
    },
    Family {
        banner: "list_add double add: ",
        rules: &[LIST_ADD],
        leads_to: &["kernel BUG", "WARNING:"],
        prelude: true,
        warns: true,
        ..Family::NEW
    },
    // s390: do_report_trap, arch/s390/kernel/traps.c: "illegal operation: 0001 ilc:1 [#1] SMP"
    Family {
        banner: " ilc:",
        rules: &[
            Rule {
                line: "monitor event: [0-9a-f]+ ilc:[0-9] \\[#[0-9]+\\]",
                title: "monitor event in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "([a-zA-Z][a-zA-Z -]+): [0-9a-f]+ ilc:[0-9] \\[#[0-9]+\\]",
                title: "{1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
        ],
        part: Part::OfFault,
        ..Family::NEW
    },
    // die(): each architecture's own words, and the number of the oops
    Family {
        banner: "[#",
        unless: &["Kernel bad sw trap"],
        rules: &[
            // arch/x86/kernel/dumpstack.c: "Oops: 0000 [#1] PREEMPT SMP NOPTI" after the fault's own line
            Rule {
                line: "Oops: [0-9a-f]{4,16} \\[#[0-9]+\\]",
                title: "Oops in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // s390: die, arch/s390/kernel/traps.c, up to Linux 3.15: "specification exception: 0006 [#1] SMP"
            Rule {
                line: "^(addressing exception|data exception|execute exception|(?:fixpoint|HFP) [a-z]+ exception|(?:fixpoint|HFP) [a-z]+|floating point exception|illegal operation|monitor event|operand exception|privileged operation|special operation exception|specification exception|transaction constraint exception|translation exception|unknown program exception|Unknown program exception|vector exception): [0-9a-f]{4} \\[#[0-9]+\\]",
                title: "{1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // arch/powerpc/kernel/traps.c: "Oops: Kernel access of bad area, sig: 11 [#1]"
            Rule {
                line: "Oops: ([A-Za-z][A-Za-z/() ]+), sig: [0-9]+ \\[#[0-9]+\\]",
                title: "Oops: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // arch/riscv/kernel/traps.c: "Oops - illegal instruction [#1]"
            Rule {
                line: "Oops - ([a-zA-Z() -]+) \\[#[0-9]+\\]",
                title: "Oops: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // arch/mips/kernel/traps.c: "Kernel bug detected[#1]:"
            Rule {
                line: "Kernel bug detected ?\\[#[0-9]+\\]",
                title: "kernel BUG in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // "Reserved instruction in kernel code[#1]:", "Break instruction in kernel code[#1]:"
            Rule {
                line: "([A-Z][A-Za-z ]+) in kernel code ?\\[#[0-9]+\\]",
                title: "{1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // arch/riscv, mips, loongarch, sparc: "Oops [#1]", "Oops[#1]:", "swapper(1): Oops [#1]"
            Rule {
                line: "Oops ?\\[#[0-9]+\\]",
                title: "Oops in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // do_trap_break, arch/riscv/kernel/traps.c, after "kernel BUG at"
            Rule {
                line: "^Kernel BUG \\[#[0-9]+\\]",
                title: "kernel BUG in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // __die_header, arch/x86/kernel/dumpstack.c: "alignment check: 0000 [#1]", since Linux 6.11 behind "Oops: "
            Rule {
                line: "^(?:Oops: ([A-Za-z][A-Za-z() -]+)|(overflow|bounds|coprocessor segment overrun|invalid TSS|segment not present|alignment check|(?:fpu|simd|iret|virtualization) exception|spurious interrupt bug|double fault|stack guard page|kernel stack overflow \\([a-z-]+\\)|Bad pagetable)): [0-9a-f]{4} \\[#[0-9]+\\]",
                title: "Oops: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // die: arch/mips/kernel/traps.c, arch/loongarch/kernel/traps.c: "Kernel ade access[#1]:"
            Rule {
                line: "^(Kernel [a-z]+(?: instruction)? access|do_[a-z_]+ (?:invoked from kernel context!|exception)|(?:COP2: )?Unhandled kernel unaligned access[a-z ]*|Integer overflow|Math emu break/trap|MIPS MT Thread exception in kernel|Oops - [A-Za-z ]+)\\[#[0-9]+\\]:$",
                title: "Oops: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // die_if_kernel, arch/sparc/kernel/traps_64.c: "demo(905): Kernel illegal instruction [#1]"
            Rule {
                line: "^.{1,16}\\([0-9]+\\): ((?:Kernel |TL[01]: |Bad |Penguin |Too many Penguin|TLB/TSB |Iax|Dax|UE)[^\\[\\]]*) \\[#[0-9]+\\]$",
                title: "Oops: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
        ],
        part: Part::OfFault,
        ..Family::NEW
    },
    // parisc_terminate, arch/parisc/kernel/traps.c: "Kernel Fault: Code=26 (Data memory access rights trap) at addr 00000000"
    Family {
        banner: ": Code=",
        rules: &[
            Rule {
                line: "^[A-Z][A-Za-z ()?]+: Code=[0-9]+ \\((.*)\\) at addr ",
                title: "Kernel Fault: {1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
            // The same up to Linux 4.6: "Kernel Fault: Code=26 regs=00000000fe2bf780 (Addr=0000000000000018)"
            Rule {
                line: "^([A-Z][A-Za-z ()?]+): Code=[0-9]+ regs=[0-9a-fx]+ \\(Addr=[0-9a-fx]+\\)",
                title: "{1} in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // die_if_kernel, arch/parisc/kernel/traps.c: "demo (pid 905): Illegal instruction (code 8)"; a program's has an address
    Family {
        banner: " (code ",
        rules: &[Rule {
            line: "^.{1,16} \\(pid [0-9]+\\): (Illegal instruction|Privileged operation|Privileged register usage|Protection id trap|Unaligned data reference|Unknown kernel breakpoint) \\(code -?[0-9]+\\)$",
            title: "Oops: {1} in {frame}",
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
    // segv, arch/um/kernel/trap.c: the panic follows
    Family {
        banner: "Kernel mode fault at addr ",
        rules: &[Rule {
            line: "Kernel mode fault at addr ",
            title: "Kernel mode fault in {frame}",
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // die_if_kernel, do_BUG: arch/sparc/kernel/traps_64.c
    Family {
        banner: "Kernel bad sw trap",
        rules: &[Rule {
            line: "Kernel bad sw trap",
            title: "Kernel bad sw trap in {frame}",
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        part: Part::OfFault,
        ..Family::NEW
    },
    Family {
        banner: "Unhandled prefetch abort:",
        rules: &[Rule {
            line: "Unhandled prefetch abort:",
            title: "Unhandled prefetch abort in {frame}",
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        leads_to: &["Internal error:"],
        prelude: true,
        ..Family::NEW
    },
    // kernel_stack_invalid, arch/s390/kernel/traps.c: a stack pointer that is in no stack
    Family {
        banner: "Kernel stack pointer invalid",
        rules: &[Rule {
            line: "^ *Kernel stack pointer invalid\\s*$",
            title: "kernel stack overflow in {frame}",
            alt: &["stack-overflow in {frame}"],
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // arch/s390/kernel/traps.c kernel_stack_overflow; arch/riscv/kernel/traps.c handle_bad_stack
    Family {
        banner: "Kernel stack overflow.",
        rules: &[Rule {
            line: "Kernel stack overflow\\.",
            title: "kernel stack overflow in {frame}",
            alt: &["stack-overflow in {frame}"],
            stacks: &[RIP_THEN_TRACE, TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family {
        banner: "Insufficient stack space to handle exception!",
        rules: &[Rule {
            line: "Insufficient stack space to handle exception!",
            title: "kernel stack overflow in {frame}",
            alt: &["stack-overflow in {frame}"],
            stacks: &[RIP_THEN_TRACE, TRACE],
            format: Format::BadStack,
            pick: Pick::Stall,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
];

/// __list_add_valid, lib/list_debug.c
const LIST_ADD: Rule =
    Rule { line: "list_add double add: ", title: "BUG: list_add corruption", traceless: true, ..Rule::NEW };

const DIVIDE_ERROR: Rule = Rule {
    line: "divide[ _]error:",
    title: "divide error in {frame}",
    stacks: &[RIP_THEN_TRACE],
    ..Rule::NEW
};
