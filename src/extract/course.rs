//! Whether a report still goes on: what each line means for the one it may belong to.

use std::sync::LazyLock;

use crate::facts::registers;
use crate::formats::noise;
use crate::text::{self, Starts};

/// Lines that are no part of a report, in a row: more end it.
const FOREIGN_LINES: u32 = 24;
/// The same after an end marker, where only registers and a panic may come.
const FOREIGN_LINES_AFTER_END: u32 = 3;

/// Longest message between `cut here` and the banner.
const MESSAGE_LINES: u32 = 8;

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
    Foreign,
}

/// Whether a report still goes on, line by line since its last banner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// An end marker has been seen.
    pub(super) ended: bool,
    /// Lines in a row that are no part of the report.
    pub(super) foreign: u32,
    /// A stack has begun.
    pub(super) traced: bool,
    /// `cut here`, or the like, has been seen: what follows is the message of the next report.
    pub(super) cut: bool,
    /// Lines of that message.
    message: u32,
}

impl Course {
    /// Takes the next line of the report's caller; `false` where the report is over.
    pub(super) fn take(&mut self, body: &[u8]) -> bool {
        match shape(body) {
            // After the end it opens the next report.
            Shape::Rule if self.ended => self.cut = true,
            Shape::Rule if self.traced => self.ended = true,
            Shape::Blank | Shape::Rule => {}
            Shape::Inside if !self.ended => self.foreign = 0,
            Shape::Tail => self.foreign = 0,
            Shape::End => (self.ended, self.foreign) = (true, 0),
            Shape::Cut => self.cut = true,
            Shape::Foreign if self.cut => self.message += 1,
            Shape::Inside | Shape::Foreign => self.foreign += 1,
        }
        self.traced |= text::skip_blanks(body).starts_with(b"Call Trace:");
        // A message of many lines is none: no report has followed.
        self.foreign += u32::from(self.message > MESSAGE_LINES);
        self.foreign <= if self.ended { FOREIGN_LINES_AFTER_END } else { FOREIGN_LINES }
    }
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
    } else if text.starts_with(noise::CUT_HERE.as_bytes()) {
        Shape::Cut
    } else if is_page_count(text) {
        Shape::Inside
    } else if TAIL.find(text).is_some() || registers::is_register_line(body) {
        Shape::Tail
    } else if INSIDE.find(text).is_some() || is_frame(text) || text.ends_with(b"[inline]") || holds_dump(text)
    {
        Shape::Inside
    } else {
        Shape::Foreign
    }
}

/// `0 pages HighMem/MovableOnly`, `4823 pages reserved`: the end of `show_mem`.
fn is_page_count(text: &[u8]) -> bool {
    let (digits, rest) = text::take(text, |b| b.is_ascii_digit());
    !digits.is_empty() && (rest.starts_with(b" pages ") || rest.starts_with(b" total pagecache pages"))
}

/// Whether a line holds a function and an offset into it.
fn is_frame(text: &[u8]) -> bool {
    text::contains(text, "+0x")
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
