//! What the events of a run add up to.
//!
//! Whatever happens is an event: it is written to the log, then applied here. A run that is resumed applies the events
//! of its log and stands where it stood.

mod leader;
mod pins;
mod ranking;
mod standing;

use rungkeeper_rung_model::{Decision, TrialStatus};
use rungkeeper_tuner::scheduler::{Scheduler, Task};
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{
    Budget, ExtraResults, Limits, Removal, RemovalPlan, RemovalReason, RungModel, TrialResult,
};
use serde_json::{Map, Value, json};

use crate::ledger::Ledger;
use crate::search::Told;
use crate::{RunError, View};

pub(crate) use ranking::Ranking;
pub(crate) use standing::Standing;

/// Fields of the run's own beside those of an event.
pub(crate) type Fields = Map<String, Value>;

/// A report on which the scheduler has decided.
#[derive(Clone, Debug)]
pub(crate) struct Concluded {
    pub(crate) result: TrialResult,
    /// The program said that it wrote a checkpoint.
    pub(crate) checkpoint: bool,
    /// What it reported beside the metric.
    pub(crate) values: Fields,
}

impl Concluded {
    /// The fields that a line of a report has beside those of its event.
    pub(crate) fn fields(checkpoint: bool, values: Fields) -> Fields {
        let mut fields = Fields::new();
        fields.insert("checkpoint".to_owned(), Value::from(checkpoint));
        if !values.is_empty() {
            fields.insert("values".to_owned(), Value::from(values));
        }
        fields
    }
}

/// The books of a run: the log, and what it adds up to.
pub(crate) struct Books<'o> {
    pub(crate) ledger: Ledger<'o>,
    standing: Standing,
}

impl<'o> Books<'o> {
    pub(crate) fn new(ledger: Ledger<'o>, standing: Standing) -> Self {
        Self { ledger, standing }
    }

    /// Something happens: it is written, then it counts.
    pub(crate) fn record(&mut self, event: &Event) -> Result<(), RunError> {
        self.record_with(event, &[])
    }

    /// As [`Books::record`], with fields of the run's own.
    pub(crate) fn record_with(
        &mut self,
        event: &Event,
        fields: &[(&str, Value)],
    ) -> Result<(), RunError> {
        let named = fields.iter();
        let named = named.map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.record_line(event, &named.collect())
    }

    /// As [`Books::record_with`], with the fields as they are.
    pub(crate) fn record_line(&mut self, event: &Event, fields: &Fields) -> Result<(), RunError> {
        self.ledger.write(event, fields)?;
        self.standing.apply(event, fields)?;
        for note in self.standing.callback.take_notes() {
            self.ledger.note(&note.to_string());
        }
        Ok(())
    }

    pub(crate) fn elapsed(&self) -> f64 {
        self.ledger.elapsed()
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.ledger.note(text);
    }

    pub(crate) fn model(&self) -> &RungModel {
        self.standing.callback.model()
    }

    pub(crate) fn budget(&self) -> Budget {
        self.standing.callback.budget()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.standing.callback.limits()
    }

    pub(crate) fn extra_results(&self) -> ExtraResults {
        self.standing.callback.extra_results()
    }

    pub(crate) fn best(&self) -> Option<(&str, f64)> {
        let best = self.standing.ranking.best_finished();
        best.map(|best| (best.trial, best.metric))
    }

    pub(crate) fn is_best(&self, metric: f64) -> bool {
        self.standing.is_best(metric)
    }

    /// The last report of a trial that runs: resource and metric.
    pub(crate) fn last_report(&self, trial: &str) -> Option<(u64, f64)> {
        self.standing.ranking.last_report(trial)
    }

    /// The size of a trial's last checkpoint.
    pub(crate) fn size(&self, trial: &str) -> u64 {
        self.standing.sizes.get(trial).copied().unwrap_or(0)
    }

    pub(crate) fn largest(&self) -> u64 {
        self.standing.largest
    }

    pub(crate) fn num_failed(&self) -> u64 {
        self.standing.failed
    }

    pub(crate) fn has_reports(&self) -> bool {
        self.standing.has_reports
    }

    /// How often a trial crashed so far.
    pub(crate) fn num_crashes(&self, trial: &str) -> u64 {
        self.standing.crashes.get(trial).copied().unwrap_or(0)
    }

    /// The number of the next process.
    pub(crate) fn next_process(&mut self) -> u64 {
        self.standing.processes += 1;
        self.standing.processes
    }

    /// The next task of a free worker. It counts as begun.
    pub(crate) fn next_task(&mut self) -> Result<Task, RunError> {
        Ok(self.standing.scheduler.next_task()?)
    }

    /// A new trial has this configuration. It counts as begun.
    pub(crate) fn start(
        &mut self,
        trial: &str,
        bracket: usize,
        configuration: &Configuration,
    ) -> Result<(), RunError> {
        let scheduler = &mut self.standing.scheduler;
        Ok(scheduler.adopt_start(trial, bracket, configuration)?)
    }

    /// What the search program is told of what happened since the last call.
    pub(crate) fn take_told(&mut self) -> Vec<String> {
        let told = self.standing.told.as_mut();
        told.map(Told::take).unwrap_or_default()
    }

    /// A paused trial is promoted, as was decided before.
    pub(crate) fn promote(&mut self, trial: &str) -> Result<(), RunError> {
        Ok(self.standing.scheduler.adopt_resume(trial)?)
    }

    /// Whether no configuration is left that was not tried.
    pub(crate) fn space_is_used_up(&self) -> bool {
        self.standing.scheduler.space_is_used_up()
    }

    /// What the scheduler decides on a report; the error says why it is none.
    pub(crate) fn decide(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
    ) -> Result<Decision, String> {
        let verdict = self.standing.scheduler.on_report(trial, resource, metric);
        verdict
            .map(|verdict| verdict.decision)
            .map_err(|error| error.to_string())
    }

    /// From now on these limits end the run.
    pub(crate) fn set_limits(
        &mut self,
        limits: Limits,
        fields: &[(&str, Value)],
    ) -> Result<(), RunError> {
        limits.check()?;
        let event = Event::Limits {
            limits,
            elapsed: self.elapsed(),
        };
        self.record_with(&event, fields)
    }

    /// Trials whose checkpoints were removed and could not be deleted yet.
    pub(crate) fn undeleted(&self) -> Vec<String> {
        self.standing.callback.undeleted().keys().cloned().collect()
    }

    /// The limits that the experiment file had when they were last taken from it.
    pub(crate) fn limits_of_the_file(&self) -> Limits {
        self.standing.limits_of_the_file
    }

    pub(crate) fn is_undeleted(&self, trial: &str) -> bool {
        self.standing.callback.undeleted().contains_key(trial)
    }

    /// Hyper-parameters of a trial.
    pub(crate) fn configuration(&self, trial: &str) -> Configuration {
        // Trials are numbered by the scheduler; their hyper-parameters follow from the number.
        self.standing
            .scheduler
            .configuration(trial.parse().unwrap_or(0))
    }

    /// Whether a limit is reached, together with reports that are not written yet. A number of trials is a limit of the
    /// scheduler: the ones that were started are finished.
    pub(crate) fn limit_is_reached(&self, (reports, resource): (u64, u64)) -> bool {
        let mut progress = self.standing.callback.progress();
        progress.seconds = self.elapsed();
        progress.reports += reports;
        progress.resource = progress.resource.saturating_add(resource);
        let limits = Limits {
            trials: None,
            ..self.limits()
        };
        limits.reached(&progress)
    }

    pub(crate) fn has_checkpoint(&self, trial: &str) -> bool {
        self.model().status(trial) == Some(TrialStatus::PausedWithCheckpoint)
    }

    /// A trial reports, and the scheduler has decided.
    pub(crate) fn conclude(
        &mut self,
        trial: &str,
        concluded: Concluded,
        pin_best: bool,
    ) -> Result<(), RunError> {
        let Concluded {
            result,
            checkpoint,
            values,
        } = concluded;
        if result.decision == Decision::Stop && pin_best && self.is_best(result.metric) {
            // Before it ends: a trial that has ended unpinned needs no checkpoint.
            self.pin_as_best(trial)?;
        }
        let event = Event::Result {
            trial: trial.to_owned(),
            level: result.level,
            metric: result.metric,
            decision: result.decision,
            elapsed: self.elapsed(),
        };
        self.record_line(&event, &Concluded::fields(checkpoint, values))
    }

    /// A trial's program ended by itself before the max resource.
    pub(crate) fn complete(&mut self, trial: &str, pin_best: bool) -> Result<(), RunError> {
        let last = self.last_report(trial);
        if pin_best && last.is_some_and(|(_, metric)| self.is_best(metric)) {
            self.pin_as_best(trial)?;
        }
        let event = Event::Complete {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        let fields = last.map(|(resource, _)| ("resource", json!(resource)));
        self.record_with(&event, fields.as_slice())
    }

    /// The end of a turn: what exceeds the budget is removed. It is in the log when this returns; the files are the
    /// caller's to delete.
    pub(crate) fn keep_budget(&mut self) -> Result<Vec<Removal>, RunError> {
        let elapsed = self.elapsed();
        let plan = self.standing.callback.plan(elapsed)?;
        if plan.removals.is_empty() {
            return Ok(Vec::new());
        }
        for removal in &plan.removals {
            let event = Event::Remove {
                removal: removal.clone(),
                elapsed,
            };
            self.ledger.write(&event, &Fields::new())?;
        }
        let event = Event::LoopEnd(self.standing.callback.loop_end(&plan));
        self.ledger.write(&event, &Fields::new())?;
        for removal in &plan.removals {
            self.standing.callback.give_up(&removal.trial)?;
        }
        Ok(plan.removals)
    }

    /// What another budget, kept this once, would remove.
    pub(crate) fn plan_within(&mut self, budget: Budget) -> Result<RemovalPlan, RunError> {
        let elapsed = self.elapsed();
        Ok(self.standing.callback.plan_within(budget, elapsed)?)
    }

    /// A paused trial turns out to have no checkpoint.
    pub(crate) fn lose(&mut self, trial: &str) -> Result<(), RunError> {
        let Some(standing) = self.model().trial_information(trial) else {
            return Ok(());
        };
        let removal = Removal {
            trial: trial.to_owned(),
            level: standing.level,
            rank: standing.rank,
            rung_len: standing.rung_len,
            bytes: 0,
            expected_cost: None,
            ln_expected_cost: None,
            reason: RemovalReason::Lost,
        };
        let elapsed = self.elapsed();
        self.record(&Event::Remove { removal, elapsed })
    }

    /// What there is to see now.
    pub(crate) fn view(&self, deleting: usize) -> View<'_> {
        self.standing.view(self.ledger.elapsed(), deleting)
    }

    /// Shows whoever watches how the run stands.
    pub(crate) fn show(&mut self, deleting: usize) {
        let view = self.standing.view(self.ledger.elapsed(), deleting);
        self.ledger.show(&view);
    }

    /// The end of the run.
    pub(crate) fn end(&mut self) -> Result<(), RunError> {
        let end = self.standing.callback.end_of_run(self.elapsed());
        self.record(&Event::End(end))
    }
}
