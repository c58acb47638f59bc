//! Who is ahead of all trials that have not finished.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use foldhash::HashMap;
use rungkeeper_rung_model::{MetricKey, RungModel};

use crate::Best;

/// Where trials stand that have not finished, and who of them is ahead: the one in the highest rung,
/// and there the one with the best metric; of equals the one whose id comes first.
#[derive(Debug)]
pub(super) struct Leader {
    /// Levels of the rungs.
    levels: Vec<u64>,
    /// The highest rung of each trial and its metric there; below all rungs its last report.
    stands: HashMap<String, (u64, f64)>,
    /// Those that reported a number and have not failed, whoever is ahead first.
    order: BTreeSet<Place>,
}

/// What sorts trials: level, metric and id, a shorter id first.
type Place = (Reverse<u64>, MetricKey, usize, String);

impl Leader {
    /// Nobody has reported.
    pub(super) fn new(levels: impl IntoIterator<Item = u64>) -> Self {
        Self {
            levels: levels.into_iter().collect(),
            stands: HashMap::default(),
            order: BTreeSet::new(),
        }
    }

    /// A trial reported and goes on, or is paused.
    pub(super) fn reported(&mut self, trial: &str, (resource, metric): (u64, f64), of: &RungModel) {
        let stood = self.stands.get(trial).map_or(0, |stands| stands.0);
        // Reports between rungs move nobody, and what is trained again counts once.
        let counts = if self.levels.contains(&resource) {
            resource > stood
        } else {
            let below = |resource: u64| self.levels.iter().all(|&level| resource < level);
            below(resource) && below(stood)
        };
        if !counts {
            return;
        }
        self.take_out(trial, of);
        self.stands.insert(trial.to_owned(), (resource, metric));
        self.sort_in(trial, of);
    }

    /// A trial has finished, and is none of these any more.
    pub(super) fn finished(&mut self, trial: &str, of: &RungModel) {
        self.take_out(trial, of);
        self.stands.remove(trial);
    }

    /// A trial failed: others are before it, whatever it reported.
    pub(super) fn failed(&mut self, trial: &str, of: &RungModel) {
        self.take_out(trial, of);
    }

    /// A trial that had failed begins anew: what it reported counts again.
    pub(super) fn retried(&mut self, trial: &str, of: &RungModel) {
        self.sort_in(trial, of);
    }

    fn take_out(&mut self, trial: &str, of: &RungModel) {
        if let Some(place) = self.place(trial, of) {
            self.order.remove(&place);
        }
    }

    fn sort_in(&mut self, trial: &str, of: &RungModel) {
        self.order.extend(self.place(trial, of));
    }

    /// The highest rung of each trial and its metric there; below all rungs its last report.
    pub(super) fn stands(&self) -> impl Iterator<Item = (&String, (u64, f64))> {
        self.stands.iter().map(|(trial, &stands)| (trial, stands))
    }

    /// The trial that is ahead.
    pub(super) fn best(&self) -> Option<Best<'_>> {
        let (.., trial) = self.order.first()?;
        let (trial, &stands) = self.stands.get_key_value(trial)?;
        Some(Best::unfinished(trial, stands))
    }

    /// Where a trial is sorted in, if it has reported a number.
    fn place(&self, trial: &str, of: &RungModel) -> Option<Place> {
        let &(level, metric) = self.stands.get(trial)?;
        let key = MetricKey::new(metric, of.mode());
        (!key.is_non_finite()).then(|| (Reverse(level), key, trial.len(), trial.to_owned()))
    }
}

impl<'r> Best<'r> {
    fn unfinished(trial: &'r str, (resource, metric): (u64, f64)) -> Self {
        Self {
            trial,
            metric,
            resource,
            finished: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::ModelSpec;

    use super::*;

    #[test]
    fn rungs_come_before_metrics_and_failures_last() {
        let spec = ModelSpec::geometric(2, 2, 8).unwrap();
        let mut model = RungModel::new(&spec).unwrap();
        let mut leader = Leader::new([2, 4]);
        let who = |leader: &Leader| {
            let best = leader.best();
            best.map(|best| (best.trial.to_owned(), best.resource, best.metric))
        };
        for trial in ["a", "b", "c"] {
            model.start(trial, 0).unwrap();
        }
        assert_eq!(who(&leader), None);
        leader.reported("a", (1, 0.5), &model);
        assert_eq!(who(&leader), Some(("a".to_owned(), 1, 0.5)));
        leader.reported("b", (1, f64::NAN), &model);
        leader.reported("b", (2, 0.9), &model);
        assert_eq!(who(&leader), Some(("b".to_owned(), 2, 0.9)));
        leader.reported("a", (2, 0.4), &model);
        leader.reported("b", (3, 0.1), &model);
        leader.reported("b", (2, 0.1), &model);
        assert_eq!(who(&leader), Some(("a".to_owned(), 2, 0.4)), "once a rung");
        leader.reported("a", (4, f64::NAN), &model);
        assert_eq!(who(&leader), Some(("b".to_owned(), 2, 0.9)));
        leader.reported("c", (2, 0.95), &model);
        model.fail("b").unwrap();
        leader.failed("b", &model);
        assert_eq!(who(&leader), Some(("c".to_owned(), 2, 0.95)));
        model.retry("b").unwrap();
        leader.retried("b", &model);
        assert_eq!(who(&leader), Some(("b".to_owned(), 2, 0.9)));
        leader.finished("b", &model);
        leader.finished("c", &model);
        assert_eq!(who(&leader), None, "none but bad metrics");
        for trial in ["10", "9", "11"] {
            model.start(trial, 0).unwrap();
            leader.reported(trial, (2, 0.5), &model);
        }
        assert_eq!(who(&leader), Some(("9".to_owned(), 2, 0.5)), "of equals");
    }
}
