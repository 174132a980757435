//! Guards locality: a log can be cut anywhere, and the reports of the parts are those of the whole.
//! Threads and readers of streams rest on it. Guards as well what every report promises: its lines lie
//! in the log, reports come in the order of their banners, and `follows` points to an earlier one.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::{LineNumbers, Prefix, Report, ReportReader, contains_crash, reports, reports_in};

use super::support::{self, Log};

/// What must not change when a log is read in parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    title: String,
    span: Range<usize>,
    follows: Option<usize>,
    corruption: Option<&'static str>,
    signature: u64,
    cut: bool,
    preamble: Vec<usize>,
    doubtful: Vec<usize>,
    lines: Vec<usize>,
    /// Prefixes and texts of all lines.
    texts: Vec<(Prefix, Vec<u8>)>,
}

impl Seen {
    pub(super) fn of(report: &Report<'_>) -> Seen {
        Seen {
            title: report.title().to_string(),
            span: report.span(),
            follows: report.follows(),
            corruption: report.corruption().map(|corruption| corruption.as_str()),
            signature: report.signature(),
            cut: report.is_cut(),
            preamble: report.preamble().iter().map(|line| line.offset).collect(),
            doubtful: report.doubtful_lines().iter().map(|line| line.offset).collect(),
            lines: report.lines().iter().map(|line| line.offset).collect(),
            texts: report
                .preamble()
                .iter()
                .chain(report.lines())
                .map(|line| (line.prefix, line.body.to_vec()))
                .collect(),
        }
    }
}

pub(super) fn whole(log: &[u8]) -> Vec<Seen> {
    reports(log).map(|report| Seen::of(&report)).collect()
}

impl Seen {
    pub(super) fn start(&self) -> usize {
        self.span.start
    }
}

/// The reports of all ranges between `cuts`.
pub(super) fn in_parts(log: &[u8], cuts: &[usize]) -> Vec<Seen> {
    let mut cuts = cuts.to_vec();
    cuts.extend([0, log.len()]);
    cuts.sort_unstable();
    let ranges = cuts.windows(2).map(|pair| pair[0]..pair[1]);
    ranges.flat_map(|range| reports_in(log, range)).map(|report| Seen::of(&report)).collect()
}

/// The first difference, short enough to read.
pub(super) fn difference(whole: &[Seen], parts: &[Seen]) -> Option<String> {
    let same = whole.iter().zip(parts).take_while(|(a, b)| a == b).count();
    if same == whole.len() && same == parts.len() {
        return None;
    }
    let brief = |seen: Option<&Seen>| match seen {
        None => "none".to_string(),
        Some(seen) => format!(
            "{:?} at {:?}, follows {:?}, corruption {:?}, lines {}, of the preamble {}",
            seen.title,
            seen.span,
            seen.follows,
            seen.corruption,
            seen.lines.len(),
            seen.preamble.len()
        ),
    };
    let (a, b) = (brief(whole.get(same)), brief(parts.get(same)));
    Some(format!("report {same} of {}:\n  whole: {a}\n  parts: {b}", whole.len()))
}

fn check(name: &str, log: &[u8], all: &[Seen], cuts: &[usize]) -> Result<(), TestCaseError> {
    match difference(all, &in_parts(log, cuts)) {
        None => Ok(()),
        Some(difference) => Err(TestCaseError::fail(format!("{name}, cut at {cuts:?}: {difference}"))),
    }
}

/// How many reports a log has, however it is read.
#[track_caller]
pub(super) fn check_however_read(log: &str, reports: usize) {
    let all = whole(log.as_bytes());
    assert_eq!(all.len(), reports, "{all:#?}\n{log}");
    for (newline, _) in log.match_indices('\n') {
        let parts = in_parts(log.as_bytes(), &[newline + 1]);
        assert_eq!(difference(&all, &parts), None, "cut at {newline}");
    }
    for bytes in [1, 77, 500] {
        let mut reader = ReportReader::new(Bites(log.as_bytes(), bytes));
        let mut streamed = Vec::new();
        while let Some(report) = reader.next_report().unwrap() {
            streamed.push((report.line_number(), report.title().to_string()));
        }
        let mut numbers = LineNumbers::new(log.as_bytes());
        let numbered =
            crate::reports(log.as_bytes()).map(|r| (Some(numbers.of(r.span().start)), r.title().to_string()));
        assert_eq!(streamed, numbered.collect::<Vec<_>>(), "{bytes} bytes at a time");
    }
}

/// A stream that gives so many bytes at a time.
struct Bites<'a>(&'a [u8], usize);

impl Read for Bites<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(bytes);
        buffer[..bytes].copy_from_slice(now);
        self.0 = later;
        Ok(bytes)
    }
}

/// A runner that tries the same cases each time; `PROPTEST_CASES` sets how many.
pub(super) fn runner(cases: u32) -> TestRunner {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Where to cut: anywhere, or within a few bytes of a banner's start.
#[derive(Clone, Debug)]
enum Cut {
    Anywhere(Index),
    NearBanner(Index, isize),
}

impl Cut {
    fn at(&self, log: &[u8], all: &[Seen]) -> usize {
        match self {
            Cut::NearBanner(index, by) if !all.is_empty() => {
                all[index.index(all.len())].span.start.saturating_add_signed(*by).min(log.len())
            }
            Cut::NearBanner(index, _) | Cut::Anywhere(index) => index.index(log.len() + 1),
        }
    }
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let cut = prop_oneof![
        any::<Index>().prop_map(Cut::Anywhere),
        (any::<Index>(), -3..40isize).prop_map(|(index, by)| Cut::NearBanner(index, by)),
    ];
    proptest::collection::vec(cut, 1..8)
}

#[test]
fn parts_of_a_log_have_the_reports_of_the_whole() {
    for log in support::all_logs() {
        let all = whole(&log.bytes);
        let result = runner(4).run(&cuts(), |cuts| {
            let cuts: Vec<usize> = cuts.iter().map(|cut| cut.at(&log.bytes, &all)).collect();
            check(&log.name, &log.bytes, &all, &cuts)
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_banner_belongs_to_the_range_of_its_first_byte() {
    for log in support::logs("logs") {
        let all = whole(&log.bytes);
        // Some of many: first, second, last.
        let mut starts: Vec<usize> = all.iter().map(|seen| seen.span.start).collect();
        if starts.len() > 3 {
            starts.drain(2..starts.len() - 1);
        }
        for start in starts {
            let one: Vec<Seen> =
                reports_in(&log.bytes, start..start + 1).map(|report| Seen::of(&report)).collect();
            assert!(one.len() == 1 && all.contains(&one[0]), "{}: byte {start} alone", log.name);
            let after = reports_in(&log.bytes, start + 1..start + 2).count();
            assert_eq!(after, 0, "{}: byte {start} belongs to the range after it", log.name);
            let near = [start.saturating_sub(1), start, start + 1, start + 2];
            check(&log.name, &log.bytes, &all, &near).unwrap();
        }
    }
}

/// Logs one after another: boots of one machine.
pub(super) fn joined(logs: &[Log], picks: &[Index]) -> (String, Vec<u8>) {
    let picked: Vec<&Log> = picks.iter().map(|index| &logs[index.index(logs.len())]).collect();
    let names: Vec<&str> = picked.iter().map(|log| log.name.as_str()).collect();
    (names.join(" + "), picked.iter().flat_map(|log| log.bytes.iter().copied()).collect())
}

#[test]
fn parts_of_several_boots_have_the_reports_of_the_whole() {
    let mut logs = support::all_logs();
    logs.retain(|log| log.bytes.len() < 100_000);
    let picks = proptest::collection::vec(any::<Index>(), 2..4);
    let result = runner(48).run(&(picks, cuts()), |(picks, cuts)| {
        let (name, log) = joined(&logs, &picks);
        let all = whole(&log);
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.at(&log, &all)).collect();
        check(&name, &log, &all, &cuts)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Half a megabyte each: few where the code is not optimised.
pub(super) const GAP_CASES: u32 = if cfg!(debug_assertions) { 6 } else { 100 };

/// Lines of others between two lines of a log.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// Which line of the log, counted from a report's banner.
    after: (Index, usize),
    bytes: usize,
    line: &'static str,
}

/// Gaps as long as the windows that the engine looks back and forth in, a little less, and a little more.
pub(super) fn gaps() -> impl Strategy<Value = Vec<Gap>> {
    let after = (any::<Index>(), 0..60usize);
    let bytes = prop_oneof![
        (1usize..12_000),
        ((64usize << 10) - 4_000)..((64 << 10) + 4_000),
        ((128usize << 10) - 4_000)..((128 << 10) + 4_000),
        ((256usize << 10) - 4_000)..((256 << 10) + 4_000),
    ];
    let line = prop_oneof![
        Just("[    9.000000][   T77] quiet: nothing of note, on a line of another task\r\n"),
        Just("[    9.000000][   T40] quiet: nothing of note, on a line of the same task\r\n"),
        Just("[    9.000000] quiet: nothing of note\r\n"),
        Just("quiet: nothing of note, by a program\r\n"),
        Just("[    9.000000] RIP: 0010:quiet+0x1/0x2\r\n"),
    ];
    let gap = (after, bytes, line).prop_map(|(after, bytes, line)| Gap { after, bytes, line });
    proptest::collection::vec(gap, 1..4)
}

/// Puts lines of others after the `nth` line from `start` on.
fn insert(log: &mut Vec<u8>, start: usize, nth: usize, bytes: usize, line: &str) {
    let ends = log[start..].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let at = ends.map(|(at, _)| start + at + 1).nth(nth).unwrap_or(log.len());
    log.splice(at..at, line.repeat(bytes / line.len()).into_bytes());
}

pub(super) fn with_gaps(log: &[u8], gaps: &[Gap]) -> Vec<u8> {
    let mut log = log.to_vec();
    for gap in gaps {
        let starts: Vec<usize> = reports(&log).map(|report| report.span().start).collect();
        let start = if starts.is_empty() { 0 } else { starts[gap.after.0.index(starts.len())] };
        insert(&mut log, start, gap.after.1, gap.bytes, gap.line);
    }
    log
}

#[test]
fn parts_of_a_log_with_gaps_have_the_reports_of_the_whole() {
    let mut logs = support::logs("logs");
    logs.retain(|log| log.bytes.len() < 60_000);
    let picks = proptest::collection::vec(any::<Index>(), 1..3);
    let result = runner(GAP_CASES).run(&(picks, gaps(), cuts()), |(picks, gaps, cuts)| {
        let (name, log) = joined(&logs, &picks);
        let log = with_gaps(&log, &gaps);
        let all = whole(&log);
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.at(&log, &all)).collect();
        check(&format!("{name}, {gaps:?}"), &log, &all, &cuts)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// A report may be longer than the window before the banner that follows from it.
#[test]
fn a_cause_beyond_the_window_is_beyond_it_for_the_whole_as_well() {
    let log = support::logs("logs").into_iter().find(|log| log.name == "sleep-atomic").unwrap();
    let quiet = "[    9.000000][   T77] quiet: nothing of note, on a line of another task\r\n";
    for kilobytes in (58..70).chain([124, 128, 132]) {
        let mut bytes = log.bytes.clone();
        insert(&mut bytes, whole(&log.bytes)[0].span.start, 36, kilobytes << 10, quiet);
        let all = whole(&bytes);
        for start in all.iter().map(|seen| seen.span.start) {
            check("sleep-atomic", &bytes, &all, &[start]).unwrap();
        }
    }
}

/// Whether `part` is a slice of `log`, not only equal to one.
fn lies_in(log: &[u8], part: &[u8]) -> bool {
    let (log, part) = (log.as_ptr_range(), part.as_ptr_range());
    log.start <= part.start && part.end <= log.end
}

#[test]
fn reports_keep_their_promises() {
    for log in support::all_logs() {
        let (name, bytes) = (&log.name, log.bytes.as_slice());
        let mut starts: Vec<usize> = Vec::new();
        let mut taken: HashSet<usize> = HashSet::new();
        for report in reports(bytes) {
            let span = report.span();
            assert!(span.start < span.end && span.end <= bytes.len(), "{name}: {span:?}");
            assert!(starts.last().is_none_or(|last| *last < span.start), "{name}: {span:?} out of order");
            for line in report.preamble().iter().chain(report.lines()) {
                assert!(lies_in(bytes, line.raw) && lies_in(line.raw, line.body), "{name}: {}", line.offset);
                let from = &bytes[line.offset..];
                assert!(std::ptr::eq(from.as_ptr(), line.raw.as_ptr()), "{name}: {}", line.offset);
            }
            let offsets: Vec<usize> = report.lines().iter().map(|line| line.offset).collect();
            assert_eq!(offsets.first(), Some(&span.start), "{name}: the first line is not the banner");
            assert!(offsets.is_sorted_by(|a, b| a < b), "{name}: lines out of order at {span:?}");
            assert!(report.preamble().iter().all(|line| line.offset < span.start), "{name}: {span:?}");
            for offset in offsets {
                assert!(
                    taken.insert(offset),
                    "{name}: the line at {offset} is in two reports, one is {span:?}"
                );
            }
            if let Some(cause) = report.follows() {
                assert!(starts.contains(&cause), "{name}: {span:?} follows {cause}, where no report starts");
            }
            starts.push(span.start);
        }
        assert_eq!(contains_crash(bytes), !starts.is_empty(), "{name}");
    }
}

/// Two reports of one task, each between lines of `=`: `kasan_report`, mm/kasan/report.c, 6.1.
#[test]
fn a_line_of_equals_signs_belongs_to_the_report_that_it_opens() {
    let rule = "=".repeat(66);
    let report = |time: u32| {
        format!(
            "[   12.{time:06}][   T77] {rule}\n\
             [   12.{time:06}][   T77] BUG: KASAN: use-after-free in demo_read+0x86/0xa0 [demo]\n\
             [   12.{time:06}][   T77] Read of size 8 at addr ffff88800089c230 by task demo/77\n\
             [   12.{time:06}][   T77] Call Trace:\n\
             [   12.{time:06}][   T77]  demo_read+0x86/0xa0 [demo]\n\
             [   12.{time:06}][   T77]  vfs_read+0x164/0x610\n\
             [   12.{time:06}][   T77] {rule}\n"
        )
    };
    let log = report(1) + &report(2);
    let found: Vec<_> = reports(log.as_bytes()).collect();
    let [first, second] = found.as_slice() else { panic!("{} reports", found.len()) };
    assert_eq!(first.span().end + 1, report(1).len());
    assert_eq!(second.follows(), Some(first.span().start));
}
