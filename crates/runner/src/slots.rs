//! A turn of the loop: free workers are filled, then the budget is kept.

use std::collections::BTreeMap;

use rungkeeper_checkpoints::{DeletionEvent, Request};
use rungkeeper_tuner_hooks::TunerCallback;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Value, json};

use super::process::{Launch, Process, start_time};
use super::{Observer, Phase, RunError, Runner, Slot, Stop};
use crate::experiment::fill;
use rungkeeper_tuner::scheduler::{Scheduler, Task};
use rungkeeper_tuner::search_space::Configuration;

/// What a free worker is to do.
enum Next {
    Start(String, usize, Configuration),
    Promote(String),
    /// Ask again when something happened.
    Later,
    /// Nothing ever.
    Nothing,
}

impl Runner {
    /// Gives free workers something to do. Returns whether nothing more is to be started.
    pub(super) fn fill(&mut self, observer: &mut dyn Observer) -> Result<bool, RunError> {
        for number in 0..self.slots.len() {
            if self.slots[number].is_some() {
                continue;
            }
            if self.stop != Stop::No || self.over() {
                return Ok(true);
            }
            if let Some(trial) = self.interrupted.pop() {
                self.go_on(number, &trial, &[], observer)?;
                continue;
            }
            match self.next_task()? {
                Next::Start(trial, bracket, configuration) => {
                    self.start(number, &trial, bracket, &configuration, observer)?;
                }
                Next::Promote(trial) => self.promote(number, &trial, observer)?,
                Next::Nothing => return Ok(true),
                Next::Later => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The next task that can be begun. A trial may be promoted in the turn that paused it, while
    /// its process still ends and its checkpoint is not complete: it is held until then.
    fn next_task(&mut self) -> Result<Next, RunError> {
        let ready = self.held.iter().position(|trial| !self.in_a_slot(trial));
        if let Some(place) = ready {
            return Ok(Next::Promote(self.held.remove(place)));
        }
        loop {
            return Ok(match self.scheduler.next_task()? {
                Task::Resume { trial, .. } if self.in_a_slot(&trial) => {
                    self.held.push(trial);
                    continue;
                }
                Task::Resume { trial, .. } => Next::Promote(trial),
                Task::Start {
                    trial,
                    bracket,
                    configuration,
                    ..
                } => Next::Start(trial, bracket, configuration),
                Task::Exhausted => Next::Nothing,
                _ => Next::Later,
            });
        }
    }

    fn in_a_slot(&self, trial: &str) -> bool {
        self.slots.iter().flatten().any(|slot| slot.trial == trial)
    }

    /// Whether a limit is reached, or too many trials failed.
    fn over(&self) -> bool {
        let mut progress = self.callback.progress();
        progress.seconds = self.elapsed();
        // A number of trials is a limit of the scheduler: the ones that were started are finished.
        let mut limits = self.experiment.limits;
        limits.trials = None;
        limits.reached(&progress) || self.too_many_failures()
    }

    fn start(
        &mut self,
        number: usize,
        trial: &str,
        bracket: usize,
        configuration: &Configuration,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let staging = self.store.begin(trial)?;
        let slot = self.launch(number, trial, &staging)?;
        let event = Event::Start {
            trial: trial.to_owned(),
            bracket,
            elapsed: self.elapsed(),
        };
        let more = [("configuration", json!(configuration))];
        self.occupy(number, slot, &event, &more, observer)?;
        Ok(self.callback.on_start_trial(trial, bracket)?)
    }

    fn promote(
        &mut self,
        number: usize,
        trial: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let slot = self.restore_and_launch(number, trial, observer)?;
        let event = Event::Resume {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.occupy(number, slot, &event, &[], observer)?;
        Ok(self.callback.on_resume_trial(trial)?)
    }

    /// Starts the training program of a running trial again, after an interruption or a crash.
    pub(super) fn go_on(
        &mut self,
        number: usize,
        trial: &str,
        more: &[(&str, Value)],
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let slot = self.restore_and_launch(number, trial, observer)?;
        let event = Event::Restart {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.occupy(number, slot, &event, more, observer)?;
        self.scheduler.on_restart(trial)?;
        Ok(self.callback.on_restart_trial(trial)?)
    }

    /// Gives a worker its trial, and writes down which process trains it.
    fn occupy(
        &mut self,
        number: usize,
        slot: Slot,
        event: &Event,
        more: &[(&str, Value)],
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let fields = [&process_fields(&slot)[..], more].concat();
        self.slots[number] = Some(slot);
        self.write_with(event, &fields, observer)
    }

    fn restore_and_launch(
        &mut self,
        number: usize,
        trial: &str,
        observer: &mut dyn Observer,
    ) -> Result<Slot, RunError> {
        let staging = self.store.begin(trial)?;
        let restored = self.store.restore(trial, &staging)?;
        for broken in &restored.broken {
            observer.note(&format!(
                "the checkpoint of trial \"{trial}\" at level {} is broken ({}): {}",
                broken.level,
                broken.reason,
                match &restored.checkpoint {
                    Some(older) => format!("the one at level {} is taken", older.level),
                    None => "it trains from scratch".to_owned(),
                }
            ));
        }
        // A paused trial whose checkpoint turned out to be broken has none: that is counted.
        if restored.checkpoint.is_none() && self.has_checkpoint(trial) {
            self.lost(trial, observer)?;
        }
        self.launch(number, trial, &staging)
    }

    fn launch(
        &mut self,
        number: usize,
        trial: &str,
        staging: &std::path::Path,
    ) -> Result<Slot, RunError> {
        self.processes += 1;
        let configuration = self.configuration(trial);
        let folder = staging.display().to_string();
        let command = &self.experiment.command;
        let command = fill(command, &configuration, trial, number, &folder);
        let slot_environment = self.experiment.slots.get(number);
        let environment: BTreeMap<String, String> = self
            .experiment
            .environment
            .iter()
            .chain(slot_environment.into_iter().flatten())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let directory = self.files.working_directory(&self.experiment)?;
        let launch = Launch {
            command: &command,
            directory: &directory,
            environment: &environment,
            output: &self.files.output(trial),
        };
        let process = Process::spawn(&launch, number, self.processes, self.to.clone());
        let process = process.map_err(|source| RunError::Start {
            program: command.first().cloned().unwrap_or_default(),
            source,
        })?;
        Ok(Slot {
            trial: trial.to_owned(),
            staging: staging.to_owned(),
            process,
            number: self.processes,
            phase: Phase::Training,
            resource: 0,
            checkpoint_at: None,
            committed: false,
            deadline: None,
            asked_to_end: false,
            has_said_all: false,
        })
    }

    /// The end of a turn: what exceeds the budget is given up, in the log before the files go.
    pub(super) fn keep_budget(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        let elapsed = self.elapsed();
        let plan = self.callback.plan(elapsed)?;
        if plan.removals.is_empty() {
            return Ok(());
        }
        for removal in &plan.removals {
            let event = Event::Remove {
                removal: removal.clone(),
                elapsed,
            };
            self.write(&event, observer)?;
        }
        let event = Event::LoopEnd(self.callback.loop_end(&plan));
        self.write(&event, observer)?;
        self.journal.sync()?;
        Ok(self.callback.carry_out(&plan.removals)?)
    }

    /// Tells what became of deletions.
    pub(super) fn note_deletions(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        while let Ok(event) = self.deletions.try_recv() {
            match event {
                DeletionEvent::Deleted {
                    trial,
                    request: Request::Delete,
                    ..
                } => {
                    let elapsed = self.elapsed();
                    self.write(&Event::Removed { trial, elapsed }, observer)?;
                }
                DeletionEvent::Failed { trial, error, .. } => observer.note(&format!(
                    "the checkpoint of trial \"{trial}\" could not be deleted ({error}): it still \
                     takes room, and is tried again"
                )),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a later recovery needs to end a process that was left behind.
fn process_fields(slot: &Slot) -> Vec<(&'static str, Value)> {
    let id = slot.process.id();
    vec![
        ("process", json!(slot.number)),
        ("pid", json!(id)),
        ("process_start", json!(start_time(id))),
    ]
}
