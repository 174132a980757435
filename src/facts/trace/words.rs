//! Rows of memory within a stack.

use crate::text;

/// Words of memory: `1f00:                   00000000 80c04f18`, of `dump_mem` in `arch/arm/kernel/traps.c`.
pub(super) fn is_memory(line: &[u8]) -> bool {
    let (address, rest) = text::take(line, |b| b.is_ascii_hexdigit());
    let whole = |word: &[u8]| matches!(word.len(), 8 | 16) && word.iter().all(|&b| is_dumped(b));
    let words = |word: &[u8]| word.is_empty() || whole(word);
    address.len() == 4
        && rest
            .strip_prefix(b":")
            .is_some_and(|rest| rest.starts_with(b" ") && rest.split(|&b| b == b' ').all(words))
}

/// Whether a byte may be part of a dumped word; what cannot be read is `????????`.
fn is_dumped(b: u8) -> bool {
    b.is_ascii_hexdigit() || b == b'?'
}
