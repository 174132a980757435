//! What a line means for the report it may belong to.

use std::sync::LazyLock;

use crate::facts::{frame, registers};
use crate::formats::noise;
use crate::scan::LINE_BYTES;
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
    } else if is_user_fault(text) {
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

/// Whether a line says that a program has crashed.
fn is_user_fault(text: &[u8]) -> bool {
    static FAULTS: LazyLock<Starts<()>> =
        LazyLock::new(|| Starts::new(noise::USER_FAULTS.iter().map(|words| (*words, ()))));
    let [a, b, c] = noise::USER_FAULT_BYTES;
    memchr::memchr3_iter(a, b, c, text).any(|at| FAULTS.find(text.get(at..).unwrap_or_default()).is_some())
}

/// What a byte is of a word of memory.
#[derive(Clone, Copy)]
enum WordByte {
    Other,
    Separator,
    Digit,
    Letter,
}

static WORD_BYTES: LazyLock<[WordByte; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| match u8::try_from(byte) {
        Ok(b'0'..=b'9') => WordByte::Digit,
        Ok(b'a'..=b'f') => WordByte::Letter,
        Ok(b' ' | b':' | b'(' | b')' | b'[' | b']' | b'<' | b'>') => WordByte::Separator,
        _ => WordByte::Other,
    })
});

/// Whether a line holds raw words of memory or registers: 8 or 16 hexadecimal digits on their own.
fn holds_dump(text: &[u8]) -> bool {
    // How long the word is so far, and whether it has a digit; too long where it is no number.
    let words = &*WORD_BYTES;
    let (mut length, mut digit) = (0_usize, false);
    for byte in text {
        match words.get(usize::from(*byte)) {
            Some(WordByte::Separator) => {
                if digit && matches!(length, 8 | 16) {
                    return true;
                }
                (length, digit) = (0, false);
            }
            Some(WordByte::Digit) => (length, digit) = (length + 1, true),
            Some(WordByte::Letter) => length += 1,
            _ => length = LINE_BYTES,
        }
    }
    digit && matches!(length, 8 | 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_program_crashes_by_is_found() {
        for words in noise::USER_FAULTS {
            assert!(is_user_fault(format!("demo[7{words}11").as_bytes()), "{words}");
            assert!(!is_user_fault(&words.as_bytes()[..words.len() - 1]), "{words}");
        }
    }

    proptest! {
        #[test]
        fn raw_words_are_found(text in "([0-9a-f]{7,9}|[0-9a-f]{15,17}|[a-f]{8}|[ :()<>\\[\\]gx-])*") {
            let mut words = text.split([' ', ':', '(', ')', '[', ']', '<', '>']);
            let is_raw = |word: &str| {
                matches!(word.len(), 8 | 16)
                    && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                    && word.bytes().any(|b| b.is_ascii_digit())
            };
            prop_assert_eq!(holds_dump(text.as_bytes()), words.any(is_raw));
        }
    }
}
