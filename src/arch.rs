//! One static table per CPU: the names that its kernel prints.
//!
//! Adding a CPU is adding one [`Arch`] to [`ALL`]; the grammars of [`crate::facts`] hold no names of their own.

/// What the console output of one CPU architecture looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arch {
    /// Name as in `uname -m`: `x86_64`, `aarch64`.
    pub name: &'static str,
    /// How a line begins that gives the program counter: `RIP:`, `pc :`.
    pub pc_prefixes: &'static [&'static str],
    /// How a line, or a part of one, begins that gives the return address register: `lr :`.
    pub link_prefixes: &'static [&'static str],
    /// Whether a program counter without a symbol is one of user space.
    pub bare_pc_is_user: bool,
    /// Whether a blank follows the colon of every register: on ARM `r7:00000000` is part of a stack trace.
    pub spaced: bool,
    /// Every register that is printed as `NAME: value`.
    pub registers: &'static [Register],
    /// The lines that stand before a stack: `Call Trace:`.
    pub trace_heads: &'static [&'static str],
    /// The stacks that a trace may cross, as between `<` and `>`: `TASK`, `IRQ`.
    pub stack_names: &'static [&'static str],
    /// What marks a frame that the unwinder does not vouch for: `? ` before it, ` (unreliable)` after it.
    pub unreliable: &'static str,
    /// What this CPU puts before the name of a system call's function: `__x64_sys_`.
    pub syscall_prefixes: &'static [&'static str],
}

/// A register in a dump: its name and how many hexadecimal digits its value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Register {
    /// Name as printed: `RAX`, `knlGS`, `x29`.
    pub name: &'static str,
    /// Number of digits of the value; any other number is a damaged line.
    pub digits: usize,
}

const fn r(name: &'static str, digits: usize) -> Register {
    Register { name, digits }
}

/// Every CPU that is known.
pub(crate) static ALL: &[Arch] = &[X86_64, X86, ARM64, ARM];

/// 64-bit x86: `__show_regs` in `arch/x86/kernel/process_64.c`.
const X86_64: Arch = Arch {
    name: "x86_64",
    pc_prefixes: &["RIP: ", "RIP  ["],
    link_prefixes: &[],
    bare_pc_is_user: false,
    spaced: false,
    registers: &[
        r("RSP", 16),
        r("EFLAGS", 8),
        r("ORIG_RAX", 16),
        r("RAX", 16),
        r("RBX", 16),
        r("RCX", 16),
        r("RDX", 16),
        r("RSI", 16),
        r("RDI", 16),
        r("RBP", 16),
        r("R08", 16),
        r("R09", 16),
        r("R10", 16),
        r("R11", 16),
        r("R12", 16),
        r("R13", 16),
        r("R14", 16),
        r("R15", 16),
        r("FS", 16),
        r("GS", 16),
        r("knlGS", 16),
        r("CS", 4),
        r("DS", 4),
        r("ES", 4),
        r("CR0", 16),
        r("CR2", 16),
        r("CR3", 16),
        r("CR4", 16),
        r("DR0", 16),
        r("DR1", 16),
        r("DR2", 16),
        r("DR3", 16),
        r("DR6", 16),
        r("DR7", 16),
        r("PKRU", 8),
    ],
    trace_heads: &["Call Trace:"],
    stack_names: X86_STACKS,
    unreliable: "? ",
    syscall_prefixes: &[
        "__x64_sys_",
        "__ia32_sys_",
        "__x64_compat_sys_",
        "__x32_compat_sys_",
        "__ia32_compat_sys_",
    ],
};

/// 32-bit x86: `__show_regs` in `arch/x86/kernel/process_32.c`.
const X86: Arch = Arch {
    name: "i686",
    pc_prefixes: &["EIP: ", "EIP is at "],
    link_prefixes: &[],
    bare_pc_is_user: false,
    spaced: false,
    registers: &[
        r("EAX", 8),
        r("EBX", 8),
        r("ECX", 8),
        r("EDX", 8),
        r("ESI", 8),
        r("EDI", 8),
        r("EBP", 8),
        r("ESP", 8),
        r("DS", 4),
        r("ES", 4),
        r("FS", 4),
        r("GS", 4),
        r("SS", 4),
        r("EFLAGS", 8),
        r("CR0", 8),
        r("CR2", 8),
        r("CR3", 8),
        r("CR4", 8),
        r("DR0", 8),
        r("DR1", 8),
        r("DR2", 8),
        r("DR3", 8),
        r("DR6", 8),
        r("DR7", 8),
    ],
    trace_heads: &["Call Trace:"],
    stack_names: X86_STACKS,
    unreliable: "? ",
    syscall_prefixes: &["__ia32_sys_", "__do_sys_"],
};

/// 64-bit ARM: `__show_regs` in `arch/arm64/kernel/process.c`.
const ARM64: Arch = Arch {
    name: "aarch64",
    pc_prefixes: &["pc : ", "PC is at "],
    link_prefixes: &["lr : ", "LR is at "],
    bare_pc_is_user: true,
    spaced: true,
    registers: &[
        r("x0", 16),
        r("x1", 16),
        r("x2", 16),
        r("x3", 16),
        r("x4", 16),
        r("x5", 16),
        r("x6", 16),
        r("x7", 16),
        r("x8", 16),
        r("x9", 16),
        r("x10", 16),
        r("x11", 16),
        r("x12", 16),
        r("x13", 16),
        r("x14", 16),
        r("x15", 16),
        r("x16", 16),
        r("x17", 16),
        r("x18", 16),
        r("x19", 16),
        r("x20", 16),
        r("x21", 16),
        r("x22", 16),
        r("x23", 16),
        r("x24", 16),
        r("x25", 16),
        r("x26", 16),
        r("x27", 16),
        r("x28", 16),
        r("x29", 16),
        r("sp", 16),
        r("pstate", 8),
        r("pmr_save", 8),
        r("pmr", 8),
    ],
    trace_heads: &["Call trace:"],
    stack_names: &[],
    unreliable: "? ",
    syscall_prefixes: &["__arm64_sys_", "__arm64_compat_sys_"],
};

/// 32-bit ARM: `__show_regs` in `arch/arm/kernel/process.c`.
const ARM: Arch = Arch {
    name: "arm",
    pc_prefixes: &["pc : ", "PC is at "],
    link_prefixes: &["lr : ", "LR is at "],
    bare_pc_is_user: false,
    spaced: true,
    registers: &[
        r("r0", 8),
        r("r1", 8),
        r("r2", 8),
        r("r3", 8),
        r("r4", 8),
        r("r5", 8),
        r("r6", 8),
        r("r7", 8),
        r("r8", 8),
        r("r9", 8),
        r("r10", 8),
        r("fp", 8),
        r("ip", 8),
        r("sp", 8),
        r("psr", 8),
    ],
    trace_heads: &["Call trace:", "Backtrace: ", "Backtrace:"],
    stack_names: &[],
    unreliable: "? ",
    syscall_prefixes: &["sys_"],
};

/// `stack_type_name` in `arch/x86/kernel/dumpstack*.c`; `EOI`, `EOE` and `UNK` are of 4.x.
const X86_STACKS: &[&str] = &[
    "TASK",
    "IRQ",
    "NMI",
    "SOFTIRQ",
    "ENTRY_TRAMPOLINE",
    "#DF",
    "#DB",
    "#MC",
    "#VC",
    "#VC2",
    "EOI",
    "EOE",
    "UNK",
];
