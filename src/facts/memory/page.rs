//! A page of memory: `__dump_page` in `mm/debug.c`.

use super::address;
use crate::text;

/// What the kernel says of a page: KASAN of the one that the bad address is in, `bad_page` and `VM_BUG_ON_PAGE` of
/// the one that is wrong.
///
/// ```text
/// page:ffffea000729f1c0 refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x1ca7c7
/// head:ffffea000729f1c0 order:3 compound_mapcount:0 compound_pincount:0
/// flags: 0x200000000010200(slab|head|node=0|zone=2)
/// page dumped because: kasan: bad access detected
/// ```
///
/// Up to Linux 4.20 the count is called `count:`; since 6.8 the address is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<'a> {
    /// Address of its `struct page`, often hashed; `None` if it is not printed.
    pub address: Option<u64>,
    /// References to it. A count below zero is a bug by itself.
    pub refcount: Option<i64>,
    /// Page tables that map it.
    pub mapcount: Option<i64>,
    /// Address of its `struct address_space`; 0 if it has none.
    pub mapping: Option<u64>,
    /// Its place in the mapping.
    pub index: Option<u64>,
    /// Number of its frame; `None` before Linux 5.9, but in `BUG: Bad page state … pfn:1ca7c7`.
    pub pfn: Option<u64>,
    /// Order of the compound page that it is part of.
    pub order: Option<u64>,
    /// Its flags as a number.
    pub flags: Option<u64>,
    /// Their names: `slab|head|node=0|zone=2`.
    pub flag_names: Option<&'a [u8]>,
    /// Why it was dumped: `kasan: bad access detected`, `nonzero mapcount`.
    pub reason: Option<&'a [u8]>,
}

impl<'a> Page<'a> {
    /// Takes a line about the page; the first of a kind counts.
    pub(super) fn take(&mut self, body: &'a [u8]) {
        if !matches!(body.first(), Some(b'B' | b'p' | b'h' | b'f' | b'a' | b'k')) {
            return;
        }
        let begins = |start: &str| body.strip_prefix(start.as_bytes());
        if let Some(rest) = begins("BUG: Bad page ") {
            self.pfn = self.pfn.or_else(|| hex(rest, " pfn:"));
        } else if let Some(rest) = begins("page:") {
            if self.refcount.is_some() {
                return;
            }
            self.address = address(rest).and_then(|(_, address)| address);
            self.refcount = signed(rest, " refcount:").or_else(|| signed(rest, " count:"));
            self.mapcount = signed(rest, " mapcount:");
            self.mapping =
                text::after(rest, " mapping:").and_then(|rest| address(text::skip_blanks(rest))?.1);
            self.index = hex(rest, " index:");
            self.pfn = hex(rest, " pfn:").or(self.pfn);
        } else if let Some(rest) = begins("head:") {
            self.order = self.order.or_else(|| text::number_after(rest, " order:"));
        } else if let Some(reason) = begins("page dumped because: ") {
            self.reason = self.reason.or(Some(reason.trim_ascii_end()));
        } else if self.flags.is_none() && self.refcount.is_some() {
            let kinds = ["flags: ", "anon flags: ", "ksm flags: "];
            let flags = kinds.into_iter().find_map(begins).and_then(|flags| text::hex(flags).ok());
            if let Some((rest, flags)) = flags {
                self.flags = Some(flags);
                let names = rest.strip_prefix(b"(").and_then(|names| names.split(|&b| b == b')').next());
                self.flag_names = names.filter(|names| !names.is_empty());
            }
        }
    }
}

/// The number, without `0x` or with it, that follows `name`.
fn hex(body: &[u8], name: &str) -> Option<u64> {
    address(text::after(body, name)?)?.1
}

/// The decimal number, perhaps below zero, that follows `name`.
fn signed(body: &[u8], name: &str) -> Option<i64> {
    let rest = text::after(body, name)?;
    let (digits, sign) = match rest.strip_prefix(b"-") {
        Some(digits) => (digits, -1),
        None => (rest, 1),
    };
    i64::try_from(text::dec(digits).ok()?.1).ok().map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &str) -> Page<'_> {
        let mut page = Page::default();
        log.lines().for_each(|line| page.take(line.as_bytes()));
        page
    }

    #[test]
    fn pages() {
        // __dump_page, mm/debug.c, 6.1; dump_page, 4.14; bad_page, mm/page_alloc.c; __dump_folio, 6.9.
        let page = read(
            "BUG: Bad page state in process tee  pfn:01234\n\
             page:00000000b1a2c3d4 refcount:-1 mapcount:0 mapping:0000000000000000 index:0x1 pfn:0x1234\n\
             head:00000000b1a2c3d4 order:3 compound_mapcount:0 compound_pincount:0\n\
             anon flags: 0x10200(slab|head|zone=0) CMA\n\
             raw: 0000000000010200 0000000000000000\n\
             head: 0000000000010200 ffff888000042640\n\
             page dumped because: nonzero _refcount\n\
             page:0000000000000000 refcount:7 mapcount:0 mapping:0 index:0x0\n\
             flags: 0x0()\n",
        );
        assert_eq!((page.address, page.refcount, page.mapcount), (Some(0xb1a2_c3d4), Some(-1), Some(0)));
        assert_eq!(
            (page.mapping, page.index, page.pfn, page.order),
            (Some(0), Some(1), Some(0x1234), Some(3))
        );
        assert_eq!((page.flags, page.flag_names), (Some(0x10200), Some(&b"slab|head|zone=0"[..])));
        assert_eq!(page.reason, Some(&b"nonzero _refcount"[..]));
        let old = read("page:ffffea0006fa1c40 count:0 mapcount:-127 mapping:          (null) index:0x2");
        assert_eq!((old.refcount, old.mapcount, old.mapping, old.pfn), (Some(0), Some(-127), Some(0), None));
        let new =
            read("page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x10ab\nflags: 0x0()");
        assert_eq!((new.address, new.refcount, new.pfn, new.flag_names), (None, Some(1), Some(0x10ab), None));
        let hidden =
            read("page:(____ptrval____) refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x89c");
        assert_eq!((hidden.address, hidden.pfn), (None, Some(0x89c)));
        assert_eq!(read("flags: 0x1(locked)\npages: 1"), Page::default());
        assert_eq!(read("BUG: Bad page state in process tee  pfn:0").pfn, Some(0));
    }
}
