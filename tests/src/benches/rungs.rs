//! Rungs with entries, and what they are compared with.

use indexset::BTreeSet;
use rungkeeper_rung_model::{MetricKey, Position, PromotionQuantile, Rung};

use crate::benches::metric;

/// A rung after a number of arrivals in one of [`ORDERS`](crate::benches::ORDERS), and where they stand.
///
/// # Panics
///
/// Never: 1/3 is a promotion quantile.
#[must_use]
pub fn rung(order: &str, len: u64) -> (Rung, Vec<Position>) {
    let third = PromotionQuantile::from_reduction_factor(3);
    let mut rung = Rung::new(1, third.expect("a promotion quantile"));
    let positions = (0..len).map(|i| rung.insert(metric(order, i))).collect();
    (rung, positions)
}

/// The same entries, metric and arrival, in the order-statistic B-tree of the crate `indexset`.
#[must_use]
pub fn tree(order: &str, len: u64) -> BTreeSet<(MetricKey, u64)> {
    let mut tree = BTreeSet::new();
    for i in 0..len {
        tree.insert((metric(order, i), i));
    }
    tree
}
