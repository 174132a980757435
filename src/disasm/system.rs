//! arm64's system instructions: hints, system registers, and operations on caches and address translation.
//!
//! The decoder has few of their names, and the kernel is full of them: `mrs x0, sp_el0` is its `current`.

/// The text of a system instruction; `None` for any other.
pub(super) fn text(word: u32) -> Option<String> {
    if word & 0xffff_f01f == 0xd503_201f {
        return Some(hint(field(word, 5, 7)));
    }
    if word & 0xfff8_f01f == 0xd500_401f {
        let state = (field(word, 16, 3), field(word, 5, 3));
        let name = STATES.iter().find(|(key, _)| *key == state)?.1;
        return Some(format!("msr    {name}, #{:#x}", field(word, 8, 4)));
    }
    if word & 0xffc0_0000 != 0xd500_0000 {
        return None;
    }
    let (read, register) = (word & 1 << 21 != 0, general(field(word, 0, 5)));
    let key =
        (field(word, 19, 2), field(word, 16, 3), field(word, 12, 4), field(word, 8, 4), field(word, 5, 3));
    match (key.0, read) {
        (0, _) => None,
        (1, _) => Some(operation(key, read, &register)),
        (_, true) => Some(format!("mrs    {register}, {}", named(key))),
        (_, false) => Some(format!("msr    {}, {register}", named(key))),
    }
}

/// `op0`, `op1`, `CRn`, `CRm` and `op2`.
type Key = (u32, u32, u32, u32, u32);

/// `op1`, `CRn`, `CRm` and `op2`.
type Operation = (u32, u32, u32, u32);

/// Bits of a word.
fn field(word: u32, from: u32, bits: u32) -> u32 {
    word >> from & ((1 << bits) - 1)
}

fn general(number: u32) -> String {
    if number == 31 { "xzr".to_string() } else { format!("x{number}") }
}

fn hint(number: u32) -> String {
    match HINTS.iter().find(|(known, _)| *known == number) {
        Some((_, text)) => (*text).to_string(),
        None => format!("hint   #{number:#x}"),
    }
}

/// The name of a system register.
fn named(key: Key) -> String {
    if let Some((_, name)) = REGISTERS.iter().find(|(known, _)| *known == key) {
        return (*name).to_string();
    }
    let (op0, op1, n, m, op2) = key;
    // Each breakpoint and watchpoint has a pair of registers.
    if let (2, 0, 0, 4..=7) = (op0, op1, n, op2) {
        let name = ["bvr", "bcr", "wvr", "wcr"].get(op2 as usize - 4).copied().unwrap_or_default();
        return format!("dbg{name}{m}_el1");
    }
    format!("s{op0}_{op1}_c{n}_c{m}_{op2}")
}

/// `dc civac, x0`, `tlbi vmalle1is`, or any other as numbers.
fn operation(key: Key, read: bool, register: &str) -> String {
    let (_, op1, n, m, op2) = key;
    if let Some((_, name)) = OPERATIONS.iter().find(|(known, _)| *known == (op1, n, m, op2)).filter(|_| !read)
    {
        let (name, what) = name.split_once(' ').unwrap_or((name, ""));
        // What is done to all takes no address.
        let all = ["iallu", "ialluis", "vmalle1", "vmalle1is"].contains(&what);
        let operand = if all { String::new() } else { format!(", {register}") };
        return format!("{name:<6} {what}{operand}");
    }
    match (read, register) {
        (true, _) => format!("sysl   {register}, #{op1}, C{n}, C{m}, #{op2}"),
        (_, "xzr") => format!("sys    #{op1}, C{n}, C{m}, #{op2}"),
        _ => format!("sys    #{op1}, C{n}, C{m}, #{op2}, {register}"),
    }
}

const HINTS: &[(u32, &str)] = &[
    (0, "nop"),
    (1, "yield"),
    (2, "wfe"),
    (3, "wfi"),
    (4, "sev"),
    (5, "sevl"),
    (7, "xpaclri"),
    (8, "pacia1716"),
    (10, "pacib1716"),
    (12, "autia1716"),
    (14, "autib1716"),
    (16, "esb"),
    (17, "psb    csync"),
    (18, "tsb    csync"),
    (20, "csdb"),
    (22, "clearbhb"),
    (24, "paciaz"),
    (25, "paciasp"),
    (26, "pacibz"),
    (27, "pacibsp"),
    (28, "autiaz"),
    (29, "autiasp"),
    (30, "autibz"),
    (31, "autibsp"),
    (32, "bti"),
    (34, "bti    c"),
    (36, "bti    j"),
    (38, "bti    jc"),
];

/// `op1` and `op2` of the fields of the processor's state.
const STATES: &[((u32, u32), &str)] = &[
    ((0, 3), "uao"),
    ((0, 4), "pan"),
    ((0, 5), "spsel"),
    ((3, 1), "ssbs"),
    ((3, 2), "dit"),
    ((3, 4), "tco"),
    ((3, 6), "daifset"),
    ((3, 7), "daifclr"),
];

/// The registers that the kernel reads and writes where it may crash.
const REGISTERS: &[(Key, &str)] = &[
    ((2, 0, 0, 2, 2), "mdscr_el1"),
    ((3, 0, 0, 0, 0), "midr_el1"),
    ((3, 0, 0, 0, 5), "mpidr_el1"),
    ((3, 0, 0, 4, 0), "id_aa64pfr0_el1"),
    ((3, 0, 0, 5, 0), "id_aa64dfr0_el1"),
    ((3, 0, 0, 7, 0), "id_aa64mmfr0_el1"),
    ((3, 0, 0, 7, 1), "id_aa64mmfr1_el1"),
    ((3, 0, 1, 0, 0), "sctlr_el1"),
    ((3, 0, 1, 0, 2), "cpacr_el1"),
    ((3, 0, 1, 0, 5), "rgsr_el1"),
    ((3, 0, 1, 0, 6), "gcr_el1"),
    ((3, 0, 1, 2, 0), "zcr_el1"),
    ((3, 0, 2, 0, 0), "ttbr0_el1"),
    ((3, 0, 2, 0, 1), "ttbr1_el1"),
    ((3, 0, 2, 0, 2), "tcr_el1"),
    ((3, 0, 2, 1, 0), "apiakeylo_el1"),
    ((3, 0, 2, 1, 1), "apiakeyhi_el1"),
    ((3, 0, 4, 0, 0), "spsr_el1"),
    ((3, 0, 4, 0, 1), "elr_el1"),
    ((3, 0, 4, 1, 0), "sp_el0"),
    ((3, 0, 4, 2, 2), "currentel"),
    ((3, 0, 4, 6, 0), "icc_pmr_el1"),
    ((3, 0, 5, 1, 0), "afsr0_el1"),
    ((3, 0, 5, 1, 1), "afsr1_el1"),
    ((3, 0, 5, 2, 0), "esr_el1"),
    ((3, 0, 5, 6, 0), "tfsr_el1"),
    ((3, 0, 5, 6, 1), "tfsre0_el1"),
    ((3, 0, 6, 0, 0), "far_el1"),
    ((3, 0, 7, 4, 0), "par_el1"),
    ((3, 0, 10, 2, 0), "mair_el1"),
    ((3, 0, 12, 0, 0), "vbar_el1"),
    ((3, 0, 12, 1, 1), "disr_el1"),
    ((3, 0, 12, 12, 0), "icc_iar1_el1"),
    ((3, 0, 12, 12, 1), "icc_eoir1_el1"),
    ((3, 0, 12, 12, 4), "icc_ctlr_el1"),
    ((3, 0, 12, 12, 5), "icc_sre_el1"),
    ((3, 0, 13, 0, 1), "contextidr_el1"),
    ((3, 0, 13, 0, 4), "tpidr_el1"),
    ((3, 0, 14, 1, 0), "cntkctl_el1"),
    ((3, 1, 0, 0, 1), "clidr_el1"),
    ((3, 3, 0, 0, 1), "ctr_el0"),
    ((3, 3, 0, 0, 7), "dczid_el0"),
    ((3, 3, 2, 4, 0), "rndr"),
    ((3, 3, 4, 2, 0), "nzcv"),
    ((3, 3, 4, 2, 1), "daif"),
    ((3, 3, 4, 4, 0), "fpcr"),
    ((3, 3, 4, 4, 1), "fpsr"),
    ((3, 3, 13, 0, 2), "tpidr_el0"),
    ((3, 3, 13, 0, 3), "tpidrro_el0"),
    ((3, 3, 14, 0, 0), "cntfrq_el0"),
    ((3, 3, 14, 0, 1), "cntpct_el0"),
    ((3, 3, 14, 0, 2), "cntvct_el0"),
    ((3, 3, 14, 0, 6), "cntvctss_el0"),
    ((3, 3, 14, 3, 1), "cntv_ctl_el0"),
    ((3, 3, 14, 3, 2), "cntv_cval_el0"),
    ((3, 4, 1, 1, 0), "hcr_el2"),
    ((3, 4, 4, 0, 0), "spsr_el2"),
    ((3, 4, 4, 0, 1), "elr_el2"),
    ((3, 4, 5, 2, 0), "esr_el2"),
    ((3, 4, 6, 0, 0), "far_el2"),
    ((3, 4, 13, 0, 2), "tpidr_el2"),
    ((3, 5, 1, 0, 0), "sctlr_el12"),
    ((3, 5, 4, 0, 0), "spsr_el12"),
    ((3, 5, 4, 0, 1), "elr_el12"),
];

/// The operations that have a name.
const OPERATIONS: &[(Operation, &str)] = &[
    ((0, 7, 1, 0), "ic ialluis"),
    ((0, 7, 5, 0), "ic iallu"),
    ((3, 7, 5, 1), "ic ivau"),
    ((0, 7, 6, 1), "dc ivac"),
    ((0, 7, 6, 2), "dc isw"),
    ((0, 7, 10, 2), "dc csw"),
    ((0, 7, 14, 2), "dc cisw"),
    ((3, 7, 4, 1), "dc zva"),
    ((3, 7, 4, 3), "dc gva"),
    ((3, 7, 4, 4), "dc gzva"),
    ((3, 7, 10, 1), "dc cvac"),
    ((3, 7, 11, 1), "dc cvau"),
    ((3, 7, 12, 1), "dc cvap"),
    ((3, 7, 14, 1), "dc civac"),
    ((0, 7, 8, 0), "at s1e1r"),
    ((0, 7, 8, 1), "at s1e1w"),
    ((0, 7, 8, 2), "at s1e0r"),
    ((0, 7, 8, 3), "at s1e0w"),
    ((0, 8, 2, 1), "tlbi rvae1is"),
    ((0, 8, 2, 5), "tlbi rvale1is"),
    ((0, 8, 3, 0), "tlbi vmalle1is"),
    ((0, 8, 3, 1), "tlbi vae1is"),
    ((0, 8, 3, 2), "tlbi aside1is"),
    ((0, 8, 3, 3), "tlbi vaae1is"),
    ((0, 8, 3, 5), "tlbi vale1is"),
    ((0, 8, 3, 7), "tlbi vaale1is"),
    ((0, 8, 7, 0), "tlbi vmalle1"),
    ((0, 8, 7, 1), "tlbi vae1"),
    ((0, 8, 7, 2), "tlbi aside1"),
    ((0, 8, 7, 5), "tlbi vale1"),
];
