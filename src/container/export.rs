//! The journal's export format (`journalctl -o export`): `FIELD=value` a line, or the name alone, the value's length
//! as 64 bits, and the value with anything in it; an empty line ends an entry.

use super::journal::{Entry, Field, is_name};
use super::sink::Sink;
use super::unpack::{MAX_RECORD, Unpack, next_line, trim};

#[derive(Debug, Default)]
pub(super) struct Export {
    entry: Entry,
    /// The source's line of the message.
    line: u64,
    within: Within,
}

/// Where in an entry the input is.
#[derive(Debug, Default)]
enum Within {
    #[default]
    Fields,
    /// A binary value, of which so many bytes are to come.
    Binary { message: bool, left: u64 },
    /// Behind a binary value, where a line feed must be.
    Feed,
    /// A line that was too long: what is left of it.
    Rest,
}

impl Unpack for Export {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let mut rest = input;
        while let Some(taken) = self.step(rest, end, sink) {
            let (part, after) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            sink.advance(part);
            rest = after;
        }
        if end {
            self.flush(sink);
        }
        input.len() - rest.len()
    }
}

impl Export {
    /// Takes one line or part of a value; `None` if there is none.
    fn step(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        match &mut self.within {
            Within::Fields => self.field(input, end, sink),
            Within::Binary { message, left } => {
                let size = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                if *message {
                    self.entry.append(input.get(..size).unwrap_or_default());
                }
                *left -= size as u64;
                if *left == 0 {
                    self.within = Within::Feed;
                }
                Some(size)
            }
            Within::Feed => {
                self.within = Within::Fields;
                Some(usize::from(input.starts_with(b"\n")))
            }
            Within::Rest => {
                let feed = memchr::memchr(b'\n', input);
                if feed.is_some() {
                    self.within = Within::Fields;
                }
                Some(feed.map_or(input.len(), |feed| feed + 1))
            }
        }
    }

    fn field(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> Option<usize> {
        let (line, after) = next_line(input, end)?;
        let bare = trim(line);
        if bare.is_empty() {
            self.flush(sink);
            return Some(line.len());
        }
        let (name, value) = match memchr::memchr(b'=', bare).and_then(|at| bare.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..)),
            None => (bare, None),
        };
        if !is_name(name) {
            self.flush(sink);
            sink.write(sink.source(), line);
            return Some(line.len());
        }
        let field = Field::named(name);
        if field == Some(Field::Message) {
            self.line = sink.source();
        }
        if let Some(value) = value {
            if let Some(field) = field {
                self.entry.set(field, value);
            }
            if line.len() == MAX_RECORD && !line.ends_with(b"\n") {
                self.within = Within::Rest;
            }
            return Some(line.len());
        }
        let Some(size) = after.first_chunk::<8>() else {
            return end.then_some(input.len());
        };
        // Only the message is text that can have any bytes.
        let left = u64::from_le_bytes(*size);
        self.within = Within::Binary { message: field == Some(Field::Message), left };
        if left == 0 {
            self.within = Within::Feed;
        }
        Some(line.len() + size.len())
    }

    fn flush(&mut self, sink: &mut Sink) {
        std::mem::take(&mut self.entry).write(self.line, sink);
    }
}
