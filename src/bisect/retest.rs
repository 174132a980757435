//! Which revisions are worth another test.

use super::Counts;
use super::posterior::Posterior;
use super::rates::Tables;

/// A revision to test again, and what that would tell.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retest {
    /// The test's number in [`Bisection::tests`](super::Bisection::tests).
    pub test: usize,
    /// So many runs, as before.
    pub runs: u64,
    /// How much less doubtful the culprit is then to be expected, in bits.
    pub gain: f64,
    /// Probability that the culprit is right if the answer is the same again.
    pub if_same: f64,
    /// Probability that it is right if it is not.
    pub if_other: f64,
}

/// Most that are named.
const MOST: usize = 3;
/// Less than that is no reason to test again.
const LEAST_BITS: f64 = 0.01;

/// The revisions to test again: those whose new answer is expected to tell most of where the culprit is, which is the
/// mutual information of the two.
pub(super) fn of(tables: &mut Tables, posterior: &Posterior) -> Vec<Retest> {
    let found = (0..posterior.answers.len()).filter_map(|answer| retest(tables, posterior, answer));
    let mut found: Vec<Retest> = found.filter(|retest| retest.gain >= LEAST_BITS).collect();
    found.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    found.truncate(MOST);
    found
}

fn retest(tables: &mut Tables, posterior: &Posterior, at: usize) -> Option<Retest> {
    let own = posterior.answers.get(at)?;
    let counts = own.counts;
    let runs = counts.same + counts.other + counts.ok;
    // At each place of the grid: that a revision with the bug and with these runs crashes in one of as many more. Where
    // its rate is its own, they tell of that.
    let passed = Counts { ok: counts.ok + runs, ..counts };
    let ([others_then, then], [others_now, now]) = (tables.of(&counts), tables.of(&passed));
    let fits = now.iter().zip(&*then).zip(others_now.iter().zip(&*others_then));
    let shows: Vec<f64> = fits
        .map(|((now, then), (others_now, others_then))| 1.0 - (now - then - others_now + others_then).exp())
        .collect();
    let mut crash = Vec::with_capacity(posterior.weights.len());
    for (hypothesis, weights) in posterior.weights.iter().enumerate() {
        let news = posterior.after_good.get(at)?;
        let earlier_new =
            hypothesis.checked_sub(1).and_then(|answer| posterior.answers.get(answer)).map(|a| a.new);
        let places = weights.iter().zip(news).zip(&shows);
        let crashes: f64 = places
            .map(|((weight, after_good), shows)| {
                let new = match earlier_new {
                    Some(_) if hypothesis == at + 1 => f64::from(u8::from(!own.new)),
                    Some(true) if hypothesis <= at => 0.0,
                    Some(false) if hypothesis <= at => *after_good,
                    _ => f64::from(u8::from(own.new)),
                };
                let has = if posterior.new_crashes { new } else { 1.0 - new };
                weight * has * shows
            })
            .sum();
        crash.push((weights.iter().sum::<f64>(), crashes));
    }
    let crashes: f64 = crash.iter().map(|(_, crashes)| crashes).sum();
    let gain = entropy(crashes)
        - crash.iter().map(|(weight, crashes)| weight * entropy(crashes / weight)).sum::<f64>();
    let (right, right_crashes) = *crash.first()?;
    let if_crash = right_crashes / crashes;
    let if_not = (right - right_crashes) / (1.0 - crashes);
    let (if_same, if_other) =
        if own.new == posterior.new_crashes { (if_crash, if_not) } else { (if_not, if_crash) };
    Some(Retest { test: own.test?, runs, gain, if_same, if_other })
}

/// Bits of doubt in something of that probability.
fn entropy(chance: f64) -> f64 {
    let bits = |chance: f64| if chance > 0.0 { -chance * chance.log2() } else { 0.0 };
    bits(chance) + bits(1.0 - chance)
}
