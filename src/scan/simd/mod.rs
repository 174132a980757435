//! The fast path: which places of a log may be in a needle, 64 bytes at a time.
//!
//! Every needle is represented by five of its bytes, the rarest in kernel logs, in one of eight buckets. For each
//! byte of the log a table says which buckets have it at the first, second and each further place of a window. Where
//! the answers share a bucket, a second look asks whether the bytes are those of a window at all; only then the loop
//! stops, for the close look at the whole needle.

mod chosen;
mod tables;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

use tables::Tables;
use words::Window;

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
    /// AVX-512 VBMI and VBMI2: exact tables.
    #[cfg(target_arch = "x86_64")]
    Vbmi,
    /// AVX2: tables of half bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// SSSE3: the same, 16 bytes at a time.
    #[cfg(target_arch = "x86_64")]
    Ssse3,
    /// One byte after the other.
    #[cfg(test)]
    Scalar,
}

impl Level {
    /// The best that this machine has; `None` if it has none of them.
    pub(super) fn best() -> Option<Level> {
        Level::all().next()
    }

    /// What this machine has, the best first.
    pub(super) fn all() -> impl Iterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let vectors = {
            let vbmi = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2");
            let (avx2, ssse3) = (is_x86_feature_detected!("avx2"), is_x86_feature_detected!("ssse3"));
            [(vbmi, Level::Vbmi), (avx2, Level::Avx2), (ssse3, Level::Ssse3)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let vectors: [(bool, Level); 0] = [];
        vectors.into_iter().filter(|(has, _)| *has).map(|(_, level)| level)
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Vbmi => "AVX-512 VBMI",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Ssse3 => "SSSE3",
            #[cfg(test)]
            Level::Scalar => "scalar",
        }
    }
}

impl Filter {
    /// Finds these needles, which are of at least two ASCII characters. The level is one that the machine has.
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
            Level::Scalar => scalar(&self.tables, text, accept),
        }
    }
}

/// The same a byte at a time: what the others are tested against.
#[cfg(test)]
fn scalar(tables: &Tables, text: &[u8], accept: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
    (0..text.len()).find(|&at| {
        // Behind the end is nothing, which a short needle allows.
        let bytes: [u8; words::WINDOW] =
            std::array::from_fn(|place| text.get(at + place).copied().unwrap_or(0));
        let is_there = |(buckets, (table, byte)): (u8, (&[u8; 128], u8))| {
            buckets & table.get(usize::from(byte & 0x7f)).copied().unwrap_or(0)
        };
        let places = tables.exact.iter().zip(bytes);
        let buckets = places.fold(0xff, |buckets, place| is_there((buckets, place)));
        buckets != 0 && tables.words.may_be(&bytes) && accept(at)
    })
}

/// The close look: which needle a window is of, and whether the rest of it is there.
#[derive(Clone, Debug)]
struct Close {
    needles: Vec<&'static [u8]>,
    /// Whole windows by their hash; chains are short, for the table is four times as large as it must be.
    slots: Vec<Vec<(u64, Window)>>,
    /// Windows of needles shorter than a window.
    short: Vec<Window>,
}

impl Close {
    fn new(needles: &[&'static str], windows: &[Window]) -> Close {
        let size = (windows.len() * 4).next_power_of_two();
        let mut slots = vec![Vec::new(); size];
        let mut short = Vec::new();
        for window in windows {
            match window.word() {
                Some(word) => {
                    let slot: Option<&mut Vec<_>> = slots.get_mut(slot(word, size));
                    slot.into_iter().for_each(|slot| slot.push((word, *window)));
                }
                None => short.push(*window),
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
        let word = text.get(at..).and_then(words::word);
        let of_word = word.and_then(|word| Some((word, self.slots.get(slot(word, self.slots.len()))?)));
        let whole = of_word.is_some_and(|(word, of_slot)| {
            of_slot.iter().any(|(own, window)| *own == word && is_here(window))
        });
        whole || self.short.iter().any(is_here)
    }
}

fn slot(word: u64, size: usize) -> usize {
    (words::hash(word) >> u32::BITS) as usize & (size - 1)
}

#[cfg(test)]
mod tests;
