//! From the log back to the state.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use rungkeeper_checkpoints::Stored;
use rungkeeper_policies::Budget;
use rungkeeper_rung_model::{CheckpointTracking, Decision, TrialStatus};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{RemovalReason, TrialResult, TunerCallback};
use serde_json::{Value, json};

use super::{Observer, RunError, Runner, process};
use crate::experiment::Experiment;
use crate::journal::Recorded;
use rungkeeper_tuner::scheduler::Scheduler;
use rungkeeper_tuner::search_space::Configuration;

/// The first line of a run's log.
pub(super) fn header(experiment: &Experiment) -> Header {
    let mut spec = experiment.scheduler.model.clone();
    spec.checkpoints = CheckpointTracking::Committed;
    // As the scheduler keeps its rungs: see its documentation on ties.
    spec.promoted_behind_equals = experiment.scheduler.rule == PromotionRule::LinearQuantile;
    let mut header = Header::new("run", &spec, experiment.scheduler.max_resource);
    header.policy.clone_from(&experiment.policy);
    header.policy_seed = experiment.policy_seed;
    header.max_num_checkpoints = experiment.budget.max_checkpoints;
    header.max_bytes = experiment.budget.max_bytes;
    header.max_wallclock_time = experiment.limits.seconds;
    header.max_num_trials = experiment.limits.trials;
    header.max_num_reports = experiment.limits.reports;
    header.max_total_resource = experiment.limits.resource;
    header.promotion_rule = experiment.scheduler.rule;
    header.workers = experiment.workers;
    header.seed = experiment.scheduler.seed;
    header
}

/// What the end of the log may have left open.
#[derive(Default)]
struct LeftOpen {
    /// Processes that may still be there.
    processes: HashMap<String, (u32, Option<String>)>,
    /// Reports whose result is missing.
    reported: BTreeMap<String, (u64, f64)>,
}

impl LeftOpen {
    /// A trial runs anew.
    fn note(&mut self, trial: &str, line: &serde_json::Map<String, Value>) {
        self.reported.remove(trial);
        let id = line
            .get("pid")
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok());
        if let Some(id) = id {
            let started = line.get("process_start").and_then(Value::as_str);
            let process = (id, started.map(str::to_owned));
            self.processes.insert(trial.to_owned(), process);
        }
    }
}

impl Runner {
    /// Feeds the events of an interrupted run, then sets right what the interruption left open.
    pub(super) fn recover(
        &mut self,
        events: &[Recorded],
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let mut left = LeftOpen::default();
        self.callback.store_mut().sleep(true);
        for (event, line) in events {
            self.before = event.elapsed().unwrap_or(self.before);
            self.happened(event, line, &mut left)?;
        }
        self.callback.store_mut().sleep(false);
        for (id, started) in left.processes.values() {
            process::end_left_behind(*id, started.as_deref());
        }
        // What is set right is written down already, so the clock goes on from here.
        self.begin = Instant::now();
        self.set_right(&left.reported, observer)
    }

    fn happened(
        &mut self,
        event: &Event,
        line: &serde_json::Map<String, Value>,
        left: &mut LeftOpen,
    ) -> Result<(), RunError> {
        if let Some(process) = line.get("process").and_then(Value::as_u64) {
            self.processes = self.processes.max(process);
        }
        match event {
            Event::Start { trial, bracket, .. } => {
                let configuration = line.get("configuration").cloned().unwrap_or_default();
                let configuration: Configuration =
                    serde_json::from_value(configuration).unwrap_or_default();
                left.note(trial, line);
                self.scheduler
                    .adopt_start(trial, *bracket, &configuration)?;
                self.callback.on_start_trial(trial, *bracket)?;
            }
            Event::Resume { trial, .. } => {
                left.note(trial, line);
                self.scheduler.adopt_resume(trial)?;
                self.callback.on_resume_trial(trial)?;
            }
            Event::Restart { trial, .. } => {
                left.note(trial, line);
                if line.contains_key("crashed") {
                    *self.crashes.entry(trial.clone()).or_default() += 1;
                }
                self.scheduler.on_restart(trial)?;
                self.callback.on_restart_trial(trial)?;
            }
            Event::Reported {
                trial,
                level,
                metric,
                ..
            } => {
                left.reported.insert(trial.clone(), (*level, *metric));
            }
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } => {
                left.reported.remove(trial);
                self.scheduler.on_report(trial, *level, *metric)?;
                let result = TrialResult {
                    level: *level,
                    metric: *metric,
                    decision: *decision,
                };
                self.callback.on_trial_result(trial, &result)?;
                if *decision == Decision::Stop && self.is_best(*metric) {
                    self.best = Some((trial.clone(), *metric));
                }
            }
            Event::Complete { trial, .. } => {
                self.scheduler.on_complete(trial)?;
                self.callback.on_trial_complete(trial)?;
            }
            Event::Failed { trial, .. } => {
                self.scheduler.on_failed(trial)?;
                self.callback.on_trial_failed(trial)?;
                self.failed += 1;
            }
            other => self.checkpoint_event(other, line)?,
        }
        // Notes were said when it happened.
        self.callback.take_notes();
        Ok(())
    }

    /// Checkpoints that come and go, and what decides that.
    fn checkpoint_event(
        &mut self,
        event: &Event,
        line: &serde_json::Map<String, Value>,
    ) -> Result<(), RunError> {
        match event {
            Event::Checkpoint {
                trial,
                level,
                bytes,
                ..
            } => {
                self.callback
                    .on_checkpoint_committed(trial, *level, *bytes)?;
                self.callback.store_mut().committed(trial, *bytes);
            }
            Event::Remove { removal, .. } if removal.reason == RemovalReason::Lost => {
                self.callback.lose(&removal.trial)?;
            }
            // The files may still be there: that is set right at the end.
            Event::Remove { removal, .. } => self.callback.give_up(&removal.trial)?,
            Event::Pin { trial, .. } => {
                if !line.contains_key("asked") {
                    self.pinned.push(trial.clone());
                }
                self.callback.pin(trial)?;
            }
            Event::Unpin { trial, .. } => {
                self.pinned.retain(|pinned| pinned != trial);
                self.callback.unpin(trial)?;
            }
            Event::Budget {
                max_num_checkpoints,
                max_bytes,
                ..
            } => self.callback.set_budget(Budget {
                max_checkpoints: *max_num_checkpoints,
                max_bytes: *max_bytes,
            }),
            _ => {}
        }
        Ok(())
    }

    /// What the log and the store say of each trial is made one again.
    fn set_right(
        &mut self,
        reported: &BTreeMap<String, (u64, f64)>,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        // What was ready to be committed when the store or this program failed is not lost.
        self.store.finish_commits()?;
        let mut stored = BTreeMap::new();
        for checkpoint in self.store.list()? {
            stored.insert(checkpoint.trial.clone(), checkpoint);
        }
        for (trial, report) in reported {
            self.catch_up(trial, *report, stored.get(trial), observer)?;
        }
        self.let_former_go(observer)?;
        let trials: Vec<(String, TrialStatus)> = self
            .callback
            .model()
            .trials()
            .map(|(id, status)| (id.to_owned(), status))
            .collect();
        for (trial, status) in trials {
            let pinned = self.callback.model().is_pinned(&trial);
            match status {
                TrialStatus::Running => self.interrupted.push(trial),
                TrialStatus::PausedWithCheckpoint => {
                    self.check_paused(&trial, stored.get(&trial), observer)?;
                }
                TrialStatus::StoppedOrCompleted if pinned => {}
                TrialStatus::StoppedOrCompleted | TrialStatus::PausedNoCheckpoint => {
                    if stored.contains_key(&trial) {
                        self.callback.store_mut().drop_all(&trial);
                    }
                }
            }
        }
        self.interrupted.reverse(); // oldest first, as they are taken from the end
        let swept = self.store.sweep()?;
        for (aside, error) in swept.failed {
            observer.note(&format!("left over of trial \"{}\": {error}", aside.trial));
            self.callback.store_mut().purge([aside]);
        }
        Ok(())
    }

    /// The run was cut short between a report and its result. If the checkpoint of that moment is
    /// there, the trial would go on behind it, so the report counts; otherwise it is made again.
    fn catch_up(
        &mut self,
        trial: &str,
        (level, metric): (u64, f64),
        stored: Option<&Stored>,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let Some(stored) = stored.filter(|stored| stored.level == level) else {
            return Ok(());
        };
        let known = self.callback.model().checkpoint(trial);
        if known.is_none_or(|known| known.level != level) {
            self.adopt_checkpoint(stored, observer)?;
        }
        let decision = self.scheduler.on_report(trial, level, metric)?.decision;
        let result = TrialResult {
            level,
            metric,
            decision,
        };
        self.conclude(trial, &result, true, observer)
    }

    /// A checkpoint was committed, but the log did not get to say so.
    fn adopt_checkpoint(
        &mut self,
        stored: &Stored,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let (trial, level, bytes) = (stored.trial.as_str(), stored.level, stored.bytes);
        let event = Event::Checkpoint {
            trial: trial.to_owned(),
            level,
            bytes,
            elapsed: self.elapsed(),
        };
        self.write_with(&event, &[("hash", json!(stored.hash))], observer)?;
        self.callback.on_checkpoint_committed(trial, level, bytes)?;
        self.callback.store_mut().committed(trial, bytes);
        Ok(())
    }

    /// A paused trial has a checkpoint as far as the log knows: does it?
    fn check_paused(
        &mut self,
        trial: &str,
        stored: Option<&Stored>,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let level = self
            .callback
            .model()
            .trial_information(trial)
            .map_or(0, |t| t.level);
        let known = self.callback.model().checkpoint(trial);
        match stored.filter(|stored| stored.level >= level) {
            Some(_) if known.is_some_and(|known| known.level >= level) => Ok(()),
            Some(stored) => self.adopt_checkpoint(stored, observer),
            None => self.lost(trial, observer),
        }
    }
}
