//! Whether a report still goes on: what each line means for the one it may belong to.

use crate::text;

use super::shape::Shape;

/// Lines that are no part of a report, in a row: more end it.
const FOREIGN_LINES: u32 = 24;
/// The same after an end marker, where only registers and a panic may come.
const FOREIGN_LINES_AFTER_END: u32 = 3;

/// The same of a panic, which prints the state of the whole machine before its last words (`sys_info`, lib/sys_info.c).
const FOREIGN_LINES_OF_PANIC: u32 = 1024;
/// Foreign lines between a banner and one that continues it.
const FOREIGN_LINES_INSIDE: u32 = 8;

/// Longest message between `cut here` and the banner.
const MESSAGE_LINES: u32 = 8;

/// Whether a report still goes on, line by line since its last banner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// An end marker has been seen.
    pub(super) ended: bool,
    /// Lines in a row that are no part of the report.
    pub(super) foreign: u32,
    /// A stack has begun.
    pub(super) traced: bool,
    /// What a banner is followed by has begun: the modules, a header, a stack.
    pub(super) headed: bool,
    /// `cut here`, or the like, has been seen: what follows is the message of the next report.
    pub(super) cut: bool,
    /// Lines of that message.
    message: u32,
    /// The machine has stopped.
    panics: bool,
}

impl Course {
    /// Since a banner: a panic's?
    pub(super) fn since(panics: bool) -> Course {
        Course { panics, ..Course::default() }
    }

    /// Whether so few foreign lines have come that what a report asks for may follow.
    pub(super) fn is_close(&self) -> bool {
        self.panics || self.foreign <= FOREIGN_LINES_INSIDE
    }

    fn patience(&self) -> u32 {
        match (self.ended, self.panics) {
            (true, _) => FOREIGN_LINES_AFTER_END,
            (_, true) => FOREIGN_LINES_OF_PANIC,
            _ => FOREIGN_LINES,
        }
    }

    /// Takes the next line of the report's caller; `false` where the report is over.
    pub(super) fn take(&mut self, shape: Shape, body: &[u8]) -> bool {
        match shape {
            // After the end it opens the next report.
            Shape::Rule if self.ended => self.cut = true,
            Shape::Rule if self.traced => self.ended = true,
            Shape::Blank | Shape::Rule => {}
            Shape::Inside if !self.ended => self.foreign = 0,
            Shape::Tail => self.foreign = 0,
            Shape::End => (self.ended, self.foreign) = (true, 0),
            Shape::Cut => self.cut = true,
            Shape::Foreign if self.cut => self.message += 1,
            Shape::UserFault if self.traced || self.ended => return false,
            Shape::Boot => return false,
            Shape::Inside | Shape::Foreign | Shape::UserFault => self.foreign += 1,
        }
        let text = text::skip_blanks(body);
        // Up to Linux 3.9 the machine stands before a WARN's message.
        self.headed |= matches!(shape, Shape::Inside | Shape::Tail) && !text.starts_with(b"Hardware name:");
        self.traced |= text.starts_with(b"Call Trace:") || text.starts_with(b"Call trace:");
        // A message of many lines is none: no report has followed.
        self.foreign += u32::from(self.message > MESSAGE_LINES);
        self.foreign <= self.patience()
    }
}
