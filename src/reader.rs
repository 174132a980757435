//! Reports of a log that comes piece by piece.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::extract::{Boots, CONTEXT_BYTES};
use crate::report::{Detached, Report, Reports};
use crate::scan::{self, LINE_BYTES};
use crate::text::{Lines, Log};

/// Most bytes that are asked of the input at a time: they stay in a core's cache until they are searched.
pub(crate) const READ_BYTES: usize = 256 << 10;
/// A line longer than that is not waited for: what it begins with is read, and the rest is skipped.
const LONG_LINE_BYTES: usize = 1 << 20;
/// A report shorter than that is looked at again with each line that comes.
const SHORT_REPORT_BYTES: usize = 64 << 10;
/// A longer one when it has grown by one part of so many.
const GROWTH: usize = 16;
/// The buffer's front is dropped in pieces of at least that many bytes.
const DROPPED_BYTES: usize = 1 << 20;

/// Reads the crash reports of a stream: a pipe, a packed file, a growing log.
///
/// It gives the same reports as [`reports`](crate::reports) does for the whole log, each as soon as what follows shows
/// that it is complete. Memory is bounded, however long the log, its lines and its reports are.
///
/// Where no line says who printed it and another crash may have begun before this one's end, a report is complete only
/// when what follows for some kilobytes is known: what comes later may tell which CPU printed its lines.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let input: &[u8] = b"[    1.0] all is well\n[    2.0] kernel BUG at mm/slub.c:1!\n";
/// let mut reader = crashparse::ReportReader::new(input);
/// while let Some(report) = reader.next_report()? {
///     assert_eq!(report.title(), "kernel BUG in corrupted");
///     assert_eq!(report.line_number(), Some(2));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReportReader<R> {
    input: R,
    window: Window,
    /// Complete reports of the window.
    ready: VecDeque<Detached>,
    ended: bool,
    error: Option<io::Error>,
}

impl<R: Read> ReportReader<R> {
    /// A reader of the reports of `input`. It asks for 256 KiB at a time and needs no buffered input.
    pub fn new(input: R) -> ReportReader<R> {
        let window = Window::default();
        ReportReader { input, window, ready: VecDeque::new(), ended: false, error: None }
    }

    /// The next report; `None` at the end of the input.
    ///
    /// Where the input fails, the reports of what was read come first, then the error, and then `None`. Input that would
    /// block gives its error at once, and can be asked again: meanwhile there is [`flush`](ReportReader::flush).
    pub fn next_report(&mut self) -> io::Result<Option<Report<'_>>> {
        while self.ready.is_empty() && !self.ended {
            self.read()?;
        }
        let Some(next) = self.ready.pop_front() else {
            return self.error.take().map_or(Ok(None), Err);
        };
        Ok(next.attach(self.window.log()))
    }

    /// Takes what has come so far for the whole log: a report that waits for more is complete.
    ///
    /// It is for input that pauses, such as the console of a machine that has just crashed: the lines that show that its
    /// last report is complete may never come. What comes later is no part of that report any more.
    pub fn flush(&mut self) {
        self.window.find(More::Later, &mut self.ready);
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.window.end() as u64
    }

    /// The input.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// Reads once, and finds what is complete then.
    fn read(&mut self) -> io::Result<()> {
        match self.input.read(self.window.room()) {
            Ok(0) => self.ended = true,
            Ok(bytes) => self.window.take(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            Err(error) => (self.ended, self.error) = (true, Some(error)),
        }
        self.window.find(if self.ended { More::Never } else { More::Soon }, &mut self.ready);
        Ok(())
    }
}

/// Whether more of the log comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Soon,
    /// The input pauses.
    Later,
    Never,
}

/// The part of a log that reports are looked for in.
#[derive(Debug, Default)]
struct Window {
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    filled: usize,
    /// Offset in the log of the buffer's first byte.
    start: usize,
    /// Offset up to which all banners have been dealt with.
    done: usize,
    /// Offset of the first line that was not searched for needles.
    searched: usize,
    /// The offset that must be reached before a report that was incomplete is looked at again.
    wanted: usize,
    /// Inside a line that is too long.
    skipping: bool,
    lines: Lines,
    boots: Boots,
}

impl Window {
    fn log(&self) -> Log<'_> {
        Log::part(self.buffer.get(..self.filled).unwrap_or_default(), self.start)
    }

    fn end(&self) -> usize {
        self.start + self.filled
    }

    /// Where the next bytes are to be put.
    fn room(&mut self) -> &mut [u8] {
        let kept = self.done.saturating_sub(CONTEXT_BYTES + 1);
        if kept.saturating_sub(self.start) >= DROPPED_BYTES {
            self.drop_before(kept);
        }
        if self.buffer.len() < self.filled + READ_BYTES {
            self.buffer.resize((self.filled + READ_BYTES).next_multiple_of(READ_BYTES), 0);
        }
        let room = self.filled..self.filled + READ_BYTES;
        self.buffer.get_mut(room).unwrap_or_default()
    }

    /// So many bytes have been put there.
    fn take(&mut self, bytes: usize) {
        let came = self.filled;
        self.filled = (self.filled + bytes).min(self.buffer.len());
        if !self.skipping {
            return;
        }
        let rest = self.buffer.get(came..self.filled).unwrap_or_default();
        let newline = memchr::memchr(b'\n', rest).map(|at| self.start + came + at + 1);
        self.skipping = newline.is_none();
        let next = newline.unwrap_or(self.end());
        self.drop_before(next);
        (self.done, self.searched) = (next, next);
    }

    fn drop_before(&mut self, offset: usize) {
        let log = Log::part(self.buffer.get(..self.filled).unwrap_or_default(), self.start);
        self.lines.number(log, offset);
        let dropped = offset.saturating_sub(self.start).min(self.filled);
        self.buffer.copy_within(dropped..self.filled, 0);
        self.filled -= dropped;
        self.start += dropped;
    }

    /// Finds the reports that are complete; all of them are at the end of the log.
    fn find(&mut self, more: More, ready: &mut VecDeque<Detached>) {
        if self.skipping {
            return;
        }
        let (limit, cut) = whole_lines(self.log(), more == More::Never);
        let closed = cut || more != More::Soon;
        let pending = self.done < self.searched;
        let grown = limit > self.searched && limit >= self.wanted;
        if !(grown || closed && (pending || limit > self.searched)) {
            return;
        }
        let log =
            Log::part(self.buffer.get(..limit - self.start).unwrap_or_default(), self.start).ending(cut);
        // Most logs are quiet: then nothing before these lines is looked at.
        if !self.boots.search(log, self.searched..limit, closed) {
            return;
        }
        if pending || scan::has_needle(log.get(self.searched..limit)) {
            let mut reports = Reports::of(log, self.done..limit);
            for report in reports.by_ref() {
                let banner = report.span().start;
                if report.is_open() && !closed {
                    let length = limit - banner;
                    self.wanted = limit + if length < SHORT_REPORT_BYTES { 1 } else { length / GROWTH };
                    (self.done, self.searched) = (banner, limit);
                    return;
                }
                let number = self.lines.number(log, banner);
                ready.push_back(report.numbered(number, Some(self.boots.before(banner))).detach());
            }
            if let Some(banner) = reports.unsettled().filter(|_| !closed) {
                (self.done, self.searched, self.wanted) = (banner, limit, limit + 1);
                return;
            }
        }
        self.boots.before(limit);
        (self.done, self.searched, self.wanted) = (limit, limit, 0);
        self.skipping = cut && more != More::Never;
    }
}

/// The end of a log's last whole line, and whether that is final: at the end of the input, or where a line begins
/// that is too long to be the kernel's. No report goes on behind such a line, so its beginning is as good as the whole.
pub(crate) fn whole_lines(log: Log<'_>, ended: bool) -> (usize, bool) {
    if ended {
        return (log.end(), true);
    }
    let last = log.line_start(log.end());
    match log.end() - last {
        LONG_LINE_BYTES.. => (last + 2 * LINE_BYTES, true),
        _ => (last, false),
    }
}
