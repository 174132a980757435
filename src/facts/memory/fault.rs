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
    /// What was done; `None` on x86 before Linux 5.1, where the CPU does not say, and for other faults than page
    /// faults.
    pub access: Option<Access>,
    /// Who did it: `supervisor` or `user`.
    pub privilege: Option<&'a str>,
    /// The mode of the CPU: `kernel` or `user`.
    pub mode: Option<&'a str>,
    /// Error code of the CPU: bit 0 present, 1 write, 2 user, 3 reserved bit, 4 instruction fetch, 5 protection key.
    pub error_code: Option<u64>,
    /// Why: `not-present page`, `permissions violation`, `reserved bit violation`; on arm64
    /// `level 2 translation fault`.
    pub reason: Option<&'a [u8]>,
    /// The entries of the page tables by their names as printed (`PGD`, on ARM `pgd`, on s390 `R3`), from the top down to
    /// the first one that is not present or maps a page.
    pub tables: Vec<(&'a str, u64)>,
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
];

/// Names of the entries of page tables: `show_pte` of ARM, `dump_pagetable` of s390.
const TABLES: &[&str] = &["pgd", "p4d", "pud", "pmd", "pte", "ppte", "AS", "R1", "R2", "R3", "S", "P"];

impl<'a> PageFault<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
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
    fn elsewhere(&mut self, body: &[u8]) -> bool {
        let found = ELSEWHERE.iter().find_map(|(start, before)| {
            address(text::after(body.strip_prefix(start.as_bytes()).map(|_| body)?, before)?)?.1
        });
        if self.address.is_none() && found.is_some() {
            self.address = found;
            self.done(body);
        }
        found.is_some()
    }

    fn done(&mut self, body: &[u8]) {
        let done = DONE.iter().find(|(words, _)| text::contains(body, words));
        self.access = self.access.or(done.map(|(_, access)| *access));
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

    fn banner(&mut self, body: &[u8]) -> bool {
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
