//! Many logs, by several threads: large ones in ranges, results in the order of the logs.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::thread;

use crate::report::Report;

mod counts;
mod order;
mod range;
mod task;

use task::Log;

/// A thread's part of a log.
const RANGE_BYTES: usize = 4 << 20;

/// A log that can be read from any place, by several threads at once.
pub trait ReadAt: Send + Sync {
    /// Fills `buffer`, or a part of it, with the bytes from `offset` on; 0 at the end of the log.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

#[cfg(unix)]
impl ReadAt for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }
}

#[cfg(windows)]
impl ReadAt for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }
}

/// A log for [`Scan`].
pub struct Source<'s>(Log<'s>);

impl<'s> Source<'s> {
    /// A log in memory. It is not copied.
    pub fn bytes(bytes: impl AsRef<[u8]> + Send + Sync + 's) -> Source<'s> {
        Source(Log::Bytes(Box::new(bytes)))
    }

    /// A log of `size` bytes that several threads read ranges of. What it has grown by since is not read; that it has
    /// shrunk is an error.
    pub fn file(file: impl ReadAt + 's, size: u64) -> Source<'s> {
        Source(Log::File(Box::new(file), size))
    }

    /// A log that one thread reads from its start to its end, as [`ReportReader`](crate::ReportReader) does.
    ///
    /// Where the input says that it would block, it pauses: what has come so far is taken for the whole
    /// ([`ReportReader::flush`](crate::ReportReader::flush)), and then it is asked again. It should not say so at once.
    pub fn stream(input: impl Read + Send + 's) -> Source<'s> {
        Source(Log::Stream(Box::new(input)))
    }
}

/// What [`Scan::run`] finds in a log.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found<T> {
    /// What was made of a report.
    Report(T),
    /// Something could not be read. The reports of what could be are found all the same.
    Failed(io::Error),
    /// The end of a log of so many bytes.
    End(u64),
}

/// Reads many logs with several threads, and gives their reports in the order of the logs.
///
/// Large logs are read in ranges of 4 MiB: whatever the number of threads, the reports are those that
/// [`reports`](crate::reports) gives. Lines without banners are searched in pieces that stay in a core's cache, and kept
/// nowhere. Threads are started for one run and end with it.
///
/// ```
/// use crashparse::{Found, Scan, Source};
///
/// let logs = [Source::bytes("[    2.0] kernel BUG at mm/slub.c:1!\n"), Source::bytes("all is well\n")];
/// let mut titles = Vec::new();
/// let _ = Scan::new().run(
///     logs,
///     |log, report| format!("{log}:{:?}: {}", report.line_number(), report.title()),
///     |_, found| {
///         if let Found::Report(title) = found {
///             titles.push(title);
///         }
///         std::ops::ControlFlow::<()>::Continue(())
///     },
/// );
/// assert_eq!(titles, ["0:Some(1): kernel BUG in corrupted"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    threads: NonZeroUsize,
    numbers: bool,
    boots: bool,
    range: usize,
}

impl Default for Scan {
    fn default() -> Scan {
        Scan::new()
    }
}

impl Scan {
    /// As many threads as the machine has cores.
    pub fn new() -> Scan {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Scan { threads, numbers: true, boots: true, range: RANGE_BYTES }
    }

    /// So many threads, as far as they can be started, and at most 256; with one, all is done by the caller's own.
    pub fn threads(self, threads: NonZeroUsize) -> Scan {
        Scan { threads, ..self }
    }

    /// Whether lines are counted, for [`Report::line_number`]; without, it is somewhat faster. They are by default.
    pub fn line_numbers(self, numbers: bool) -> Scan {
        Scan { numbers, ..self }
    }

    /// Whether boots are counted, for [`Report::boot`]; without, quiet logs are read faster by a quarter. They are by
    /// default, with the lines.
    pub fn boots(self, boots: bool) -> Scan {
        Scan { boots, ..self }
    }

    /// Ranges of so many bytes. For tests alone: no answer depends on it.
    #[doc(hidden)]
    pub fn range_bytes(self, range: usize) -> Scan {
        Scan { range, ..self }
    }

    /// Reads the logs.
    ///
    /// `map` is called by the threads, with the number of a log, from 0, and one of its reports. `each` is called by the
    /// caller's thread, with the same number and what was found: in order, and as soon as all before has been. Where it
    /// breaks the run ends, with what it says.
    pub fn run<'s, L, M, T, E, B>(&self, logs: L, map: M, mut each: E) -> ControlFlow<B>
    where
        L: IntoIterator<Item = Source<'s>>,
        L::IntoIter: Send,
        M: Fn(usize, &Report<'_>) -> T + Sync,
        T: Send,
        E: FnMut(usize, Found<T>) -> ControlFlow<B>,
    {
        let scan = *self;
        let tasks =
            logs.into_iter().enumerate().flat_map(move |(log, source)| task::all(log, source.0, scan));
        let mut outcome = ControlFlow::Continue(());
        order::in_order(
            self.threads,
            tasks,
            |scratch, task, found| task.run(scratch, &map, found),
            |(log, found)| {
                outcome = each(log, found);
                outcome.is_continue()
            },
        );
        outcome
    }
}
