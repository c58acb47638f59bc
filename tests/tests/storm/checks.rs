//! What must hold of a run whenever its runner has ended, in whatever way, and at its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{Decision, RemovalReason, TrialStatus};

use crate::runs::{names, read_whole_lines, replayed, sorted};

/// Most trials with a checkpoint at the end of a turn.
pub(crate) const BUDGET: usize = 6;
/// Trials that run at a time.
pub(crate) const WORKERS: usize = 3;

/// What holds at any moment, the log cut anywhere.
pub(crate) fn at_any_moment(run: &Path) {
    let (header, events) = read_whole_lines(run);
    nobody_was_wronged(&header, &events);
    nothing_was_trained_again(&events);
    let replay = replayed(&header, &events);
    let model = replay.callback().model();
    // Within a turn each worker may add one.
    assert!(model.num_with_checkpoint() <= BUDGET + WORKERS);
    for (trial, status) in model.trials() {
        let needed = match status {
            TrialStatus::PausedWithCheckpoint => true,
            TrialStatus::StoppedOrCompleted => model.is_pinned(trial),
            _ => false,
        };
        if let Some(kept) = model.checkpoint(trial).filter(|_| needed) {
            // A newer one may be there that the log does not know yet.
            let there = levels(&run.join("checkpoints/checkpoints").join(trial));
            let enough = there.iter().any(|&level| level >= kept.level);
            assert!(
                enough,
                "trial {trial} needs level {}, there is {there:?}",
                kept.level
            );
        }
    }
}

/// Levels of the checkpoints of a trial that are complete in the store.
fn levels(folder: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let whole = entries.flatten().filter(|entry| {
        let place = entry.path();
        place.join("data").is_dir() && place.join("manifest.jsonl").is_file()
    });
    whole
        .filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.rsplit_once(".level-")?.1.parse().ok()
        })
        .collect()
}

/// No stop and no kill made a trial fail or complete, no checkpoint was lost, and none of a running
/// trial was removed.
fn nobody_was_wronged(header: &Header, events: &[Event]) {
    let mut replay = Replay::checked(header).unwrap();
    for (number, event) in events.iter().enumerate() {
        match event {
            Event::Failed { .. } | Event::Complete { .. } => panic!("{event:?}"),
            Event::Remove { removal, .. } => {
                assert_ne!(removal.reason, RemovalReason::Lost, "{removal:?}");
                let status = replay.callback().model().status(&removal.trial);
                assert_eq!(status, Some(TrialStatus::PausedWithCheckpoint), "{event:?}");
            }
            _ => {}
        }
        replay.feed(number + 2, event).unwrap();
    }
    let elapsed: Vec<f64> = events.iter().filter_map(Event::elapsed).collect();
    assert!(elapsed.windows(2).all(|pair| pair[0] <= pair[1]));
}

/// Each process goes on behind the last checkpoint of its trial, unless that was removed.
fn nothing_was_trained_again(events: &[Event]) {
    let (mut held, mut begun) = (BTreeMap::new(), BTreeMap::new());
    for event in events {
        match event {
            Event::Checkpoint { trial, level, .. } => {
                held.insert(trial, *level);
            }
            Event::Remove { removal, .. } => {
                held.remove(&removal.trial);
            }
            Event::Resume { trial, .. } | Event::Restart { trial, .. } => {
                begun.insert(trial, held.get(trial).copied().unwrap_or(0));
            }
            Event::Result { trial, level, .. } => {
                if let Some(from) = begun.remove(trial) {
                    assert!(*level > from, "trial {trial}: {level} after {from}");
                }
            }
            _ => {}
        }
    }
}

/// What holds of a run that has come to its end: as if nobody had disturbed it. `unheard`: its
/// programs go on while they are told to pause.
pub(crate) fn at_the_end(run: &Path, trials: usize, unheard: bool) {
    at_any_moment(run);
    let (header, events) = read_whole_lines(run);
    assert!(matches!(events.last(), Some(Event::End(_))));
    let replay = replayed(&header, &events);
    let comparison = replay.comparison();
    assert!(comparison.passes(), "{comparison:?}");
    assert_eq!(comparison.agree, comparison.loop_ends, "{comparison:?}");
    all_reached_their_end(&events, &header, trials, unheard);

    let model = replay.callback().model();
    assert!(model.num_with_checkpoint() <= BUDGET);
    let owned = model.trials().filter(|(trial, status)| match status {
        TrialStatus::PausedWithCheckpoint => true,
        TrialStatus::StoppedOrCompleted => model.is_pinned(trial),
        TrialStatus::PausedNoCheckpoint => false,
        TrialStatus::Running => panic!("trial {trial} runs at the end"),
    });
    let owned = sorted(owned.map(|(trial, _)| trial.to_owned()).collect());
    let store = run.join("checkpoints");
    assert_eq!(names(&store.join("checkpoints")), owned);
    for left in ["live", "trash"] {
        let left = store.join(left);
        assert!(
            !left.exists() || names(&left).is_empty(),
            "{}",
            left.display()
        );
    }
}

/// Every trial was started once, and waits at a rung or has been trained to the end; of each rung as
/// many were promoted as the rule asks for at least.
fn all_reached_their_end(events: &[Event], header: &Header, trials: usize, unheard: bool) {
    let starts = events.iter().filter(|e| matches!(e, Event::Start { .. }));
    assert_eq!(starts.count(), trials);
    let mut last = BTreeMap::new();
    let mut resumed = BTreeMap::new();
    for event in events {
        match event {
            Event::Result {
                trial,
                level,
                decision,
                ..
            } => {
                last.insert(trial, (*level, *decision));
            }
            Event::Resume { trial, .. } => {
                let (level, _) = last[trial];
                *resumed.entry(level).or_insert(0_usize) += 1;
            }
            _ => {}
        }
    }
    assert_eq!(last.len(), trials);
    let levels: Vec<u64> = header.rungs.iter().map(|rung| rung.level).collect();
    for (trial, (level, decision)) in &last {
        let right = match decision {
            // A program that is not answered may have trained past a rung unheard: it is recorded
            // there with its next report.
            Decision::Pause if unheard => levels.iter().any(|rung| rung <= level),
            Decision::Pause => levels.contains(level),
            Decision::Stop => *level == header.max_resource,
            Decision::Continue => false,
        };
        assert!(right, "trial {trial} ended at {level} by {decision:?}");
    }
    // The first rung is where nobody can have come without a report, whatever the protocol.
    let promoted = resumed.get(&1).copied().unwrap_or(0);
    assert!(promoted >= trials / 3, "{promoted} of {trials}");
}
