//! Faults at an address: `show_fault_oops` in `arch/x86/mm/fault.c`, `die_kernel_fault` in `arch/arm64/mm/fault.c`,
//! `bad_page_fault` in `arch/powerpc/mm/fault.c`, and what the other CPUs have in their place.

use super::{Access, address};
use crate::facts::frame::Frame;
use crate::facts::oops::Oops;
use crate::facts::registers;
use crate::text;

/// What the kernel says about a fault.
///
/// ```text
/// BUG: kernel NULL pointer dereference, address: 0000000000000028
/// #PF: supervisor read access in kernel mode
/// #PF: error_code(0x0000) - not-present page
/// PGD 2d1b067 P4D 2d1b067 PUD 2d1c067 PMD 0
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageFault<'a> {
    /// The address; `None` if its line is lost, or the CPU does not know it: `imprecise external abort` of arm.
    pub address: Option<u64>,
    /// What was done, in words or by the CPU's fault registers; `None` where neither tells, as of faults of x86 other than
    /// page faults.
    pub access: Option<Access>,
    /// Who did it: `supervisor` or `user`.
    pub privilege: Option<&'a str>,
    /// The mode of the CPU: `kernel` or `user`.
    pub mode: Option<&'a str>,
    /// Error code of the CPU: bit 0 present, 1 write, 2 user, 3 reserved bit, 4 instruction fetch, 5 protection key.
    pub error_code: Option<u64>,
    /// Why: `not-present page`, `permissions violation`, `reserved bit violation`; on arm64
    /// `level 2 translation fault`, on arm `external abort on non-linefetch`.
    pub reason: Option<&'a [u8]>,
    /// The entries of the page tables by their names as printed (`PGD`, on ARM `pgd`, on s390 `R3`), from the top down to
    /// the first one that is not present or maps a page.
    pub tables: Vec<(&'a str, u64)>,
}

/// What stands before the address of a page fault of x86, whose error code `die()` prints; sh has two of them.
const X86: &[&str] = &[
    "BUG: kernel NULL pointer dereference, address: ",
    "BUG: unable to handle page fault for address: ",
    "BUG: unable to handle kernel NULL pointer dereference at ",
    "BUG: unable to handle kernel paging request at ",
    // do_page_fault, arch/i386/mm/fault.c, up to Linux 2.6.24
    "BUG: unable to handle kernel NULL pointer dereference at virtual address ",
    "BUG: unable to handle kernel paging request at virtual address ",
    // do_page_fault, arch/x86_64/mm/fault.c, up to Linux 2.6.24: "… at 0000000000000010 RIP: "
    "Unable to handle kernel NULL pointer dereference at ",
    "Unable to handle kernel paging request at ",
];

/// What stands before the address of other faults, from Linux 4.x on, x86 and then arm64.
const BANNERS: &[&str] = &[
    "probably for non-canonical address ",
    "maybe for address ",
    "Unable to handle kernel NULL pointer dereference at virtual address ",
    "Unable to handle kernel paging request at virtual address ",
    "Unable to handle kernel read from unreadable memory at virtual address ",
    "Unable to handle kernel write to read-only memory at virtual address ",
    "Unable to handle kernel execute from non-executable memory at virtual address ",
    "Unable to handle kernel access to user memory outside uaccess routines at virtual address ",
    // die_kernel_fault, arch/riscv/mm/fault.c: of a user's task a NULL pointer too
    "Unable to handle kernel access to user memory without uaccess routines at virtual address ",
    "Unable to handle kernel execution of user memory at virtual address ",
    // do_no_context, arch/s390/mm/fault.c, up to Linux 3.x
    "Unable to handle kernel pointer dereference at virtual kernel address ",
];

/// How a line of other CPUs begins, and what stands right before its address: `bad_page_fault` (powerpc; the fourth
/// up to 5.1; the data segment's has no " on "), `__do_page_fault` (mips), `no_context` (loongarch), `dump_fault_info` (s390), `parisc_terminate`,
/// `do_DataAbort` and `do_PrefetchAbort` (arm), `segv` (um).
const ELSEWHERE: &[(&str, &str)] = &[
    ("BUG: Kernel NULL pointer dereference ", "at "),
    ("BUG: Unable to handle kernel ", " at "),
    ("BUG: Unable to handle unknown paging fault", " at "),
    ("Unable to handle kernel paging request for ", " at address "),
    ("CPU ", " Unable to handle kernel paging request at virtual address "),
    (FAILING, FAILING),
    ("Kernel Fault: Code=", ") at addr "),
    ("Bad Address (null pointer deref?): Code=", ") at addr "),
    // The same up to Linux 4.6
    ("Kernel Fault: Code=", " (Addr="),
    ("Bad Address (null pointer deref?): Code=", " (Addr="),
    ("Unhandled fault: ", ") at "),
    ("Unhandled prefetch abort: ", ") at "),
    ("Kernel panic - not syncing: Kernel mode fault", " at addr "),
];

/// What a line with the address says was done: powerpc in its middle, 32-bit ARM since 6.2 at its end.
const DONE: &[(&str, Access)] = &[
    (" on read at ", Access::Read),
    (" on write at ", Access::Write),
    (" when read", Access::Read),
    (" when write", Access::Write),
    (" when execute", Access::Execute),
    ("Unhandled prefetch abort: ", Access::Execute),
    (FETCH_UP_TO_5_1, Access::Execute),
];

/// Behind these the address comes on a line of its own.
const ADDRESS_COMES: &[&str] = &[FETCH, FETCH_UP_TO_5_1, "Kernel unaligned instruction access"];

/// What lines without the address say was done. Of the first two it is the counter, in the next line: `bad_page_fault` in
/// `arch/powerpc/mm/fault.c`. The others stand before the banner: `bad_kernel_fault` in that file, `show_fault_oops` of x86.
const SAID: &[(&str, Access)] = &[
    ("BUG: Unable to handle kernel instruction fetch", Access::Execute),
    ("Unable to handle kernel paging request for instruction fetch", Access::Execute),
    ("Kernel unaligned instruction access", Access::Execute),
    ("kernel tried to execute ", Access::Execute),
    ("Kernel attempted to read user page ", Access::Read),
    ("Kernel attempted to write user page ", Access::Write),
];

/// Whether a banner says that an instruction was fetched, up to Linux 5.1 and since.
const FETCH_UP_TO_5_1: &str = " for instruction fetch";
const FETCH: &str = " kernel instruction fetch";

/// What stands before the address on a line of its own, behind what says that there is one: `bad_page_fault` of powerpc,
/// `show_regs` of loongarch, `__show_regs` of mips.
const ADDRESSES: &[&str] = &["Faulting instruction address: ", "BADV: ", "BadVA : "];

/// What the CPU of arm could not tell at once: neither the address nor the rest of the status is valid. `fsr_info` in
/// `arch/arm/mm/fsr-2level.c` and `fsr-3level.c`.
const LATE: &[&str] = &["imprecise", "asynchronous"];

/// A fault register in a line, and what its bits mean.
struct Told {
    /// How the line begins, and what stands before the number.
    begins: &'static str,
    before: &'static str,
    /// Which bits tell what was done, and what they mean.
    mask: u64,
    means: &'static [(u64, Access)],
    /// Values of a fault at an address without a banner that names it.
    alone: &'static [u64],
    /// The trap that it tells of, where others print it too: see [`Reader::trap`].
    trap: Option<u64>,
}

impl Told {
    const NEW: Told = Told { begins: "", before: "", mask: u64::MAX, means: &[], alone: &[], trap: None };
}

/// The fault registers of the CPUs.
const TOLD: &[Told] = &[
    // union teid, arch/s390/include/asm/fault.h: store or fetch
    Told {
        begins: FAILING,
        before: " TEID: ",
        mask: 0xc00,
        means: &[(0x400, Access::Write), (0x800, Access::Read)],
        ..Told::NEW
    },
    RISCV,
    // The same up to Linux 5.4
    Told { begins: "sstatus: ", before: " scause: ", ..RISCV },
    // print_estat, arch/loongarch/kernel/traps.c: PIL PIS PIF PME PNR PNX ADEF; ADEM and ALE do not say what was done
    Told {
        begins: "ESTAT: ",
        before: "ESTAT: ",
        mask: 0x7fff_0000,
        means: &[
            (0x1_0000, Access::Read),
            (0x2_0000, Access::Write),
            (0x3_0000, Access::Execute),
            (0x4_0000, Access::Write),
            (0x5_0000, Access::Read),
            (0x6_0000, Access::Execute),
            (0x8_0000, Access::Execute),
        ],
        alone: &[0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000, 0x5_0000, 0x6_0000, 0x8_0000, 0x48_0000, 0x9_0000],
        ..Told::NEW
    },
    // __show_regs, arch/mips/kernel/traps.c: Mod TLBL TLBS AdEL AdES IBE TLBRI TLBXI; do_ade has no banner with the address
    Told {
        begins: "Cause : ",
        before: "Cause : ",
        mask: 0x7c,
        means: &[
            (0x04, Access::Write),
            (0x08, Access::Read),
            (0x0c, Access::Write),
            (0x10, Access::Read),
            (0x14, Access::Write),
            (0x18, Access::Execute),
            (0x4c, Access::Read),
            (0x50, Access::Execute),
        ],
        alone: &[0x10, 0x14],
        ..Told::NEW
    },
    // __show_regs, arch/powerpc/kernel/process.c: DSISR_ISSTORE; of an alignment interrupt it has other bits
    DSISR,
    Told { begins: "DAR: ", ..DSISR },
    // The same of Book E and 4xx: ESR_DST; up to Linux 4.x "DEAR: 00000010, ESR: 00800000"
    Told {
        begins: "CFAR: ",
        before: " ESR: ",
        mask: 0xffff_ffff_0080_0000,
        means: &[(0, Access::Read), (0x80_0000, Access::Write)],
        trap: Some(DATA_STORAGE),
        ..Told::NEW
    },
    Told {
        begins: "DEAR: ",
        before: " ESR: ",
        mask: 0xffff_ffff_0080_0000,
        means: &[(0, Access::Read), (0x80_0000, Access::Write)],
        trap: Some(DATA_STORAGE),
        ..Told::NEW
    },
    // do_DataAbort, arch/arm/mm/fault.c
    Told { begins: "Unhandled fault: ", before: " (0x", mask: FSR, means: FSR_MEANS, ..Told::NEW },
];

/// `__show_regs` in `arch/riscv/kernel/process.c`: instruction, load and store; misaligned, access and page fault.
/// `do_trap_load_fault` and the like have no banner with the address.
const RISCV: Told = Told {
    begins: "status: ",
    before: " cause: ",
    means: &[
        (0, Access::Execute),
        (1, Access::Execute),
        (4, Access::Read),
        (5, Access::Read),
        (6, Access::Write),
        (7, Access::Write),
        (12, Access::Execute),
        (13, Access::Read),
        (15, Access::Write),
    ],
    alone: &[0, 1, 4, 5, 6, 7, 12, 13, 15],
    ..Told::NEW
};

const DSISR: Told = Told {
    begins: "CFAR: ",
    before: " DSISR: ",
    mask: 0xffff_ffff_0200_0000,
    means: &[(0, Access::Read), (0x0200_0000, Access::Write)],
    trap: Some(DATA_STORAGE),
    ..Told::NEW
};

/// The data storage interrupt of powerpc.
const DATA_STORAGE: u64 = 0x300;

/// Bits of the fault status of arm: FSR_WRITE and FSR_LNX_PF, and all that it has not, but ExT and CM, which any fault may have.
/// arm64's syndrome has other bits.
const FSR: u64 = 0xffff_ffff_ffff_c800;
const FSR_MEANS: &[(u64, Access)] =
    &[(0, Access::Read), (0x800, Access::Write), (0x8000_0000, Access::Execute)];

/// The error code of x86, `__die` in `arch/x86/kernel/dumpstack.c`: write and instruction fetch, where no line beside it says so.
const X86_CODE: (u64, &[(u64, Access)]) =
    (0x12, &[(0, Access::Read), (2, Access::Write), (0x10, Access::Execute), (0x12, Access::Execute)]);
/// That of sh, `die` in `arch/sh/kernel/traps.c`: FAULT_CODE_WRITE, FAULT_CODE_ITLB.
const SH_CODE: (u64, &[(u64, Access)]) =
    (0x5, &[(0, Access::Read), (1, Access::Write), (4, Access::Execute), (5, Access::Execute)]);
/// The syndrome of arm64, `die` in `arch/arm64/kernel/traps.c`, where nothing decodes it (up to Linux 4.14): ESR_ELx_WNR of a
/// data abort of the kernel; that of a cache that is cleaned (ESR_ELx_CM) is always set.
const ARM64_CODE: (u64, &[(u64, Access)]) = (0x140, &[(0, Access::Read), (0x40, Access::Write)]);
const DATA_ABORT: u64 = 0x25;
/// That of arm, `die` in `arch/arm/kernel/traps.c`.
const ARM_CODE: (u64, &[(u64, Access)]) = (FSR, FSR_MEANS);

/// The page that s390 could not access: `dump_fault_info` in `arch/s390/mm/fault.c`.
pub(crate) const FAILING: &str = "Failing address: ";

/// What the counter stands behind in the banner: where it is the address, an instruction was fetched.
const FETCHED: &[&str] = &["epc == ", "era == "];

/// Names of the entries of page tables: `show_pte` of ARM, `dump_pagetable` of s390.
const TABLES: &[&str] = &["pgd", "p4d", "pud", "pmd", "pte", "ppte", "AS", "R1", "R2", "R3", "S", "P"];

/// Reads the lines of a report.
#[derive(Default)]
pub(super) struct Reader<'a> {
    pub(super) fault: PageFault<'a>,
    /// The banner is of a page fault of x86, or of sh: `die()` prints its error code.
    coded: bool,
    /// `die()` has spoken: what it says of another fault is not of this one.
    died: bool,
    /// A fault was told of whose address is in one of the next lines.
    address_comes: bool,
    /// The address is that of a page: s390.
    paged: bool,
    /// The interrupt that the registers of powerpc are of: `REGS: c0000000fe000000 TRAP: 0300   Tainted: G`.
    trap: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        let taken = self.words(body);
        self.told(body) || taken
    }

    fn words(&mut self, body: &'a [u8]) -> bool {
        match body.first() {
            Some(b'B' | b'U' | b'g' | b'O' | b't') => self.banner(body),
            Some(b'C' | b'F' | b'E') => self.elsewhere(body) || self.fault.abort(body),
            Some(b'K' | b'k') => self.elsewhere(body) || self.said(body),
            Some(b'#') => self.fault.details(body),
            Some(b'P') => self.fault.page_tables(body),
            Some(b'[' | b'A') => self.fault.walk(body),
            _ => false,
        }
    }

    fn banner(&mut self, body: &'a [u8]) -> bool {
        let after = |words: &&str| Some(address(text::after(body, words)?)?.1).flatten();
        let begins = |words: &&&str| text::begins(body, words);
        let of_x86 = X86.iter().filter(begins).find_map(after);
        // The other faults say so in one way: `general protection fault, probably for …`.
        let others = BANNERS.iter().filter(|words| match body.first() {
            Some(b'B' | b'U') => begins(words),
            _ => text::contains(body, " fault, "),
        });
        let found = of_x86.or_else(|| others.filter_map(after).next());
        if self.fault.address.is_none() && found.is_some() {
            self.fault.address = found;
            self.coded = of_x86.is_some();
            self.died = Oops::parse(body).is_some();
            self.fault.done(body);
        }
        found.is_some() || self.elsewhere(body) || self.said(body)
    }

    /// The banners of the CPUs that say it otherwise.
    fn elsewhere(&mut self, body: &'a [u8]) -> bool {
        let found = ELSEWHERE.iter().find_map(|(start, before)| {
            let line = body.strip_prefix(start.as_bytes()).map(|_| body)?;
            Some((*start, address(text::after(line, before)?)?.1?))
        });
        let Some((start, address)) = found else { return false };
        if self.fault.address.is_none() && self.fault.reason.is_none() {
            self.fault.address = Some(address);
            self.paged = start == FAILING;
            self.fault.done(body);
            // fsr_info of arm: what the status means.
            let unhandled = ["Unhandled fault: ", "Unhandled prefetch abort: "];
            let status = unhandled.iter().find_map(|start| body.strip_prefix(start.as_bytes()));
            self.fault.reason = status.and_then(|rest| rest.get(..text::find(rest, " (0x")?));
            let late = |reason: &[u8]| LATE.iter().any(|word| text::contains(reason, word));
            if self.fault.reason.is_some_and(late) {
                self.fault.address = None;
            }
        }
        true
    }

    /// What was done, on a line without the address.
    fn said(&mut self, body: &[u8]) -> bool {
        let said = SAID.iter().find(|(start, _)| text::begins(body, start));
        let Some((_, access)) = said.filter(|_| self.fault.address.is_none()) else { return false };
        self.fault.access = self.fault.access.or(Some(*access));
        self.address_comes = ADDRESS_COMES.iter().any(|words| text::contains(body, words));
        true
    }

    /// Reads a line of the CPU's fault registers, of a fault at an address.
    fn told(&mut self, body: &[u8]) -> bool {
        if let Some(start) = ADDRESSES.iter().find(|start| self.address_comes && text::begins(body, start)) {
            self.address_comes = false;
            self.fault.address = self.fault.address.or_else(|| address(text::after(body, start)?)?.1);
            return true;
        }
        if let Some(rest) = body.strip_prefix(b"REGS: ") {
            self.trap = text::after(rest, " TRAP: ").and_then(|rest| text::hex_run(rest).1);
            return false;
        }
        self.counter(body);
        if self.fault.access.is_some() && self.fault.address.is_some() {
            return false;
        }
        let register =
            TOLD.iter().find(|told| text::begins(body, told.begins) && text::contains(body, told.before));
        match register {
            Some(told) => self.register(told, body),
            None => self.died(body),
        }
    }

    fn register(&mut self, told: &Told, body: &[u8]) -> bool {
        let number = text::after(body, told.before).and_then(|rest| Some(text::hex_digits(rest).ok()?.1));
        let Some(number) = number.map(|number| number & told.mask) else { return false };
        let here = self.fault.address.is_some();
        let alone = told.alone.contains(&number);
        let other_trap = told.trap.zip(self.trap).is_some_and(|(wanted, trap)| wanted != trap);
        if !here && !alone || self.fault.access.is_some() || other_trap {
            return false;
        }
        self.fault.access = meaning(told.means, number);
        if !here {
            let badaddr = text::after(body, "badaddr: ");
            self.fault.address = badaddr.and_then(|rest| address(rest)?.1);
            self.address_comes = self.fault.address.is_none();
        }
        self.fault.access.is_some()
    }

    /// Reads the code of the first `Oops: 0002 [#1] SMP` behind the banner.
    fn died(&mut self, body: &[u8]) -> bool {
        if self.died || self.fault.address.is_none() {
            return false;
        }
        let Some(oops) = Oops::parse(body) else { return false };
        self.died = true;
        let plain = oops.what == Some(b"Oops") && oops.ilc.is_none() && oops.signal.is_none();
        let of_sh = || self.fault.tables.first().is_some_and(|(name, _)| *name == "pgd");
        let (mask, means) = match body.first() {
            Some(b'I') if plain && oops.code.is_some_and(|code| code >> 26 & 0x3f == DATA_ABORT) => {
                ARM64_CODE
            }
            Some(b'I') if plain => ARM_CODE,
            Some(b'O') if plain && self.coded && of_sh() => SH_CODE,
            Some(b'O') if plain && self.coded => X86_CODE,
            _ => return false,
        };
        let access = oops.code.and_then(|code| meaning(means, code & mask));
        self.fault.access = self.fault.access.or(access);
        access.is_some()
    }

    /// s390 tells fetches from loads by where the counter is: `Krnl PSW : 0704e00180000000 0000000000000002 (0x2)`.
    fn counter(&mut self, body: &[u8]) {
        let page = |address: u64| address >> 12;
        let failing = self.fault.address.filter(|_| self.paged && self.fault.access != Some(Access::Write));
        let Some(failing) = failing.filter(|_| text::begins(body, "Krnl PSW")) else { return };
        let counter = registers::kernel_counter(body).filter(|(pc, _)| !is_entered(pc));
        if counter.and_then(|(pc, _)| pc.address).is_some_and(|counter| page(counter) == page(failing)) {
            self.fault.access = Some(Access::Execute);
        }
    }
}

/// The longest instruction of s390, whose counter stands behind the one that failed.
const INSTRUCTION: u64 = 6;

/// Whether instructions have been read from the program counter's page: its function begins there, and before the one
/// that failed.
pub(crate) fn is_entered(counter: &Frame<'_>) -> bool {
    let within = counter.address.map(|address| address & 0xfff);
    counter.offset.zip(within).is_some_and(|(offset, within)| offset > INSTRUCTION && offset <= within)
}

/// What the bits of a number mean.
fn meaning(means: &[(u64, Access)], bits: u64) -> Option<Access> {
    means.iter().find(|(of, _)| *of == bits).map(|(_, access)| *access)
}

impl<'a> PageFault<'a> {
    fn done(&mut self, body: &[u8]) {
        let done = DONE.iter().find(|(words, _)| text::contains(body, words));
        let fetched = || {
            let counter = FETCHED.iter().find_map(|words| address(text::after(body, words)?)?.1);
            (counter.is_some() && counter == self.address).then_some(Access::Execute)
        };
        self.access = self.access.or(done.map(|(_, access)| *access)).or_else(fetched);
    }

    /// Reads arm64's `CM = 0, WnR = 1`, `EC = 0x21: IABT (current EL), IL = 32 bits` and
    /// `FSC = 0x06: level 2 translation fault`: `mem_abort_decode` and `data_abort_decode`.
    fn abort(&mut self, body: &'a [u8]) -> bool {
        if let Some(rest) = body.strip_prefix(b"FSC = ") {
            let reason = text::hex(rest).ok().and_then(|(rest, _)| rest.strip_prefix(b": "));
            self.reason = self.reason.or(reason.map(<[u8]>::trim_ascii_end));
            return reason.is_some();
        }
        let written = body.starts_with(b"CM = ").then(|| text::after(body, "WnR = ")).flatten();
        let access = match written.and_then(<[u8]>::first) {
            Some(b'0') => Some(Access::Read),
            Some(b'1') => Some(Access::Write),
            _ if body.starts_with(b"EC = ") && text::contains(body, ": IABT ") => Some(Access::Execute),
            _ => None,
        };
        self.access = self.access.or(access);
        access.is_some()
    }

    /// Reads `[0000000000000008] pgd=0800000041a3b003, p4d=0800000041a3b003, pud=0000000000000000`,
    /// `[00000014] *pgd=8358e831, *pte=00000000`, `AS:000000001c3a4007 R3:00000000fffd0007 S:00000000fffd8000`.
    fn walk(&mut self, body: &'a [u8]) -> bool {
        if !self.tables.is_empty() || self.address.is_none() {
            return false;
        }
        let mut rest = match body.strip_prefix(b"[").map(text::hex_digits) {
            Some(Ok((rest, _))) => rest.strip_prefix(b"]").unwrap_or_default(),
            Some(Err(_)) => return false,
            None => body,
        };
        while let Some(start) = rest.iter().position(u8::is_ascii_alphanumeric) {
            let (name, tail) =
                text::take(rest.get(start..).unwrap_or_default(), |b| b.is_ascii_alphanumeric());
            let known = text::ascii(name).filter(|name| TABLES.contains(name));
            let value = tail.strip_prefix(b"=").or(tail.strip_prefix(b":")).map(text::hex_digits);
            let (Some(name), Some(Ok((tail, value)))) = (known, value) else { break };
            self.tables.push((name, value));
            rest = tail;
        }
        !self.tables.is_empty()
    }

    /// Reads `#PF: supervisor read access in kernel mode` and `#PF: error_code(0x0000) - not-present page`.
    fn details(&mut self, body: &'a [u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"#PF: ") else {
            return false;
        };
        if let Some(rest) = rest.strip_prefix(b"error_code(") {
            let Ok((rest, code)) = text::hex(rest) else {
                return false;
            };
            if self.error_code.is_none() {
                self.error_code = Some(code);
                self.access = self.access.or_else(|| meaning(X86_CODE.1, code & X86_CODE.0));
                self.reason = rest.strip_prefix(b") - ").map(<[u8]>::trim_ascii_end);
            }
            return true;
        }
        let Some(rest) = rest.trim_ascii_end().strip_suffix(b" mode") else {
            return false;
        };
        let Some(at) = text::find(rest, " in ") else {
            return false;
        };
        let (what, mode) = rest.split_at(at);
        if self.mode.is_none() {
            let (privilege, what) = text::take(what, |b| b != b' ');
            self.privilege = text::ascii(privilege);
            self.mode = text::after(mode, " in ").and_then(text::ascii);
            self.access = match what {
                b" read access" => Some(Access::Read),
                b" write access" => Some(Access::Write),
                b" instruction fetch" => Some(Access::Execute),
                _ => None,
            };
        }
        true
    }

    /// Reads `PGD 2d1b067 P4D 2d1b067 PUD 2d1c067 PMD 0`.
    fn page_tables(&mut self, body: &'a [u8]) -> bool {
        if !body.starts_with(b"PGD ") || !self.tables.is_empty() {
            return false;
        }
        let mut rest = body;
        while let Some((name, tail)) = rest.split_at_checked(3) {
            if !matches!(name, b"PGD" | b"P4D" | b"PUD" | b"PMD" | b"PTE") {
                break;
            }
            let tail = text::skip_blanks(tail);
            // `BAD` would do as a number.
            let entry = text::hex_digits(tail).ok().filter(|_| !tail.starts_with(b"BAD"));
            let Some((tail, entry)) = entry else { break };
            self.tables.extend(text::ascii(name).map(|name| (name, entry)));
            rest = text::skip_blanks(tail);
        }
        !self.tables.is_empty()
    }
}
