//! What the filter looks for: of every needle five bytes that are rare in logs, in one of eight buckets.

use super::chosen::CHOSEN;
use super::words::{WINDOW, Window, Words};

/// Places of a window for which there are tables of half bytes: a fifth would cost more time than it saves.
pub(super) const HALVES: usize = 4;
pub(super) const BUCKETS: usize = 8;

/// For every place in a window, by a byte's low seven bits, the buckets that have the byte there.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) exact: [[u8; 128]; WINDOW],
    /// The same by the bits 0 to 3, and by the bits 3 to 6: a byte is in a bucket if both say so.
    pub(super) low: [[u8; 16]; HALVES],
    pub(super) high: [[u8; 16]; HALVES],
    /// The buckets of needles shorter than [`HALVES`]: tables of half bytes have no byte above 127, which may stand
    /// after such a needle. None is of one byte.
    pub(super) short: u8,
    pub(super) words: Words,
    pub(super) windows: Vec<Window>,
}

impl Tables {
    /// The tables of needles of ASCII characters.
    pub(super) fn new(needles: &[&str]) -> Tables {
        let mut tables = Tables::of(&[]);
        let (known, new): (Vec<usize>, Vec<usize>) = (0..needles.len())
            .partition(|&at| needles.get(at).is_some_and(|needle| chosen(needle).is_some()));
        for (index, needle) in known.into_iter().filter_map(|at| Some((at, needles.get(at)?))) {
            if let Some((offset, bucket)) = chosen(needle) {
                tables.add(Window::of(index, needle.as_bytes(), offset), bucket);
            }
        }
        for (index, needle) in new.into_iter().filter_map(|at| Some((at, needles.get(at)?))) {
            // Nobody counted how rare it is: what makes the tables least fuller will do.
            let windows = Window::all(index, needle.as_bytes());
            let choices = windows.flat_map(|window| (0..BUCKETS).map(move |bucket| (window, bucket)));
            let fuller =
                |(window, bucket): &(Window, usize)| tables.with(window, *bucket) - tables.fill(*bucket);
            if let Some((window, bucket)) = choices.min_by_key(fuller) {
                tables.add(window, bucket);
            }
        }
        tables
    }

    /// The tables of these windows in these buckets.
    pub(super) fn of(windows: &[(Window, usize)]) -> Tables {
        let mut tables = Tables {
            exact: [[0; 128]; WINDOW],
            low: [[0; 16]; HALVES],
            high: [[0; 16]; HALVES],
            short: 0,
            words: Words::new(),
            windows: Vec::new(),
        };
        for &(window, bucket) in windows {
            tables.add(window, bucket);
        }
        tables
    }

    fn add(&mut self, window: Window, bucket: usize) {
        let bit = 1_u8 << bucket;
        for (place, wanted) in window.bytes.into_iter().enumerate() {
            for byte in (0..128_u8).filter(|byte| wanted.is_none_or(|wanted| wanted == *byte)) {
                let slots = [
                    self.exact.get_mut(place).and_then(|table| table.get_mut(usize::from(byte))),
                    self.low.get_mut(place).and_then(|table| table.get_mut(usize::from(byte & 15))),
                    self.high.get_mut(place).and_then(|table| table.get_mut(usize::from(byte >> 3))),
                ];
                slots.into_iter().flatten().for_each(|slot| *slot |= bit);
            }
        }
        if window.bytes.into_iter().take(HALVES).any(|byte| byte.is_none()) {
            self.short |= bit;
        }
        self.words.add(&window);
        self.windows.push(window);
    }

    /// How many strings of five bytes a bucket stops at.
    fn fill(&self, bucket: usize) -> u64 {
        let count =
            |table: &[u8; 128]| table.iter().filter(|&&buckets| buckets & 1 << bucket != 0).count() as u64;
        self.exact.iter().map(count).product()
    }

    /// How many it would stop at with one more window.
    fn with(&self, window: &Window, bucket: usize) -> u64 {
        let mut more = self.clone();
        more.add(*window, bucket);
        more.fill(bucket)
    }
}

/// The offset and the bucket that were chosen for a needle.
fn chosen(needle: &str) -> Option<(usize, usize)> {
    let found = CHOSEN.iter().find(|(known, ..)| *known == needle);
    found.map(|&(_, offset, bucket)| (offset, bucket))
}
