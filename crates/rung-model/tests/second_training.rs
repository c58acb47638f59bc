//! Trials that go on from a checkpoint, start anew, or are tried again.

use rungkeeper_rung_model::{
    CheckpointTracking, Decision, EventError, ModelSpec, RungModel, TrialStatus,
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

/// The save of a pause that is committed behind it, at a lower level than the rung: it is all that
/// there is to resume from, so it can be removed. One from before the pause cannot.
#[test]
fn saved_at_another_epoch() {
    let mut model = RungModel::new(&spec()).unwrap();
    model.start("a", 0).unwrap();
    model.commit_checkpoint("a", 3, 10).unwrap();
    model.report("a", 1, 0.5, Decision::Continue).unwrap();
    model.report("a", 4, 0.5, Decision::Pause).unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (0, 0));
    model.commit_checkpoint("a", 3, 12).unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (1, 1));
    // Removed, and committed anew: a candidate once more.
    model.remove_checkpoint("a").unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (0, 0));
    model.commit_checkpoint("a", 3, 12).unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (1, 1));
    // The next pause is another one: what was committed behind the first says nothing of it.
    model.resume("a").unwrap();
    model.report("a", 16, 0.5, Decision::Pause).unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (0, 0));
    model.commit_checkpoint("a", 15, 12).unwrap();
    assert_eq!((candidates(&model).len(), model.num_candidates()), (1, 1));
}

/// What the first report after a resume tells of the training that is done again.
#[test]
fn ignores_its_checkpoint() {
    // Paused at 9; level of the checkpoint; first report: units again, and whether it is ignored.
    for (saved_at, from, again, trained) in [
        (Some(9), 10, None, 1),
        (Some(9), 9, Some((1, true)), 9),
        (Some(9), 1, Some((9, true)), 1),
        (Some(5), 1, Some((9, true)), 1),
        (Some(5), 5, Some((5, true)), 5),
        (Some(5), 6, Some((4, false)), 1),
        (Some(5), 9, Some((1, false)), 4),
        (Some(5), 10, None, 5),
        (None, 10, None, 1),
        (None, 1, Some((9, true)), 1),
        (None, 6, Some((4, false)), 1),
    ] {
        let checkpoints = match saved_at {
            Some(_) => CheckpointTracking::Committed,
            None => CheckpointTracking::Assumed,
        };
        let spec = ModelSpec {
            checkpoints,
            ..ModelSpec::geometric(1, 3, 27).unwrap()
        };
        let mut model = RungModel::new(&spec).unwrap();
        model.start("a", 0).unwrap();
        for resource in [1, 3] {
            model
                .report("a", resource, 0.5, Decision::Continue)
                .unwrap();
        }
        let paused = model.report("a", 9, 0.5, Decision::Pause).unwrap();
        assert_eq!(paused.trained_again, None);
        if let Some(level) = saved_at {
            model.commit_checkpoint("a", level, 10).unwrap();
        }
        assert!(!model.resume("a").unwrap().lost_checkpoint);
        // A crash before the first report changes nothing: it would start from the checkpoint again.
        model.restart("a").unwrap();
        let first = model.report("a", from, 0.5, Decision::Continue).unwrap();
        let found = first
            .trained_again
            .map(|again| (again.units(), again.ignores_the_checkpoint()));
        assert_eq!(found, again, "{saved_at:?} {from}");
        assert_eq!(first.trained, trained, "{saved_at:?} {from}");
        // It is told once a resume.
        model.restart("a").unwrap();
        let next = model.report("a", 1, 0.5, Decision::Continue).unwrap();
        assert_eq!(next.trained_again, None);
    }
}

/// Where checkpoints must be committed, a trial that is resumed before one was trains from scratch: what it reports again
/// is no second cost, and what it trains counts from the beginning.
#[test]
fn resumed_before_a_commit() {
    let mut model = RungModel::new(&spec()).unwrap();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Continue).unwrap();
    model.report("a", 4, 0.5, Decision::Pause).unwrap();
    assert_eq!(
        model.status("a"),
        Some(TrialStatus::PausedWithCheckpoint),
        "it may still be committed"
    );
    let resumed = model.resume("a").unwrap();
    assert!(resumed.lost_checkpoint);
    assert_eq!(resumed.level, Some(4));
    let again = model.report("a", 16, 0.5, Decision::Pause).unwrap();
    assert_eq!((again.trained_again, again.trained), (None, 16));
    model.commit_checkpoint("a", 16, 10).unwrap();
    assert!(!model.resume("a").unwrap().lost_checkpoint);
    // Nobody has to tell of it where checkpoints are assumed.
    let mut model = assumed();
    model.start("a", 0).unwrap();
    model.report("a", 4, 0.5, Decision::Pause).unwrap();
    assert!(!model.resume("a").unwrap().lost_checkpoint);
}

/// A trial without a checkpoint is counted at its resume; one that trains again from its checkpoint
/// was paused where it was, not at its rung.
#[test]
fn training_is_counted_again_once() {
    let mut model = assumed();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Pause).unwrap();
    model.remove_checkpoint("a").unwrap();
    model.resume("a").unwrap();
    let first = model.report("a", 1, 0.5, Decision::Continue).unwrap();
    assert_eq!(first.trained_again, None);
    model.report("a", 2, 0.5, Decision::Pause).unwrap();
    model.resume("a").unwrap();
    let again = model.report("a", 2, 0.5, Decision::Continue).unwrap();
    assert_eq!(again.trained_again.unwrap().units(), 1);
    // As Syne Tune 0.13 and earlier releases count.
    let mut model = RungModel::new(&ModelSpec {
        checkpoints: CheckpointTracking::Assumed,
        retraining_is_counted: false,
        ..spec()
    })
    .unwrap();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Pause).unwrap();
    model.resume("a").unwrap();
    let first = model.report("a", 1, 0.5, Decision::Continue).unwrap();
    assert_eq!(first.trained_again, None);
}

#[test]
fn only_failed_trials_are_tried_again() {
    let mut model = RungModel::new(&spec()).unwrap();
    for trial in ["a", "b"] {
        model.start(trial, 0).unwrap();
        model.report(trial, 1, 0.5, Decision::Pause).unwrap();
        model.commit_checkpoint(trial, 1, 10).unwrap();
    }
    assert!(matches!(
        model.retry("a"),
        Err(EventError::NotFailed { .. })
    ));
    assert!(matches!(
        model.retry("c"),
        Err(EventError::UnknownTrial { .. })
    ));
    model.fail("a").unwrap();
    // Pinned and committed after the failure: it counts as one that has ended, then as running.
    model.pin("a").unwrap();
    model.commit_checkpoint("a", 1, 10).unwrap();
    assert_eq!(model.num_with_checkpoint(), 2);
    model.retry("a").unwrap();
    assert_eq!((model.num_with_checkpoint(), model.num_running()), (2, 1));
    // It stands in rung 1 already, and is recorded in the next one.
    assert!(
        model
            .report("a", 1, 0.1, Decision::Continue)
            .unwrap()
            .repeated
    );
    let next = model.report("a", 4, 0.1, Decision::Continue).unwrap();
    assert_eq!(next.recorded.unwrap().level, 4);
    model.complete("a").unwrap();
    model.fail("a").unwrap(); // it has ended: nothing changes
    assert!(model.retry("a").is_err());
}

#[test]
fn restarted_training_programs_report_anew() {
    let mut model = assumed();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Continue).unwrap();
    model.report("a", 3, 0.4, Decision::Continue).unwrap();
    assert!(model.report("a", 2, 0.4, Decision::Continue).is_err());
    model.restart("a").unwrap();
    let again = model.report("a", 1, 0.9, Decision::Continue).unwrap();
    assert!(again.repeated && again.recorded.is_none());
    let next = model.report("a", 4, 0.3, Decision::Pause).unwrap();
    assert_eq!(next.recorded.unwrap().level, 4);
    let refused = model.restart("a").unwrap_err().to_string();
    assert_eq!(
        refused,
        "trial \"a\" is PAUSED-WITH-CP: a restart is not possible before it is resumed"
    );
}

#[test]
fn trained_units_count_from_where_training_began() {
    let mut model = assumed();
    model.start("a", 0).unwrap();
    let trained = |model: &mut RungModel, resource, decision| {
        model.report("a", resource, 0.5, decision).unwrap().trained
    };
    assert_eq!(trained(&mut model, 1, Decision::Pause), 1);
    model.resume("a").unwrap(); // from its checkpoint at 1
    assert_eq!(trained(&mut model, 3, Decision::Continue), 2);
    assert_eq!(trained(&mut model, 4, Decision::Pause), 1);
    model.remove_checkpoint("a").unwrap();
    model.resume("a").unwrap(); // from scratch
    assert_eq!(trained(&mut model, 5, Decision::Pause), 5);
    model.resume("a").unwrap(); // has a checkpoint, but starts over
    assert_eq!(trained(&mut model, 1, Decision::Continue), 1);
}

/// Ids of the candidates, highest level first and worst first.
/// From its launch to its resume the checkpoint of a paused trial is no candidate.
#[test]
fn a_launched_trial_is_about_to_run() {
    let mut model = assumed();
    for trial in ["a", "b"] {
        model.start(trial, 0).unwrap();
        model.report(trial, 1, 0.5, Decision::Pause).unwrap();
    }
    model.launch("unknown");
    assert!(!model.is_about_to_run("a") && !model.is_about_to_run("unknown"));
    assert_eq!(candidates(&model), ["b", "a"]); // worst first
    model.launch("a");
    assert!(model.is_about_to_run("a") && !model.is_about_to_run("b"));
    assert_eq!(candidates(&model), ["b"]);
    model.resume("a").unwrap();
    model.launch("a"); // it runs
    assert!(!model.is_about_to_run("a"));
}

fn candidates(model: &RungModel) -> Vec<&str> {
    let rungs = model.rung_views();
    let candidates = rungs.flat_map(rungkeeper_rung_model::RungView::worst_first);
    candidates.map(|candidate| candidate.trial_id).collect()
}

#[test]
fn a_pause_awaits_the_commit_of_its_checkpoint() {
    let mut model = RungModel::new(&spec()).unwrap();
    assert_eq!(model.awaits_commit("a"), None);
    model.start("a", 0).unwrap();
    model.report("a", 2, 0.5, Decision::Pause).unwrap();
    assert_eq!(model.awaits_commit("a"), Some(2));
    model.commit_checkpoint("a", 2, 10).unwrap();
    assert_eq!(model.awaits_commit("a"), None);
    model.resume("a").unwrap();
    model.report("a", 5, 0.5, Decision::Pause).unwrap();
    assert_eq!(model.awaits_commit("a"), Some(5));
    model.remove_checkpoint("a").unwrap();
    assert_eq!(model.awaits_commit("a"), None);
    // Committed before the pause, at its rung.
    model.resume("a").unwrap();
    model.commit_checkpoint("a", 16, 10).unwrap();
    model.report("a", 16, 0.5, Decision::Pause).unwrap();
    assert_eq!(model.awaits_commit("a"), None);

    let mut model = assumed();
    model.start("a", 0).unwrap();
    model.report("a", 1, 0.5, Decision::Pause).unwrap();
    assert_eq!(model.awaits_commit("a"), None);
}
