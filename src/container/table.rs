//! CSV from a store of logs: the names of its columns, and a record a row.
//!
//! ```text
//! "Time","Line"
//! "2024-05-14T08:11:12.000Z","[   12.345678] WARNING: … ""demo"""
//! ```

use super::json::Fault;
use super::sink::Sink;
use super::store::{Record, is_kernels, is_text};
use super::unpack::{MAX_RECORD, Unpack, next_line, trim};

/// What stands between columns.
const SEPARATORS: &[u8] = b",;\t";

/// Columns have short names.
const HEAD: usize = 1024;
const NAME: usize = 64;

/// The names of the columns.
#[derive(Debug)]
pub(super) struct Columns {
    separator: u8,
    names: Vec<Vec<u8>>,
}

impl Columns {
    /// Reads the first line of a log.
    fn of(line: &[u8]) -> Option<Columns> {
        let is_name = |name: &Vec<u8>| {
            let plain = name.iter().all(|&c| c.is_ascii_graphic() || c == b' ');
            plain && !name.is_empty() && name.len() <= NAME && name.trim_ascii().len() == name.len()
        };
        let columns = |&separator: &u8| {
            let names: Vec<Vec<u8>> =
                row(trim(line), separator, None, true).ok()?.0.into_iter().map(|cell| cell.text).collect();
            let all = names.len() > 1 && names.iter().all(is_name) && names.iter().any(|name| is_text(name));
            all.then_some(Columns { separator, names })
        };
        SEPARATORS.iter().find_map(columns)
    }

    /// The record that the row is which `b` begins with, and what is behind it. A row has as many cells as there are names.
    fn record<'b>(&self, b: &'b [u8], end: bool) -> Result<(Record, &'b [u8]), Fault> {
        // Some write a line with separators in it bare if nothing is behind it.
        let last = self.names.last().filter(|name| is_text(name)).map(|_| self.names.len());
        let (cells, rest) = row(b, self.separator, last, end)?;
        // A line of the console has separators as well.
        let console = cells.first().is_some_and(|cell| !cell.quoted && is_kernels(&cell.text));
        if cells.len() != self.names.len() || console {
            return Err(Fault::Bad);
        }
        let mut record = Record::default();
        for (name, cell) in self.names.iter().zip(&cells) {
            record.set(name, &cell.text);
        }
        Ok((record, rest))
    }

    /// Whether the row that `b` begins with is a line of the kernel's, and what is behind it.
    pub(super) fn fits<'b>(&self, b: &'b [u8], end: bool) -> Result<(bool, &'b [u8]), Fault> {
        let (record, rest) = self.record(b, end)?;
        Ok((record.is_kernels(), rest))
    }
}

/// The columns of a log that may be a table, and its rows.
pub(super) fn start(begin: &[u8]) -> Result<(Columns, &[u8]), Fault> {
    let head = begin.get(..HEAD).unwrap_or(begin);
    let Some(feed) = memchr::memchr(b'\n', head) else {
        return Err(if head.len() == HEAD { Fault::Bad } else { Fault::More });
    };
    let (first, rows) = begin.split_at_checked(feed + 1).ok_or(Fault::Bad)?;
    Ok((Columns::of(first).ok_or(Fault::Bad)?, rows))
}

#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Option<Columns>,
}

impl Unpack for Table {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let mut rest = input;
        while !rest.is_empty() {
            let within = rest.get(..MAX_RECORD).unwrap_or(rest);
            let full = within.len() == MAX_RECORD;
            let read = match &self.columns {
                Some(columns) => columns.record(within, end),
                None => Err(Fault::Bad),
            };
            let after = match read {
                Ok((record, after)) => {
                    record.write(sink.source(), sink);
                    rest.get(within.len() - after.len()..).unwrap_or_default()
                }
                Err(Fault::More) if !full => break,
                Err(_) => {
                    let Some((line, after)) = next_line(rest, end) else { break };
                    self.columns = self.columns.take().or_else(|| Columns::of(line));
                    sink.write(sink.source(), line);
                    after
                }
            };
            sink.advance(rest.get(..rest.len() - after.len()).unwrap_or_default());
            rest = after;
        }
        input.len() - rest.len()
    }
}

struct Cell {
    text: Vec<u8>,
    quoted: bool,
}

/// The cells of the row that `b` begins with, in quotes, two of which stand for one, or bare; and what is behind it. A cell
/// in quotes may have several lines; the `last` one goes to the end of the line if it is bare.
fn row(b: &[u8], separator: u8, last: Option<usize>, end: bool) -> Result<(Vec<Cell>, &[u8]), Fault> {
    let (mut cells, mut rest) = (Vec::new(), b);
    loop {
        let (cell, after) = match rest.strip_prefix(b"\"") {
            Some(inside) => quoted(inside, end)?,
            None => {
                let ends = |&c: &u8| c == b'\n' || (c == separator && last != Some(cells.len() + 1));
                let length = rest.iter().position(ends);
                let length = length.or(end.then_some(rest.len())).ok_or(Fault::More)?;
                let (text, after) = rest.split_at_checked(length).ok_or(Fault::Bad)?;
                let text = if after.starts_with(&[separator]) { text } else { trim(text) };
                (Cell { text: text.to_vec(), quoted: false }, after)
            }
        };
        cells.push(cell);
        rest = match after {
            [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => return Ok((cells, after)),
            [] | [b'\r'] if end => return Ok((cells, &[])),
            [] | [b'\r'] => return Err(Fault::More),
            [next, after @ ..] if *next == separator => after,
            _ => return Err(Fault::Bad),
        };
    }
}

/// What stands before the closing quote, and what is behind it.
fn quoted(inside: &[u8], end: bool) -> Result<(Cell, &[u8]), Fault> {
    let (mut text, mut rest) = (Vec::new(), inside);
    loop {
        let Some((part, after)) = memchr::memchr(b'"', rest).and_then(|at| rest.split_at_checked(at)) else {
            // What is cut in its first line is a cell.
            return match memchr::memchr(b'\n', inside) {
                _ if !end => Err(Fault::More),
                Some(feed) if feed + 1 < inside.len() => Err(Fault::Bad),
                _ => Ok((Cell { text: trim(inside).to_vec(), quoted: true }, &[])),
            };
        };
        text.extend_from_slice(part);
        match after {
            [b'"', b'"', after @ ..] => {
                text.push(b'"');
                rest = after;
            }
            // Another may follow.
            [_] if !end => return Err(Fault::More),
            _ => return Ok((Cell { text, quoted: true }, after.get(1..).unwrap_or_default())),
        }
    }
}
