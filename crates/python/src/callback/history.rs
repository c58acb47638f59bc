//! The log of a run: lines where they are written, and what came since, which takes less room and
//! much less time than its lines.

use std::sync::Arc;

use rungkeeper_tuner::log::{parse_line, to_line};
use rungkeeper_tuner_hooks::Removal;
use rungkeeper_tuner_hooks::log::{Event, Header, LoopEnd, RemovedAtLoopEnd};

use pyo3::PyResult;

use super::told::Told;
use crate::arguments::refused;
use crate::interrupt::Patience;

/// The log of a run.
///
/// The events of a turn get the time of the loop end that closes it: then a log tells the turns
/// apart, and who replays it with decisions of its own decides at the same times.
pub(super) struct History {
    lines: String,
    /// What came after the lines.
    entries: Vec<Entry>,
    /// Of each turn after the lines: where it ends in the entries, and when.
    turns: Vec<(usize, f64)>,
}

/// What is no line yet.
enum Entry {
    Told(Box<str>, Told),
    /// What seldom happens.
    Event(Box<Event>),
    Decided(Arc<Decided>),
}

/// What a loop end removed, and its line without these.
pub(super) struct Decided {
    pub(super) removals: Vec<Removal>,
    pub(super) end: LoopEnd,
}

impl History {
    /// Of a run that has not begun.
    pub(super) fn new(header: Header) -> Self {
        let mut lines = String::new();
        push_line(&mut lines, &Event::Header(Box::new(header)));
        Self::of_lines(lines)
    }

    /// Of a run whose turns are all closed.
    pub(super) fn of_lines(mut lines: String) -> Self {
        if !lines.ends_with('\n') {
            lines.push('\n');
        }
        Self {
            lines,
            entries: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// Adds to the open turn what was told of a trial.
    pub(super) fn told(&mut self, trial: String, told: Told) {
        self.entries.push(Entry::Told(trial.into_boxed_str(), told));
    }

    /// Adds to the open turn what else happened.
    pub(super) fn happened(&mut self, event: Event) {
        self.entries.push(Entry::Event(Box::new(event)));
    }

    /// Closes the turn.
    pub(super) fn end_turn(&mut self, elapsed: f64) {
        if self.num_open() > 0 {
            self.turns.push((self.entries.len(), elapsed));
        }
    }

    /// Closes the turn with what was removed at its end.
    pub(super) fn end_turn_with(&mut self, decided: Arc<Decided>) {
        let elapsed = decided.end.elapsed;
        self.entries.push(Entry::Decided(decided));
        self.end_turn(elapsed);
    }

    /// Number of events of the open turn.
    pub(super) fn num_open(&self) -> usize {
        self.entries.len() - self.closed()
    }

    /// Opens the last turn again, which has `number` events.
    pub(super) fn reopen(&mut self, number: usize) -> PyResult<()> {
        let mut patience = Patience::new();
        self.write(&mut patience)?;
        let mut events = Vec::new();
        for _ in 0..number {
            let before = self.lines.trim_end_matches('\n').rfind('\n');
            let last = self.lines.split_off(before.map_or(0, |end| end + 1));
            events.push(parse_line(0, last.trim_end()).map_err(refused)?);
            patience.tick()?;
        }
        let reopened = events.into_iter().rev();
        let reopened = reopened.map(|event| Entry::Event(Box::new(event)));
        self.entries.splice(..0, reopened);
        Ok(())
    }

    /// The whole log; in it the events of the open turn have the time `elapsed`.
    ///
    /// An interrupt leaves it as it was, except for turns that are lines by then.
    pub(super) fn log(&mut self, elapsed: f64) -> PyResult<String> {
        let mut patience = Patience::new();
        self.write(&mut patience)?;
        let mut lines = self.lines.clone();
        write_all(&self.entries, elapsed, &mut lines, &mut patience)?;
        Ok(lines)
    }

    /// Makes lines of all turns that are closed, one turn after the other.
    fn write(&mut self, patience: &mut Patience) -> PyResult<()> {
        let (mut written, mut turns, mut outcome) = (0, 0, Ok(()));
        for &(end, elapsed) in &self.turns {
            let before = self.lines.len();
            let turn = &self.entries[written..end];
            outcome = write_all(turn, elapsed, &mut self.lines, patience);
            if outcome.is_err() {
                self.lines.truncate(before);
                break;
            }
            written = end;
            turns += 1;
        }
        self.entries.drain(..written);
        self.turns.drain(..turns);
        for (end, _) in &mut self.turns {
            *end -= written;
        }
        outcome
    }

    /// Number of entries in closed turns.
    fn closed(&self) -> usize {
        self.turns.last().map_or(0, |&(end, _)| end)
    }
}

fn write_all(
    entries: &[Entry],
    elapsed: f64,
    lines: &mut String,
    patience: &mut Patience,
) -> PyResult<()> {
    for entry in entries {
        entry.write(elapsed, lines);
        patience.tick()?;
    }
    Ok(())
}

impl Entry {
    fn write(&self, elapsed: f64, lines: &mut String) {
        match self {
            Self::Told(trial, told) => push_line(lines, &told.event(trial, elapsed)),
            Self::Event(event) => push_line(lines, &Event::clone(event).at(elapsed)),
            Self::Decided(decided) => decided.write(lines),
        }
    }
}

impl Decided {
    fn write(&self, lines: &mut String) {
        let elapsed = self.end.elapsed;
        for removal in self.removals.iter().cloned() {
            push_line(lines, &Event::Remove { removal, elapsed });
        }
        let removed = self.removals.iter().map(RemovedAtLoopEnd::from).collect();
        let end = LoopEnd {
            removed,
            ..self.end.clone()
        };
        push_line(lines, &Event::LoopEnd(end));
    }
}

fn push_line(lines: &mut String, event: &Event) {
    lines.push_str(&to_line(event));
    lines.push('\n');
}
