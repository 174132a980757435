//! Which CPU printed each line, where several print at once and no line says so.
//!
//! Every CPU prints the lines of its crash in their order, so a line goes to the CPU whose next line it can be: to the
//! one that printed the line before, or else to the only one that waits for such a line. Times, and what lines name (CPU,
//! task, the base of the CPU's own data), tell apart those that wait for the same; where nothing does, nobody has the line.

use std::ops::Range;

use crate::formats::Part;
use crate::line::Line;
use crate::text;

use super::Banner;
use super::block::{Block, Evidence, Phase};
use super::piece::Piece;
use super::region::Region;

mod doubt;
mod fits;

/// Most CPUs that are told apart: of others' lines nobody has any.
const MOST_STREAMS: usize = 64;
/// Who printed one of so many last lines may have printed the next.
const RECENT_LINES: usize = 4;
/// Lines that may be lost before one that is still taken.
pub(super) const MOST_LOST: u8 = 2;

/// Tells CPUs apart, line by line.
#[derive(Default)]
pub(super) struct Demixer<'a> {
    streams: Vec<Stream<'a>>,
    /// Who printed the last line.
    current: Option<usize>,
    lines: Vec<(usize, Option<usize>)>,
    /// Whether the stacks of tasks are marked.
    marked: bool,
    /// The counter of the first crash: `oops_end` prints its registers again after every one.
    again: Option<&'a [u8]>,
    /// Lines that tell nothing about what comes next, and who may have printed them.
    unknown: Vec<(usize, Vec<usize>)>,
}

/// One who prints.
struct Stream<'a> {
    block: Block<'a>,
    /// Offset of its last line.
    at: usize,
    /// The earlier stream that it turned out to be.
    is: Option<usize>,
    /// Its last line, by its number.
    nth: usize,
    /// Streams of which it is one, nobody knows which.
    among: Vec<usize>,
    /// Lines of another one of those may be among its own: who it is stays unknown.
    blurred: bool,
    /// It has been seen since.
    free: bool,
    /// What it was before a header that may be another's, and the number of the header's line.
    before: Option<(Block<'a>, usize)>,
}

/// A stream that a line may belong to.
#[derive(Clone, Copy)]
struct Fit {
    stream: usize,
    phase: Phase,
    lost: u8,
    evidence: Evidence,
}

impl<'a> Demixer<'a> {
    /// Takes the next line.
    pub(super) fn take(&mut self, line: &Line<'a>, banner: Option<&Banner<'a>>) {
        let stream = match banner {
            Some(banner) if banner.is_aside() => None,
            Some(banner) => self.meet(banner),
            None => self.place(line),
        };
        if let Some(stream) = stream {
            self.current = Some(stream);
            if let Some(stream) = self.streams.get_mut(stream) {
                (stream.at, stream.nth) = (line.offset, self.lines.len());
            }
        }
        self.lines.push((line.offset, stream));
    }

    /// What was found out of a part of a log.
    pub(super) fn finish(self, range: Range<usize>) -> Region {
        let id = |stream: Option<usize>| {
            let root = self.root(stream?);
            self.streams.get(root)?.among.is_empty().then_some(root)
        };
        let doubts = self.lines.iter().filter_map(|(at, stream)| {
            let stream = self.streams.get(self.root((*stream)?))?;
            let among = stream.among.iter().map(|one| self.root(*one)).collect::<Vec<_>>();
            (!among.is_empty()).then_some((*at, among))
        });
        let unknown =
            self.unknown.iter().map(|(at, among)| (*at, among.iter().map(|one| self.root(*one)).collect()));
        let mut doubts: Vec<(usize, Vec<usize>)> = doubts.chain(unknown).collect();
        doubts.sort_unstable_by_key(|(at, _)| *at);
        Region {
            range,
            doubts,
            first: id((!self.streams.is_empty()).then_some(0)),
            last: id(self.current),
            lines: self.lines.iter().map(|(at, stream)| (*at, id(*stream))).collect(),
        }
    }

    fn root(&self, mut stream: usize) -> usize {
        while let Some(is) = self.streams.get(stream).and_then(|stream| stream.is) {
            stream = is;
        }
        stream
    }

    /// A stream that begins with a line.
    fn open(&mut self, block: Block<'a>, among: Vec<usize>) -> Option<usize> {
        if self.streams.len() >= MOST_STREAMS {
            return None;
        }
        let nth = self.lines.len();
        self.streams.push(Stream {
            block,
            at: 0,
            nth,
            is: None,
            among,
            blurred: false,
            free: false,
            before: None,
        });
        Some(self.streams.len() - 1)
    }

    fn block(&self, stream: usize) -> Option<&Block<'a>> {
        self.streams.get(stream).map(|stream| &stream.block)
    }

    /// A banner goes on with a stream, or opens one.
    fn meet(&mut self, banner: &Banner<'a>) -> Option<usize> {
        let Some(stream) = self.announced(banner) else {
            let block = Block::of(banner);
            let stream = self.open(block, Vec::new())?;
            return Some(self.identify(stream));
        };
        let block = &mut self.streams.get_mut(stream)?.block;
        block.meet(banner);
        Some(self.identify(stream))
    }

    /// The stream that a banner goes on with.
    fn announced(&self, banner: &Banner<'a>) -> Option<usize> {
        let current = self.current.and_then(|at| Some((at, self.block(at)?)));
        let cut = |block: &Block<'_>| block.phase == Phase::Cut && block.banner.is_none();
        match banner.family.family.part {
            Part::OfAny => current
                .filter(|(_, block)| block.banner.is_some())
                .map(|(at, _)| at)
                .or_else(|| self.latest(|_| true)),
            Part::OfCrash => {
                // Before 5.x the panic is the first thing that a failed check prints.
                let warns = |block: &Block<'_>| block.is_check() && block.phase == Phase::Banner;
                let checks =
                    text::contains(banner.line.body, "panic_on_warn set").then(|| self.only(warns)).flatten();
                if checks.is_some() {
                    return checks;
                }
                let crash =
                    |block: &Block<'_>| block.banner.is_some_and(|banner| !banner.family.family.event);
                let current = current.filter(|(_, block)| crash(block)).map(|(at, _)| at);
                current.or_else(|| self.latest(crash))
            }
            Part::OfFault => {
                let check = text::contains(banner.line.body, "invalid opcode:");
                let waits = |block: &Block<'_>| {
                    block.banner.is_some() && block.phase <= Phase::Fault && block.is_check() == check
                };
                let current = current.filter(|(_, block)| waits(block)).map(|(at, _)| at);
                current.or_else(|| self.alike(|block| waits(block)))
            }
            Part::Opens | Part::Aside => {
                let goes_on =
                    |block: &Block<'_>| cut(block) || block.banner.is_some_and(|b| b.leads_to(banner));
                let current = current.filter(|(_, block)| goes_on(block)).map(|(at, _)| at);
                let check = Block::of(banner).is_check();
                current.or_else(|| if check { self.only(|block| cut(block)) } else { None })
            }
        }
    }

    /// The stream that printed last, of those that printed a banner and are so.
    fn latest(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let streams = self.streams.iter().enumerate().filter(|(_, stream)| stream.is.is_none());
        let reports = streams.filter(|(_, stream)| stream.block.banner.is_some() && is(&stream.block));
        reports.max_by_key(|(_, stream)| stream.at).map(|(at, _)| at)
    }

    /// The first of the streams that are so, if they have the same banner: then it is all one which of them it is.
    fn alike(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let streams = self.streams.iter().enumerate().filter(|(_, s)| s.is.is_none() && is(&s.block));
        let mut found = streams.map(|(at, stream)| (at, stream.block.banner.map(|banner| banner.line.body)));
        let (first, banner) = found.next()?;
        found.all(|(_, other)| other == banner).then_some(first)
    }

    /// The only stream that is so.
    fn only(&self, is: impl Fn(&Block<'a>) -> bool) -> Option<usize> {
        let mut found = self.streams.iter().enumerate().filter(|(_, s)| s.is.is_none() && is(&s.block));
        let (at, _) = found.next()?;
        found.next().is_none().then_some(at)
    }

    /// Joins a stream to the earlier one of the same CPU and task.
    fn identify(&mut self, stream: usize) -> usize {
        let Some(&Block { cpu: Some(cpu), pid: Some(pid), .. }) = self.block(stream) else { return stream };
        let same = |(at, other): &(usize, &Stream<'_>)| {
            let block = &other.block;
            *at != stream
                && other.is.is_none()
                && other.among.is_empty()
                && (block.cpu, block.pid) == (Some(cpu), Some(pid))
        };
        let Some((earlier, _)) = self.streams.iter().enumerate().find(same) else { return stream };
        self.join(stream, earlier)
    }

    /// Two streams are one: it goes on as the one that began later.
    fn join(&mut self, later: usize, earlier: usize) -> usize {
        let Some((block, nth)) = self.streams.get_mut(later).map(|stream| {
            stream.is = Some(earlier);
            stream.among.clear();
            let block = stream.block;
            stream.block.phase = Phase::Done;
            (block, stream.nth)
        }) else {
            return later;
        };
        // Unless that one has gone on since.
        if let Some(stream) = self.streams.get_mut(earlier).filter(|stream| stream.nth <= nth) {
            let gs = block.gs.or(stream.block.gs);
            (stream.block, stream.free) = (block, true);
            stream.block.gs = gs;
        }
        if self.current == Some(later) {
            self.current = Some(earlier);
        }
        earlier
    }

    /// The stream of a line that is no banner.
    fn place(&mut self, line: &Line<'a>) -> Option<usize> {
        let piece = Piece::of(line.body);
        self.marked |= piece == Piece::Open(true);
        match piece {
            Piece::Cut => return self.open(Block::new(line.prefix.time), Vec::new()),
            // What a check says of itself.
            Piece::Blank => return None,
            Piece::Foreign => return self.speaking(),
            _ => {}
        }
        let fits = self.fits(piece, line);
        let stream = match fits.as_slice() {
            [] => {
                let mut block = Block::new(line.prefix.time);
                block.force(piece, line).then_some(())?;
                return self.open(block, Vec::new());
            }
            [fit] if piece == Piece::Head && fit.lost > 0 => self.give_back(*fit)?,
            [fit] => *fit,
            [_, _, ..] if !piece.tells() => {
                let among: Vec<usize> = fits.iter().map(|fit| fit.stream).collect();
                let nth = self.lines.len();
                for one in &among {
                    if let Some(stream) = self.streams.get_mut(*one) {
                        (stream.nth, stream.block.time) = (nth, line.prefix.time);
                    }
                }
                self.unknown.push((line.offset, among));
                return None;
            }
            [fit, ..] => self.doubt(*fit, &fits)?,
        };
        let taker = self.streams.get_mut(stream.stream)?;
        if fits.iter().all(|fit| fit.phase == Phase::CounterAgain) {
            self.again = Some(line.body);
        }
        if matches!(piece, Piece::Header(..)) {
            let unknown = taker.block.pid.is_none() && taker.block.banner.is_some();
            taker.before = unknown.then_some((taker.block, self.lines.len()));
        }
        taker.block.take(piece, stream.phase, line);
        let at = self.settle(stream, piece, line.body);
        self.compare_bases(at, piece);
        Some(if matches!(piece, Piece::Header(..)) { self.identify(at) } else { at })
    }

    /// A stack right after a header is not that of a crash that prints its registers first: the header was another's.
    fn give_back(&mut self, fit: Fit) -> Option<Fit> {
        let stream = self.streams.get(fit.stream)?;
        let early = stream.block.waits_for_registers();
        let Some((before, from)) = stream.before.filter(|_| early) else { return Some(fit) };
        let mut block = Block::new(stream.block.time);
        (block.cpu, block.pid, block.phase) = (stream.block.cpu, stream.block.pid, stream.block.phase);
        let other = self.open(block, Vec::new())?;
        for (_, stream) in self.lines.iter_mut().skip(from).filter(|(_, stream)| *stream == Some(fit.stream))
        {
            *stream = Some(other);
        }
        let stream = self.streams.get_mut(fit.stream)?;
        (stream.block, stream.before) = (before, None);
        Some(Fit { stream: other, lost: 0, ..fit })
    }

    /// The stream whose line says in its own words what is wrong: it stands between `cut here` and the header.
    fn speaking(&self) -> Option<usize> {
        let speaks = |at: usize, lines: usize| {
            let recent = |stream: &&Stream<'_>| stream.is.is_none() && stream.nth + lines >= self.lines.len();
            self.streams.get(at).filter(recent).is_some_and(|stream| stream.block.phase <= Phase::Fault)
        };
        let current = self.current.filter(|current| speaks(*current, RECENT_LINES))?;
        let others = (0..self.streams.len()).filter(|at| *at != current);
        others.into_iter().all(|at| !speaks(at, 4 * RECENT_LINES)).then_some(current)
    }
}
