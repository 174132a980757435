//! CPUs that few logs are of.

use super::{Arch, NONE, Register, UserMode, name_key};

/// SuperH: `show_regs` in `arch/sh/kernel/process_32.c`.
pub(super) const SH: Arch = Arch {
    name: "sh",
    word: 8,
    pc_prefixes: &["PC is at "],
    link_prefixes: &["PR is at "],
    pc_register: "PC",
    user_mode: &[UserMode { register: "SR", mask: 0x4000_0000, value: 0 }],
    registers: registers! {
        8 => [
            "PC" "SP" "SR" "TEA" "R0" "R1" "R2" "R3" "R4" "R5" "R6" "R7" "R8" "R9" "R10" "R11" "R12" "R13" "R14"
            "MACH" "MACL" "GBR" "PR"
        ],
    },
    trace_heads: &["Call trace:", "Call Trace:"],
    ..NONE
};

/// Motorola 68000: `show_registers` in `arch/m68k/kernel/traps.c`.
pub(super) const M68K: Arch = Arch {
    name: "m68k",
    word: 8,
    pc_prefixes: &["PC: ["],
    user_mode: &[UserMode { register: "SR", mask: 0x2000, value: 0 }],
    registers: registers! {
        4 => ["SR"], 8 => ["SP" "d0" "d1" "d2" "d3" "d4" "d5" "a0" "a1" "a2"],
    },
    ..NONE
};
