//! Priors and batches that are refused, values of the reference, and where a level stands by itself.

use rungkeeper_estimators::{BetaBinomial, EstimatorError, EstimatorSettings, LevelEstimators};

#[test]
fn bad_priors_are_refused() {
    for mean in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            BetaBinomial::new(mean, 2.0),
            Err(EstimatorError::PriorMean(_))
        ));
    }
    for size in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            BetaBinomial::new(0.3, size),
            Err(EstimatorError::PriorSize(_))
        ));
    }
}

#[test]
fn refused_updates_change_nothing() {
    let mut estimator = BetaBinomial::new(0.33, 2.0).unwrap();
    estimator.update_counts(1, u64::MAX - 1).unwrap();
    let before = estimator.clone();
    assert!(estimator.update_counts(3, 2).is_err());
    assert!(estimator.update_counts(0, 2).is_err());
    assert_eq!(estimator, before);
}

#[test]
fn golden_values_of_the_reference() {
    // 638 ones of 1094 values with the default prior: the last estimate at level 1 of the
    // recorded run `asha_eta3_min`.
    let mut estimator = BetaBinomial::new(0.33, 2.0).unwrap();
    estimator.update_counts(638, 1094).unwrap();
    assert_eq!(estimator.posterior_mean(), 638.66 / 1096.0);
}

#[test]
fn fallback_ends_exactly_at_the_minimum() {
    let mut estimators = LevelEstimators::new(EstimatorSettings::default()).unwrap();
    estimators.update(9, 10, 10).unwrap();
    estimators.update(1, 0, 4).unwrap();
    assert_eq!(estimators.probability(1), (0.66 + 10.0) / 16.0);
    estimators.update(1, 0, 1).unwrap();
    assert_eq!(estimators.probability(1), 0.66 / 7.0);
}

#[test]
fn levels_and_overall_hold_the_same_data() {
    let mut estimators = LevelEstimators::new(EstimatorSettings::default()).unwrap();
    for (level, one, total) in [(1, 2, 3), (3, 0, 0), (9, 1, 1), (1, 0, 7)] {
        estimators.update(level, one, total).unwrap();
    }
    let sum: u64 = estimators.iter().map(|(_, e)| e.num_total()).sum();
    assert_eq!(estimators.overall().num_total(), sum);
    assert_eq!(
        estimators.iter().map(|(l, _)| l).collect::<Vec<_>>(),
        [1, 9]
    );
}

#[test]
fn refused_batches_leave_no_trace() {
    let mut estimators = LevelEstimators::new(EstimatorSettings::default()).unwrap();
    assert!(estimators.update(1, 2, 1).is_err());
    assert_eq!(estimators.iter().count(), 0);
    assert_eq!(estimators.overall().num_total(), 0);
}
