//! Programs are started.

use std::sync::Arc;

use rungkeeper_checkpoints::{Restored, StoreError};
use rungkeeper_rung_model::TrialStatus;
use rungkeeper_tuner::scheduler::Task;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Value, json};

use super::{Halt, Once, Trials};
use crate::RunError;
use crate::before::check_command;
use crate::desk::{Folder, Job, Start, Started};
use crate::experiment::uses_config;
use crate::process::{Output, Process, ProcessId, Said, start_time};
use crate::slots::{After, Beginning, Phase, Slot};

/// What a free worker is to do.
pub(super) enum Next {
    Begin(String, Beginning),
    /// Ask again when something happened.
    Later,
    /// Nothing ever.
    Nothing,
}

impl Trials<'_> {
    /// That the program can be started, before anything is.
    pub(crate) fn check_command(&self) -> Result<(), RunError> {
        let file = self.directory().experiment();
        let directory = &self.surroundings.working_directory;
        check_command(&self.experiment, &file, directory)
    }

    /// Trials that failed run again, from the beginning; how many there are.
    pub(crate) fn retry_failed(&mut self) -> Result<usize, RunError> {
        let model = self.books.model();
        let failed = model.trials().filter(|(trial, _)| model.has_failed(trial));
        let failed: Vec<String> = failed.map(|(trial, _)| trial.to_owned()).collect();
        for trial in &failed {
            let event = Event::Retry {
                trial: trial.clone(),
                elapsed: self.books.elapsed(),
            };
            self.books.record(&event)?;
        }
        let number = failed.len();
        // The last one is taken first.
        self.interrupted.splice(0..0, failed.into_iter().rev());
        Ok(number)
    }

    /// Gives free workers something to do. Returns whether nothing more is to be started.
    pub(crate) fn fill(&mut self) -> Result<bool, RunError> {
        self.tell_search();
        while let Some(place) = self.slots.free() {
            if self.stopping.is_under_way() {
                return Ok(true);
            }
            // Whoever stops a program may be about to stop the run.
            if self.somebody_is_gone() || !self.desk.has_room() {
                return Ok(false);
            }
            match self.next()? {
                Next::Begin(trial, beginning) => {
                    let folder = match beginning {
                        Beginning::Start { .. } => Folder::Empty,
                        Beginning::Promotion | Beginning::Restart { .. } => self.folder_of(&trial),
                    };
                    self.begin(place, &trial, beginning, folder)?;
                }
                Next::Nothing => return Ok(true),
                Next::Later => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The next task that can be begun. A trial may be promoted in the turn that paused it, while
    /// its process still ends and its checkpoint is not complete: it is held until then.
    fn next(&mut self) -> Result<Next, RunError> {
        if let Some(trial) = self.interrupted.pop() {
            return Ok(Next::Begin(trial, Beginning::Restart { crashed: false }));
        }
        let ready = self.held.iter().position(|trial| !self.slots.hold(trial));
        if let Some(place) = ready {
            let trial = self.held.remove(place);
            return Ok(Next::Begin(trial, Beginning::Promotion));
        }
        loop {
            return Ok(match self.books.next_task()? {
                Task::Resume { trial, .. } if self.slots.hold(&trial) => {
                    self.held.push(trial);
                    continue;
                }
                Task::Resume { trial, .. } => Next::Begin(trial, Beginning::Promotion),
                Task::Start {
                    trial,
                    bracket,
                    configuration,
                    ..
                } => Next::Begin(
                    trial,
                    Beginning::Start {
                        bracket,
                        configuration,
                    },
                ),
                Task::Propose { trial, bracket, .. } => self.propose(trial, bracket)?,
                Task::Exhausted => {
                    self.say_if_used_up();
                    Next::Nothing
                }
                _ => {
                    self.say_if_used_up();
                    Next::Later
                }
            });
        }
    }

    /// The checkpoint of a trial whose promotion is decided is needed in a moment: it must not be removed meanwhile.
    pub(super) fn reserve_held(&mut self) -> Result<(), RunError> {
        for trial in &self.held {
            let model = self.books.model();
            // One that was interrupted before its pause was written down runs, and goes on when the run does.
            let runs = model.status(trial) == Some(TrialStatus::Running);
            if !self.slots.hold(trial) && !runs && !model.is_about_to_run(trial) {
                let event = Event::Launch {
                    trial: trial.clone(),
                    elapsed: self.books.elapsed(),
                };
                self.books.record(&event)?;
            }
        }
        Ok(())
    }

    /// Promotions that an interruption cut short go on.
    pub(crate) fn go_on_with_promotions(&mut self) -> Result<(), RunError> {
        let model = self.books.model();
        let cut_short = model
            .trials()
            .filter(|(trial, _)| model.is_about_to_run(trial));
        let cut_short: Vec<String> = cut_short.map(|(trial, _)| trial.to_owned()).collect();
        for trial in cut_short {
            self.books.promote(&trial)?;
            self.held.push(trial);
        }
        Ok(())
    }

    /// What a trial starts from: its checkpoint, where the log holds one. One that was removed and could not be
    /// deleted yet is none.
    pub(super) fn folder_of(&self, trial: &str) -> Folder {
        match self.books.model().checkpoint(trial) {
            Some(_) => Folder::Restored,
            None => Folder::Empty,
        }
    }

    fn say_if_used_up(&mut self) {
        if self.books.space_is_used_up() && self.said.insert(Once::UsedUp) {
            self.books.note(
                "the search space is used up: every configuration has been tried, and no trial is started twice with \
                 the same one",
            );
        }
    }

    /// Has a trial's folder made and its program started; a line says so before.
    pub(super) fn begin(
        &mut self,
        place: usize,
        trial: &str,
        beginning: Beginning,
        folder: Folder,
    ) -> Result<(), RunError> {
        let number = self.books.next_process();
        let process = ProcessId {
            slot: place,
            number,
        };
        let event = Event::Launch {
            trial: trial.to_owned(),
            elapsed: self.books.elapsed(),
        };
        self.books
            .record_with(&event, &[("process", json!(number))])?;
        if let Beginning::Start {
            bracket,
            configuration,
        } = &beginning
        {
            // Workers start programs in any order, and whoever reads the log takes trials over in the order of their
            // numbers; so that a trial has begun is written here.
            let event = Event::Start {
                trial: trial.to_owned(),
                bracket: *bracket,
                elapsed: self.books.elapsed(),
            };
            let fields = [
                ("process", json!(number)),
                ("configuration", json!(configuration)),
            ];
            self.books.record_with(&event, &fields)?;
        }
        let output = Output::new(self.directory().output(trial), self.experiment.output);
        let configuration = match &beginning {
            Beginning::Start { configuration, .. } => configuration.clone(),
            _ => self.books.configuration(trial),
        };
        let uses_config = uses_config(&self.experiment.command, &self.experiment.space);
        let start = Start {
            process,
            folder,
            config: uses_config.then(|| self.directory().config(trial)),
            experiment: Arc::clone(&self.experiment),
            configuration,
            environment: self.environment(trial, place, number),
            directory: self.surroundings.working_directory.clone(),
            output: Arc::new(output),
        };
        self.slots.put(Slot::starting(trial, process, beginning));
        self.desk.ask(trial, Job::Start(Box::new(start)));
        Ok(())
    }

    /// The run stops: the trial goes on when it is resumed.
    pub(super) fn not_started(&mut self, process: ProcessId) {
        let left = self.slots.of(process).and_then(Slot::take_up_what_was_left);
        if let Some(status) = left {
            self.keep(process, After::Interruption, status);
        } else if let Some(slot) = self.slots.take(process)
            && !matches!(slot.phase, Phase::Starting(Beginning::Promotion))
        {
            self.interrupted.push(slot.trial);
        }
    }

    /// The program of a trial was started, or could not be.
    pub(super) fn started(
        &mut self,
        process: ProcessId,
        started: Result<Box<Started>, StoreError>,
    ) -> Result<(), RunError> {
        let Some(slot) = self.slots.take(process) else {
            return Ok(());
        };
        let Phase::Starting(beginning) = &slot.phase else {
            return Ok(());
        };
        let beginning = beginning.clone();
        let trial = slot.trial.clone();
        let Started {
            process: program,
            restored,
            folder_kept,
        } = match started {
            Ok(started) => *started,
            Err(error) if error.is_unavailable() => {
                self.stop_without_store(error);
                return Ok(());
            }
            Err(error) => {
                self.stopping.halt(Halt::Failed(error.into()));
                return Ok(());
            }
        };
        self.note_restored(&trial, &beginning, &restored)?;
        let program = match program {
            Ok(program) => program,
            Err(source) => {
                let command = self.experiment.command.first();
                let program = command.cloned().unwrap_or_default();
                self.stopping
                    .halt(Halt::Failed(RunError::Start { program, source }));
                return Ok(());
            }
        };
        let level = restored.checkpoint.map_or(0, |checkpoint| checkpoint.level);
        self.record_beginning(&trial, &beginning, &program, (process, folder_kept))?;
        let mut slot = slot;
        slot.train(program, level, folder_kept);
        let early = slot.take_early();
        self.slots.put(slot);
        for heard in early {
            self.heard(Said { process, heard })?;
        }
        Ok(())
    }

    /// A note names what was broken. A paused trial whose checkpoint turned out to be broken has none: that is counted.
    fn note_restored(
        &mut self,
        trial: &str,
        beginning: &Beginning,
        restored: &Restored,
    ) -> Result<(), RunError> {
        for broken in &restored.broken {
            self.books.note(&format!(
                "the checkpoint of trial \"{trial}\" at level {} is broken ({}): {}",
                broken.level,
                broken.reason,
                match &restored.checkpoint {
                    Some(older) => format!("the one at level {} is taken", older.level),
                    None => "it trains from scratch".to_owned(),
                }
            ));
        }
        let promoted = matches!(beginning, Beginning::Promotion);
        let known = self.books.model().checkpoint(trial);
        match &restored.checkpoint {
            None if promoted && self.books.has_checkpoint(trial) => self.books.lose(trial),
            // An older one is what the trial has now, and what it trains again is counted from there. Likewise one that
            // the log does not hold: without a commit in the log a resume counts as one from scratch.
            Some(found) if known.map_or(promoted, |known| known.level != found.level) => {
                self.adopt(found)
            }
            _ => Ok(()),
        }
    }

    fn record_beginning(
        &mut self,
        trial: &str,
        beginning: &Beginning,
        program: &Process,
        (process, folder_kept): (ProcessId, bool),
    ) -> Result<(), RunError> {
        let (trial, elapsed) = (trial.to_owned(), self.books.elapsed());
        // What a later recovery needs to end a process that was left behind.
        let id = program.id();
        let mut fields: Vec<(&str, Value)> = vec![
            ("process", json!(process.number)),
            ("pid", json!(id)),
            ("process_start", json!(start_time(id))),
            ("mark", json!(self.surroundings.mark)),
        ];
        if folder_kept {
            fields.push(("folder_kept", json!(true)));
        }
        let event = match beginning {
            // That it begins was said before.
            Beginning::Start { .. } => Event::Launch { trial, elapsed },
            Beginning::Promotion => Event::Resume { trial, elapsed },
            Beginning::Restart { crashed } => {
                if *crashed {
                    fields.push(("crashed", json!(true)));
                }
                Event::Restart { trial, elapsed }
            }
        };
        self.books.record_with(&event, &fields)
    }
}
