//! What single events do, and what is refused.

use rungkeeper_rung_model::{
    Brackets, CheckpointTracking, Decision, EventError, Mode, ModelSpec, PromotionQuantile,
    RungModel, RungView, SpecError, TrialStatus,
};

fn spec() -> ModelSpec {
    ModelSpec::geometric(1, 4, 64).unwrap()
}

fn assumed() -> RungModel {
    let checkpoints = CheckpointTracking::Assumed;
    RungModel::new(&ModelSpec {
        checkpoints,
        ..spec()
    })
    .unwrap()
}

/// The resource part of the case of the same name: rungs 1, 4, 16.
#[test]
fn resource_surprises() {
    let mut model = assumed();
    for trial in ["T1", "T2", "T3"] {
        model.start(trial, 0).unwrap();
        let first = model.report(trial, 1, 0.5, Decision::Continue).unwrap();
        assert!(!first.skipped && first.recorded.is_some());
    }
    // T1 skips 4: recorded at rung 4, with a note.
    let skipped = model.report("T1", 5, 0.4, Decision::Pause).unwrap();
    assert!(skipped.skipped);
    assert_eq!(skipped.recorded.unwrap().level, 4);
    // T2 reports 4 twice: once counts.
    model.report("T2", 4, 0.3, Decision::Continue).unwrap();
    let again = model.report("T2", 4, 0.1, Decision::Pause).unwrap();
    assert!(again.repeated && again.recorded.is_none() && again.data.is_none());
    assert_eq!(model.rungs()[1].len(), 2);
    assert_eq!(model.trial_information("T2").unwrap().rank, 1);
    assert_eq!(model.status("T2"), Some(TrialStatus::PausedWithCheckpoint));
    // T3 goes back: refused, the run goes on.
    model.report("T3", 3, 0.3, Decision::Continue).unwrap();
    let refused = model.report("T3", 2, 0.3, Decision::Continue).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "trial \"T3\" reported resource 2 after 3: refused, resources must not go back"
    );
    assert!(
        model
            .report("T3", 4, 0.9, Decision::Pause)
            .unwrap()
            .recorded
            .is_some()
    );
}

#[test]
fn one_report_passes_one_rung_at_most() {
    let mut model = assumed();
    model.start("far", 0).unwrap();
    let report = model.report("far", 50, 0.5, Decision::Pause).unwrap();
    assert_eq!(report.recorded.unwrap().level, 1);
    assert_eq!(model.rungs()[1].len(), 0);
}

/// A trial trained again from scratch passes rungs 1 and 4 again: neither ranks nor data.
#[test]
fn retrained_is_no_arrival() {
    let mut model = assumed();
    for (trial, loss) in [("a", 0.5), ("b", 0.4)] {
        model.start(trial, 0).unwrap();
        model.report(trial, 1, loss, Decision::Pause).unwrap();
    }
    model.resume("b").unwrap();
    model.report("b", 4, 0.3, Decision::Pause).unwrap();
    model.remove_checkpoint("b").unwrap();
    assert!(model.resume("b").unwrap().lost_checkpoint);
    for resource in 1..=4 {
        let report = model
            .report("b", resource, 0.1, Decision::Continue)
            .unwrap();
        assert_eq!(report.repeated, resource == 1 || resource == 4);
        assert_eq!((report.recorded, report.data), (None, None));
    }
    let lengths: Vec<_> = model
        .rungs()
        .iter()
        .map(rungkeeper_rung_model::Rung::len)
        .collect();
    assert_eq!(lengths, [2, 1, 0]);
}

#[test]
fn repeated_reports_are_data_when_asked_for() {
    let mut spec = spec();
    spec.checkpoints = CheckpointTracking::Assumed;
    spec.repeated_reports_are_data = true;
    let mut model = RungModel::new(&spec).unwrap();
    for (trial, loss) in [("a", 0.5), ("b", 0.4)] {
        model.start(trial, 0).unwrap();
        model.report(trial, 1, loss, Decision::Pause).unwrap();
    }
    model.resume("b").unwrap();
    let data = model
        .report("b", 1, 0.6, Decision::Continue)
        .unwrap()
        .data
        .unwrap();
    assert_eq!((data.level, data.num_one, data.num_total), (1, 0, 1));
}

#[test]
fn crashed_trials_hold_nothing() {
    let mut model = assumed();
    for trial in ["a", "b"] {
        model.start(trial, 0).unwrap();
    }
    assert_eq!(model.num_with_checkpoint(), 2);
    model.fail("a").unwrap();
    model.fail("a").unwrap();
    assert_eq!((model.num_with_checkpoint(), model.num_running()), (1, 1));
}

#[test]
fn only_complete_checkpoints_of_the_rung_are_candidates() {
    let mut model = RungModel::new(&spec()).unwrap();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Pause).unwrap();
    // The save is under way: it counts, but cannot be removed.
    assert_eq!(
        (model.num_with_checkpoint(), candidates(&model).len()),
        (1, 0)
    );
    model.commit_checkpoint("a", 1, 10).unwrap();
    assert_eq!(candidates(&model).len(), 1);
    model.resume("a").unwrap();
    assert_eq!(candidates(&model).len(), 0);
    model.report("a", 4, 0.5, Decision::Pause).unwrap();
    // Only the checkpoint of level 1 is complete.
    assert_eq!(candidates(&model).len(), 0);
    model.commit_checkpoint("a", 4, 12).unwrap();
    assert_eq!(model.checkpoint_bytes(), 12);
    model.pin("a").unwrap();
    assert_eq!(candidates(&model).len(), 0);
    assert!(matches!(
        model.remove_checkpoint("a"),
        Err(EventError::Pinned { .. })
    ));
}

#[test]
fn pinned_trials_keep_their_checkpoint_beyond_the_end() {
    let mut model = RungModel::new(&spec()).unwrap();
    model.start("best", 0).unwrap();
    model.commit_checkpoint("best", 64, 10).unwrap();
    model.pin("best").unwrap();
    model.report("best", 64, 0.1, Decision::Stop).unwrap();
    assert_eq!(
        (model.num_with_checkpoint(), model.checkpoint_bytes()),
        (1, 10)
    );
    assert_eq!(model.unpin("best").unwrap().unwrap().bytes, 10);
    assert_eq!(
        (model.num_with_checkpoint(), model.checkpoint_bytes()),
        (0, 0)
    );
}

/// Ids are kept apart as text.
#[test]
fn odd_ids() {
    let mut model = assumed();
    let ids = [
        "0007",
        "7",
        "a/b",
        "..",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "1099511627776",
    ];
    for id in ids {
        model.start(id, 0).unwrap();
        model.report(id, 1, 0.5, Decision::Pause).unwrap();
    }
    let mut found = candidates(&model);
    found.reverse(); // of equals the oldest is the best
    assert_eq!(found, ids);
    assert!(matches!(
        model.start("7", 0),
        Err(EventError::StartedTwice { .. })
    ));
}

#[test]
fn brackets_share_rungs_or_have_their_own() {
    let mut spec = spec();
    spec.checkpoints = CheckpointTracking::Assumed;
    for own_rungs in [false, true] {
        spec.brackets = Brackets {
            number: 2,
            own_rungs,
        };
        let mut model = RungModel::new(&spec).unwrap();
        model.start("a", 0).unwrap();
        model.start("b", 1).unwrap();
        assert!(model.start("c", 2).is_err());
        model.report("a", 1, 0.5, Decision::Continue).unwrap();
        model.report("a", 4, 0.5, Decision::Pause).unwrap();
        assert!(
            model
                .report("b", 1, 0.6, Decision::Continue)
                .unwrap()
                .recorded
                .is_none()
        );
        let b = model
            .report("b", 4, 0.6, Decision::Pause)
            .unwrap()
            .recorded
            .unwrap();
        assert_eq!(
            (b.rank, b.rung_len),
            if own_rungs { (1, 1) } else { (2, 2) }
        );
    }
}

#[test]
fn refused_events_change_nothing() {
    let mut model = assumed();
    model.start("a", 0).unwrap();
    assert!(model.resume("a").is_err());
    assert!(model.remove_checkpoint("a").is_err());
    assert!(model.report("a", 0, 0.5, Decision::Continue).is_err());
    assert!(model.report("b", 1, 0.5, Decision::Continue).is_err());
    model.report("a", 1, 0.5, Decision::Pause).unwrap();
    let late = model.report("a", 2, 0.5, Decision::Continue).unwrap_err();
    assert_eq!(
        late.to_string(),
        "trial \"a\" is PAUSED-WITH-CP: a report is not possible before it is resumed"
    );
    assert_eq!((model.num_trials(), candidates(&model).len()), (1, 1));
}

/// That a metric is bad is told once a trial, at the first rung where it is.
#[test]
fn a_bad_metric_is_told_once() {
    let mut model = assumed();
    for (trial, metrics, expected) in [
        ("a", [0.5, 0.5, 0.5], [false, false, false]),
        (
            "b",
            [f64::NAN, f64::NAN, f64::INFINITY],
            [true, false, false],
        ),
        ("c", [0.5, f64::NAN, f64::NAN], [false, true, false]),
        ("d", [f64::NAN, 0.5, f64::NAN], [true, false, false]),
    ] {
        model.start(trial, 0).unwrap();
        for ((level, metric), first) in [1, 4, 16].into_iter().zip(metrics).zip(expected) {
            let report = model.report(trial, level, metric, Decision::Continue);
            assert_eq!(
                report.unwrap().first_non_finite,
                first,
                "{trial} at {level}"
            );
        }
    }
}

#[test]
fn levels_are_powers_below_the_max_resource() {
    for (grace_period, eta, max_resource, expected) in [
        (1, 2, 8, &[1, 2, 4][..]),
        (1, 2, 9, &[1, 2, 4, 8]),
        (3, 3, 10, &[3, 9]),
        (9, 3, 10, &[9]),
    ] {
        let mut spec = ModelSpec::geometric(grace_period, eta, max_resource).unwrap();
        let levels: Vec<u64> = spec.rungs.iter().map(|rung| rung.level).collect();
        assert_eq!(levels, expected);
        // As many brackets as rungs, and no more.
        for (number, fits) in [(0, false), (levels.len(), true), (levels.len() + 1, false)] {
            spec.brackets.number = number;
            assert_eq!(spec.check().is_ok(), fits, "{number}");
        }
    }
}

#[test]
fn bad_specifications_are_refused() {
    assert_eq!(
        ModelSpec::geometric(0, 3, 9).unwrap_err(),
        SpecError::Level(0)
    );
    assert_eq!(
        ModelSpec::geometric(1, 1, 9).unwrap_err(),
        SpecError::ReductionFactor(1)
    );
    assert!(ModelSpec::geometric(9, 3, 9).is_err());
    assert_eq!(
        ModelSpec::from_levels(&[], 9).unwrap_err(),
        SpecError::NoRungs
    );
    assert!(ModelSpec::from_levels(&[1, 1], 9).is_err());
    assert!(ModelSpec::from_levels(&[1, 9], 9).is_err());
    for (a, b) in [(0, 3), (4, 3)] {
        assert!(PromotionQuantile::new(a, b).is_err());
    }
    let finer = 1 << 31;
    assert_eq!(
        ModelSpec::from_levels(&[1], finer + 1).unwrap_err(),
        SpecError::QuantileTooFine {
            level: 1,
            a: 1,
            b: finer + 1
        }
    );
    assert!(ModelSpec::from_levels(&[1], finer).is_ok());
    let mut bad = spec();
    bad.brackets.number = 4;
    assert!(RungModel::new(&bad).is_err());
}

#[test]
fn promoted_entries_can_keep_their_place() {
    for (promoted_behind_equals, ranks) in [(true, [3, 1, 2]), (false, [1, 2, 3])] {
        let mut model = RungModel::new(&ModelSpec {
            checkpoints: CheckpointTracking::Assumed,
            promoted_behind_equals,
            ..spec()
        })
        .unwrap();
        for trial in ["a", "b", "c"] {
            model.start(trial, 0).unwrap();
            model.report(trial, 1, 0.5, Decision::Pause).unwrap();
        }
        model.resume("a").unwrap();
        let found = ["a", "b", "c"].map(|trial| model.trial_information(trial).unwrap().rank);
        assert_eq!(found, ranks);
        assert_eq!(candidates(&model).len(), 2);
    }
}

#[test]
fn decisions_can_follow_what_was_recorded() {
    let mut model = assumed();
    model.start("a", 0).unwrap();
    let pause_at_rungs = |report: &rungkeeper_rung_model::Report| match report.recorded {
        Some(_) => Decision::Pause,
        None => Decision::Continue,
    };
    let (report, decision) = model
        .report_and_decide("a", 1, 0.5, pause_at_rungs)
        .unwrap();
    assert_eq!(decision, Decision::Pause);
    assert!(report.recorded.is_some() && report.data.is_none());
    model.resume("a").unwrap();
    let (_, decision) = model
        .report_and_decide("a", 2, 0.5, pause_at_rungs)
        .unwrap();
    assert_eq!(decision, Decision::Continue);
    assert_eq!(model.status("a"), Some(TrialStatus::Running));
}

#[test]
fn sizes_that_do_not_add_up_are_refused() {
    let mut model = assumed();
    for trial in ["a", "b"] {
        model.start(trial, 0).unwrap();
    }
    model.commit_checkpoint("a", 1, u64::MAX - 5).unwrap();
    model.commit_checkpoint("b", 1, 5).unwrap();
    let error = model.commit_checkpoint("b", 2, 6).unwrap_err();
    assert_eq!(error, EventError::TooManyBytes { bytes: 6 });
    // As before; a checkpoint that takes another's place frees its bytes first.
    assert_eq!(model.checkpoint_bytes(), u64::MAX);
    model.commit_checkpoint("a", 2, u64::MAX - 5).unwrap();
    model.commit_checkpoint("a", 3, 1).unwrap();
    assert_eq!(model.checkpoint_bytes(), 6);
}

/// Ids of the candidates, highest level first and worst first.
fn candidates(model: &RungModel) -> Vec<&str> {
    let rungs = model.rung_views();
    let candidates = rungs.flat_map(rungkeeper_rung_model::RungView::worst_first);
    candidates.map(|candidate| candidate.trial_id).collect()
}

/// What the model tells of itself is what the events made of it, trial by trial.
#[test]
fn views_tell_what_the_events_made() {
    let brackets = Brackets {
        number: 2,
        own_rungs: false,
    };
    let spec = ModelSpec {
        mode: Mode::Max,
        brackets,
        checkpoints: CheckpointTracking::Committed,
        ..spec()
    };
    let mut model = RungModel::new(&spec).unwrap();
    for trial in ["paused", "bare", "running", "failed", "ended"] {
        model.start(trial, 0).unwrap();
    }
    for (trial, metric) in [("paused", 0.7), ("bare", 0.5)] {
        model.report(trial, 1, metric, Decision::Pause).unwrap();
    }
    model.commit_checkpoint("paused", 1, 10).unwrap();
    model.commit_checkpoint("running", 1, 5).unwrap();
    model.pin("paused").unwrap();
    model.fail("failed").unwrap();
    model.complete("ended").unwrap();
    assert_eq!(model.mode(), Mode::Max);
    assert_eq!((model.num_trials(), model.num_running()), (5, 1));
    assert_eq!(model.num_paused_with_checkpoint(), 2); // none was removed
    assert_eq!((model.num_committed(), model.checkpoint_bytes()), (2, 15));
    let pinned = |trial| model.is_pinned(trial);
    assert_eq!((pinned("paused"), pinned("bare")), (true, false));
    let failed = |trial| model.has_failed(trial);
    assert_eq!((failed("failed"), failed("ended")), (true, false));
    let rungs: Vec<_> = (model.rung_views())
        .map(|it| (it.level(), it.len()))
        .collect();
    assert_eq!(rungs, [(16, 0), (4, 0), (1, 2)]);
    model.unpin("paused").unwrap();
    let candidates = model.rung_views().flat_map(RungView::worst_first);
    let ids: Vec<_> = candidates.map(|it| it.trial_id.to_owned()).collect();
    assert_eq!(ids, ["paused"]);
    let refused = model.start("other", 2).unwrap_err().to_string();
    assert!(
        refused.ends_with("there are only brackets 0 to 1"),
        "{refused}"
    );
}
