//! Candidates to be scored.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rungkeeper_score::{
    PausedPosition, PromotionQuantile, PromotionRule, RankedPosition, ScoreSettings,
    resume_probability,
};

/// Candidates in rungs of 200 to 2000 trials, ranks from the last promotable one to the worst.
#[must_use]
pub fn positions(count: usize, promotion_quantile: PromotionQuantile) -> Vec<PausedPosition> {
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    (0..count)
        .map(|_| {
            let rung_len = rng.random_range(200..=2000);
            PausedPosition {
                rank: rng.random_range(rung_len / 3..=rung_len),
                rung_len,
                promotion_quantile,
                p: 0.4,
                time_ratio: 1.0,
            }
        })
        .collect()
}

/// Candidates with a million arrivals to come at p = `p`, to be scored without a cut-off: rungs of a
/// thousand trials, ranks spread from just behind the promotable ones to the last.
#[must_use]
pub fn no_cut_off(
    count: usize,
    promotion_quantile: PromotionQuantile,
    p: f64,
) -> Vec<PausedPosition> {
    let mut rng = Pcg64Mcg::seed_from_u64(2);
    (0..count)
        .map(|_| PausedPosition {
            rank: rng.random_range(340..=1000),
            rung_len: 1000,
            promotion_quantile,
            p,
            time_ratio: 1000.0,
        })
        .collect()
}

/// Candidates as a run has them: in a rung of 2000 trials and the rungs above it, as many in each as the share that is
/// promoted says, spread from just behind the promotable ones to the last. Half of the run is over.
#[must_use]
pub fn ranked(count: usize, promotion_quantile: PromotionQuantile) -> Vec<RankedPosition> {
    let (a, b) = (
        promotion_quantile.numerator(),
        promotion_quantile.denominator(),
    );
    let (mut rung_len, mut left) = (2000, count as u64);
    let mut positions = Vec::with_capacity(count);
    while left > 0 {
        let last = rung_len * a / b < 2;
        let here = if last { left } else { left - left * a / b };
        let first = rung_len * a / b;
        positions.extend((1..=here).map(|i| {
            let rank = first + ((rung_len - first) * i).div_ceil(here);
            RankedPosition {
                rank,
                num_better: rank - 1,
                rung_len,
                promotion_quantile,
                time_ratio: 1.0,
            }
        }));
        (left, rung_len) = (left - here, first);
    }
    positions
}

/// The default settings with another cut-off.
#[must_use]
pub fn settings(approx_steps: Option<u32>) -> ScoreSettings {
    ScoreSettings {
        approx_steps,
        ..ScoreSettings::default()
    }
}

/// The sum of the logarithms of the probabilities by `resume_probability`, one by one.
///
/// # Panics
///
/// If a position is none.
#[must_use]
pub fn score(positions: &[PausedPosition], settings: &ScoreSettings) -> f64 {
    let scores = positions.iter().map(|position| {
        let probability = resume_probability(position, settings).expect("a valid position");
        probability.ln_probability()
    });
    scores.sum()
}

/// The sum of the logarithms of the rank-aware probabilities, neighbours in a rung by one scorer.
///
/// # Panics
///
/// If a position is none.
#[must_use]
pub fn score_by_ranks(positions: &[RankedPosition]) -> f64 {
    let mut sum = 0.0;
    for rung in positions.chunk_by(|one, other| one.rung_len == other.rung_len) {
        let scorer = rung[0].scorer(PromotionRule::TopFraction);
        let mut scorer = scorer.expect("a valid rung");
        for position in rung {
            let probability = scorer.probability(position.rank, position.num_better);
            sum += probability.expect("a valid position").ln_probability();
        }
    }
    sum
}
