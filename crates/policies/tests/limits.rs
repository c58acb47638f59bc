//! Budgets and limits: what is refused, and how much of a run is left.

use rungkeeper_policies::{Budget, Limits, Need, Progress};

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

/// A run ends with the first limit that it reaches, and its time ratio is that of the nearest.
#[test]
fn the_nearest_limit_ends_the_run() {
    let progress = Progress {
        seconds: 50.0,
        trials: 50,
        reports: 50,
        resource: 50,
    };
    let of = |limit: u64, which: usize| {
        let at = |place| (place == which).then_some(limit);
        Limits {
            seconds: at(0).map(|seconds| seconds as f64),
            trials: at(1),
            reports: at(2),
            resource: at(3),
        }
    };
    for which in 0..4 {
        assert!(!of(51, which).reached(&progress), "{which}");
        assert!(of(50, which).reached(&progress), "{which}");
        assert!(of(49, which).reached(&progress), "{which}");
        assert_eq!(of(150, which).time_ratio(&progress), 2.0);
        let others = [(which + 1) % 4, (which + 2) % 4, (which + 3) % 4];
        for other in others {
            let [one, two] = [of(60, which), of(150, other)];
            let both = Limits {
                seconds: one.seconds.or(two.seconds),
                trials: one.trials.or(two.trials),
                reports: one.reports.or(two.reports),
                resource: one.resource.or(two.resource),
            };
            assert_eq!(both.time_ratio(&progress), 10.0 / 50.0);
            assert!(both.check().is_ok() && !both.reached(&progress));
        }
        let name = ["seconds", "trials", "reports", "resource"][which];
        let error = of(0, which).check().unwrap_err();
        assert_eq!((error.name, error.value), (name, 0.0));
    }
    assert!(!Limits::default().reached(&progress));
    assert!(Limits::default().check().is_ok());
}

#[test]
fn nothing_must_go_where_both_budgets_are_kept() {
    let budget = Budget {
        max_checkpoints: Some(3),
        max_bytes: Some(100),
    };
    for (held, bytes, checkpoints, over) in [
        (3, 100, 0, 0),
        (4, 100, 1, 0),
        (3, 101, 0, 1),
        (5, 110, 2, 10),
        (0, 0, 0, 0),
    ] {
        let need = budget.need(held, bytes);
        let expected = Need {
            checkpoints,
            bytes: over,
        };
        assert_eq!(need, expected);
        assert_eq!(need.is_none(), checkpoints == 0 && over == 0);
    }
    assert!(Budget::default().need(1 << 40, u64::MAX).is_none());
    assert!(Budget::of_checkpoints(3).need(3, u64::MAX).is_none());
    assert!(Budget::of_bytes(100).need(1 << 40, 100).is_none());
    assert!(Budget::of_bytes(100).check_workers(1 << 40, 0).is_ok());
    assert!(Budget::of_checkpoints(3).check_size(u64::MAX).is_ok());
}
