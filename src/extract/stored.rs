//! A report's lines apart from the bytes that they are of: kept while a stream's buffer is read from and written to.

use crate::line::{Line, Prefix};
use crate::rules::CompiledFamily;
use crate::text::Log;

use super::banner::Banner;
use super::incident::Incident;

/// An [`Incident`] that borrows nothing.
#[derive(Clone, Debug)]
pub(crate) struct Detached {
    family: &'static CompiledFamily,
    preamble: Vec<Place>,
    lines: Vec<Place>,
    kept: usize,
    headline: (usize, &'static CompiledFamily),
    doubtful: Vec<Place>,
    follows: Option<usize>,
    cut: bool,
    booted: bool,
}

/// Where a line is, and where its text is in it.
#[derive(Clone, Debug)]
struct Place {
    offset: usize,
    /// Lengths of the line, and of what stands in it before and behind the text.
    raw: u32,
    before: u32,
    behind: u32,
    prefix: Prefix,
}

impl Place {
    fn of(line: &Line<'_>) -> Place {
        let before = line.body.as_ptr().addr().saturating_sub(line.raw.as_ptr().addr());
        let behind = line.raw.len().saturating_sub(before + line.body.len());
        let [raw, before, behind] = [line.raw.len(), before, behind].map(|length| length as u32);
        Place { offset: line.offset, raw, before, behind, prefix: line.prefix }
    }

    fn line<'a>(&self, log: Log<'a>) -> Line<'a> {
        let [raw, before, behind] = [self.raw, self.before, self.behind].map(|length| length as usize);
        let raw = log.get(self.offset..self.offset + raw);
        let body = raw.get(before..raw.len().saturating_sub(behind)).unwrap_or_default();
        Line { offset: self.offset, raw, prefix: self.prefix, body }
    }
}

impl Incident<'_> {
    pub(crate) fn detach(&self) -> Detached {
        Detached {
            family: self.banner.family,
            preamble: self.preamble.iter().map(Place::of).collect(),
            lines: self.lines.iter().map(Place::of).collect(),
            kept: self.kept,
            headline: self.headline,
            doubtful: self.doubtful.iter().map(Place::of).collect(),
            follows: self.follows,
            cut: self.cut,
            booted: self.booted,
        }
    }
}

impl Detached {
    /// The incident in a log that has its bytes.
    pub(crate) fn attach(self, log: Log<'_>) -> Option<Incident<'_>> {
        let lines = |places: &[Place]| places.iter().map(|place| place.line(log)).collect::<Vec<_>>();
        let (preamble, doubtful, lines) = (lines(&self.preamble), lines(&self.doubtful), lines(&self.lines));
        let Detached { family, kept, headline, follows, cut, booted, .. } = self;
        let banner = Banner { line: *lines.first()?, family };
        Some(Incident {
            banner,
            preamble,
            lines,
            kept,
            headline,
            doubtful,
            shared: None,
            follows,
            open: false,
            cut,
            booted,
        })
    }
}
