//! The checks of the slab allocator: `mm/slub.c`.

use super::{address, address_after, hex_bytes};
use crate::facts::frame::Frame;
use crate::text;

/// What `slub_debug` says about a damaged object: `print_trailer` and `check_bytes_and_report`.
///
/// ```text
/// BUG kmalloc-64 (Tainted: G           O      ): Poison overwritten
/// 0xffff888006823348-0xffff888006823348 @offset=840. First byte 0x41 instead of 0x6b
/// Allocated in slub_poison+0x24/0x60 [crashme] age=0 cpu=0 pid=40
/// Freed in slub_poison+0x31/0x60 [crashme] age=0 cpu=0 pid=40
/// Slab 0xffffea00001a08c0 objects=16 used=16 fp=0x0000000000000000 flags=0xfffffc0000200(slab|node=0|zone=1)
/// Object 0xffff888006823340 @offset=832 fp=0xffff888006823a40
/// ```
///
/// Before Linux 5.13 each line but the first begins with `INFO: `, and up to 3.2 the first one has no taint. Since 6.15 what is wrong with which bytes stands before
/// the banner, `[Poison overwritten] 0x…-0x… @offset=840. First byte 0x8 instead of 0x6b`, and the banner says
/// `Object corrupt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slab<'a> {
    /// Name of the slab cache.
    pub cache: Option<&'a [u8]>,
    /// What is wrong: `Poison overwritten`, `Object corrupt`.
    pub problem: Option<&'a [u8]>,
    /// Which bytes are wrong, where the banner does not say: `Poison`, `Right Redzone`.
    pub overwritten: Option<&'a [u8]>,
    /// The damaged bytes.
    pub corruption: Option<Corruption>,
    /// Who allocated the object.
    pub allocated: Option<SlabTrack<'a>>,
    /// Who freed the object.
    pub freed: Option<SlabTrack<'a>>,
    /// Address of the slab's descriptor.
    pub slab: Option<u64>,
    /// Objects in the slab.
    pub objects: Option<u64>,
    /// Objects in use.
    pub used: Option<u64>,
    /// Address of the object.
    pub object: Option<u64>,
    /// Its offset in the slab.
    pub offset: Option<u64>,
    /// Contents of the object and what surrounds it.
    pub rows: Vec<DumpRow<'a>>,
}

/// A run of damaged bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Corruption {
    /// First address.
    pub start: u64,
    /// Last address.
    pub end: u64,
    /// The first byte, as found; `None` of the padding of a slab, which is dumped instead.
    pub found: Option<u8>,
    /// What it should be.
    pub expected: Option<u8>,
}

/// What stands between which bytes are wrong and where they are: `check_bytes_and_report`, since Linux 6.15.
const OVERWRITTEN: &str = " overwritten] ";

/// Where and when an object was allocated or freed: `print_track`.
///
/// ```text
/// Allocated in slub_poison+0x24/0x60 [crashme] age=0 cpu=0 pid=40
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlabTrack<'a> {
    /// The caller of the allocator.
    pub at: Frame<'a>,
    /// How long ago, in jiffies.
    pub age: Option<u64>,
    /// The CPU.
    pub cpu: Option<u64>,
    /// Thread ID.
    pub pid: Option<u64>,
}

/// A row of a memory dump: `print_section`.
///
/// ```text
/// Object   ffff888006823340: 6b 6b 6b 6b 6b 6b 6b 6b 41 6b 6b 6b 6b 6b 6b 6b  kkkkkkkkAkkkkkkk
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DumpRow<'a> {
    /// Which memory: `Object`, `Redzone`, `Padding` or `Bytes b4` (before the object).
    pub label: &'a str,
    /// Address of the first byte.
    pub address: u64,
    /// Up to 16 bytes.
    pub bytes: Vec<u8>,
}

impl<'a> Slab<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        let body = body.strip_prefix(b"INFO: ").unwrap_or(body);
        match body.first() {
            Some(b'B') => self.banner(body) || self.row(body),
            Some(b'S') => self.slab(body),
            Some(b'O') => self.object(body) || self.row(body),
            Some(b'P' | b'R') => self.row(body),
            Some(b'0') => self.corruption(body),
            Some(b'[') => self.overwritten(body),
            Some(b'A') => track(body, b"Allocated in ", &mut self.allocated),
            Some(b'F') => track(body, b"Freed in ", &mut self.freed),
            _ => false,
        }
    }

    /// Reads `BUG kmalloc-64 (Not tainted): Poison overwritten` and `BUG kmalloc-64: Poison overwritten`.
    fn banner(&mut self, body: &'a [u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"BUG ") else {
            return false;
        };
        let taint = [" (Not tainted", " (Tainted: "].into_iter().find_map(|words| text::find(rest, words));
        let (at, before) = taint.map_or_else(|| (text::find(rest, ": "), ": "), |at| (Some(at), "): "));
        let Some((cache, tail)) = at.and_then(|at| rest.split_at_checked(at)) else {
            return false;
        };
        let is_name = taint.is_some() || !cache.contains(&b' ');
        let Some(problem) = text::after(tail, before).filter(|_| is_name) else {
            return false;
        };
        if self.cache.is_none() {
            (self.cache, self.problem) = (Some(cache), Some(problem.trim_ascii_end()));
        }
        self.padding(problem);
        true
    }

    /// Reads `Padding overwritten. 0x..-0x.. @offset=4032`: `slab_pad_check`. Up to Linux 3.x it has no offset.
    fn padding(&mut self, problem: &[u8]) {
        let read = || {
            let (rest, start) = text::hex(problem.strip_prefix(b"Padding overwritten. ")?).ok()?;
            let (_, end) = text::hex(rest.strip_prefix(b"-")?).ok()?;
            Some(Corruption { start, end, found: None, expected: None })
        };
        self.corruption = self.corruption.or_else(read);
    }

    fn slab(&mut self, body: &[u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"Slab 0x") else {
            return false;
        };
        if self.objects.is_none() {
            self.slab = address(rest).and_then(|(_, address)| address);
            self.objects = text::number_after(rest, " objects=");
            self.used = text::number_after(rest, " used=");
        }
        true
    }

    fn object(&mut self, body: &[u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"Object 0x") else {
            return false;
        };
        if self.offset.is_none() {
            self.object = address(rest).and_then(|(_, address)| address);
            self.offset = text::number_after(rest, " @offset=");
        }
        true
    }

    /// Reads `[Poison overwritten] 0x..-0x.. @offset=840. First byte 0x8 instead of 0x6b`.
    fn overwritten(&mut self, body: &'a [u8]) -> bool {
        let Some(end) = text::find(body, OVERWRITTEN) else { return false };
        let Some(bytes) = body.get(end + OVERWRITTEN.len()..) else { return false };
        let first = self.corruption.is_none();
        let found = self.corruption(bytes);
        if first && found {
            self.overwritten = body.get(1..end);
        }
        found
    }

    /// Reads `0x..-0x.. @offset=840. First byte 0x41 instead of 0x6b`.
    fn corruption(&mut self, body: &[u8]) -> bool {
        let read = || {
            let (rest, start) = text::hex(body).ok()?;
            let (rest, end) = text::hex(rest.strip_prefix(b"-")?).ok()?;
            let byte = |name| u8::try_from(address_after(rest, name)?).ok();
            let (found, expected) = (byte("First byte ")?, byte(" instead of ")?);
            Some(Corruption { start, end, found: Some(found), expected: Some(expected) })
        };
        let found = read();
        self.corruption = self.corruption.or(found);
        found.is_some()
    }

    fn row(&mut self, body: &'a [u8]) -> bool {
        let row = ["Object ", "Redzone ", "Padding ", "Bytes b4 "].into_iter().find_map(|label| {
            let rest = body.strip_prefix(label.as_bytes())?;
            let (digits, rest) = text::take(text::skip_blanks(rest), |b| b.is_ascii_hexdigit());
            let address = text::number(digits, 16).filter(|_| matches!(digits.len(), 8 | 16))?;
            let (bytes, _) = hex_bytes(rest.strip_prefix(b": ")?, 16);
            Some(DumpRow { label: label.trim_ascii_end(), address, bytes })
        });
        let found = row.is_some();
        self.rows.extend(row);
        found
    }
}

fn track<'a>(body: &'a [u8], words: &[u8], place: &mut Option<SlabTrack<'a>>) -> bool {
    let Some(rest) = body.strip_prefix(words) else {
        return false;
    };
    let Ok((rest, at)) = Frame::parse_symbol(rest) else {
        return false;
    };
    place.get_or_insert(SlabTrack {
        at,
        age: text::number_after(rest, " age="),
        cpu: text::number_after(rest, " cpu="),
        pid: text::number_after(rest, " pid="),
    });
    true
}
