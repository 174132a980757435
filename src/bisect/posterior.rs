//! The probabilities of all hypotheses on a bisection's answers, as [`Confidence`](super::Confidence) describes them.

use super::Counts;
use super::rates::{self, GRID, OTHER_RATES, Tables};

/// Part of the revisions after the culprit, in the order of the tests, that do not have it.
const APART: f64 = 0.05;

/// An answer to git, or to what was asked before git was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// The test's number; none if the answer needed no test.
    pub(super) test: Option<usize>,
    /// Git's "bad": the newer side.
    pub(super) new: bool,
    pub(super) counts: Counts,
    /// How many revisions it ruled out.
    pub(super) ruled_out: f64,
}

/// The probabilities of all hypotheses, at each p and q.
#[derive(Debug)]
pub(super) struct Posterior {
    pub(super) answers: Vec<Answer>,
    /// Whether the new side is the one that crashes.
    pub(super) new_crashes: bool,
    /// By hypothesis: that no answer is wrong, then that of each answer.
    pub(super) weights: Vec<Vec<f64>>,
    /// By answer: that the revision is on the new side, if it comes after a wrong "good".
    pub(super) after_good: Vec<Vec<f64>>,
    /// p and q of each place of the grid.
    pub(super) grid: Vec<(f64, f64)>,
}

impl Posterior {
    pub(super) fn new(
        tables: &mut Tables,
        answers: Vec<Answer>,
        new_crashes: bool,
        sure: &[Counts],
        left: f64,
    ) -> Posterior {
        let grid: Vec<(f64, f64)> = rates::grid().collect();
        let mut weights = vec![Vec::with_capacity(grid.len()); answers.len() + 1];
        let mut after_good = vec![Vec::with_capacity(grid.len()); answers.len()];
        let sure: Vec<_> = sure.iter().map(|counts| tables.of(counts)).collect();
        let tests: Vec<_> = answers.iter().map(|answer| tables.of(&answer.counts)).collect();
        let at = |of_places: &[f64], place: usize| of_places.get(place).copied().unwrap_or_default();
        for place in 0..grid.len() {
            let surely: f64 = sure.iter().map(|[_, with]| at(with, place)).sum();
            let tests = tests.iter().map(|[without, with]| (at(without, place), at(with, place)));
            let states: Vec<[f64; 2]> = tests
                .map(|(without, with)| if new_crashes { [without, with] } else { [with, without] })
                .collect();
            Self::place(&answers, &states, surely, left, &mut weights, &mut after_good);
        }
        let mut posterior = Posterior { answers, new_crashes, weights, after_good, grid };
        posterior.normalise();
        posterior
    }

    /// Adds a place of the grid: logarithms of the weights of all hypotheses, with the states' `[old, new]` by answer.
    fn place(
        answers: &[Answer],
        states: &[[f64; 2]],
        surely: f64,
        left: f64,
        weights: &mut [Vec<f64>],
        after_good: &mut [Vec<f64>],
    ) {
        let Some((right, wrong)) = weights.split_first_mut() else { return };
        let answered = |answer: &Answer, [old, new]: &[f64; 2]| if answer.new { *new } else { *old };
        let mut before = surely + answers.iter().zip(states).map(|(a, s)| answered(a, s)).sum::<f64>();
        right.push(left.ln() + before);
        // What follows, from the last answer to the first.
        let (mut after_wrong_bad, mut after_wrong_good) = (0.0, 0.0);
        let rows = answers.iter().zip(states).zip(wrong).zip(after_good).rev();
        for (((answer, state), weight), after) in rows {
            let [old, new] = *state;
            before -= answered(answer, state);
            let (other, later) = if answer.new { (old, after_wrong_bad) } else { (new, after_wrong_good) };
            let sure = answer.test.is_none();
            weight.push(if sure {
                f64::NEG_INFINITY
            } else {
                answer.ruled_out.ln() + before + other + later
            });
            let top = f64::max(old, new);
            let (has, has_not) = ((1.0 - APART) * (new - top).exp(), APART * (old - top).exp());
            after.push(has / (has + has_not));
            after_wrong_bad += old;
            after_wrong_good += top + (has + has_not).ln();
        }
    }

    fn normalise(&mut self) {
        let all = || self.weights.iter().flatten();
        let top = all().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = all().map(|ln| (ln - top).exp()).sum();
        self.weights.iter_mut().flatten().for_each(|ln| *ln = (*ln - top).exp() / sum);
    }

    /// Probability of a hypothesis.
    pub(super) fn total(&self, hypothesis: usize) -> f64 {
        self.weights.get(hypothesis).map_or(0.0, |weights| weights.iter().sum())
    }

    /// Mean and interval of p.
    pub(super) fn rate(&self) -> (f64, (f64, f64)) {
        let mut of_rate = [0.0; GRID];
        for weights in &self.weights {
            for (place, weights) in of_rate.iter_mut().zip(weights.chunks(OTHER_RATES.len())) {
                *place += weights.iter().sum::<f64>();
            }
        }
        let mean = of_rate.iter().enumerate().map(|(place, weight)| rates::rate(place) * weight).sum();
        let quantile = |part: f64| {
            let mut sum = 0.0;
            of_rate.iter().position(|weight| {
                sum += weight;
                sum >= part
            })
        };
        let end = |part: f64| quantile(part).map_or(1.0, rates::rate);
        (mean, (end(0.05), end(0.95)))
    }

    /// Probability, at each place of the grid, that an answer is wrong.
    pub(super) fn wrong_at(&self, answer: usize) -> Vec<f64> {
        let mut wrong = self.weights.get(answer + 1).cloned().unwrap_or_default();
        let (Some(own), Some(news)) = (self.answers.get(answer), self.after_good.get(answer)) else {
            return wrong;
        };
        for (earlier, weights) in self.answers.iter().zip(self.weights.iter().skip(1)).take(answer) {
            for ((wrong, weight), new) in wrong.iter_mut().zip(weights).zip(news) {
                *wrong += weight
                    * match (earlier.new, own.new) {
                        (true, true) => 1.0,
                        (true, false) => 0.0,
                        (false, true) => 1.0 - new,
                        (false, false) => *new,
                    };
            }
        }
        wrong
    }

    /// Probability of each place of the grid.
    pub(super) fn of_places(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.grid.len()];
        for weights in &self.weights {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
        sums
    }

    /// How many times as likely a crash with another title is where the bug is.
    pub(super) fn other_factor(&self) -> f64 {
        let (mut with, mut without) = (0.0, 0.0);
        for (weight, (p, q)) in self.of_places().iter().zip(&self.grid) {
            with += weight * rates::other(*p, *q);
            without += weight * q;
        }
        with / without
    }

    /// Chance that a revision with the bug passes so many runs.
    pub(super) fn passes(&self, tables: &mut Tables, of_places: &[f64], runs: u64) -> f64 {
        let [without, with] = tables.of(&Counts { ok: runs, ..Counts::default() });
        let places = of_places.iter().zip(with.iter().zip(&*without));
        // That another bug may come between is no merit of this one.
        places.map(|(weight, (with, without))| weight * (with - without).exp()).sum()
    }
}
