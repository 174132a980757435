//! Whether a report still goes on: what each line means for the one it may belong to.

use crate::facts::registers;
use crate::formats::noise;
use crate::text;

/// Lines that are no part of a report, in a row: more end it.
const FOREIGN_LINES: u32 = 24;
/// The same after an end marker, where only registers and a panic may come.
const FOREIGN_LINES_AFTER_END: u32 = 3;

/// What a line means for the report it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Blank,
    /// A part of any report: frames, headers, lock lists.
    Inside,
    /// A part that also comes after the end marker: registers, the panic's last words.
    Tail,
    /// `---[ end trace 0000000000000000 ]---`
    End,
    Foreign,
}

/// Whether a report still goes on, line by line since its last banner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// An end marker has been seen.
    pub(super) ended: bool,
    /// Lines in a row that are no part of the report.
    pub(super) foreign: u32,
}

impl Course {
    /// Takes the next line of the report's caller; `false` where the report is over.
    pub(super) fn take(&mut self, body: &[u8]) -> bool {
        match shape(body) {
            Shape::Blank => {}
            Shape::Inside if !self.ended => self.foreign = 0,
            Shape::Tail => self.foreign = 0,
            Shape::End => (self.ended, self.foreign) = (true, 0),
            Shape::Inside | Shape::Foreign => self.foreign += 1,
        }
        self.foreign <= if self.ended { FOREIGN_LINES_AFTER_END } else { FOREIGN_LINES }
    }
}

pub(super) fn shape(body: &[u8]) -> Shape {
    let text = text::skip_blanks(body);
    if text.is_empty() || text.iter().all(|&b| matches!(b, b'=' | b'-')) {
        Shape::Blank
    } else if text.starts_with(b"---[ end trace") {
        Shape::End
    } else if registers::is_register_line(body) || starts_with_any(text, noise::TAIL) {
        Shape::Tail
    } else if text::contains(body, "+0x")
        || text.ends_with(b"[inline]")
        || holds_dump(text)
        || starts_with_any(text, noise::INSIDE)
    {
        Shape::Inside
    } else {
        Shape::Foreign
    }
}

/// Whether a line holds raw words of memory or registers: 8 or 16 hexadecimal digits on their own.
fn holds_dump(text: &[u8]) -> bool {
    text.split(|b| matches!(b, b' ' | b':' | b'(' | b')' | b'[' | b']' | b'<' | b'>')).any(|word| {
        matches!(word.len(), 8 | 16)
            && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            && word.iter().any(u8::is_ascii_digit)
    })
}

fn starts_with_any(text: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start.as_bytes()))
}
