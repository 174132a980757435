//! One static table per CPU: the names that its kernel prints.
//!
//! Adding a CPU is adding one [`Arch`] to [`ALL`]; the grammars of [`crate::facts`] hold no names of their
//! own.

use std::sync::LazyLock;

use crate::text;

pub(crate) mod entries;

/// What the console output of one CPU architecture looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arch {
    /// Name as in `uname -m`: `x86_64`, `aarch64`.
    pub name: &'static str,
    /// Hexadecimal digits of a machine word.
    pub word: usize,
    /// How a line begins that gives the program counter: `RIP:`, `pc :`. A bracket at the end, as in `NIP [`,
    /// is already part of it.
    pub(crate) pc_prefixes: &'static [&'static str],
    /// How a line, or a part of one, begins that gives the return address register: `lr :`.
    pub(crate) link_prefixes: &'static [&'static str],
    /// Name of the register that is printed as a number before the program counter, on the same line:
    /// `PSW` in `Krnl PSW : 0704c00180000000 00000000001d2f40 (fn+0x1/0x2)`.
    pub(crate) status_name: &'static str,
    /// Name of the register that is the program counter, where its line has the symbol only.
    pub(crate) pc_register: &'static str,
    /// Whether the program counter is printed twice: once as a symbol and once as a number.
    pub(crate) pc_twice: bool,
    /// Whether the program counter's line stands after other registers.
    pub(crate) pc_last: bool,
    /// Whether a program counter without a symbol is one of user space, where nothing else tells.
    pub(crate) bare_pc_is_user: bool,
    /// Which bits of which register say that the CPU was in user mode; the first that is there counts.
    pub(crate) user_mode: &'static [UserMode],
    /// Whether the program counter of most traps stands behind the instruction that trapped.
    pub(crate) completes: bool,
    /// Whether the code stands in the middle of its dump, and not where the report ends.
    pub(crate) code_inside: bool,
    /// Whether a blank follows the colon of every register: on ARM `r7:00000000` is part of a stack trace.
    pub(crate) spaced: bool,
    /// Whether registers are also printed without a colon: `a0 9000000002f1b2c4`.
    pub(crate) colonless: bool,
    /// Names of decimal numbers that registers follow on the same line: `CPU:        0   CR30: 8f3c4000`.
    pub(crate) asides: &'static [&'static str],
    /// Every register that is printed as `NAME: value`.
    pub registers: &'static [Register],
    /// Every row of values with a name for all of them.
    pub(crate) rows: &'static [Row],
    /// The lines that stand before a stack: `Call Trace:`.
    pub trace_heads: &'static [&'static str],
    /// Beginnings of lines that stand in the middle of a stack, and hold neither a frame nor a register.
    pub(crate) inside: &'static [&'static str],
    /// Lines that a frame follows which is of no stack: `Last Breaking-Event-Address:`.
    pub(crate) strays: &'static [&'static str],
    /// The stacks that a trace may cross, as between `<` and `>`: `TASK`, `IRQ`.
    pub stack_names: &'static [&'static str],
    /// What this CPU puts before the name of a system call's function: `__x64_sys_`.
    pub syscall_prefixes: &'static [&'static str],
}

/// A register in a dump: its name and how many hexadecimal digits its value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Register {
    /// Name as printed: `RAX`, `knlGS`, `x29`.
    pub name: &'static str,
    /// Number of digits of the value; any other number is a damaged line. 0 is a machine word's number,
    /// 1 any number, and 32 digits are binary ones.
    pub digits: usize,
    /// The name as one number, to compare with: see [`name_key`].
    pub(crate) key: u64,
}

/// The last eight bytes of a register's name as a number: few names are longer, and none is the end of another.
pub(crate) const fn name_key(mut name: &[u8]) -> u64 {
    let mut key = 0;
    while let [byte, rest @ ..] = name {
        key = key << 8 | *byte as u64;
        name = rest;
    }
    key
}

/// Registers printed as values side by side, with one head for them all: `GPR04: 0000000000000800 …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// How the row begins, blanks and colon included: `$ 4   :`.
    pub(crate) head: &'static str,
    /// Names of the values in order. Where the line has fewer values, lines of nothing but values go on
    /// with it.
    pub(crate) names: &'static [&'static str],
    /// Number of digits of each value, as in [`Register`].
    pub(crate) digits: usize,
}

/// How a register tells user mode from kernel mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UserMode {
    /// Name of the register.
    pub(crate) register: &'static str,
    /// The bits that count.
    pub(crate) mask: u64,
    /// Their value in user mode.
    pub(crate) value: u64,
}

/// Every CPU that is known; where two print the same line, the first goes before. User-mode Linux prints as
/// `x86_64` or `i686` does.
pub(crate) static ALL: &[Arch] = &[
    X86_64,
    X86,
    ARM64,
    ARM,
    RISCV64,
    RISCV32,
    PPC64,
    PPC,
    S390X,
    MIPS64,
    MIPS,
    LOONGARCH64,
    SPARC64,
    SPARC,
    PARISC64,
    PARISC,
    rare::SH,
    rare::M68K,
];

/// CPUs whose lines of a program counter may begin with this byte.
pub(crate) fn with_pc(first: u8) -> Cpus {
    Cpus(STARTS.pc.get(usize::from(first)).copied().unwrap_or_default())
}

/// CPUs whose lines of registers may begin as a line does whose first word has this length: for most lines none.
pub(crate) fn with_values(line: &[u8], length: usize) -> Cpus {
    Cpus(STARTS.values.get(shape(line, length)).copied().unwrap_or_default())
}

/// A number below [`SHAPES`] that few beginnings of lines share: of the first two bytes and of the first word's length.
fn shape(line: &[u8], length: usize) -> usize {
    let second = line.get(1).filter(|_| length != 1);
    let [first, second] = [line.first(), second].map(|byte| byte.map_or(0, |&b| usize::from(b)));
    (first ^ second << 3 ^ length << 6) % SHAPES
}

const SHAPES: usize = 2048;

/// A set of CPUs, as bits by their places in [`ALL`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpus(u32);

impl Cpus {
    /// No CPU.
    pub(crate) const NONE: Cpus = Cpus(0);

    /// Whether there is none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Iterator for Cpus {
    type Item = &'static Arch;

    fn next(&mut self) -> Option<&'static Arch> {
        let next = ALL.get(self.0.trailing_zeros() as usize);
        self.0 &= self.0.wrapping_sub(1);
        next
    }
}

/// The CPUs that begin a line with a byte, or with what has a [`shape`].
struct Starts {
    pc: [u32; 256],
    values: [u32; SHAPES],
}

static STARTS: LazyLock<Starts> = LazyLock::new(|| {
    let mut starts = Starts { pc: [0; 256], values: [0; SHAPES] };
    for (cpu, arch) in ALL.iter().enumerate() {
        for first in arch.pc_prefixes.iter().filter_map(|start| start.bytes().next()) {
            starts.pc.get_mut(usize::from(first)).into_iter().for_each(|cpus| *cpus |= 1 << cpu);
        }
        let rows = arch.rows.iter().map(|row| row.head);
        let names = arch.registers.iter().map(|register| register.name);
        let asides = arch.asides.iter().copied();
        for start in arch.link_prefixes.iter().copied().chain(asides).chain(rows).chain(names) {
            let length = text::take(start.as_bytes(), text::is_word_byte).0.len();
            let cpus = starts.values.get_mut(shape(start.as_bytes(), length));
            cpus.into_iter().for_each(|cpus| *cpus |= 1 << cpu);
        }
    }
    starts
});

/// Digits of a register that is as wide as a machine word.
pub(crate) const WORD: usize = 0;
/// Digits of a register that is printed without leading zeros.
pub(crate) const ANY: usize = 1;
/// Digits of a register that is printed bit by bit.
pub(crate) const BITS: usize = 32;

/// A table of registers, by the number of their digits.
macro_rules! registers {
    ($($digits:expr => [$($name:literal)*]),* $(,)?) => {
        &[$($(Register { name: $name, digits: $digits, key: name_key($name.as_bytes()) },)*)*]
    };
}

/// A table of rows with the digits of their values.
macro_rules! rows {
    ($($head:literal ($digits:expr) => [$($name:literal)*]),* $(,)?) => {
        &[$(Row { head: $head, names: &[$($name,)*], digits: $digits },)*]
    };
}

// Behind the macros that it uses.
mod rare;

/// What a table leaves out.
const NONE: Arch = Arch {
    name: "",
    word: 16,
    pc_prefixes: &[],
    link_prefixes: &[],
    status_name: "",
    pc_register: "",
    pc_twice: false,
    pc_last: false,
    bare_pc_is_user: false,
    user_mode: &[],
    completes: false,
    code_inside: false,
    spaced: true,
    colonless: false,
    asides: &[],
    registers: &[],
    rows: &[],
    trace_heads: &["Call Trace:"],
    inside: &[],
    strays: &[],
    stack_names: &[],
    syscall_prefixes: &["sys_"],
};

/// 64-bit x86: `__show_regs` in `arch/x86/kernel/process_64.c`; `RFLAGS` is the `crash` tool's.
const X86_64: Arch = Arch {
    name: "x86_64",
    pc_prefixes: &["RIP: ", "RIP  ["],
    spaced: false,
    registers: registers! {
        16 => ["RSP"], 8 => ["EFLAGS"],
        16 => ["ORIG_RAX" "RAX" "RBX" "RCX" "RDX" "RSI" "RDI" "RBP"],
        16 => ["R08" "R09" "R10" "R11" "R12" "R13" "R14" "R15"],
        16 => ["FS" "GS" "knlGS"], 4 => ["CS" "DS" "ES" "SS"],
        16 => ["CR0" "CR2" "CR3" "CR4" "DR0" "DR1" "DR2" "DR3" "DR6" "DR7"],
        8 => ["PKRU" "RFLAGS"],
    },
    stack_names: X86_STACKS,
    syscall_prefixes: &[
        "__x64_sys_",
        "__ia32_sys_",
        "__x64_compat_sys_",
        "__x32_compat_sys_",
        "__ia32_compat_sys_",
    ],
    ..NONE
};

/// 32-bit x86: `__show_regs` in `arch/x86/kernel/process_32.c`.
const X86: Arch = Arch {
    name: "i686",
    word: 8,
    pc_prefixes: &["EIP: ", "EIP is at "],
    user_mode: &[UserMode { register: "SS", mask: 3, value: 3 }],
    spaced: false,
    registers: registers! {
        8 => ["EAX" "EBX" "ECX" "EDX" "ESI" "EDI" "EBP" "ESP"],
        4 => ["DS" "ES" "FS" "GS" "SS"],
        8 => ["EFLAGS" "CR0"], ANY => ["CR2"], 8 => ["CR3" "CR4" "DR0" "DR1" "DR2" "DR3" "DR6" "DR7"],
        // show_registers, arch/i386/kernel/traps.c, up to Linux 2.6.24
        8 => ["eax" "ebx" "ecx" "edx" "esi" "edi" "ebp" "esp"],
        4 => ["ds" "es" "fs" "gs" "ss"],
    },
    stack_names: X86_STACKS,
    syscall_prefixes: &["__ia32_sys_", "__do_sys_"],
    ..NONE
};

/// 64-bit ARM: `__show_regs` in `arch/arm64/kernel/process.c`.
const ARM64: Arch = Arch {
    name: "aarch64",
    pc_prefixes: &["pc : ", "PC is at "],
    link_prefixes: &["lr : ", "LR is at "],
    bare_pc_is_user: true,
    user_mode: &[UserMode { register: "pstate", mask: 0xf, value: 0 }],
    registers: registers! {
        16 => [
            "x0" "x1" "x2" "x3" "x4" "x5" "x6" "x7" "x8" "x9" "x10" "x11" "x12" "x13" "x14" "x15" "x16" "x17"
            "x18" "x19" "x20" "x21" "x22" "x23" "x24" "x25" "x26" "x27" "x28" "x29" "sp"
        ],
        8 => ["pstate" "pmr_save" "pmr"],
    },
    trace_heads: &["Call trace:"],
    syscall_prefixes: &["__arm64_sys_", "__arm64_compat_sys_"],
    ..NONE
};

/// 32-bit ARM: `__show_regs` in `arch/arm/kernel/process.c`; in the middle of a stack stand the registers
/// that a function saved (`dump_backtrace_stm`) and those of an exception (`dump_mem`).
const ARM: Arch = Arch {
    name: "arm",
    word: 8,
    pc_prefixes: &["pc : ", "PC is at "],
    link_prefixes: &["lr : ", "LR is at "],
    user_mode: &[UserMode { register: "psr", mask: 0x1f, value: 0x10 }],
    registers: registers! {
        8 => [
            "r0" "r1" "r2" "r3" "r4" "r5" "r6" "r7" "r8" "r9" "r10" "fp" "ip" "sp" "psr" "xPSR"
            "Control" "Table" "DAC"
        ],
    },
    trace_heads: &["Call trace:", "Backtrace:"],
    inside: &[
        "Exception stack(",
        "r10:",
        "r9:",
        "r8:",
        "r7:",
        "r6:",
        "r5:",
        "r4:",
        "r3:",
        "r2:",
        "r1:",
        "r0:",
    ],
    ..NONE
};

/// 64-bit RISC-V: `__show_regs` in `arch/riscv/kernel/process.c`; `sepc` and the like are of 4.x.
const RISCV64: Arch = Arch {
    name: "riscv64",
    pc_prefixes: &["epc : ", "epc: ", "sepc: "],
    link_prefixes: &["ra : "],
    pc_twice: true,
    bare_pc_is_user: true,
    user_mode: &[
        UserMode { register: "status", mask: 0x1900, value: 0 },
        UserMode { register: "sstatus", mask: 0x1900, value: 0 },
    ],
    registers: registers! {
        WORD => [
            "sp" "gp" "tp" "t0" "t1" "t2" "s0" "s1" "a0" "a1" "a2" "a3" "a4" "a5" "a6" "a7"
            "s2" "s3" "s4" "s5" "s6" "s7" "s8" "s9" "s10" "s11" "t3" "t4" "t5" "t6" "ssp"
            "status" "badaddr" "cause"
            "sstatus" "sbadaddr" "scause"
        ],
    },
    syscall_prefixes: &["__riscv_sys_", "sys_"],
    ..NONE
};

/// 32-bit RISC-V.
const RISCV32: Arch = Arch { name: "riscv32", word: 8, ..RISCV64 };

/// 64-bit PowerPC: `__show_regs` in `arch/powerpc/kernel/process.c`; the registers of an interrupted context
/// stand in the middle of a stack.
const PPC64: Arch = Arch {
    name: "ppc64",
    pc_prefixes: &["NIP [", "NIP: "],
    link_prefixes: &["LR [", "LR: "],
    pc_twice: true,
    user_mode: &[UserMode { register: "MSR", mask: 0x4000, value: 0x4000 }],
    registers: PPC_REGISTERS,
    rows: rows! {
        "GPR00:" (WORD) => ["GPR00" "GPR01" "GPR02" "GPR03"],
        "GPR04:" (WORD) => ["GPR04" "GPR05" "GPR06" "GPR07"],
        "GPR08:" (WORD) => ["GPR08" "GPR09" "GPR10" "GPR11"],
        "GPR12:" (WORD) => ["GPR12" "GPR13" "GPR14" "GPR15"],
        "GPR16:" (WORD) => ["GPR16" "GPR17" "GPR18" "GPR19"],
        "GPR20:" (WORD) => ["GPR20" "GPR21" "GPR22" "GPR23"],
        "GPR24:" (WORD) => ["GPR24" "GPR25" "GPR26" "GPR27"],
        "GPR28:" (WORD) => ["GPR28" "GPR29" "GPR30" "GPR31"],
    },
    inside: PPC_INSIDE,
    ..NONE
};

/// 32-bit PowerPC: eight values a line.
const PPC: Arch = Arch {
    name: "ppc",
    word: 8,
    rows: rows! {
        "GPR00:" (WORD) => ["GPR00" "GPR01" "GPR02" "GPR03" "GPR04" "GPR05" "GPR06" "GPR07"],
        "GPR08:" (WORD) => ["GPR08" "GPR09" "GPR10" "GPR11" "GPR12" "GPR13" "GPR14" "GPR15"],
        "GPR16:" (WORD) => ["GPR16" "GPR17" "GPR18" "GPR19" "GPR20" "GPR21" "GPR22" "GPR23"],
        "GPR24:" (WORD) => ["GPR24" "GPR25" "GPR26" "GPR27" "GPR28" "GPR29" "GPR30" "GPR31"],
    },
    ..PPC64
};

const PPC_REGISTERS: &[Register] = registers! {
    WORD => ["CTR" "REGS"], 4 => ["TRAP"], WORD => ["MSR"], 8 => ["CR" "XER"],
    WORD => ["CFAR" "DAR" "DEAR" "ESR"], 8 => ["DSISR"], ANY => ["IRQMASK" "SOFTE"], 16 => ["PACATMSCRATCH"],
};

const PPC_INSIDE: &[&str] =
    &["--- interrupt: ", "---- interrupt: ", "--- Exception: ", "IRQMASK: ", "REGS: ", "TASK = ", "SOFTE: "];

/// 64-bit IBM Z: `show_registers` in `arch/s390/kernel/dumpstack.c`.
const S390X: Arch = Arch {
    name: "s390x",
    pc_prefixes: &["Krnl PSW : ", "User PSW : "],
    status_name: "PSW",
    user_mode: &[UserMode { register: "PSW", mask: 1 << 48, value: 1 << 48 }],
    completes: true,
    code_inside: true,
    spaced: false,
    registers: registers! {
        ANY => ["R" "T" "IO" "EX" "Key" "M" "W" "P" "AS" "CC" "PM" "RI" "EA"],
    },
    rows: &[
        Row { head: "Krnl GPRS:", names: S390_GPRS, digits: WORD },
        Row { head: "User GPRS:", names: S390_GPRS, digits: WORD },
    ],
    strays: &["Last Breaking-Event-Address:"],
    syscall_prefixes: &["__s390x_sys_", "__s390_sys_", "__s390x_compat_sys_", "__s390_compat_sys_"],
    ..NONE
};

/// General registers, printed without their names.
const S390_GPRS: &[&str] =
    &["R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];

/// 64-bit MIPS: `__show_regs` in `arch/mips/kernel/traps.c`.
const MIPS64: Arch = Arch {
    name: "mips64",
    pc_prefixes: &["epc   : "],
    link_prefixes: &["ra    : "],
    pc_last: true,
    user_mode: &[UserMode { register: "Status", mask: 0x18, value: 0x10 }],
    registers: registers! {
        WORD => ["Hi" "Lo" "Acx" "BadVA"], 8 => ["Status" "Cause" "PrId"],
    },
    rows: DOLLAR_ROWS,
    ..NONE
};

/// 32-bit MIPS.
const MIPS: Arch = Arch { name: "mips", word: 8, ..MIPS64 };

/// LoongArch: `__show_regs` in `arch/loongarch/kernel/traps.c`; the rows are of 5.19 to 6.1.
const LOONGARCH64: Arch = Arch {
    name: "loongarch64",
    pc_prefixes: &["pc ", "ERA: ", "era   : "],
    link_prefixes: &["ra: ", "ra    : ", "ra "],
    pc_twice: true,
    pc_last: true,
    user_mode: &[UserMode { register: "PRMD", mask: 3, value: 3 }],
    colonless: true,
    registers: registers! {
        WORD => [
            "tp" "sp" "a0" "a1" "a2" "a3" "a4" "a5" "a6" "a7" "t0" "t1" "t2" "t3" "t4" "t5" "t6" "t7" "t8"
            "u0" "s9" "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7" "s8" "BADV" "BadVA"
        ],
        8 => ["CRMD" "PRMD" "EUEN" "ECFG" "ESTAT" "PRID" "PrId"],
    },
    rows: &[
        DOLLAR_0,
        DOLLAR_4,
        DOLLAR_8,
        DOLLAR_12,
        DOLLAR_16,
        DOLLAR_20,
        DOLLAR_24,
        DOLLAR_28,
        Row { head: "CSR crmd:", names: &["CRMD"], digits: 8 },
        Row { head: "CSR prmd:", names: &["PRMD"], digits: 8 },
        Row { head: "CSR euen:", names: &["EUEN"], digits: 8 },
        Row { head: "CSR ecfg:", names: &["ECFG"], digits: 8 },
        Row { head: "CSR estat:", names: &["ESTAT"], digits: 8 },
    ],
    ..NONE
};

const DOLLAR_0: Row = Row { head: "$ 0   :", names: &["$0", "$1", "$2", "$3"], digits: WORD };
const DOLLAR_4: Row = Row { head: "$ 4   :", names: &["$4", "$5", "$6", "$7"], digits: WORD };
const DOLLAR_8: Row = Row { head: "$ 8   :", names: &["$8", "$9", "$10", "$11"], digits: WORD };
const DOLLAR_12: Row = Row { head: "$12   :", names: &["$12", "$13", "$14", "$15"], digits: WORD };
const DOLLAR_16: Row = Row { head: "$16   :", names: &["$16", "$17", "$18", "$19"], digits: WORD };
const DOLLAR_20: Row = Row { head: "$20   :", names: &["$20", "$21", "$22", "$23"], digits: WORD };
const DOLLAR_24: Row = Row { head: "$24   :", names: &["$24", "$25", "$26", "$27"], digits: WORD };
const DOLLAR_28: Row = Row { head: "$28   :", names: &["$28", "$29", "$30", "$31"], digits: WORD };
const DOLLAR_ROWS: &[Row] =
    &[DOLLAR_0, DOLLAR_4, DOLLAR_8, DOLLAR_12, DOLLAR_16, DOLLAR_20, DOLLAR_24, DOLLAR_28];

/// 64-bit SPARC: `show_regs` in `arch/sparc/kernel/process_64.c`.
const SPARC64: Arch = Arch {
    name: "sparc64",
    pc_prefixes: &["TPC: <"],
    link_prefixes: &["RPC: <", "I7: <"],
    pc_register: "TPC",
    pc_last: true,
    user_mode: &[UserMode { register: "TSTATE", mask: 0x400, value: 0 }],
    registers: registers! {
        WORD => ["TSTATE" "TPC" "TNPC"], 8 => ["Y"],
        WORD => [
            "g0" "g1" "g2" "g3" "g4" "g5" "g6" "g7" "o0" "o1" "o2" "o3" "o4" "o5" "sp" "ret_pc"
            "l0" "l1" "l2" "l3" "l4" "l5" "l6" "l7" "i0" "i1" "i2" "i3" "i4" "i5" "i6" "i7"
        ],
    },
    ..NONE
};

/// 32-bit SPARC: `show_regs` in `arch/sparc/kernel/process_32.c`.
const SPARC: Arch = Arch {
    name: "sparc",
    word: 8,
    pc_prefixes: &["PC: <"],
    link_prefixes: &["RPC: <"],
    pc_register: "PC",
    pc_last: true,
    user_mode: &[UserMode { register: "PSR", mask: 0x40, value: 0 }],
    registers: registers! { WORD => ["PSR" "PC" "NPC" "Y"] },
    rows: rows! {
        "%G:" (WORD) => ["g0" "g1" "g2" "g3" "g4" "g5" "g6" "g7"],
        "%O:" (WORD) => ["o0" "o1" "o2" "o3" "o4" "o5" "sp" "o7"],
        "%L:" (WORD) => ["l0" "l1" "l2" "l3" "l4" "l5" "l6" "l7"],
        "%I:" (WORD) => ["i0" "i1" "i2" "i3" "i4" "i5" "i6" "i7"],
    },
    ..NONE
};

/// 64-bit PA-RISC: `show_regs` in `arch/parisc/kernel/traps.c`.
const PARISC64: Arch = Arch {
    name: "parisc64",
    pc_prefixes: &["IAOQ[0]: "],
    link_prefixes: &["RP(r2): "],
    pc_register: "IAOQ[0]",
    pc_last: true,
    user_mode: &[UserMode { register: "IAOQ[0]", mask: 3, value: 3 }],
    asides: &["CPU:"],
    registers: registers! {
        BITS => ["PSW"], 8 => ["IIR"], WORD => ["ISR" "IOR" "CR30" "CR31" "ORIG_R28"],
    },
    rows: rows! {
        "r00-03" (WORD) => ["r00" "r01" "r02" "r03"], "r04-07" (WORD) => ["r04" "r05" "r06" "r07"],
        "r08-11" (WORD) => ["r08" "r09" "r10" "r11"], "r12-15" (WORD) => ["r12" "r13" "r14" "r15"],
        "r16-19" (WORD) => ["r16" "r17" "r18" "r19"], "r20-23" (WORD) => ["r20" "r21" "r22" "r23"],
        "r24-27" (WORD) => ["r24" "r25" "r26" "r27"], "r28-31" (WORD) => ["r28" "r29" "r30" "r31"],
        "sr00-03" (WORD) => ["sr00" "sr01" "sr02" "sr03"], "sr04-07" (WORD) => ["sr04" "sr05" "sr06" "sr07"],
        "IASQ:" (WORD) => ["IASQ[0]" "IASQ[1]"], "IAOQ:" (WORD) => ["IAOQ[0]" "IAOQ[1]"],
    },
    trace_heads: &["Backtrace:"],
    ..NONE
};

/// 32-bit PA-RISC.
const PARISC: Arch = Arch { name: "parisc", word: 8, ..PARISC64 };

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
