//! Rung levels for a table of a run.

use std::collections::BTreeSet;

use rungkeeper_rung_model::SpecError;

use super::ends;
use super::table::Trial;
use crate::choose::{ChooseError, Question, RunTable, Status};
use crate::scheduler::PromotionSpec;
use crate::simulation::Levels;

/// The reduction factor where nothing tells another.
const REDUCTION_FACTOR: u64 = 4;

/// Resources that are so far from each other are the rung levels; of a trial that reports as it trains they are nearer.
const FAR: f64 = 2.0;

/// What tells the rung levels of a [`Chosen`](crate::choose::Chosen).
///
/// ```
/// use rungkeeper_tuner::choose::LevelSource;
///
/// assert!(LevelSource::Ends.is_guess() && !LevelSource::Table.is_guess());
/// assert_eq!(LevelSource::Ends.name(), "ends");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LevelSource {
    /// The question.
    Asked,
    /// The resources of the table, or those at which trials wait by their status.
    Table,
    /// A guess: most trials below the max resource have their last report at one of a few resources.
    Ends,
    /// A guess: nothing tells them, and they go from the first resource on in steps of 4.
    Steps,
}

impl LevelSource {
    /// `asked`, `table`, `ends` or `steps`, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Table => "table",
            Self::Ends => "ends",
            Self::Steps => "steps",
        }
    }

    /// Whether it is a guess.
    #[must_use]
    pub fn is_guess(self) -> bool {
        matches!(self, Self::Ends | Self::Steps)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LevelSource {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

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

/// A scheduler with the levels asked for, or those that the table suggests; and what tells them.
pub(super) fn scheduler(
    table: &RunTable,
    asked: Option<&Levels>,
    max_resource: Option<u64>,
) -> Result<(PromotionSpec, LevelSource), ChooseError> {
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
    let asked = match asked {
        Some(Levels::List(levels)) => PromotionSpec::from_levels(levels, max_resource)?,
        Some(&Levels::Geometric {
            grace_period,
            reduction_factor,
        }) => {
            let first = grace_period.unwrap_or(first);
            PromotionSpec::geometric(first, reduction_factor, max_resource)?
        }
        None => return suggested(table, &resources, max_resource),
    };
    Ok((asked, LevelSource::Asked))
}

/// A scheduler with the levels that the table suggests. The resources rise, and there is one at least.
fn suggested(
    table: &RunTable,
    resources: &[u64],
    max_resource: u64,
) -> Result<(PromotionSpec, LevelSource), ChooseError> {
    let geometric = |first, factor| PromotionSpec::geometric(first, factor, max_resource);
    let pauses = pauses(table);
    if let Some(factor) = factor(resources) {
        return Ok((geometric(resources[0], factor)?, LevelSource::Table));
    }
    for told in [&pauses, resources] {
        if told.len() > 1 && are_far(told) {
            return Ok((of_list(told, max_resource)?, LevelSource::Table));
        }
    }
    let ends = ends::many(table, max_resource);
    Ok(match (factor(&ends), ends.len()) {
        // Higher levels of the same ladder, at which few trials wait so far.
        (Some(factor), _) => (geometric(ends[0], factor)?, LevelSource::Ends),
        (None, 2..) => (of_list(&ends, max_resource)?, LevelSource::Ends),
        (None, _) => {
            let steps = geometric(resources[0], REDUCTION_FACTOR)?;
            (steps, LevelSource::Steps)
        }
    })
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

/// Whether rising resources may all be rung levels.
pub(super) fn are_far(resources: &[u64]) -> bool {
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

    fn levels(table: &RunTable, max_resource: Option<u64>) -> (Vec<u64>, u64, LevelSource) {
        let (spec, source) = scheduler(table, None, max_resource).unwrap();
        let levels = spec.model.rungs.iter().map(|rung| rung.level);
        (levels.collect(), spec.max_resource, source)
    }

    fn found(resources: &[u64], max_resource: Option<u64>) -> (Vec<u64>, u64, LevelSource) {
        let mut table = RunTable::new("test", "loss");
        for &resource in resources {
            table.push(&RunRow::new("a", resource, 0.5));
        }
        levels(&table, max_resource)
    }

    /// Of trials that report after each epoch, given how many of them end at each resource.
    fn of_curves(ends: &[(u64, usize)], max_resource: Option<u64>) -> (Vec<u64>, u64, LevelSource) {
        let mut table = RunTable::new("test", "loss");
        for &(end, number) in ends {
            for trial in 0..number {
                for epoch in 1..=end {
                    table.push(&RunRow::new(&format!("{end}/{trial}"), epoch, 0.5));
                }
            }
        }
        levels(&table, max_resource)
    }

    #[test]
    fn levels_that_a_table_suggests() {
        use LevelSource::{Steps, Table};
        // A tuner that evaluates at its levels alone, with a max resource that nobody has reached yet.
        assert_eq!(found(&[1, 3], Some(27)), (vec![1, 3, 9], 27, Table));
        assert_eq!(found(&[2, 6, 18], None), (vec![2, 6], 18, Table));
        // Levels that were rounded.
        assert_eq!(found(&[2, 5, 16, 50], None), (vec![2, 5, 16], 50, Table));
        // Reports after each epoch.
        let epochs: Vec<u64> = (1..=81).collect();
        assert_eq!(found(&epochs, None), (vec![1, 4, 16, 64], 81, Steps));
        assert_eq!(found(&[1], Some(16)), (vec![1, 4], 16, Steps));
    }

    #[test]
    fn levels_where_many_curves_end() {
        use LevelSource::{Ends, Steps};
        let ladder = (vec![1, 3, 9], 27, Ends);
        let ends = [(1, 12), (3, 6), (9, 2)];
        assert_eq!(of_curves(&ends, Some(27)), ladder);
        assert_eq!(of_curves(&[&ends[..], &[(27, 1)]].concat(), None), ladder);
        // Nobody has gone on from 9 yet.
        assert_eq!(of_curves(&ends, None), (vec![1, 3], 9, Ends));
        // One waits at the highest level, and some train.
        let few = [(1, 12), (2, 1), (3, 6), (7, 1), (9, 1), (27, 2)];
        assert_eq!(of_curves(&few, None), ladder);
        // Rounded, and without the first epoch.
        let rounded = [(2, 12), (5, 6), (16, 2), (50, 1)];
        assert_eq!(of_curves(&rounded, None), (vec![2, 5, 16], 50, Ends));
        // Trials that train at the same pace, or are stopped anywhere, tell nothing.
        let steps = (vec![1, 4, 16], 27, Steps);
        assert_eq!(of_curves(&[(7, 20), (27, 1)], None), steps);
        let anywhere: Vec<(u64, usize)> = (1..=27).map(|end| (end, 2)).collect();
        assert_eq!(of_curves(&anywhere, None), steps);
    }
}
