//! Bisection logs: whatever is in one, its facts are parts of it, its chances are chances, and a cut log gives the
//! beginning of what the whole one does.
#![no_main]

use checks::lies_in;
use crashparse::ser::JsonBisection;
use crashparse::{Bisection, TextBisection, bisection};
use libfuzzer_sys::fuzz_target;

/// Makes any log one of a bisection.
const FIRST: &[u8] = b"testing commit 0123456789abcdef0123456789abcdef01234567\n";

fuzz_target!(|data: &[u8]| {
    let log = if bisection(data).is_some() { data.to_vec() } else { [FIRST, data].concat() };
    let whole = bisection(&log).unwrap();
    check(&log, &whole);
    let middle = log.len() / 2;
    let end = log[middle..].iter().position(|byte| *byte == b'\n').map_or(log.len(), |at| middle + at + 1);
    let Some(cut) = bisection(&log[..end]) else { return };
    assert!(cut.tests.len() <= whole.tests.len() && cut.steps.len() <= whole.steps.len());
    for (cut, whole) in cut.tests.iter().zip(&whole.tests) {
        assert_eq!((cut.offset, cut.commit, cut.stage), (whole.offset, whole.commit, whole.stage));
        let runs =
            |runs: &[crashparse::Run<'_>]| runs.iter().map(|run| (run.offset, run.index)).collect::<Vec<_>>();
        assert!(runs(&whole.runs).starts_with(&runs(&cut.runs)));
    }
});

fn check(log: &[u8], bisection: &Bisection<'_>) {
    for (offset, line) in bisection.unknown.iter().chain(&bisection.notes) {
        assert!(lies_in(log, line) && log[*offset..].len() >= line.len());
    }
    for test in &bisection.tests {
        assert!(lies_in(log, test.commit.as_bytes()));
        assert!(test.failure.is_none_or(|message| lies_in(log, message)));
        for message in test.runs.iter().filter_map(|run| run.result.message()) {
            // A result without a message has an empty one.
            assert!(message.is_empty() || lies_in(log, message));
        }
    }
    if let Some(confidence) = bisection.confidence() {
        let chance = |chance: f64| assert!((0.0..=1.000_001).contains(&chance), "{confidence:?}");
        chance(confidence.rate);
        confidence.culprit.into_iter().for_each(chance);
        confidence.tests.iter().for_each(|test| chance(test.wrong));
        confidence.tests.iter().filter_map(|test| test.passes).for_each(chance);
        for retest in &confidence.retest {
            chance(retest.if_same);
            chance(retest.if_other);
        }
    }
    let text = TextBisection::new(bisection).at("fuzz").to_string();
    assert!(!text.chars().any(|char| char.is_control() && char != '\n'), "{text:?}");
    let json = serde_json::to_string(&JsonBisection::new(bisection)).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    let _ = bisection.report().map(|report| report.title().len());
}
