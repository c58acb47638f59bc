//! What is written before it counts: the log, the clock, and whoever watches.

use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::journal::{Journal, JournalError};
use crate::observer::{Observer, Stop, View};

/// The log of a run, its clock and its observer.
pub(crate) struct Ledger<'o> {
    journal: Journal,
    clock: Clock,
    observer: &'o mut dyn Observer,
}

impl<'o> Ledger<'o> {
    pub(crate) fn new(journal: Journal, clock: Clock, observer: &'o mut dyn Observer) -> Self {
        Self {
            journal,
            clock,
            observer,
        }
    }

    /// Writes an event with fields of the run's own: from then on it happened.
    pub(crate) fn write(
        &mut self,
        event: &Event,
        more: &Map<String, Value>,
    ) -> Result<(), JournalError> {
        let line = self.journal.append(event, more)?;
        self.observer.event(event);
        self.observer.line(&line);
        Ok(())
    }

    /// Tells a person something.
    pub(crate) fn note(&mut self, text: &str) {
        self.observer.note(text);
    }

    /// Seconds of the run.
    pub(crate) fn elapsed(&self) -> f64 {
        self.clock.elapsed()
    }

    /// Waits until all lines are on the disk; where nobody waits for the loop.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        self.journal.sync()
    }

    pub(crate) fn asks_to_stop(&mut self) -> Stop {
        self.observer.stop()
    }

    pub(crate) fn show(&mut self, view: &View<'_>) {
        self.observer.turn(view);
    }
}
