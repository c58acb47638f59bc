//! Programs report.

use rungkeeper_checkpoints::{Fingerprint, Prepared, StoreError};
use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::TrialResult;
use rungkeeper_tuner_hooks::log::Event;

use super::{Halt, Once, Trials};
use crate::RunError;
use crate::books::{Concluded, Fields};
use crate::desk::{Job, Saved};
use crate::process::{LONGEST_LINE, ProcessId, Unheard};
use crate::protocol::{Printed, quoted, why_no_report, why_too_long};
use crate::slots::{Phase, Slot};

impl Trials<'_> {
    /// A program reported. With a fingerprint it has saved.
    pub(super) fn reported(
        &mut self,
        process: ProcessId,
        printed: Printed,
        fingerprint: Option<Fingerprint>,
    ) -> Result<(), RunError> {
        let has_reports = self.books.has_reports();
        let Some(slot) = self.slots.of(process) else {
            return Ok(());
        };
        if !matches!(slot.phase, Phase::Training) {
            // Told to end: what it still trains does not count.
            if matches!(slot.phase, Phase::Ending(_) | Phase::Interrupted) {
                slot.said.told_to_end();
            }
            slot.answer(self.experiment.protocol.answer(Decision::Pause));
            return Ok(());
        }
        if let (Some(missing), false) = (&printed.missing, has_reports) {
            let reason = missing.clone();
            self.names_are_wrong(&reason);
            return Ok(());
        }
        let trial = slot.trial.clone();
        let decision = match self.books.decide(&trial, printed.resource, printed.metric) {
            Ok(decision) => decision,
            Err(reason) => {
                self.refused(process, &reason, false);
                return Ok(());
            }
        };
        self.without_report = 0;
        let result = TrialResult {
            level: printed.resource,
            metric: printed.metric,
            decision,
        };
        let saved = fingerprint.map(|fingerprint| Saved {
            level: printed.resource,
            fingerprint,
        });
        let is_saved = saved.is_some();
        if let Some(slot) = self.slots.of(process) {
            slot.said
                .reported(printed.resource, printed.checkpoint, saved);
        }
        if is_saved && self.is_worth_a_checkpoint(&result) {
            return self.prepare(process, &trial, result, printed.values);
        }
        let concluded = Concluded {
            result,
            checkpoint: printed.checkpoint,
            values: printed.values,
        };
        self.books
            .conclude(&trial, concluded, self.experiment.pin_best)?;
        self.decided(process, decision);
        Ok(())
    }

    /// Whether the files of this moment are needed: the trial pauses, or ends as the best.
    fn is_worth_a_checkpoint(&self, result: &TrialResult) -> bool {
        match result.decision {
            Decision::Continue => false,
            Decision::Pause => true,
            Decision::Stop => self.experiment.pin_best && self.books.is_best(result.metric),
        }
    }

    /// The program waits for its answer, so its files are at rest: they are hashed and on the disk before the pause is
    /// in the log.
    fn prepare(
        &mut self,
        process: ProcessId,
        trial: &str,
        result: TrialResult,
        values: Fields,
    ) -> Result<(), RunError> {
        let reported = Event::Reported {
            trial: trial.to_owned(),
            level: result.level,
            metric: result.metric,
            elapsed: self.books.elapsed(),
        };
        self.books
            .record_line(&reported, &Concluded::fields(true, values.clone()))?;
        let level = result.level;
        let concluded = Concluded {
            result,
            checkpoint: true,
            values,
        };
        if let Some(slot) = self.slots.of(process) {
            slot.phase = Phase::Preparing(concluded);
        }
        self.desk.ask(trial, Job::Prepare { process, level });
        Ok(())
    }

    /// What a program saved is on the disk, or could not be brought there.
    pub(super) fn prepared(
        &mut self,
        process: ProcessId,
        prepared: Result<Prepared, StoreError>,
    ) -> Result<(), RunError> {
        let Some(slot) = self.slots.of(process) else {
            return Ok(());
        };
        let Phase::Preparing(concluded) = &slot.phase else {
            return Ok(());
        };
        let concluded = concluded.clone();
        let decision = concluded.result.decision;
        let trial = slot.trial.clone();
        match prepared {
            Ok(_) => {}
            // The report comes again once the run goes on: it is not in the log, and what was saved stays.
            Err(error) if error.is_unavailable() => {
                self.stop_without_store(error);
                self.interrupt(process, false);
                self.end_if_ended(process);
                return Ok(());
            }
            // Whoever stops the run told the program too, and it writes once more.
            Err(_) if self.stopping.is_under_way() => {
                self.interrupt(process, false);
                self.end_if_ended(process);
                return Ok(());
            }
            Err(error) => self
                .books
                .note(&format!("the checkpoint of trial \"{trial}\": {error}")),
        }
        self.books
            .conclude(&trial, concluded, self.experiment.pin_best)?;
        self.decided(process, decision);
        self.end_if_ended(process);
        Ok(())
    }

    /// A program may not have waited for its answer.
    fn end_if_ended(&mut self, process: ProcessId) {
        let ended = self.slots.of(process).and_then(|slot| slot.ended_with());
        if let Some(status) = ended {
            self.ended(process, status);
        }
    }

    /// Tells the program, and sets its phase.
    fn decided(&mut self, process: ProcessId, decision: Decision) {
        if decision == Decision::Stop {
            let trial = self.slots.of(process).map(|slot| slot.trial.clone());
            let trial = trial.unwrap_or_default();
            if !self.books.model().is_pinned(&trial) {
                // The budget no longer counts the trial, though its process may take a while to end: what it was
                // resumed from must not stay that long.
                let bytes = self.books.size(&trial);
                self.desk.ask(&trial, Job::Remove { bytes });
            }
        }
        let stopping = self.stopping.is_under_way();
        let (waits, grace) = (self.program_waits(), self.experiment.grace);
        let protocol = self.experiment.protocol;
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        match decision {
            Decision::Continue if stopping => {
                slot.said.told_to_end();
                slot.answer(protocol.answer(Decision::Pause));
                slot.expect_the_end(Phase::Interrupted, !waits, grace);
            }
            Decision::Continue => slot.answer(protocol.answer(decision)),
            Decision::Pause | Decision::Stop => {
                slot.said.told_to_end();
                slot.answer(protocol.answer(decision));
                slot.expect_the_end(Phase::Ending(decision), !waits, grace);
            }
        }
    }

    /// Tells a program to end because the run stops.
    pub(super) fn interrupt(&mut self, process: ProcessId, ask: bool) {
        let (protocol, grace) = (self.experiment.protocol, self.experiment.grace);
        let ask = ask || !self.program_waits();
        if let Some(slot) = self.slots.of(process) {
            slot.answer(protocol.answer(Decision::Pause));
            slot.expect_the_end(Phase::Interrupted, ask, grace);
        }
    }

    /// A line was meant as a report and cannot be one. The program goes on, and of many such lines a few are told.
    pub(super) fn refused(&mut self, process: ProcessId, reason: &str, missing: bool) {
        let has_reports = self.books.has_reports();
        let protocol = self.experiment.protocol;
        let Some(slot) = self.slots.of(process) else {
            return;
        };
        if !matches!(slot.phase, Phase::Training) {
            return;
        }
        if missing && !has_reports {
            self.names_are_wrong(reason);
            return;
        }
        slot.answer(protocol.answer(Decision::Continue));
        let (told, trial) = (slot.said.refused(), slot.trial.clone());
        if told {
            self.books.note(&format!("trial \"{trial}\": {reason}"));
        }
    }

    /// The first report of all lacks a key: the experiment names it wrongly, and no trial would get anywhere.
    fn names_are_wrong(&mut self, reason: &str) {
        let reason = format!("the first report cannot be used: {reason}");
        self.stopping.halt(Halt::GaveUp(reason));
        let all: Vec<ProcessId> = self.slots.iter().map(|slot| slot.process).collect();
        for process in all {
            self.interrupt(process, true);
        }
    }

    /// Tells of programs that reported nothing for long.
    pub(super) fn note_silence(&mut self) {
        let silence = self.experiment.silence;
        let (mut silent, mut notes) = (Vec::new(), Vec::new());
        for slot in self.slots.iter_mut() {
            if slot.cannot_be_heard(silence) {
                notes.push(format!(
                    "trial \"{}\": its program has closed its output and goes on: no report can come from it any more",
                    slot.trial
                ));
            }
            if slot.is_silent(silence) {
                silent.push((slot.trial.clone(), slot.last_line()));
            }
        }
        for (trial, last) in silent {
            notes.push(format!(
                "trial \"{trial}\" has not reported in {} s: {}",
                silence.as_secs_f64(),
                self.why_nothing(&trial, last)
            ));
        }
        for note in notes {
            self.books.note(&note);
        }
    }

    /// Why a program that printed this last has reported nothing.
    pub(super) fn why_nothing(&self, trial: &str, last: Option<Unheard>) -> String {
        match last {
            Some(Unheard {
                text,
                is_too_long: true,
            }) => why_too_long(&text, LONGEST_LINE),
            Some(line) => {
                why_no_report(&line.text, self.experiment.protocol, &self.experiment.names)
            }
            // What its former programs printed is in the same file.
            None if self.books.last_report(trial).is_some() => "it printed nothing".to_owned(),
            None => self.last_lines(trial).last().map_or("it printed nothing".to_owned(), |error| {
                format!(
                    "it printed nothing but on its standard error, `{}` for example; a report is read from the standard output",
                    quoted(error)
                )
            }),
        }
    }

    /// A program that has ended went on to report after it was told to end. What one program does the others do as well,
    /// so there is one such note in a run.
    pub(super) fn note_unheeded(&mut self, slot: &Slot) {
        let more = slot.said.unheeded();
        // Programs that are ended by a signal are told nothing.
        if more == 0 || !self.program_waits() || !self.said.insert(Once::Unheeded) {
            return;
        }
        let times = if more == 1 { "time" } else { "times" };
        self.books.note(&format!(
            "trial \"{}\" reported {more} more {times} after it was told to pause: end when the answer is `pause` (in Python: \
             when trial.report() is False, or loop over trial.epochs())",
            slot.trial
        ));
    }

    /// How many refused lines of a program that has ended were not told.
    pub(super) fn note_refusals_left_out(&mut self, slot: &Slot) {
        let left_out = slot.said.refusals_left_out();
        if left_out > 0 {
            self.books.note(&format!(
                "trial \"{}\": {left_out} more reports that cannot be used",
                slot.trial
            ));
        }
    }
}
