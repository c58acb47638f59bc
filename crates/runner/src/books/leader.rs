//! Who is ahead of all trials that have not finished.

use std::collections::HashMap;

use rungkeeper_rung_model::{MetricKey, RungModel};

use crate::Best;

/// Where trials stand that have not finished, and who of them is ahead: the one in the highest rung,
/// and there the one with the best metric.
#[derive(Debug)]
pub(super) struct Leader {
    /// Levels of the rungs.
    levels: Vec<u64>,
    /// The highest rung of each trial and its metric there; below all rungs its last report.
    stands: HashMap<String, (u64, f64)>,
    ahead: Option<String>,
}

impl Leader {
    /// Nobody has reported.
    pub(super) fn new(levels: impl IntoIterator<Item = u64>) -> Self {
        Self {
            levels: levels.into_iter().collect(),
            stands: HashMap::new(),
            ahead: None,
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
        let stands = (resource, metric);
        self.stands.insert(trial.to_owned(), stands);
        if self.ahead.as_deref() == Some(trial) {
            // Its metric may have become a bad one.
            self.look(of);
        } else if metric.is_finite() && self.best().is_none_or(|best| best.is_behind(stands, of)) {
            self.ahead = Some(trial.to_owned());
        }
    }

    /// A trial has finished, and is none of these any more.
    pub(super) fn finished(&mut self, trial: &str, of: &RungModel) {
        self.stands.remove(trial);
        self.failed(trial, of);
    }

    /// A trial failed.
    pub(super) fn failed(&mut self, trial: &str, of: &RungModel) {
        if self.ahead.as_deref() == Some(trial) {
            self.look(of);
        }
    }

    /// A trial that had failed begins anew.
    pub(super) fn retried(&mut self, of: &RungModel) {
        self.look(of);
    }

    /// The highest rung of each trial and its metric there; below all rungs its last report.
    pub(super) fn stands(&self) -> impl Iterator<Item = (&String, (u64, f64))> {
        self.stands.iter().map(|(trial, &stands)| (trial, stands))
    }

    /// The trial that is ahead.
    pub(super) fn best(&self) -> Option<Best<'_>> {
        let (trial, &stands) = self.stands.get_key_value(self.ahead.as_ref()?)?;
        Some(Best::unfinished(trial, stands))
    }

    /// Looks through all trials. Those that failed for good are passed over.
    fn look(&mut self, of: &RungModel) {
        let mut ahead: Option<Best<'_>> = None;
        for (trial, &stands) in &self.stands {
            let is_ahead = ahead.is_none_or(|best| {
                let equal = (best.resource, best.metric) == stands;
                best.is_behind(stands, of) || (equal && trial.as_str() < best.trial)
            });
            if is_ahead && stands.1.is_finite() && !of.has_failed(trial) {
                ahead = Some(Best::unfinished(trial, stands));
            }
        }
        self.ahead = ahead.map(|best| best.trial.to_owned());
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

    /// A higher rung comes first, and in the same rung the better metric.
    fn is_behind(self, (resource, metric): (u64, f64), of: &RungModel) -> bool {
        let key = |metric| MetricKey::new(metric, of.mode());
        resource > self.resource || (resource == self.resource && key(metric) < key(self.metric))
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
        leader.finished("c", &model);
        assert_eq!(who(&leader), None);
    }
}
