//! What becomes of a trial as its program starts, reports and ends.
//!
//! Each thing that happens to a trial has one function here: it writes what happened, tells the program, and has the
//! store's work done. None of them waits.

mod ending;
mod keeping;
mod pins;
mod reporting;
mod searching;
mod starting;
mod stopping;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rungkeeper_checkpoints::{LeftOut, StoreError, Stored};
use rungkeeper_rung_model::TrialStatus;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::json;

use crate::RunError;
use crate::books::Books;
use crate::desk::{Desk, Done, Job};
use crate::directory::RunDirectory;
use crate::experiment::Experiment;
use crate::process::{Heard, Said};
use crate::protocol::{Protocol, variables};
use crate::search::Search;
use crate::slots::{Phase, Slots};

pub(crate) use stopping::{Halt, Stopping};

/// The trials of a run.
pub(crate) struct Trials<'o> {
    pub(crate) experiment: Arc<Experiment>,
    pub(crate) books: Books<'o>,
    pub(crate) desk: Desk,
    pub(crate) slots: Slots,
    /// Trials that ran when the run was interrupted: they go on before anything else.
    pub(crate) interrupted: Vec<String>,
    pub(crate) stopping: Stopping,
    /// The program that proposes configurations, if there is one.
    search: Option<Search>,
    surroundings: Surroundings,
    /// Paused trials that are promoted as soon as their old process has ended.
    held: Vec<String>,
    /// Programs that ended without any report, one after the other.
    without_report: u64,
    /// What the run has told and tells only once.
    said: HashSet<Once>,
    /// Trials of whom it was told what is not kept of their checkpoints.
    told_left_out: HashSet<String>,
    /// When the output of programs was last looked at.
    output_bounded: Instant,
}

/// What a run tells only once: what one program does the others do as well.
#[derive(Debug, Eq, Hash, PartialEq)]
enum Once {
    /// The search space is used up.
    UsedUp,
    /// A program does not end when it is told to.
    Unheeded,
    /// Why a program may end before the max resource.
    EarlyEnd,
    /// The search program proposes no more.
    NoMore,
}

/// Where programs run.
struct Surroundings {
    directory: RunDirectory,
    /// The working directory of programs.
    working_directory: PathBuf,
    /// The mark that every process of the run carries.
    mark: String,
}

impl<'o> Trials<'o> {
    pub(crate) fn new(
        experiment: Arc<Experiment>,
        books: Books<'o>,
        desk: Desk,
        directory: RunDirectory,
        working_directory: PathBuf,
        mark: String,
    ) -> Self {
        let workers = usize::try_from(experiment.workers).unwrap_or(usize::MAX);
        Self {
            experiment,
            books,
            desk,
            slots: Slots::new(workers),
            interrupted: Vec::new(),
            stopping: Stopping::default(),
            search: None,
            surroundings: Surroundings {
                directory,
                working_directory,
                mark,
            },
            held: Vec::new(),
            without_report: 0,
            said: HashSet::new(),
            told_left_out: HashSet::new(),
            output_bounded: Instant::now(),
        }
    }

    pub(crate) fn directory(&self) -> &RunDirectory {
        &self.surroundings.directory
    }

    /// A program said something.
    pub(crate) fn heard(&mut self, said: Said) -> Result<(), RunError> {
        let Said { process, heard } = said;
        let Some(slot) = self.slots.of(process) else {
            return Ok(()); // an old process
        };
        let Some(heard) = slot.keep_early(heard) else {
            return Ok(());
        };
        match heard {
            Heard::Nothing => {
                slot.says_no_more(); // its end is noticed by its status
                Ok(())
            }
            Heard::End => self.look_after_slots(),
            Heard::Report(printed, fingerprint) => self.reported(process, printed, fingerprint),
            Heard::Refused(reason, missing) => {
                self.refused(process, &reason, missing);
                Ok(())
            }
        }
    }

    /// Work on the store is done.
    pub(crate) fn done(&mut self, done: Done) -> Result<(), RunError> {
        match done {
            Done::Started(process, started) => self.started(process, started),
            Done::NotStarted(process) => {
                self.not_started(process);
                Ok(())
            }
            Done::Prepared(process, prepared) => self.prepared(process, prepared),
            Done::Kept(process, kept) => self.kept(process, kept),
            Done::Left(process, left) => {
                self.looked(process, left);
                Ok(())
            }
            Done::Broke(trial) => Err(RunError::Broke { trial }),
            Done::NotDiscarded(trial, error) => {
                self.books.note(&format!(
                    "what the program of trial \"{trial}\" left could not be deleted ({error})"
                ));
                Ok(())
            }
        }
    }

    /// The end of a turn: what exceeds the budget is removed, in the log before the files go.
    pub(crate) fn keep_budget(&mut self) -> Result<(), RunError> {
        self.reserve_held()?;
        for removal in self.books.keep_budget()? {
            let bytes = removal.bytes;
            self.desk.ask(&removal.trial, Job::Remove { bytes });
        }
        Ok(())
    }

    /// Whether something is waited for of which no message comes.
    pub(crate) fn wait_for_something(&self) -> bool {
        self.stopping.is_under_way() || self.desk.num_deleting() > 0
    }

    /// Shows whoever watches how the run stands.
    pub(crate) fn show(&mut self) {
        self.books.show(self.desk.num_deleting());
    }

    /// Writes down what became of deletions.
    pub(crate) fn note_deletions(&mut self) -> Result<(), RunError> {
        use rungkeeper_checkpoints::{DeletionEvent, Request};
        for event in self.desk.deletions() {
            let elapsed = self.books.elapsed();
            match event {
                DeletionEvent::Deleted { trial, request, .. }
                    if request == Request::Delete || self.books.is_undeleted(&trial) =>
                {
                    self.books.record(&Event::Removed { trial, elapsed })?;
                }
                DeletionEvent::Failed {
                    trial,
                    bytes,
                    error,
                    ..
                } => {
                    self.books.note(&format!(
                        "the checkpoint of trial \"{trial}\" could not be deleted ({error}): it still takes room, and \
                         is tried again"
                    ));
                    let event = Event::Undeleted {
                        trial,
                        bytes,
                        elapsed,
                    };
                    self.books.record(&event)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A checkpoint in the store is that of its trial: from now on the log says so.
    pub(crate) fn adopt(&mut self, stored: &Stored) -> Result<(), RunError> {
        let event = Event::Checkpoint {
            trial: stored.trial.clone(),
            level: stored.level,
            bytes: stored.bytes,
            elapsed: self.books.elapsed(),
        };
        let fields = [
            ("hash", json!(stored.hash)),
            ("sequence", json!(stored.sequence)),
        ];
        self.books.record_with(&event, &fields)
    }

    /// A checkpoint is complete.
    pub(crate) fn committed(
        &mut self,
        trial: &str,
        committed: rungkeeper_checkpoints::Committed,
    ) -> Result<(), RunError> {
        // A former best may have been removed while its last checkpoint was on its way; its removal has been asked for
        // then, and follows the commit.
        let model = self.books.model();
        let ended = model.status(trial) == Some(TrialStatus::StoppedOrCompleted);
        if ended && !model.is_pinned(trial) {
            self.desk.purge(committed.superseded);
            return Ok(());
        }
        self.adopt(&committed.stored)?;
        self.desk.purge(committed.superseded);
        self.note_left_out(trial, &committed.left_out);
        if let Some(warning) = committed.warning {
            self.books.note(&warning.to_string());
        }
        Ok(())
    }

    fn note_left_out(&mut self, trial: &str, left_out: &[LeftOut]) {
        // Once a trial: what its program leaves there it leaves at each pause.
        if left_out.is_empty() || !self.told_left_out.insert(trial.to_owned()) {
            return;
        }
        let named = left_out
            .iter()
            .map(|out| format!("{} ({})", out.path.display(), out.reason));
        let named: Vec<String> = named.take(3).collect();
        let more = left_out.len() - named.len();
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        self.books.note(&format!(
            "the checkpoint of trial \"{trial}\" is kept without {}{more}",
            named.join(", ")
        ));
    }

    /// The store cannot be used: programs are paused as if somebody had asked for it, what they wrote is kept, and then
    /// the run ends with the error.
    fn stop_without_store(&mut self, error: StoreError) {
        if matches!(self.stopping.halt, None | Some(Halt::Limit)) {
            self.books.note(
                "the store cannot be used: the run stops, and what programs wrote is kept until it is resumed",
            );
        }
        self.stopping.halt(Halt::Failed(error.into()));
    }

    /// What a trial has is needed no longer: it has ended.
    fn forget(&mut self, trial: &str) {
        let bytes = self.books.size(trial);
        self.desk.ask(trial, Job::Discard);
        self.desk.ask(trial, Job::Remove { bytes });
    }

    /// Once the last checkpoint of the best trial is complete, those before go.
    pub(crate) fn let_former_best_go(&mut self) -> Result<(), RunError> {
        if self
            .books
            .best()
            .is_some_and(|(best, _)| self.slots.hold(best))
        {
            return Ok(());
        }
        for (trial, bytes) in self.books.unpin_former_best()? {
            self.desk.ask(&trial, Job::Remove { bytes });
        }
        Ok(())
    }

    fn program_waits(&self) -> bool {
        self.experiment.protocol == Protocol::Answered
    }

    /// The variables of a program.
    fn environment(&self, trial: &str, slot: usize, number: u64) -> BTreeMap<String, String> {
        use crate::process::NUMBER;
        let of_the_slot = self.experiment.slots.get(slot).into_iter().flatten();
        let told = variables(self.experiment.protocol, &self.experiment.names, trial);
        let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut environment = self.environment_of_the_run();
        environment.insert(NUMBER.to_owned(), number.to_string());
        environment.extend(told);
        // What the experiment says comes later and counts.
        let named = self.experiment.environment.iter().chain(of_the_slot);
        environment.extend(named.map(|(name, value)| (name.clone(), value.clone())));
        environment
    }

    /// The variables of whatever the run starts.
    fn environment_of_the_run(&self) -> BTreeMap<String, String> {
        use crate::process::{MARK, unbuffered};
        let mark = (MARK.to_owned(), self.surroundings.mark.clone());
        [unbuffered(), mark].into()
    }

    /// Whether a program that ended by itself may be one that somebody stops together with the run.
    pub(crate) fn somebody_is_gone(&mut self) -> bool {
        let search = self.search.as_mut();
        search.is_some_and(Search::is_gone_lately)
            || self
                .slots
                .iter()
                .any(|slot| matches!(slot.phase, Phase::Gone(..)))
    }
}
