//! Odd reports, the end of trials, limits, and recovery, call by call.

use rungkeeper_rung_model::{Decision, ModelSpec, SpecError};
use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
use rungkeeper_tuner::search_space::{Configuration, SearchSpace};

fn scheduler(levels: &[u64], max_resource: u64, trials: usize) -> PromotionScheduler {
    let spec = PromotionSpec::from_levels(levels, max_resource).unwrap();
    let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap();
    for _ in 0..trials {
        assert!(matches!(scheduler.next_task().unwrap(), Task::Start { .. }));
    }
    scheduler
}

/// Rungs 1, 4, 16: a skipped rung, a resource reported twice, one that goes back.
#[test]
fn resource_surprises() {
    let mut scheduler = scheduler(&[1, 4, 16], 64, 3);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3)] {
        scheduler.on_report(trial, 1, metric).unwrap();
        scheduler.adopt_resume(trial).unwrap();
    }
    // Skips 4: recorded at rung 4, with a note, and paused.
    let skipped = scheduler.on_report("0", 5, 0.5).unwrap();
    assert_eq!(skipped.decision, Decision::Pause);
    assert_eq!(skipped.report.recorded.unwrap().level, 4);
    assert!(skipped.report.skipped);
    // The same resource twice counts once.
    scheduler.on_report("1", 3, 0.4).unwrap();
    let twice = scheduler.on_report("1", 3, 0.9).unwrap();
    assert_eq!(twice.decision, Decision::Continue);
    assert!(twice.report.repeated);
    let at_rung = scheduler.on_report("1", 4, 0.4).unwrap();
    assert_eq!(at_rung.decision, Decision::Pause);
    let late = scheduler.on_report("1", 4, 0.4).unwrap_err();
    assert_eq!(
        late.to_string(),
        "trial \"1\" is PAUSED-WITH-CP: a report is not possible before it is resumed"
    );
    assert_eq!(scheduler.model().rungs()[1].len(), 2);
    // Going back is refused, and the run goes on.
    scheduler.on_report("2", 3, 0.4).unwrap();
    let back = scheduler.on_report("2", 2, 0.4).unwrap_err();
    assert_eq!(
        back.to_string(),
        "trial \"2\" reported resource 2 after 3: refused, resources must not go back"
    );
    assert_eq!(
        scheduler.on_report("2", 4, 0.4).unwrap().decision,
        Decision::Pause
    );
}

/// A trial trained again from scratch passes its old rungs again: nothing is recorded, no rank
/// moves, and it is not paused before the next rung.
#[test]
fn retrained_is_no_arrival() {
    let mut scheduler = scheduler(&[1, 3, 9], 27, 2);
    scheduler.on_report("0", 1, 0.5).unwrap();
    scheduler.on_report("1", 1, 0.4).unwrap();
    scheduler.adopt_resume("0").unwrap();
    let before = scheduler.model().trial_information("1");
    for resource in [1, 2] {
        let verdict = scheduler.on_report("0", resource, 0.1).unwrap();
        assert_eq!(verdict.decision, Decision::Continue);
        assert_eq!(verdict.report.recorded, None);
    }
    assert_eq!(scheduler.model().trial_information("1"), before);
    assert_eq!(
        scheduler.on_report("0", 3, 0.1).unwrap().decision,
        Decision::Pause
    );
}

/// The program of a running trial that was started again may report from the beginning.
#[test]
fn restarted_programs_report_anew() {
    let mut scheduler = scheduler(&[4], 16, 1);
    scheduler.on_report("0", 3, 0.5).unwrap();
    scheduler.on_restart("0").unwrap();
    let again = scheduler.on_report("0", 1, 0.5).unwrap();
    assert_eq!(again.decision, Decision::Continue);
    assert!(scheduler.on_restart("9").is_err());
}

#[test]
fn bad_metrics_are_told_once_per_trial() {
    let mut scheduler = scheduler(&[1, 3], 9, 1);
    let first = scheduler.on_report("0", 1, f64::NAN).unwrap();
    assert_eq!(first.decision, Decision::Pause);
    assert!(first.report.first_non_finite);
    scheduler.adopt_resume("0").unwrap();
    let second = scheduler.on_report("0", 3, f64::INFINITY).unwrap();
    assert!(second.report.recorded.is_some() && !second.report.first_non_finite);
}

#[test]
fn trials_stop_at_the_max_resource() {
    let mut scheduler = scheduler(&[1], 3, 3);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3)] {
        scheduler.on_report(trial, 1, metric).unwrap();
    }
    let task = scheduler.next_task().unwrap();
    let promoted = Task::Resume {
        trial: "0".to_owned(),
        level: 1,
        milestone: 3,
    };
    assert_eq!(task, promoted);
    assert_eq!(
        scheduler.on_report("0", 2, 0.1).unwrap().decision,
        Decision::Continue
    );
    assert_eq!(
        scheduler.on_report("0", 3, 0.1).unwrap().decision,
        Decision::Stop
    );
    assert!(scheduler.on_report("0", 4, 0.1).is_err());
    // One that jumps over its rung to the end is recorded there, and stops.
    assert!(matches!(scheduler.next_task().unwrap(), Task::Start { .. }));
    let verdict = scheduler.on_report("3", 5, 0.1).unwrap();
    assert_eq!(verdict.decision, Decision::Stop);
    assert_eq!(verdict.report.recorded.unwrap().level, 1);
}

#[test]
fn waiting_and_exhausted() {
    let mut spec = PromotionSpec::from_levels(&[1], 3).unwrap();
    spec.max_trials = Some(3);
    let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap();
    for _ in 0..3 {
        assert!(matches!(scheduler.next_task().unwrap(), Task::Start { .. }));
    }
    assert_eq!(scheduler.next_task().unwrap(), Task::Wait);
    scheduler.on_report("0", 1, 0.5).unwrap();
    scheduler.on_report("1", 1, 0.6).unwrap();
    assert_eq!(scheduler.next_task().unwrap(), Task::Wait);
    scheduler.on_failed("2").unwrap();
    assert_eq!(scheduler.next_task().unwrap(), Task::Exhausted);
    // A trial that came back to life is none: it has ended.
    assert!(scheduler.on_report("2", 1, 0.1).is_err());
    assert_eq!(scheduler.next_task().unwrap(), Task::Exhausted);
}

#[test]
fn trials_that_ended_by_themselves_are_not_promoted() {
    let mut scheduler = scheduler(&[1], 3, 3);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3)] {
        scheduler.on_report(trial, 1, metric).unwrap();
    }
    scheduler.on_complete("0").unwrap();
    scheduler.on_complete("0").unwrap();
    assert!(matches!(scheduler.next_task().unwrap(), Task::Start { .. }));
    assert!(scheduler.on_complete("7").is_err());
    assert!(scheduler.on_failed("7").is_err());
}

#[test]
fn adopting_what_does_not_fit_is_refused() {
    let mut scheduler = scheduler(&[1], 3, 1);
    let nothing = Configuration::default();
    for trial in ["0", "2", "01", "a/b"] {
        let refused = scheduler.adopt_start(trial, 0, &nothing).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "trial \"{trial}\" cannot be taken over: the next trial to be started is \"1\""
            )
        );
    }
    let refused = scheduler.adopt_start("1", 1, &nothing).unwrap_err();
    assert!(refused.to_string().contains("bracket 1"));
    assert!(scheduler.adopt_resume("0").is_err());
    scheduler.adopt_start("1", 0, &nothing).unwrap();
    let Task::Start { trial, .. } = scheduler.next_task().unwrap() else {
        panic!("nothing can be promoted");
    };
    assert_eq!(trial, "2");
}

#[test]
fn impossible_specs_are_refused() {
    let refused = PromotionSpec::from_levels(&[1, 3], 3).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "max_resource is 3, but must be above the rung level 3"
    );
    let mut spec = PromotionSpec::geometric(1, 3, 27).unwrap();
    spec.max_resource = 5;
    let refused = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap_err();
    let expected = SpecError::MaxResource {
        last: 9,
        max_resource: 5,
    };
    assert_eq!(refused, expected);
    spec.model = ModelSpec {
        rungs: Vec::new(),
        ..spec.model
    };
    assert_eq!(spec.check(), Err(SpecError::NoRungs));
}

/// A failed trial runs again from the beginning, is paused at the rungs it was recorded at before,
/// and can be promoted.
#[test]
fn failed_trials_are_tried_again() {
    let mut scheduler = scheduler(&[1, 3], 9, 3);
    for (trial, loss) in [("0", 0.1), ("1", 0.5), ("2", 0.9)] {
        assert_eq!(
            scheduler.on_report(trial, 1, loss).unwrap().decision,
            Decision::Pause
        );
    }
    let promoted = |task: Task| matches!(task, Task::Resume { trial, .. } if trial == "0");
    assert!(promoted(scheduler.next_task().unwrap()));
    assert!(scheduler.on_retry("0").is_err());
    scheduler.on_failed("0").unwrap();
    assert!(scheduler.on_retry("7").is_err());
    scheduler.on_retry("0").unwrap();
    let again = scheduler.on_report("0", 1, 0.1).unwrap();
    assert_eq!(again.decision, Decision::Continue);
    assert_eq!(
        scheduler.on_report("0", 3, 0.1).unwrap().decision,
        Decision::Pause
    );
    let late = scheduler.on_report("0", 4, 0.1).unwrap_err();
    assert!(
        late.to_string().contains("a report is not possible"),
        "{late}"
    );
    scheduler.on_failed("1").unwrap();
    scheduler.on_retry("1").unwrap();
    scheduler.on_complete("1").unwrap();
    let refused = scheduler.on_retry("1").unwrap_err();
    assert!(
        refused.to_string().contains("only a trial that failed"),
        "{refused}"
    );
}
