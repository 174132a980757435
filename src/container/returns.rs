//! A log whose lines end with carriage returns alone, as some terminal programs capture a console.

use super::sink::Sink;
use super::unpack::Unpack;

/// Without a line feed in so many bytes a log has none.
const HEAD: usize = 4 << 10;
/// So many lines it must have there.
const LINES: usize = 3;

#[derive(Debug)]
pub(super) struct Returns;

impl Unpack for Returns {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        // What follows the last one is not known yet.
        let whole = if end { input } else { input.strip_suffix(b"\r").unwrap_or(input) };
        let mut text = whole.to_vec();
        for at in memchr::memchr_iter(b'\r', whole) {
            if !matches!(whole.get(at + 1), Some(b'\n' | b'\r')) {
                text.get_mut(at).into_iter().for_each(|byte| *byte = b'\n');
            }
        }
        sink.raw(&text);
        whole.len()
    }
}

/// Whether a log has such lines; `None` where more must be seen.
pub(super) fn is_such(head: &[u8], end: bool) -> Option<bool> {
    let head = head.get(..HEAD).unwrap_or(head);
    if memchr::memchr(b'\n', head).is_some() {
        return Some(false);
    }
    if head.len() < HEAD && !end {
        return None;
    }
    Some(memchr::memchr_iter(b'\r', head).count() >= LINES)
}
