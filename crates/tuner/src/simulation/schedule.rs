//! What a frozen schedule tells the optimum.

use crate::optimum::{Capacity, Stay, optimum};
use crate::simulation::SimulationError;

/// Who waited when, on a frozen schedule: the same for each policy and budget.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Schedule {
    stays: Vec<Stay>,
    /// Running trials at the end of turns, as (first turn, number); neighbours differ.
    running: Vec<(u64, u64)>,
}

impl Schedule {
    pub(super) fn running_at(&mut self, turn: u64, running: u64) {
        if self.running.last().is_none_or(|&(_, last)| last != running) {
            self.running.push((turn, running));
        }
    }

    pub(super) fn stayed(&mut self, stay: Stay) {
        self.stays.push(stay);
    }

    /// The stays of paused trials that were resumed, in order of the resumes. Times are turns, the
    /// weight is the rung level.
    #[must_use]
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// The least that any choice of checkpoints could have lost under a budget, see
    /// [`optimum`](crate::optimum). Paused trials have what running ones leave of the budget.
    ///
    /// # Errors
    ///
    /// Levels that sum to more than [`u64::MAX`].
    pub fn optimum(&self, budget: u64) -> Result<u64, SimulationError> {
        let mut capacity = Capacity::constant(budget);
        for &(turn, running) in &self.running {
            capacity.change_at(turn, budget.saturating_sub(running))?;
        }
        Ok(optimum(&self.stays, &capacity)?.lost_weight)
    }
}
