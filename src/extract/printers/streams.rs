//! The CPUs that print at once, as far as they are known.

use super::evidence::Evidence;
use super::order::{Block, Phase};

/// Most CPUs that are told apart: of others' lines nobody has any.
const MOST_STREAMS: usize = 64;

/// One who prints.
#[derive(Clone, Debug)]
pub(super) struct Stream<'a> {
    pub(super) block: Block<'a>,
    /// Offset of its last line.
    pub(super) at: usize,
    /// The earlier stream that it turned out to be.
    pub(super) is: Option<usize>,
    /// Its last line, by its number.
    pub(super) nth: usize,
    /// Streams of which it is one, nobody knows which.
    pub(super) among: Vec<usize>,
    /// Lines of another one of those may be among its own: who it is stays unknown.
    pub(super) blurred: bool,
    /// It has been seen since.
    pub(super) free: bool,
    /// What it was before a header that may be another's, and the number of the header's line.
    pub(super) before: Option<(Block<'a>, usize)>,
}

/// A stream that a line may belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) stream: usize,
    pub(super) phase: Phase,
    pub(super) lost: u8,
    pub(super) evidence: Evidence,
}

/// Those who print, and what has been printed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams<'a> {
    pub(super) list: Vec<Stream<'a>>,
    /// Who printed the last line.
    pub(super) current: Option<usize>,
    /// How many lines there are.
    pub(super) lines: usize,
    /// Whether the stacks of tasks are marked.
    pub(super) marked: bool,
    /// The counter of the first crash: `oops_end` prints its registers again after every one.
    pub(super) again: Option<&'a [u8]>,
    /// The last crash that was numbered of several that were announced.
    pub(super) dying: Option<usize>,
}

impl<'a> Streams<'a> {
    /// A stream that begins with the next line.
    pub(super) fn open(&mut self, block: Block<'a>, among: Vec<usize>) -> Option<usize> {
        if self.list.len() >= MOST_STREAMS {
            return None;
        }
        let nth = self.lines;
        let (is, before) = (None, None);
        self.list.push(Stream { block, at: 0, nth, is, among, blurred: false, free: false, before });
        Some(self.list.len() - 1)
    }

    pub(super) fn block(&self, stream: usize) -> Option<&Block<'a>> {
        self.list.get(stream).map(|stream| &stream.block)
    }

    /// The stream that one turned out to be.
    pub(super) fn root(&self, mut stream: usize) -> usize {
        while let Some(is) = self.list.get(stream).and_then(|stream| stream.is) {
            stream = is;
        }
        stream
    }

    /// The streams that are no others.
    pub(super) fn roots(&self) -> impl Iterator<Item = (usize, &Stream<'a>)> {
        self.list.iter().enumerate().filter(|(_, stream)| stream.is.is_none())
    }

    /// The stream that printed last, of those that printed a banner and are so.
    pub(super) fn latest(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let reports = self.roots().filter(|(_, stream)| stream.block.banner.is_some() && is(&stream.block));
        reports.max_by_key(|(_, stream)| stream.at).map(|(at, _)| at)
    }

    /// The first of the streams that are so, if they have the same banner: then it is all one which of them it is.
    pub(super) fn alike(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let found = self.roots().filter(|(_, stream)| is(&stream.block));
        let mut found = found.map(|(at, stream)| (at, stream.block.banner.map(|banner| banner.line.body)));
        let (first, banner) = found.next()?;
        found.all(|(_, other)| other == banner).then_some(first)
    }

    /// The only stream that is so.
    pub(super) fn only(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let mut found = self.roots().filter(|(_, stream)| is(&stream.block));
        let (at, _) = found.next()?;
        found.next().is_none().then_some(at)
    }

    /// The stream that printed the last line, if it is so.
    pub(super) fn last(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        self.current.filter(|at| self.block(*at).is_some_and(is))
    }

    /// Joins a stream to the earlier one of the same CPU and task.
    pub(super) fn identify(&mut self, stream: usize) -> usize {
        let Some(&Block { cpu: Some(cpu), pid: Some(pid), .. }) = self.block(stream) else { return stream };
        let same = |(at, other): &(usize, &Stream<'_>)| {
            let block = &other.block;
            *at != stream && other.among.is_empty() && (block.cpu, block.pid) == (Some(cpu), Some(pid))
        };
        let earlier = self.roots().find(same).map(|(at, _)| at);
        earlier.map_or(stream, |earlier| self.join(stream, earlier))
    }

    /// Two streams are one: it goes on as the one that began later.
    pub(super) fn join(&mut self, later: usize, earlier: usize) -> usize {
        let Some((block, nth)) = self.list.get_mut(later).map(|stream| {
            stream.is = Some(earlier);
            stream.among.clear();
            let block = stream.block;
            stream.block.phase = Phase::Done;
            (block, stream.nth)
        }) else {
            return later;
        };
        // Unless that one has gone on since.
        if let Some(stream) = self.list.get_mut(earlier).filter(|stream| stream.nth <= nth) {
            let gs = block.gs.or(stream.block.gs);
            (stream.block, stream.free) = (block, true);
            stream.block.gs = gs;
        }
        if self.current == Some(later) {
            self.current = Some(earlier);
        }
        earlier
    }
}
