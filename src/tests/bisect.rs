//! Bisection logs: every line shape, damage, and the seed log beside the project.

mod model;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::support::{self, Log};
use crate::{Bisection, BisectionKind, Mark, Minimisation, Outcome, RunResult, Stage, Wanted, bisection};

/// The log that this project began with; where `../shared` is absent the test says so and passes.
fn seed() -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/seed/bisection.log");
    let log = fs::read(path).ok();
    if log.is_none() {
        println!("../shared is absent: nothing to check");
    }
    log
}

/// Same, other, OK and lost runs of each test.
fn counts(bisection: &Bisection<'_>) -> Vec<(u64, u64, u64, u64)> {
    let counts = bisection.tests.iter().map(|test| bisection.counts(test));
    counts.map(|counts| (counts.same, counts.other, counts.ok, counts.lost)).collect()
}

fn stages(bisection: &Bisection<'_>) -> Vec<Stage> {
    bisection.tests.iter().map(|test| test.stage).collect()
}

fn marks(bisection: &Bisection<'_>) -> Vec<Mark> {
    bisection.steps.iter().map(|step| step.mark).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn texts<'a>(list: &[&'a [u8]]) -> Vec<&'a str> {
    list.iter().map(|bytes| text(bytes)).collect()
}

#[test]
fn the_seed_is_read_whole() {
    let Some(log) = seed() else { return };
    let bisection = bisection(&log).unwrap();
    assert_eq!(bisection.kind, Some(BisectionKind::Cause));
    assert_eq!(bisection.start, Some("c6dd78fcb8eefa15dd861889e0f59d301cb5230c"));
    assert_eq!(bisection.syzkaller, Some("32329ceb4bbf58a21007c90edf2fb7ed242345db"));
    assert_eq!(bisection.outcome(), Some(Outcome::Found));
    assert_eq!(bisection.tests.len(), 16);
    let crashed: Vec<u64> =
        counts(&bisection).into_iter().map(|counts| counts.0).filter(|n| *n > 0).collect();
    assert_eq!(crashed, [2, 2, 2, 5, 6, 4]);
    assert_eq!(counts(&bisection).iter().filter(|counts| **counts == (0, 0, 10, 0)).count(), 10);
    assert_eq!(bisection.tests[1].release, Some(&b"v5.2"[..]));
    assert!(bisection.tests.iter().all(|test| test.compiler == Some(b"gcc (GCC) 8.1.0")));
    assert_eq!(bisection.steps.len(), 14);
    assert!(bisection.steps.iter().all(|step| step.subject.is_some() && step.left.is_some()));
    let culprit = bisection.culprit.as_ref().unwrap();
    assert_eq!(culprit.hash, "1cf8dfe8a661f0462925df943140e9f6d1ea5233");
    assert_eq!(culprit.author, Some(&b"Peter Zijlstra <peterz@infradead.org>"[..]));
    assert_eq!(culprit.subject, Some(&b"perf/core: Fix race between close() and fork()"[..]));
    let fixes: Vec<_> = culprit.fixes().map(|fixes| (fixes.hash, fixes.subject.map(text))).collect();
    assert_eq!(fixes, [("82d94856fa22", Some("perf/core: Fix lock inversion between perf,trace,cpuhp"))]);
    assert_eq!((culprit.tagged("cc").count(), culprit.trailers.len()), (9, 15));
    assert_eq!((culprit.message.len(), culprit.files.len()), (83, 1));
    assert_eq!(bisection.cc.len(), 10);
    let totals = bisection.totals.unwrap();
    assert_eq!((totals.tested, totals.total), (16, Some(Duration::new(15955, 692_414_123))));
    assert_eq!(bisection.report().unwrap().title(), "INFO: task hung in perf_event_free_task");
    assert!(bisection.unknown.is_empty() && bisection.notes.is_empty(), "{:?}", bisection.unknown);
}

/// The arithmetic of the seed by hand, with the mean of each power of 1 - p over Beta(22, 40): 21 of 60 runs crashed.
/// A missed test is one with that rate (0.9) or with any (0.1), which passes 10 runs with 1/11.
#[test]
fn the_confidence_of_the_seed_is_that_of_a_calculation_by_hand() {
    let Some(log) = seed() else { return };
    let confidence = bisection(&log).unwrap().confidence().unwrap();
    // The mean of (1 - p)^n is the product of (40 + j) / (62 + j) for j < n.
    let passes = |runs: u32| (0..runs).map(|j| f64::from(40 + j) / f64::from(62 + j)).product::<f64>();
    // A test that missed the bug, of `n` that did: with the usual rate in `k` of them.
    let binomial = |n: u32, k: u32| (0..k).map(|j| f64::from(n - j) / f64::from(j + 1)).product::<f64>();
    let missed = |n: u32| {
        let usual = |k: u32| binomial(n, k) * 0.9_f64.powi(k as i32) * (0.1_f64 / 11.0).powi((n - k) as i32);
        (0..=n).map(|k| usual(k) * passes(10 * k)).sum::<f64>()
    };
    // Revisions ruled out by each "good" from the last to the first, and how many "bad" are after it.
    let ruled_out =
        [(4.0, 2), (7.0, 2), (15.0, 2), (53.0, 3), (112.0, 3), (459.0, 4), (893.0, 4), (1785.0, 4)];
    let mut wrong = 0.0;
    for (later, (revisions, bad)) in ruled_out.into_iter().enumerate() {
        // Each of the later "good" is on a branch apart (0.05) or missed the bug as well (0.95).
        let apart = |n: u32| (0.05_f64).powi(later as i32 - n as i32) * (0.95_f64).powi(n as i32);
        let runs =
            (0..=later as u32).map(|n| binomial(later as u32, n) * apart(n) * missed(n + 1)).sum::<f64>();
        wrong += revisions * 0.95_f64.powi(bad) * runs;
    }
    let by_hand = 1.0 / (1.0 + wrong);
    let computed = confidence.culprit.unwrap();
    println!("by hand {by_hand:.4}, computed {computed:.4}");
    // By hand q is 0, the first "good" and the release are left out, and so is that a bad test's rate may be its own,
    // which spreads p.
    assert!((by_hand - computed).abs() < 0.02);
    assert!((confidence.rate - 22.0 / 62.0).abs() < 0.02, "{}", confidence.rate);
    let passed: Vec<f64> = confidence.tests.iter().filter_map(|test| test.passes).collect();
    assert_eq!(passed.len(), 10);
    assert!(passed.iter().all(|chance| (chance - missed(1)).abs() < 0.01), "{passed:?} {}", missed(1));
    assert!(confidence.sizes_known);
    let sizes: Vec<f64> = confidence.tests.iter().skip(9).map(|test| test.ruled_out).collect();
    assert_eq!(sizes, [30.0, 15.0, 7.0, 4.0, 2.0, 1.0]);
    // The culprit's parent side first.
    assert_eq!(confidence.retest[0].test, 13);
    assert!(confidence.retest[0].if_same > 0.95 && confidence.retest[0].if_other < 0.01);
}

fn logs() -> Vec<Log> {
    let logs = support::logs("bisect");
    assert!(logs.len() >= 14, "where are they?");
    logs
}

fn log(name: &str) -> Vec<u8> {
    logs().into_iter().find(|log| log.name == name).unwrap().bytes
}

#[test]
fn every_line_of_the_logs_by_hand_is_known() {
    for log in logs() {
        let bisection = bisection(&log.bytes).unwrap_or_else(|| panic!("{}: not recognised", log.name));
        let unknown: Vec<_> =
            bisection.unknown.iter().map(|(_, line)| String::from_utf8_lossy(line)).collect();
        let expected: &[&str] =
            if log.name == "git-run" { &["  CC      drivers/demo/demo.o"; 3] } else { &[] };
        assert_eq!(unknown, expected, "{}", log.name);
        for (offset, line) in &bisection.notes {
            assert!(log.bytes[*offset..].windows(line.len()).next().is_some());
        }
    }
}

#[test]
fn a_cause_is_read() {
    let log = log("cause");
    let bisection = bisection(&log).unwrap();
    assert_eq!(bisection.begun.map(|(host, _)| host), Some(&b"ci-demo-1"[..]));
    assert_eq!(bisection.outcome(), Some(Outcome::Found));
    use Stage::{Minimisation as Smaller, Original, Release, Step};
    let expected =
        [Original, Smaller, Smaller, Smaller, Release, Release, Step, Step, Step, Step, Step, Step];
    assert_eq!(stages(&bisection), expected);
    let counts = counts(&bisection);
    assert_eq!(counts[0], (9, 2, 7, 2));
    assert_eq!(counts[4], (10, 0, 0, 0));
    assert_eq!(
        counts[6..],
        [(7, 1, 2, 0), (0, 0, 0, 0), (0, 0, 8, 2), (1, 0, 3, 6), (10, 0, 0, 0), (0, 0, 9, 1)]
    );
    assert_eq!(marks(&bisection), [Mark::Bad, Mark::Skip, Mark::Good, Mark::Skip, Mark::Bad, Mark::Good]);
    let failure = text(bisection.tests[7].failure.unwrap());
    assert!(
        failure.starts_with("drivers/demo/ring.c:12:10: error") && failure.ends_with("ring.o] Error 1"),
        "{failure}"
    );
    assert_eq!(bisection.tests[8].runs[5].result, RunResult::BootFailed(b"WARNING in demo_init"));
    assert_eq!(bisection.tests[9].undetermined.unwrap().wanted_good, 5);
    assert_eq!(bisection.tests[8].false_negative, Some(0.011));
    let (title, types) = bisection.tests[0].representative.as_ref().unwrap();
    assert_eq!(
        (text(title), texts(types)),
        ("KASAN: use-after-free Read in demo_read", vec!["KASAN", "UNKNOWN"])
    );
    assert_eq!(bisection.releases.as_ref().map(|(picked, of)| (picked.len(), *of)), Some((3, 34)));
    assert_eq!(bisection.minimisation.len(), 16);
    let suspects = vec![&b"DEMO"[..], b"DEMO_USB", b"DEMO_NET"];
    assert_eq!(bisection.minimisation.last(), Some(&Minimisation::Minimised { configs: 369, suspects }));
    let culprit = bisection.culprit.as_ref().unwrap();
    assert_eq!((culprit.files.len(), culprit.trailers.len(), culprit.message.len()), (4, 8, 14));
    assert_eq!(culprit.trailers[3].value, b"stable@vger.kernel.org # 6.1+");
    assert_eq!((bisection.accumulated_error, bisection.repro_chance), (Some(0.02), Some(0.45)));
    assert_eq!(bisection.culprit_signature, bisection.tests[10].signature);
    assert_eq!(bisection.parent_signature, bisection.tests[11].signature);
    assert_eq!((texts(&bisection.to), bisection.cc.len()), (vec!["ada@example.org", "bob@example.org"], 2));
    assert_eq!(bisection.report().unwrap().title(), "KASAN: use-after-free Read in demo_read");
    let others: Vec<_> =
        bisection.other_titles().into_iter().map(|(title, count)| (text(title), count)).collect();
    assert_eq!(others, [("WARNING in demo_release", 2), ("possible deadlock in demo_lock", 1)]);
}

#[test]
fn a_fix_is_read() {
    let log = log("fix");
    let bisection = bisection(&log).unwrap();
    assert_eq!((bisection.kind, bisection.outcome()), (Some(BisectionKind::Fix), Some(Outcome::Found)));
    assert_eq!(marks(&bisection), [Mark::Good, Mark::Good, Mark::Bad, Mark::Good]);
    // Of the second revision it was known without a test.
    assert_eq!(
        bisection.steps.iter().map(|step| step.test.is_some()).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    assert_eq!(bisection.culprit.as_ref().unwrap().parents.len(), 2);
    let confidence = bisection.confidence().unwrap();
    assert!(confidence.culprit.unwrap() > 0.9, "{confidence:?}");
    // A revision that did not crash, the fix, may be a miss; one that did may not.
    let crashes: Vec<bool> = confidence.tests.iter().map(|test| test.crashes).collect();
    assert_eq!(crashes, [false, true, false, true]);
}

#[test]
fn ends_without_a_culprit_are_read() {
    let outcome = |name: &str| bisection(&log(name)).unwrap().outcome();
    assert_eq!(outcome("inconclusive"), Some(Outcome::Inconclusive));
    assert_eq!(outcome("error"), Some(Outcome::Error));
    assert_eq!(outcome("cross-tree-clean"), Some(Outcome::Error));
    assert_eq!(outcome("not-fixed"), Some(Outcome::NotFixed));
    assert_eq!(outcome("oldest-bad"), Some(Outcome::OldestBad));
    assert_eq!(outcome("historical-ends"), Some(Outcome::OldestBad));
    assert_eq!(outcome("git-log"), Some(Outcome::Inconclusive));
    let log_ = log("inconclusive");
    let inconclusive = bisection(&log_).unwrap();
    assert_eq!(inconclusive.candidates.len(), 3);
    let log_ = log("error");
    let error = bisection(&log_).unwrap();
    assert!(error.error.unwrap().ends_with(b"Connection refused\nlost connection"));
    assert!(error.tests[0].failure.unwrap().ends_with(b"port 22: Connection refused"));
    let log_ = log("not-fixed");
    let not_fixed = bisection(&log_).unwrap();
    assert_eq!(not_fixed.ended_at, Some(&b"demo: the newest change"[..]));
    assert!(not_fixed.report().is_some());
    let log_ = log("oldest-bad");
    assert_eq!(bisection(&log_).unwrap().confidence().unwrap().culprit, None);
}

#[test]
fn older_and_other_shapes_are_read() {
    let log_ = log("historical");
    let old = bisection(&log_).unwrap();
    assert_eq!(
        (old.kind, old.outcome(), old.flaky),
        (Some(BisectionKind::Cause), Some(Outcome::Found), true)
    );
    assert_eq!(counts(&old), [(3, 0, 6, 1), (0, 0, 3, 0), (0, 0, 0, 0), (1, 0, 1, 1)]);
    assert_eq!(old.tests[0].previous_signature, Some(&b"0f1e2d3c4b5a69788796a5b4c3d2e1f5"[..]));
    assert_eq!(
        old.tests[3].runs[2].result,
        RunResult::Other(b"something that no version of it has ever printed")
    );
    assert_eq!(old.culprit.as_ref().unwrap().author, Some(&b"Eve Example <eve@example.org>"[..]));
    assert_eq!(texts(&old.cc), ["eve@example.org", "linux-kernel@vger.kernel.org"]);
    let log_ = log("cross-tree");
    let tree = bisection(&log_).unwrap();
    assert_eq!(stages(&tree), [Stage::Original, Stage::Head, Stage::MergeBase, Stage::Step]);
    let log_ = log("dated");
    let dated = bisection(&log_).unwrap();
    assert_eq!(counts(&dated), [(2, 0, 8, 0), (0, 0, 10, 0), (0, 1, 9, 0)]);
    // The culprit crashed, but with another title, and once.
    let doubtful = dated.confidence().unwrap().culprit.unwrap();
    assert!((0.1..0.9).contains(&doubtful), "{doubtful}");
}

#[test]
fn logs_of_git_are_read() {
    let log_ = log("git-log");
    let git = bisection(&log_).unwrap();
    assert_eq!(marks(&git), [Mark::Bad, Mark::Good, Mark::Good, Mark::Skip, Mark::Bad, Mark::Good]);
    assert_eq!(git.steps[5].subject, Some(&b"demo: fifth"[..]));
    assert_eq!((git.candidates.len(), git.confidence()), (2, None));
    let log_ = log("git-log-terms");
    let terms = bisection(&log_).unwrap();
    assert_eq!(terms.terms, Some((&b"fixed"[..], &b"broken"[..])));
    assert_eq!(
        (terms.kind, texts(terms.range.as_ref().unwrap())),
        (Some(BisectionKind::Fix), vec!["HEAD", "v6.8"])
    );
    assert_eq!(marks(&terms), [Mark::Bad, Mark::Good, Mark::Bad]);
    assert_eq!(terms.culprit.as_ref().unwrap().subject, Some(&b"demo: fourth"[..]));
    let log_ = log("git-run");
    let run = bisection(&log_).unwrap();
    assert_eq!(counts(&run), [(2, 0, 2, 0), (0, 0, 3, 1), (4, 0, 0, 0)]);
    assert_eq!(
        run.tests.iter().map(|test| test.mark).collect::<Vec<_>>(),
        [Some(Mark::Bad), Some(Mark::Good), Some(Mark::Bad)]
    );
    assert_eq!((run.steps.len(), run.outcome()), (5, Some(Outcome::Found)));
    let confidence = run.confidence().unwrap();
    assert!(confidence.sizes_known && confidence.culprit.unwrap() > 0.8, "{confidence:?}");
}

#[test]
fn mails_are_read() {
    let log_ = log("mail-cause");
    let mail = bisection(&log_).unwrap();
    assert_eq!((mail.kind, mail.outcome()), (Some(BisectionKind::Cause), Some(Outcome::Found)));
    let culprit = mail.culprit.as_ref().unwrap();
    assert_eq!(culprit.author, Some(&b"Ada Example <ada@example.org>"[..]));
    assert_eq!(culprit.subject, Some(&b"demo: free the ring early"[..]));
    assert_eq!((mail.mail.len(), mail.mail[2]), (12, ("git tree", &b"upstream"[..])));
    assert_eq!(mail.start.map(str::len), Some(12));
    let log_ = log("mail-inconclusive");
    let mail = bisection(&log_).unwrap();
    assert_eq!((mail.candidates.len(), mail.outcome()), (2, Some(Outcome::Inconclusive)));
    let log_ = log("mail-oldest");
    assert_eq!(bisection(&log_).unwrap().outcome(), Some(Outcome::OldestBad));
}

#[test]
fn a_fix_may_be_bisected_with_words_of_git() {
    let log = log("git-run-fix");
    let fix = bisection(&log).unwrap();
    assert_eq!((fix.kind, fix.outcome()), (Some(BisectionKind::Fix), Some(Outcome::Found)));
    assert_eq!(stages(&fix), [Stage::Step; 3]);
    assert_eq!(
        fix.tests.iter().map(|test| fix.crashes(test)).collect::<Vec<_>>(),
        [Some(true), Some(false), Some(true)]
    );
    assert!(fix.confidence().unwrap().culprit.unwrap() > 0.8);
}

/// What a log that was cut has is the beginning of what the whole one has.
fn check_prefix(name: &str, at: usize, cut: &Bisection<'_>, whole: &Bisection<'_>) {
    assert!(cut.tests.len() <= whole.tests.len(), "{name} to {at}");
    for (number, (cut_test, test)) in cut.tests.iter().zip(&whole.tests).enumerate() {
        let last = number + 1 == cut.tests.len();
        assert_eq!(
            (cut_test.commit, cut_test.stage),
            (test.commit, test.stage),
            "{name} to {at}, test {number}"
        );
        let runs = cut_test
            .runs
            .iter()
            .zip(&test.runs)
            .all(|(a, b)| (a.offset, a.index, a.result) == (b.offset, b.index, b.result));
        assert!(runs && cut_test.runs.len() <= test.runs.len(), "{name} to {at}, test {number}");
        assert!(last || cut_test.runs.len() == test.runs.len(), "{name} to {at}, test {number}");
    }
    assert!(
        cut.steps.iter().map(|step| (step.mark, step.commit)).eq(whole
            .steps
            .iter()
            .map(|step| (step.mark, step.commit))
            .take(cut.steps.len())),
        "{name} to {at}"
    );
    assert!(whole.minimisation.starts_with(&cut.minimisation), "{name} to {at}");
    if let (Some(cut), Some(whole)) = (&cut.culprit, &whole.culprit) {
        assert_eq!(cut.hash, whole.hash, "{name} to {at}");
        assert!(whole.trailers.starts_with(&cut.trailers), "{name} to {at}");
    }
}

#[test]
fn logs_cut_at_any_line_give_what_they_hold() {
    for log in logs() {
        let whole = bisection(&log.bytes).unwrap();
        let ends = log.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        for (number, at) in ends.enumerate() {
            // It takes its time.
            let weighed = number % 8 == 0;
            if let Some(cut) = bisection(&log.bytes[..at]) {
                check_prefix(&log.name, at, &cut, &whole);
                let _ = cut.report().map(|report| report.title().to_string());
                let _ = weighed.then(|| cut.confidence());
            }
            // Without its beginning it may be no bisection any more, and it must not panic.
            if let Some(rest) = bisection(&log.bytes[at..]) {
                assert!(rest.tests.len() <= whole.tests.len());
                let _ = weighed.then(|| rest.confidence());
            }
        }
    }
}

#[test]
fn logs_cut_anywhere_do_no_harm() {
    for log in logs() {
        for at in (0..log.bytes.len()).step_by(7) {
            if let Some(cut) = bisection(&log.bytes[..at]) {
                assert!(cut.tests.len() <= bisection(&log.bytes).unwrap().tests.len());
            }
        }
    }
}

#[test]
fn other_logs_are_no_bisections() {
    // Two of them have lines of bisections in them, which are no crashes.
    for log in support::all_logs().into_iter().filter(|log| !log.name.starts_with("bisection")) {
        assert!(bisection(&log.bytes).is_none(), "{}", log.path.display());
    }
    // Where it begins behind the part that is looked at.
    let late = [&b"[    1.0] nothing of note\n".repeat(1000), log("cause").as_slice()].concat();
    assert!(bisection(&late).is_none());
    assert!(bisection(b"").is_none());
}

/// A stream that gives so many bytes at a time.
struct Slow<'b>(&'b [u8], usize);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.1.min(buffer.len());
        std::io::Read::read(&mut self.0, &mut buffer[..bytes])
    }
}

#[test]
fn a_stream_is_judged_as_its_whole_log() {
    let wanted = Wanted::titled("general protection fault in oops_leaf");
    let mut judged = std::collections::HashSet::new();
    let own = [
        &b""[..],
        b"\n \n",
        b"qemu: no such machine\n",
        b"Linux version 6.1.0\n",
        b"Linux version 6.1.0\nlogin: ",
    ];
    let logs = support::logs("logs").into_iter().chain(support::logs("negative")).map(|log| log.bytes);
    for log in logs.step_by(10).chain(own.map(<[u8]>::to_vec)) {
        let whole = wanted.judge(&log);
        for piece in [97, 100_000] {
            assert_eq!(wanted.judge_stream(Slow(&log, piece)).unwrap(), whole);
        }
        judged.insert(std::mem::discriminant(&whole));
    }
    assert_eq!(judged.len(), 4, "not all verdicts were given");
}
