//! What a line means for the report it may belong to.

use std::sync::LazyLock;

use crate::facts::{frame, registers};
use crate::formats::noise;
use crate::text::{self, Starts};

/// What a line means for the report it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Blank,
    /// `==================`: before the reports of the sanitizers and after them.
    Rule,
    /// A part of any report: frames, headers, lock lists.
    Inside,
    /// A part that also comes after the end marker: registers, the panic's last words.
    Tail,
    /// `---[ end trace 0000000000000000 ]---`
    End,
    /// `------------[ cut here ]------------`
    Cut,
    /// The registers of a program come: what the kernel has printed before is over.
    UserFault,
    /// `Linux version 6.1.0`: a kernel's first line.
    Boot,
    Foreign,
}

pub(super) fn shape(body: &[u8]) -> Shape {
    let text = text::skip_blanks(body);
    let Some(first) = text.first() else { return Shape::Blank };
    if text.len() < body.len() && is_frame(text) {
        Shape::Inside
    } else if text.iter().all(|&b| matches!(b, b'=' | b'-')) {
        if *first == b'=' { Shape::Rule } else { Shape::Blank }
    } else if text.starts_with(b"---[ end trace") {
        Shape::End
    } else if text::begins(text, noise::CUT_HERE) || text::begins(text, noise::CUT_HERE_ARM) {
        Shape::Cut
    } else if is_page_count(text) || is_slab_size(text) {
        Shape::Inside
    } else if TAIL.find(text).is_some() || registers::is_register_line(body) {
        Shape::Tail
    } else if INSIDE.find(text).is_some() || is_frame(text) || text.ends_with(b"[inline]") || holds_dump(text)
    {
        Shape::Inside
    } else if text::begins(text, noise::LINUX_VERSION) {
        Shape::Boot
    } else if noise::USER_FAULTS.iter().any(|words| text::contains(text, words)) {
        Shape::UserFault
    } else {
        Shape::Foreign
    }
}

/// `0 pages HighMem/MovableOnly`, `4823 pages reserved`: the end of `show_mem`.
fn is_page_count(text: &[u8]) -> bool {
    let (digits, rest) = text::take(text, |b| b.is_ascii_digit());
    !digits.is_empty() && (rest.starts_with(b" pages ") || rest.starts_with(b" total pagecache pages"))
}

/// `skbuff_head_cache          8KB          8KB`: `dump_unreclaimable_slab` in `mm/slab_common.c`.
fn is_slab_size(text: &[u8]) -> bool {
    let mut words = text.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let is_size = |word: &[u8]| {
        word.strip_suffix(b"KB")
            .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
    };
    text.ends_with(b"KB")
        && words.by_ref().take(2).filter(|word| is_size(word)).count() == 2
        && words.next().is_some()
}

/// Whether a line holds a function and an offset into it, or a tool has put its place there.
pub(super) fn is_frame(text: &[u8]) -> bool {
    text::contains(text, "+0x") || frame::is_decoded(text)
}

static TAIL: LazyLock<Starts<()>> =
    LazyLock::new(|| Starts::new(noise::TAIL.iter().map(|start| (*start, ()))));
static INSIDE: LazyLock<Starts<()>> =
    LazyLock::new(|| Starts::new(noise::INSIDE.iter().map(|start| (*start, ()))));

/// Whether a line holds raw words of memory or registers: 8 or 16 hexadecimal digits on their own.
fn holds_dump(text: &[u8]) -> bool {
    text.split(|b| matches!(b, b' ' | b':' | b'(' | b')' | b'[' | b']' | b'<' | b'>')).any(|word| {
        matches!(word.len(), 8 | 16)
            && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            && word.iter().any(u8::is_ascii_digit)
    })
}
