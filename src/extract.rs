//! Which lines make a report.
//!
//! Every decision here looks at a bounded part of the log round the banner and never at a state carried from the log's
//! start. So any range of a log can be read on its own: it owns the reports whose banner starts in it.

use std::ops::Range;

use crate::text::Log;

mod assembly;
mod banner;
mod boots;
mod collector;
mod follows;
mod goes_on;
mod incident;
mod lane;
mod limits;
mod lines;
mod preamble;
mod printers;
mod shape;
mod stored;
mod telling;
mod window;

pub(crate) use boots::{BOOT_LINE_BYTES, Boots};
pub(crate) use incident::Incident;
pub(crate) use limits::CONTEXT_BYTES;
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
        let Some(entry) = self.window.read() else {
            self.doubt();
            self.printers.finish();
            self.settle();
            self.ended = true;
            return self.assembly.finish();
        };
        if entry.end + LOOK_AHEAD_BYTES >= self.log.end() {
            self.doubt();
        }
        if let Some(settled) = self.printers.take(entry) {
            self.assembly.take(settled, &mut self.window);
        }
        self.settle();
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
            if let Some(incident) = self.assembly.next() {
                return Some(incident);
            }
            if self.ended {
                return None;
            }
            self.read();
        }
    }
}
