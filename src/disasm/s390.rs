//! s390, whose kernel disassembles by itself.

use super::{Instruction, distance};
use crate::text;

/// The instructions of the kernel's lines, `>00000000001d2f44: b90400a2\t\tlgr\t%r10,%r2`, whose bytes follow on
/// each other in `code`; `None` if they do not match.
pub(super) fn instructions<'c>(code: &'c [u8], trap: usize, lines: &[&str]) -> Option<Vec<Instruction<'c>>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in lines {
        let (_, rest) = line.split_once(':')?;
        let rest = rest.trim_ascii_start();
        let (digits, words) = text::take(rest.as_bytes(), |b| b.is_ascii_hexdigit());
        let length = digits.len() / 2;
        // The last line may have an address only.
        let Some(bytes) = code.get(at..at + length).filter(|_| length > 0) else { break };
        let words: Vec<&str> = std::str::from_utf8(words).ok()?.split_ascii_whitespace().collect();
        let (name, operands) =
            words.split_first().map_or(("", ""), |(name, rest)| (name, rest.first().map_or("", |o| o)));
        let text = format!("{name:<6} {operands}").trim_end().to_string();
        found.push(Instruction { at: distance(trap, at), bytes, text, target: None, trap: at == trap });
        at += length;
    }
    (!found.is_empty()).then_some(found)
}
