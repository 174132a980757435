//! `logcat -v long`: who and when on a line of its own, the text, and an empty line (`android_log_formatLogLine`,
//! liblog). Decoded it is `-v threadtime`, a line a line.
//!
//! ```text
//! [ 11-22 06:12:01.123     0:    0 E/         ]
//! BUG: kernel NULL pointer dereference, address: 0000000000000018
//! ```

use super::logcat;
use super::sink::{Sink, push};
use super::unpack::{Fit, Unpack, lines, trim};
use crate::text;

#[derive(Debug, Default)]
pub(super) struct Long {
    /// What stands before a line of the text.
    start: Vec<u8>,
    /// Empty lines that may be the text's or the end of it.
    empty: usize,
}

impl Unpack for Long {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            let source = sink.source();
            let bare = trim(line);
            if let Some(start) = head(bare) {
                // The last one is behind the text.
                for _ in 1..self.empty {
                    sink.record(source, &self.start, b"");
                }
                (self.start, self.empty) = (start, 0);
            } else if self.start.is_empty() {
                sink.write(source, line);
            } else if bare.is_empty() {
                self.empty += 1;
            } else {
                for _ in 0..std::mem::take(&mut self.empty) {
                    sink.record(source, &self.start, b"");
                }
                logcat::rewrite(source, &[&self.start, line].concat(), sink);
            }
        })
    }
}

/// Whether a log begins as such a one, as far as it is seen: `[ 11-22`.
pub(super) fn starts(log: &[u8]) -> bool {
    const START: &[u8] = b"[ 00-00";
    log.starts_with(b"--------- beginning of ")
        || log
            .iter()
            .zip(START)
            .all(|(&c, &start)| if start == b'0' { c.is_ascii_digit() } else { c == start })
}

pub(super) fn fits(line: &[u8]) -> Fit {
    if head(line).is_some() { Fit::Yes } else { Fit::Maybe }
}

/// `11-22 06:12:01.123     0     0 E         : ` of `[ 11-22 06:12:01.123     0:    0 E/         ]`.
fn head(line: &[u8]) -> Option<Vec<u8>> {
    let inside = line.strip_prefix(b"[ ")?.strip_suffix(b" ]")?;
    let rest = logcat::clock(inside)?;
    let clock = inside.get(..inside.len() - rest.len())?;
    let (pid, rest) = logcat::number(rest)?;
    let (tid, rest) = logcat::number(rest.strip_prefix(b":")?)?;
    let [b' ', level, b'/', tag @ ..] = rest else { return None };
    logcat::is_level(*level).then_some(())?;
    let mut start = clock.to_vec();
    push(&mut start, format_args!("{pid:5} {tid:5} {} {}: ", char::from(*level), text::lossy(tag)));
    Some(start)
}
