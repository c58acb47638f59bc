//! The model against a naive one that keeps plain sorted lists, over random runs.

mod naive;

use naive::{LEVELS, Naive, NaiveTrial};
use proptest::prelude::*;
use rungkeeper_rung_model::{
    Brackets, CheckpointTracking, Decision, Mode, ModelSpec, RungModel, RungView, TrialIndex,
    TrialStatus,
};

#[derive(Clone, Debug)]
enum Step {
    Start {
        bracket: usize,
    },
    Report {
        pick: usize,
        metric: f64,
        pause: bool,
    },
    Resume {
        pick: usize,
    },
    Commit {
        pick: usize,
        bytes: u64,
        /// How far below the trial's rung.
        below: u64,
    },
    GiveUp {
        pick: usize,
    },
    Complete {
        pick: usize,
    },
    Fail {
        pick: usize,
    },
    Pin {
        pick: usize,
    },
    Unpin {
        pick: usize,
    },
    Retry {
        pick: usize,
    },
}

fn metric() -> impl Strategy<Value = f64> {
    // Few values, so that ties are common; bad ones among them.
    prop_oneof![
        8 => (0..6i32).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let pick = any::<usize>();
    prop_oneof![
        4 => (0..2usize).prop_map(|bracket| Step::Start { bracket }),
        10 => (pick, metric(), any::<bool>())
            .prop_map(|(pick, metric, pause)| Step::Report { pick, metric, pause }),
        4 => pick.prop_map(|pick| Step::Resume { pick }),
        6 => (pick, 1..100u64, 0..3u64)
            .prop_map(|(pick, bytes, below)| Step::Commit { pick, bytes, below }),
        2 => pick.prop_map(|pick| Step::GiveUp { pick }),
        1 => pick.prop_map(|pick| Step::Complete { pick }),
        1 => pick.prop_map(|pick| Step::Fail { pick }),
        1 => pick.prop_map(|pick| Step::Pin { pick }),
        1 => pick.prop_map(|pick| Step::Unpin { pick }),
        1 => pick.prop_map(|pick| Step::Retry { pick }),
    ]
}

fn spec() -> ModelSpec {
    let mut spec = ModelSpec::from_levels(&LEVELS, 27).unwrap();
    spec.brackets = Brackets {
        number: 2,
        own_rungs: false,
    };
    spec.checkpoints = CheckpointTracking::Committed;
    spec.mode = Mode::Min;
    spec
}

/// Applies a step to both; panics where they differ.
fn apply(model: &mut RungModel, naive: &mut Naive, step: &Step) {
    let number = naive.trials.len();
    if let Step::Start { bracket } = *step {
        model.start(&number.to_string(), bracket).unwrap();
        naive.trials.push(NaiveTrial {
            bracket,
            status: TrialStatus::Running,
            rungs_done: 0,
            promoted: false,
            last: 0,
            paused_at: None,
            saved_at: 0,
            checkpoint: None,
            committed_since_pause: false,
            pinned: false,
        });
        return;
    }
    if number == 0 {
        return;
    }
    match *step {
        Step::Start { .. } => {}
        Step::Report {
            pick,
            metric,
            pause,
        } => report(model, naive, pick % number, metric, pause),
        Step::Resume { pick } => resume(model, naive, pick % number),
        Step::Commit { pick, bytes, below } => commit(model, naive, pick % number, bytes, below),
        Step::Retry { pick } => {
            let failed = naive.failed.remove(&(pick % number));
            let retried = model.retry(&(pick % number).to_string());
            assert_eq!(retried.is_ok(), failed);
            if failed {
                let state = &mut naive.trials[pick % number];
                state.status = TrialStatus::Running;
                (state.last, state.paused_at) = (0, None);
            }
        }
        Step::GiveUp { pick } => {
            let trial = pick % number;
            let state = &mut naive.trials[trial];
            let allowed = state.status == TrialStatus::PausedWithCheckpoint && !state.pinned;
            let result = model.remove_checkpoint(&trial.to_string());
            assert_eq!(result.is_ok(), allowed);
            if allowed {
                state.status = TrialStatus::PausedNoCheckpoint;
                state.committed_since_pause = false;
                let freed = state.checkpoint.take();
                assert_eq!(result.unwrap().map(|c| (c.level, c.bytes)), freed);
            }
        }
        Step::Complete { pick } => {
            model.complete(&(pick % number).to_string()).unwrap();
            naive.end(pick % number);
        }
        Step::Fail { pick } => {
            let trial = pick % number;
            model.fail(&trial.to_string()).unwrap();
            if naive.trials[trial].status != TrialStatus::StoppedOrCompleted {
                naive.trials[trial].pinned = false;
                naive.failed.insert(trial);
                naive.end(trial);
            }
        }
        Step::Pin { pick } => {
            model.pin(&(pick % number).to_string()).unwrap();
            naive.trials[pick % number].pinned = true;
        }
        Step::Unpin { pick } => {
            model.unpin(&(pick % number).to_string()).unwrap();
            let state = &mut naive.trials[pick % number];
            state.pinned = false;
            if state.status == TrialStatus::StoppedOrCompleted {
                state.checkpoint = None;
            }
        }
    }
}

fn report(model: &mut RungModel, naive: &mut Naive, trial: usize, metric: f64, pause: bool) {
    let state = &naive.trials[trial];
    // A resumed trial goes on from its checkpoint, or ignores it.
    let ignores = metric.is_nan();
    let from = match state.paused_at {
        Some(_) if !ignores => state.saved_at,
        _ => state.last,
    };
    let (resource, rung) = (from + 1, state.bracket + state.rungs_done);
    let decision = if pause {
        Decision::Pause
    } else {
        Decision::Continue
    };
    let result = model.report(&trial.to_string(), resource, metric, decision);
    assert_eq!(result.is_ok(), state.status == TrialStatus::Running);
    let Ok(result) = result else { return };
    let state = &mut naive.trials[trial];
    let again = state.paused_at.take().filter(|&paused| resource <= paused);
    assert_eq!(
        result
            .trained_again
            .map(|a| (a.units(), a.ignores_the_checkpoint())),
        again.map(|paused| (paused + 1 - resource, resource <= state.saved_at))
    );
    state.last = resource;
    if rung < 3 && resource >= LEVELS[rung] {
        let data = result.data.unwrap();
        assert_eq!(
            (data.num_one, data.num_total),
            naive.expected_data(rung, metric)
        );
        naive.insert(rung, metric, trial);
        naive.trials[trial].rungs_done += 1;
        naive.trials[trial].promoted = false;
        let recorded = result.recorded.unwrap();
        let found = (recorded.level, recorded.rank, recorded.rung_len);
        assert_eq!(Some(found), naive.rank(trial));
    } else {
        assert_eq!((result.recorded, result.data), (None, None));
    }
    if pause {
        naive.trials[trial].status = TrialStatus::PausedWithCheckpoint;
        naive.trials[trial].committed_since_pause = false;
    }
}

fn resume(model: &mut RungModel, naive: &mut Naive, trial: usize) {
    let before = naive.trials[trial].status;
    let paused = [
        TrialStatus::PausedWithCheckpoint,
        TrialStatus::PausedNoCheckpoint,
    ];
    let result = model.resume(&trial.to_string());
    assert_eq!(result.is_ok(), paused.contains(&before));
    let Ok(resumed) = result else { return };
    let lost =
        before == TrialStatus::PausedNoCheckpoint || naive.trials[trial].checkpoint.is_none();
    assert_eq!(resumed.lost_checkpoint, lost);
    if let Some(rung) = naive.top(trial)
        && !naive.trials[trial].promoted
    {
        assert_eq!(resumed.level, Some(LEVELS[rung]));
        let place = naive.rungs[rung].iter().position(|e| e.1 == trial).unwrap();
        let (metric, _) = naive.rungs[rung].remove(place);
        naive.insert(rung, metric, trial);
        naive.trials[trial].promoted = true;
    }
    let state = &mut naive.trials[trial];
    state.status = TrialStatus::Running;
    state.committed_since_pause = false;
    let paused_at = std::mem::take(&mut state.last);
    state.paused_at = (!lost).then_some(paused_at);
    state.saved_at = state.checkpoint.map_or(0, |c| c.0);
}

fn commit(model: &mut RungModel, naive: &mut Naive, trial: usize, bytes: u64, below: u64) {
    let state = &mut naive.trials[trial];
    let level = naive
        .rungs
        .iter()
        .rposition(|rung| rung.iter().any(|e| e.1 == trial));
    let level = level.map_or(1, |rung| LEVELS[rung].saturating_sub(below).max(1));
    let result = model.commit_checkpoint(&trial.to_string(), level, bytes);
    let allowed = state.status != TrialStatus::StoppedOrCompleted || state.pinned;
    assert_eq!(result.is_ok(), allowed);
    if allowed {
        state.checkpoint = Some((level, bytes));
        state.committed_since_pause = matches!(
            state.status,
            TrialStatus::PausedWithCheckpoint | TrialStatus::PausedNoCheckpoint
        );
        if state.status == TrialStatus::PausedNoCheckpoint {
            state.status = TrialStatus::PausedWithCheckpoint;
        }
    }
}

fn compare(model: &RungModel, naive: &Naive) {
    let mut candidates = Vec::new();
    for rung in model.rung_views() {
        let worst_first: Vec<_> = rung.worst_first().collect();
        let best_first = worst_first.iter().rev();
        candidates.extend(best_first.map(|c| {
            let id = c.trial_id.to_owned();
            (id, rung.level(), c.rank, rung.len(), c.bytes)
        }));
        // The same list by hand is the same rung.
        let quantile = rung.promotion_quantile();
        let by_hand = RungView::new(rung.level(), rung.len(), quantile, &worst_first).unwrap();
        assert!(by_hand.worst_first().eq(worst_first.iter().copied()));
    }
    assert_eq!(candidates, naive.candidates());
    assert_eq!(model.num_candidates(), candidates.len());
    assert_eq!(model.num_with_checkpoint(), naive.holders());
    let committed = naive.trials.iter().filter(|t| t.checkpoint.is_some());
    assert_eq!(model.num_committed(), committed.count());
    assert_eq!(model.checkpoint_bytes(), naive.bytes());
    let number = |status| naive.trials.iter().filter(|t| t.status == status).count();
    assert_eq!(model.num_running(), number(TrialStatus::Running));
    let paused = number(TrialStatus::PausedWithCheckpoint);
    assert_eq!(model.num_paused_with_checkpoint(), paused);
    assert_eq!(model.num_trials(), naive.trials.len());
    for (trial, state) in naive.trials.iter().enumerate() {
        let id = trial.to_string();
        assert_eq!(model.trial_id(TrialIndex::new(trial as u32)), Some(&*id));
        assert_eq!(model.is_pinned(&id), state.pinned);
        assert_eq!(model.has_failed(&id), naive.failed.contains(&trial));
        let checkpoint = model.checkpoint(&id).map(|c| (c.level, c.bytes));
        assert_eq!(checkpoint, state.checkpoint);
        assert_eq!(model.status(&id), Some(state.status));
        let information = model.trial_information(&trial.to_string());
        let found = information.map(|i| (i.level, i.rank, i.rung_len));
        assert_eq!(found, naive.rank(trial));
    }
}

proptest! {
    #[test]
    fn model_agrees_with_plain_sorted_lists(steps in prop::collection::vec(step(), 0..250)) {
        let (mut model, mut naive) = (RungModel::new(&spec()).unwrap(), Naive::default());
        for step in &steps {
            apply(&mut model, &mut naive, step);
        }
        compare(&model, &naive);
    }

    #[test]
    fn min_is_max_mirrored(metrics in prop::collection::vec(metric(), 1..100)) {
        let mut mirrored = spec();
        mirrored.mode = Mode::Max;
        let mut min = RungModel::new(&spec()).unwrap();
        let mut max = RungModel::new(&mirrored).unwrap();
        for (trial, &metric) in metrics.iter().enumerate() {
            let trial = trial.to_string();
            min.start(&trial, 0).unwrap();
            max.start(&trial, 0).unwrap();
            let first = min.report(&trial, 1, metric, Decision::Pause).unwrap();
            let second = max.report(&trial, 1, 1.0 - metric, Decision::Pause).unwrap();
            prop_assert_eq!(first, second);
        }
    }
}
