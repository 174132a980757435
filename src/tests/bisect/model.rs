//! Guards that stated probabilities are right as often as they say, on simulated bisections whose culprit is known.
//!
//! Each has a history, a culprit, a crash rate and a rate of other bugs drawn anew; tests run as syzkaller's do, the
//! revision between is chosen as git chooses it, and the log is read back by the parser.

use std::fmt::Write;

use crate::bisection;
use crate::tests::support::Random;

/// Simulated bisections of each kind of history.
///
/// More make the check sharper: `BISECTIONS=20000 cargo test --release --lib calibration -- --nocapture` prints all.
const BISECTIONS: usize = 1200;

/// Commits as sets of those that they contain, themselves included; the last one contains all.
type History = Vec<u128>;

/// One line of so many commits.
fn line(commits: usize) -> History {
    (0..commits).map(|commit| u128::MAX >> (127 - commit)).collect()
}

/// A main line into which branches are merged that began at some older commit of it.
fn graph(random: &mut Random, commits: usize) -> History {
    let mut history: History = vec![1];
    let mut main = vec![0];
    while history.len() + 8 < commits {
        let tip = *main.last().unwrap();
        let own = |history: &History| 1_u128 << history.len();
        if random.below(3) > 0 {
            history.push(history[tip] | own(&history));
        } else {
            let mut branch = main[main.len() - 1 - random.below(main.len().min(6))];
            for _ in 0..1 + random.below(6) {
                history.push(history[branch] | own(&history));
                branch = history.len() - 1;
            }
            history.push(history[tip] | history[branch] | own(&history));
        }
        main.push(history.len() - 1);
    }
    history
}

/// What the runs of a bug's reproducer do.
struct Bug {
    rate: f64,
    others: f64,
}

impl Bug {
    /// A number from 0 to 1.
    fn chance(random: &mut Random) -> f64 {
        (random.below(1 << 24) as f64 + 0.5) / f64::from(1 << 24)
    }

    /// A run's words.
    fn run(&self, random: &mut Random, has: bool) -> &'static str {
        let mut below = |limit: f64| Bug::chance(random) < limit;
        let namesake = below(0.001);
        match has {
            true if below(self.rate) => {
                if below(0.1) {
                    "crashed: WARNING in demo_face"
                } else {
                    "crashed: KASAN: use-after-free Read in demo_read"
                }
            }
            false if namesake => "crashed: KASAN: use-after-free Read in demo_read",
            _ if below(self.others) => "crashed: general protection fault in demo_other",
            _ => "OK",
        }
    }

    /// Tests a revision: prints it, and says whether it crashed.
    fn test(&self, random: &mut Random, log: &mut String, commit: usize, has: bool) -> bool {
        // In one of ten revisions the rate is another one.
        let odd = random.below(10) == 0;
        let bug = Bug { rate: if odd { Bug::chance(random) } else { self.rate }, ..*self };
        let runs: Vec<_> = (0..10).map(|_| bug.run(random, has)).collect();
        writeln!(log, "testing commit {commit:040x} with gcc (GCC) 8.1.0").unwrap();
        if runs.iter().all(|run| *run == runs[0]) {
            writeln!(log, "all runs: {}", runs[0]).unwrap();
        } else {
            for (number, run) in runs.iter().enumerate() {
                writeln!(log, "run #{number}: {run}").unwrap();
            }
        }
        runs.iter().any(|run| run.starts_with("crashed"))
    }
}

/// What a simulated bisection leaves.
struct Outcome {
    log: String,
    /// Whether it names the culprit.
    right: bool,
    /// The culprit, unless it is older than all.
    culprit: Option<usize>,
}

/// Bisects a new bug; `None` if there is nothing to bisect.
fn bisect(random: &mut Random, history: &History) -> Option<Outcome> {
    let last = history.len() - 1;
    let rates = [0.001, 0.005, 0.02, 0.06, 0.2, 0.5];
    let bug = Bug { rate: Bug::chance(random), others: rates[random.below(rates.len())] };
    // Of as many commits before the range nothing is known but that they are there.
    let culprit = random.below(2 * last);
    let culprit = if culprit < last { Some(1 + culprit) } else { None };
    let has = |commit: usize| culprit.is_none_or(|culprit| history[commit] >> culprit & 1 == 1);
    let mut log = format!("bisecting cause commit starting from {last:040x}\n");
    bug.test(random, &mut log, last, true);
    let own = log.matches("demo_read").count();
    // The bug is what the first revision crashes with.
    if own <= log.matches("demo_other").count().max(log.matches("demo_face").count()) {
        return None;
    }
    log.push_str("testing release v1\n");
    if bug.test(random, &mut log, 0, has(0)) {
        return None;
    }
    writeln!(log, "# git bisect start {last:040x} v1").unwrap();
    let mut left = history[last] & !1;
    while left.count_ones() > 1 {
        let all = left.count_ones();
        let contained = |commit: usize| (history[commit] & left).count_ones();
        let half = |commit: &usize| contained(*commit).min(all - contained(*commit));
        let commit = (1..=last).filter(|commit| left >> commit & 1 == 1).max_by_key(half).unwrap();
        writeln!(
            log,
            "Bisecting: {} revisions left to test after this (roughly 1 step)",
            all - contained(commit) - 1
        )
        .unwrap();
        writeln!(log, "[{commit:040x}] demo: change {commit}").unwrap();
        let bad = bug.test(random, &mut log, commit, has(commit));
        writeln!(log, "# git bisect {} {commit:040x}", if bad { "bad" } else { "good" }).unwrap();
        left = if bad { left & history[commit] } else { left & !history[commit] };
    }
    let named = left.trailing_zeros() as usize;
    writeln!(log, "first bad commit: {named:040x} demo: change {named}").unwrap();
    Some(Outcome { log, right: culprit == Some(named), culprit })
}

/// Chances from 0 to 1 are told apart in so many parts.
const PARTS: usize = 5;

/// What was stated, and whether it was so.
#[derive(Default)]
struct Calibration(Vec<(f64, bool)>);

impl Calibration {
    /// Says of each fifth how often it was right; fails where that cannot be chance.
    fn check(&self, name: &str) {
        let mut faults = 0;
        for part in 0..PARTS {
            let of_part = |stated: f64| ((stated * PARTS as f64) as usize).min(PARTS - 1) == part;
            let found: Vec<_> = self.0.iter().filter(|(stated, _)| of_part(*stated)).collect();
            let number = found.len() as f64;
            if found.len() < 15 {
                continue;
            }
            let stated = found.iter().map(|(stated, _)| stated).sum::<f64>() / number;
            let right = found.iter().filter(|(_, right)| *right).count() as f64 / number;
            // What chance does to so many, and a little for what the model leaves out.
            let allowed = 3.0 * (stated * (1.0 - stated) / number).sqrt() + 0.03;
            println!("{name}: said {stated:.3}, right {right:.3} of {number}, allowed {allowed:.3}");
            faults += usize::from((right - stated).abs() > allowed);
        }
        assert_eq!(faults, 0, "{name}: see above");
    }
}

fn simulate(name: &str, seed: u64, history: impl Fn(&mut Random) -> History) {
    let mut random = Random::new(seed);
    let [mut culprits, mut misses, mut alarms] = [(); 3].map(|()| Calibration::default());
    let number =
        std::env::var("BISECTIONS").ok().and_then(|number| number.parse().ok()).unwrap_or(BISECTIONS);
    for _ in 0..number {
        let history = history(&mut random);
        let Some(outcome) = bisect(&mut random, &history) else { continue };
        let bisection = bisection(outcome.log.as_bytes()).unwrap();
        let Some(confidence) = bisection.confidence() else { continue };
        assert!(confidence.sizes_known);
        culprits.0.push((confidence.culprit.unwrap(), outcome.right));
        // One test of each bisection: what happens to the others depends on it.
        for (crashes, calibration) in [(false, &mut misses), (true, &mut alarms)] {
            let tests: Vec<_> = confidence.tests.iter().filter(|test| test.crashes == crashes).collect();
            let Some(test) = tests.get(random.below(tests.len())) else { continue };
            let commit = usize::from_str_radix(bisection.tests[test.test].commit, 16).unwrap();
            let has = outcome.culprit.is_none_or(|culprit| history[commit] >> culprit & 1 == 1);
            calibration.0.push((test.wrong, has != crashes));
        }
    }
    assert!(culprits.0.len() > number / 5);
    culprits.check(&format!("{name}, culprits"));
    misses.check(&format!("{name}, missed crashes"));
    alarms.check(&format!("{name}, crashes of other bugs"));
}

#[test]
fn calibration_on_a_line() {
    simulate("line", 1, |random| line(20 + random.below(100)));
}

#[test]
fn calibration_with_merges() {
    simulate("merges", 2, |random| {
        let commits = 30 + random.below(90);
        graph(random, commits)
    });
}
