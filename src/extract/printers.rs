//! Who printed each line.
//!
//! A caller tag tells it. Lines without one are of one printer as long as nothing speaks against it: from a crash before
//! which all was quiet on, they are read as if one CPU had printed them, and if one CPU cannot have, they are shared out.
//! Until that is known they wait here, [`BURST_BYTES`] at most. Where such a part of the log begins depends on the banners
//! and ends right before it and never on where reading began.

use crate::formats::Part;
use crate::text::Log;

use super::lane::{Context, Lane};
use super::limits::{BURST_BYTES, TAIL_BYTES};
use super::shape::Shape;
use super::window::Entry;

mod contradiction;
mod doubt;
mod evidence;
mod fits;
mod mentions;
mod order;
mod piece;
mod queue;
mod sharing;
mod starts;
mod streams;

use contradiction::Spotter;
use piece::Piece;
use queue::Queue;
pub(super) use queue::Settled;
use sharing::{Sharing, Who};
use starts::Starts;

/// Who has not gone on printing after so many microseconds in which nobody printed has stopped.
const PAUSE_MICROS: u64 = 1_000_000;

/// Tells who printed each line, in the order of the lines.
#[derive(Clone, Debug)]
pub(super) struct Printers<'a> {
    log: Log<'a>,
    queue: Queue<'a>,
    shared: Vec<Shared<'a>>,
}

/// The lines of a context that several CPUs may share.
#[derive(Clone, Debug)]
struct Shared<'a> {
    context: Context,
    /// Who prints as long as nobody else does.
    only: Lane,
    starts: Starts<'a>,
    /// Time of the last line.
    time: Option<u64>,
    /// Offset of the last crash before which all was quiet.
    quiet: Option<usize>,
    burst: Option<Burst<'a>>,
}

/// A part of the log that several CPUs may share.
#[derive(Clone, Debug)]
struct Burst<'a> {
    /// Offset of its first line, and the numbers of all.
    start: usize,
    lines: Vec<u64>,
    /// It ends before this offset.
    limit: usize,
    spotter: Spotter<'a>,
    /// Known to be shared.
    sharing: Option<Sharing<'a>>,
}

impl<'a> Printers<'a> {
    pub(super) fn new(log: Log<'a>) -> Printers<'a> {
        Printers { log, queue: Queue::default(), shared: Vec::new() }
    }

    /// Start of the first line that waits; none if none does.
    pub(super) fn waits_from(&self) -> Option<usize> {
        self.queue.first().map(|entry| entry.line.offset)
    }

    /// Takes the next line; whether it is known at once who printed it, and no line before it waits.
    pub(super) fn take(&mut self, entry: &mut Entry<'a>) -> bool {
        let context = entry.lane.context;
        if !context.is_shared() {
            return self.queue.pass(entry);
        }
        let known = self.shared.iter().position(|shared| shared.context == context);
        let at = known.unwrap_or_else(|| {
            self.shared.push(Shared::new(context));
            self.shared.len() - 1
        });
        let Some(shared) = self.shared.get_mut(at) else { return true };
        if shared.burst.is_some() {
            entry.ask();
        }
        shared.pause(entry, &mut self.queue);
        if let Some(family) = entry.family {
            shared.meet(self.log, entry, family.family.part, &mut self.queue);
        } else if shared.burst.as_ref().is_some_and(|burst| burst.limit <= entry.line.offset) {
            shared.close(&mut self.queue);
        }
        match &mut shared.burst {
            Some(burst) => {
                entry.ask();
                burst.lines.push(entry.number);
                self.queue.wait(*entry);
                if !burst.take(entry, &self.queue) {
                    shared.close(&mut self.queue);
                }
                false
            }
            None => {
                entry.lane = shared.only;
                self.queue.pass(entry)
            }
        }
    }

    /// The next line of which it is known who printed it.
    pub(super) fn next(&mut self) -> Option<Settled<'a>> {
        self.queue.pop()
    }

    /// No more lines come: those that wait are of whoever they seem to be of.
    pub(super) fn finish(&mut self) {
        for shared in &mut self.shared {
            shared.close(&mut self.queue);
        }
    }
}

impl<'a> Shared<'a> {
    fn new(context: Context) -> Shared<'a> {
        let starts = Starts::new(context);
        Shared { context, only: Lane::only(context), starts, time: None, quiet: None, burst: None }
    }

    /// Where a crash begins after a pause, all that was printed before is over.
    fn pause(&mut self, entry: &Entry<'a>, queue: &mut Queue<'a>) {
        let time = entry.line.prefix.time;
        let last = self.time;
        self.time = time.or(last);
        let Some(burst) = &mut self.burst else { return };
        if entry.family.is_none() && entry.shape() != Shape::Cut {
            return;
        }
        let paused = last.zip(time).is_some_and(|(last, now)| now > last + PAUSE_MICROS);
        if burst.sharing.is_some() && paused {
            self.close(queue);
        } else if burst.sharing.is_none() && (paused || burst.spotter.is_over(&entry.line)) {
            burst.settle(self.only, queue);
        }
    }

    /// Takes a banner: a crash may begin a part that several share, or end one.
    fn meet(&mut self, log: Log<'a>, entry: &Entry<'a>, part: Part, queue: &mut Queue<'a>) {
        let Some(banner) = entry.banner() else { return };
        let offset = entry.line.offset;
        let quiet = self.starts.take(log, &banner);
        if quiet || self.burst.as_ref().is_some_and(|burst| burst.limit <= offset) {
            self.close(queue);
        }
        if quiet {
            self.quiet = Some(offset);
        }
        let Some(end) = self.quiet.map(|quiet| quiet + BURST_BYTES).filter(|end| offset < *end) else {
            return;
        };
        let limit = (offset + TAIL_BYTES).min(end);
        match &mut self.burst {
            Some(burst) => burst.limit = limit,
            None if part == Part::Opens => self.burst = Some(Burst::new(offset, limit)),
            None => {}
        }
    }

    /// Ends the part that several may share: settles its lines.
    fn close(&mut self, queue: &mut Queue<'a>) {
        let Some(Burst { start, lines, sharing, .. }) = self.burst.take() else { return };
        let Some(sharing) = sharing else {
            return queue.settle_all(&lines, self.only);
        };
        let (shares, first, last) = sharing.finish();
        let (context, only) = (self.context, self.only);
        // The first of them printed what is before.
        let lane = |printer: usize| match first {
            Some(first) if first == printer => only,
            _ => Lane::one_of(context, start, printer),
        };
        let mut lanes = vec![only];
        for (number, who) in shares {
            queue.settle(number, |entry| {
                let lane_of = |lane| Settled::Line(Entry { lane, mixed: true, ..entry });
                match &who {
                    Who::Among(printers) => {
                        let among = printers.iter().map(|printer| lane(*printer)).collect();
                        Settled::Doubtful(Entry { lane: Lane::nobody(context), mixed: true, ..entry }, among)
                    }
                    Who::Nobody => lane_of(Lane::nobody(context)),
                    Who::One(printer) => lane_of(lane(*printer)),
                }
            });
            if let Who::One(printer) = who
                && !lanes.contains(&lane(printer))
            {
                lanes.push(lane(printer));
            }
        }
        // The last of them prints what is behind.
        self.only = last.map_or(only, lane);
        let over = lanes.into_iter().filter(|lane| *lane != self.only);
        queue.share(&lines, over);
    }
}

impl<'a> Burst<'a> {
    fn new(start: usize, limit: usize) -> Burst<'a> {
        Burst { start, lines: Vec::new(), limit, spotter: Spotter::default(), sharing: None }
    }

    /// What it has is over, and one printed it all.
    fn settle(&mut self, only: Lane, queue: &mut Queue<'a>) {
        queue.settle_all(&self.lines, only);
        self.lines.clear();
        self.spotter = Spotter::default();
    }

    /// Takes the last line of the queue; `false` where nothing more of it is of interest.
    fn take(&mut self, entry: &Entry<'a>, queue: &Queue<'a>) -> bool {
        if let Some(sharing) = &mut self.sharing {
            return sharing.take(entry);
        }
        if !self.spotter.take(entry, Piece::of(entry.shape(), entry.line.body)) {
            return !self.spotter.is_idle();
        }
        let mut sharing = Sharing::default();
        for entry in self.lines.iter().filter_map(|number| queue.waiting(*number)) {
            sharing.take(entry);
        }
        self.sharing = Some(sharing);
        true
    }
}
