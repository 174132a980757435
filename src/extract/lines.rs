//! The lines of a log round an offset.

use std::collections::HashMap;

use crate::formats::noise;
use crate::line::Line;
use crate::scan::LINE_BYTES;
use crate::text::Log;

use super::limits::{LOOK_BACK_BYTES, REREAD_LINES};

/// The line from `start` to the line feed at `end`.
pub(super) fn line_at(log: Log<'_>, start: usize, end: usize) -> Line<'_> {
    let end = end.min(start.saturating_add(LINE_BYTES));
    Line::parse(start, log.get(start..end))
}

/// Lines that were read last: what one report looks at behind its end the next one mostly does as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownLines<'a>(HashMap<usize, Line<'a>>);

impl<'a> KnownLines<'a> {
    /// [`line_at`].
    pub(super) fn line_at(&mut self, log: Log<'a>, start: usize, end: usize) -> Line<'a> {
        if self.0.len() >= REREAD_LINES {
            self.0.clear();
        }
        *self.0.entry(start).or_insert_with(|| line_at(log, start, end))
    }
}

/// Whether the line that ends there was cut short, and the console prints it once more; or is what says so.
pub(super) fn is_replayed(log: Log<'_>, end: usize) -> bool {
    let replaying = noise::REPLAYING.as_bytes();
    let after = log.get(end + 1..end + 1 + replaying.len());
    if after.first() == replaying.first() && after == replaying {
        return true;
    }
    let within = log.get(end.saturating_sub(replaying.len() + 1)..end).trim_ascii_end();
    within.last() == replaying.last() && within.ends_with(replaying)
}

/// The lines before an offset, the nearest first, back to one that is too long to be the kernel's; without those that the
/// console prints once more.
pub(super) fn lines_before(log: Log<'_>, offset: usize) -> impl Iterator<Item = Line<'_>> + use<'_> {
    let horizon = log.before(offset, LOOK_BACK_BYTES);
    let mut at = offset;
    std::iter::from_fn(move || {
        let end = (at > horizon).then(|| at - 1)?;
        at = log.line_start(end);
        (end - at < LINE_BYTES).then_some((at, end))
    })
    .filter(move |(_, end)| !is_replayed(log, *end))
    .map(move |(at, end)| line_at(log, at, end))
}
