//! How far a bisection's verdict is borne out by the runs that its log tells of.

use super::posterior::{Answer, Posterior};
use super::rates::Tables;
use super::test::{Mark, Stage, Test};
use super::{Bisection, Counts};

/// More tests than any bisection has: a log that was made to be slow gets no answer.
pub(crate) const MOST_TESTS: usize = 128;

/// What the runs say of a bisection's verdict. Chances are from 0 to 1.
///
/// # The model
///
/// **Runs.** In a revision with the bug a run meets it with probability *p*, the same in all of them but one of ten
/// (`ODD`), in which it may be anything: what else a revision changes may hide a race or bare it. In any revision a
/// run meets another bug with probability *q*. A run that meets the bug mostly crashes with its title, in one of ten
/// cases (`FACES`) with another: bugs have several faces. In a revision without the bug its title comes up in one of
/// a thousand runs (`NAMESAKES`) all the same. So a run is, with *s* = 0.1 and *e* = 0.001:
///
/// | | with the bug | without |
/// | --- | --- | --- |
/// | crashed, the bug's title | p (1 - s) | e |
/// | crashed, another title | p s + (1 - p) q | q |
/// | OK | (1 - p) (1 - q) | 1 - q - e |
///
/// and the probability L(runs) of a test's runs is the product of theirs; with the bug 0.9 times that at *p*, and 0.1
/// times its mean over all *p*. A crash with another title thus speaks for the bug by the factor
/// (p s + (1 - p) q) / q: little if the log has many of them, more if there are none elsewhere. Runs that did not boot
/// or failed say nothing.
///
/// **Before the runs** every *p* from 0 to 1 is as likely as any other (on a grid of 100), *q* is any of six from
/// 0.001 to 0.5, and the culprit is any of the revisions with equal chance. That only crashes which came up in the
/// first test are bisected needs no term of its own: it is part of the runs that are counted.
///
/// **Where the culprit may be.** Each answer to git cuts the revisions in two: *A*, those that the tested one contains,
/// and the rest. `Bisecting: N revisions left` tells the sizes: N + 1 are in the rest, and those of *A* are what is
/// left of the step before. (Of the first step only N is known: *A* is taken to be as large. Where lines are lost, each
/// step halves.) Hypothesis *0* is that all answers are right: the culprit is the one named. Hypothesis *i* is that
/// answer *i* is the first wrong one: the culprit is among the E(i) revisions that it ruled out. Releases and HEAD,
/// tested before, rule out as many revisions as the range has: nobody counted those.
///
/// **The tests after a wrong answer** see other states than they would have: after a wrong "bad" all are parts of a
/// revision without the culprit, so none has it. After a wrong "good" all come later than the culprit and have it, but
/// for those on branches that were made without it: one of twenty (`APART`, *a*). With L(j, state) the probability of
/// the runs of test *j* in a state, by the table above,
///
/// ```text
/// P(i | runs, p, q) ~ E(i) * prod(j < i: L(j, as answered)) * L(i, the other) * prod(j > i: after(j))
/// after(j) = L(j, old)                              after a wrong "bad"
///          = (1 - a) * L(j, new) + a * L(j, old)    after a wrong "good"
/// ```
///
/// where E(0) is 1 (or as many as are left). The test of the original commit is always one with the bug, and so is a
/// skipped one that crashed with its title. The sum over *p* and *q* gives the probability of each hypothesis, and that
/// of hypothesis 0 is [`culprit`](Confidence::culprit). For a fix the bug is in the old revisions, otherwise all is the
/// same.
///
/// What the model does not know: that a revision without the bug may be unable to run the reproducer at all, that *p*
/// may change for good at some revision, and that one bug may have taken another's title.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Confidence {
    /// Estimated part of the runs of a bad revision that meet the bug.
    pub rate: f64,
    /// From here to there it is with a probability of 90 %.
    pub rate_interval: (f64, f64),
    /// Probability that the culprit is the one named, or among those that are left; `None` if the log tells of no step.
    pub culprit: Option<f64>,
    /// Revisions that are left: 1 if a culprit is named.
    pub left: u64,
    /// Whether the log tells how many revisions each step ruled out; otherwise they are estimated.
    pub sizes_known: bool,
    /// How many times as likely a crash with another title is where the bug is than elsewhere.
    pub other_factor: f64,
    /// The tests that count, in their order.
    pub tests: Vec<Weighed>,
    /// Which to test again, the one that would tell most first.
    pub retest: Vec<super::Retest>,
}

/// A test's part in the verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Weighed {
    /// Its number in [`Bisection::tests`].
    pub test: usize,
    /// Whether its answer says that the revision crashes.
    pub crashes: bool,
    /// Probability that this answer is wrong: of a test without a crash, that it missed the bug.
    pub wrong: f64,
    /// Of a test without a crash: the chance that a revision with the bug passes so many runs.
    pub passes: Option<f64>,
    /// How many revisions it ruled out.
    pub ruled_out: f64,
}

/// How far the runs bear the verdict out.
pub(super) fn of(bisection: &Bisection<'_>) -> Option<Confidence> {
    bisection.title?;
    let mut tables = Tables::default();
    let (posterior, left, sizes_known) = weigh(&mut tables, bisection)?;
    let (rate, rate_interval) = posterior.rate();
    let steps = posterior.answers.iter().any(|answer| {
        answer.test.and_then(|test| bisection.tests.get(test)).is_none_or(|test| test.stage == Stage::Step)
    });
    Some(Confidence {
        rate,
        rate_interval,
        culprit: steps.then(|| posterior.total(0)),
        left: left as u64,
        sizes_known,
        other_factor: posterior.other_factor(),
        tests: posterior.tests(&mut tables),
        retest: if steps { super::retest::of(&mut tables, &posterior) } else { Vec::new() },
    })
}

/// The posterior, how many revisions are left, and whether the sizes are known.
fn weigh(tables: &mut Tables, bisection: &Bisection<'_>) -> Option<(Posterior, f64, bool)> {
    let counts = |test: &Test<'_>| bisection.counts(test);
    let mut answers = answers(bisection);
    if answers.len() > MOST_TESTS {
        return None;
    }
    let (left, known) = sizes(bisection, &mut answers);
    let answered = |test: usize| answers.iter().any(|answer| answer.0.test == Some(test));
    // Revisions that surely have the bug, wherever the culprit is.
    let sure = bisection.tests.iter().enumerate().filter(|(at, test)| {
        let skipped = test.mark == Some(Mark::Skip) || test.undetermined.is_some();
        test.stage == Stage::Original || skipped && test.stage != Stage::Minimisation && !answered(*at)
    });
    let sure: Vec<Counts> = sure.map(|(_, test)| counts(test)).filter(|counts| counts.same > 0).collect();
    let answers: Vec<Answer> = answers.into_iter().map(|(answer, _)| answer).collect();
    let crashed =
        answers.iter().map(|answer| answer.counts.same).chain(sure.iter().map(|counts| counts.same));
    if crashed.sum::<u64>() == 0 {
        return None;
    }
    Some((Posterior::new(tables, answers, !bisection.seeks_fix(), &sure, left), left, known))
}

/// The answers in their order, each with `Bisecting: N revisions left` if git said so.
fn answers(bisection: &Bisection<'_>) -> Vec<(Answer, Option<u64>)> {
    let new_crashes = !bisection.seeks_fix();
    let mut found = Vec::new();
    for (at, test) in bisection.tests.iter().enumerate() {
        let counts = bisection.counts(test);
        let new = bisection.crashes(test).map(|crashes| crashes == new_crashes);
        let apart = matches!(test.stage, Stage::Original | Stage::Minimisation | Stage::Ancestor);
        let counted = !apart && !test.runs.is_empty();
        if let Some(new) = new.filter(|_| counted) {
            found.push((test.offset, Answer { test: Some(at), new, counts, ruled_out: 1.0 }, test.left));
        }
    }
    for step in bisection.steps.iter().filter(|step| step.test.is_none() && step.mark != Mark::Skip) {
        let answer =
            Answer { test: None, new: step.mark == Mark::Bad, counts: Counts::default(), ruled_out: 1.0 };
        if step.left.is_some() {
            found.push((step.offset, answer, step.left));
        }
    }
    found.sort_by_key(|(offset, ..)| *offset);
    found.into_iter().map(|(_, answer, left)| (answer, left)).collect()
}

/// Says of each answer how many revisions it ruled out; how many are left, and whether all that is known.
fn sizes(bisection: &Bisection<'_>, answers: &mut [(Answer, Option<u64>)]) -> (f64, bool) {
    let named = match bisection.candidates.len() {
        0 | 1 => bisection.culprit.as_ref().map(|_| 1.0),
        several => Some(several as f64),
    };
    let Some(first) = answers.iter().position(|(_, left)| left.is_some()) else {
        let mut size = named.unwrap_or(1.0);
        for (answer, _) in answers.iter_mut().rev() {
            answer.ruled_out = size;
            size *= 2.0;
        }
        return (named.unwrap_or(1.0), false);
    };
    let (mut all, mut range, mut known) = (None, 1.0, true);
    for (answer, left) in answers.iter_mut().skip(first) {
        let rest = match (left, all) {
            (Some(left), _) => *left as f64 + 1.0,
            (None, all) => {
                known = false;
                all.unwrap_or(2.0) / 2.0
            }
        };
        let contained = f64::max(all.map_or(rest, |all| all - rest), 1.0);
        if all.is_none() {
            range = rest + contained;
        }
        let (kept, ruled_out) = if answer.new { (contained, rest) } else { (rest, contained) };
        (answer.ruled_out, all) = (ruled_out.max(1.0), Some(kept));
    }
    for (answer, _) in answers.iter_mut().take(first) {
        answer.ruled_out = range;
    }
    (named.or(all).unwrap_or(1.0), known)
}

impl Posterior {
    /// The tests of the answers.
    fn tests(&self, tables: &mut Tables) -> Vec<Weighed> {
        let of_places = self.of_places();
        let weighed = self.answers.iter().enumerate().filter_map(|(at, answer)| {
            let crashes = answer.new == self.new_crashes;
            let mut passes = || self.passes(tables, &of_places, answer.counts.ok);
            Some(Weighed {
                test: answer.test?,
                crashes,
                wrong: self.wrong_at(at).iter().sum(),
                passes: (!crashes).then(&mut passes),
                ruled_out: answer.ruled_out,
            })
        });
        weighed.collect()
    }
}
