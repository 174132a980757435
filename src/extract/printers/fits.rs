//! Which CPUs wait for a line.

use crate::line::Line;

use super::evidence::Evidence;
use super::order::{Block, Phase};
use super::piece::Piece;
use super::streams::{Fit, Stream, Streams};
use crate::extract::limits::{MOST_LOST, PATIENCE_MICROS};

/// Who printed one of so many last lines may have printed the next.
pub(super) const RECENT_LINES: usize = 4;

/// Bytes after which nobody waits for a line any more: it is lost.
const PATIENCE_BYTES: usize = 32 << 10;
/// The same of one whose lines are mixed with another's.
const BLURRED_BYTES: usize = 2 << 10;

impl<'a> Streams<'a> {
    /// Whether as many are known that are one of these as these are: what comes next is theirs.
    fn is_spent(&self, stream: usize) -> bool {
        if self.list.get(stream).is_none_or(|stream| stream.free) {
            return false;
        }
        let unknown = self.list.iter().filter(|other| other.is.is_none() && other.among.contains(&stream));
        let unknown: Vec<&Vec<usize>> = unknown.map(|other| &other.among).collect();
        unknown.iter().any(|among| unknown.iter().filter(|other| *other == among).count() >= among.len())
    }

    /// The streams that wait for a line: one, or those that nothing tells apart.
    pub(super) fn fits(&self, piece: Piece, line: &Line<'a>) -> Vec<Fit> {
        let fit = |(at, stream): (usize, &Stream<'a>)| {
            let patience = if stream.blurred { BLURRED_BYTES } else { PATIENCE_BYTES };
            let late = || {
                let times = stream.block.time.zip(line.prefix.time);
                times.is_some_and(|(last, now)| now > last + PATIENCE_MICROS)
            };
            let waits =
                stream.is.is_none() && line.offset - stream.at.min(line.offset) <= patience && !late();
            let (phase, lost) =
                stream.block.follow(piece, line.body).filter(|_| waits && !self.is_spent(at))?;
            // Where ` <TASK>` is printed, no frame stands before it.
            let early = piece == Piece::Frame && stream.block.phase == Phase::Head && self.marked;
            let lost = Some(lost + u8::from(early)).filter(|lost| *lost <= MOST_LOST)?;
            let evidence = if stream.among.is_empty() {
                stream.block.evidence(piece, phase, line.body)
            } else {
                Evidence::None
            };
            let other = phase == Phase::CounterAgain && self.again.is_some_and(|again| again != line.body);
            (evidence != Evidence::Against && !other).then_some(Fit { stream: at, phase, lost, evidence })
        };
        let mut fits: Vec<Fit> = self.list.iter().enumerate().filter_map(fit).collect();
        if fits.iter().any(|fit| fit.evidence == Evidence::For) {
            fits.retain(|fit| fit.evidence == Evidence::For);
        }
        // Who has another header than its next one is somebody else.
        if matches!(piece, Piece::Header(..)) {
            let own = |fit: &Fit| fit.lost == 0 || fit.evidence == Evidence::For;
            fits.retain(|fit| own(fit) || Some(fit.stream) == self.current);
        }
        let least = fits.iter().map(|fit| fit.lost).min().unwrap_or(0);
        fits.retain(|fit| fit.lost == least);
        let time = line.prefix.time;
        let time_of = |fit: &Fit| self.block(fit.stream).and_then(|block| block.time);
        // What one CPU prints is in the order of time.
        narrow(&mut fits, |fit| time_of(fit) <= time);
        let last = |fit: &Fit| self.list.get(fit.stream).is_some_and(|one| one.nth + 1 == self.lines);
        if piece == Piece::Frame {
            // Right behind a heading of its own.
            narrow(&mut fits, |fit| last(fit) && self.block(fit.stream).is_some_and(|block| block.aside));
        }
        // Who printed the last line goes on, unless another one prints line by line with it.
        let since = self.lines.saturating_sub(RECENT_LINES);
        let own = fits.iter().find(|fit| Some(fit.stream) == self.current).copied();
        let before = own.and_then(|own| time_of(&own));
        let rival = |fit: &Fit| {
            let recent = self.list.get(fit.stream).is_some_and(|stream| stream.nth > since);
            // Lines nearer to each other than to another's are of one.
            recent
                && time
                    .zip(before)
                    .zip(time_of(fit))
                    .is_none_or(|((now, own), other)| now.abs_diff(own) >= own.abs_diff(other))
        };
        let rivals = fits.iter().filter(|fit| rival(fit)).count();
        // A stack's end follows any of its frames, and what a crash says of itself its banner.
        let held = own.is_some_and(|own| self.block(own.stream).is_some_and(Block::is_held));
        let says = piece == Piece::Inside && !held && fits.iter().any(|fit| fit.phase <= Phase::Fault);
        if matches!(piece, Piece::Close(_)) {
            // Behind where a task entered the kernel comes the end of that task's stack, and of no other that is not so far.
            let ends = |fit: &Fit| self.block(fit.stream).is_some_and(Block::is_at_bottom);
            if fits.iter().filter(|fit| ends(fit)).count() == 1 {
                narrow(&mut fits, |fit| ends(fit) && last(fit));
            }
        }
        if says {
            // Between the frames of a stack nothing is said.
            let early = |fit: &Fit| fit.phase <= Phase::Fault;
            let amid = |fit: &Fit| self.block(fit.stream).is_some_and(Block::is_before_bottom);
            if fits.iter().filter(|fit| early(fit)).count() == 1
                && fits.iter().all(|fit| early(fit) || amid(fit))
            {
                fits.retain(early);
            }
        }
        if says || matches!(piece, Piece::Close(_)) {
            return fits;
        }
        match own {
            Some(own) if time_of(&own) == time => return vec![own],
            _ if time.is_some() => narrow(&mut fits, |fit| time_of(fit) == time),
            _ => {}
        }
        match own {
            Some(own) if fits.iter().any(|fit| fit.stream == own.stream) && rivals < 2 => vec![own],
            Some(_) => {
                fits.retain(rival);
                fits
            }
            None => fits,
        }
    }
}

/// Keeps what is so, if anything is.
fn narrow(fits: &mut Vec<Fit>, is: impl Fn(&Fit) -> bool) {
    if fits.iter().any(&is) {
        fits.retain(is);
    }
}
