//! Laws of the Beta-Binomial estimators, over wide inputs.

use proptest::prelude::*;
use rungkeeper_estimators::{BetaBinomial, EstimatorSettings, LevelEstimators};

fn prior() -> impl Strategy<Value = (f64, f64)> {
    let mean = prop_oneof![1e-9..1.0f64, 1e-12..1e-6f64, (1.0 - 1e-6)..(1.0 - 1e-12)];
    (mean, prop_oneof![1e-6..10.0f64, 1.0..1e6f64])
}

proptest! {
    #[test]
    fn posterior_mean_lies_between_prior_mean_and_observed_fraction(
        (mean, size) in prior(), total in 1u64..1_000_000_000, share in 0.0..=1.0f64,
    ) {
        let one = (total as f64 * share) as u64;
        let mut estimator = BetaBinomial::new(mean, size).unwrap();
        estimator.update_counts(one, total).unwrap();
        let (observed, posterior) = (one as f64 / total as f64, estimator.posterior_mean());
        // Each side is within two roundings of the exact value.
        let slack = 4.0 * f64::EPSILON;
        prop_assert!(posterior >= mean.min(observed) * (1.0 - slack));
        prop_assert!(posterior <= mean.max(observed) * (1.0 + slack));
        prop_assert!(posterior > 0.0 && posterior < 1.0);
    }

    #[test]
    fn order_of_the_data_does_not_matter(
        (mean, size) in prior(), data in prop::collection::vec(any::<bool>(), 0..200),
        seed in any::<u64>(),
    ) {
        let mut shuffled = data.clone();
        for i in (1..shuffled.len()).rev() {
            shuffled.swap(i, (seed.rotate_left(i as u32 % 64) % (i as u64 + 1)) as usize);
        }
        let mut first = BetaBinomial::new(mean, size).unwrap();
        let mut second = first.clone();
        first.update(data).unwrap();
        second.update(shuffled).unwrap();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn batch_equals_one_by_one(
        (mean, size) in prior(), data in prop::collection::vec(any::<bool>(), 0..200),
    ) {
        let mut batch = BetaBinomial::new(mean, size).unwrap();
        let mut single = batch.clone();
        batch.update(data.iter().copied()).unwrap();
        for value in data {
            single.update([value]).unwrap();
        }
        prop_assert_eq!(batch, single);
    }

    #[test]
    fn more_ones_never_lower_the_estimate(
        (mean, size) in prior(), total in 1u64..1_000_000, share in 0.0..1.0f64,
    ) {
        let one = (total as f64 * share) as u64;
        let mut fewer = BetaBinomial::new(mean, size).unwrap();
        let mut more = fewer.clone();
        fewer.update_counts(one, total).unwrap();
        more.update_counts((one + 1).min(total), total).unwrap();
        prop_assert!(fewer.posterior_mean() <= more.posterior_mean());
    }

    #[test]
    fn overall_estimator_is_the_sum_of_the_levels(
        batches in prop::collection::vec((1u64..6, 0u64..50, 0u64..50), 0..60),
        min_data_at_rung in 0u64..100,
    ) {
        let settings = EstimatorSettings { min_data_at_rung, ..EstimatorSettings::default() };
        let mut estimators = LevelEstimators::new(settings).unwrap();
        for &(level, one, zero) in &batches {
            estimators.update(level, one, one + zero).unwrap();
        }
        let counted = |f: fn(&BetaBinomial) -> u64| estimators.iter().map(|(_, e)| f(e)).sum::<u64>();
        prop_assert_eq!(estimators.overall().num_one(), counted(BetaBinomial::num_one));
        prop_assert_eq!(estimators.overall().num_total(), counted(BetaBinomial::num_total));
        for level in 1..6 {
            let own = estimators.at_level(level);
            let expected =
                if own.num_total() < min_data_at_rung { estimators.overall() } else { own };
            prop_assert_eq!(estimators.probability(level), expected.posterior_mean());
        }
    }
}
