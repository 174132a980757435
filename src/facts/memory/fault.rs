//! Faults at an address: `show_fault_oops` in `arch/x86/mm/fault.c`, `die_kernel_fault` in `arch/arm64/mm/fault.c`,
//! `bad_page_fault` in `arch/powerpc/mm/fault.c`, and what the other CPUs have in their place.

use super::{Access, address};
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
    /// The address; `None` if its line is lost.
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
    /// The registers have told of a fault whose address is in one of the next lines.
    address_comes: bool,
}

/// What stands before the address, from Linux 4.x on, x86 and then arm64.
const BANNERS: &[&str] = &[
    "BUG: kernel NULL pointer dereference, address: ",
    "BUG: unable to handle page fault for address: ",
    "BUG: unable to handle kernel NULL pointer dereference at ",
    "BUG: unable to handle kernel paging request at ",
    // do_page_fault, arch/i386/mm/fault.c, up to Linux 2.6.24
    "BUG: unable to handle kernel NULL pointer dereference at virtual address ",
    "BUG: unable to handle kernel paging request at virtual address ",
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
];

/// How a line of other CPUs begins, and what stands right before its address: `bad_page_fault` (powerpc; the fourth
/// up to 5.1), `__do_page_fault` (mips), `no_context` (loongarch), `dump_fault_info` (s390), `parisc_terminate`,
/// `do_DataAbort` and `do_PrefetchAbort` (arm), `segv` (um).
const ELSEWHERE: &[(&str, &str)] = &[
    ("BUG: Kernel NULL pointer dereference on ", " at "),
    ("BUG: Unable to handle kernel ", " at "),
    ("BUG: Unable to handle unknown paging fault", " at "),
    ("Unable to handle kernel paging request for ", " at address "),
    ("CPU ", " Unable to handle kernel paging request at virtual address "),
    ("Failing address: ", "Failing address: "),
    ("Kernel Fault: Code=", ") at addr "),
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
    // bad_page_fault of powerpc, up to 5.1
    (" for instruction fetch", Access::Execute),
];

/// How a line begins, what the number stands behind that tells what was done, which of its bits do, and what they mean.
type Told = (&'static str, &'static str, u64, &'static [(u64, Access)]);

/// The fault registers of the CPUs.
const TOLD: &[Told] = &[
    // union teid, arch/s390/include/asm/fault.h: store or fetch
    ("Failing address: ", " TEID: ", 0xc00, &[(0x400, Access::Write), (0x800, Access::Read)]),
    // __show_regs, arch/riscv/kernel/process.c: instruction, load and store; misaligned, access and page fault
    (
        "status: ",
        " cause: ",
        u64::MAX,
        &[
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
    ),
    // print_estat, arch/loongarch/kernel/traps.c: PIL PIS PIF PME PNR PNX ADEF
    (
        "ESTAT: ",
        "ESTAT: ",
        0x7fff_0000,
        &[
            (0x1_0000, Access::Read),
            (0x2_0000, Access::Write),
            (0x3_0000, Access::Execute),
            (0x4_0000, Access::Write),
            (0x5_0000, Access::Read),
            (0x6_0000, Access::Execute),
            (0x8_0000, Access::Execute),
        ],
    ),
    // __show_regs, arch/mips/kernel/traps.c: Mod TLBL TLBS AdEL AdES IBE
    (
        "Cause : ",
        "Cause : ",
        0x7c,
        &[
            (0x04, Access::Write),
            (0x08, Access::Read),
            (0x0c, Access::Write),
            (0x10, Access::Read),
            (0x14, Access::Write),
            (0x18, Access::Execute),
        ],
    ),
    // __show_regs, arch/powerpc/kernel/process.c: DSISR_ISSTORE
    ("CFAR: ", " DSISR: ", 0xffff_ffff_0200_0000, &[(0, Access::Read), (0x0200_0000, Access::Write)]),
    ("DAR: ", " DSISR: ", 0xffff_ffff_0200_0000, &[(0, Access::Read), (0x0200_0000, Access::Write)]),
    // die, arch/arm/kernel/traps.c: FSR_WRITE and FSR_LNX_PF; arm64's syndrome has other bits
    (
        "Internal error: Oops: ",
        "Oops: ",
        0xffff_f800,
        &[(0, Access::Read), (0x800, Access::Write), (0x8000_0000, Access::Execute)],
    ),
    // do_DataAbort, arch/arm/mm/fault.c
    ("Unhandled fault: ", " (0x", 0xffff_f800, &[(0, Access::Read), (0x800, Access::Write)]),
    // __die, arch/x86/kernel/dumpstack.c: write and instruction fetch of an error code, where no line beside it says so
    (
        "Oops: ",
        "Oops: ",
        0x12,
        &[(0, Access::Read), (2, Access::Write), (0x10, Access::Execute), (0x12, Access::Execute)],
    ),
];

/// Those that tell of faults without a banner that names the address: `do_trap_load_fault` of riscv, `do_ade` of loongarch.
const ALONE: &[&str] = &["status: ", "ESTAT: "];
/// Faults at an address of which loongarch does not tell what was done: ADEM, ALE.
const NO_ACCESS: &[u64] = &[0x48_0000, 0x9_0000];
/// The address, some lines after the exception: `show_regs` of loongarch.
const BAD_ADDRESS: &str = "BADV: ";

/// What the counter stands behind in the banner: where it is the address, an instruction was fetched.
const FETCHED: &[&str] = &["epc == ", "era == "];

/// Names of the entries of page tables: `show_pte` of ARM, `dump_pagetable` of s390.
const TABLES: &[&str] = &["pgd", "p4d", "pud", "pmd", "pte", "ppte", "AS", "R1", "R2", "R3", "S", "P"];

impl<'a> PageFault<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        let taken = self.words(body);
        self.told(body) || taken
    }

    fn words(&mut self, body: &'a [u8]) -> bool {
        match body.first() {
            Some(b'B' | b'U' | b'g' | b'O' | b't') => self.banner(body),
            Some(b'C' | b'F' | b'K' | b'E') => self.elsewhere(body) || self.abort(body),
            Some(b'#') => self.details(body),
            Some(b'P') => self.page_tables(body),
            Some(b'[' | b'A') => self.walk(body),
            _ => false,
        }
    }

    /// The banners of the CPUs that say it otherwise.
    fn elsewhere(&mut self, body: &'a [u8]) -> bool {
        let found = ELSEWHERE.iter().find_map(|(start, before)| {
            address(text::after(body.strip_prefix(start.as_bytes()).map(|_| body)?, before)?)?.1
        });
        if self.address.is_none() && found.is_some() {
            self.address = found;
            self.done(body);
            // fsr_info of arm: what the status means.
            let unhandled = ["Unhandled fault: ", "Unhandled prefetch abort: "];
            let status = unhandled.iter().find_map(|start| body.strip_prefix(start.as_bytes()));
            let reason = status.and_then(|rest| rest.get(..text::find(rest, " (0x")?));
            self.reason = self.reason.or(reason);
        }
        found.is_some()
    }

    fn done(&mut self, body: &[u8]) {
        let done = DONE.iter().find(|(words, _)| text::contains(body, words));
        let fetched = || {
            let counter = FETCHED.iter().find_map(|words| address(text::after(body, words)?)?.1);
            (counter.is_some() && counter == self.address).then_some(Access::Execute)
        };
        self.access = self.access.or(done.map(|(_, access)| *access)).or_else(fetched);
    }

    /// Reads a line of the CPU's fault registers, of a fault at an address.
    fn told(&mut self, body: &[u8]) -> bool {
        if self.access.is_some() && self.address.is_some() {
            return false;
        }
        if self.address_comes && text::begins(body, BAD_ADDRESS) {
            self.address = self.address.or_else(|| address(text::after(body, BAD_ADDRESS)?)?.1);
            self.address_comes = false;
            return true;
        }
        let Some((begins, before, mask, means)) = TOLD.iter().find(|(begins, ..)| text::begins(body, begins))
        else {
            return false;
        };
        let alone = ALONE.contains(begins);
        if self.address.is_none() && !alone || self.access.is_some() {
            return false;
        }
        let number = text::after(body, before).and_then(|rest| text::hex_digits(rest).ok());
        // `Oops: divide error` begins with a digit.
        let number = number.filter(|(rest, _)| rest.first().is_none_or(|b| !b.is_ascii_alphabetic()));
        let Some((_, number)) = number else { return false };
        let meant = means.iter().find(|(bits, _)| *bits == number & mask);
        self.access = meant.map(|(_, access)| *access);
        if alone && self.address.is_none() {
            let told = self.access.is_some() || NO_ACCESS.contains(&(number & mask));
            self.address = text::after(body, " badaddr: ").filter(|_| told).and_then(|rest| address(rest)?.1);
            self.address_comes = told && self.address.is_none();
        }
        self.access.is_some()
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

    fn banner(&mut self, body: &'a [u8]) -> bool {
        // The other faults say so in one way: `general protection fault, probably for …`.
        let candidates = BANNERS.iter().filter(|words| match body.first() {
            Some(b'B' | b'U') => body.starts_with(words.as_bytes()),
            _ => text::contains(body, " fault, "),
        });
        let found = candidates.filter_map(|words| address(text::after(body, words)?)?.1).next();
        if self.address.is_none() && found.is_some() {
            self.address = found;
            self.done(body);
        }
        found.is_some() || self.elsewhere(body)
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
