//! The fast path: which places of a log may be in a needle, 64 bytes at a time.
//!
//! Every needle is represented by four of its bytes, the rarest in kernel logs, in one of eight buckets. For each
//! byte of the log a table says which buckets have it at the first, second, third and fourth place of a window; where
//! the four answers share a bucket, the place is looked at closely.

mod chosen;
mod tables;
#[cfg(target_arch = "x86_64")]
mod x86;

use tables::{Tables, WINDOW, Window};

/// Finds needles.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    tables: Tables,
    close: Close,
    level: Level,
}

/// The instructions that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// AVX-512 VBMI: exact tables.
    #[cfg(target_arch = "x86_64")]
    Vbmi,
    /// AVX2: tables of half bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// SSSE3: the same, 16 bytes at a time.
    #[cfg(target_arch = "x86_64")]
    Ssse3,
    /// One byte after the other: what the others are tested against.
    #[cfg(test)]
    Scalar,
}

impl Level {
    /// The best that this machine has; `None` if it has none of them.
    pub(super) fn best() -> Option<Level> {
        Level::all().next()
    }

    /// What this machine has, the best first.
    fn all() -> impl Iterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let vectors = {
            let vbmi = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi");
            let (avx2, ssse3) = (is_x86_feature_detected!("avx2"), is_x86_feature_detected!("ssse3"));
            [(vbmi, Level::Vbmi), (avx2, Level::Avx2), (ssse3, Level::Ssse3)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let vectors: [(bool, Level); 0] = [];
        vectors.into_iter().filter(|(has, _)| *has).map(|(_, level)| level)
    }
}

impl Filter {
    /// Finds these needles, which are of ASCII characters. The level is one that the machine has.
    pub(super) fn new(needles: &[&'static str], level: Level) -> Filter {
        let tables = Tables::new(needles);
        let close = Close::new(needles, &tables.windows);
        Filter { tables, close, level }
    }

    /// Where the first window of a needle is, of all needles in `text`.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        self.candidates(text, &mut |at| self.close.is_needle(text, at))
    }

    /// The first place that may be a window of a needle and that `accept` takes.
    pub(super) fn candidates(&self, text: &[u8], accept: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            Level::Vbmi => x86::vbmi(&self.tables, text, accept),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => x86::avx2(&self.tables, text, accept),
            #[cfg(target_arch = "x86_64")]
            Level::Ssse3 => x86::ssse3(&self.tables, text, accept),
            #[cfg(test)]
            Level::Scalar => scalar(&self.tables, text, 0..text.len(), accept),
        }
    }
}

/// The same a byte at a time: at the ends of a text, where no whole vector is.
fn scalar(
    tables: &Tables,
    text: &[u8],
    places: std::ops::Range<usize>,
    accept: &mut dyn FnMut(usize) -> bool,
) -> Option<usize> {
    for at in places {
        let mut buckets = 0xff_u8;
        for (place, table) in tables.exact.iter().enumerate() {
            // Behind the end is nothing, which a short needle allows.
            let byte = text.get(at + place).copied().unwrap_or(0);
            buckets &= table.get(usize::from(byte & 0x7f)).copied().unwrap_or(0);
        }
        if buckets != 0 && accept(at) {
            return Some(at);
        }
    }
    None
}

/// The close look: which needle a window is of, and whether the rest of it is there.
#[derive(Clone, Debug)]
struct Close {
    needles: Vec<&'static [u8]>,
    /// Whole windows by their hash; chains are short, for the table is four times as large as it must be.
    slots: Vec<Vec<(u32, Window)>>,
    /// Windows of needles shorter than a window.
    short: Vec<Window>,
}

impl Close {
    fn new(needles: &[&'static str], windows: &[Window]) -> Close {
        let size = (windows.len() * 4).next_power_of_two();
        let mut slots = vec![Vec::new(); size];
        let mut short = Vec::new();
        for window in windows {
            match window.bytes {
                [Some(a), Some(b), Some(c), Some(d)] => {
                    let word = u32::from_le_bytes([a, b, c, d]);
                    slots
                        .get_mut(slot(word, size))
                        .into_iter()
                        .for_each(|slot: &mut Vec<_>| slot.push((word, *window)));
                }
                _ => short.push(*window),
            }
        }
        Close { needles: needles.iter().map(|needle| needle.as_bytes()).collect(), slots, short }
    }

    fn is_needle(&self, text: &[u8], at: usize) -> bool {
        let is_here = |window: &Window| {
            let start = at.checked_sub(window.offset);
            let needle = self.needles.get(window.needle);
            let here = start.zip(needle).and_then(|(start, needle)| text.get(start..)?.get(..needle.len()));
            here.is_some() && here == needle.copied()
        };
        let word = text
            .get(at..)
            .and_then(|rest| rest.first_chunk::<WINDOW>())
            .map(|bytes| u32::from_le_bytes(*bytes));
        let of_word = word.and_then(|word| Some((word, self.slots.get(slot(word, self.slots.len()))?)));
        let whole = of_word.is_some_and(|(word, of_slot)| {
            of_slot.iter().any(|(own, window)| *own == word && is_here(window))
        });
        whole || self.short.iter().any(is_here)
    }
}

fn slot(word: u32, size: usize) -> usize {
    (word.wrapping_mul(0x9e37_79b1) >> 16) as usize & (size - 1)
}

#[cfg(test)]
mod tests;
