//! One rung: ranks, ties, and who waits.

use std::cmp::Ordering;

use proptest::prelude::*;
use rungkeeper_rung_model::{MetricKey, Mode, Position, PromotionQuantile, Rung, TrialIndex};

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
fn positions_are_ordered_by_metric_then_by_arrival() {
    let mut rung = Rung::new(1, PromotionQuantile::from_reduction_factor(3).unwrap());
    let [late, first, second] = [0.3, 0.1, 0.1].map(|value| rung.insert(key(value)));
    assert!(first < second && second < late);
    assert_eq!(first.partial_cmp(&late), Some(Ordering::Less));
    assert_eq!(late.partial_cmp(&second), Some(Ordering::Greater));
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

/// A rung beside the plain list of its entries, which is sorted by a stable sort: best first, of equals the older one.
struct Both {
    rung: Rung,
    list: Vec<(MetricKey, Position, bool)>,
}

impl Both {
    fn new(metrics: impl IntoIterator<Item = f64>) -> Self {
        let third = PromotionQuantile::from_reduction_factor(3).unwrap();
        let (rung, list) = (Rung::new(1, third), Vec::new());
        let mut both = Self { rung, list };
        for metric in metrics {
            both.arrive(metric);
        }
        both
    }

    fn place(&self, metric: MetricKey) -> usize {
        self.list.partition_point(|entry| entry.0 <= metric)
    }

    fn arrive(&mut self, metric: f64) {
        let place = self.place(key(metric));
        let (entry, rank) = self.rung.insert_ranked(key(metric));
        assert_eq!(rank, place as u64 + 1);
        self.list.insert(place, (key(metric), entry, true));
        self.rung.wait(entry, TrialIndex::new(7));
    }

    /// Promotes the trial of an entry, or ends its waiting.
    fn leave(&mut self, place: usize, is_promoted: bool) {
        let (metric, entry, waits) = self.list[place];
        if is_promoted {
            self.list.remove(place);
            let behind = self.place(metric);
            let entry = self.rung.promote(entry);
            self.list.insert(behind, (metric, entry, false));
        } else {
            assert_eq!(self.rung.end_wait(entry), waits);
            self.list[place].2 = false;
        }
    }

    /// All that a rung tells of its entries.
    fn compare(&self) {
        let (rung, len) = (&self.rung, self.list.len() as u64);
        assert_eq!((rung.len(), rung.is_empty()), (len, len == 0));
        for (rank, &(metric, entry, _)) in (1..).zip(&self.list) {
            let better = self.list.partition_point(|entry| entry.0 < metric) as u64;
            assert_eq!(rung.rank(entry), rank);
            assert_eq!(rung.rank_and_num_better(entry), (rank, better));
            assert_eq!(rung.num_better(metric), better);
            assert_eq!(rung.metric_at(rank), Some(metric));
        }
        assert_eq!((rung.metric_at(0), rung.metric_at(len + 1)), (None, None));
        let waiting: Vec<_> = self.list.iter().filter(|entry| entry.2).collect();
        assert!(rung.waiting().map(|w| w.0).eq(waiting.iter().map(|w| w.1)));
        for metric in [0.0, 10.0, 40.5, 99.0, 1e9].map(key) {
            let met = waiting.iter().filter(|w| w.0 >= metric).count();
            let expected = (met as u64, waiting.len() as u64);
            assert_eq!(rung.compare_with_waiting(metric), expected);
        }
    }
}

#[test]
fn a_long_rung_is_a_sorted_list_whatever_the_order_of_arrivals() {
    Both::new([]).compare();
    for scattered in [1, 7, 3000] {
        // 3001 is prime: all metrics differ.
        let mut both = Both::new((0..3001).map(|i| f64::from(i * scattered % 3001)));
        both.compare();
        // Nearly all stop waiting, from both sides towards the middle.
        for place in (0..2900).map(|i| if i % 2 == 0 { i / 2 } else { 3000 - i / 2 }) {
            both.leave(place, false);
        }
        both.compare();
        while let Some(place) = both.list.iter().position(|entry| entry.2) {
            both.leave(place, false);
        }
        both.compare();
        both.arrive(5.5);
        both.compare();
    }
}

proptest! {
    #[test]
    fn a_long_rung_is_a_sorted_list_through_all_that_happens(
        steps in prop::collection::vec((0..4u8, 0..2000u32), 0..4000), many in any::<bool>(),
    ) {
        let mut both = Both::new([]);
        for (kind, number) in steps {
            match (kind, both.list.len()) {
                (2 | 3, len) if len > 0 => both.leave(number as usize % len, kind == 2),
                // Many different metrics, or many equal ones.
                _ => both.arrive(f64::from(if many { number } else { number % 50 })),
            }
        }
        both.compare();
    }
}
