//! In which order each CPU prints its registers, row by row: what one that prints them alone never prints otherwise.

/// A row: what it begins with, and what it holds besides, where another one begins so too.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) start: &'static str,
    pub(crate) with: &'static str,
}

/// The registers of a kind of CPU.
#[derive(Debug)]
pub(crate) struct Dump {
    pub(crate) rows: &'static [Row],
    /// So many rows are always printed.
    pub(crate) whole: u8,
    /// Whether the rows come right after the header: the program counter is one of them.
    pub(crate) at_once: bool,
    /// Whether `Code:` stands before the rows: else it comes after the stack.
    pub(crate) code_first: bool,
    /// Whether the stack has a heading.
    pub(crate) heading: bool,
    /// Whether nothing else is printed between the rows, nor one of them again.
    pub(crate) strict: bool,
}

const fn row(start: &'static str) -> Row {
    Row { start, with: "" }
}

const fn row_with(start: &'static str, with: &'static str) -> Row {
    Row { start, with }
}

/// arm64's rows are counted by registers: `lr`, `sp`, `x29` to `x0` (`__show_regs` in `arch/arm64/kernel/process.c`).
pub(crate) static ARM64: Dump = Dump {
    rows: &[row("lr : "), row_with("sp : ", "sp : ffff")],
    whole: 32,
    at_once: false,
    code_first: false,
    heading: true,
    strict: true,
};

/// All others.
pub(crate) static DUMPS: &[Dump] = &[
    // __show_regs, arch/x86/kernel/process_64.c; PKRU and the debug registers are not always printed
    Dump {
        rows: &[
            row("RSP: "),
            row("RAX: "),
            row("RDX: "),
            row("RBP: "),
            row("R10: "),
            row("R13: "),
            row("FS: "),
            row("CS: "),
            row_with("CR2: ", "CR3: "),
            row("DR0: "),
            row("DR3: "),
            row("PKRU: "),
        ],
        whole: 9,
        at_once: false,
        code_first: true,
        heading: true,
        strict: true,
    },
    // __show_regs, arch/riscv/kernel/process.c; ssp stands behind t6
    Dump {
        rows: &[
            row_with("epc : ", " ra : "),
            row("gp : "),
            row("t1 : "),
            row("s1 : "),
            row("a2 : "),
            row("a5 : "),
            row("s2 : "),
            row("s5 : "),
            row("s8 : "),
            row("s11: "),
            row("t5 : "),
            row("status: "),
        ],
        whole: 12,
        at_once: false,
        code_first: false,
        heading: false,
        strict: false,
    },
    // __show_regs, arch/loongarch/kernel/process.c
    Dump {
        rows: &[
            row_with("pc ", " ra "),
            row_with("a0 ", " a1 "),
            row_with("a4 ", " a5 "),
            row_with("t0 ", " t1 "),
            row_with("t4 ", " t5 "),
            row_with("t8 ", " u0 "),
            row_with("s1 ", " s2 "),
            row_with("s5 ", " s6 "),
            row("ra: "),
            row("ERA: "),
            row("CRMD: "),
            row("PRMD: "),
            row("EUEN: "),
            row("ECFG: "),
            row("ESTAT: "),
            row("BADV: "),
            row("PRID: "),
            row_with("Process ", "threadinfo="),
        ],
        whole: 15,
        at_once: true,
        code_first: false,
        heading: true,
        strict: false,
    },
    // __show_regs, arch/powerpc/kernel/process.c
    Dump {
        rows: &[
            row_with("NIP: ", " LR: "),
            row("REGS: "),
            row("MSR: "),
            row("CFAR: "),
            row("GPR00: "),
            row("GPR04: "),
            row("GPR08: "),
            row("GPR12: "),
            row("GPR16: "),
            row("GPR20: "),
            row("GPR24: "),
            row("GPR28: "),
            row("NIP ["),
            row("LR ["),
        ],
        whole: 14,
        at_once: true,
        code_first: false,
        heading: true,
        strict: false,
    },
    // show_registers, arch/s390/kernel/dumpstack.c
    Dump {
        rows: &[row("R:0 T:"), row("Krnl GPRS: "), row("Krnl Code: ")],
        whole: 3,
        at_once: false,
        code_first: false,
        heading: true,
        strict: false,
    },
    // __show_regs, arch/arm/kernel/process.c; the heading is there in newer kernels only
    Dump {
        rows: &[
            row_with("pc : ", " psr: "),
            row_with("sp : ", " ip : "),
            row("r10: "),
            row_with("r7 : ", " r6 : "),
            row_with("r3 : ", " r2 : "),
            row_with("Flags: ", " Mode "),
            row_with("Control: ", "Table: "),
            row("Register r"),
        ],
        whole: 7,
        at_once: false,
        code_first: false,
        heading: false,
        strict: false,
    },
];

/// What functions begin with that tasks enter the kernel by, or begin with: the last frames of their stacks.
#[rustfmt::skip]
pub(crate) const BOTTOMS: &[&str] = &[
    // arch/x86/entry, arch/x86/kernel/head_64.S, and up to Linux 4.5 arch/x86/kernel/entry_64.S
    "ret_from_fork", "entry_SYSCALL", "entry_SYSENTER", "entry_INT80", "system_call", "sysenter_", "ia32_sys", "tracesys",
    "int_ret_from_sys_call", "child_rip", "kernel_thread_helper", "x86_64_start_", "secondary_startup_64", "start_secondary",
    "syscall_call", "start_kernel", "i386_start_kernel", "startup_32_smp",
    // arch/arm64/kernel/entry.S, arch/arm/kernel/entry-common.S
    "el0_", "el0t_", "__sys_trace", "secondary_start_kernel", "__secondary_switched", "__primary_switched", "ret_fast_syscall",
    // arch/riscv, arch/powerpc, arch/s390, arch/loongarch, arch/mips: entry.S
    "ret_from_", "handle_exception", "system_call_", "start_here_common", "handle_syscall", "handle_sys64", "handle_sysn32", "syscall_common", "kernel_thread_starter",
    "__ret_from_fork", "smp_start_secondary",
];
