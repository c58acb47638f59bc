//! The trials of a run, by what they reported.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use foldhash::HashMap;
use rungkeeper_rung_model::MetricKey;
use rungkeeper_runner::journal::configuration;
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Decision, Mode, RungModel};
use serde_json::{Map, Value};

/// A trial and what it reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trial {
    /// Its id.
    pub(crate) id: String,
    /// Its hyper-parameters; empty where the log does not tell.
    pub(crate) configuration: Configuration,
    /// Level and metric where it is recorded in a rung, lowest level first.
    pub(crate) rungs: Vec<(u64, f64)>,
    /// Resource and metric of its reports, the first of each resource, in ascending order.
    pub(crate) curve: Vec<(u64, f64)>,
    /// Levels it was resumed from.
    pub(crate) promoted_from: Vec<u64>,
    /// Resource and metric of the report that ended it at max resource, or of the last one of a
    /// program that ended by itself before.
    pub(crate) finished: Option<(u64, f64)>,
    /// Its program ended by itself, before max resource.
    pub(crate) by_itself: bool,
    /// Resource and metric of its last report.
    last: Option<(u64, f64)>,
    /// It crashed for good.
    pub(crate) failed: bool,
    /// Other numbers that it reported, as [`Trial::curve`] by their names.
    pub(crate) values: BTreeMap<String, Vec<(u64, f64)>>,
    /// Seconds from a start of its program, or the report before, to each report of a resource that
    /// it had not reported before: what training it took.
    pub(crate) seconds: f64,
    /// When its program was started, or reported last.
    since: f64,
}

impl Trial {
    /// Resource units that it needed in any case, each counted once.
    pub(crate) fn trained(&self) -> u64 {
        self.curve.last().map_or(0, |&(resource, _)| resource)
    }

    /// Where it got to, and its metric there: where it finished, or in its highest rung, or its last
    /// report where that is below all rungs.
    pub(crate) fn highest(&self) -> Option<(u64, f64)> {
        let in_rung = self.rungs.last().copied();
        self.finished
            .or(in_rung)
            .or_else(|| self.curve.last().copied())
    }

    /// The best of all that it reported, and at which resource.
    pub(crate) fn best_value(&self, mode: Mode) -> Option<(u64, f64)> {
        let numbers = self.curve.iter().filter(|point| point.1.is_finite());
        numbers
            .min_by_key(|point| MetricKey::new(point.1, mode))
            .copied()
    }

    /// It was resumed from this level, or got beyond it without a pause.
    pub(crate) fn left_upwards(&self, level: u64) -> bool {
        self.at_max_resource().is_some()
            || self.promoted_from.contains(&level)
            || self.rungs.last().is_some_and(|&(last, _)| last > level)
    }

    /// Resource and metric of the report that ended it at max resource.
    pub(crate) fn at_max_resource(&self) -> Option<(u64, f64)> {
        self.finished.filter(|_| !self.by_itself)
    }

    /// Returns the seconds that the report took, if it is the first of that resource.
    fn reported(&mut self, time: f64, (resource, metric): (u64, f64)) -> Option<f64> {
        self.last = Some((resource, metric));
        let seconds = (time - std::mem::replace(&mut self.since, time)).max(0.0);
        // A trial that trains again passes its old resources once more.
        let place = self.curve.partition_point(|&(known, _)| known < resource);
        if self
            .curve
            .get(place)
            .is_none_or(|known| known.0 != resource)
        {
            self.curve.insert(place, (resource, metric));
            self.seconds += seconds;
            return Some(seconds);
        }
        None
    }

    /// Other numbers of a report that is the first of its resource.
    fn also_reported(&mut self, resource: u64, values: &Map<String, Value>) {
        for (name, value) in values {
            let Some(number) = value.as_f64() else {
                continue;
            };
            let points = match self.values.get_mut(name) {
                Some(points) => points,
                None => self.values.entry(name.clone()).or_default(),
            };
            let place = points.partition_point(|&(known, _)| known < resource);
            points.insert(place, (resource, number));
        }
    }
}

/// Gathers the trials of a run, event by event.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    trials: Vec<Trial>,
    index: HashMap<String, usize>,
}

impl Gatherer {
    /// An event happened, with the fields of its line; `model` knows of it already.
    pub(super) fn happened(&mut self, event: &Event, line: &Map<String, Value>, model: &RungModel) {
        match event {
            Event::Start { trial, .. } => {
                self.index.insert(trial.clone(), self.trials.len());
                self.trials.push(Trial {
                    id: trial.clone(),
                    configuration: configuration(line),
                    since: event.elapsed().unwrap_or(0.0),
                    ..Trial::default()
                });
            }
            Event::Result {
                trial,
                level,
                metric,
                decision,
                elapsed,
            } => {
                let standing = model
                    .trial_information(trial)
                    .map(|standing| standing.level);
                let Some(trial) = self.find(trial) else {
                    return;
                };
                let first = trial.reported(*elapsed, (*level, *metric)).is_some();
                if let Some(values) = line.get("values").and_then(Value::as_object)
                    && first
                {
                    trial.also_reported(*level, values);
                }
                if let Some(rung) = standing
                    && trial.rungs.last().is_none_or(|&(last, _)| last < rung)
                {
                    trial.rungs.push((rung, *metric));
                }
                if *decision == Decision::Stop {
                    trial.finished = Some((*level, *metric));
                }
            }
            Event::Resume { trial, elapsed } => {
                if let Some(trial) = self.find(trial) {
                    trial.since = *elapsed;
                    trial
                        .promoted_from
                        .extend(trial.rungs.last().map(|&(level, _)| level));
                }
            }
            Event::Restart { trial, elapsed } => {
                if let Some(trial) = self.find(trial) {
                    trial.since = *elapsed;
                }
            }
            Event::Complete { trial, .. } => {
                if let Some(trial) = self.find(trial)
                    && trial.finished.is_none()
                    && !trial.failed
                {
                    // Early stopping, or a program that trains for less than the max resource: what
                    // it reported last is its result.
                    trial.by_itself = true;
                    trial.finished = trial.last;
                }
            }
            Event::Failed { trial, .. } => {
                if let Some(trial) = self.find(trial) {
                    trial.failed = trial.finished.is_none();
                }
            }
            Event::Retry { trial, .. } => {
                if let Some(trial) = self.find(trial) {
                    trial.failed = false;
                }
            }
            _ => {}
        }
    }

    pub(super) fn into_trials(self) -> Vec<Trial> {
        self.trials
    }

    fn find(&mut self, trial: &str) -> Option<&mut Trial> {
        let index = *self.index.get(trial)?;
        self.trials.get_mut(index)
    }
}

/// The best first: finished trials by their metric, then the others by the level they got to and
/// their metric there, those that failed last. Trials that reported nothing are left out; of equals
/// the first started is first.
pub(super) fn ranking(trials: &[Trial], mode: Mode) -> Vec<&Trial> {
    let mut ranked: Vec<&Trial> = trials.iter().filter(|t| t.highest().is_some()).collect();
    ranked.sort_by_key(|trial| place(trial, mode));
    ranked
}

/// The first one in the [`ranking`] whose metric is a number, and the metric.
pub(super) fn best(trials: &[Trial], mode: Mode) -> Option<(&Trial, f64)> {
    let numbers = trials
        .iter()
        .filter_map(|trial| Some((trial, trial.highest()?.1)))
        .filter(|(_, metric)| metric.is_finite());
    numbers.min_by_key(|(trial, _)| place(trial, mode))
}

/// What sorts trials: unfinished, failed, level and metric.
fn place(trial: &Trial, mode: Mode) -> (bool, bool, Reverse<u64>, MetricKey) {
    let (level, metric) = trial.highest().unwrap_or((0, f64::NAN));
    let finished = trial.finished.is_some();
    let level = if finished { 0 } else { level };
    let metric = MetricKey::new(metric, mode);
    (!finished, trial.failed, Reverse(level), metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(id: &str, rungs: &[(u64, f64)], finished: Option<(u64, f64)>) -> Trial {
        Trial {
            id: id.to_owned(),
            rungs: rungs.to_vec(),
            finished,
            ..Trial::default()
        }
    }

    #[test]
    fn finished_trials_are_ranked_before_higher_levels_before_metrics() {
        let trials = [
            trial("none", &[], None),
            trial("low", &[(1, 0.0)], None),
            trial("bad", &[(1, 0.3), (3, f64::NAN)], None),
            trial("high", &[(1, 0.3), (3, 0.4)], None),
            trial("second", &[(1, 0.3)], Some((9, 0.2))),
            trial("first", &[(1, 0.3)], Some((27, 0.1))),
        ];
        let ids = |mode| {
            let ranked = ranking(&trials, mode);
            ranked
                .iter()
                .map(|trial| trial.id.as_str())
                .collect::<Vec<_>>()
        };
        let expected = ["first", "second", "high", "bad", "low"];
        assert_eq!(ids(Mode::Min), expected);
        assert_eq!(ids(Mode::Max)[..2], ["second", "first"]);
        for number in 0..=trials.len() {
            for mode in [Mode::Min, Mode::Max] {
                let ranked = ranking(&trials[..number], mode).into_iter();
                let mut numbers = ranked.filter(|trial| trial.highest().unwrap().1.is_finite());
                let best = best(&trials[..number], mode).map(|best| best.0);
                assert_eq!(best, numbers.next(), "{number}");
            }
        }
    }

    /// A program that ends before max resource has a result: that of its last report.
    #[test]
    fn ends_by_itself() {
        let model = RungModel::new(&rungkeeper_tuner_hooks::ModelSpec::geometric(1, 3, 9).unwrap());
        let model = model.unwrap();
        let mut gatherer = Gatherer::default();
        let mut tell = |event: Event| gatherer.happened(&event, &Map::new(), &model);
        let result = |trial: &str, level, metric| Event::Result {
            trial: trial.to_owned(),
            level,
            metric,
            decision: Decision::Continue,
            elapsed: 1.0,
        };
        for trial in ["early", "silent", "crashed"] {
            let (trial, elapsed) = (trial.to_owned(), 1.0);
            tell(Event::Start {
                trial,
                bracket: 0,
                elapsed,
            });
        }
        for (level, metric) in [(1, 0.5), (2, 0.4), (1, 0.3)] {
            tell(result("early", level, metric));
        }
        tell(result("crashed", 1, 0.1));
        let named = |trial: &str| (trial.to_owned(), 1.0);
        let (trial, elapsed) = named("crashed");
        tell(Event::Failed { trial, elapsed });
        for trial in ["early", "silent"] {
            let (trial, elapsed) = named(trial);
            tell(Event::Complete { trial, elapsed });
        }
        let (trial, elapsed) = named("crashed");
        tell(Event::Retry { trial, elapsed });
        let trials = gatherer.into_trials();
        assert_eq!(
            trials[0].finished,
            Some((1, 0.3)),
            "the last, not the highest"
        );
        assert_eq!(trials[0].at_max_resource(), None);
        assert_eq!((trials[1].by_itself, trials[1].finished), (true, None));
        assert!(!trials[2].failed && trials[2].finished.is_none());
        let ranked = ranking(&trials, Mode::Min);
        assert_eq!(ranked[0].id, "early");
    }

    #[test]
    fn what_is_trained_again_is_no_second_report() {
        let mut trial = trial("7", &[], None);
        let reports = [(1, 0.5), (2, 0.4), (1, 0.9), (3, 0.3)];
        let took = [1.0, 3.0, 6.0, 10.0].into_iter().zip(reports);
        let took: Vec<_> = took
            .map(|(time, report)| trial.reported(time, report))
            .collect();
        assert_eq!(took, [Some(1.0), Some(2.0), None, Some(4.0)]);
        assert_eq!(trial.seconds, 7.0);
        assert_eq!(trial.curve, [(1, 0.5), (2, 0.4), (3, 0.3)]);
        assert_eq!(trial.trained(), 3);
    }
}
