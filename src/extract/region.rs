//! What is known of a part of a log that several CPUs printed at once: who printed each line.

use std::cmp::Ordering;
use std::ops::Range;

/// Who printed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    /// Start of the part of the log that several CPUs printed.
    pub(super) region: usize,
    /// Which of them; `None` if it is none of those that are known.
    pub(super) id: Option<usize>,
    /// Whether it also printed what is before that part, and behind it.
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Lane {
    /// Whether two lines are of one CPU.
    pub(super) fn is(&self, other: &Lane) -> bool {
        match self.region.cmp(&other.region) {
            Ordering::Equal => self.id.is_some() && self.id == other.id,
            Ordering::Less => self.last && other.first,
            Ordering::Greater => self.first && other.last,
        }
    }

    /// Whether who printed it also printed what is at an offset where nobody else did.
    pub(super) fn reaches(&self, offset: usize) -> bool {
        if offset < self.region { self.first } else { self.last }
    }
}

/// A part of a log that several CPUs printed at once.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) range: Range<usize>,
    /// Offsets of lines, and who printed them.
    pub(super) lines: Vec<(usize, Option<usize>)>,
    /// Lines that several may have printed.
    pub(super) doubts: Vec<(usize, Vec<usize>)>,
    pub(super) first: Option<usize>,
    pub(super) last: Option<usize>,
}

impl Region {
    /// Who printed the line at an offset.
    pub(super) fn lane(&self, offset: usize) -> Lane {
        let found = self.lines.binary_search_by_key(&offset, |(at, _)| *at).ok();
        let id = found.and_then(|at| self.lines.get(at)?.1);
        let same = |other: Option<usize>| id.is_some() && id == other;
        Lane { region: self.range.start, id, first: same(self.first), last: same(self.last) }
    }

    /// Whether who printed what is before also printed what is behind.
    pub(super) fn is_one_throughout(&self) -> bool {
        self.first.is_some() && self.first == self.last
    }

    /// Offsets of the lines that one of several printed, this one among them.
    pub(super) fn doubts(&self, id: usize) -> impl Iterator<Item = usize> {
        self.doubts.iter().filter(move |(_, ids)| ids.contains(&id)).map(|(at, _)| *at)
    }
}
