//! Lines that wait until it is known who printed them, and those behind them.

use std::collections::VecDeque;

use crate::extract::lane::Lane;
use crate::extract::window::Entry;

/// What is known of the next line.
#[derive(Clone, Debug)]
pub(in crate::extract) enum Settled<'a> {
    /// A line, and who printed it.
    Line(Entry<'a>),
    /// A line that one of these printed.
    Doubtful(Entry<'a>, Vec<Lane>),
    /// Of this one comes no other line.
    Over(Lane),
}

#[derive(Clone, Debug)]
enum Item<'a> {
    Waiting(Entry<'a>),
    Settled(Settled<'a>),
    /// Behind the line of this number.
    Over(Lane, u64),
}

impl<'a> Item<'a> {
    fn entry(&self) -> Option<&Entry<'a>> {
        match self {
            Item::Waiting(entry) | Item::Settled(Settled::Line(entry) | Settled::Doubtful(entry, _)) => {
                Some(entry)
            }
            Item::Settled(Settled::Over(_)) | Item::Over(..) => None,
        }
    }

    /// Its place among the others.
    fn key(&self) -> (u64, bool) {
        match self {
            Item::Over(_, number) => (*number, true),
            _ => (self.entry().map_or(0, |entry| entry.number), false),
        }
    }
}

/// Lines in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue<'a> {
    items: VecDeque<Item<'a>>,
}

impl<'a> Queue<'a> {
    /// The first line.
    pub(super) fn first(&self) -> Option<&Entry<'a>> {
        self.items.iter().find_map(Item::entry)
    }

    pub(super) fn push(&mut self, settled: Settled<'a>) {
        self.items.push_back(Item::Settled(settled));
    }

    pub(super) fn wait(&mut self, entry: Entry<'a>) {
        self.items.push_back(Item::Waiting(entry));
    }

    /// The next item, if it is settled.
    pub(super) fn pop(&mut self) -> Option<Settled<'a>> {
        match self.items.pop_front()? {
            Item::Settled(settled) => Some(settled),
            Item::Over(lane, _) => Some(Settled::Over(lane)),
            waiting => {
                self.items.push_front(waiting);
                None
            }
        }
    }

    /// A line that waits, by its number.
    pub(super) fn waiting(&self, number: u64) -> Option<&Entry<'a>> {
        match self.items.get(self.place(number))? {
            Item::Waiting(entry) => Some(entry),
            _ => None,
        }
    }

    /// Settles a line that waits, by its number.
    pub(super) fn settle(&mut self, number: u64, settled: impl FnOnce(Entry<'a>) -> Settled<'a>) {
        let at = self.place(number);
        if let Some(item) = self.items.get_mut(at)
            && let Item::Waiting(entry) = *item
        {
            *item = Item::Settled(settled(entry));
        }
    }

    /// One printed all of these, by their numbers.
    pub(super) fn settle_all(&mut self, numbers: &[u64], lane: Lane) {
        for number in numbers {
            self.settle(*number, |entry| Settled::Line(Entry { lane, ..entry }));
        }
    }

    /// Behind a line, these print nothing more.
    pub(super) fn end(&mut self, number: u64, lanes: impl Iterator<Item = Lane>) {
        let behind = self.items.partition_point(|item| item.key() <= (number, true));
        for lane in lanes {
            self.items.insert(behind, Item::Over(lane, number));
        }
    }

    fn place(&self, number: u64) -> usize {
        self.items.partition_point(|item| item.key() < (number, false))
    }
}
