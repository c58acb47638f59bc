//! Where learning curves end.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::levels::are_far;
use crate::choose::{RunTable, Status};

/// A resource at which fewer trials end than this tells nothing: one that trains may be anywhere.
const MANY: usize = 2;

/// Resources below the max resource at which many trials have their last report, rising: those that may all be rung levels, if
/// the larger part of the trials that are below the max resource end there. Otherwise none.
pub(super) fn many(table: &RunTable, max_resource: u64) -> Vec<u64> {
    let mut ends = BTreeMap::<u64, usize>::new();
    for trial in &table.trials {
        let is_told_to_run = trial.status == Some(Status::Running);
        if trial.highest > 0 && trial.highest < max_resource && !is_told_to_run {
            *ends.entry(trial.highest).or_default() += 1;
        }
    }
    let below: usize = ends.values().sum();
    let mut most_first: Vec<(u64, usize)> = ends.into_iter().collect();
    most_first.sort_by_key(|&(end, trials)| (Reverse(trials), end));
    let (mut levels, mut explained) = (Vec::new(), 0);
    for (end, trials) in most_first {
        let place = levels.partition_point(|&level| level < end);
        levels.insert(place, end);
        if trials >= MANY && are_far(&levels) {
            explained += trials;
        } else {
            levels.remove(place);
        }
    }
    if 2 * explained > below {
        levels
    } else {
        Vec::new()
    }
}
