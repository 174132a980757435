//! LAVA's job output, a mapping in YAML a line: `- {"dt": "2026-11-22T06:12:01.123456", "lvl": "target", "msg": "…"}`.
//!
//! A line by itself is read as it is (`line`); here its escapes are replaced.

use super::json::{self, Fault, Value};
use super::sink::Sink;
use super::unpack::{Fit, Unpack, lines, trim};
use crate::text;

/// What the board said; other levels are the dispatcher's own words.
const BOARD: &[&[u8]] = &[b"target", b"feedback"];

#[derive(Debug)]
pub(super) struct Lava;

impl Unpack for Lava {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| match read(trim(line)) {
            Some(Row { level, message: Some(message), .. }) if BOARD.contains(&level.as_slice()) => {
                let source = sink.source();
                sink.record(source, b"", &message);
            }
            _ => sink.write(sink.source(), line),
        })
    }
}

pub(super) fn fits(line: &[u8]) -> Fit {
    if read(line).is_some_and(|row| row.dated && !row.level.is_empty()) { Fit::Yes } else { Fit::No }
}

#[derive(Default)]
struct Row {
    dated: bool,
    level: Vec<u8>,
    message: Option<Vec<u8>>,
}

/// Reads a line, also one that is cut in its message.
fn read(line: &[u8]) -> Option<Row> {
    let mut rest = line.strip_prefix(b"- ").unwrap_or(line).strip_prefix(b"{")?;
    let mut row = Row::default();
    loop {
        let (name, after) = scalar(json::blanks(rest), b":")?;
        let (value, after) = scalar(json::blanks(after.strip_prefix(b":")?), b",}")?;
        match (name?.as_slice(), value) {
            (b"dt", Some(_)) => row.dated = true,
            (b"lvl", Some(level)) => row.level = level,
            (b"msg", message) => row.message = message,
            _ => {}
        }
        match json::blanks(after) {
            [b',', after @ ..] => rest = after,
            _ => return Some(row),
        }
    }
}

/// A scalar in one of YAML's forms, or a collection, which is skipped; and what is behind it.
fn scalar<'a>(b: &'a [u8], ends: &[u8]) -> Option<(Option<Vec<u8>>, &'a [u8])> {
    match b.first()? {
        b'"' => {
            let inside = b.get(1..)?;
            let (raw, rest) = json::string(inside).unwrap_or((inside, &[]));
            Some((Some(json::unescaped(raw)), rest))
        }
        b'\'' => Some(single(b.get(1..)?)),
        b'{' | b'[' => match json::value(b) {
            Ok((Value::Array(_) | Value::Object(_), rest)) => Some((None, rest)),
            Ok(_) | Err(Fault::Bad) => None,
            Err(Fault::More) => Some((None, &[])),
        },
        _ => {
            let (plain, rest) = text::take(b, |c| !ends.contains(&c));
            Some((Some(plain.to_vec()), rest))
        }
    }
}

/// A text in single quotes, behind the first: two stand for one.
fn single(b: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut out = Vec::new();
    let mut rest = b;
    loop {
        let Some((text, after)) = memchr::memchr(b'\'', rest).and_then(|at| rest.split_at_checked(at)) else {
            out.extend_from_slice(rest);
            return (Some(out), &[]);
        };
        out.extend_from_slice(text);
        match after {
            [b'\'', b'\'', after @ ..] => {
                out.push(b'\'');
                rest = after;
            }
            _ => return (Some(out), after.get(1..).unwrap_or_default()),
        }
    }
}
