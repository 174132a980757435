//! Lines that wait until it is known who printed them, and those behind them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::extract::lane::Lane;
use crate::extract::window::Entry;
use crate::line::Line;

/// What is known of the next line.
#[derive(Clone, Debug)]
pub(in crate::extract) enum Settled<'a> {
    /// A line, and who printed it.
    Line(Entry<'a>),
    /// A line that one of these printed.
    Doubtful(Entry<'a>, Vec<Lane>),
    /// The lines that several printed, of which the next is the first.
    Shared(Arc<[Line<'a>]>),
    /// Of this one comes no other line.
    Over(Lane),
}

#[derive(Clone, Debug)]
enum Item<'a> {
    Waiting(Entry<'a>),
    Settled(Settled<'a>),
    /// What stands between lines: before or behind the line of this number.
    Between(u64, bool, Settled<'a>),
}

impl<'a> Item<'a> {
    fn entry(&self) -> Option<&Entry<'a>> {
        match self {
            Item::Waiting(entry) | Item::Settled(Settled::Line(entry) | Settled::Doubtful(entry, _)) => {
                Some(entry)
            }
            Item::Settled(_) | Item::Between(..) => None,
        }
    }

    /// Its place among the others.
    fn key(&self) -> (u64, u8) {
        match self {
            Item::Between(number, behind, _) => (*number, if *behind { 2 } else { 0 }),
            _ => (self.entry().map_or(0, |entry| entry.number), 1),
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

    /// Lets a line pass that is settled where none waits, else adds it.
    pub(super) fn pass(&mut self, entry: &Entry<'a>) -> bool {
        let passes = self.items.is_empty();
        if !passes {
            self.items.push_back(Item::Settled(Settled::Line(*entry)));
        }
        passes
    }

    pub(super) fn wait(&mut self, entry: Entry<'a>) {
        self.items.push_back(Item::Waiting(entry));
    }

    /// The next item, if it is settled.
    pub(super) fn pop(&mut self) -> Option<Settled<'a>> {
        if matches!(self.items.front()?, Item::Waiting(_)) {
            return None;
        }
        match self.items.pop_front()? {
            Item::Settled(settled) | Item::Between(.., settled) => Some(settled),
            Item::Waiting(_) => None,
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

    /// Before the first of these several print, and behind the last these print nothing more.
    pub(super) fn share(&mut self, numbers: &[u64], over: impl Iterator<Item = Lane>) {
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return };
        let lines = numbers.iter().filter_map(|number| self.items.get(self.place(*number))?.entry());
        let lines: Arc<[Line<'a>]> = lines.map(|entry| entry.line).collect();
        let behind = self.items.partition_point(|item| item.key() <= (*last, 1));
        for lane in over {
            self.items.insert(behind, Item::Between(*last, true, Settled::Over(lane)));
        }
        self.items.insert(self.place(*first), Item::Between(*first, false, Settled::Shared(lines)));
    }

    fn place(&self, number: u64) -> usize {
        self.items.partition_point(|item| item.key() < (number, 1))
    }
}
