//! KCSAN: `kernel/kcsan/report.c`.

use super::{Access, address};
use crate::text;

/// What KCSAN says about a data race: `print_report`.
///
/// ```text
/// write to 0xffffffffc03c33d0 of 8 bytes by task 42 on cpu 0:
/// read to 0xffffffffc03c33d0 of 8 bytes by task 43 on cpu 1:
/// value changed: 0x0000000000000004 -> 0x0000000000000005
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kcsan<'a> {
    /// The accesses that raced; one if the other is unknown.
    pub accesses: Vec<KcsanAccess<'a>>,
    /// The value before and after; `None` if it was not seen to change.
    pub value: Option<(u64, u64)>,
}

/// One of the racing accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KcsanAccess<'a> {
    /// Read or write; `None` for an assertion (`ASSERT_EXCLUSIVE_WRITER`).
    pub access: Option<Access>,
    /// As printed: `write (marked)`, `read-write`, `assert no accesses`.
    pub description: &'a [u8],
    /// The address.
    pub address: Option<u64>,
    /// Number of bytes.
    pub size: u64,
    /// Thread ID; `None` for an interrupt.
    pub pid: Option<u32>,
    /// The CPU.
    pub cpu: Option<u32>,
    /// Whether the other access was not seen (`race at unknown origin, with`).
    pub unknown_origin: bool,
}

impl<'a> Kcsan<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        if !matches!(body.first(), Some(b'v' | b'r' | b'w' | b'a')) {
            return false;
        }
        if let Some(rest) = body.strip_prefix(b"value changed: 0x") {
            self.value = self.value.or_else(|| {
                let (rest, old) = text::hex_digits(rest).ok()?;
                let (_, new) = text::hex(rest.strip_prefix(b" -> ")?).ok()?;
                Some((old, new))
            });
            return true;
        }
        let Some(access) = access(body) else {
            return false;
        };
        if self.accesses.len() < 2 {
            self.accesses.push(access);
        }
        true
    }
}

/// Reads `write to 0xffffffffc03c33d0 of 8 bytes by task 42 on cpu 0:`.
fn access(body: &[u8]) -> Option<KcsanAccess<'_>> {
    let (body, unknown_origin) = match body.strip_prefix(b"race at unknown origin, with ") {
        Some(rest) => (rest, true),
        None => (body, false),
    };
    if !matches!(body.first(), Some(b'r' | b'w' | b'a')) {
        return None;
    }
    let at = text::find(body, " to 0x")?;
    let description = body.get(..at)?;
    let (rest, address) = address(body.get(at + " to ".len()..)?)?;
    let (rest, size) = text::dec(rest.strip_prefix(b" of ")?).ok()?;
    let by = rest.strip_prefix(b" bytes by ")?;
    let access = match description {
        words if words.starts_with(b"read-write") => Some(Access::ReadWrite),
        words if words.starts_with(b"read") => Some(Access::Read),
        words if words.starts_with(b"write") => Some(Access::Write),
        words if words.starts_with(b"assert ") => None,
        _ => return None,
    };
    let pid = by.strip_prefix(b"task ").and_then(|rest| Some(text::dec_u32(rest).ok()?.1));
    let cpu = text::u32_after(by, " on cpu ");
    Some(KcsanAccess { access, description, address, size, pid, cpu, unknown_origin })
}
