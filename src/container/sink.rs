//! Where decoded lines go, with the source's lines that they are from.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::line::Caller;

/// A record's decoded text: what is longer is cut. A message of nothing but line feeds gets a prefix on each.
const MAX_DECODED: usize = 4 << 20;

/// More are not kept: they are of more lines than a report may have.
const MAX_RUNS: usize = 1 << 19;

/// From which line of the source a decoded line is.
///
/// Numbers count from 1. A log that no container holds has the same numbers decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineMap {
    /// A decoded line and its source's line: those that follow it follow each other there as well.
    runs: VecDeque<(u64, u64)>,
}

impl LineMap {
    /// The line of the source that decoded line number `line` is from.
    pub fn source(&self, line: u64) -> u64 {
        let next = self.runs.partition_point(|(decoded, _)| *decoded <= line);
        match next.checked_sub(1).and_then(|run| self.runs.get(run)) {
            Some((decoded, source)) => source + (line - decoded),
            None => line,
        }
    }

    /// Forgets the lines before decoded line number `line`. Of an endless log the first ones are forgotten in any case.
    pub fn forget_before(&mut self, line: u64) {
        while self.runs.get(1).is_some_and(|(decoded, _)| *decoded <= line) {
            self.runs.pop_front();
        }
    }

    /// Number of places where the numbers part: what the map takes of memory.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    fn note(&mut self, decoded: u64, source: u64) {
        if self.runs.back().is_some_and(|(last, _)| *last == decoded) {
            self.runs.pop_back();
        }
        if self.source(decoded) != source {
            self.runs.push_back((decoded, source));
        }
        if self.runs.len() > MAX_RUNS {
            self.runs.pop_front();
        }
    }
}

/// Takes decoded text.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) bytes: Vec<u8>,
    /// Number of the source's line that is read.
    source: u64,
    /// Number of the decoded line that is written.
    line: u64,
    /// Whether the decoded line has a byte.
    within: bool,
    map: Option<Arc<Mutex<LineMap>>>,
}

impl Default for Sink {
    fn default() -> Sink {
        Sink { bytes: Vec::new(), source: 1, line: 1, within: false, map: None }
    }
}

impl Sink {
    pub(super) fn with_map() -> Sink {
        let mut sink = Sink::default();
        sink.map();
        sink
    }

    /// The map of the lines that are written from now on.
    pub(super) fn map(&mut self) -> Arc<Mutex<LineMap>> {
        Arc::clone(self.map.get_or_insert_default())
    }

    pub(super) fn take_map(&mut self) -> LineMap {
        let map = self.map.take().unwrap_or_default();
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut map)
    }

    /// The source's line that is read.
    pub(super) fn source(&self) -> u64 {
        self.source
    }

    /// Goes on behind `read` in the source.
    pub(super) fn advance(&mut self, read: &[u8]) {
        self.source += memchr::memchr_iter(b'\n', read).count() as u64;
    }

    /// Passes on a part of the source as it is.
    pub(super) fn raw(&mut self, part: &[u8]) {
        self.write(self.source, part);
        self.advance(part);
    }

    /// Writes text of which the first byte is from line `source`, and its lines from those that follow.
    pub(super) fn write(&mut self, source: u64, text: &[u8]) {
        let Some(last) = text.last() else { return };
        if !self.within {
            self.note(self.line, source);
        } else if memchr::memchr(b'\n', text).is_some_and(|feed| feed + 1 < text.len()) {
            self.note(self.line + 1, source + 1);
        }
        self.bytes.extend_from_slice(text);
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        self.within = *last != b'\n';
    }

    /// Writes the lines of a record, each behind `prefix`, all from line `source`. No line feed at its end.
    pub(super) fn text(&mut self, source: u64, prefix: &[u8], text: &[u8]) {
        self.end_line();
        let start = self.bytes.len();
        for (nth, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if self.bytes.len() - start > MAX_DECODED {
                break;
            }
            if nth > 0 {
                self.write(source, b"\n");
            }
            self.write(source, prefix);
            self.write(source, line);
        }
    }

    /// Writes a record whose text may end with a line feed.
    pub(super) fn record(&mut self, source: u64, prefix: &[u8], text: &[u8]) {
        self.text(source, prefix, text.strip_suffix(b"\n").unwrap_or(text));
        self.finish_line(source);
    }

    /// Ends a line even if it is empty.
    fn finish_line(&mut self, source: u64) {
        self.write(source, b"\n");
    }

    /// Ends the line that was begun.
    pub(super) fn end_line(&mut self) {
        if self.within {
            self.write(self.source, b"\n");
        }
    }

    fn note(&self, decoded: u64, source: u64) {
        if let Some(map) = &self.map {
            map.lock().unwrap_or_else(PoisonError::into_inner).note(decoded, source);
        }
    }
}

/// `<4>[   12.345678][  T123] ` (`info_print_prefix` in `kernel/printk/printk.c`), as far as it is known.
pub(super) fn prefix(priority: Option<u64>, time: Option<u64>, caller: Option<Caller>) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    if let Some(priority) = priority {
        // Three digits are all that is read as a priority.
        let priority = if priority < 1000 { priority } else { priority & 7 };
        push(&mut out, format_args!("<{priority}>"));
    }
    if let Some(time) = time {
        push(&mut out, format_args!("[{:5}.{:06}]", time / 1_000_000, time % 1_000_000));
    }
    match caller {
        Some(Caller::Task(id)) => push(&mut out, format_args!("[{:>6}]", format_args!("T{id}").to_string())),
        Some(Caller::Cpu(id)) => push(&mut out, format_args!("[{:>6}]", format_args!("C{id}").to_string())),
        None => {}
    }
    if time.is_some() || caller.is_some() {
        out.push(b' ');
    }
    out
}

/// Writing to memory does not fail.
pub(super) fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
