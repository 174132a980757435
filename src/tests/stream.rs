//! Guards that a log gives the same reports however it is read: in pieces of any size, in ranges of any size, by any
//! number of threads.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::{Found, LineNumbers, ReadAt, Report, ReportReader, Scan, Source, reports};

use super::split::{GAP_CASES, Seen, difference, gaps, joined, runner, whole, with_gaps};
use super::support;

/// Gives a log in pieces of these sizes, one after the other, over and over.
struct Pieces<'l> {
    log: &'l [u8],
    sizes: Vec<usize>,
    next: usize,
}

impl<'l> Pieces<'l> {
    fn of(log: &'l [u8], sizes: &[usize]) -> Pieces<'l> {
        Pieces { log, sizes: sizes.to_vec(), next: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        let (piece, rest) = self.log.split_at(size.min(buffer.len()).min(self.log.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        self.log = rest;
        Ok(piece.len())
    }
}

/// The numbers of a report's line and boot.
type Numbers = (u64, u64);

fn numbers(report: &Report<'_>) -> Numbers {
    (report.line_number().unwrap(), report.boot().unwrap())
}

/// What a stream gives, and where.
fn streamed(log: &[u8], sizes: &[usize]) -> (Vec<Seen>, Vec<Numbers>) {
    let mut reader = ReportReader::new(Pieces::of(log, sizes));
    let (mut seen, mut places) = (Vec::new(), Vec::new());
    while let Some(report) = reader.next_report().unwrap() {
        seen.push(Seen::of(&report));
        places.push(numbers(&report));
    }
    assert_eq!(reader.bytes_read(), log.len() as u64);
    (seen, places)
}

/// A file of which a read gives at most so many bytes.
struct Short<'l>(&'l [u8], usize);

impl ReadAt for Short<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = self.0.get(offset as usize..).unwrap_or_default();
        let length = from.len().min(buffer.len()).min(self.1);
        buffer[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }
}

/// What threads find in ranges of so many bytes.
fn scanned(source: Source<'_>, threads: usize, range: usize, size: usize) -> (Vec<Seen>, Vec<Numbers>) {
    let scan = Scan::new().threads(NonZeroUsize::new(threads).unwrap()).range_bytes(range);
    let (mut seen, mut places, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let outcome = scan.run(
        [source],
        |log, report| (log, Seen::of(report), numbers(report)),
        |log, found| {
            match found {
                Found::Report((0, report, number)) => {
                    seen.push(report);
                    places.push(number);
                }
                Found::End(bytes) => ends.push((log, bytes)),
                other => panic!("{other:?}"),
            }
            ControlFlow::<()>::Continue(())
        },
    );
    assert!(outcome.is_continue());
    assert_eq!(ends, [(0, size as u64)]);
    (seen, places)
}

/// How a log is read.
#[derive(Clone, Debug)]
enum Way {
    Stream(Vec<usize>),
    Memory(usize, usize),
    File(usize, usize, usize),
}

fn ways() -> impl Strategy<Value = Way> {
    let sizes = prop_oneof![1..10usize, 1..5_000usize, 60_000..70_000usize, 1..1_000_000usize];
    let threads = || prop_oneof![Just(1usize), Just(2), Just(7)];
    // Threads are dear.
    let range = || prop_oneof![2_000..40_000usize, 40_000..200_000usize];
    prop_oneof![
        proptest::collection::vec(sizes, 1..4).prop_map(Way::Stream),
        (threads(), range()).prop_map(|(threads, range)| Way::Memory(threads, range)),
        (threads(), range(), prop_oneof![1_000..9_000usize, Just(usize::MAX)])
            .prop_map(|(threads, range, most)| Way::File(threads, range, most)),
    ]
}

fn check(name: &str, log: &[u8], all: &[Seen], way: &Way) -> Result<(), TestCaseError> {
    let (seen, numbers) = match way {
        Way::Stream(sizes) => streamed(log, sizes),
        Way::Memory(threads, range) => scanned(Source::bytes(log), *threads, *range, log.len()),
        Way::File(threads, range, most) => {
            let source = Source::file(Short(log, *most), log.len() as u64);
            scanned(source, *threads, *range, log.len())
        }
    };
    if let Some(difference) = difference(all, &seen) {
        return Err(TestCaseError::fail(format!("{name}, {way:?}: {difference}")));
    }
    let mut lines = LineNumbers::new(log);
    let boots = reports(log).map(|report| report.boot().unwrap());
    let expected: Vec<Numbers> = all.iter().map(|seen| lines.of(seen.start())).zip(boots).collect();
    prop_assert_eq!(numbers, expected, "{}, {:?}", name, way);
    Ok(())
}

#[test]
fn a_log_has_the_same_reports_however_it_is_read() {
    for log in support::all_logs() {
        let all = whole(&log.bytes);
        let result = runner(3).run(&ways(), |way| check(&log.name, &log.bytes, &all, &way));
        result.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn logs_with_gaps_have_the_same_reports_however_they_are_read() {
    let mut logs = support::logs("logs");
    logs.retain(|log| log.bytes.len() < 60_000);
    let picks = proptest::collection::vec(any::<Index>(), 1..3);
    let result = runner(GAP_CASES).run(&(picks, gaps(), ways()), |(picks, gaps, way)| {
        let (name, log) = joined(&logs, &picks);
        let log = with_gaps(&log, &gaps);
        check(&format!("{name}, {gaps:?}"), &log, &whole(&log), &way)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn single_bytes_are_a_stream() {
    for name in ["oops-work", "debian-multi-oops", "panic.kaslr"] {
        for log in support::logs("logs").into_iter().filter(|log| log.name == name) {
            let all = whole(&log.bytes);
            for size in [1, 7] {
                check(name, &log.bytes, &all, &Way::Stream(vec![size])).unwrap_or_else(|e| panic!("{e}"));
            }
        }
    }
}

/// Lines longer than any window, before, in and behind reports, some with words of banners in them.
#[test]
fn no_line_is_too_long() {
    let log = support::logs("logs").into_iter().find(|log| log.name == "oops-work").unwrap().bytes;
    let start = whole(&log)[0].start();
    let lines: Vec<usize> =
        log[start..].iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| start + at + 1).collect();
    for length in [70 << 10, 130 << 10, 1 << 20, (1 << 20) + (200 << 10), 3 << 20] {
        let plain = b"x".repeat(length);
        let stamped = [b"[    1.0] kernel BUG at mm/slub.c:1! ".as_slice(), &plain].concat();
        let late =
            [plain.as_slice(), b" kernel BUG at mm/slub.c:1! Sending NMI from CPU 0 to CPUs 1:"].concat();
        for long in [plain, stamped, late] {
            for at in [0, start, lines[0], lines[5], log.len()] {
                let mut bytes = log[..at].to_vec();
                bytes.extend_from_slice(&long);
                bytes.push(b'\n');
                bytes.extend_from_slice(&log[at..]);
                let all = whole(&bytes);
                for way in [
                    Way::Stream(vec![100_000]),
                    Way::Stream(vec![usize::MAX]),
                    Way::Memory(2, 700_000),
                    Way::File(2, 300_000, usize::MAX),
                ] {
                    check("a long line", &bytes, &all, &way)
                        .unwrap_or_else(|e| panic!("{length}, {at}: {e}"));
                }
            }
        }
    }
}

#[test]
fn what_was_read_before_an_error_is_not_lost() {
    struct Fails<'l>(Pieces<'l>);
    impl Read for Fails<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the cable")),
                bytes => Ok(bytes),
            }
        }
    }
    let log = b"[    1.0] kernel BUG at mm/slub.c:1!\n[    2.0] RIP: 0010:fn+0x1/0x2\n";
    let mut reader = ReportReader::new(Fails(Pieces::of(log, &[20])));
    assert_eq!(reader.next_report().unwrap().unwrap().title(), "kernel BUG in fn");
    assert_eq!(reader.next_report().unwrap_err().to_string(), "the cable");
    assert!(reader.next_report().unwrap().is_none());
}

#[test]
fn a_report_comes_as_soon_as_it_is_complete() {
    let log =
        support::logs("logs").into_iter().find(|log| log.name == "debian-hung-task.kaslr").unwrap().bytes;
    let all = whole(&log);
    assert!(all.len() > 1);
    let mut reader = ReportReader::new(Pieces::of(&log, &[80]));
    let _ = reader.next_report().unwrap().unwrap();
    assert!(reader.bytes_read() < log.len() as u64, "the first comes only at the end");
}

#[test]
fn a_pause_completes_a_report() {
    /// A log in two parts, with a pause between.
    struct Pauses(Vec<Option<&'static [u8]>>);
    impl Read for Pauses {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop() {
                None => Ok(0),
                Some(None) => Err(io::ErrorKind::WouldBlock.into()),
                Some(Some(part)) => {
                    buffer[..part.len()].copy_from_slice(part);
                    Ok(part.len())
                }
            }
        }
    }
    let banner: &[u8] =
        b"[    1.0] kernel BUG at mm/slub.c:1!\n[    1.0] RIP: 0010:fn+0x1/0x2\n[    1.0] RAX: 00";
    let rest: &[u8] =
        b"00000000000000\n[    1.0] general protection fault, maybe for address 0x0: 0000 [#1] SMP\n";
    let mut reader = ReportReader::new(Pauses(vec![Some(rest), None, Some(banner)]));
    assert_eq!(reader.next_report().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    reader.flush();
    assert_eq!(reader.next_report().unwrap().unwrap().title(), "kernel BUG in fn");
    // A line of which a part has come is none yet.
    let report = reader.next_report().unwrap().unwrap();
    assert_eq!((report.title(), report.line_number()), ("general protection fault in corrupted", Some(4)));
    assert!(reader.next_report().unwrap().is_none());
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    let log = support::logs("logs").into_iter().find(|log| log.name == "oops-work").unwrap().bytes;
    let claimed = log.len() as u64 + 1_000_000;
    for threads in [1, 2] {
        let (mut titles, mut errors) = (0, Vec::new());
        let outcome = Scan::new().threads(NonZeroUsize::new(threads).unwrap()).range_bytes(50_000).run(
            [Source::file(Short(&log, usize::MAX), claimed), Source::bytes("all is well\n")],
            |_, _| (),
            |at, found| {
                match found {
                    Found::Report(()) => titles += 1,
                    Found::Failed(error) => errors.push(error.to_string()),
                    Found::End(bytes) if at == 1 => return ControlFlow::Break(bytes),
                    Found::End(_) => {}
                }
                ControlFlow::Continue(())
            },
        );
        assert_eq!(outcome, ControlFlow::Break(12));
        assert_eq!((titles, errors), (1, vec!["the file is shorter than when it was opened".to_string()]));
    }
}

/// The boots of a log, by the lines that kernels and programs print.
#[test]
fn a_report_has_the_number_of_its_boot() {
    let log = b"\
[   99.100000] kernel BUG at mm/slub.c:1!
[   99.100001] Linux version 6.1.0 is what a driver says
SeaBIOS (version 1.16.2-debian-1.16.2-1)
[    0.000000] Linux version 6.1.0 (me@host) (gcc (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC
[    1.100000] kernel BUG at mm/slub.c:2!
# cat /proc/version
Linux version 6.1.0 (me@host) (gcc (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC
[    9.100000] kernel BUG at mm/slub.c:3!
<5>[    0.000000][    T0] Linux version 6.1.0 (me@host) (clang version 16.0.6) #2 SMP PREEMPT_DYNAMIC
[    1.100000][    T1] kernel BUG at mm/slub.c:4!
Nov 22 06:12:01 host kernel: Linux version 6.1.0 (me@host) (clang version 16.0.6) #2 SMP PREEMPT_DYNAMIC
Nov 22 06:12:01 host sshd[123]: Linux version 6.1.0 (me@host) (clang version 16.0.6) #2 SMP PREEMPT_DYNAMIC
Nov 22 06:12:02 host kernel: kernel BUG at mm/slub.c:5!
";
    let boots: Vec<u64> = reports(log).map(|report| report.boot().unwrap()).collect();
    assert_eq!(boots, [0, 1, 1, 2, 3]);
    // Some log without times.
    let bare = b"Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP\nkernel BUG at mm/slub.c:1!\n";
    assert_eq!(reports(bare).map(|report| report.boot()).collect::<Vec<_>>(), [Some(1)]);
    // A clock that began before the kernel did, and what somebody has written to /dev/kmsg.
    let s390 = b"\
[    2.100000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
[    3.100000] kernel BUG at mm/slub.c:1!
[    4.100000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
[    5.100000] kernel BUG at mm/slub.c:2!
[    2.100000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
[    3.200000] kernel BUG at mm/slub.c:3!
";
    let replayed = b"\
[    9.100000] Kernel panic - not syncing: one
[    9.100001] Kernel Offset: disabled
[    0.000000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
[    0.000000] Command line: quiet panic=-1 panic_print=0x28
[    8.100000] WARNING: CPU: 0 PID: 1 at mm/slub.c:2 demo+0x0/0x10
[    9.100000] Kernel panic - not syncing: one
[    9.100001] Kernel Offset: disabled
[    0.000000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
[    0.000000] Command line: quiet panic=-1 panic_print=0x28
[    8.100000] Kernel panic - not syncing: another
Panic#1 Part1
<5>[    0.000000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
<4>[    5.100000] Kernel panic - not syncing: a third
Panic#2 Part1
<5>[    0.000000] Linux version 6.1.0 (me@host) (gcc 12.2.0) #1 SMP
<4>[    6.100000] Kernel panic - not syncing: a fourth
";
    for (log, boots) in [(&s390[..], &[1, 1, 2][..]), (replayed, &[0, 0, 1, 2, 2])] {
        assert_eq!(reports(log).map(|report| report.boot().unwrap()).collect::<Vec<_>>(), boots);
        check_boots(log);
    }
    check_boots(log);
}

/// Ranges that a boot's line is cut by.
fn check_boots(log: &[u8]) {
    let all = whole(log);
    for range in 1..log.len() {
        check("boots", log, &all, &Way::File(1, range, usize::MAX))
            .unwrap_or_else(|e| panic!("{range}: {e}"));
        check("boots", log, &all, &Way::Memory(1, range)).unwrap_or_else(|e| panic!("{range}: {e}"));
        check("boots", log, &all, &Way::Stream(vec![range])).unwrap_or_else(|e| panic!("{range}: {e}"));
    }
}

/// A report of 70,000 lines, and one of 10 MiB.
#[test]
fn what_a_limit_cuts_is_said() {
    let banner = b"[    1.100000] sysrq: Show State\n".as_slice();
    let frame = b"[    1.100000]  do_step+0x1/0x2\n".as_slice();
    let long = [b"[    1.100000]  do_step+0x1/0x2 ".as_slice(), &b"x".repeat(60_000), b"\n"].concat();
    for (lines, cut) in [(frame.repeat(100), false), (frame.repeat(70_000), true), (long.repeat(200), true)] {
        let log = [b"[    1.1] kernel BUG at mm/slub.c:1!\n".as_slice(), banner, &lines].concat();
        let cuts: Vec<bool> = reports(&log).map(|report| report.is_cut()).collect();
        assert!(cuts.contains(&cut), "{cuts:?}");
        check("cut", &log, &whole(&log), &Way::Stream(vec![100_000])).unwrap_or_else(|e| panic!("{e}"));
    }
}
