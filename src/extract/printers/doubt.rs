//! Lines that one of several CPUs printed, until something tells which.

use super::evidence::Evidence;
use super::piece::Piece;
use super::streams::{Fit, Stream, Streams};

impl Streams<'_> {
    /// One of several streams has a line, and it is not known which.
    pub(super) fn doubt(&mut self, fit: Fit, fits: &[Fit]) -> Option<Fit> {
        let among = |fit: &Fit| match self.list.get(fit.stream) {
            Some(stream) if !stream.among.is_empty() => stream.among.clone(),
            _ => vec![fit.stream],
        };
        let same = fits.iter().all(|other| among(other) == among(&fit)) && among(&fit).len() > 1;
        if !same {
            let mut all: Vec<usize> = fits.iter().flat_map(among).collect();
            all.sort_unstable();
            all.dedup();
            for one in &all {
                if let Some(stream) = self.list.get_mut(*one) {
                    stream.free = false;
                }
            }
            let mut block = *self.block(fit.stream)?;
            block.gs = None;
            return Some(Fit { stream: self.open(block, all)?, ..fit });
        }
        for other in fits {
            if let Some(stream) = self.list.get_mut(other.stream) {
                stream.blurred = true;
            }
        }
        Some(fit)
    }

    /// The crash that was numbered last is the first of those that it can be, if nothing has told which.
    pub(super) fn take_turns(&mut self) {
        let Some(dying) = self.dying.take() else { return };
        let first = self.list.get(dying).filter(|stream| stream.is.is_none());
        if let Some(first) = first.and_then(|stream| stream.among.first().copied()) {
            self.resolve(dying, first);
        }
    }

    /// What a line says about a stream that is one of several.
    pub(super) fn settle(&mut self, fit: Fit, piece: Piece, body: &[u8]) -> usize {
        let doubtful = |stream: &&Stream<'_>| !stream.among.is_empty() && !stream.blurred;
        let Some(stream) = self.list.get(fit.stream).filter(doubtful) else {
            return fit.stream;
        };
        let judged = stream.among.iter().map(|one| {
            let evidence =
                self.block(*one).map_or(Evidence::None, |block| block.evidence(piece, fit.phase, body));
            (*one, evidence)
        });
        let judged: Vec<(usize, Evidence)> = judged.collect();
        let mut sure = judged.iter().filter(|(_, evidence)| *evidence == Evidence::For).map(|(one, _)| *one);
        let sure = sure.next().filter(|_| sure.next().is_none());
        let left: Vec<usize> = judged
            .iter()
            .filter(|(_, evidence)| *evidence != Evidence::Against)
            .map(|(one, _)| *one)
            .collect();
        match (sure, left.as_slice()) {
            (Some(one), _) => self.resolve(fit.stream, one),
            (None, &[one]) => self.resolve(fit.stream, one),
            (None, []) => fit.stream,
            (None, _) => {
                if let Some(stream) = self.list.get_mut(fit.stream) {
                    stream.among = left;
                }
                fit.stream
            }
        }
    }

    /// What a CPU's own registers say about those that printed the same base before: it is this CPU, or not.
    pub(super) fn compare_bases(&mut self, known: usize, piece: Piece) {
        let sure = self.list.get(known).filter(|stream| stream.among.is_empty());
        // The row of x86 that holds it.
        let based = matches!(piece, Piece::Row(Some(row)) if row.of.code_first && row.from == 6);
        let Some(gs) = sure.and_then(|stream| stream.block.gs).filter(|_| based) else {
            return;
        };
        for at in 0..self.list.len() {
            let Some(stream) = self.list.get_mut(at).filter(|s| s.is.is_none() && !s.blurred) else {
                continue;
            };
            if !stream.among.contains(&known) || stream.block.gs.is_none() {
                continue;
            }
            if stream.block.gs == Some(gs) {
                self.resolve(at, known);
            } else {
                stream.among.retain(|one| *one != known);
                if let [left] = *stream.among.as_slice() {
                    self.resolve(at, left);
                }
            }
        }
    }

    /// A stream that was one of several is this one.
    fn resolve(&mut self, doubtful: usize, one: usize) -> usize {
        let known = self.block(one).copied();
        if let (Some(stream), Some(known)) = (self.list.get_mut(doubtful), known) {
            stream.block = stream.block.as_of(&known);
        }
        self.join(doubtful, one)
    }
}
