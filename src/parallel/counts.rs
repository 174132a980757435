//! How many lines and boots the ranges of a log have.

use std::ops::Add;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Line feeds, and boots that begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) lines: u64,
    pub(super) boots: u64,
}

impl Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count { lines: self.lines + other.lines, boots: self.boots + other.boots }
    }
}

/// Which range of a log it is, and what the ranges have.
pub(super) struct Number {
    pub(super) index: usize,
    pub(super) counts: Arc<Counts>,
    /// Whether boots are counted as well as lines.
    pub(super) boots: bool,
}

impl Number {
    /// Says what the range has; what was said first counts.
    pub(super) fn publish(&self, count: Count) {
        self.counts.publish(self.index, count);
    }

    /// What all ranges before it have: waits until each of them has been counted.
    pub(super) fn before(&self) -> Count {
        self.counts.before(self.index)
    }
}

/// What the ranges have, in their order.
#[derive(Debug, Default)]
pub(super) struct Counts {
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// Of each range, as far as it has been counted.
    own: Vec<Option<Count>>,
    /// Of all ranges before each.
    before: Vec<Count>,
}

impl Counts {
    fn publish(&self, index: usize, count: Count) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.own.len() <= index {
            known.own.resize(index + 1, None);
        }
        known.own.get_mut(index).into_iter().for_each(|own| *own = own.or(Some(count)));
        while let Some(Some(own)) = known.own.get(known.before.len()).copied() {
            let before = known.before.last().copied().unwrap_or_default() + own;
            known.before.push(before);
        }
        self.changed.notify_all();
    }

    fn before(&self, index: usize) -> Count {
        let Some(last) = index.checked_sub(1) else { return Count::default() };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match known.before.get(last) {
                Some(before) => return *before,
                None => known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
