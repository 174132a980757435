//! Lines that stand in a log twice, and of which only one is the kernel's.

use memchr::memmem;

use crate::formats::noise;
use crate::line::{Line, Origin};
use crate::text::{self, Log};

use super::lines::line_at;

/// Before and behind a message to all terminals the same line is looked for in so many bytes.
const BROADCAST_BYTES: usize = 16 << 10;
/// So many lines with the same text are looked at.
const FEW: usize = 64;
/// The line that announces a message ends in so many bytes before it.
const ANNOUNCED_BYTES: usize = 256;

/// Whether a line is what rsyslog's `:omusrmsg:*` writes on all terminals, and the log has the same from elsewhere. `None`
/// where more of the log may tell.
///
/// ```text
/// Message from syslogd@host at Feb 11 19:02:33 ...
///  kernel:[60211.400000] watchdog: BUG: soft lockup - CPU#6 stuck for 22s! [heron-rx:2911]
/// ```
pub(super) fn is_broadcast(log: Log<'_>, line: &Line<'_>) -> Option<bool> {
    let Some(record) = record(line.raw) else { return Some(false) };
    let (start, end) = (line.offset, line.offset + line.raw.len());
    // A stamp is the kernel's. Without one many a program's line begins so.
    let body = if record.starts_with(b"[") { line.body } else { record };
    let sure = line.prefix.time.is_some() || is_announced(log, start);
    if !sure || body.trim_ascii().is_empty() {
        return Some(false);
    }
    let (from, to) = (log.before(start, BROADCAST_BYTES), end + BROADCAST_BYTES);
    let elsewhere = |from: usize, to: usize| {
        memmem::find_iter(log.get(from..to), body).take(FEW).any(|at| {
            let at = from + at;
            let other = line_at(log, log.line_start(at), log.line_end(at));
            let times = line.prefix.time.zip(other.prefix.time);
            // Other messages are none, nor is what came at another time.
            other.prefix.origin != Origin::Program
                && self::record(other.raw).is_none()
                && times.is_none_or(|(time, other)| time == other)
        })
    };
    if elsewhere(from, start) || elsewhere(end, to) {
        return Some(true);
    }
    (to <= log.end()).then_some(false)
}

/// What follows the tag that rsyslog writes.
fn record(raw: &[u8]) -> Option<&[u8]> {
    text::skip_blanks(raw).strip_prefix(noise::BROADCAST.as_bytes())
}

/// Whether the line before says that a message follows.
fn is_announced(log: Log<'_>, offset: usize) -> bool {
    let before = log.get(log.before(offset, ANNOUNCED_BYTES)..offset).trim_ascii_end();
    let last = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    text::contains(last, noise::ANNOUNCEMENT)
}
