//! Numbers, bytes and text as JSON has them.

use serde::{Serialize, Serializer};

use crate::facts::frame::Calls;
use crate::text;

/// Who tells the calls at a frame, if anybody.
pub(super) type Sources<'a> = Option<&'a dyn Calls>;

/// `0x` and the digits of a number.
pub(super) struct Hex(pub(super) u64);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A report has hundreds of them: the formatting machinery took a third of the time of writing it.
        let digits = 16 - (self.0 | 1).leading_zeros() / 4;
        let mut text = *b"0x0000000000000000";
        for (byte, place) in text.iter_mut().skip(2).zip((0..digits).rev()) {
            *byte = digit((self.0 >> (4 * place)) as u8 & 15);
        }
        let text = text.get(..2 + digits as usize).and_then(|text| std::str::from_utf8(text).ok());
        serializer.serialize_str(text.unwrap_or_default())
    }
}

/// Bytes as pairs of hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let mut text = Vec::with_capacity(2 * bytes.len());
    digits.for_each(|digit| text.push(digit));
    String::from_utf8(text).unwrap_or_default()
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// Words of the log with a blank between any two: the kernel fills up some fields with blanks.
pub(super) struct Words<'a>(pub(super) &'a [u8]);

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = text::lossy(self.0);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        serializer.serialize_str(&words.join(" "))
    }
}

/// Bytes of the log as text.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text::lossy(self.0))
    }
}
