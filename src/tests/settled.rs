//! Guards that what is settled stays: whatever comes behind a report that is complete changes nothing of it. Guards as well
//! that parts of mixtures have the reports of the whole, and that a line is in one report at most.
//!
//! `../shared` beside the project holds more logs, of crashes of many kernels; where it is absent the test says so.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;

use super::split::{Seen, difference, runner, whole};
use super::support::{self, Log};
use crate::{reports, reports_in};

/// Longest log that is tried.
const LOG_BYTES: usize = 512 << 10;

/// The logs of `testdata/`, and the folders of logs in `../shared`.
fn logs() -> Vec<Log> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if !shared.is_dir() {
        eprintln!("no ../shared here: its logs were not tried");
    }
    let lab7 = std::fs::read_dir(shared.join("lab7")).into_iter().flatten();
    let lab7 = lab7.filter_map(|entry| Some(entry.ok()?.path().join("logs")));
    let others = ["lab/logs", "lab/logs2", "lab/debian/logs", "lab7/repro", "pasted"];
    let folders: Vec<PathBuf> = others.iter().map(|folder| shared.join(folder)).chain(lab7).collect();
    let more = folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| support::logs_of(folder));
    support::all_logs().into_iter().chain(more).filter(|log| log.bytes.len() <= LOG_BYTES).collect()
}

/// The reports of the beginning of a log that no more of it can change.
fn settled(head: &[u8]) -> Vec<Seen> {
    reports(head).take_while(|report| !report.is_open()).map(|report| Seen::of(&report)).collect()
}

fn check(name: &str, head: &[u8], tail: &[u8]) -> Result<(), TestCaseError> {
    let settled = settled(head);
    let mut all = whole(&[head, tail].concat());
    all.truncate(settled.len());
    match difference(&all, &settled) {
        None => Ok(()),
        Some(difference) => {
            Err(TestCaseError::fail(format!("{name}, {} bytes and others: {difference}", head.len())))
        }
    }
}

#[test]
fn what_is_settled_stays_whatever_comes_behind() {
    let logs = logs();
    let cuts = || (any::<Index>(), any::<Index>(), any::<Index>());
    let result = runner(512).run(&(any::<Index>(), cuts()), |(which, (cut, other, from))| {
        let (log, other) = (which.get(&logs), other.get(&logs));
        let (head, rest) = log.bytes.split_at(cut.index(log.bytes.len() + 1));
        check(&log.name, head, rest)?;
        // Another log, from the start of a line on.
        let from = from.index(other.bytes.len() + 1);
        let from = other.bytes[from..].iter().position(|&byte| byte == b'\n').map_or(0, |at| from + at);
        check(&format!("{} and {}", log.name, other.name), head, &other.bytes[from..])
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// What may stand before each line of a log: the second is no prefix that a table knows.
const PREFIXES: [&str; 3] = ["", "web_1  | ", "larkbox: 12345.678 <kern> "];

fn prefixed(log: &[u8], prefix: &str) -> Vec<u8> {
    log.split_inclusive(|&byte| byte == b'\n').flat_map(|line| [prefix.as_bytes(), line].concat()).collect()
}

/// Two logs, line by line, so many lines of each at a time.
fn mixed(a: &[u8], b: &[u8], turns: &[usize]) -> Vec<u8> {
    let mut logs = [a, b].map(|log| log.split_inclusive(|&byte| byte == b'\n'));
    let mut mixed = Vec::new();
    let mut turns = turns.iter().copied().cycle();
    let mut ended = 0;
    while ended < 2 {
        ended = 0;
        for log in &mut logs {
            let before = mixed.len();
            log.by_ref().take(turns.next().unwrap_or(1)).for_each(|line| mixed.extend_from_slice(line));
            ended += usize::from(mixed.len() == before);
        }
    }
    mixed
}

#[test]
fn parts_of_mixtures_have_the_reports_of_the_whole() {
    let logs = logs();
    let turns = proptest::collection::vec(1..30usize, 1..6);
    let cuts = proptest::collection::vec(any::<Index>(), 1..5);
    let input = (any::<Index>(), any::<Index>(), turns, cuts, any::<Index>());
    let result = runner(256).run(&input, |(a, b, turns, cuts, prefix)| {
        let (a, b) = (a.get(&logs), b.get(&logs));
        let log = prefixed(&mixed(&a.bytes, &b.bytes, &turns), PREFIXES[prefix.index(PREFIXES.len())]);
        let all = whole(&log);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).collect();
        cuts.extend([0, log.len()]);
        cuts.sort_unstable();
        let ranges = cuts.windows(2).map(|pair| pair[0]..pair[1]);
        let parts: Vec<Seen> =
            ranges.flat_map(|range| reports_in(&log, range)).map(|report| Seen::of(&report)).collect();
        if let Some(difference) = difference(&all, &parts) {
            let what = format!("{} and {}, cut at {cuts:?}: {difference}", a.name, b.name);
            return Err(TestCaseError::fail(what));
        }
        let mut taken = HashSet::new();
        for report in reports(&log) {
            for line in report.lines() {
                prop_assert!(taken.insert(line.offset), "{} and {}: {}", a.name, b.name, line.offset);
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
