//! What the decoders of all containers have in common: records, lines, and what a line tells.

use super::sink::Sink;

/// What a log is, is decided from so many bytes.
pub(super) const HEAD: usize = 64 << 10;

/// Longest record: what is longer is passed on cut.
pub(super) const MAX_RECORD: usize = 1 << 20;

/// The decoder of one kind of container.
pub(super) trait Unpack: std::fmt::Debug + Send + Sync {
    /// Decodes what is whole in `input`, all of it at the `end` of the log. Returns how many bytes that was; the rest
    /// is shown again with more behind it.
    ///
    /// What is decoded does not depend on how the input is cut, and [`MAX_RECORD`] bytes are never whole too little.
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize;

    /// Hands on what waits for more records, since none comes for a while.
    fn pause(&mut self, _sink: &mut Sink) {}
}

/// Hands on the whole lines of `input`, each with its line feed if it has one; a longer one than [`MAX_RECORD`] in
/// pieces of that size. Returns how many bytes that was.
pub(super) fn lines(
    input: &[u8],
    end: bool,
    sink: &mut Sink,
    mut each: impl FnMut(&[u8], &mut Sink),
) -> usize {
    let mut rest = input;
    while let Some((line, after)) = next_line(rest, end) {
        each(line, sink);
        sink.advance(line);
        rest = after;
    }
    input.len() - rest.len()
}

/// The first line of `input` with its line feed, and what is behind it; `None` if it is not whole yet.
pub(super) fn next_line(input: &[u8], end: bool) -> Option<(&[u8], &[u8])> {
    let within = input.get(..MAX_RECORD).unwrap_or(input);
    match memchr::memchr(b'\n', within) {
        Some(at) => input.split_at_checked(at + 1),
        None if within.len() == MAX_RECORD => input.split_at_checked(MAX_RECORD),
        None if end && !input.is_empty() => Some((input, &[])),
        None => None,
    }
}

/// A line without its line feed and carriage returns.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let [head @ .., b'\r'] = line {
        line = head;
    }
    line
}

/// How a line speaks for a kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Only this container has such lines.
    Yes,
    /// It may stand in the container.
    Maybe,
    No,
}
