//! What programs leave becomes checkpoints, as far as it can be trusted.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rungkeeper_tuner_hooks::log::Event;
use rustix::process::Signal;

use super::Trials;
use crate::desk::{Job, Keep, Kept};
use crate::process::ProcessId;
use crate::protocol::Protocol;
use crate::slots::{After, Phase};
use crate::{RunError, Stop};

impl Trials<'_> {
    /// Has what a program left made a checkpoint, as far as it can be trusted.
    pub(super) fn keep(&mut self, process: ProcessId, after: After, status: ExitStatus) {
        let (one_way, now) = (!self.program_waits(), self.stopping.asked == Stop::Now);
        let most_bytes = self.books.budget().max_bytes;
        let ended_well = self.ended_well(status);
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        let resource = Some(slot.said.resource).filter(|&resource| resource > 0);
        let says_when = slot.said.saved.is_some();
        let otherwise = match after {
            // What has its name is complete at any moment.
            _ if one_way => slot.said.saved_at.or(resource),
            // It had saved, and was told to end by others than the runner as well: it ended in a way of its own.
            After::Pause | After::Stop if says_when && ends_by_convention(status) => resource,
            // One that never says when it has saved saves at its end.
            _ => resource.filter(|_| ended_well),
        };
        let saved = slot.said.saved.clone();
        slot.phase = Phase::Keeping(after, status);
        let trial = slot.trial.clone();
        if now && after == After::Interruption {
            // Nobody has time for it: the trial goes on from its last checkpoint.
            self.interrupted.push(trial);
            self.free(process);
            return;
        }
        let keep = Keep {
            process,
            saved,
            otherwise,
            most_bytes,
        };
        self.desk.ask(&trial, Job::Keep(keep));
    }

    /// Whether a program that was told to end did so: by itself where it is answered, and by the
    /// signals it is sent where it is not.
    fn ended_well(&self, status: ExitStatus) -> bool {
        let sent = [Signal::TERM, Signal::KILL].map(Signal::as_raw);
        match self.experiment.protocol {
            Protocol::Answered => status.success(),
            Protocol::OneWay => status.signal().is_none_or(|signal| sent.contains(&signal)),
        }
    }

    /// What a program left is a checkpoint, or is not.
    pub(super) fn kept(&mut self, process: ProcessId, kept: Kept) -> Result<(), RunError> {
        let Some(slot) = self.slots.of(process) else {
            return Ok(());
        };
        let Phase::Keeping(after, status) = slot.phase else {
            return Ok(());
        };
        let (trial, resource) = (slot.trial.clone(), slot.said.resource);
        let mut is_there = false;
        match kept {
            Kept::Committed(committed) => {
                self.committed(&trial, committed)?;
                is_there = true;
            }
            Kept::Nothing => {}
            Kept::NotTrusted if after == After::Interruption => {}
            Kept::NotTrusted => {
                let output = self.directory().output(&trial);
                self.books.note(&format!(
                    "trial \"{trial}\" broke off when it was told to end ({status}), see {}",
                    output.display()
                ));
            }
            Kept::TooLarge(bytes) => {
                let size = self.books.budget().check_size(bytes);
                let reason = size.err().map_or(String::new(), |error| error.to_string());
                self.books.note(&format!(
                    "the checkpoint of trial \"{trial}\" at {resource} is not kept: {reason}"
                ));
            }
            Kept::Failed(error) if error.is_unavailable() => {
                // It is good, and is committed when the run is resumed.
                self.stop_without_store(error);
                is_there = true;
            }
            Kept::Failed(error) => self
                .books
                .note(&format!("the checkpoint of trial \"{trial}\": {error}")),
        }
        match after {
            After::Pause if !is_there => self.paused_without(&trial)?,
            After::Pause => {}
            After::Stop | After::Completion => {
                self.free(process);
                return self.let_former_best_go();
            }
            After::Interruption => self.interrupted.push(trial),
        }
        self.free(process);
        Ok(())
    }

    /// A paused trial has no checkpoint of its pause. One from before is kept: it spares a part of the training.
    fn paused_without(&mut self, trial: &str) -> Result<(), RunError> {
        let Some(older) = self.books.model().checkpoint(trial) else {
            self.books.lose(trial)?;
            self.books.note(&format!(
                "trial \"{trial}\" left no checkpoint at its pause"
            ));
            return Ok(());
        };
        let event = Event::Checkpoint {
            trial: trial.to_owned(),
            level: older.level,
            bytes: older.bytes,
            elapsed: self.books.elapsed(),
        };
        self.books.record(&event)?;
        self.books.note(&format!(
            "trial \"{trial}\" left no checkpoint at its pause: it keeps the one at level {}",
            older.level
        ));
        Ok(())
    }
}

/// Whether a program caught a signal that asks for an end and then ended by itself: shells and many handlers end with
/// 128 and the number of the signal.
fn ends_by_convention(status: ExitStatus) -> bool {
    let asked = [Signal::HUP, Signal::INT, Signal::TERM].map(|signal| 128 + signal.as_raw());
    status.code().is_some_and(|code| asked.contains(&code))
}
