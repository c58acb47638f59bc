//! What the removal callback has to say in an event log.

use rungkeeper_estimators::LevelEstimators;
use rungkeeper_rung_model::Rung;

use crate::log::{EndOfRun, EstimatorCounts, LoopEnd, RemovedAtLoopEnd};
use crate::{CheckpointStore, RemovalCallback, RemovalPlan};

impl<S: CheckpointStore> RemovalCallback<S> {
    /// The `loop_end` line of a plan: to be written after its `remove` lines and before it is
    /// carried out.
    #[must_use]
    pub fn loop_end(&self, plan: &RemovalPlan) -> LoopEnd {
        let p = |estimators: &LevelEstimators| {
            let levels = self.levels().into_iter();
            levels
                .map(|level| (level, estimators.probability(level)))
                .collect()
        };
        LoopEnd {
            elapsed: plan.elapsed,
            num_to_remove: plan.need.checkpoints.min(plan.candidates as u64),
            candidates: plan.candidates,
            time_ratio: Some(plan.time_ratio),
            p: self.policy().estimators().map(p),
            removed: plan.removals.iter().map(RemovedAtLoopEnd::from).collect(),
        }
    }

    /// The `end` line of a run that ended at `elapsed` seconds.
    #[must_use]
    pub fn end_of_run(&self, elapsed: f64) -> EndOfRun {
        let counts = |estimators: &LevelEstimators| {
            let levels = self.levels().into_iter();
            levels
                .map(|level| EstimatorCounts {
                    level,
                    num_one: estimators.at_level(level).num_one(),
                    num_total: estimators.at_level(level).num_total(),
                })
                .collect()
        };
        EndOfRun {
            elapsed,
            extra_results: self.extra_results(),
            trials_resumed_without_checkpoint: self.trials_resumed_without_checkpoint().to_vec(),
            estimators: self.policy().estimators().map(counts),
        }
    }

    /// Rung levels, each once, ascending.
    fn levels(&self) -> Vec<u64> {
        let mut levels: Vec<u64> = self.model().rungs().iter().map(Rung::level).collect();
        levels.sort_unstable();
        levels.dedup();
        levels
    }
}
