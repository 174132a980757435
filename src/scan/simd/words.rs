//! Windows, five bytes of a needle each, and the second look: whether the bytes at a place are those of one, or look so.

/// Bytes of a window.
pub(super) const WINDOW: usize = 5;

/// Five bytes of a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Index of the needle.
    pub(super) needle: usize,
    /// Where they are in it.
    pub(super) offset: usize,
    /// The bytes; of a needle shorter than a window some are missing.
    pub(super) bytes: [Option<u8>; WINDOW],
}

impl Window {
    /// The window at an offset of a needle.
    pub(super) fn of(needle: usize, text: &[u8], offset: usize) -> Window {
        let mut bytes = [None; WINDOW];
        for (slot, &byte) in bytes.iter_mut().zip(text.get(offset..).unwrap_or_default()) {
            *slot = Some(byte);
        }
        Window { needle, offset, bytes }
    }

    /// Its bytes as a number, unless some are missing.
    pub(super) fn word(&self) -> Option<u64> {
        let bytes: Vec<u8> = self.bytes.into_iter().flatten().collect();
        word(&bytes)
    }

    /// All windows of a needle.
    pub(super) fn all(needle: usize, text: &[u8]) -> impl Iterator<Item = Window> {
        (0..text.len().saturating_sub(WINDOW - 1).max(1)).map(move |offset| Window::of(needle, text, offset))
    }
}

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
