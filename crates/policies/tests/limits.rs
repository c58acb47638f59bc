//! Budgets and limits: what is refused, and how much of a run is left.

use rungkeeper_policies::{Budget, Limits, Progress};

#[test]
fn budget_too_small() {
    let budget = Budget::of_checkpoints;
    assert!(budget(4).check_workers(4, 0).is_ok());
    // The best finished trial is kept as well: four workers need five.
    let error = budget(4).check_workers(4, 1).unwrap_err().to_string();
    assert!(error.ends_with("the smallest that works is 5"), "{error}");
    let error = budget(2).check_workers(4, 0).unwrap_err().to_string();
    assert!(error.ends_with("the smallest that works is 4"), "{error}");
    assert!(Budget::default().check_workers(1 << 40, 0).is_ok());
}

#[test]
fn too_large_checkpoints_are_refused_with_the_size_that_works() {
    let budget = Budget::of_bytes(100);
    assert!(budget.check_size(100).is_ok());
    let error = budget.check_size(120).unwrap_err().to_string();
    assert!(error.ends_with("the smallest that works is 120"), "{error}");
}

#[test]
fn stopped_by_count() {
    let progress = Progress {
        seconds: 10.0,
        trials: 50,
        reports: 1_000,
        resource: 4_000,
    };
    let by = |limits: Limits| limits.time_ratio(&progress);
    let none = Limits::default();
    assert_eq!(
        by(Limits {
            trials: Some(200),
            ..none
        }),
        3.0
    );
    assert_eq!(
        by(Limits {
            reports: Some(5_000),
            ..none
        }),
        4.0
    );
    assert_eq!(
        by(Limits {
            resource: Some(5_000),
            ..none
        }),
        0.25
    );
    assert_eq!(by(none), 1.0);
}

#[test]
fn ratio_stays_positive_and_finite() {
    let limits = Limits {
        seconds: Some(600.0),
        ..Limits::default()
    };
    let at = |seconds| {
        limits.time_ratio(&Progress {
            seconds,
            ..Progress::default()
        })
    };
    assert_eq!(at(0.0), 600.0 / 1e-3);
    assert_eq!(at(600.0), 1e-3 / 600.0);
    assert_eq!(at(700.0), 1e-3 / 700.0);
    assert_eq!(at(f64::NAN), 1.0);
}

#[test]
fn bad_limits_are_named() {
    for seconds in [0.0, -1.0, f64::NAN] {
        let limits = Limits {
            seconds: Some(seconds),
            ..Limits::default()
        };
        assert_eq!(limits.check().unwrap_err().name, "seconds");
    }
    let limits = Limits {
        trials: Some(0),
        ..Limits::default()
    };
    let message = limits.check().unwrap_err().to_string();
    assert_eq!(message, "the limit of trials is 0, but must be positive");
}
