//! The search program of an experiment on tabulated curves, under a virtual clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use rungkeeper_tuner::scheduler::PromotionSpec;
use rungkeeper_tuner::search_space::{Configuration, SearchSpace};
use rungkeeper_tuner::simulation::{CurveSearch, Nearest, NextCurve};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{BoxError, Limits};
use serde_json::Map;

use super::{Heard, Proposal, Search, Told};
use crate::experiment::Experiment;
use crate::process::unbuffered;

/// Answers that it may be ahead, of which there is one at a time.
const MESSAGES_AHEAD: usize = 64;

/// How long one look for an answer takes: in between it is seen whether the program has ended.
const LOOK: Duration = Duration::from_millis(50);

/// The search of a simulated run: the experiment's program proposes configurations as in a real run, and each trial has the
/// curve of the nearest one. It is waited for, so that the same answers give the same run.
///
/// The program is started when it is first asked, and has ended when this is dropped.
pub struct SearchOnCurves {
    space: SearchSpace,
    seed: u64,
    limits: Limits,
    nearest: Nearest,
    search: Search,
    messages: Receiver<Heard>,
    told: Told,
    /// What the next trial begins with, until it has begun.
    proposed: Option<Configuration>,
}

/// What a simulated run has of its own.
#[derive(Clone, Debug)]
pub struct SimulatedRun {
    /// Rungs, seed and number of trials.
    pub scheduler: PromotionSpec,
    /// Trials that train at a time.
    pub workers: u64,
    /// Which curve is the nearest one.
    pub nearest: Nearest,
    /// Where the program's errors are kept.
    pub output: PathBuf,
}

impl SearchOnCurves {
    /// The search of an experiment whose file is in the folder `base`, for a simulated run. `None` if the experiment draws
    /// its configurations at random.
    #[must_use]
    pub fn new(experiment: &Experiment, base: &Path, run: SimulatedRun) -> Option<Self> {
        let unbuffered = BTreeMap::from([unbuffered()]);
        let (to, messages) = sync_channel(MESSAGES_AHEAD);
        let limits = Limits {
            trials: run.scheduler.max_trials,
            ..Limits::default()
        };
        let seed = run.scheduler.seed;
        let experiment = Arc::new(Experiment {
            scheduler: run.scheduler,
            workers: run.workers,
            ..experiment.clone()
        });
        let (space, directory) = (experiment.space.clone(), base.join(&experiment.directory));
        Some(Self {
            search: Search::new(experiment, directory, unbuffered, run.output, to)?,
            space,
            seed,
            limits,
            nearest: run.nearest,
            messages,
            told: Told::default(),
            proposed: None,
        })
    }

    /// The configuration of a new trial: those that the experiment gives come first.
    fn propose(&mut self, trial: &str) -> Result<Proposal, BoxError> {
        let number: u64 = trial.parse()?;
        if number < self.space.given().len() as u64 {
            let given = self.space.configuration(self.seed, number);
            return Ok(Proposal::Configuration(given));
        }
        loop {
            let told = self.told.take();
            match self.search.propose(trial, self.limits, told) {
                Proposal::Later => {
                    if let Ok(heard) = self.messages.recv_timeout(LOOK) {
                        self.search.heard(heard);
                    }
                }
                Proposal::Failed(reason) => return Err(reason.into()),
                proposal => return Ok(proposal),
            }
        }
    }
}

impl CurveSearch for SearchOnCurves {
    fn next(&mut self, trial: &str) -> Result<NextCurve, BoxError> {
        Ok(match self.propose(trial)? {
            Proposal::Configuration(configuration) => {
                let curve = self.nearest.take(&configuration);
                self.proposed = Some(configuration);
                curve.map_or(NextCurve::End, NextCurve::Curve)
            }
            Proposal::Later | Proposal::Waits => NextCurve::Wait,
            Proposal::End | Proposal::Failed(_) => NextCurve::End,
        })
    }

    fn happened(&mut self, event: &Event) {
        let mut fields = Map::new();
        if matches!(event, Event::Start { .. })
            && let Some(configuration) = self.proposed.take()
        {
            let configuration = serde_json::to_value(configuration).unwrap_or_default();
            fields.insert("configuration".to_owned(), configuration);
        }
        self.told.happened(event, &fields);
    }
}

impl Drop for SearchOnCurves {
    fn drop(&mut self) {
        self.search.end(false);
        self.search.wait_for_the_end();
    }
}
