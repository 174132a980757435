//! Which memory a report is about: the sanitizers' and allocators' own words.

mod fault;
mod kasan;
mod kcsan;
pub(crate) mod kfence;
mod kmsan;
mod leak;
mod page;
mod slab;
mod ubsan;

pub use fault::PageFault;
pub(crate) use fault::{FAILING, is_entered};
pub use kasan::{Kasan, Object, Place, Range, ShadowRow, Side, StackObject, StackOwner};
pub use kcsan::{Kcsan, KcsanAccess};
pub use kfence::{Kfence, KfenceError, KfenceObject};
pub use kmsan::Kmsan;
pub use leak::Leak;
pub use page::Page;
pub use slab::{Corruption, DumpRow, Slab, SlabTrack};
pub use ubsan::Ubsan;

use crate::facts::frame::{self, Frame};
use crate::text;

/// What was done to the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// Both at once: an atomic operation.
    ReadWrite,
    /// The memory was given to `kfree`.
    Free,
    /// An instruction was fetched.
    Execute,
}

/// What a report says about memory; each part is there if its tool has spoken.
///
/// One report may have several: a null pointer dereference under KASAN has a [`PageFault`] or the address of a
/// general protection fault, and the [`Kasan::range`] that KASAN derives from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory<'a> {
    /// Kernel address sanitizer.
    pub kasan: Option<Kasan<'a>>,
    /// Kernel electric fence.
    pub kfence: Option<Kfence<'a>>,
    /// Kernel memory sanitizer.
    pub kmsan: Option<Kmsan>,
    /// Kernel concurrency sanitizer.
    pub kcsan: Option<Kcsan<'a>>,
    /// Undefined behaviour sanitizer.
    pub ubsan: Option<Ubsan<'a>>,
    /// The debug checks of the slab allocator.
    pub slab: Option<Slab<'a>>,
    /// A page fault, or another fault at an address.
    pub fault: Option<PageFault<'a>>,
    /// The page that the report is about.
    pub page: Option<Page<'a>>,
    /// Objects that kmemleak found no reference to.
    pub leaks: Vec<Leak<'a>>,
}

impl<'a> Memory<'a> {
    /// Reads what the lines of a report say about memory; `None` if they say nothing.
    /// Of two facts of a kind the first one counts: it is the report's own.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Option<Memory<'a>> {
        let mut kasan = kasan::Reader::default();
        let mut slab = Slab::default();
        let mut kcsan = Kcsan::default();
        let mut kmsan = Kmsan::default();
        let mut kfence = kfence::Reader::default();
        let mut ubsan = ubsan::Reader::default();
        let mut fault = fault::Reader::default();
        let mut leaks = leak::Reader::default();
        let mut page = Page::default();
        for body in bodies {
            if !kasan.waits() && frame::is_plain(body) {
                continue;
            }
            page.take(body);
            let _ = fault.take(body)
                || kasan.take(body)
                || slab.take(body)
                || kcsan.take(body)
                || kfence.take(body)
                || kmsan.take(body)
                || leaks.take(body)
                || ubsan.take(body);
        }
        let memory = Memory {
            kasan: some(kasan.facts),
            kfence: kfence.finish(),
            kmsan: some(kmsan),
            kcsan: some(kcsan),
            ubsan: ubsan.facts,
            slab: some(slab),
            fault: some(fault.fault),
            page: some(page),
            leaks: leaks.facts,
        };
        some(memory)
    }
}

/// `None` for a value that nothing was put into.
fn some<T: Default + PartialEq>(facts: T) -> Option<T> {
    (facts != T::default()).then_some(facts)
}

/// Reads an address as `%px`, `0x%px` and `0x%p` print it; `(____ptrval____)` is an address that the kernel
/// does not tell.
fn address(input: &[u8]) -> Option<(&[u8], Option<u64>)> {
    let digits = input.strip_prefix(b"0x").unwrap_or(input);
    if let Some(rest) = digits.strip_prefix(b"(____ptrval____)") {
        return Some((rest, None));
    }
    if let Some(rest) = text::skip_blanks(digits).strip_prefix(b"(null)") {
        return Some((rest, Some(0)));
    }
    text::hex_digits(digits).ok().map(|(rest, address)| (rest, Some(address)))
}

/// The address that follows `name`.
fn address_after(body: &[u8], name: &str) -> Option<u64> {
    address(text::after(body, name)?)?.1
}

/// A code address that has a symbol.
fn symbol(input: &[u8]) -> Option<Frame<'_>> {
    Some(Frame::parse_symbol(text::skip_blanks(input)).ok()?.1)
}

/// Two hexadecimal digits each, with one blank between: `fa fb fb`; as many as `max`.
fn hex_bytes(mut input: &[u8], max: usize) -> (Vec<u8>, &[u8]) {
    let mut bytes = Vec::with_capacity(max);
    while let Some((digits, rest)) = input.split_at_checked(2).filter(|_| bytes.len() < max) {
        let ends = matches!(rest.first(), None | Some(b' ' | b'\r'));
        let (digits, byte) = text::hex_run(digits);
        let (b"", Some(byte), true) = (digits, byte, ends) else { break };
        bytes.push(byte as u8);
        input = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    (bytes, input)
}

#[cfg(test)]
mod tests;
