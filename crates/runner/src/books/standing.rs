//! What the events so far add up to.

use foldhash::HashMap;
use rungkeeper_tuner::scheduler::{PromotionScheduler, Scheduler};
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{Limits, PolicySpec, RemovalCallback, RemovalReason};
use serde_json::Value;

use super::Fields;
use super::ranking::Ranking;
use crate::experiment::{Experiment, Search};
use crate::journal::configuration;
use crate::search::Told;
use crate::{RunError, View};

/// What the events so far add up to.
pub(crate) struct Standing {
    pub(crate) scheduler: PromotionScheduler,
    pub(crate) callback: RemovalCallback,
    /// Who is how good.
    pub(super) ranking: Ranking,
    /// Finished trials that are pinned as the best: one, or two while the new best's checkpoint is
    /// not complete yet.
    pub(super) pinned_as_best: Vec<String>,
    /// Crashes of each trial since its program was mended, so to speak: since the run was resumed.
    pub(super) crashes: HashMap<String, u64>,
    pub(super) failed: u64,
    /// Whether a report came that names both keys.
    pub(super) has_reports: bool,
    /// Processes of the run so far, so that each has a number of its own.
    pub(super) processes: u64,
    /// The size of each trial's last checkpoint, which may be on its way out.
    pub(super) sizes: HashMap<String, u64>,
    /// The largest checkpoint so far.
    pub(super) largest: u64,
    /// The limits that the experiment file had when they were last taken from it.
    pub(crate) limits_of_the_file: Limits,
    /// Whether the policy draws numbers, whose stream a replay has to follow.
    draws: bool,
    /// Whether a removal of the turn that is being replayed was met.
    within_a_turn: bool,
    /// What the search program is told, where there is one.
    pub(super) told: Option<Told>,
}

impl Standing {
    /// Of a run that has not begun.
    pub(crate) fn new(experiment: &Experiment, header: &Header) -> Result<Self, RunError> {
        let callback = RemovalCallback::of_header(header)?;
        let scheduler = PromotionScheduler::new(&experiment.scheduler, experiment.space.clone())?;
        let proposed = !matches!(experiment.search, Search::Random);
        Ok(Self {
            scheduler: if proposed {
                scheduler.with_proposals()
            } else {
                scheduler
            },
            told: proposed.then(Told::default),
            callback,
            ranking: Ranking::new(header.rungs.iter().map(|rung| rung.level)),
            pinned_as_best: Vec::new(),
            crashes: HashMap::default(),
            failed: 0,
            has_reports: false,
            processes: 0,
            sizes: HashMap::default(),
            largest: 0,
            limits_of_the_file: header.limits,
            draws: matches!(header.policy_spec(), Ok(PolicySpec::Random { .. })),
            within_a_turn: false,
        })
    }

    /// An event of a log: what the scheduler decided then it is told first.
    pub(crate) fn replay(&mut self, event: &Event, fields: &Fields) -> Result<(), RunError> {
        match event {
            Event::Start { trial, bracket, .. } => {
                let configuration = configuration(fields);
                self.scheduler
                    .adopt_start(trial, *bracket, &configuration)?;
            }
            Event::Resume { trial, .. } => self.scheduler.adopt_resume(trial)?,
            Event::Result {
                trial,
                level,
                metric,
                ..
            } => {
                self.scheduler.on_report(trial, *level, *metric)?;
            }
            _ => {}
        }
        self.draw_again(event)?;
        self.apply(event, fields)?;
        // Notes were said when it happened.
        self.callback.take_notes();
        Ok(())
    }

    /// A random policy draws again what it drew then, before the first removal of a turn, so that it goes on as it would
    /// have without the interruption.
    fn draw_again(&mut self, event: &Event) -> Result<(), RunError> {
        let elapsed = event.elapsed().unwrap_or(0.0);
        let decided = match event {
            Event::Remove { removal, .. } => {
                !matches!(removal.reason, RemovalReason::Lost | RemovalReason::Asked)
            }
            Event::LoopEnd(_) => {
                self.within_a_turn = false;
                false
            }
            _ => false,
        };
        if self.draws && decided && !std::mem::replace(&mut self.within_a_turn, true) {
            self.callback.plan(elapsed)?;
        }
        Ok(())
    }

    /// Something happened.
    pub(super) fn apply(&mut self, event: &Event, fields: &Fields) -> Result<(), RunError> {
        if let Some(process) = fields.get("process").and_then(Value::as_u64) {
            self.processes = self.processes.max(process);
        }
        match event {
            Event::Restart { trial, .. } => {
                if fields.contains_key("crashed") {
                    *self.crashes.entry(trial.clone()).or_default() += 1;
                }
                self.scheduler.on_restart(trial)?;
            }
            Event::Complete { trial, .. } => self.scheduler.on_complete(trial)?,
            Event::Failed { trial, .. } => {
                self.scheduler.on_failed(trial)?;
                self.failed += 1;
            }
            Event::Retry { trial, .. } => self.scheduler.on_retry(trial)?,
            Event::Limits { limits, .. } => self.scheduler.set_max_trials(limits.trials),
            Event::Pin { trial, .. } if !fields.contains_key("asked") => {
                self.pinned_as_best.push(trial.clone());
            }
            Event::Pin { trial, .. } | Event::Unpin { trial, .. } => {
                self.pinned_as_best.retain(|pinned| pinned != trial);
            }
            Event::Checkpoint { trial, bytes, .. } => {
                self.sizes.insert(trial.clone(), *bytes);
                self.largest = self.largest.max(*bytes);
            }
            _ => {}
        }
        self.callback.apply(event)?;
        if fields.contains_key("from_the_file") {
            self.limits_of_the_file = self.callback.limits();
        }
        self.has_reports |= matches!(event, Event::Result { .. });
        self.ranking.happened(event, self.callback.model());
        if let Some(told) = &mut self.told {
            told.happened(event, fields);
        }
        Ok(())
    }

    /// What there is to see after `elapsed` seconds.
    pub(super) fn view(&self, elapsed: f64, deleting: usize) -> View<'_> {
        View {
            elapsed,
            model: self.callback.model(),
            best: self.ranking.best(),
            deleting,
        }
    }

    /// Whether a finished trial with this metric is the best so far.
    pub(crate) fn is_best(&self, metric: f64) -> bool {
        self.ranking.is_best(metric, self.callback.model())
    }

    /// The run goes on after somebody had a look: what failed before is no reason to stop again.
    pub(crate) fn begin_counting_failures_anew(&mut self) {
        self.failed = 0;
        self.crashes.clear();
    }
}
