//! The walk drawn at random. Fixed seed; for a new seed, a right implementation would fail with a probability below 1e-5:
//! 16 two-sided tests at five standard deviations.

mod common;

use common::{position, quantile, settings};
use rand::SeedableRng;
use rand_distr::{Bernoulli, Distribution};
use rand_pcg::Pcg64Mcg;
use rungkeeper_score::{
    PausedPosition, PromotionRule, ScoreSettings, arrivals_left, promotable, resume_probability,
};

const RUNS: u32 = 20_000;

fn is_resumed(position: &PausedPosition, settings: &ScoreSettings, rng: &mut Pcg64Mcg) -> bool {
    let arrival_is_better = Bernoulli::new(position.p).expect("a probability");
    let most_better = settings.approx_steps.map_or(u64::MAX, u64::from);
    let mut better = 0;
    for l in 0..=arrivals_left(position.rung_len, position.time_ratio) {
        if l > 0 {
            better += u64::from(arrival_is_better.sample(rng));
        }
        let (rank, rung_len) = (position.rank + better, position.rung_len + l);
        if better <= most_better
            && promotable(
                rank,
                rung_len,
                position.promotion_quantile,
                settings.promotion_rule,
            )
        {
            return true;
        }
    }
    false
}

#[test]
fn the_walk_drawn_at_random() {
    let mut rng = Pcg64Mcg::seed_from_u64(20);
    for (alpha, rank, p) in [
        (quantile(1, 3), 14, 0.3),
        (quantile(1, 2), 19, 0.5),
        (quantile(2, 5), 15, 0.35),
        (quantile(81, 100), 27, 0.75),
    ] {
        let position = position(rank, 30, alpha, p, 1.5);
        for promotion_rule in [PromotionRule::TopFraction, PromotionRule::LinearQuantile] {
            for approx_steps in [None, Some(4)] {
                let settings = ScoreSettings {
                    promotion_rule,
                    ..settings(approx_steps)
                };
                let expected = resume_probability(&position, &settings)
                    .unwrap()
                    .probability();
                let resumed = (0..RUNS)
                    .filter(|_| is_resumed(&position, &settings, &mut rng))
                    .count();
                let share = resumed as f64 / f64::from(RUNS);
                let deviation = (expected * (1.0 - expected) / f64::from(RUNS)).sqrt();
                assert!(
                    (share - expected).abs() < 5.0 * deviation,
                    "{position:?}: {share} {expected}"
                );
            }
        }
    }
}
