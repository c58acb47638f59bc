//! Programs end: by pause, at the max resource, by themselves, in a crash, or because the run stops.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::log::Event;
use rustix::io::Errno;
use serde_json::json;

use super::{Halt, Once, Trials};
use crate::desk::{Folder, Job, Left, Room};
use crate::error::file_error;
use crate::process::ProcessId;
use crate::protocol::Line;
use crate::slots::{After, Beginning, Phase};
use crate::{RunError, Stop};

/// Whoever stops a run (a batch system, a closed terminal, a shutdown) tells the runner and its programs at the same
/// moment, in either order. For so long a program that ended by itself may be one of those.
const MOMENT: Duration = Duration::from_secs(1);

/// Lines of a crashed program's output that are shown.
const LAST_LINES: usize = 5;

/// Most characters of a crashed program's last line in a note.
const LAST_WORDS: usize = 160;

impl Trials<'_> {
    /// Notices processes that ended, and ends those that were told to and did not.
    pub(crate) fn look_after_slots(&mut self) -> Result<(), RunError> {
        let all: Vec<ProcessId> = self.slots.iter().map(|slot| slot.process).collect();
        for process in all {
            self.insist(process);
            let Some(slot) = self.slots.of(process) else {
                continue;
            };
            if let Phase::Gone(status, since, left) = slot.phase {
                match left {
                    _ if self.stopping.is_under_way() => {
                        self.keep(process, After::Interruption, status);
                    }
                    Some(left) if since.elapsed() >= MOMENT => {
                        self.ended_by_itself(process, status, left)?;
                    }
                    _ => {}
                }
                continue;
            }
            if slot.program.is_none() {
                continue;
            }
            let log = self.surroundings.directory.log();
            let Some(slot) = self.slots.of(process) else {
                continue;
            };
            if let Some(status) = slot.end().map_err(|e| file_error(&log, e))? {
                self.ended(process, status);
            }
        }
        if let Some(search) = &mut self.search {
            search.insist();
        }
        self.note_silence();
        self.bound_output();
        Ok(())
    }

    /// What programs print as errors they write by themselves: every second it is looked at.
    fn bound_output(&mut self) {
        if self.output_bounded.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.output_bounded = Instant::now();
        if let Some(search) = &self.search {
            search.bound_its_output();
        }
        for slot in self.slots.iter() {
            if let Some(program) = &slot.program {
                program.bound_its_output();
            }
        }
    }

    /// A program that is to end is asked, then killed.
    fn insist(&mut self, process: ProcessId) {
        let (stop, grace) = (self.stopping.how(), self.experiment.grace);
        let waits = self.program_waits();
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        match slot.phase {
            Phase::Training => match stop {
                Stop::No => {}
                // A program that answers is told at its next report, if that comes; others are asked now.
                Stop::Cleanly if waits => {
                    slot.wait_for_a_report(grace);
                    if slot.insist(grace) {
                        slot.phase = Phase::Interrupted;
                    }
                }
                _ => self.interrupt(process, true),
            },
            // Nobody waits for that any more; what was saved is still there.
            Phase::Preparing(_) if self.stopping.asked == Stop::Now => {
                self.interrupt(process, true);
            }
            Phase::Ending(_) | Phase::Interrupted => {
                if stop == Stop::Now && slot.ask_now(grace) {
                    return;
                }
                let told = matches!(slot.phase, Phase::Ending(_));
                let trial = slot.trial.clone();
                if slot.insist(grace) && waits && told {
                    self.books.note(&format!(
                        "trial \"{trial}\" goes on although it was told to pause: its program is ended"
                    ));
                }
            }
            _ => {}
        }
    }

    /// The program of a trial has ended, and all that it said was heard.
    pub(super) fn ended(&mut self, process: ProcessId, status: ExitStatus) {
        let stopping = self.stopping.is_under_way();
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        match slot.phase {
            Phase::Ending(Decision::Stop) => {
                let trial = slot.trial.clone();
                if self.books.model().is_pinned(&trial) {
                    self.keep(process, After::Stop, status);
                } else {
                    self.forget(&trial);
                    self.free(process);
                }
            }
            Phase::Ending(_) => self.keep(process, After::Pause, status),
            Phase::Interrupted => self.keep(process, After::Interruption, status),
            Phase::Training if stopping => self.keep(process, After::Interruption, status),
            Phase::Training => self.look(process, status),
            // The status of one whose checkpoint is being prepared is asked for again after that.
            _ => {}
        }
    }

    /// A program ended though nobody told it to: what it left is looked at while the moment passes.
    fn look(&mut self, process: ProcessId, status: ExitStatus) {
        let largest = self.books.largest();
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        slot.phase = Phase::Gone(status, Instant::now(), None);
        let look = Job::Look {
            process,
            saved: slot.said.saved.clone(),
            largest,
            // While a checkpoint is replaced there are two of a trial.
            scarce: largest.saturating_mul(2 * (self.experiment.workers + 1)),
        };
        let trial = slot.trial.clone();
        self.desk.ask(&trial, look);
    }

    pub(super) fn looked(&mut self, process: ProcessId, found: Left) {
        let slot = self.slots.of(process);
        if let Some(Phase::Gone(_, _, left)) = slot.map(|slot| &mut slot.phase) {
            *left = Some(found);
        }
    }

    fn ended_by_itself(
        &mut self,
        process: ProcessId,
        status: ExitStatus,
        left: Left,
    ) -> Result<(), RunError> {
        if status.success() {
            self.completed(process, status)
        } else {
            self.crashed(process, status, left)
        }
    }

    /// A program ended without an error before the max resource.
    fn completed(&mut self, process: ProcessId, status: ExitStatus) -> Result<(), RunError> {
        let Some(slot) = self.slots.of(process) else {
            return Ok(());
        };
        let trial = slot.trial.clone();
        let now = slot.said.has_reported().then_some(slot.said.resource);
        let last = slot.last_line();
        let before = self.books.last_report(&trial);
        let before = before.filter(|_| last.is_none());
        match (now, before) {
            (Some(resource), _) => self.note_early_end(&format!(
                "trial \"{trial}\" ended by itself at {resource}"
            )),
            // It worked then, so that nothing is wrong with how it reports.
            (None, Some((resource, _))) => self.note_early_end(&format!(
                "trial \"{trial}\" had nothing left to do: it ended without another report, having reported {resource}"
            )),
            (None, None) => {
                let why = self.why_nothing(&trial, last);
                self.books
                    .note(&format!("trial \"{trial}\" ended without a report: {why}"));
                self.count_without_report(&trial, status);
            }
        }
        self.books.complete(&trial, self.experiment.pin_best)?;
        if self.books.model().is_pinned(&trial) {
            self.keep(process, After::Completion, status);
        } else {
            self.forget(&trial);
            self.free(process);
        }
        Ok(())
    }

    /// Notes an end before the max resource, and once a run what the reason may be.
    fn note_early_end(&mut self, what: &str) {
        let max = self.experiment.scheduler.max_resource;
        let question = if self.said.insert(Once::EarlyEnd) {
            format!("; does the program stop there by itself? if so, tell it to train up to {max}")
        } else {
            String::new()
        };
        self.books.note(&format!(
            "{what}, before the max resource of {max}{question}"
        ));
    }

    /// A program crashed: it is started again as often as the experiment allows, then its trial has failed.
    fn crashed(
        &mut self,
        process: ProcessId,
        status: ExitStatus,
        left: Left,
    ) -> Result<(), RunError> {
        let Some(slot) = self.slots.of(process) else {
            return Ok(());
        };
        let (trial, has_reported) = (slot.trial.clone(), slot.said.has_reported());
        let disk_is_full = match left.room {
            Room::Enough => false,
            Room::Scarce => self.says_that_a_disk_is_full(&trial),
            Room::None => true,
        };
        if disk_is_full {
            let place = self.store_place();
            self.books.note(&format!(
                "the program of trial \"{trial}\" ended ({status}) while the disk is full or cannot be written: it goes on \
                 when the run does"
            ));
            self.stopping
                .halt(Halt::Failed(RunError::DiskFull { place }));
            self.keep(process, After::Interruption, status);
            return Ok(());
        }
        let again = self.books.num_crashes(&trial) < self.experiment.retries;
        let output = self.directory().output(&trial);
        self.books.note(&format!(
            "trial \"{trial}\" crashed ({status}), see {}{}{}",
            output.display(),
            if again { ": it is started again" } else { "" },
            self.last_words(&trial)
        ));
        if !has_reported {
            self.count_without_report(&trial, status);
        }
        if again && !self.stopping.is_under_way() {
            // Where the program left a complete checkpoint it goes on from there, and otherwise from the last that was
            // committed. In the one-way protocol what has its name is complete at any moment.
            let complete = left.is_as_saved || (!self.program_waits() && !left.is_empty);
            let folder = if complete {
                Folder::AsItIs
            } else {
                self.folder_of(&trial)
            };
            let slot = self.slots.of(process);
            let said = slot.map(|slot| (slot.said.clone(), status));
            let said = said.filter(|_| complete);
            self.free(process);
            let beginning = Beginning::Restart { crashed: true };
            self.begin(process.slot, &trial, beginning, folder)?;
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.trial == trial) {
                slot.said_before = said;
            }
            return Ok(());
        }
        if self.stopping.is_under_way() {
            self.keep(process, After::Interruption, status);
            return Ok(());
        }
        self.fail(process, &trial, status)
    }

    /// Whether a program ended with the words of the system for it. It may have given back the room that it had taken.
    fn says_that_a_disk_is_full(&self, trial: &str) -> bool {
        let errors = [Errno::NOSPC, Errno::DQUOT].map(|errno| {
            let error = io::Error::from(errno).to_string();
            // "No space left on device (os error 28)"; other languages leave the number out, or put it elsewhere.
            error.split(" (os").next().unwrap_or_default().to_owned()
        });
        let lines = self.last_lines(trial);
        lines
            .iter()
            .any(|line| errors.iter().any(|error| line.contains(error)))
    }

    /// What its program printed last, errors included.
    pub(super) fn last_lines(&self, trial: &str) -> Vec<String> {
        let path = self.directory().output(trial);
        crate::process::Output::new(path, self.experiment.output).last_lines(LAST_LINES)
    }

    /// The last line of a crashed program's output that is no report, as the end of a note: the error, most likely.
    fn last_words(&self, trial: &str) -> String {
        let (protocol, names) = (self.experiment.protocol, &self.experiment.names);
        let lines = self.last_lines(trial);
        let mut latest_first = lines.iter().rev();
        let last = latest_first.find(|line| Line::read(line, protocol, names) == Line::Other);
        last.map_or(String::new(), |line| {
            format!("\n  {}", crate::plain::escaped(line.trim(), LAST_WORDS))
        })
    }

    fn fail(
        &mut self,
        process: ProcessId,
        trial: &str,
        status: ExitStatus,
    ) -> Result<(), RunError> {
        let event = Event::Failed {
            trial: trial.to_owned(),
            elapsed: self.books.elapsed(),
        };
        let reason = [("reason", json!(status.to_string()))];
        self.books.record_with(&event, &reason)?;
        self.forget(trial);
        self.free(process);
        let most = self.experiment.max_failed_trials;
        if let Some(most) = most.filter(|&most| self.books.num_failed() > most) {
            let failed = self.books.num_failed();
            self.stopping.halt(Halt::GaveUp(format!(
                "{failed} trials failed, and failures.max_failed_trials is {most}"
            )));
        }
        Ok(())
    }

    /// Programs that end one after the other without any report would be started for ever.
    fn count_without_report(&mut self, trial: &str, status: ExitStatus) {
        self.without_report += 1;
        if self.without_report < self.experiment.max_without_report {
            return;
        }
        let lines = self.last_lines(trial);
        let lines = lines
            .iter()
            .map(|line| format!("\n  {}", crate::plain::escaped(line, 160)));
        let lines: String = lines.collect();
        let programs = match self.without_report {
            1 => "a program ended".to_owned(),
            number => format!("{number} programs ended one after the other"),
        };
        self.stopping.halt(Halt::GaveUp(format!(
            "{programs} without a report ({status}){}{lines}",
            if lines.is_empty() {
                ""
            } else {
                "; what it printed last:"
            }
        )));
    }

    /// Where checkpoints are on this machine.
    fn store_place(&self) -> PathBuf {
        self.directory().path().join(self.experiment.store.local())
    }

    /// The worker of a trial is free.
    pub(super) fn free(&mut self, process: ProcessId) {
        if let Some(slot) = self.slots.take(process) {
            self.note_refusals_left_out(&slot);
            self.note_unheeded(&slot);
        }
    }
}
