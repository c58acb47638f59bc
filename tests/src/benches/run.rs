//! A run that calls the removal callback.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rungkeeper_tuner_hooks::{
    Budget, CheckpointTracking, Decision, Limits, ModelSpec, RemovalCallback, RemovalPolicy,
    TrialResult, TunerCallback,
};

use crate::benches::spread;

const WORKERS: usize = 16;
const LEVELS: [u64; 4] = [1, 3, 9, 27];
const MAX_RESOURCE: u64 = 81;

/// A small promotion scheduler and the removal callback: 16 workers, rungs 1, 3, 9, 27, and metrics
/// that spread evenly. Each turn is one report, and the next task for the worker that got free.
pub struct Run {
    /// The callback.
    pub callback: RemovalCallback,
    /// By rung: paused trials, best metric first.
    paused: [BinaryHeap<Reverse<(u64, u64)>>; 4],
    recorded: [u64; 4],
    promoted: [u64; 4],
    /// Running trials, and the rung (or the end, 4) each is on its way to.
    running: VecDeque<(u64, usize)>,
    started: u64,
    turn: u64,
}

impl Run {
    /// A run that has started a number of trials and keeps a budget, a quarter of the way to its end.
    ///
    /// # Panics
    ///
    /// If there are no trials.
    #[must_use]
    pub fn grown(trials: u64, budget: u64, policy: Box<dyn RemovalPolicy>) -> Self {
        let mut run = Self::new(trials, Budget::of_checkpoints(budget), policy);
        run.fill();
        while run.started < trials {
            run.turn();
        }
        run
    }

    fn new(trials: u64, budget: Budget, policy: Box<dyn RemovalPolicy>) -> Self {
        let spec = ModelSpec {
            checkpoints: CheckpointTracking::Assumed,
            ..ModelSpec::geometric(1, 3, MAX_RESOURCE).expect("levels ascend")
        };
        let limits = Limits {
            seconds: Some(8.0 * trials as f64),
            ..Limits::default()
        };
        let callback = RemovalCallback::new(&spec, budget).expect("the settings fit");
        let callback = callback.with_policy(policy).with_limits(limits);
        Self {
            callback: callback.expect("the limit is positive"),
            paused: std::array::from_fn(|_| BinaryHeap::new()),
            recorded: [0; 4],
            promoted: [0; 4],
            running: VecDeque::new(),
            started: 0,
            turn: 0,
        }
    }

    fn fill(&mut self) {
        while self.running.len() < WORKERS {
            let rung = (0..4).rev().find(|&r| {
                3 * (self.promoted[r] + 1) <= self.recorded[r] && !self.paused[r].is_empty()
            });
            let task = if let Some((rung, Reverse((_, trial)))) =
                rung.and_then(|rung| Some((rung, self.paused[rung].pop()?)))
            {
                self.promoted[rung] += 1;
                let resumed = self.callback.on_resume_trial(&trial.to_string());
                resumed.expect("the trial waits");
                (trial, rung + 1)
            } else {
                self.started += 1;
                let started = self.callback.on_start_trial(&self.started.to_string(), 0);
                started.expect("the trial is new");
                (self.started, 0)
            };
            self.running.push_back(task);
        }
    }

    /// One report, the next task of its worker, and the loop end.
    ///
    /// # Panics
    ///
    /// Never: the events follow each other as they should.
    pub fn turn(&mut self) {
        self.turn += 1;
        let (trial, rung) = self.running.pop_front().expect("all workers are busy");
        let (level, decision) = match LEVELS.get(rung) {
            Some(&level) => (level, Decision::Pause),
            None => (MAX_RESOURCE, Decision::Stop),
        };
        let metric = spread(trial);
        let result = TrialResult {
            level,
            metric,
            decision,
        };
        let reported = self.callback.on_trial_result(&trial.to_string(), &result);
        reported.expect("the trial runs");
        if rung < LEVELS.len() {
            self.recorded[rung] += 1;
            self.paused[rung].push(Reverse((metric as u64, trial)));
        }
        self.fill();
        let ended = self.callback.on_loop_end(self.turn as f64);
        ended.expect("candidates can be scored");
    }
}
