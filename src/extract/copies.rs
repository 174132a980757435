//! Lines that stand in a log twice, and of which only one is the kernel's.

use memchr::memmem;

use crate::formats::noise;
use crate::line::{Line, Origin, Prefix};
use crate::rules::CompiledFamily;
use crate::text::{self, Log};

use super::lines::line_at;

/// Before and behind a message to all terminals the same line is looked for in so many bytes.
const BROADCAST_BYTES: usize = 16 << 10;
/// Behind a person's words the kernel's own are looked for in so many bytes.
const PROSE_BYTES: usize = 4 << 10;
/// So many of them are looked at.
const FEW: usize = 8;
/// No prefix with a time is shorter.
const LEAST_PREFIX: usize = 5;

/// Whether a line is what rsyslog's `:omusrmsg:*` writes on all terminals, and the log has the same from elsewhere:
/// ` kernel:[60211.400000] watchdog: BUG: soft lockup - CPU#6 stuck for 22s! [heron-rx:2911]`. `None` where more of the log
/// may tell.
pub(super) fn is_broadcast(log: Log<'_>, line: &Line<'_>) -> Option<bool> {
    let Some(record) = text::skip_blanks(line.raw).strip_prefix(noise::BROADCAST.as_bytes()) else {
        return Some(false);
    };
    if record.first() != Some(&b'[') {
        return Some(false);
    }
    let (start, end) = (line.offset, line.offset + line.raw.len());
    let (from, to) = (log.before(start, BROADCAST_BYTES), end + BROADCAST_BYTES);
    let elsewhere = |from: usize, to: usize| {
        let text = log.get(from..to);
        memmem::find_iter(text, record).any(|at| {
            // Other copies are none.
            let before = text.get(..at).unwrap_or_default();
            !before.ends_with(noise::BROADCAST.as_bytes())
        })
    };
    if elsewhere(from, start) || elsewhere(end, to) {
        return Some(true);
    }
    (to <= log.end()).then_some(false)
}

/// Whether a banner is in a person's words: neither it nor the lines beside it have a prefix, and the kernel's own, which
/// has one, comes a few lines later. `None` where more of the log may tell.
pub(super) fn is_prose(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if line.prefix != Prefix::default() {
        return Some(false);
    }
    let start = line.offset + line.raw.len();
    let text = log.get(start..start + PROSE_BYTES);
    let banner = family.family.banner.as_bytes();
    // The first of them that has room for a prefix.
    let found = memmem::find_iter(text, banner)
        .take(FEW)
        .map(|at| (log.line_start(start + at), start + at))
        .find(|(from, at)| at - from >= LEAST_PREFIX);
    let Some((from, at)) = found else { return (start + PROSE_BYTES <= log.end()).then_some(false) };
    let is_kernels = |from: usize| {
        let line = line_at(log, from, log.line_end(from));
        line.prefix.origin == Origin::Kernel && line.prefix.time.is_some()
    };
    let beside = line.offset > log.start() && is_kernels(log.line_start(line.offset - 1));
    let behind = (start + 1).min(log.end());
    Some(is_kernels(log.line_start(at)) && !beside && (behind == from || !is_kernels(behind)))
}
