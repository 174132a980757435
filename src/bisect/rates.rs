//! The probability of a test's runs, in a revision with the bug and in one without.

use std::collections::HashMap;
use std::rc::Rc;

use super::Counts;

/// Part of the bug's crashes that come with another title.
const FACES: f64 = 0.1;
/// Part of the runs without the bug that crash with its title.
const NAMESAKES: f64 = 0.001;
/// Part of the revisions with the bug whose crash rate is not that of the others.
const ODD: f64 = 0.1;
/// Values of p.
pub(super) const GRID: usize = 100;
/// Values of q.
pub(super) const OTHER_RATES: [f64; 6] = [0.001, 0.005, 0.02, 0.06, 0.2, 0.5];

/// A value of p by its place.
pub(super) fn rate(place: usize) -> f64 {
    (place as f64 + 0.5) / GRID as f64
}

/// p and q of each place of the grid: q changes first.
pub(super) fn grid() -> impl Iterator<Item = (f64, f64)> {
    (0..GRID).map(rate).flat_map(|p| OTHER_RATES.map(|q| (p, q)))
}

/// Logarithms of the probabilities of a run: the bug's title, another title, OK.
type Run = [f64; 3];

fn with(p: f64, q: f64) -> Run {
    [p * (1.0 - FACES), other(p, q), (1.0 - p) * (1.0 - q)].map(f64::ln)
}

fn without(q: f64) -> Run {
    [NAMESAKES, q, 1.0 - q - NAMESAKES].map(f64::ln)
}

/// Probability of a crash with another title, where the bug is.
pub(super) fn other(p: f64, q: f64) -> f64 {
    p * FACES + (1.0 - p) * q
}

fn runs(counts: &Counts, run: Run) -> f64 {
    let [same, other, ok] = run;
    counts.same as f64 * same + counts.other as f64 * other + counts.ok as f64 * ok
}

/// Logarithm of the sum of two numbers of which the logarithms are given.
pub(super) fn add(a: f64, b: f64) -> f64 {
    let top = f64::max(a, b);
    if top == f64::NEG_INFINITY { top } else { top + ((a - top).exp() + (b - top).exp()).ln() }
}

/// The probabilities of tests' runs. Many tests have the same runs: they are reckoned once.
#[derive(Debug, Default)]
pub(super) struct Tables(HashMap<[u64; 3], [Rc<[f64]>; 2]>);

impl Tables {
    /// At each place of the grid the logarithm of the probability of a test's runs, without the bug and with it.
    pub(super) fn of(&mut self, counts: &Counts) -> [Rc<[f64]>; 2] {
        let key = [counts.same, counts.other, counts.ok];
        self.0.entry(key).or_insert_with(|| [of_others(counts), of_bug(counts)]).clone()
    }
}

fn of_bug(counts: &Counts) -> Rc<[f64]> {
    let all: Vec<f64> = grid().map(|(p, q)| runs(counts, with(p, q))).collect();
    let mut odd = [f64::NEG_INFINITY; OTHER_RATES.len()];
    for of_rate in all.chunks(OTHER_RATES.len()) {
        odd.iter_mut().zip(of_rate).for_each(|(odd, ln)| *odd = add(*odd, *ln));
    }
    let (usual, odd_rate) = ((1.0 - ODD).ln(), (ODD / GRID as f64).ln());
    all.iter().zip(odd.iter().cycle()).map(|(ln, odd)| add(usual + ln, odd_rate + odd)).collect()
}

fn of_others(counts: &Counts) -> Rc<[f64]> {
    let of_rate = OTHER_RATES.map(|q| runs(counts, without(q)));
    of_rate.iter().copied().cycle().take(GRID * OTHER_RATES.len()).collect()
}
