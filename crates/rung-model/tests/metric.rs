//! Metrics as integers that sort.

use rungkeeper_rung_model::{MetricKey, Mode, PromotionQuantile, PromotionRule, TrialStatus};

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

/// Names are those of files and logs, and are read back where people write them.
#[test]
fn names_are_read_as_they_are_written() {
    for (mode, name) in [(Mode::Min, "min"), (Mode::Max, "max")] {
        assert_eq!((mode.to_string().as_str(), name.parse()), (name, Ok(mode)));
    }
    for (rule, name) in [
        (PromotionRule::TopFraction, "top_fraction"),
        (PromotionRule::LinearQuantile, "linear_quantile"),
    ] {
        assert_eq!((rule.name(), name.parse()), (name, Ok(rule)));
        assert_eq!(format!("{rule:>20}"), format!("{name:>20}"));
    }
    for (status, name) in [
        (TrialStatus::Running, "RUNNING"),
        (TrialStatus::PausedWithCheckpoint, "PAUSED-WITH-CP"),
        (TrialStatus::PausedNoCheckpoint, "PAUSED-NO-CP"),
        (TrialStatus::StoppedOrCompleted, "STOPPED-COMPLETED"),
    ] {
        assert_eq!(status.to_string(), name);
    }
    let error = "Min".parse::<Mode>().unwrap_err().to_string();
    assert_eq!(error, "mode is \"Min\", but must be \"min\" or \"max\"");
    assert!("top".parse::<PromotionRule>().is_err());
    assert_eq!(PromotionQuantile::new(27, 81).unwrap().to_string(), "1/3");
}

/// A trial is promoted from the distance 0 on: arrival by arrival, in integers.
#[test]
fn the_rules_count_what_is_promoted() {
    for (a, b) in [(1, 2), (1, 3), (2, 5), (81, 100), (1, 1)] {
        let quantile = PromotionQuantile::new(a, b).unwrap();
        for len in 1..200u64 {
            let (top, linear) = (a * len / b, a * (len - 1) / b + 1);
            for rank in 1..=len {
                let by = |rule: PromotionRule| rule.promotes(rank, len, quantile);
                assert_eq!(by(PromotionRule::TopFraction), rank <= top);
                assert_eq!(by(PromotionRule::LinearQuantile), rank <= linear);
                for rule in [PromotionRule::TopFraction, PromotionRule::LinearQuantile] {
                    let distance = |rank, len| rule.distance(rank, len, quantile);
                    let now = distance(rank, len);
                    assert_eq!(distance(rank + 1, len + 1) - now, i128::from(b - a));
                    assert_eq!(distance(rank, len + 1) - now, -i128::from(a));
                }
            }
        }
    }
}
