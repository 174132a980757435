//! A log has the same reports however it is read: as a stream in pieces of any size, in ranges, by threads.
//!
//! The first bytes say how. They may as well put a quiet stretch into the log that is as long as the engine's windows,
//! which a small input never reaches.
#![no_main]

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use checks::{Choices, Seen, assert_same};
use crashparse::{Found, LineNumbers, ReadAt, ReportReader, Scan, Source, reports, reports_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let sizes = [choices.size(), choices.size(), choices.size()];
    let (mode, threads, range) = (choices.byte(), choices.byte(), choices.size());
    let (gap, after, line) = (choices.byte(), choices.byte(), choices.byte());
    let log = with_gap(choices.0, gap, after, line);
    let whole: Vec<Seen> = reports(&log).map(|report| Seen::of(&report)).collect();
    let mut lines = LineNumbers::new(&log);
    let numbers: Vec<u64> = whole.iter().map(|seen| lines.of(seen.span.start)).collect();

    assert_same("ranges", &whole, &in_ranges(&log, &sizes));
    let (seen, counted) = match mode % 4 {
        0 => scanned(Source::bytes(log.as_slice()), threads, range, log.len()),
        1 => scanned(Source::file(Short(&log, sizes[0]), log.len() as u64), threads, range, log.len()),
        2 => scanned(Source::stream(Pieces::of(&log, &sizes)), threads, range, log.len()),
        _ => streamed(&log, &sizes),
    };
    assert_same(["memory", "file", "stream", "reader"][mode % 4], &whole, &seen);
    assert_eq!(counted, numbers, "numbers of lines");
});

/// Lines of others, `gap` times 2 KiB, after a line of the first report.
fn with_gap(log: &[u8], gap: usize, after: usize, line: usize) -> Vec<u8> {
    const QUIET: [&str; 4] = [
        "[    9.000000][   T77] quiet: nothing of note, on a line of another task\r\n",
        "[    9.000000] quiet: nothing of note\n",
        "quiet: nothing of note, by a program\n",
        "[    9.000000] RIP: 0010:quiet+0x1/0x2\n",
    ];
    let mut log = log.to_vec();
    // Half of the inputs stay as they are.
    let Some(kilobytes) = (2 * gap).checked_sub(256).filter(|&kilobytes| kilobytes > 0) else { return log };
    let start = reports(&log).next().map_or(0, |report| report.span().start);
    let mut ends = log.iter().enumerate().skip(start).filter(|(_, byte)| **byte == b'\n');
    let at = ends.nth(after).map_or(log.len(), |(at, _)| at + 1);
    let quiet = QUIET[line % QUIET.len()];
    log.splice(at..at, quiet.repeat((kilobytes << 10) / quiet.len()).into_bytes());
    log
}

/// The reports of ranges of these sizes, one after the other, at most 64.
fn in_ranges(log: &[u8], sizes: &[usize]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let (mut start, mut sizes) = (0, sizes.iter().cycle().take(64));
    while start < log.len() {
        let end = sizes.next().map_or(log.len(), |size| (start + size).min(log.len()));
        seen.extend(reports_in(log, start..end).map(|report| Seen::of(&report)));
        start = end;
    }
    seen
}

fn streamed(log: &[u8], sizes: &[usize; 3]) -> (Vec<Seen>, Vec<u64>) {
    let mut reader = ReportReader::new(Pieces::of(log, sizes));
    let (mut seen, mut numbers) = (Vec::new(), Vec::new());
    while let Some(report) = reader.next_report().unwrap() {
        seen.push(Seen::of(&report));
        numbers.push(report.line_number().unwrap());
    }
    assert_eq!(reader.bytes_read(), log.len() as u64);
    (seen, numbers)
}

fn scanned(source: Source<'_>, threads: usize, range: usize, size: usize) -> (Vec<Seen>, Vec<u64>) {
    let threads = NonZeroUsize::new(1 + threads % 3).unwrap();
    let scan = Scan::new().threads(threads).range_bytes(range.max(1 + size / 64));
    let (mut seen, mut numbers, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let outcome = scan.run(
        [source],
        |_, report| (Seen::of(report), report.line_number().unwrap()),
        |_, found| {
            match found {
                Found::Report((report, number)) => {
                    seen.push(report);
                    numbers.push(number);
                }
                Found::End(bytes) => ends.push(bytes),
                other => panic!("{other:?}"),
            }
            ControlFlow::<()>::Continue(())
        },
    );
    assert!(outcome.is_continue());
    assert_eq!(ends, [size as u64]);
    (seen, numbers)
}

/// Gives a log in pieces of these sizes, one after the other, over and over.
struct Pieces<'l> {
    log: &'l [u8],
    sizes: [usize; 3],
    next: usize,
}

impl<'l> Pieces<'l> {
    fn of(log: &'l [u8], sizes: &[usize; 3]) -> Pieces<'l> {
        // Of a large log at least a part: reading single bytes of megabytes is slow by nature.
        let least = 1 + log.len() / 2048;
        Pieces { log, sizes: sizes.map(|size| size.max(least)), next: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(buffer.len());
        self.next += 1;
        self.log.read(&mut buffer[..size])
    }
}

/// A file of which a read gives at most so many bytes.
struct Short<'l>(&'l [u8], usize);

impl ReadAt for Short<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = self.0.get(offset as usize..).unwrap_or_default();
        let length = from.len().min(buffer.len()).min(self.1.max(1 + self.0.len() / 2048));
        buffer[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }
}
