//! Which CPU printed each line, where several print at once and no line says so.
//!
//! Every CPU prints the lines of its crash in their order, so a line goes to the CPU whose next line it can be: to the
//! one that printed the line before, or else to the only one that waits for such a line. Times, and what lines name (CPU,
//! task, the base of the CPU's own data), tell apart those that wait for the same; where nothing does, nobody has the line.

use crate::extract::banner::Banner;
use crate::extract::window::Entry;
use crate::formats::Part;
use crate::line::Line;
use crate::text;

use super::fits::RECENT_LINES;
use super::mentions::{fault_status, is_coded, is_trap, panics};
use super::order::{Block, Phase, QUIET_MICROS};
use super::piece::Piece;
use super::streams::{Fit, Stream, Streams};

/// When all that were printed have come to their ends, others print after so many lines of nobody.
const STRANGE_LINES: u32 = 3;
/// Crashes of which one waits for the other are announced within so many microseconds.
const AT_ONCE_MICROS: u64 = 100_000;

/// Shares lines out, one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing<'a> {
    streams: Streams<'a>,
    lines: Vec<(u64, Option<usize>)>,
    /// Lines that tell nothing about what comes next, and who may have printed them.
    unknown: Vec<(u64, Vec<usize>)>,
    /// The last of them that numbers a crash.
    numbering: Option<usize>,
    /// Lines of nobody since the last one of somebody, and the time of that.
    strange: u32,
    time: Option<u64>,
    /// Where a crash has ended last.
    ended: usize,
}

/// Who printed a line, as numbers of printers.
#[derive(Clone, Debug)]
pub(super) enum Who {
    One(usize),
    Nobody,
    /// One of these.
    Among(Vec<usize>),
}

impl<'a> Sharing<'a> {
    /// Takes the next line; `false` if all is over that they printed at once.
    pub(super) fn take(&mut self, entry: &Entry<'a>) -> bool {
        let line = &entry.line;
        let stream = match entry.banner() {
            Some(banner) if banner.is_aside() => None,
            Some(banner) => self.meet(&banner),
            None => self.place(line, Piece::of(entry.shape(), line.body), entry.number),
        };
        if let Some(stream) = stream {
            self.streams.current = Some(stream);
            if let Some(stream) = self.streams.list.get_mut(stream) {
                (stream.at, stream.nth) = (line.offset, self.streams.lines);
            }
        }
        self.lines.push((entry.number, stream));
        self.streams.lines = self.lines.len();
        if stream.is_some() {
            (self.strange, self.time) = (0, line.prefix.time);
            return true;
        }
        self.strange += 1;
        let late = self.time.zip(line.prefix.time).is_some_and(|(last, now)| now >= last + QUIET_MICROS);
        let ended = |(_, stream): (usize, &Stream<'_>)| {
            stream.block.phase >= Phase::End || stream.block.banner.is_none()
        };
        !((self.strange > STRANGE_LINES || late) && self.streams.roots().all(ended))
    }

    /// Who printed each line, by its number; the first who printed, and the last.
    pub(super) fn finish(mut self) -> (Vec<(u64, Who)>, Option<usize>, Option<usize>) {
        self.streams.take_turns();
        let streams = &self.streams;
        let roots = |among: &[usize]| {
            let mut roots: Vec<usize> = among.iter().map(|one| streams.root(*one)).collect();
            roots.sort_unstable();
            roots.dedup();
            roots
        };
        let who = |stream: Option<usize>| match stream.map(|stream| streams.root(stream)) {
            None => Who::Nobody,
            Some(root) => match streams.list.get(root) {
                Some(stream) if !stream.among.is_empty() => Who::Among(roots(&stream.among)),
                _ => Who::One(root),
            },
        };
        let one = |stream: Option<usize>| match who(stream) {
            Who::One(one) => Some(one),
            _ => None,
        };
        let first = one((!streams.list.is_empty()).then_some(0));
        let last = one(streams.current);
        let mut lines: Vec<(u64, Who)> =
            self.lines.iter().map(|(number, stream)| (*number, who(*stream))).collect();
        for (number, among) in &self.unknown {
            if let Ok(at) = lines.binary_search_by_key(number, |(number, _)| *number)
                && let Some((_, who)) = lines.get_mut(at)
            {
                *who = Who::Among(roots(among));
            }
        }
        (lines, first, last)
    }

    /// A banner goes on with a stream, or opens one.
    fn meet(&mut self, banner: &Banner<'a>) -> Option<usize> {
        // x86 announces a fault under the lock (`oops_begin`), and says enough of a check that fails.
        let body = banner.line.body;
        let number =
            text::contains(body, "[#") && !(text::contains(body, "invalid opcode:") || is_coded(body));
        let number = number && banner.part() == Part::OfFault;
        if number && let Some(stream) = self.dying(banner) {
            return Some(stream);
        }
        let stream = match self.announced(banner) {
            Some(stream) => {
                self.streams.list.get_mut(stream)?.block.meet(banner);
                stream
            }
            None => self.streams.open(Block::of(banner), Vec::new())?,
        };
        Some(self.streams.identify(stream))
    }

    /// `die()` numbers one crash after the other, under its lock: one of those that were announced. What comes tells which;
    /// if nothing does, they had their turns in the order in which they were announced.
    fn dying(&mut self, banner: &Banner<'a>) -> Option<usize> {
        self.streams.take_turns();
        let check = is_trap(banner.line.body);
        let waits = |block: &Block<'_>| {
            block.banner.is_some_and(|banner| !panics(&banner))
                && block.phase <= Phase::Fault
                && block.is_check() == check
                && !block.is_numbered()
        };
        let waiting =
            self.streams.roots().filter(|(_, stream)| stream.among.is_empty() && waits(&stream.block));
        let announced = waiting.map(|(at, stream)| (at, stream.block.banner.map(|banner| banner.line)));
        let mut waiting: Vec<(usize, Line<'_>)> =
            announced.filter_map(|(at, line)| Some((at, line?))).collect();
        // One that was announced long before another has lost what it printed, as one that was before others ended.
        let newest = waiting.iter().filter_map(|(_, line)| line.prefix.time).max();
        waiting.retain(|(_, line)| {
            line.prefix.time.zip(newest).is_none_or(|(time, newest)| newest <= time + AT_ONCE_MICROS)
        });
        let status = fault_status(banner.line.body);
        let is = |(_, line): &(usize, Line<'_>)| status.is_some() && fault_status(line.body) == status;
        if waiting.iter().any(is) {
            waiting.retain(is);
        }
        if waiting.iter().any(|(_, line)| line.offset > self.ended) {
            waiting.retain(|(_, line)| line.offset > self.ended);
        }
        let waiting: Vec<usize> = waiting.into_iter().map(|(at, _)| at).collect();
        if waiting.len() < 2 {
            return None;
        }
        let stream = self.streams.open(Block::numbered(banner), waiting)?;
        self.streams.dying = Some(stream);
        Some(stream)
    }

    /// The stream that a banner goes on with.
    fn announced(&self, banner: &Banner<'a>) -> Option<usize> {
        let streams = &self.streams;
        let cut = |block: &Block<'_>| block.phase == Phase::Cut && block.banner.is_none();
        match banner.part() {
            Part::OfAny => streams.last(|block| block.banner.is_some()).or_else(|| streams.latest(|_| true)),
            Part::OfCrash => {
                // Before 5.x the panic is the first thing that a failed check prints.
                let warns = |block: &Block<'_>| block.is_check() && block.phase == Phase::Banner;
                let checks = text::contains(banner.line.body, "panic_on_warn set")
                    .then(|| streams.only(warns))
                    .flatten();
                let crash =
                    |block: &Block<'_>| block.banner.is_some_and(|banner| !banner.family.family.event);
                checks.or_else(|| streams.last(crash)).or_else(|| streams.latest(crash))
            }
            Part::OfFault => {
                let check = is_trap(banner.line.body);
                let waits = |block: &Block<'_>| {
                    block.banner.is_some()
                        && block.phase <= Phase::Fault
                        && block.is_check() == check
                        && !block.banner.is_some_and(|banner| panics(&banner))
                };
                let unnumbered = |block: &Block<'_>| waits(block) && !block.is_numbered();
                streams.last(waits).or_else(|| streams.alike(unnumbered)).or_else(|| streams.alike(waits))
            }
            Part::Opens | Part::Aside => {
                let goes_on =
                    |block: &Block<'_>| cut(block) || block.banner.is_some_and(|b| b.leads_to(banner));
                let check = Block::of(banner).is_check();
                streams.last(goes_on).or_else(|| if check { streams.only(cut) } else { None })
            }
        }
    }

    /// The stream of a line that is no banner.
    fn place(&mut self, line: &Line<'a>, piece: Piece, number: u64) -> Option<usize> {
        let streams = &mut self.streams;
        streams.marked |= piece == Piece::Open(true);
        match piece {
            Piece::Cut => return streams.open(Block::new(line.prefix.time), Vec::new()),
            // What a check says of itself.
            Piece::Blank => return None,
            Piece::Foreign => return self.speaking(),
            _ => {}
        }
        let fits = streams.fits(piece, line);
        let fit = match fits.as_slice() {
            [] => {
                let mut block = Block::new(line.prefix.time);
                block.force(piece, line).then_some(())?;
                return streams.open(block, Vec::new());
            }
            [fit] if piece == Piece::Head && fit.lost > 0 => self.give_back(*fit)?,
            [fit] => *fit,
            [_, _, ..] if !piece.tells() => {
                let among: Vec<usize> = fits.iter().map(|fit| fit.stream).collect();
                let nth = streams.lines;
                for one in &among {
                    if let Some(stream) = streams.list.get_mut(*one) {
                        (stream.nth, stream.block.time) = (nth, line.prefix.time);
                    }
                }
                if piece == Piece::Fault && text::contains(line.body, "[#") {
                    self.numbering = Some(self.unknown.len());
                }
                self.unknown.push((number, among));
                return None;
            }
            [fit, ..] => streams.doubt(*fit, &fits)?,
        };
        self.give(line, piece, fit, &fits)
    }

    /// Gives a line to a stream that fits.
    fn give(&mut self, line: &Line<'a>, piece: Piece, fit: Fit, fits: &[Fit]) -> Option<usize> {
        let streams = &mut self.streams;
        let taker = streams.list.get_mut(fit.stream)?;
        if fits.iter().all(|fit| fit.phase == Phase::CounterAgain) {
            streams.again = Some(line.body);
        }
        if matches!(piece, Piece::Header(..)) {
            let unknown = taker.block.pid.is_none() && taker.block.banner.is_some();
            taker.before = unknown.then_some((taker.block, streams.lines));
            let numbered = self
                .numbering
                .take_if(|at| self.unknown.get(*at).is_some_and(|(_, among)| among.contains(&fit.stream)));
            // The crash whose header comes was numbered before: `Oops[#1]:`.
            if let Some((number, _)) = numbered.map(|at| self.unknown.remove(at))
                && let Ok(at) = self.lines.binary_search_by_key(&number, |(number, _)| *number)
                && let Some((_, stream)) = self.lines.get_mut(at)
            {
                *stream = Some(fit.stream);
            }
        }
        taker.block.take(piece, fit.phase, line);
        let at = streams.settle(fit, piece, line.body);
        streams.compare_bases(at, piece);
        if piece == Piece::End {
            self.ended = line.offset;
            streams.take_turns();
        }
        Some(if matches!(piece, Piece::Header(..)) { streams.identify(at) } else { at })
    }

    /// A stack right after a header is not that of a crash that prints its registers first: the header was another's.
    fn give_back(&mut self, fit: Fit) -> Option<Fit> {
        let stream = self.streams.list.get(fit.stream)?;
        let early = stream.block.waits_for_registers();
        let Some((before, from)) = stream.before.filter(|_| early) else { return Some(fit) };
        let mut block = Block::new(stream.block.time);
        (block.cpu, block.pid, block.phase) = (stream.block.cpu, stream.block.pid, stream.block.phase);
        let other = self.streams.open(block, Vec::new())?;
        for (_, stream) in self.lines.iter_mut().skip(from).filter(|(_, stream)| *stream == Some(fit.stream))
        {
            *stream = Some(other);
        }
        let stream = self.streams.list.get_mut(fit.stream)?;
        (stream.block, stream.before) = (before, None);
        Some(Fit { stream: other, lost: 0, ..fit })
    }

    /// The stream whose line says in its own words what is wrong: it stands between `cut here` and the header.
    fn speaking(&self) -> Option<usize> {
        let streams = &self.streams;
        let speaks = |at: usize, lines: usize| {
            let recent = |stream: &&Stream<'_>| stream.is.is_none() && stream.nth + lines >= streams.lines;
            streams.list.get(at).filter(recent).is_some_and(|stream| stream.block.phase <= Phase::Fault)
        };
        let current = streams.current.filter(|current| speaks(*current, RECENT_LINES))?;
        let others = (0..streams.list.len()).filter(|at| *at != current);
        others.into_iter().all(|at| !speaks(at, 4 * RECENT_LINES)).then_some(current)
    }
}
