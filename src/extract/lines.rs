//! The lines of a log round an offset.

use crate::line::Line;
use crate::scan::LINE_BYTES;
use crate::text::Log;

use super::limits::LOOK_BACK_BYTES;

/// The line from `start` to the line feed at `end`.
pub(super) fn line_at(log: Log<'_>, start: usize, end: usize) -> Line<'_> {
    let end = end.min(start.saturating_add(LINE_BYTES));
    Line::parse(start, log.get(start..end))
}

/// The lines before an offset, the nearest first, back to one that is too long to be the kernel's.
pub(super) fn lines_before(log: Log<'_>, offset: usize) -> impl Iterator<Item = Line<'_>> + use<'_> {
    let horizon = log.before(offset, LOOK_BACK_BYTES);
    let mut at = offset;
    std::iter::from_fn(move || {
        let end = (at > horizon).then(|| at - 1)?;
        at = log.line_start(end);
        (end - at < LINE_BYTES).then(|| line_at(log, at, end))
    })
}
