//! Banners that are a person's own words about a crash, where no report follows.
//!
//! ```text
//! We hit a general protection fault in our driver.
//! BUG: soft lockup - CPU#X stuck for XXs! [process:pid]
//! ```

use std::sync::LazyLock;

use crate::formats::{noise, said};
use crate::line::{Line, Prefix};
use crate::rules::{CompiledFamily, Pattern};
use crate::text::{self, Log};

/// Behind a banner what only a report has is looked for in so many bytes.
const BEHIND_BYTES: usize = 1 << 10;

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
    if noise::OF_REPORTS.iter().any(|word| text::contains(behind, word)) {
        return Some(false);
    }
    (log.is_ended() || start + BEHIND_BYTES <= log.end()).then_some(true)
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
