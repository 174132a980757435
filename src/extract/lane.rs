//! Who prints: the lines of one report share it.

use std::collections::HashMap;

use crate::line::{Caller, Line, Origin};

/// What a line's prefix says of who printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Context {
    pub(super) caller: Option<Caller>,
    stamped: bool,
    origin: Origin,
}

impl Context {
    pub(super) fn of(line: &Line<'_>) -> Context {
        let prefix = &line.prefix;
        Context { caller: prefix.caller, stamped: prefix.time.is_some(), origin: prefix.origin }
    }

    /// Whether several CPUs may print so: lines of the kernel that do not say who printed them.
    pub(super) fn is_shared(self) -> bool {
        self.caller.is_none() && self.origin != Origin::Program
    }
}

/// A printer's lane: a caller's where lines are tagged, else one for all lines that look alike, and more where several
/// CPUs print at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    pub(super) context: Context,
    /// The start of the part of the log that several shared, and which of them; (0, 0) for the one that prints before.
    printer: (usize, usize),
}

impl Lane {
    /// Of those that share a part of the log, nobody knows which.
    const NOBODY: (usize, usize) = (usize::MAX, 0);

    /// The only one that prints so.
    pub(super) fn only(context: Context) -> Lane {
        Lane { context, printer: (0, 0) }
    }

    /// One of those that share the part of the log that begins at an offset.
    pub(super) fn one_of(context: Context, start: usize, nth: usize) -> Lane {
        Lane { context, printer: (start, nth + 1) }
    }

    pub(super) fn nobody(context: Context) -> Lane {
        Lane { context, printer: Lane::NOBODY }
    }

    pub(super) fn is_nobody(self) -> bool {
        self.printer == Lane::NOBODY
    }

    /// One of 64 bits, mostly another one for another lane.
    fn bit(self) -> u64 {
        let caller = match self.context.caller {
            Some(Caller::Cpu(number)) => number.wrapping_mul(2),
            Some(Caller::Task(number)) => number.wrapping_mul(2) + 1,
            None => 0,
        };
        1 << ((caller as usize ^ self.printer.1) % 64)
    }
}

/// What is known of lanes, by lane. Most lines are of the lane that the line before is of: that one is found at once.
#[derive(Clone, Debug)]
pub(super) struct Lanes<T> {
    places: HashMap<Lane, usize>,
    known: Vec<Option<T>>,
    free: Vec<usize>,
    /// The last one that was looked for, and its place.
    last: Option<(Lane, Option<usize>)>,
    /// A bit of each lane that has been put in: most lines are of callers of which nothing is known.
    seen: u64,
}

impl<T> Default for Lanes<T> {
    fn default() -> Lanes<T> {
        Lanes { places: HashMap::new(), known: Vec::new(), free: Vec::new(), last: None, seen: 0 }
    }
}

impl<T> Lanes<T> {
    fn place(&mut self, lane: Lane) -> Option<usize> {
        match self.last {
            Some((last, place)) if last == lane => place,
            _ => {
                let seen = !self.places.is_empty() && self.seen & lane.bit() != 0;
                let place = if seen { self.places.get(&lane).copied() } else { None };
                self.last = Some((lane, place));
                place
            }
        }
    }

    pub(super) fn get(&mut self, lane: Lane) -> Option<&mut T> {
        let place = self.place(lane)?;
        self.known.get_mut(place)?.as_mut()
    }

    /// Nothing is known of the lane yet.
    pub(super) fn insert(&mut self, lane: Lane, what: T) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.known.push(None);
            self.known.len() - 1
        });
        self.places.insert(lane, place);
        self.seen |= lane.bit();
        self.last = Some((lane, Some(place)));
        if let Some(known) = self.known.get_mut(place) {
            *known = Some(what);
        }
    }

    /// All that is known.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(self).known.into_iter().flatten()
    }

    pub(super) fn remove(&mut self, lane: Lane) -> Option<T> {
        let place = self.place(lane)?;
        self.places.remove(&lane);
        if self.places.is_empty() {
            self.seen = 0;
        }
        self.free.push(place);
        self.last = Some((lane, None));
        self.known.get_mut(place)?.take()
    }
}
