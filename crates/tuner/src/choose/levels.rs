//! Rung levels for a table of a run.

use std::collections::BTreeSet;

use rungkeeper_rung_model::SpecError;

use super::table::Trial;
use crate::choose::{ChooseError, Question, RunTable, Status};
use crate::scheduler::PromotionSpec;
use crate::simulation::Levels;

/// The reduction factor where nothing tells another.
const REDUCTION_FACTOR: u64 = 4;

/// Resources that are so far from each other are the rung levels; of a trial that reports as it trains they are nearer.
const FAR: f64 = 2.0;

impl Question {
    /// The rung levels that a caller lists, or describes by the first of them and the reduction factor (4 unless it is told);
    /// `None` where nothing is told.
    ///
    /// ```
    /// use rungkeeper_tuner::choose::Question;
    /// use rungkeeper_tuner::simulation::Levels;
    ///
    /// let levels = Levels::Geometric { grace_period: Some(2), reduction_factor: 4 };
    /// assert_eq!(Question::levels_of(None, Some(2), None), Some(levels));
    /// assert_eq!(Question::levels_of(None, None, None), None);
    /// ```
    #[must_use]
    pub fn levels_of(
        list: Option<Vec<u64>>,
        grace_period: Option<u64>,
        reduction_factor: Option<u64>,
    ) -> Option<Levels> {
        match (list, grace_period, reduction_factor) {
            (Some(levels), ..) => Some(Levels::List(levels)),
            (None, None, None) => None,
            (None, grace_period, factor) => Some(Levels::Geometric {
                grace_period,
                reduction_factor: factor.unwrap_or(REDUCTION_FACTOR),
            }),
        }
    }
}

/// A scheduler with the levels asked for, or those that the table suggests; and whether they are a guess.
pub(super) fn scheduler(
    table: &RunTable,
    asked: Option<&Levels>,
    max_resource: Option<u64>,
) -> Result<(PromotionSpec, bool), ChooseError> {
    let resources: BTreeSet<u64> = table.rows.iter().map(|row| row.resource).collect();
    let resources: Vec<u64> = resources.into_iter().collect();
    let (Some(&first), Some(&last)) = (resources.first(), resources.last()) else {
        return Err(ChooseError::Empty);
    };
    let max_resource = match max_resource {
        Some(max_resource) => max_resource,
        None if first == last => return Err(ChooseError::OneResource(last)),
        None => last,
    };
    let pauses = pauses(table);
    let geometric = |first, factor| PromotionSpec::geometric(first, factor, max_resource);
    let found = match asked {
        Some(Levels::List(levels)) => PromotionSpec::from_levels(levels, max_resource)?,
        Some(&Levels::Geometric {
            grace_period,
            reduction_factor,
        }) => geometric(grace_period.unwrap_or(first), reduction_factor)?,
        None => match factor(&resources) {
            Some(factor) => geometric(first, factor)?,
            None if are_far(&pauses) && pauses.len() > 1 => of_list(&pauses, max_resource)?,
            None if resources.len() > 1 && are_far(&resources) => {
                of_list(&resources, max_resource)?
            }
            None => return Ok((geometric(first, REDUCTION_FACTOR)?, true)),
        },
    };
    Ok((found, false))
}

/// Where trials wait, if the table tells who does.
fn pauses(table: &RunTable) -> Vec<u64> {
    let waits = |trial: &&Trial| {
        let waiting = [Status::Paused, Status::Removed, Status::Pinned];
        trial.status.is_some_and(|status| waiting.contains(&status))
    };
    let waiting = table.trials.iter().filter(waits);
    let levels: BTreeSet<u64> = waiting.map(|trial| trial.highest).collect();
    levels.into_iter().collect()
}

/// The whole number by which each resource is above the one before.
fn factor(resources: &[u64]) -> Option<u64> {
    let [first, second, ..] = *resources else {
        return None;
    };
    let factor = second / first;
    let is_next = |pair: &[u64]| pair[0].checked_mul(factor) == Some(pair[1]);
    (factor > 1 && resources.windows(2).all(is_next)).then_some(factor)
}

fn are_far(resources: &[u64]) -> bool {
    let mut pairs = resources.windows(2);
    pairs.all(|pair| pair[1] as f64 >= FAR * pair[0] as f64)
}

fn of_list(resources: &[u64], max_resource: u64) -> Result<PromotionSpec, ChooseError> {
    let below = resources.iter().filter(|&&level| level < max_resource);
    let levels: Vec<u64> = below.copied().collect();
    if levels.is_empty() {
        let last = resources[0];
        return Err(SpecError::MaxResource { last, max_resource }.into());
    }
    Ok(PromotionSpec::from_levels(&levels, max_resource)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::RunRow;

    fn found(resources: &[u64], max_resource: Option<u64>) -> (Vec<u64>, u64, bool) {
        let mut table = RunTable::new("test", "loss");
        for &resource in resources {
            table.push(&RunRow::new("a", resource, 0.5));
        }
        let (spec, guessed) = scheduler(&table, None, max_resource).unwrap();
        let levels = spec.model.rungs.iter().map(|rung| rung.level);
        (levels.collect(), spec.max_resource, guessed)
    }

    #[test]
    fn levels_that_a_table_suggests() {
        // A tuner that evaluates at its levels alone, with a max resource that nobody has reached yet.
        assert_eq!(found(&[1, 3], Some(27)), (vec![1, 3, 9], 27, false));
        assert_eq!(found(&[2, 6, 18], None), (vec![2, 6], 18, false));
        // Levels that were rounded.
        assert_eq!(found(&[2, 5, 16, 50], None), (vec![2, 5, 16], 50, false));
        // Reports after each epoch.
        let epochs: Vec<u64> = (1..=81).collect();
        assert_eq!(found(&epochs, None), (vec![1, 4, 16, 64], 81, true));
        assert_eq!(found(&[1], Some(16)), (vec![1, 4], 16, true));
    }
}
