//! How many lines the ranges of a log have.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Which range of a log it is, and how many lines the ranges have.
pub(super) struct Number {
    pub(super) index: usize,
    pub(super) counts: Arc<Counts>,
}

impl Number {
    /// Says how many the range has; what was said first counts.
    pub(super) fn publish(&self, lines: u64) {
        self.counts.publish(self.index, lines);
    }

    /// How many all ranges before it have: waits until each of them has been counted.
    pub(super) fn before(&self) -> u64 {
        self.counts.before(self.index)
    }
}

/// Line feeds of the ranges, in their order.
#[derive(Debug, Default)]
pub(super) struct Counts {
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// Of each range, as far as it has been counted.
    own: Vec<Option<u64>>,
    /// Of all ranges before each.
    before: Vec<u64>,
}

impl Counts {
    fn publish(&self, index: usize, lines: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.own.len() <= index {
            known.own.resize(index + 1, None);
        }
        known.own.get_mut(index).into_iter().for_each(|own| *own = own.or(Some(lines)));
        while let Some(Some(own)) = known.own.get(known.before.len()).copied() {
            let before = known.before.last().copied().unwrap_or(0) + own;
            known.before.push(before);
        }
        self.changed.notify_all();
    }

    fn before(&self, index: usize) -> u64 {
        let Some(last) = index.checked_sub(1) else { return 0 };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match known.before.get(last) {
                Some(before) => return *before,
                None => known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
