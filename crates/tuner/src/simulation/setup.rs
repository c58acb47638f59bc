//! From conditions and a cell to what a run is made of.

use rungkeeper_rung_model::{CheckpointTracking, ModelSpec};
use rungkeeper_tuner_hooks::log::Header;
use rungkeeper_tuner_hooks::{Budget, RemovalCallback};

use crate::scheduler::{PromotionScheduler, PromotionSpec};
use crate::search_space::SearchSpace;
use crate::simulation::{Cell, Conditions, Curves, Draw, Retraining, SimulationError};

/// Most trials of a run that curves come again in: what memory and some minutes are enough for.
const MOST_TRIALS: u64 = 10_000_000;

/// Most of them where no limit of trials is given. Whether a run comes to its other limits, and
/// when, is not known before.
pub(super) const MOST_UNASKED_TRIALS: u64 = 100_000;

impl Conditions {
    /// The scheduler of one run: rungs, brackets, seed and number of trials.
    ///
    /// # Errors
    ///
    /// As [`simulate`](crate::simulation::simulate).
    pub fn scheduler(
        &self,
        curves: &Curves,
        cell: &Cell,
    ) -> Result<PromotionSpec, SimulationError> {
        Ok(Setup::new(curves, self, cell)?.spec)
    }
}

/// Settings of a run that were found good.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    spec: PromotionSpec,
    header: Header,
    pub(super) draw: Draw,
    pub(super) retraining: Retraining,
}

impl Setup {
    pub(super) fn new(
        curves: &Curves,
        conditions: &Conditions,
        cell: &Cell,
    ) -> Result<Self, SimulationError> {
        if cell.workers == 0 {
            return Err(SimulationError::NoWorkers);
        }
        if cell.budget < cell.workers {
            return Err(SimulationError::BudgetTooSmall {
                budget: cell.budget,
                workers: cell.workers,
            });
        }
        let limits = conditions.limits_for(curves.table.len());
        let with_replacement = conditions.draw == Draw::WithReplacement;
        if let Some(trials) = limits.trials.filter(|&trials| trials > MOST_TRIALS)
            && with_replacement
        {
            let most = MOST_TRIALS;
            return Err(SimulationError::TooManyTrials { trials, most });
        }
        let mut spec = cell
            .levels
            .scheduler(&curves.table, conditions.max_resource)?;
        spec.model = ModelSpec {
            mode: curves.mode,
            brackets: conditions.brackets,
            checkpoints: CheckpointTracking::Assumed,
            repeated_reports_are_data: false,
            promoted_behind_equals: false, // as the scheduler has it
            ..spec.model
        };
        spec.rule = conditions.promotion_rule;
        spec.max_trials = limits.trials.or(Some(MOST_UNASKED_TRIALS));
        spec.seed = cell.seed;
        spec.check()?;
        let mut header = Header::new("simulate", &spec.model, spec.max_resource);
        header.set_policy(cell.policy);
        header.settings.promotion_rule = conditions.promotion_rule;
        let header = Header {
            policy_seed: cell.seed,
            budget: Budget::of_checkpoints(cell.budget),
            limits,
            workers: cell.workers,
            seed: cell.seed,
            ..header
        };
        RemovalCallback::of_header(&header)?;
        Ok(Self {
            spec,
            header,
            draw: conditions.draw,
            retraining: conditions.retraining,
        })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The scheduler; if `searched`, one that asks for the configuration of each new trial.
    pub(super) fn scheduler(&self, searched: bool) -> Result<PromotionScheduler, SimulationError> {
        let scheduler = PromotionScheduler::new(&self.spec, SearchSpace::default())?;
        Ok(if searched {
            scheduler.with_proposals()
        } else {
            scheduler
        })
    }

    /// The callback that a replay of the log builds as well.
    pub(super) fn callback(&self) -> Result<RemovalCallback, SimulationError> {
        Ok(RemovalCallback::of_header(&self.header)?)
    }
}
