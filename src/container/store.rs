//! What stores of logs export: a record a line, one of whose members or columns is a line of the kernel's.
//!
//! ```text
//! {"log":"[   12.345678] BUG: …\n","stream":"stderr","time":"2024-03-05T10:22:31.000000001Z"}
//! {"preview":false,"result":{"_raw":"Mar  5 10:22:31 host kernel: BUG: …"}}
//! "Time","Line"
//! "2024-05-14T08:11:12.000Z","[   12.345678] WARNING: … ""demo"""
//! ```
//!
//! Docker's json-file, Fluentd and Fluent Bit, Elasticsearch, Splunk, Graylog, CloudWatch, Google's logging, Loki.

use super::json::{self, Value};
use super::sink::Sink;
use super::unpack::{Fit, Unpack, lines, trim};
use crate::line::{Line, Origin};
use crate::text;

/// Names of the text, in small letters.
const NAMES: &[&str] = &[
    "message",
    "log",
    "msg",
    "line",
    "_raw",
    "textpayload",
    "short_message",
    "@message",
    "body",
    "content",
    "text",
];

/// Words of other members by which the text is the kernel's: its identifier, its transport, its file.
const KERNELS: &[&str] = &["kernel", "kmsg", "kern", "dmesg", "/dev/kmsg", "kern.log"];

/// Objects in JSON.
#[derive(Debug)]
pub(super) struct Objects;

impl Unpack for Objects {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| match read(trim(line)) {
            Some(Record { text: Some(text), .. }) => sink.record(sink.source(), b"", &text),
            _ => sink.write(sink.source(), line),
        })
    }
}

#[derive(Default)]
struct Record {
    text: Option<Vec<u8>>,
    kernels: bool,
}

fn read(line: &[u8]) -> Option<Record> {
    let mut record = Record::default();
    let rest = json::object(line, |name, value| record.member(name, value, true)).ok()?;
    (json::blanks(rest).is_empty() || rest.starts_with(b",")).then_some(record)
}

impl Record {
    fn member(&mut self, name: &[u8], value: Value<'_>, outer: bool) {
        match value {
            Value::Text(text) if is_text(name) => {
                self.text.get_or_insert_with(|| json::unescaped(text));
            }
            Value::Text(text) => self.kernels |= KERNELS.iter().any(|word| text == word.as_bytes()),
            // `_source` of Elasticsearch, `result` of Splunk
            Value::Object(object) if outer => {
                let _ = json::object(object, |name, value| self.member(name, value, false));
            }
            _ => {}
        }
    }

    fn is_kernels(&self) -> bool {
        self.text.as_ref().is_some_and(|text| self.kernels || is_kernels(text))
    }
}

fn is_text(name: &[u8]) -> bool {
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_kernels(text: &[u8]) -> bool {
    Line::parse(0, text.trim_ascii_end()).prefix.origin == Origin::Kernel
}

pub(super) fn fits(line: &[u8]) -> Fit {
    match read(line) {
        Some(record) if record.is_kernels() => Fit::Yes,
        Some(_) => Fit::Maybe,
        None => Fit::No,
    }
}

/// Rows of a table, the names of its columns first.
#[derive(Debug, Default)]
pub(super) struct Table {
    column: Option<usize>,
    begun: bool,
}

impl Unpack for Table {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            if !std::mem::replace(&mut self.begun, true) {
                self.column = column(trim(line));
                return sink.write(sink.source(), line);
            }
            match self.column.and_then(|column| cell(trim(line), column)) {
                Some(text) => sink.record(sink.source(), b"", &text),
                None => sink.write(sink.source(), line),
            }
        })
    }
}

/// Whether a log is a table: the names of its columns, and a row with a line of the kernel's.
pub(super) fn is_table(begin: &[u8]) -> Option<bool> {
    /// Columns have short names.
    const LONGEST: usize = 512;
    let head = begin.get(..LONGEST).unwrap_or(begin);
    let Some(feed) = memchr::memchr(b'\n', head) else {
        return (head.len() == LONGEST).then_some(false);
    };
    let (first, rest) = begin.split_at_checked(feed + 1).unwrap_or_default();
    let Some(column) = column(trim(first)) else { return Some(false) };
    let feed = memchr::memchr(b'\n', rest)?;
    Some(cell(trim(rest.get(..feed)?), column).is_some_and(|text| is_kernels(&text)))
}

/// The column that holds the text.
fn column(line: &[u8]) -> Option<usize> {
    let names: Vec<Vec<u8>> = cells(line).collect();
    let is_name = |name: &Vec<u8>| {
        !name.is_empty() && name.iter().all(|&c| text::is_word_byte(c) || b"@.- ".contains(&c))
    };
    let all = names.len() > 1 && names.iter().all(is_name);
    names.iter().position(|name| is_text(name)).filter(|_| all)
}

fn cell(line: &[u8], column: usize) -> Option<Vec<u8>> {
    cells(line).nth(column)
}

/// The cells of a row: in quotes, two of which stand for one, or bare.
fn cells(line: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let row = rest?;
        let Some(mut inside) = row.strip_prefix(b"\"") else {
            let (cell, after) = text::take(row, |c| c != b',');
            rest = after.strip_prefix(b",");
            return Some(cell.to_vec());
        };
        let mut cell = Vec::new();
        while let Some((text, after)) =
            memchr::memchr(b'"', inside).and_then(|at| inside.split_at_checked(at))
        {
            cell.extend_from_slice(text);
            match after {
                [b'"', b'"', after @ ..] => {
                    cell.push(b'"');
                    inside = after;
                }
                _ => {
                    rest = after.strip_prefix(b"\",");
                    return Some(cell);
                }
            }
        }
        cell.extend_from_slice(inside);
        rest = None;
        Some(cell)
    })
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn the_text_is_as_the_kernel_printed_it() {
        let plain = "[   12.345678] Call Trace:\n[   12.345679]  a \"b\"\n";
        for export in [
            "{\"log\":\"[   12.345678] Call Trace:\\n\",\"stream\":\"stderr\",\"time\":\"x\"}\n\
             {\"log\":\"[   12.345679]  a \\\"b\\\"\\n\",\"stream\":\"stderr\",\"time\":\"x\"}\n",
            "{\"preview\":false,\"result\":{\"_raw\":\"[   12.345678] Call Trace:\"}}\n\
             {\"preview\":false,\"result\":{\"_raw\":\"[   12.345679]  a \\\"b\\\"\"}}\n",
            "{\"ident\":\"kernel\",\"message\":\"[   12.345678] Call Trace:\"}\n\
             {\"ident\":\"kernel\",\"message\":\"[   12.345679]  a \\\"b\\\"\"}\n",
        ] {
            assert_eq!(String::from_utf8_lossy(&decode(export.as_bytes())), plain);
        }
        let table = "time,line\nx,[   12.345678] Call Trace:\n\"x,y\",\"[   12.345679]  a \"\"b\"\"\"\n";
        assert_eq!(String::from_utf8_lossy(&decode(table.as_bytes())), format!("time,line\n{plain}"));
    }

    #[test]
    fn what_programs_log_stays_as_it_is() {
        for log in [
            "{\"level\":\"info\",\"msg\":\"a kernel panic\"}\n{\"level\":\"info\",\"msg\":\"b\"}\n",
            "time,line\n1,two\n",
            "line\n[   12.345678] Call Trace:\n",
            "a kernel, and text\n[   12.345678] x, y\n",
        ] {
            assert_eq!(decode(log.as_bytes()), log.as_bytes());
        }
    }
}
