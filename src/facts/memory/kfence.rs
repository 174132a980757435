//! KFENCE: `mm/kfence/report.c`.

use super::{Access, Side, address};
use crate::text;

/// Which of KFENCE's errors a report is about: `enum kfence_error_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KfenceError {
    /// An access to a guard page.
    OutOfBounds,
    /// An access to a freed object.
    UseAfterFree,
    /// The pattern round an object was overwritten; found when it was freed.
    Corruption,
    /// An access to a page that never was an object.
    InvalidAccess,
    /// A free of something that is no object, or a second free.
    InvalidFree,
}

/// What KFENCE says about an error: `kfence_report_error`. Distances and sizes are in bytes.
///
/// ```text
/// Out-of-bounds read at 0xffff8c2aae231fff (1B left of kfence-#24):
/// Use-after-free read at 0xffff88823bc8cf68 (in kfence-#69):
/// Corrupted memory at 0xffff8c2aae2b2ff9 [ 0xac . . . . . . ] (in kfence-#88):
/// Invalid free of 0xffff8c2aae244fe0 (in kfence-#33):
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kfence<'a> {
    /// Which error.
    pub error: KfenceError,
    /// What was done; `None` for corrupted memory, of which only the damage is known.
    pub access: Option<Access>,
    /// The address; `None` if the kernel hides it (`0x(____ptrval____)`).
    pub address: Option<u64>,
    /// How far out of bounds, and on which side of the object.
    pub distance: Option<(u64, Side)>,
    /// The bytes of corrupted memory: `0xac . .`, where `.` is as it was and `!` is a byte that the kernel hides.
    pub corrupted: Option<&'a [u8]>,
    /// Number of the object.
    pub index: Option<u64>,
    /// The object, if the report describes it.
    pub object: Option<KfenceObject<'a>>,
}

/// A guarded object: `kfence_print_object`.
///
/// ```text
/// kfence-#83: 0xffff88801f2a6fd8-0xffff88801f2a6fff, size=40, cache=kmalloc-64
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KfenceObject<'a> {
    /// Number of the object.
    pub index: u64,
    /// First address; `None` if the kernel hides it.
    pub start: Option<u64>,
    /// Last address; `None` if the kernel hides it.
    pub end: Option<u64>,
    /// Size as asked for.
    pub size: Option<u64>,
    /// The slab cache whose object it stands for.
    pub cache: Option<&'a [u8]>,
}

#[derive(Default)]
pub(super) struct Reader<'a> {
    facts: Option<Kfence<'a>>,
    object: Option<KfenceObject<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        if let Some(error) = error(body) {
            self.facts.get_or_insert(error);
        } else if let Some(object) = object(body) {
            self.object.get_or_insert(object);
        } else {
            return false;
        }
        true
    }

    pub(super) fn finish(self) -> Option<Kfence<'a>> {
        let facts = self.facts?;
        Some(Kfence { object: self.object, ..facts })
    }
}

/// Whether a line says that an access faulted: `Use-after-free read at 0x… (in kfence-#69):`.
///
/// `kfence_report_error` prints the registers' program counter as the first frame of the stack that follows; of what it
/// finds without a fault, a corruption or an invalid free, it prints a return address.
pub(crate) fn is_fault(body: &[u8]) -> bool {
    error(body).is_some_and(|found| matches!(found.access, Some(Access::Read | Access::Write)))
}

fn error(body: &[u8]) -> Option<Kfence<'_>> {
    if !matches!(body.first(), Some(b'O' | b'U' | b'C' | b'I')) {
        return None;
    }
    let words: &[(&str, KfenceError, Option<Access>)] = &[
        ("Out-of-bounds read at 0x", KfenceError::OutOfBounds, Some(Access::Read)),
        ("Out-of-bounds write at 0x", KfenceError::OutOfBounds, Some(Access::Write)),
        ("Use-after-free read at 0x", KfenceError::UseAfterFree, Some(Access::Read)),
        ("Use-after-free write at 0x", KfenceError::UseAfterFree, Some(Access::Write)),
        ("Corrupted memory at 0x", KfenceError::Corruption, None),
        ("Invalid read at 0x", KfenceError::InvalidAccess, Some(Access::Read)),
        ("Invalid write at 0x", KfenceError::InvalidAccess, Some(Access::Write)),
        ("Invalid free of 0x", KfenceError::InvalidFree, Some(Access::Free)),
    ];
    let found = words
        .iter()
        .find_map(|&(words, error, access)| Some((body.strip_prefix(words.as_bytes())?, error, access)));
    let (rest, error, access) = found?;
    let (rest, address) = address(rest)?;
    let rest = text::skip_blanks(rest);
    Some(Kfence {
        error,
        access,
        address,
        distance: distance(rest),
        corrupted: rest.strip_prefix(b"[").and_then(|r| Some(r.get(..text::find(r, "]")?)?.trim_ascii())),
        index: text::number_after(rest, "kfence-#"),
        object: None,
    })
}

/// Reads `(1B left of kfence-#24):`.
fn distance(rest: &[u8]) -> Option<(u64, Side)> {
    let (rest, bytes) = text::dec(rest.strip_prefix(b"(")?).ok()?;
    let side = match rest.strip_prefix(b"B ")? {
        rest if rest.starts_with(b"left of") => Side::Left,
        rest if rest.starts_with(b"right of") => Side::Right,
        _ => return None,
    };
    Some((bytes, side))
}

/// Reads `kfence-#7: 0x..-0x.., size=32, cache=kmalloc-32`, before Linux 5.16 `kfence-#7 [0x..-0x.., …] allocated by`.
fn object(body: &[u8]) -> Option<KfenceObject<'_>> {
    let (rest, index) = text::dec(body.strip_prefix(b"kfence-#")?).ok()?;
    let rest = rest.strip_prefix(b": ").or(rest.strip_prefix(b" ["))?;
    let (rest, start) = address(rest)?;
    let (rest, end) = address(rest.strip_prefix(b"-")?)?;
    let cache = text::after(rest, "cache=").map(|cache| text::take(cache, |b| b != b']').0.trim_ascii_end());
    Some(KfenceObject { index, start, end, size: text::number_after(rest, "size="), cache })
}
