//! The reports of a range of a file: what has no needle is read once, into a buffer that stays in a core's cache.

use std::io;
use std::ops::Range;

use crate::extract::{BOOT_LINE_BYTES, Boots, CONTEXT_BYTES};
use crate::formats::noise;
use crate::reader::{READ_BYTES, whole_lines};
use crate::report::{Report, Reports};
use crate::scan::{self, LINE_BYTES};
use crate::text::{self, Lines, Log};

use super::ReadAt;
use super::counts::{Count, Number};

/// No needle is longer: one that two pieces share is found in the second.
const NEEDLE_BYTES: usize = 256;
/// Behind a range, where its last line ends is looked for in pieces of that size.
const REST_BYTES: usize = 4 << 10;

/// Memory that a thread uses again for each range.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    piece: Vec<u8>,
    window: Vec<u8>,
}

/// A file as far as it can be read.
pub(super) struct Readable<'f> {
    pub(super) file: &'f dyn ReadAt,
    /// Its size; less where it could not be read further.
    pub(super) size: usize,
    pub(super) error: Option<io::Error>,
}

impl Readable<'_> {
    /// Fills the buffer from an offset on; gives less at the end.
    fn fill(&mut self, buffer: &mut [u8], offset: usize) -> usize {
        let length = buffer.len().min(self.size.saturating_sub(offset));
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..length).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, (offset + filled) as u64) {
                Ok(0) => {
                    let shrunk = "the file is shorter than when it was opened";
                    self.error = Some(io::Error::new(io::ErrorKind::UnexpectedEof, shrunk));
                }
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.error = Some(error),
            }
            if self.error.is_some() {
                self.size = offset + filled;
                break;
            }
        }
        filled
    }

    /// The first piece of a range that must be looked at more closely, and what is before it; or what the range has.
    fn search(
        &mut self,
        range: &Range<usize>,
        number: Option<&Number>,
        piece: &mut Vec<u8>,
    ) -> (Option<usize>, u64, Boots) {
        let mut boots = Boots::default();
        piece.resize(NEEDLE_BYTES + READ_BYTES, 0);
        let (mut at, mut carried, mut lines) = (range.start, 0, 0);
        let mut ends = true;
        while at < range.end {
            let length = READ_BYTES.min(range.end - at);
            let filled = self.fill(piece.get_mut(carried..carried + length).unwrap_or_default(), at);
            let text = piece.get(..carried + filled).unwrap_or_default();
            let counts_boots = number.is_some_and(|number| number.boots);
            if scan::has_needle(text) || counts_boots && !boots.search_piece(text, at - carried, carried) {
                return (Some(at), lines, boots);
            }
            if number.is_some() {
                lines += memchr::memchr_iter(b'\n', text.get(carried..).unwrap_or_default()).count() as u64;
            }
            ends = text.last() == Some(&b'\n');
            let kept = text.len().min(NEEDLE_BYTES);
            piece.copy_within(carried + filled - kept..carried + filled, 0);
            (carried, at) = (kept, at + length);
        }
        // The last line may go on behind the range.
        while !ends && at < self.size.min(range.end + LINE_BYTES) {
            let filled = self.fill(piece.get_mut(carried..carried + REST_BYTES).unwrap_or_default(), at);
            let text = piece.get(..carried + filled).unwrap_or_default();
            let newline = memchr::memchr(b'\n', text.get(carried..).unwrap_or_default());
            let text = text.get(..carried + newline.unwrap_or(filled)).unwrap_or_default();
            if scan::has_needle(text) || text::contains(text, noise::LINUX_VERSION) {
                return (Some(range.end), lines, boots);
            }
            ends = newline.is_some();
            let kept = (carried + filled).min(NEEDLE_BYTES);
            piece.copy_within(carried + filled - kept..carried + filled, 0);
            (carried, at) = (kept, at + REST_BYTES);
        }
        (None, lines, boots)
    }

    /// Hands on the reports whose banners are in the range, until that says `false`.
    pub(super) fn reports(
        &mut self,
        range: Range<usize>,
        number: Option<&Number>,
        scratch: &mut Scratch,
        report: &mut dyn FnMut(&Report<'_>) -> bool,
    ) {
        let Scratch { piece, window } = scratch;
        let (hit, counted, mut boots) = self.search(&range, number, piece);
        let Some(hit) = hit else {
            let count = Count { lines: counted, boots: boots.found() };
            number.into_iter().for_each(|number| number.publish(count));
            return;
        };
        // The line with the needle begins that far before it, or is too long to be the kernel's.
        let mut from = hit.saturating_sub(LINE_BYTES + NEEDLE_BYTES).max(range.start);
        let start = from.saturating_sub(CONTEXT_BYTES + 1);
        let (mut filled, mut wanted) = (0, range.end + BOOT_LINE_BYTES);
        let mut lines = Lines::before(hit, counted);
        boots.forget_from(from);
        let mut uncounted = number.filter(|number| number.boots);
        loop {
            if window.len() < wanted - start {
                window.resize(wanted - start, 0);
            }
            filled += self.fill(window.get_mut(filled..wanted - start).unwrap_or_default(), start + filled);
            let log = Log::part(window.get(..filled).unwrap_or_default(), start);
            if let Some(number) = number {
                if uncounted.take().is_some() {
                    boots.search(log, from..range.end, true);
                }
                number.publish(Count { lines: lines.number(log, range.end) - 1, boots: boots.found() });
            }
            let (limit, closed) = whole_lines(log, log.end() >= self.size);
            let log = Log::part(window.get(..limit - start).unwrap_or_default(), start).ending(closed);
            let mut open = limit < range.end && !closed;
            let mut reports = Reports::of(log, from..range.end.min(limit));
            for found in reports.by_ref() {
                let banner = found.span().start;
                if found.is_open() && !closed {
                    (from, open) = (banner, true);
                    break;
                }
                let found = match number {
                    Some(number) => {
                        let before = number.before();
                        let line = before.lines + lines.number(log, banner);
                        let boot = number.boots.then(|| before.boots + boots.before(banner));
                        found.numbered(line, boot)
                    }
                    None => found,
                };
                if !report(&found) {
                    return;
                }
                from = banner + 1;
            }
            if let Some(banner) = reports.unsettled().filter(|_| !closed && !open) {
                (from, open) = (banner, true);
            }
            if !open {
                return;
            }
            wanted = start + filled + READ_BYTES.max((start + filled - from) / 2);
        }
    }
}
