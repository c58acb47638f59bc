//! What happened in a run, from its event log.

use std::path::Path;

use rungkeeper_rung_model::MetricKey;
use rungkeeper_runner::journal::{Journal, JournalError};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    ExtraResults, Limits, Progress, RemovalCallback, RemovalPolicy, RungModel, TrialStatus,
};

use serde_json::{Map, Value};

use super::estimates::Estimates;
use super::given_up::GivenUpList;
use super::holdings::Holdings;
use super::trials::{Gatherer, Trial, best, ranking};
use crate::page::numbers;
use crate::plain::plain;

/// A run, as its log tells it.
pub(crate) struct History {
    pub(crate) header: Header,
    /// The log says that the run ended.
    pub(crate) ended: bool,
    /// Seconds of the run up to the last event.
    pub(crate) elapsed: f64,
    /// In order of their starts.
    pub(crate) trials: Vec<Trial>,
    pub(crate) given_up: GivenUpList,
    pub(crate) holdings: Holdings,
    pub(crate) estimates: Estimates,
    replay: Replay,
}

/// Checkpoints that were removed and could not be deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoomTaken {
    pub(crate) number: usize,
    pub(crate) bytes: u64,
    /// "trial 3", "trials 3 and 7".
    pub(crate) trials: String,
}

impl RoomTaken {
    /// "2 checkpoints could not be deleted and take 3 MB: trials 3 and 7".
    pub(crate) fn sentence(&self) -> String {
        let (checkpoints, take) = match self.number {
            1 => ("checkpoint", "takes"),
            _ => ("checkpoints", "take"),
        };
        let (number, bytes) = (self.number, numbers::bytes(self.bytes));
        let trials = &self.trials;
        format!("{number} {checkpoints} could not be deleted and {take} {bytes}: {trials}")
    }
}

/// Trials named in a sentence, fit for a terminal: the first few and how many more there are.
pub(crate) fn trials_in_words<'t>(trials: impl Iterator<Item = &'t str>) -> String {
    const NAMED: usize = 8;
    let trials: Vec<&str> = trials.collect();
    let mut words: Vec<String> = trials.iter().take(NAMED).map(plain).collect();
    if let Some(more) = trials.len().checked_sub(NAMED).filter(|&more| more > 0) {
        words.push(format!("{more} more"));
    }
    let noun = if trials.len() == 1 { "trial" } else { "trials" };
    format!("{noun} {}", numbers::list(&words))
}

impl History {
    /// Reads an event log, also of a run that goes on.
    pub(crate) fn read(log: &Path) -> anyhow::Result<Self> {
        // Hyper-parameters, and what was reported beside the metric.
        let wanted = |event: &str| matches!(event, "start" | "result");
        let (header, events) = Journal::read_wanting(log, wanted)?;
        let read = || {
            let mut reading = Reading::new(header)?;
            events.try_each(|event, line| reading.happened(event, line))?;
            reading.end()
        };
        read().map_err(|error: anyhow::Error| {
            if error.is::<JournalError>() {
                return error; // it names the file
            }
            error.context(log.display().to_string())
        })
    }

    /// Trials, rungs and checkpoints at the end of the log.
    pub(crate) fn model(&self) -> &RungModel {
        self.replay.callback().model()
    }

    /// The policy at the end of the log.
    pub(crate) fn policy(&self) -> &dyn RemovalPolicy {
        self.replay.callback().policy()
    }

    /// How far the run had come at the end of the log.
    pub(crate) fn progress(&self) -> Progress {
        self.replay.callback().progress()
    }

    /// Of what was trained again: how much of it by trials that had their checkpoint, in words that
    /// follow the whole; empty where it is nothing.
    pub(crate) fn of_it_with_checkpoint(&self) -> String {
        match self.replay.callback().trained_again_with_checkpoint() {
            0 => String::new(),
            units => format!(", {units} of it by trials that had their checkpoint"),
        }
    }

    /// What ends the run, as the log says last.
    pub(crate) fn limits(&self) -> Limits {
        self.replay.callback().limits()
    }

    /// What was removed, could not be deleted and still takes room; `None`: nothing of that kind.
    pub(crate) fn room_taken(&self) -> Option<RoomTaken> {
        let undeleted = self.replay.callback().undeleted();
        let bytes = undeleted
            .values()
            .fold(0, |all: u64, &b| all.saturating_add(b));
        (!undeleted.is_empty()).then(|| RoomTaken {
            number: undeleted.len(),
            bytes,
            trials: trials_in_words(undeleted.keys().map(String::as_str)),
        })
    }

    /// Checkpoints removed, trials resumed, resource units trained again.
    pub(crate) fn extra_results(&self) -> ExtraResults {
        self.replay.callback().extra_results()
    }

    /// Whether trials were started, and none of them reported anything or none is left that did not fail.
    pub(crate) fn nothing_worked(&self) -> bool {
        let model = self.model();
        let all_failed = model.trials().all(|(trial, _)| model.has_failed(trial));
        model.num_trials() > 0 && (self.progress().reports == 0 || all_failed)
    }

    /// Number of trials that crashed for good.
    pub(crate) fn num_failed(&self) -> usize {
        self.trials.iter().filter(|trial| trial.failed).count()
    }

    /// Number of trials of a status at the end of the log.
    pub(crate) fn count(&self, status: TrialStatus) -> usize {
        let trials = self.model().trials();
        trials.filter(|trial| trial.1 == status).count()
    }

    /// The best trials first, see [`ranking`].
    pub(crate) fn ranking(&self) -> Vec<&Trial> {
        ranking(&self.trials, self.header.mode)
    }

    /// The best trial so far, finished or not, and its metric where it got to; none without a number.
    pub(crate) fn best(&self) -> Option<(&Trial, f64)> {
        best(&self.trials, self.header.mode)
    }

    /// A trial that has not finished and whose metric is better than that of the best one, which has.
    pub(crate) fn better_unfinished(&self) -> Option<(&Trial, f64)> {
        let (best, metric) = self.best().filter(|best| best.0.finished.is_some())?;
        let mode = self.header.mode;
        let others = self
            .trials
            .iter()
            .filter(|trial| trial.finished.is_none() && !trial.failed && trial.id != best.id);
        let others = others.filter_map(|trial| Some((trial, trial.highest()?.1)));
        let first = others.min_by_key(|other| MetricKey::new(other.1, mode))?;
        (MetricKey::new(first.1, mode) < MetricKey::new(metric, mode)).then_some(first)
    }

    /// Resource units that the run needed in any case, each unit of a trial counted once.
    pub(crate) fn trained(&self) -> u64 {
        let each = self.trials.iter().map(Trial::trained);
        each.fold(0, u64::saturating_add)
    }

    /// What was trained again, in per cent of the training.
    pub(crate) fn cost_percent(&self) -> f64 {
        let cost = self.extra_results().cost_resources as f64;
        let trained = self.trained() as f64;
        if trained > 0.0 {
            100.0 * cost / trained
        } else {
            0.0
        }
    }

    /// Rung levels, each once, ascending.
    pub(crate) fn levels(&self) -> Vec<u64> {
        let mut levels: Vec<u64> = self.header.rungs.iter().map(|rung| rung.level).collect();
        levels.sort_unstable();
        levels.dedup();
        levels
    }
}

/// A log that is being read.
pub(crate) struct Reading {
    header: Header,
    ended: bool,
    elapsed: f64,
    /// Number of the last line.
    line: usize,
    trials: Gatherer,
    given_up: GivenUpList,
    holdings: Holdings,
    estimates: Estimates,
    replay: Replay,
}

impl Reading {
    /// Of a log of which the header was read.
    pub(crate) fn new(header: Header) -> anyhow::Result<Self> {
        // What the log removed is what happened: no score is asked for.
        let replay = Replay::recorded(RemovalCallback::of_header(&header)?);
        Ok(Self {
            ended: false,
            elapsed: 0.0,
            line: 1,
            trials: Gatherer::default(),
            given_up: GivenUpList::default(),
            holdings: Holdings::new(header.budget),
            estimates: Estimates::default(),
            replay,
            header,
        })
    }

    /// The event of the next line, with what the line says beside it.
    pub(crate) fn happened(
        &mut self,
        event: &Event,
        line: &Map<String, Value>,
    ) -> anyhow::Result<()> {
        self.line += 1;
        self.given_up.happens(event, self.replay.callback().model());
        self.replay.feed(self.line, event)?;
        self.elapsed = event.elapsed().unwrap_or(self.elapsed);
        match event {
            Event::End(_) => self.ended = true,
            // What a person asks for may come after the end.
            Event::Start { .. }
            | Event::Resume { .. }
            | Event::Restart { .. }
            | Event::Launch { .. }
            | Event::Retry { .. }
            | Event::Limits { .. } => self.ended = false,
            _ => {}
        }
        let (callback, elapsed) = (self.replay.callback(), self.elapsed);
        let (model, budget) = (callback.model(), callback.budget());
        self.trials.happened(event, line, model);
        self.given_up
            .happened(elapsed, callback.trials_resumed_without_checkpoint());
        self.holdings.happened(elapsed, event, model, budget);
        if matches!(event, Event::Result { .. }) {
            let least = self.header.settings.estimators.min_data_at_rung;
            self.estimates.reported(elapsed, callback.policy(), least);
        }
        Ok(())
    }

    /// The log ends here.
    pub(crate) fn end(mut self) -> anyhow::Result<History> {
        self.replay.finish()?;
        let model = self.replay.callback().model();
        self.holdings.end(self.elapsed, model);
        Ok(History {
            header: self.header,
            ended: self.ended,
            elapsed: self.elapsed,
            trials: self.trials.into_trials(),
            given_up: self.given_up,
            holdings: self.holdings,
            estimates: self.estimates,
            replay: self.replay,
        })
    }
}
