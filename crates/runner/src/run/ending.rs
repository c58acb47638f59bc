//! How trials end: by pause, at max resource, by themselves, or in a crash.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::Handover;
use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::TunerCallback;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::json;

use super::{Observer, Phase, RunError, Runner, Slot, Stop, TICK};
use crate::protocol::Protocol;
use rungkeeper_tuner::scheduler::Scheduler;

/// Time for the last lines of a process that has ended to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Runner {
    /// Notices processes that ended, and ends those that were told to and did not.
    pub(super) fn look_after_slots(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        // With many reports turns are short. One that closed its output is looked at in any case.
        let all = self.looked_after_slots.elapsed() >= TICK;
        if all {
            self.looked_after_slots = Instant::now();
        }
        for number in 0..self.slots.len() {
            let slot = self.slots[number].as_mut();
            let Some(slot) = slot.filter(|slot| all || slot.has_said_all) else {
                continue;
            };
            let ended = slot.process.ended();
            let ended = ended.map_err(|e| super::files::file_error(&self.files.log(), e))?;
            match ended {
                Some(status) => {
                    self.hear_the_rest(number, observer)?;
                    if let Some(slot) = self.slots[number].take() {
                        self.ended(number, &slot, status, observer)?;
                    }
                }
                None => self.insist(number),
            }
        }
        Ok(())
    }

    /// What a process said before it ended counts. All of it is in the queue by now or soon, unless
    /// somebody else holds its output open.
    fn hear_the_rest(
        &mut self,
        number: usize,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let until = Instant::now() + LAST_WORDS;
        while self.slots[number]
            .as_ref()
            .is_some_and(|slot| !slot.has_said_all)
        {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(said) = self.said.recv_timeout(left) else {
                break;
            };
            self.heard(&said, observer)?;
        }
        Ok(())
    }

    /// A process that was told to end and lives on: asked by TERM, then killed.
    fn insist(&mut self, number: usize) {
        let (stop, grace) = (self.stop, self.experiment.grace);
        let Some(slot) = &mut self.slots[number] else {
            return;
        };
        if slot.phase == Phase::Training {
            let interrupt = match stop {
                Stop::No => self.wall_clock_is_over(),
                // A program that answers is told at its next report; others are asked now.
                Stop::Cleanly => self.experiment.protocol == Protocol::OneWay,
                Stop::Now => true,
            };
            let Some(slot) = self.slots[number].as_mut().filter(|_| interrupt) else {
                return;
            };
            slot.phase = Phase::Interrupted;
            slot.process.terminate();
            slot.asked_to_end = true;
            slot.deadline = Instant::now().checked_add(grace);
            return;
        }
        if slot
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            if slot.asked_to_end {
                slot.process.kill();
            } else {
                slot.process.terminate();
                slot.asked_to_end = true;
            }
            slot.deadline = Instant::now().checked_add(grace);
        }
    }

    fn wall_clock_is_over(&self) -> bool {
        let limit = self.experiment.limits.seconds;
        limit.is_some_and(|limit| self.elapsed() >= limit)
    }

    fn ended(
        &mut self,
        number: usize,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        match slot.phase {
            Phase::Ending(Decision::Stop) => self.stopped(slot, status, observer),
            Phase::Ending(_) => self.paused(slot, status, observer),
            Phase::Interrupted => self.interrupted(slot, status, observer),
            Phase::Training if status.success() => self.completed(slot, observer),
            Phase::Training => self.crashed(number, slot, status, observer),
        }
    }

    /// Paused at a rung: what it wrote becomes its checkpoint.
    fn paused(
        &mut self,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        if slot.committed {
            return self.discard(&slot.trial);
        }
        if !self.commit_ended(slot, status, observer)? {
            self.lost(&slot.trial, observer)?;
        }
        Ok(())
    }

    /// At max resource: the best finished trial keeps its checkpoint, others need none.
    fn stopped(
        &mut self,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        if !self.callback.model().is_pinned(&slot.trial) {
            return self.forget(&slot.trial);
        }
        if slot.committed {
            return self.discard(&slot.trial);
        }
        self.commit_ended(slot, status, observer)?;
        self.let_former_go(observer)
    }

    /// Ended because the run stops: the trial goes on from what it wrote, or from its last
    /// checkpoint.
    fn interrupted(
        &mut self,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let written = match self.experiment.protocol {
            Protocol::Answered => slot.checkpoint_at,
            // It writes whenever it likes, and renames what is complete.
            Protocol::OneWay => Some(slot.resource).filter(|&resource| resource > 0),
        };
        match written.filter(|_| self.stop != Stop::Now && self.ended_well(status)) {
            Some(level) => {
                self.commit(slot, level, Handover::Move, observer)?;
            }
            None => self.discard(&slot.trial)?,
        }
        self.interrupted.push(slot.trial.clone());
        Ok(())
    }

    /// The program ended by itself before max resource.
    fn completed(&mut self, slot: &Slot, observer: &mut dyn Observer) -> Result<(), RunError> {
        let event = Event::Complete {
            trial: slot.trial.clone(),
            elapsed: self.elapsed(),
        };
        self.write(&event, observer)?;
        self.scheduler.on_complete(&slot.trial)?;
        self.callback.on_trial_complete(&slot.trial)?;
        if self.callback.model().is_pinned(&slot.trial) {
            self.commit(slot, slot.resource, Handover::Move, observer)?;
            return Ok(());
        }
        self.forget(&slot.trial)
    }

    /// Started again as often as the experiment allows, then failed.
    fn crashed(
        &mut self,
        number: usize,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let trial = slot.trial.clone();
        let output = self.files.output(&trial);
        let crashes = self.crashes.entry(trial.clone()).or_default();
        *crashes += 1;
        let again = *crashes <= self.experiment.retries;
        observer.note(&format!(
            "trial \"{trial}\" crashed ({status}), see {}{}",
            output.display(),
            if again { ": it is started again" } else { "" }
        ));
        if again && self.stop == Stop::No {
            return self.go_on(number, &trial, &[("crashed", json!(true))], observer);
        }
        let event = Event::Failed {
            trial: trial.clone(),
            elapsed: self.elapsed(),
        };
        let reason = [("reason", json!(status.to_string()))];
        self.write_with(&event, &reason, observer)?;
        self.scheduler.on_failed(&trial)?;
        self.callback.on_trial_failed(&trial)?;
        self.failed += 1;
        self.forget(&trial)
    }
}
