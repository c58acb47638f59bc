//! What is counted during a run.

use rungkeeper_rung_model::Rung;
use rungkeeper_tuner_hooks::{Progress, RemovalCallback};

use crate::simulation::held::Held;
use crate::simulation::{Cell, CellResult, LevelLosses};

#[derive(Debug)]
pub(super) struct Tally {
    started: u64,
    reports: u64,
    /// Resource trained, what is trained again included.
    worked: u64,
    /// Resource and seconds of what was trained for the first time.
    trained_resources: u64,
    trained_seconds: f64,
    cost_seconds: f64,
    peak: u64,
    held: Held,
    losses: Vec<LevelLosses>,
}

impl Tally {
    pub(super) fn new(rungs: &[Rung]) -> Self {
        let mut levels: Vec<u64> = rungs.iter().map(Rung::level).collect();
        levels.sort_unstable(); // those of several brackets follow each other
        levels.dedup();
        let none_lost = |&level: &u64| LevelLosses {
            level,
            ..LevelLosses::default()
        };
        Self {
            started: 0,
            reports: 0,
            worked: 0,
            trained_resources: 0,
            trained_seconds: 0.0,
            cost_seconds: 0.0,
            peak: 0,
            held: Held::new(),
            losses: levels.iter().map(none_lost).collect(),
        }
    }

    pub(super) fn started(&mut self) {
        self.started += 1;
    }

    /// A report after `worked` units, some of them perhaps trained for the first time.
    pub(super) fn reported(&mut self, worked: u64, (resources, seconds): (u64, f64)) {
        self.reports += 1;
        self.worked = self.worked.saturating_add(worked);
        self.trained_resources = self.trained_resources.saturating_add(resources);
        self.trained_seconds += seconds;
    }

    /// A trial was resumed from `level` without its checkpoint.
    pub(super) fn lost(&mut self, level: u64, seconds: f64) {
        self.cost_seconds += seconds;
        if let Ok(place) = self
            .losses
            .binary_search_by_key(&level, |losses| losses.level)
        {
            let losses = &mut self.losses[place];
            losses.trials += 1;
            losses.resources = losses.resources.saturating_add(level);
        }
    }

    pub(super) fn before_removals(&mut self, held: usize) {
        self.peak = self.peak.max(held as u64);
    }

    pub(super) fn after_removals(&mut self, seconds: f64, held: usize) {
        self.held.push(seconds, held as u64);
    }

    /// How far the run has come. Trials started are left out: that limit ends no run by itself.
    pub(super) fn progress(&self, seconds: f64) -> Progress {
        Progress {
            seconds,
            trials: 0,
            reports: self.reports,
            resource: self.worked,
        }
    }

    pub(super) fn into_result(
        self,
        curves: &str,
        cell: &Cell,
        callback: &RemovalCallback,
    ) -> CellResult {
        let extra = callback.extra_results();
        CellResult {
            curves: curves.to_owned(),
            policy: cell.policy.to_string(),
            budget: cell.budget,
            seed: cell.seed,
            eta: cell.levels.reduction_factor(),
            workers: cell.workers,
            started: self.started,
            resumed: extra.num_trials_resumed,
            removed: extra.num_checkpoints_removed,
            resumed_without_checkpoint: callback.trials_resumed_without_checkpoint().len() as u64,
            cost_resources: extra.cost_resources,
            cost_seconds: self.cost_seconds,
            optimum: None,
            reports: self.reports,
            trained_resources: self.trained_resources,
            trained_seconds: self.trained_seconds,
            peak_checkpoints: self.peak,
            held_over_time: self.held.into_points(),
            losses_by_level: self.losses,
        }
    }
}
