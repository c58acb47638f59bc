//! One rung: ranks, ties, and who waits.

use rungkeeper_rung_model::{MetricKey, Mode, PromotionQuantile, Rung, TrialIndex};

fn key(value: f64) -> MetricKey {
    MetricKey::new(value, Mode::Min)
}

#[test]
fn comparing_counts_ties_as_one_and_skips_bad_metrics() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    for (i, value) in [0.3, 0.1, 0.3, f64::NAN, 0.5].into_iter().enumerate() {
        let entry = rung.insert(key(value));
        rung.wait(entry, TrialIndex::new(i as u32));
    }
    assert_eq!(rung.compare_with_waiting(key(0.3)), (3, 4));
    assert_eq!(rung.compare_with_waiting(key(0.6)), (0, 4));
    assert_eq!(rung.compare_with_waiting(key(0.0)), (4, 4));
    assert_eq!(rung.compare_with_waiting(MetricKey::NON_FINITE), (0, 4));
}

#[test]
fn bad_metrics_do_not_move_ranks() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    let bad = rung.insert(MetricKey::NON_FINITE);
    let good = rung.insert(key(9.0));
    assert_eq!((rung.rank(good), rung.rank(bad)), (1, 2));
}

#[test]
fn ties_are_not_better() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    for value in [0.3, 0.1, 0.3, f64::INFINITY] {
        rung.insert(key(value));
    }
    let better = [0.1, 0.2, 0.3, 0.4].map(|value| rung.num_better(key(value)));
    assert_eq!(better, [0, 1, 1, 3]);
    assert_eq!(rung.num_better(MetricKey::NON_FINITE), 3);
    let metrics = [1, 2, 3, 4].map(|rank| rung.metric_at(rank).unwrap());
    let expected = [0.1, 0.3, 0.3].map(key);
    assert_eq!(metrics[..3], expected);
    assert!(metrics[3].is_non_finite());
    assert_eq!((rung.metric_at(0), rung.metric_at(5)), (None, None));
}

#[test]
fn equals_share_the_number_of_better_ones() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    let entries = [0.3, 0.1, 0.3, 0.3, f64::NAN].map(|value| rung.insert(key(value)));
    let found = entries.map(|entry| rung.rank_and_num_better(entry));
    assert_eq!(found, [(2, 1), (1, 0), (3, 1), (4, 1), (5, 4)]);
    let bad = rung.insert(MetricKey::NON_FINITE);
    assert_eq!(rung.rank_and_num_better(bad), (6, 4));
}

#[test]
fn waiting_order_is_best_first() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    let slow = rung.insert(key(2.0));
    let fast = rung.insert(key(1.0));
    rung.wait(slow, TrialIndex::new(0));
    rung.wait(fast, TrialIndex::new(1));
    assert_eq!(rung.best_waiting(), Some((fast, TrialIndex::new(1))));
    assert!(rung.end_wait(fast));
    assert!(!rung.end_wait(fast));
    assert_eq!(rung.best_waiting(), Some((slow, TrialIndex::new(0))));
}
