//! Faults at an address: `show_fault_oops` in `arch/x86/mm/fault.c`, `die_kernel_fault` in `arch/arm64/mm/fault.c`.

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
    /// What was done; `None` before Linux 5.1 and for other faults than page faults.
    pub access: Option<Access>,
    /// Who did it: `supervisor` or `user`.
    pub privilege: Option<&'a str>,
    /// The mode of the CPU: `kernel` or `user`.
    pub mode: Option<&'a str>,
    /// Error code of the CPU: bit 0 present, 1 write, 2 user, 3 reserved bit, 4 instruction fetch, 5 protection key.
    pub error_code: Option<u64>,
    /// Why: `not-present page`, `permissions violation`, `reserved bit violation`.
    pub reason: Option<&'a [u8]>,
    /// The entries of the page tables, from `PGD` down to the first one that is not present or maps a page.
    pub tables: Vec<(&'a str, u64)>,
}

/// What stands before the address, from Linux 4.x on, x86 and then arm64.
const BANNERS: &[&str] = &[
    "BUG: kernel NULL pointer dereference, address: ",
    "BUG: unable to handle page fault for address: ",
    "BUG: unable to handle kernel NULL pointer dereference at ",
    "BUG: unable to handle kernel paging request at ",
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

impl<'a> PageFault<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        match body.first() {
            Some(b'B' | b'U' | b'g' | b'O' | b't') => self.banner(body),
            Some(b'#') => self.details(body),
            Some(b'P') => self.page_tables(body),
            _ => false,
        }
    }

    fn banner(&mut self, body: &[u8]) -> bool {
        // The other faults say so in one way: `general protection fault, probably for …`.
        let candidates = BANNERS.iter().filter(|words| match body.first() {
            Some(b'B' | b'U') => body.starts_with(words.as_bytes()),
            _ => text::contains(body, " fault, "),
        });
        let found = candidates.filter_map(|words| address(text::after(body, words)?)?.1).next();
        self.address = self.address.or(found);
        found.is_some()
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
