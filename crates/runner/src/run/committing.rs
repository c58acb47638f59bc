//! What programs wrote becomes checkpoints, or is dropped.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use rungkeeper_checkpoints::{Handover, StoreError, size_of_files};
use rungkeeper_rung_model::TrialStatus;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Removal, RemovalReason, TunerCallback};
use rustix::process::Signal;
use serde_json::json;

use super::{Observer, RunError, Runner, Slot, Stop};
use crate::protocol::Protocol;

impl Runner {
    /// Commits what a program left that has ended as it was told to. Nothing is taken from one that
    /// broke off: it may have been in the middle of writing.
    pub(super) fn commit_ended(
        &mut self,
        slot: &Slot,
        status: ExitStatus,
        observer: &mut dyn Observer,
    ) -> Result<bool, RunError> {
        if self.ended_well(status) {
            return self.commit(slot, slot.resource, Handover::Move, observer);
        }
        let (trial, output) = (&slot.trial, self.files.output(&slot.trial));
        observer.note(&format!(
            "trial \"{trial}\" broke off when it was told to end ({status}), see {}",
            output.display()
        ));
        self.discard(trial)?;
        Ok(false)
    }

    /// Whether a program that was told to end did so: by itself where it is answered, and by the
    /// signals it is sent where it is not.
    pub(super) fn ended_well(&self, status: ExitStatus) -> bool {
        let sent = [Signal::TERM, Signal::KILL].map(Signal::as_raw);
        match self.experiment.protocol {
            Protocol::Answered => status.success(),
            Protocol::OneWay => status.signal().is_none_or(|signal| sent.contains(&signal)),
        }
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
    /// what cannot be committed is said, and is none either. Where the store cannot be reached it
    /// is committed when the run is resumed.
    pub(super) fn commit(
        &mut self,
        slot: &Slot,
        level: u64,
        handover: Handover,
        observer: &mut dyn Observer,
    ) -> Result<bool, RunError> {
        let trial = &slot.trial;
        if is_empty(&slot.staging) {
            self.discard(trial)?;
            return Ok(false);
        }
        let bytes = size_of_files(&slot.staging);
        if let Err(error) = self.callback.budget().check_size(bytes) {
            observer.note(&format!(
                "the checkpoint of trial \"{trial}\" at {level} is not kept: {error}"
            ));
            self.discard(trial)?;
            return Ok(false);
        }
        if self.store_error.is_some() {
            self.store.postpone(trial, level, slot.number, handover)?;
            return Ok(true);
        }
        let committed = match self.store.commit(trial, level, slot.number, handover) {
            Ok(committed) => committed,
            // The checkpoint is good, and is kept in the local directory.
            Err(error) if error.is_unavailable() => {
                self.stop_without_store(error, observer);
                return Ok(true);
            }
            Err(error) => {
                observer.note(&format!("the checkpoint of trial \"{trial}\": {error}"));
                self.discard(trial)?;
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

    /// The store cannot be reached: trials are paused as if someone had asked for it, what they
    /// wrote is kept, and then the run ends with the error.
    pub(super) fn stop_without_store(&mut self, error: StoreError, observer: &mut dyn Observer) {
        observer.note(
            "the store cannot be reached: the run stops, and checkpoints are kept in its directory \
             until it is resumed",
        );
        self.stop = self.stop.max(Stop::Cleanly);
        self.store_error.get_or_insert(error);
    }

    /// Drops what the program of a trial wrote and nobody committed.
    pub(super) fn discard(&mut self, trial: &str) -> Result<(), RunError> {
        let aside = self.store.discard(trial)?;
        self.callback.store_mut().purge(aside);
        Ok(())
    }

    /// Drops all files of a trial that has ended.
    pub(super) fn forget(&mut self, trial: &str) -> Result<(), RunError> {
        self.discard(trial)?;
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
        self.callback.lose(trial)?;
        // An older one is not what the trial waits with.
        self.callback.store_mut().drop_all(trial);
        Ok(())
    }
}

/// Whether a program wrote nothing. What cannot be read is for the store to say.
fn is_empty(staging: &Path) -> bool {
    std::fs::read_dir(staging).is_ok_and(|mut entries| entries.next().is_none())
}
