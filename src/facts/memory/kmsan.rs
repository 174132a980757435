//! KMSAN: `mm/kmsan/report.c`.

use super::address;
use crate::text;

/// What KMSAN says about a use of uninitialized memory: `kmsan_report`. Nothing of it is printed for a plain use
/// in a condition.
///
/// ```text
/// Bytes 4-7 of 18 are uninitialized
/// Memory access of size 18 starts at ffff888090c4fe00
/// Data copied to user address 00007fff7db6a207
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kmsan {
    /// First and last uninitialized byte, counted from the start of the access.
    pub bytes: Option<(u64, u64)>,
    /// Size of the access in bytes.
    pub size: Option<u64>,
    /// Where it starts.
    pub address: Option<u64>,
    /// Where in user space the data went.
    pub user_address: Option<u64>,
}

impl Kmsan {
    pub(super) fn take(&mut self, body: &[u8]) -> bool {
        if let Some(rest) = body.strip_prefix(b"Byte") {
            let Some((bytes, size)) = bytes(rest) else {
                return false;
            };
            self.bytes = self.bytes.or(Some(bytes));
            self.size = self.size.or(Some(size));
        } else if let Some(rest) = body.strip_prefix(b"Memory access of size ") {
            self.size = self.size.or_else(|| Some(text::dec(rest).ok()?.1));
            self.address = self.address.or_else(|| address(text::after(rest, " starts at ")?)?.1);
        } else if let Some(rest) = body.strip_prefix(b"Data copied to user address ") {
            self.user_address = self.user_address.or_else(|| address(rest)?.1);
        } else {
            return false;
        }
        true
    }
}

/// Reads `s 4-7 of 18 are uninitialized` or ` 115 of 4096 is uninitialized`.
fn bytes(rest: &[u8]) -> Option<((u64, u64), u64)> {
    let (rest, first) = text::dec(rest.strip_prefix(b"s").unwrap_or(rest).strip_prefix(b" ")?).ok()?;
    let (rest, last) = match rest.strip_prefix(b"-") {
        Some(rest) => text::dec(rest).ok()?,
        None => (rest, first),
    };
    let (rest, size) = text::dec(rest.strip_prefix(b" of ")?).ok()?;
    rest.ends_with(b"uninitialized").then_some(((first, last), size))
}
