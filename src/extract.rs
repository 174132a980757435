//! Which lines make a report: four ideas.
//!
//! - **A window** (`window`): the lines round the banners, in their order, each read once and kept with what was decided of
//!   it. Where no report goes on, what lies before the next banner is not looked at. What stands before a banner and belongs
//!   to it (`preamble`) is answered from the window.
//! - **A lane for each printer** (`printers`, `lane`): a line belongs to who printed it. A caller tag says it. Lines without
//!   one are of one printer as long as nothing speaks against it; where a line cannot be of the CPU that printed the lines
//!   before it (`printers/contradiction`: another CPU's header, registers in the wrong order, the rest of a crash that was
//!   interrupted), the lines round it are shared out (`printers/sharing`) by the order in which each kind of CPU prints a
//!   crash (`printers/order`, and as data `formats/dumps`). The lines of several CPUs wait until that is known.
//! - **A report is told by its lane** (`assembly`, `telling`, `collector`): from its banner on, as long as its lines go on
//!   (`goes_on`, by what each line means: `shape`). Its end marker and foreign lines, the lane's next crash, or silence settle
//!   it, and what is settled stays. Other CPUs may print parts that it has asked for.
//! - **What follows from what** (`follows`) is a relation between a banner and the last one of its lane: it is a part of that
//!   report, or opens one that follows from it, or has nothing to do with it.
//!
//! Every decision looks at a bounded part of the log before it (`limits`) and never at a state carried from the log's start.
//! So any range of a log can be read on its own: it owns the reports whose banner starts in it.
//! `src/tests/split.rs`, `settled.rs` and `looks.rs` guard that: parts give the reports of the whole, nothing that comes
//! behind a settled report changes it, and on average a line is read four times at most, here and for titles together.

use std::ops::Range;

use crate::text::Log;

mod assembly;
mod banner;
mod boots;
mod collector;
mod copies;
mod follows;
mod goes_on;
mod incident;
mod lane;
mod learned;
mod limits;
mod lines;
mod listed;
mod preamble;
mod printers;
mod quoted;
mod said;
mod shape;
mod stored;
mod telling;
mod window;

pub(crate) use boots::{BOOT_LINE_BYTES, Boots};
pub(crate) use incident::Incident;
pub(crate) use limits::CONTEXT_BYTES;
pub(crate) use lines::KnownLines;
pub(crate) use stored::Detached;

use assembly::Assembly;
use printers::Printers;
use window::Window;

/// A line is known to be whole, and not to be printed once more, when so many bytes behind it are known.
const LOOK_AHEAD_BYTES: usize = 64;

/// The incidents of a range of a log, in order.
#[derive(Clone, Debug)]
pub(crate) struct Incidents<'a> {
    log: Log<'a>,
    range: Range<usize>,
    window: Window<'a>,
    printers: Printers<'a>,
    assembly: Assembly<'a>,
    unsure: bool,
    ended: bool,
}

impl<'a> Incidents<'a> {
    /// Incidents whose banner starts in `range`.
    ///
    /// A part of a log begins with a line, and has at least [`CONTEXT_BYTES`] and a line before the range, or else what
    /// is before the part is beyond a line of more than [`LINE_BYTES`](crate::scan::LINE_BYTES).
    pub(crate) fn new(log: Log<'a>, range: Range<usize>) -> Incidents<'a> {
        let from = log.before(range.start, CONTEXT_BYTES).min(log.end());
        let from = if from == log.start() {
            from
        } else {
            // A range inside one line, however long that is, has nothing.
            let line = memchr::memchr(b'\n', log.get(from - 1..range.end));
            line.map_or(range.end, |newline| from + newline)
        };
        let (window, printers) = (Window::new(log, from), Printers::new(log));
        let assembly = Assembly::new(range.clone());
        Incidents { log, range, window, printers, assembly, unsure: false, ended: false }
    }

    /// Offset of a banner that more of the log may show to open a report, after all of those that it has opened.
    pub(crate) fn unsettled(&self) -> Option<usize> {
        self.assembly.unsettled()
    }

    /// Reads on: to the next banner where no report goes on, else one line.
    fn read(&mut self) {
        let at = self.window.at();
        let waits = self.printers.waits_from();
        if waits.is_none() && !self.assembly.is_live(at) {
            self.ended = !self.window.skip_to_banner(self.range.end);
        } else if at >= self.range.end && waits.is_none_or(|waits| waits >= self.range.end) {
            self.ended = !self.assembly.is_owing();
        }
        if self.ended {
            return self.assembly.finish();
        }
        let Some(mut entry) = self.window.read() else {
            self.doubt();
            self.printers.finish();
            self.settle();
            self.ended = true;
            return self.assembly.finish();
        };
        if entry.end + LOOK_AHEAD_BYTES >= self.log.end() || self.window.is_unsure() {
            self.doubt();
        }
        if self.printers.take(&mut entry) {
            self.assembly.take_line(&entry, &mut self.window);
        } else {
            self.settle();
        }
    }

    /// From here on more of the log may change what a line is.
    fn doubt(&mut self) {
        if !std::mem::replace(&mut self.unsure, true) {
            self.assembly.doubt();
        }
    }

    /// Takes the lines of which it is known who printed them.
    fn settle(&mut self) {
        while let Some(settled) = self.printers.next() {
            self.assembly.take(settled, &mut self.window);
        }
    }
}

impl<'a> Iterator for Incidents<'a> {
    type Item = Incident<'a>;

    fn next(&mut self) -> Option<Incident<'a>> {
        loop {
            if let Some(incident) = self.assembly.next(self.log) {
                return Some(incident);
            }
            if self.ended {
                return None;
            }
            self.read();
        }
    }
}
