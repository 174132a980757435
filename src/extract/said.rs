//! Banners that are a person's own words about a crash, where no report follows.
//!
//! ```text
//! We hit a general protection fault in our driver.
//! BUG: soft lockup - CPU#X stuck for XXs! [process:pid]
//! ```

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;

use crate::formats::{noise, said};
use crate::line::{Line, Prefix};
use crate::rules::{CompiledFamily, Pattern};
use crate::text::{self, Log};

use super::lines::line_at;

/// Behind a banner what only a report has is looked for in so many bytes.
const BEHIND_BYTES: usize = 2 << 10;
/// So many banners of the same family are looked at.
const FEW: usize = 4;
/// What may stand before a report's banner.
const BEFORE: &[&str] = &["cut here", noise::LINUX_VERSION];

static WHOLE: LazyLock<Vec<(&str, Pattern)>> =
    LazyLock::new(|| said::WHOLE.iter().map(|(start, rest)| (*start, Pattern::new(rest))).collect());

/// Whether a banner without a prefix is in a sentence, or is not as kernels print it, and nothing that only a report has
/// comes behind it. `None` where more of the log may tell.
pub(super) fn is_said(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if line.prefix != Prefix::default() {
        return Some(false);
    }
    let before = text::find(line.body, family.family.banner).and_then(|at| line.body.get(..at));
    if !before.is_some_and(is_sentence) && is_whole(line.body) {
        return Some(false);
    }
    let start = line.offset + line.raw.len();
    let behind = log.get(start..start + BEHIND_BYTES);
    let words = noise::OF_REPORTS.iter().filter(|word| !BEFORE.contains(word));
    match words.filter_map(|word| text::find(behind, word)).min() {
        // What is said in a title is a report below it.
        Some(report) => Some(is_below(log, start..start + report, family)),
        None => (log.is_ended() || start + BEHIND_BYTES <= log.end()).then_some(true),
    }
}

/// Whether a banner of the same family, as kernels print it, begins in a part of the log.
fn is_below(log: Log<'_>, part: Range<usize>, family: &CompiledFamily) -> bool {
    let banner = family.family.banner.as_bytes();
    let text = log.get(part.start..log.line_end(part.end));
    memmem::find_iter(text, banner).take(FEW).any(|at| {
        let from = log.line_start(part.start + at);
        let line = line_at(log, from, log.line_end(from));
        let before = text::find(line.body, family.family.banner).and_then(|at| line.body.get(..at));
        from <= part.end && !before.is_some_and(is_sentence) && is_whole(line.body)
    })
}

/// Whether what stands before a banner is the beginning of a sentence: one of its words is one that only people use.
fn is_sentence(before: &[u8]) -> bool {
    let is_mark = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'\'';
    let mut words = before.split(is_mark).filter(|word| !word.is_empty());
    words.any(|word| said::WORDS.iter().any(|said| said.as_bytes() == word))
}

/// Whether a line goes on as kernels do behind what it has in common with what they print.
fn is_whole(body: &[u8]) -> bool {
    WHOLE.iter().all(|(start, rest)| match text::after(body, start) {
        Some(behind) => rest.is_match(behind),
        None => true,
    })
}
