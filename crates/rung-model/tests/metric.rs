//! Metrics as integers that sort.

use rungkeeper_rung_model::{MetricKey, Mode};

#[test]
fn keys_keep_the_order_of_doubles() {
    let ascending = [
        f64::MIN,
        -1.0,
        -f64::MIN_POSITIVE,
        -5e-324,
        0.0,
        5e-324,
        1.0,
        1.0 + f64::EPSILON,
        f64::MAX,
    ];
    for pair in ascending.windows(2) {
        assert!(MetricKey::new(pair[0], Mode::Min) < MetricKey::new(pair[1], Mode::Min));
        assert!(MetricKey::new(pair[0], Mode::Max) > MetricKey::new(pair[1], Mode::Max));
    }
    assert!(MetricKey::new(f64::MAX, Mode::Min) < MetricKey::NON_FINITE);
    assert!(MetricKey::new(f64::MIN, Mode::Max) < MetricKey::NON_FINITE);
}

#[test]
fn keys_give_the_metric_back() {
    let metrics = [f64::MIN, -2.5, -5e-324, 0.0, 5e-324, 0.1, f64::MAX];
    for mode in [Mode::Min, Mode::Max] {
        for metric in metrics {
            let back = MetricKey::new(metric, mode).metric(mode);
            assert_eq!(back.to_bits(), metric.to_bits());
        }
        assert!(MetricKey::NON_FINITE.metric(mode).is_nan());
    }
}

#[test]
fn bad_metrics_are_worst_in_both_modes() {
    for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for mode in [Mode::Min, Mode::Max] {
            assert!(MetricKey::new(bad, mode).is_non_finite());
        }
    }
    assert_eq!(
        MetricKey::new(-0.0, Mode::Max),
        MetricKey::new(0.0, Mode::Max)
    );
}
