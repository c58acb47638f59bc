//! The events of a run that no removal can change.

use anyhow::{Context, Result};
use rungkeeper_rung_model::{Brackets, ModelSpec};
use rungkeeper_tuner::simulation::{
    Cell, Conditions, Curves, Retraining, Schedule, simulate_logged,
};
use rungkeeper_tuner_hooks::Limits;
use rungkeeper_tuner_hooks::log::Event;

use crate::Family;

/// What a run is made of, but for its seed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Setting {
    /// Place of the family in the list of families.
    pub family: usize,
    /// Reduction factor.
    pub eta: u64,
    /// Trials that train at the same time.
    pub workers: u64,
    /// Number of brackets, which share their rungs.
    pub brackets: usize,
}

/// One pass of the tuner's loop: reports, then starts and resumes. Removals follow it.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Seconds of the run.
    pub elapsed: f64,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// A run on a frozen schedule: what training again would cost is only counted, so each policy and
/// budget sees the very same events.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Rungs and brackets.
    pub spec: ModelSpec,
    /// What was announced to end the run.
    pub limits: Limits,
    /// Trials that train at the same time.
    pub workers: u64,
    /// Seed of the run.
    pub seed: u64,
    /// All turns.
    pub turns: Vec<Turn>,
    /// Sum of the levels of all trials that were resumed.
    pub resumed_levels: u64,
    schedule: Schedule,
}

impl Frozen {
    /// Runs a family once, with room for any number of checkpoints.
    ///
    /// # Errors
    ///
    /// Settings that the simulation refuses.
    pub fn record(family: &Family, setting: Setting, seed: u64) -> Result<Self> {
        let curves = family.curves(setting.eta, seed)?;
        let conditions = conditions(family, setting, Retraining::Frozen);
        let cell = Cell {
            policy: rungkeeper_tuner_hooks::PolicySpec::ByLevel, // never asked
            ..cell(family, setting, seed, u64::MAX)
        };
        Self::of(&curves, &conditions, &cell).with_context(|| format!("a run on {}", family.name))
    }

    /// Records the run of a cell whose budget is never exceeded.
    ///
    /// # Errors
    ///
    /// Settings that the simulation refuses.
    pub fn of(curves: &Curves, conditions: &Conditions, cell: &Cell) -> Result<Self> {
        let (mut header, mut turns) = (None, Turns::default());
        let simulated = simulate_logged(curves, conditions, cell, &mut |event| {
            match event {
                Event::Header(first) => header = Some(first.clone()),
                Event::End(_) => {}
                other => turns.push(other),
            }
            Ok(())
        })?;
        let header = header.context("a log begins with a header")?;
        let schedule = simulated.schedule.context("the schedule is frozen")?;
        Ok(Self {
            spec: header.model_spec(),
            limits: header.limits(),
            workers: cell.workers,
            seed: cell.seed,
            turns: turns.list,
            resumed_levels: schedule.stays().iter().map(|stay| stay.weight).sum(),
            schedule,
        })
    }

    /// The least that any choice of checkpoints could have lost under a budget.
    ///
    /// # Errors
    ///
    /// Levels that sum to more than 64 bits.
    pub fn optimum(&self, budget: u64) -> Result<u64> {
        Ok(self.schedule.optimum(budget)?)
    }

    /// Seconds until the last turn.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.turns.last().map_or(0.0, |turn| turn.elapsed)
    }
}

/// What is common to all runs of a setting; the number of reports ends them.
pub(crate) fn conditions(family: &Family, setting: Setting, retraining: Retraining) -> Conditions {
    Conditions {
        brackets: Brackets {
            number: setting.brackets,
            own_rungs: false,
        },
        limits: Limits {
            reports: Some(family.reports),
            ..Limits::default()
        },
        draw: family.draw(),
        retraining,
        ..Conditions::default()
    }
}

/// A run without a policy.
pub(crate) fn cell(family: &Family, setting: Setting, seed: u64, budget: u64) -> Cell {
    Cell {
        levels: family.levels(setting.eta),
        workers: setting.workers,
        budget,
        seed,
        policy: rungkeeper_tuner_hooks::PolicySpec::default(),
    }
}

/// Puts events into turns. In a turn the reports come first, so one that follows a start or a
/// resume, or comes at another time, begins a new turn.
#[derive(Default)]
struct Turns {
    list: Vec<Turn>,
    filled: bool,
}

impl Turns {
    fn push(&mut self, event: &Event) {
        let elapsed = event.elapsed().unwrap_or(0.0);
        let fills = matches!(event, Event::Start { .. } | Event::Resume { .. });
        let same = |turn: &Turn| turn.elapsed == elapsed && (fills || !self.filled);
        if !self.list.last().is_some_and(same) {
            self.list.push(Turn {
                elapsed,
                events: Vec::new(),
            });
        }
        self.filled = fills;
        let last = self.list.last_mut().expect("a turn was begun");
        last.events.push(event.clone());
    }
}
