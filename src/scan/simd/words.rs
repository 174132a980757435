//! The second look: whether the bytes at a place are those of a window, or look like them.

use super::tables::{WINDOW, Window};

/// Two to the power of this many bits: few words share one, and they fit into the first-level cache.
const BITS: u32 = 15;

/// A bit for each window, at the hash of its bytes.
#[derive(Clone, Debug)]
pub(super) struct Words {
    bits: Box<[u64; (1 << BITS) / 64]>,
    /// The first bytes of windows of which some bytes are missing.
    short: u128,
}

impl Words {
    pub(super) fn new() -> Words {
        Words { bits: Box::new([0; (1 << BITS) / 64]), short: 0 }
    }

    pub(super) fn add(&mut self, window: &Window) {
        if let Some(word) = window.word() {
            let (at, bit) = slot(word);
            self.bits.get_mut(at).into_iter().for_each(|bits| *bits |= bit);
        } else if let [Some(first), ..] = window.bytes {
            self.short |= 1 << (first & 0x7f);
        }
    }

    /// Those of the places in `mask` where a window may be.
    #[inline]
    pub(super) fn those(&self, bytes: &[u8], mut mask: u64) -> u64 {
        let mut those = 0;
        while mask != 0 {
            let at = mask.trailing_zeros();
            let may_be = bytes.get(at as usize..).is_some_and(|bytes| self.may_be(bytes));
            those |= u64::from(may_be) << at;
            mask &= mask - 1;
        }
        those
    }

    /// Whether `bytes` may begin with a window.
    #[inline]
    pub(super) fn may_be(&self, bytes: &[u8]) -> bool {
        let is_word = word(bytes).map(slot).and_then(|(at, bit)| Some(self.bits.get(at)? & bit != 0));
        is_word == Some(true) || bytes.first().is_some_and(|first| self.short >> (first & 0x7f) & 1 != 0)
    }
}

/// The first bytes, as many as a window has, as a number.
#[inline]
pub(super) fn word(bytes: &[u8]) -> Option<u64> {
    let mut word = [0; size_of::<u64>()];
    word.first_chunk_mut::<WINDOW>()?.copy_from_slice(bytes.get(..WINDOW)?);
    Some(u64::from_le_bytes(word))
}

/// Which number, and which bit of it.
#[inline]
fn slot(word: u64) -> (usize, u64) {
    let hash = hash(word) >> (u64::BITS - BITS);
    ((hash / 64) as usize, 1 << (hash % 64))
}

/// Its high bits depend on all bits of the word.
#[inline]
pub(super) fn hash(word: u64) -> u64 {
    word.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
