//! Orders in which metrics arrive at a rung.

use rungkeeper_rung_model::{MetricKey, Mode};

/// The orders that [`metric`] knows.
pub const ORDERS: [&str; 4] = ["random", "sorted", "reversed", "equal"];

/// Multiplicative hashing of the arrival number: an even spread, the same in each run.
#[must_use]
pub fn spread(i: u64) -> f64 {
    (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64
}

/// The metric of the arrival number `i` in one of [`ORDERS`].
///
/// # Panics
///
/// If the order is another one.
#[must_use]
pub fn metric(order: &str, i: u64) -> MetricKey {
    let value = match order {
        "random" => spread(i),
        "sorted" => i as f64,
        "reversed" => -(i as f64),
        "equal" => 0.0,
        _ => panic!("no order is called {order}"),
    };
    MetricKey::new(value, Mode::Min)
}
