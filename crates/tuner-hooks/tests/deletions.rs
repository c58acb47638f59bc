//! Checkpoints that cannot be deleted.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{callback, pause, removed, report, spec};
use rungkeeper_tuner_hooks::{
    BoxError, Budget, ByLevel, CheckpointStore, CheckpointTracking, Decision, ModelSpec,
    TrialStatus, TunerCallback,
};

/// A deletion that fails: nothing resumes from it, it still takes room, another goes in its place,
/// it is reported once and tried again.
#[test]
fn delete_fails() {
    let (stuck, calls) = (Rc::new(RefCell::new(true)), Rc::new(RefCell::new(0)));
    let (is_stuck, count) = (Rc::clone(&stuck), Rc::clone(&calls));
    let store = move |trial: &str| -> Result<(), BoxError> {
        *count.borrow_mut() += 1;
        if trial == "3" && *is_stuck.borrow() {
            return Err("device or resource busy".into());
        }
        Ok(())
    };
    let budget = Budget::of_checkpoints(3);
    let mut callback = callback(&spec(), budget).with_store(store);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        pause(&mut callback, trial, metric);
    }
    callback.on_loop_end(1.0).unwrap();
    assert_eq!(
        callback.model().status("3"),
        Some(TrialStatus::PausedNoCheckpoint)
    );
    assert!(callback.undeleted().contains_key("3"));
    callback.on_loop_end(2.0).unwrap();
    assert_eq!(
        callback.model().status("2"),
        Some(TrialStatus::PausedNoCheckpoint)
    );
    assert!(callback.undeleted().contains_key("3")); // refused again
    let notes = callback.take_notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].to_string().contains("device or resource busy"));
    let before = *calls.borrow();
    *stuck.borrow_mut() = false;
    callback.on_loop_end(3.0).unwrap();
    assert_eq!(*calls.borrow(), before + 1);
    assert!(callback.undeleted().is_empty());
    assert_eq!(callback.model().num_with_checkpoint(), 2);
}

/// A deletion that is still tried again must not take the checkpoint that its trial has written
/// meanwhile.
#[test]
fn a_retried_deletion_spares_a_newer_checkpoint() {
    let (fails, deleted) = (
        Rc::new(RefCell::new(true)),
        Rc::new(RefCell::new(Vec::new())),
    );
    let (f, d) = (fails.clone(), deleted.clone());
    let store = move |trial: &str| -> Result<(), BoxError> {
        if *f.borrow() {
            return Err("busy".into());
        }
        d.borrow_mut().push(trial.to_owned());
        Ok(())
    };
    let budget = Budget::of_checkpoints(3);
    let mut callback = callback(&spec(), budget)
        .with_policy(Box::new(ByLevel))
        .with_store(store);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        pause(&mut callback, trial, metric);
    }
    callback.on_loop_end(1.0).unwrap(); // "3" is removed, its files stay
    assert!(callback.undeleted().contains_key("3"));
    callback.set_budget(Budget::default());
    callback.on_resume_trial("3").unwrap();
    callback.on_checkpoint_committed("3", 3, 10).unwrap();
    report(&mut callback, "3", 3, 0.0, Decision::Pause);
    *fails.borrow_mut() = false;
    callback.on_loop_end(2.0).unwrap();
    assert!(
        deleted.borrow().is_empty(),
        "the new checkpoint was deleted"
    );
}

/// What a store that deletes in the background could not delete takes room: another goes in its
/// place, but not ever more of them.
#[test]
fn stuck_deletions_take_room_once() {
    for budget in [Budget::of_checkpoints(3), Budget::of_bytes(32)] {
        let spec = ModelSpec {
            checkpoints: CheckpointTracking::Committed,
            ..spec()
        };
        let mut callback = callback(&spec, budget);
        for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3)] {
            pause(&mut callback, trial, metric);
            callback.on_checkpoint_committed(trial, 1, 10).unwrap();
        }
        callback.on_loop_end(1.0).unwrap();
        assert_eq!(callback.num_checkpoints_removed(), 0, "{budget:?}");
        callback.on_deletion_failed("x", 5).unwrap();
        callback.on_loop_end(2.0).unwrap();
        assert_eq!(removed(&callback), ["2"], "{budget:?}");
        // Its own deletion fails as well, and is told of again and again.
        for _ in 0..3 {
            callback.on_deletion_failed("2", 10).unwrap();
            callback.on_loop_end(3.0).unwrap();
        }
        assert_eq!(removed(&callback), ["2"], "{budget:?}");
        let undeleted = callback.undeleted().iter();
        let undeleted: Vec<_> = undeleted.map(|(t, &b)| (t.as_str(), b)).collect();
        assert_eq!(undeleted, [("2", 10), ("x", 5)]);
        callback.on_checkpoint_deleted("2").unwrap();
        callback.on_checkpoint_deleted("x").unwrap();
        assert!(callback.undeleted().is_empty());
        pause(&mut callback, "3", 0.4);
        callback.on_checkpoint_committed("3", 1, 10).unwrap();
        callback.on_loop_end(4.0).unwrap();
        assert_eq!(removed(&callback), ["2"], "{budget:?}");
    }
}

/// A failed deletion that nobody but the store knows of does not remove more and more either.
#[test]
fn a_store_that_cannot_delete_does_not_empty_the_run() {
    let store = |_: &str| -> Result<(), BoxError> { Err("read-only".into()) };
    let budget = Budget::of_checkpoints(3);
    let mut callback = callback(&spec(), budget)
        .with_policy(Box::new(ByLevel))
        .with_store(store);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        pause(&mut callback, trial, metric);
    }
    for turn in 0..5 {
        callback.on_loop_end(f64::from(turn)).unwrap();
    }
    assert_eq!(removed(&callback), ["2", "3"]);
}

/// Whatever the store is, it is the one that deletes, and that the callback shows.
#[test]
fn a_boxed_store_deletes() {
    struct Counts(Rc<RefCell<Vec<String>>>);
    impl CheckpointStore for Counts {
        fn delete(&mut self, trial: &str) -> Result<(), BoxError> {
            self.0.borrow_mut().push(trial.to_owned());
            Ok(())
        }
    }
    let deleted = Rc::new(RefCell::new(Vec::new()));
    let store: Box<dyn CheckpointStore> = Box::new(Counts(Rc::clone(&deleted)));
    let mut boxed = callback(&spec(), Budget::default()).with_store(store);
    pause(&mut boxed, "0", 0.1);
    boxed.give_up("0").unwrap();
    assert_eq!(*deleted.borrow(), ["0"]);
    let store = Counts(Rc::clone(&deleted));
    let mut own = callback(&spec(), Budget::default()).with_store(store);
    own.store_mut().delete("7").unwrap();
    assert_eq!(*own.store().0.borrow(), ["0", "7"]);
}
