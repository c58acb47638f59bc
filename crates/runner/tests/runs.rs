//! Runs that keep their budget, stop, go on, and end with the best.
#![cfg(unix)]

mod small;

use std::fs;
use std::time::Duration;

use rungkeeper_runner::{Outcome, ResumeOptions, RunError, Runner, Stop};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Budget, Decision};

use small::{
    ANSWERED, BUDGET, Ended, Folder, ONE_WAY, Silent, Watch, check_log, resume, run, stored,
    to_the_end,
};

#[test]
fn a_run_keeps_its_budget_and_ends_with_the_best() {
    for program in [ANSWERED, ONE_WAY] {
        let protocol = if program == ONE_WAY {
            "protocol = \"one_way\"\n"
        } else {
            ""
        };
        let folder = Folder::new(program, &format!("{protocol}{BUDGET}"));
        let Ended {
            outcome,
            results,
            best,
            watch,
        } = run(&folder);
        assert_eq!(outcome, Outcome::Finished, "{:?}", watch.notes);
        assert!(watch.notes.is_empty(), "{:?}", watch.notes);
        assert!(watch.most_checkpoints <= 5);
        let events = check_log(&folder.run());
        assert!(matches!(events.last(), Some(Event::End(_))));
        assert!(results.num_checkpoints_removed > 0 && results.num_trials_resumed > 0);
        // The best finished trial's checkpoint is there; those of paused trials within the budget.
        let best = best.unwrap();
        let there = stored(&folder.run());
        assert!(there.contains(&best), "{best} in {there:?}");
        assert!(there.len() <= 5, "{there:?}");
        // Every process began where the last checkpoint of its trial was, or from scratch where
        // that had been removed.
        let resumed: u64 = (0..18)
            .map(|t| folder.began(&t.to_string()).len() as u64 - 1)
            .sum();
        assert_eq!(resumed, results.num_trials_resumed);
        let from_scratch = |t: &u64| folder.began(&t.to_string())[1..].contains(&0);
        let scratch = (0..18).filter(from_scratch).count() as u64;
        let counted = watch
            .events
            .iter()
            .filter(|e| matches!(e, Event::Resume { .. }))
            .count();
        assert_eq!(counted as u64, results.num_trials_resumed);
        assert_eq!(scratch > 0, results.cost_resources > 0);
    }
}

#[test]
fn stopped_cleanly_and_resumed() {
    for (after, stop) in [(9, Stop::Cleanly), (20, Stop::Now), (35, Stop::Cleanly)] {
        let folder = Folder::new(ANSWERED, BUDGET);
        let mut watch = Watch {
            stop_after: Some((after, stop)),
            ..Watch::default()
        };
        let created = Runner::create(&folder.experiment(), &folder.run(), &mut watch);
        let mut runner = created.unwrap();
        assert_eq!(runner.run().unwrap(), Outcome::Stopped);
        let options = ResumeOptions::default();
        let again = Runner::resume(&folder.run(), &options, &mut Silent).err();
        assert!(matches!(again, Some(RunError::Locked(_))));
        drop(runner);
        let (outcome, ..) = to_the_end(resume(&folder.run(), &mut Silent));
        assert_eq!(outcome, Outcome::Finished);
        let events = check_log(&folder.run());
        let starts = events
            .iter()
            .filter(|e| matches!(e, Event::Start { .. }))
            .count();
        assert_eq!(starts, 18);
        let elapsed: Vec<f64> = events.iter().filter_map(Event::elapsed).collect();
        assert!(
            elapsed.windows(2).all(|pair| pair[0] <= pair[1]),
            "time goes on"
        );
    }
}

/// A program that writes no checkpoint: its promoted trials train from scratch, and that is counted.
#[test]
fn a_program_without_checkpoints_pays_for_each_promotion() {
    let silent = ANSWERED
        .replace("echo \"$epoch\" > \"$dir/epoch\"", ":")
        .replace(", \\\"checkpoint\\\": true", "");
    assert!(!silent.contains("checkpoint") && !silent.contains("> \"$dir"));
    let folder = Folder::new(&silent, BUDGET);
    let Ended {
        outcome,
        results,
        watch,
        ..
    } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    assert_eq!(results.num_checkpoints_removed, 0);
    assert!(results.num_trials_resumed > 0);
    assert!(results.cost_resources >= results.num_trials_resumed);
    assert!(
        watch
            .notes
            .iter()
            .all(|note| note.ends_with("left no checkpoint at its pause"))
    );
    assert!(stored(&folder.run()).is_empty());
}

/// The run is cut short between a report and its result. Where the checkpoint of that moment is
/// there the report counts; where it is not, the trial is trained and reports again.
#[test]
fn a_report_without_its_result() {
    for committed in [true, false] {
        let folder = Folder::new(ANSWERED, "stop = { trials = 1 }");
        assert_eq!(run(&folder).outcome, Outcome::Finished);
        let path = folder.run().join("log.jsonl");
        let log = fs::read_to_string(&path).unwrap();
        let begin = log.find("{\"event\":\"reported\"").unwrap();
        let end = begin + log[begin..].find('\n').unwrap() + 1;
        fs::write(&path, &log[..end]).unwrap();
        if !committed {
            fs::remove_dir_all(folder.run().join("checkpoints/checkpoints/0")).unwrap();
        }
        let mut watch = Watch::default();
        let (outcome, ..) = to_the_end(resume(&folder.run(), &mut watch));
        assert_eq!(outcome, Outcome::Finished);
        let restarts = watch
            .events
            .iter()
            .filter(|event| matches!(event, Event::Restart { .. }));
        assert_eq!(restarts.count(), usize::from(!committed));
        assert_eq!(folder.began("0").len(), 1 + usize::from(!committed));
        let events = check_log(&folder.run());
        let paused = |event: &&Event| {
            matches!(
                event,
                Event::Result {
                    level: 1,
                    decision: Decision::Pause,
                    ..
                }
            )
        };
        assert_eq!(events.iter().filter(paused).count(), 1);
        assert_eq!(stored(&folder.run()), ["0"]);
    }
}

/// A better trial ends: from then on its checkpoint is the one that is kept, and a person's pins
/// stay beside it.
#[test]
fn the_best_is_kept_and_what_was_asked_for() {
    let folder = Folder::new(ANSWERED, "stop = { trials = 18 }");
    let Ended { best, watch, .. } = run(&folder);
    let best = best.unwrap();
    let pins = |events: &[Event]| {
        let pins = events.iter().filter_map(|event| match event {
            Event::Pin { trial, .. } => Some(trial.clone()),
            _ => None,
        });
        pins.collect::<Vec<_>>()
    };
    let pinned = pins(&watch.events);
    assert_eq!(pinned.last(), Some(&best));
    // All but the last were let go, each once the next one's checkpoint was complete.
    let let_go = watch.events.iter().filter_map(|event| match event {
        Event::Unpin { trial, .. } => Some(trial.clone()),
        _ => None,
    });
    assert_eq!(let_go.collect::<Vec<_>>(), pinned[..pinned.len() - 1]);
    let paused = stored(&folder.run()).into_iter().find(|id| *id != best);
    let paused = paused.unwrap();
    let mut silent = Silent;
    resume(&folder.run(), &mut silent).pin(&paused).unwrap();
    let mut runner = resume(&folder.run(), &mut silent);
    let none = Budget::of_checkpoints(0);
    let collected = runner.collect(none).unwrap();
    assert_eq!(collected.held, 2);
    let mut kept = vec![best.clone(), paused.clone()];
    kept.sort();
    assert_eq!(stored(&folder.run()), kept);
    assert_eq!(collected.best, Some(best.clone()));
    // What a run keeps as the best is deleted only for who says so.
    let error = runner.unpin(&best).unwrap_err().to_string();
    assert!(error.contains("would delete its checkpoint"), "{error}");
    assert_eq!(stored(&folder.run()), kept);
    // Let go by a person, the best is not pinned again.
    runner.unpin_best(&best).unwrap();
    assert!(runner.settle().unwrap().is_empty());
    drop(runner);
    let runner = resume(&folder.run(), &mut silent);
    assert_eq!(runner.view().model.num_with_checkpoint(), 1);
    assert_eq!(stored(&folder.run()), [paused]);
}

/// As the process of a program has it that a killed runner was about to start.
#[test]
fn a_lock_that_is_soon_given_back_is_waited_for() {
    use rustix::fs::{FlockOperation, flock};
    let folder = Folder::new(ANSWERED, BUDGET);
    fs::create_dir_all(folder.run()).unwrap();
    let lock = fs::File::create(folder.run().join("lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let create = || Runner::create(&folder.experiment(), &folder.run(), &mut Silent).err();
    assert!(matches!(create(), Some(RunError::Locked(_))));
    let giving_back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(lock);
    });
    assert!(create().is_none());
    giving_back.join().unwrap();
}
