//! What training programs say.

use std::time::Instant;

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{TrialResult, TunerCallback};
use serde_json::Value;

use super::process::Said;
use super::{Observer, Phase, RunError, Runner, Stop};
use crate::protocol::{Line, Printed, Protocol};
use rungkeeper_tuner::scheduler::Scheduler;

impl Runner {
    /// A line of a training program, or the end of its output.
    pub(super) fn heard(
        &mut self,
        said: &Said,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let current = self.slots[said.slot].as_mut();
        let Some(slot) = current.filter(|slot| slot.number == said.process) else {
            return Ok(()); // an old process
        };
        let Some(text) = &said.line else {
            slot.has_said_all = true; // its end is noticed by its status
            return Ok(());
        };
        if slot.phase != Phase::Training {
            return Ok(()); // told to end: what it still trains does not count
        }
        match Line::read(text, self.experiment.protocol, &self.experiment.names) {
            Line::Other => Ok(()),
            Line::Refused { reason, .. } => {
                observer.note(&format!("trial \"{}\": {reason}", slot.trial));
                self.answer(said.slot, Decision::Continue);
                Ok(())
            }
            Line::Report(report) => self.report(said.slot, &report, observer),
        }
    }

    fn report(
        &mut self,
        number: usize,
        printed: &Printed,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let Some(slot) = self.slots[number].as_mut() else {
            return Ok(());
        };
        let trial = slot.trial.clone();
        let verdict = match self
            .scheduler
            .on_report(&trial, printed.resource, printed.metric)
        {
            Ok(verdict) => verdict,
            Err(error) => {
                observer.note(&error.to_string());
                self.answer(number, Decision::Continue);
                return Ok(());
            }
        };
        slot.resource = printed.resource;
        if printed.checkpoint {
            slot.checkpoint_at = Some(printed.resource);
        }
        let decision = verdict.decision;
        let result = TrialResult {
            level: printed.resource,
            metric: printed.metric,
            decision,
        };
        if printed.checkpoint && self.program_waits() && self.is_worth_a_checkpoint(&result) {
            // The program waits for its answer, so its files are at rest: the checkpoint is
            // complete before the pause is in the log.
            let reported = Event::Reported {
                trial: trial.clone(),
                level: result.level,
                metric: result.metric,
                elapsed: self.elapsed(),
            };
            self.write(&reported, observer)?;
            self.commit_waiting(number, printed.resource, observer)?;
        }
        self.conclude(&trial, &result, printed.checkpoint, observer)?;
        self.decided(number, decision);
        Ok(())
    }

    /// Whether the files of this moment are needed: the trial pauses, or ends as the best.
    fn is_worth_a_checkpoint(&self, result: &TrialResult) -> bool {
        match result.decision {
            Decision::Continue => false,
            Decision::Pause => true,
            Decision::Stop => self.experiment.pin_best && self.is_best(result.metric),
        }
    }

    /// Writes a result down, and hands it to whoever learns from it.
    pub(super) fn conclude(
        &mut self,
        trial: &str,
        result: &TrialResult,
        checkpoint: bool,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let best = result.decision == Decision::Stop && self.is_best(result.metric);
        if best {
            // Before it ends: a trial that has ended unpinned needs no checkpoint.
            self.pin_as_best(trial, observer)?;
        }
        let event = Event::Result {
            trial: trial.to_owned(),
            level: result.level,
            metric: result.metric,
            decision: result.decision,
            elapsed: self.elapsed(),
        };
        let flag = [("checkpoint", Value::from(checkpoint))];
        self.write_with(&event, &flag, observer)?;
        self.callback.on_trial_result(trial, result)?;
        for note in self.callback.take_notes() {
            observer.note(&note.to_string());
        }
        if best {
            self.best = Some((trial.to_owned(), result.metric));
            self.let_former_go(observer)?;
        }
        if result.decision == Decision::Stop && !self.callback.model().is_pinned(trial) {
            // The budget no longer counts the trial, though its process may take a while to end:
            // what it was resumed from must not stay that long.
            self.callback.store_mut().drop_all(trial);
        }
        Ok(())
    }

    fn program_waits(&self) -> bool {
        self.experiment.protocol == Protocol::Answered
    }

    /// Tells the program, and sets its phase.
    fn decided(&mut self, number: usize, decision: Decision) {
        let stopping = self.stop != Stop::No;
        let (phase, told) = match decision {
            Decision::Continue if stopping => (Phase::Interrupted, Decision::Pause),
            Decision::Continue => (Phase::Training, Decision::Continue),
            Decision::Pause | Decision::Stop => (Phase::Ending(decision), decision),
        };
        self.answer(number, told);
        let (waits, grace) = (self.program_waits(), self.experiment.grace);
        if let Some(slot) = &mut self.slots[number]
            && phase != Phase::Training
        {
            slot.phase = phase;
            if !waits {
                slot.process.terminate();
                slot.asked_to_end = true;
            }
            slot.deadline = Instant::now().checked_add(grace);
        }
    }

    fn answer(&mut self, number: usize, decision: Decision) {
        let answer = self.experiment.protocol.answer(decision);
        if let (Some(text), Some(slot)) = (answer, &mut self.slots[number]) {
            slot.process.answer(text);
        }
    }
}
