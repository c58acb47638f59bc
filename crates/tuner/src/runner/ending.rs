//! How trials end: by pause, at max resource, by themselves, or in a crash.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use rungkeeper_checkpoints::Handover;
use rungkeeper_rung_model::{Decision, Mode, TrialStatus};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Removal, RemovalReason, TunerCallback};
use serde_json::json;

use super::{Observer, Phase, RunError, Runner, Slot, Stop};
use crate::scheduler::Scheduler;

impl Runner {
    /// Notices processes that ended, and ends those that were told to and did not.
    pub(super) fn look_after_slots(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        for number in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[number] else {
                continue;
            };
            let ended = slot.process.ended();
            let ended = ended.map_err(|e| super::files::file_error(&self.files.log(), e))?;
            match ended {
                Some(status) => {
                    self.hear_the_rest(observer)?;
                    if let Some(slot) = self.slots[number].take() {
                        self.ended(number, &slot, status, observer)?;
                    }
                }
                None => self.insist(number),
            }
        }
        Ok(())
    }

    /// What a process said before it ended counts; its lines are in the queue by now or soon.
    fn hear_the_rest(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        let patience = std::time::Duration::from_millis(200);
        let until = Instant::now() + patience;
        while let Ok(said) = self
            .said
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            let last = said.line.is_none();
            self.heard(&said, observer)?;
            if last {
                break;
            }
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
                Stop::Cleanly => self.experiment.protocol == crate::protocol::Protocol::OneWay,
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
            Phase::Ending(Decision::Stop) => self.stopped(slot, observer),
            Phase::Ending(_) => self.paused(slot, observer),
            Phase::Interrupted => self.interrupted(slot, observer),
            Phase::Training if status.success() => self.completed(slot, observer),
            Phase::Training => self.crashed(number, slot, status, observer),
        }
    }

    /// Paused at a rung: what it wrote becomes its checkpoint.
    fn paused(&mut self, slot: &Slot, observer: &mut dyn Observer) -> Result<(), RunError> {
        if slot.committed {
            let aside = self.store.discard(&slot.trial)?;
            self.callback.store_mut().purge(aside);
            return Ok(());
        }
        if !self.commit(slot, slot.resource, Handover::Move, observer)? {
            self.lost(&slot.trial, observer)?;
        }
        Ok(())
    }

    /// At max resource: the best finished trial keeps its checkpoint, others need none.
    fn stopped(&mut self, slot: &Slot, observer: &mut dyn Observer) -> Result<(), RunError> {
        if self.callback.model().is_pinned(&slot.trial) {
            self.commit(slot, slot.resource, Handover::Move, observer)?;
        } else {
            self.forget(&slot.trial)?;
        }
        Ok(())
    }

    /// Ended because the run stops: the trial goes on from what it wrote, or from its last
    /// checkpoint.
    fn interrupted(&mut self, slot: &Slot, observer: &mut dyn Observer) -> Result<(), RunError> {
        let clean = slot.checkpoint_at.filter(|_| self.stop != Stop::Now);
        if let Some(level) = clean {
            self.commit(slot, level, Handover::Move, observer)?;
        } else {
            let aside = self.store.discard(&slot.trial)?;
            self.callback.store_mut().purge(aside);
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
            return self.go_on(number, &trial, observer);
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

    /// A trial reached max resource: if it is the best so far it is pinned in place of the one
    /// before.
    pub(super) fn finished(
        &mut self,
        trial: &str,
        metric: f64,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        if !metric.is_finite() || !self.is_best(metric) {
            return Ok(());
        }
        let before = self.best.replace((trial.to_owned(), metric));
        if !self.experiment.pin_best {
            return Ok(());
        }
        let elapsed = self.elapsed();
        let pin = Event::Pin {
            trial: trial.to_owned(),
            elapsed,
        };
        self.write(&pin, observer)?;
        self.callback.pin(trial)?;
        if let Some((trial, _)) = before {
            let unpin = Event::Unpin {
                trial: trial.clone(),
                elapsed,
            };
            self.write(&unpin, observer)?;
            self.callback.unpin(&trial)?;
            self.callback.store_mut().drop_all(&trial);
        }
        Ok(())
    }

    pub(super) fn is_best(&self, metric: f64) -> bool {
        self.best
            .as_ref()
            .is_none_or(|(_, best)| match self.experiment.scheduler.model.mode {
                Mode::Min => metric < *best,
                Mode::Max => metric > *best,
            })
    }

    /// Commits the files of a program that waits for its answer.
    pub(super) fn commit_waiting(
        &mut self,
        number: usize,
        level: u64,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let Some(slot) = self.slots[number].take() else {
            return Ok(());
        };
        let committed = self.commit(&slot, level, Handover::Copy, observer);
        let slot = Slot {
            committed: matches!(committed, Ok(true)),
            ..slot
        };
        self.slots[number] = Some(slot);
        committed.map(|_| ())
    }

    /// Makes what a program wrote the checkpoint of its trial. Nothing written is no checkpoint;
    /// what cannot be committed is said, and is none either.
    fn commit(
        &mut self,
        slot: &Slot,
        level: u64,
        handover: Handover,
        observer: &mut dyn Observer,
    ) -> Result<bool, RunError> {
        let trial = &slot.trial;
        if is_empty(&slot.staging) {
            let aside = self.store.discard(trial)?;
            self.callback.store_mut().purge(aside);
            return Ok(false);
        }
        let committed = match self.store.commit(trial, level, slot.number, handover) {
            Ok(committed) => committed,
            Err(error) => {
                observer.note(&format!("the checkpoint of trial \"{trial}\": {error}"));
                let aside = self.store.discard(trial)?;
                self.callback.store_mut().purge(aside);
                return Ok(false);
            }
        };
        if let Some(warning) = &committed.warning {
            observer.note(&warning.to_string());
        }
        let (bytes, hash) = (committed.stored.bytes, committed.stored.hash);
        let event = Event::Checkpoint {
            trial: trial.clone(),
            level,
            bytes,
            elapsed: self.elapsed(),
        };
        self.write_with(&event, &[("hash", json!(hash))], observer)?;
        self.callback.on_checkpoint_committed(trial, level, bytes)?;
        self.callback.store_mut().committed(trial, bytes);
        self.callback.store_mut().purge(committed.superseded);
        Ok(true)
    }

    /// Drops all files of a trial that has ended.
    fn forget(&mut self, trial: &str) -> Result<(), RunError> {
        let aside = self.store.discard(trial)?;
        self.callback.store_mut().purge(aside);
        self.callback.store_mut().drop_all(trial);
        Ok(())
    }

    pub(super) fn has_checkpoint(&self, trial: &str) -> bool {
        self.callback.model().status(trial) == Some(TrialStatus::PausedWithCheckpoint)
    }

    /// A paused trial turns out to have no checkpoint.
    pub(super) fn lost(
        &mut self,
        trial: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let Some(standing) = self.callback.model().trial_information(trial) else {
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
        self.write(&Event::Remove { removal, elapsed }, observer)?;
        observer.note(&format!(
            "trial \"{trial}\" left no checkpoint at its pause"
        ));
        Ok(self.callback.lose(trial)?)
    }
}

/// Whether a program wrote nothing. What cannot be read is for the store to say.
fn is_empty(staging: &Path) -> bool {
    std::fs::read_dir(staging).is_ok_and(|mut entries| entries.next().is_none())
}
