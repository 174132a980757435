//! Reports: of any log everything may be asked, and every report keeps its promises.
#![no_main]

use std::collections::HashSet;

use crashparse::{LineNumbers, contains_crash, hits, hits_by, reports, ways};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let found: Vec<_> = hits(log).collect();
    for way in ways() {
        assert!(hits_by(way, log).eq(found.iter().cloned()), "{way} finds other lines");
    }
    let mut numbers = LineNumbers::new(log);
    let mut starts: Vec<usize> = Vec::new();
    let mut taken = HashSet::new();
    for report in reports(log) {
        checks::ask(&report);
        checks::check_lines(log, &report);
        let span = report.span();
        for line in report.lines() {
            assert!(taken.insert(line.offset), "two reports take the line at {}", line.offset);
        }
        assert!(starts.last().is_none_or(|last| *last < span.start), "{span:?} out of order");
        if let Some(cause) = report.follows() {
            assert!(starts.contains(&cause), "{span:?} follows {cause}, where no report starts");
        }
        let before = log[..span.start].iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(numbers.of(span.start), before + 1);
        starts.push(span.start);
    }
    assert_eq!(contains_crash(log), !starts.is_empty());
});
