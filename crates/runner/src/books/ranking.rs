//! Who is how good.

use std::cmp::Reverse;

use foldhash::HashMap;
use rungkeeper_rung_model::{Decision, MetricKey, RungModel};
use rungkeeper_tuner_hooks::log::Event;

use super::leader::Leader;
use crate::Best;

/// The trials of a run by how good they are: finished ones by their last metric, and the others by how far they got.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// The best finished trial.
    best: Option<String>,
    /// Where finished trials ended.
    finished: HashMap<String, (u64, f64)>,
    /// Who is ahead of those that have not finished.
    leader: Leader,
    /// The last report of each trial that has not finished.
    last: HashMap<String, (u64, f64)>,
}

impl Ranking {
    /// Nobody has reported.
    pub(crate) fn new(levels: impl IntoIterator<Item = u64>) -> Self {
        Self {
            best: None,
            finished: HashMap::default(),
            leader: Leader::new(levels),
            last: HashMap::default(),
        }
    }

    /// Something happened, of which the model knows already. A trial that ended, at the max resource or by itself,
    /// competes with its last report.
    pub(crate) fn happened(&mut self, event: &Event, model: &RungModel) {
        match event {
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } => {
                if *decision == Decision::Stop {
                    self.finish(trial, (*level, *metric), model);
                } else {
                    self.last.insert(trial.clone(), (*level, *metric));
                    self.leader.reported(trial, (*level, *metric), model);
                }
            }
            Event::Complete { trial, .. } => {
                if let Some(last) = self.last.get(trial).copied() {
                    self.finish(trial, last, model);
                }
            }
            Event::Failed { trial, .. } => {
                self.last.remove(trial);
                self.leader.failed(trial, model);
            }
            Event::Retry { trial, .. } => self.leader.retried(trial, model),
            _ => {}
        }
    }

    fn finish(&mut self, trial: &str, (resource, metric): (u64, f64), model: &RungModel) {
        self.last.remove(trial);
        self.leader.finished(trial, model);
        if self.is_best(metric, model) {
            self.best = Some(trial.to_owned());
        }
        self.finished.insert(trial.to_owned(), (resource, metric));
    }

    /// Whether a finished trial with this metric is the best so far.
    pub(crate) fn is_best(&self, metric: f64, model: &RungModel) -> bool {
        let key = |metric| MetricKey::new(metric, model.mode());
        let best = self.best_finished();
        metric.is_finite() && best.is_none_or(|best| key(metric) < key(best.metric))
    }

    /// The best finished trial.
    pub(crate) fn best_finished(&self) -> Option<Best<'_>> {
        let (trial, &(resource, metric)) = self.finished.get_key_value(self.best.as_ref()?)?;
        Some(Best {
            trial,
            metric,
            resource,
            finished: true,
        })
    }

    /// The last report of a trial that has not finished: resource and metric.
    pub(crate) fn last_report(&self, trial: &str) -> Option<(u64, f64)> {
        self.last.get(trial).copied()
    }

    /// The best trial so far.
    pub(crate) fn best(&self) -> Option<Best<'_>> {
        self.best_finished().or_else(|| self.leader.best())
    }

    /// All trials that have reported a number and have not failed, the best first; of equals the one whose id comes
    /// first.
    pub(crate) fn all(&self, model: &RungModel) -> Vec<&str> {
        let key = |metric| MetricKey::new(metric, model.mode());
        let finished = self.finished.iter();
        let finished = finished.map(|(trial, &(_, metric))| ((false, Reverse(0), metric), trial));
        let others = self.leader.stands();
        let others = others.map(|(trial, (level, metric))| ((true, Reverse(level), metric), trial));
        let all = finished.chain(others);
        let mut all: Vec<_> = all
            .filter(|((.., metric), trial)| metric.is_finite() && !model.has_failed(trial))
            .map(|((unfinished, level, metric), trial)| {
                (unfinished, level, key(metric), trial.len(), trial)
            })
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(.., trial)| trial.as_str()).collect()
    }
}
