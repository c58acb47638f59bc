//! The workers' places: a training process each, and what it said.

mod said;

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner::search_space::Configuration;

use crate::books::Concluded;
use crate::desk::Left;
use crate::process::{Heard, Process, ProcessId, Unheard};

pub(crate) use said::Said;

/// Time for the last lines of a process that has ended to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How often a program is looked at that has not closed its output: one that has ended, while somebody else holds it.
const SELDOM: Duration = Duration::from_millis(200);

/// The workers' places, by their numbers.
pub(crate) struct Slots {
    slots: Vec<Option<Slot>>,
}

/// A worker's trial.
pub(crate) struct Slot {
    pub(crate) trial: String,
    pub(crate) process: ProcessId,
    pub(crate) phase: Phase,
    /// Its program; none before it is started and once its end is known.
    pub(crate) program: Option<Process>,
    pub(crate) said: Said,
    /// What the trial's last process said, and how it ended, if it crashed and its folder is kept.
    pub(crate) said_before: Option<(Said, ExitStatus)>,
    /// When patience ends: then the group is asked to end, or killed.
    deadline: Option<Instant>,
    asked_to_end: bool,
    /// When its program was last looked at.
    looked: Instant,
    /// How it ended, and when that was noticed.
    ended: Option<(ExitStatus, Instant)>,
    /// Since when nothing more comes from it.
    has_said_all: Option<Instant>,
    closing_is_noted: bool,
    /// The last line that was no report, of a program that has ended.
    last_line: Option<Unheard>,
    /// What its program said before the loop heard that it was started.
    early: Vec<Heard>,
}

/// What the trial in a slot is waited for.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Its folder is made, its checkpoint restored, its program started.
    Starting(Beginning),
    Training,
    /// It reported, and waits for its answer while what it saved is hashed and synced.
    Preparing(Concluded),
    /// Told to pause or stop by the scheduler.
    Ending(Decision),
    /// Told to end because the run stops: the trial goes on when the run is resumed.
    Interrupted,
    /// It ended by itself. Whether the run is being stopped at the same moment is known soon; meanwhile what it left is
    /// looked at.
    Gone(ExitStatus, Instant, Option<Left>),
    /// It has ended, and what it left is kept.
    Keeping(After, ExitStatus),
}

/// Why a program is started.
#[derive(Clone, Debug)]
pub(crate) enum Beginning {
    /// The trial is new.
    Start {
        bracket: usize,
        configuration: Configuration,
    },
    /// It is promoted.
    Promotion,
    /// It was interrupted, or its program crashed.
    Restart { crashed: bool },
}

/// Why a program has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum After {
    Pause,
    /// The trial is at the max resource.
    Stop,
    Interruption,
    /// It ended by itself before the max resource.
    Completion,
}

impl Slot {
    /// A place whose program is being started.
    pub(crate) fn starting(trial: &str, process: ProcessId, beginning: Beginning) -> Self {
        Self {
            trial: trial.to_owned(),
            process,
            phase: Phase::Starting(beginning),
            program: None,
            said: Said::new(0),
            said_before: None,
            deadline: None,
            asked_to_end: false,
            looked: Instant::now(),
            ended: None,
            has_said_all: None,
            closing_is_noted: false,
            last_line: None,
            early: Vec::new(),
        }
    }

    /// Its program runs, from a level on, or from what the trial's last process left.
    pub(crate) fn train(&mut self, program: Process, level: u64, folder_kept: bool) {
        self.phase = Phase::Training;
        self.program = Some(program);
        self.said = Said::new(level);
        if let (Some((before, _)), true) = (self.said_before.take(), folder_kept) {
            self.said.resource = before.resource;
            self.said.saved = before.saved;
            self.said.saved_at = before.saved_at;
        }
    }

    /// The run stops before the program was started again: what the last process left is all that there is. How that
    /// ended.
    pub(crate) fn take_up_what_was_left(&mut self) -> Option<ExitStatus> {
        let (said, status) = self.said_before.take()?;
        self.said = said;
        Some(status)
    }

    /// Keeps what a program said before the loop heard that it was started; otherwise hands it back.
    pub(crate) fn keep_early(&mut self, heard: Heard) -> Option<Heard> {
        if matches!(self.phase, Phase::Starting(_)) {
            self.early.push(heard);
            return None;
        }
        Some(heard)
    }

    pub(crate) fn take_early(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.early)
    }

    /// Sends an answer.
    pub(crate) fn answer(&mut self, text: Option<&str>) {
        if let (Some(program), Some(text)) = (&mut self.program, text) {
            program.answer(text);
        }
    }

    /// From now on the program is expected to end: within the grace if it is asked by a signal now, otherwise by
    /// itself, and by a signal after the grace.
    pub(crate) fn expect_the_end(&mut self, phase: Phase, ask: bool, grace: Duration) {
        self.phase = phase;
        if ask {
            self.ask_to_end();
        }
        self.deadline = Instant::now().checked_add(grace);
    }

    /// Gives a program that was told to end at its next report time for that.
    pub(crate) fn wait_for_a_report(&mut self, grace: Duration) {
        let patience = self.said.patience(grace);
        self.deadline = self
            .deadline
            .or_else(|| Instant::now().checked_add(patience));
    }

    fn ask_to_end(&mut self) {
        if let Some(program) = &self.program {
            program.terminate();
        }
        self.asked_to_end = true;
    }

    /// Asks a program to end at once, if it was not asked before.
    pub(crate) fn ask_now(&mut self, grace: Duration) -> bool {
        if self.asked_to_end {
            return false;
        }
        self.ask_to_end();
        self.deadline = Instant::now().checked_add(grace);
        true
    }

    /// Asks, then kills, a program that was told to end and lives on. True: it was asked just now.
    pub(crate) fn insist(&mut self, grace: Duration) -> bool {
        let over = self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        if !over {
            return false;
        }
        let first = !self.asked_to_end;
        if first {
            self.ask_to_end();
        } else if let Some(program) = &self.program {
            program.kill();
        }
        self.deadline = Instant::now().checked_add(grace);
        first
    }

    /// How the program ended, once it has and all that it said was heard. All of it is in the queue by then or soon,
    /// unless somebody else holds its output open.
    pub(crate) fn end(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let look = self.has_said_all.is_some() || self.looked.elapsed() >= SELDOM;
        if let (None, Some(program), true) = (self.ended, &mut self.program, look) {
            self.looked = Instant::now();
            self.ended = program.ended()?.map(|status| (status, Instant::now()));
        }
        let Some((status, noticed)) = self.ended else {
            return Ok(None);
        };
        if self.has_said_all.is_none() && noticed.elapsed() < LAST_WORDS {
            return Ok(None);
        }
        self.last_line = self.last_line();
        self.program = None;
        self.deadline = None;
        Ok(Some(status))
    }

    /// How its program ended, if all of it was heard.
    pub(crate) fn ended_with(&self) -> Option<ExitStatus> {
        let (status, _) = self.ended?;
        self.program.is_none().then_some(status)
    }

    pub(crate) fn says_no_more(&mut self) {
        self.has_said_all.get_or_insert_with(Instant::now);
    }

    /// Whether its program has closed its output and went on for so long: no report can come any more. True once.
    pub(crate) fn cannot_be_heard(&mut self, silence: Duration) -> bool {
        let news = !self.closing_is_noted
            && matches!(self.phase, Phase::Training)
            && self
                .has_said_all
                .is_some_and(|since| since.elapsed() >= silence);
        self.closing_is_noted |= news;
        news
    }

    /// Whether its program reported nothing for so long; true once.
    pub(crate) fn is_silent(&mut self, silence: Duration) -> bool {
        matches!(self.phase, Phase::Training) && self.said.is_silent(silence)
    }

    /// The last line of its program that was no report.
    pub(crate) fn last_line(&self) -> Option<Unheard> {
        match &self.program {
            Some(program) => program.last_line(),
            None => self.last_line.clone(),
        }
    }
}

impl Slots {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            slots: (0..workers).map(|_| None).collect(),
        }
    }

    /// The number of a free place.
    pub(crate) fn free(&self) -> Option<usize> {
        self.slots.iter().position(Option::is_none)
    }

    pub(crate) fn are_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none)
    }

    /// Reports that are not written yet, and the resource units that they are about.
    pub(crate) fn unwritten(&self) -> (u64, u64) {
        let preparing = self
            .iter()
            .filter(|slot| matches!(slot.phase, Phase::Preparing(_)));
        preparing.fold((0, 0), |(reports, resource), slot| {
            (reports + 1, resource.saturating_add(slot.said.trained))
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten()
    }

    pub(crate) fn hold(&self, trial: &str) -> bool {
        self.iter().any(|slot| slot.trial == trial)
    }

    pub(crate) fn put(&mut self, slot: Slot) {
        let place = slot.process.slot;
        self.slots[place] = Some(slot);
    }

    /// The slot in which a process is; none for an old one.
    pub(crate) fn of(&mut self, process: ProcessId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(process.slot)?.as_mut();
        slot.filter(|slot| slot.process == process)
    }

    /// Ends all programs at once.
    pub(crate) fn clear(&mut self) {
        self.slots.fill_with(|| None);
    }

    /// Frees the place of a process.
    pub(crate) fn take(&mut self, process: ProcessId) -> Option<Slot> {
        self.of(process)?;
        self.slots[process.slot].take()
    }
}
