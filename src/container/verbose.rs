//! `journalctl -o verbose`: an entry's date and cursor, and its fields, each behind four blanks; the further lines of a
//! value stand under its first (`output_verbose` and `print_multiline` in systemd's `logs-show.c`).
//!
//! ```text
//! Mon 2026-11-22 06:12:01.123456 CET [s=5b0c;i=1;b=9a1d;m=7ef;t=6277a421db340;x=77aa]
//!     _TRANSPORT=kernel
//!     MESSAGE=rust_kernel: panicked at drivers/demo.rs:25:9:
//!             called `Option::unwrap()` on a `None` value
//! ```

use super::journal::{Entry, Field, is_name};
use super::sink::Sink;
use super::unpack::{Fit, Unpack, lines, trim};
use crate::text;

/// What stands before a field.
const INDENT: &[u8] = b"    ";

#[derive(Debug, Default)]
pub(super) struct Verbose {
    entry: Entry,
    /// The source's line of the message.
    line: u64,
    /// How far to the right the message begins, while it is read.
    message: Option<usize>,
}

impl Unpack for Verbose {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let taken = lines(input, end, sink, |line, sink| self.line(line, sink));
        if end {
            self.pause(sink);
        }
        taken
    }

    fn pause(&mut self, sink: &mut Sink) {
        self.flush(sink);
    }
}

impl Verbose {
    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        let bare = trim(line);
        if let Some(cursor) = cursor(bare) {
            self.flush(sink);
            return self.times(cursor);
        }
        let under = self.message.and_then(|width| bare.split_at_checked(width));
        if let Some((name, value)) = field(bare) {
            let field = Field::named(name);
            self.message = (field == Some(Field::Message)).then_some(INDENT.len() + name.len() + 1);
            if self.message.is_some() {
                self.line = sink.source();
            }
            if let Some(field) = field {
                self.entry.set(field, value);
            }
        } else if let Some((_, rest)) = under.filter(|(blanks, _)| blanks.iter().all(|&c| c == b' ')) {
            self.entry.append(b"\n");
            self.entry.append(rest);
        } else if !bare.starts_with(INDENT) {
            self.flush(sink);
            sink.write(sink.source(), line);
        }
    }

    /// What a cursor says of the entry: the clocks, in hexadecimal.
    fn times(&mut self, cursor: &[u8]) {
        for part in cursor.split(|&c| c == b';') {
            let field = match part {
                [b'm', b'=', ..] => Field::Monotonic,
                [b't', b'=', ..] => Field::Realtime,
                _ => continue,
            };
            if let Some(time) = part.get(2..).and_then(|digits| text::number(digits, 16)) {
                self.entry.set(field, time.to_string().as_bytes());
            }
        }
    }

    fn flush(&mut self, sink: &mut Sink) {
        self.message = None;
        std::mem::take(&mut self.entry).write(self.line, sink);
    }
}

pub(super) fn fits(line: &[u8]) -> Fit {
    if cursor(line).is_some() {
        Fit::Yes
    } else if line.starts_with(INDENT) || line.starts_with(b"-- ") {
        Fit::Maybe
    } else {
        Fit::No
    }
}

/// The cursor of an entry's first line.
fn cursor(line: &[u8]) -> Option<&[u8]> {
    let cursor = text::after(line, " [s=")?.strip_suffix(b"]")?;
    let dated = line.first().is_some_and(u8::is_ascii_alphabetic);
    (dated && text::contains(cursor, ";i=")).then_some(cursor)
}

/// A field's name and value.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let field = line.strip_prefix(INDENT)?;
    let (name, value) = field.split_at_checked(memchr::memchr(b'=', field)?)?;
    is_name(name).then_some((name, value.get(1..)?))
}
