//! What one thread does at a time: a range of a log, or a stream.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::extract::Boots;
use crate::reader::ReportReader;
use crate::report::{Report, reports_in};
use crate::text::{self, Lines};

use super::counts::{Count, Counts, Number};
use super::range::{Readable, Scratch};
use super::{Found, ReadAt, Scan};

/// Where a log is.
pub(super) enum Log<'s> {
    Bytes(Box<dyn AsRef<[u8]> + Send + Sync + 's>),
    File(Box<dyn ReadAt + 's>, u64),
    Stream(Box<dyn Read + Send + 's>),
}

/// A log of which several threads read ranges.
struct Shared<'s> {
    bytes: Bytes<'s>,
    size: usize,
    /// Whether a range could not be read: one message will do.
    failed: AtomicBool,
}

enum Bytes<'s> {
    Memory(Box<dyn AsRef<[u8]> + Send + Sync + 's>),
    File(Box<dyn ReadAt + 's>),
}

pub(super) struct Task<'s> {
    /// Number of the log.
    log: usize,
    work: Work<'s>,
}

enum Work<'s> {
    Stream(Box<dyn Read + Send + 's>),
    Range { log: Arc<Shared<'s>>, range: Range<usize>, number: Option<Number> },
}

/// What must be done for a log.
pub(super) fn all<'s>(log: usize, source: Log<'s>, scan: Scan) -> impl Iterator<Item = Task<'s>> {
    let (stream, shared) = match source {
        Log::Stream(input) => (Some(input), None),
        Log::Bytes(bytes) => {
            let size = (*bytes).as_ref().len();
            (None, Some((Bytes::Memory(bytes), size)))
        }
        Log::File(file, size) => {
            (None, Some((Bytes::File(file), usize::try_from(size).unwrap_or(usize::MAX))))
        }
    };
    let ranges = shared.into_iter().flat_map(move |(bytes, size)| {
        let shared = Arc::new(Shared { bytes, size, failed: AtomicBool::new(false) });
        let counts = Arc::new(Counts::default());
        // An empty log has an end as well.
        (0..size.div_ceil(scan.range).max(1)).map(move |index| {
            let start = index * scan.range;
            let range = start..size.min(start.saturating_add(scan.range));
            let number =
                scan.numbers.then(|| Number { index, counts: Arc::clone(&counts), boots: scan.boots });
            Work::Range { log: Arc::clone(&shared), range, number }
        })
    });
    stream.map(Work::Stream).into_iter().chain(ranges).map(move |work| Task { log, work })
}

impl Task<'_> {
    /// Hands on what is found, until that says `false`.
    pub(super) fn run<T>(
        self,
        scratch: &mut Scratch,
        map: &impl Fn(usize, &Report<'_>) -> T,
        found: &mut dyn FnMut((usize, Found<T>)) -> bool,
    ) {
        let log = self.log;
        let mut goes_on = true;
        let mut report = |report: &Report<'_>| {
            goes_on = goes_on && found((log, Found::Report(map(log, report))));
            goes_on
        };
        let (error, end) = match self.work {
            Work::Stream(input) => {
                let mut reader = ReportReader::new(input);
                let error = reports_of(&mut reader, &mut report).err();
                (error, Some(reader.bytes_read()))
            }
            Work::Range { log, range, number } => {
                let end = (range.end == log.size).then_some(log.size as u64);
                let error = log.reports(range, number.as_ref(), scratch, &mut report);
                // Nobody must wait for a range that could not be read.
                number.iter().for_each(|number| number.publish(Count::default()));
                (error.filter(|_| !log.failed.swap(true, Ordering::Relaxed)), end)
            }
        };
        let error = error.map(Found::Failed).filter(|_| goes_on);
        let goes_on = goes_on && error.is_none_or(|error| found((log, error)));
        if let Some(end) = end.filter(|_| goes_on) {
            found((log, Found::End(end)));
        }
    }
}

/// Hands on the reports of a stream, until that says `false`.
fn reports_of(
    reader: &mut ReportReader<impl Read>,
    report: &mut dyn FnMut(&Report<'_>) -> bool,
) -> io::Result<()> {
    loop {
        match reader.next_report() {
            Ok(Some(found)) if report(&found) => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => reader.flush(),
            Err(error) => return Err(error),
        }
    }
}

impl Shared<'_> {
    fn reports(
        &self,
        range: Range<usize>,
        number: Option<&Number>,
        scratch: &mut Scratch,
        report: &mut dyn FnMut(&Report<'_>) -> bool,
    ) -> Option<io::Error> {
        let bytes = match &self.bytes {
            Bytes::Memory(bytes) => (**bytes).as_ref(),
            Bytes::File(file) => {
                let mut file = Readable { file: &**file, size: self.size, error: None };
                file.reports(range, number, scratch, report);
                return file.error;
            }
        };
        let whole = text::Log::whole(bytes);
        let Some(number) = number else {
            reports_in(bytes, range).all(|found| report(&found));
            return None;
        };
        let mut lines = Lines::before(range.start, 0);
        let mut boots = Boots::default();
        if number.boots {
            boots.search(whole, range.clone(), true);
        }
        number.publish(Count { lines: lines.number(whole, range.end) - 1, boots: boots.found() });
        for found in reports_in(bytes, range) {
            let (start, before) = (found.span().start, number.before());
            let line = before.lines + lines.number(whole, start);
            let found = found.numbered(line, number.boots.then(|| before.boots + boots.before(start)));
            if !report(&found) {
                break;
            }
        }
        None
    }
}
