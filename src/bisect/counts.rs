//! How many runs of a revision crashed, by which bug.

use std::collections::HashMap;

use super::Bisection;
use super::test::{RunResult, Stage, Test};

/// Runs of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Crashed with the title that is bisected, or with the same bug by a record's word.
    pub same: u64,
    /// Crashed with another title.
    pub other: u64,
    /// Ended without a crash.
    pub ok: u64,
    /// Say nothing: the machine did not boot, the machinery failed.
    pub lost: u64,
    /// Whether the number of runs is that of other tests of the log: `all runs: OK` does not say it.
    pub assumed: bool,
}

impl Counts {
    /// All runs.
    pub fn runs(&self) -> u64 {
        self.same + self.other + self.ok + self.lost
    }

    /// Whether the runs by themselves show the bug, or its absence; `None` if neither.
    pub(super) fn crashes(&self) -> Option<bool> {
        match self {
            Counts { same: 1.., .. } => Some(true),
            Counts { ok, .. } if *ok > 0 && 2 * ok >= self.runs() => Some(false),
            _ => None,
        }
    }
}

/// So many runs has a test that only says `all runs:`, where no other says more: so syzkaller's versions do.
const USUAL: u64 = 10;
/// The first test has so many in newer ones.
const FIRST: u64 = 20;

/// Says of each `all runs:` how many there were, and which title is bisected.
///
/// They are as many as a test has that lists its runs: the last such before, else the next one. The first test of a log
/// may have more, and is taken only where there is no other; then the rest have half of its runs, unless fewer than
/// half of them crashed, for then syzkaller goes on with as many.
pub(super) fn fill(bisection: &mut Bisection<'_>) {
    let listed = |test: &Test<'_>| {
        if test.all_equal() { None } else { Some(test.runs.len() as u64).filter(|n| *n > 0) }
    };
    let later = bisection.tests.iter().filter(|test| !is_first(test)).find_map(listed);
    let first = bisection.tests.iter().filter(|test| is_first(test)).find_map(|test| {
        let runs = listed(test)?;
        let crashed =
            test.runs.iter().filter(|run| matches!(run.result, RunResult::Crashed(_))).count() as u64;
        Some(if runs == FIRST && 2 * crashed >= runs { runs / 2 } else { runs })
    });
    let mut usual = later.or(first).unwrap_or(USUAL);
    for test in &mut bisection.tests {
        match listed(test) {
            Some(runs) if !is_first(test) => usual = runs,
            Some(_) => {}
            None => test.all = usual,
        }
    }
    bisection.title = bisection
        .wanted
        .or_else(|| bisection.tests.iter().find_map(|test| test.most_common_title()))
        .or_else(|| bisection.crash.as_ref().map(|crash| crash.title));
}

fn is_first(test: &Test<'_>) -> bool {
    matches!(test.stage, Stage::Original | Stage::Minimisation)
}

/// What a test's runs came to, of the bisection of a bug with a title.
pub(super) fn of(title: Option<&[u8]>, test: &Test<'_>) -> Counts {
    let mut counts = Counts { assumed: test.all_equal(), ..Counts::default() };
    for run in &test.runs {
        let kind = match run.result {
            RunResult::Ok => &mut counts.ok,
            RunResult::Crashed(crash) if run.same || Some(crash) == title => &mut counts.same,
            RunResult::Crashed(_) => &mut counts.other,
            _ => &mut counts.lost,
        };
        *kind += if run.index.is_some() { 1 } else { test.all };
    }
    counts
}

/// Titles other than the bisected one, the most common first.
pub(super) fn other_titles<'a>(bisection: &Bisection<'a>) -> Vec<(&'a [u8], u64)> {
    let mut titles: HashMap<&[u8], u64> = HashMap::new();
    for test in &bisection.tests {
        for run in test.runs.iter().filter(|run| !run.same) {
            if let RunResult::Crashed(title) = run.result
                && Some(title) != bisection.title
            {
                *titles.entry(title).or_default() += if run.index.is_some() { 1 } else { test.all };
            }
        }
    }
    let mut titles: Vec<_> = titles.into_iter().collect();
    titles.sort_by_key(|(title, count)| (std::cmp::Reverse(*count), *title));
    titles
}
