//! `dmesg --json`: `{"dmesg": [{"pri": 4, "time": 12.345678, "msg": "…"}, …`, also without an end (`--follow`).

use super::json::{self, Fault, Value};
use super::sink::{Sink, prefix};
use super::unpack::{MAX_RECORD, Unpack, next_line};
use crate::line::{Caller, Line};
use crate::text;

/// What is behind `{"dmesg": [`.
pub(super) fn head(b: &[u8]) -> Result<&[u8], Fault> {
    let (name, rest) = json::string(json::expect(json::expect(b, b'{')?, b'"')?)?;
    if name != b"dmesg" {
        return Err(Fault::Bad);
    }
    json::expect(json::expect(rest, b':')?, b'[')
}

#[derive(Debug)]
pub(super) struct Dmesg;

impl Unpack for Dmesg {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        records(input, end, sink, |b, end, sink| {
            if let Ok(rest) = head(b) {
                return Ok(rest);
            }
            let mut record = Record::default();
            let rest = json::object(b, |name, value| record.member(name, value));
            if rest.is_ok() || (end && rest == Err(Fault::More)) {
                record.write(sink);
            }
            rest
        })
    }
}

/// Reads a stream of objects with anything of JSON between them. `object` reads one; it is told when no more of it
/// will come, and then writes what there is. A line that is none is passed on.
///
/// An object that is cut ends where another begins a line, or what a console prints.
pub(super) fn records(
    input: &[u8],
    end: bool,
    sink: &mut Sink,
    mut object: impl for<'b> FnMut(&'b [u8], bool, &mut Sink) -> Result<&'b [u8], Fault>,
) -> usize {
    let (mut rest, mut edge) = (input, 0);
    loop {
        let after = between(rest);
        sink.advance(taken(rest, after));
        rest = after;
        if rest.is_empty() {
            break;
        }
        let at = input.len() - rest.len();
        if edge <= at {
            edge = next_start(rest).map_or(input.len(), |start| at + start);
        }
        let size = (edge - at).min(MAX_RECORD);
        let within = rest.get(..size).unwrap_or(rest);
        let full = size == MAX_RECORD || edge < input.len();
        let read = if within.starts_with(b"{") { object(within, end || full, sink) } else { Err(Fault::Bad) };
        let after = match read {
            Ok(after) => rest.get(within.len() - after.len()..).unwrap_or_default(),
            Err(Fault::More) if full || end => rest.get(within.len()..).unwrap_or_default(),
            Err(Fault::More) => break,
            Err(Fault::Bad) => match next_line(rest, end) {
                Some((line, after)) => {
                    sink.write(sink.source(), line);
                    after
                }
                None => break,
            },
        };
        sink.advance(taken(rest, after));
        rest = after;
    }
    input.len() - rest.len()
}

/// The first line behind the one that `b` begins with that begins as an object or as `[   12.345678]` does.
fn next_start(b: &[u8]) -> Option<usize> {
    let mut starts = memchr::memchr_iter(b'\n', b).map(|feed| feed + 1);
    starts.find(|start| matches!(b.get(*start), Some(b'{' | b'[')))
}

fn taken<'a>(all: &'a [u8], rest: &[u8]) -> &'a [u8] {
    all.get(..all.len() - rest.len()).unwrap_or_default()
}

/// What stands between objects: blanks, commas, the ends of arrays, and what `json-seq` and `json-sse` put there.
pub(super) fn between(b: &[u8]) -> &[u8] {
    let mut rest = b;
    loop {
        rest = match rest {
            [b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' | 0x1e, after @ ..] => after,
            [b'd', b'a', b't', b'a', b':', b' ', after @ ..] => after,
            _ => return rest,
        };
    }
}

/// A record of the kernel's log.
#[derive(Default)]
struct Record {
    level: Option<u64>,
    time: Option<u64>,
    /// The time in other words: `dmesg -J -T`.
    clock: Vec<u8>,
    caller: Option<Caller>,
    text: Option<Vec<u8>>,
}

impl Record {
    fn member(&mut self, name: &[u8], value: Value<'_>) {
        match (name, value) {
            (b"pri", Value::Word(number)) => self.level = text::number(number, 10),
            (b"pri", Value::Text(name)) => {
                // As `dmesg -x` without `-J` has it.
                let line = format!("kern  :{:<6}: ", text::lossy(name)).into_bytes();
                self.level = Line::parse(0, &line).prefix.level.map(u64::from);
            }
            (b"time", Value::Word(seconds) | Value::Text(seconds)) => {
                // The stamp is the console's without its brackets.
                let stamp = [b"[", seconds, b"] "].concat();
                self.time = Line::parse(0, &stamp).prefix.time;
                if self.time.is_none() && seconds.len() < 64 {
                    self.clock = stamp;
                }
            }
            (b"caller", Value::Text(caller)) => {
                self.caller = Line::parse(0, &[b"[", caller, b"] "].concat()).prefix.caller;
            }
            (b"msg", value) => self.text = json::bytes(value),
            _ => {}
        }
    }

    fn write(self, sink: &mut Sink) {
        let Some(text) = self.text else { return };
        let mut start = prefix(self.level, self.time, None);
        start.extend_from_slice(&self.clock);
        if let Some(caller) = self.caller {
            // Without a blank between the stamp and the caller, as the console has it.
            if self.clock.is_empty() && start.ends_with(b" ") {
                start.pop();
            }
            start.extend(prefix(None, None, Some(caller)));
        }
        sink.record(sink.source(), &start, &text);
    }
}
