//! The events of a run that no removal can change.

use anyhow::{Context, Result};
use rungkeeper_tuner::simulation::{Cell, Conditions, Retraining, Schedule, simulate_logged};
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    Brackets, Budget, Limits, PolicySpec, RemovalCallback, TunerCallback,
};

use super::Family;

/// What a run is made of, without its seed.
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

/// A run on a frozen schedule: what training again would cost is only counted, so each policy and
/// budget sees the very same events.
#[derive(Clone, Debug)]
pub struct Frozen {
    header: Header,
    /// What happened in each pass of the tuner's loop; removals follow at its end, and change none of it.
    turns: Vec<Vec<Event>>,
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
        let cell = cell(family, setting, seed, u64::MAX); // its policy is never asked
        let (mut header, mut turns) = (None, Vec::new());
        let simulated = simulate_logged(&curves, &conditions, &cell, &mut |event| {
            match event {
                Event::Header(first) => header = Some(Header::clone(first)),
                Event::LoopEnd(_) | Event::End(_) => {}
                other => push(&mut turns, other),
            }
            Ok(())
        });
        let simulated = simulated.with_context(|| format!("a run on {}", family.name))?;
        let schedule = simulated.schedule.context("the schedule is frozen")?;
        Ok(Self {
            header: header.context("a log begins with a header")?,
            turns,
            resumed_levels: schedule.stays().iter().map(|stay| stay.weight).sum(),
            schedule,
        })
    }

    /// What was announced to end the run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.header.limits
    }

    /// The sum of the levels of trials that are resumed without their checkpoint, where a policy keeps a budget and
    /// `limits` are announced to end the run, from which the time ratio comes: the run's own, or others.
    ///
    /// # Errors
    ///
    /// A policy that is not known.
    pub fn replay(&self, policy: &str, budget: u64, limits: Limits) -> Result<u64> {
        let header = Header {
            policy: policy.to_owned(),
            policy_seed: self.header.seed,
            budget: Budget::of_checkpoints(budget),
            limits,
            ..self.header.clone()
        };
        let mut callback = RemovalCallback::of_header(&header)?;
        for turn in &self.turns {
            for event in turn {
                callback.apply(event)?;
            }
            callback.on_loop_end(elapsed(turn))?;
        }
        let lost = callback.trials_resumed_without_checkpoint();
        Ok(lost.iter().map(|(_, level)| level).sum())
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
        self.turns.last().map_or(0.0, |turn| elapsed(turn))
    }
}

/// What is common to all runs of a setting; the number of reports ends them.
#[must_use]
pub fn conditions(family: &Family, setting: Setting, retraining: Retraining) -> Conditions {
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

/// A run with the default policy.
#[must_use]
pub fn cell(family: &Family, setting: Setting, seed: u64, budget: u64) -> Cell {
    Cell {
        levels: family.levels(setting.eta),
        workers: setting.workers,
        budget,
        seed,
        policy: PolicySpec::default(),
    }
}

/// Adds an event to the last turn, or begins one with it. In a turn the reports come first, so one that follows a start
/// or a resume, or comes at another time, begins a new turn.
fn push(turns: &mut Vec<Vec<Event>>, event: &Event) {
    let fills = |event: &Event| matches!(event, Event::Start { .. } | Event::Resume { .. });
    match turns.last_mut() {
        Some(turn)
            if elapsed(turn) == elapsed(std::slice::from_ref(event))
                && (fills(event) || !turn.last().is_some_and(fills)) =>
        {
            turn.push(event.clone());
        }
        _ => turns.push(vec![event.clone()]),
    }
}

/// Seconds of the run at the end of these events.
fn elapsed(events: &[Event]) -> f64 {
    events.last().and_then(Event::elapsed).unwrap_or(0.0)
}
