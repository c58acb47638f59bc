//! The events of a run that no removal can change.

use anyhow::{Context, Result};
use rungkeeper_tuner::simulation::{
    Cell, Conditions, Curves, Retraining, Schedule, simulate, simulate_logged,
};
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    Brackets, Budget, Limits, PolicySpec, RemovalCallback, TunerCallback,
};

use crate::families::Family;

/// What a run is made of.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) family: Family,
    /// Reduction factor.
    pub(crate) eta: u64,
    /// Trials that train at the same time.
    pub(crate) workers: u64,
    /// Number of brackets, which share their rungs.
    pub(crate) brackets: usize,
    pub(crate) seed: u64,
}

/// A run on a frozen schedule: what training again would cost is only counted, so each policy and
/// budget sees the very same events.
pub(crate) struct Frozen {
    header: Header,
    /// What happened in each pass of the tuner's loop; removals follow at its end, and change none of it.
    turns: Vec<Vec<Event>>,
    /// Sum of the levels of all trials that were resumed.
    pub(crate) resumed_levels: u64,
    schedule: Schedule,
}

impl Run {
    pub(crate) fn curves(&self) -> Result<Curves> {
        self.family.curves(self.eta, self.seed)
    }

    /// Runs it once, with room for any number of checkpoints.
    pub(crate) fn record(&self, curves: &Curves) -> Result<Frozen> {
        let conditions = self.conditions(Retraining::Frozen, of_reports(self.family.reports));
        let cell = self.cell(PolicySpec::default(), u64::MAX); // its policy is never asked
        let (mut header, mut turns) = (None, Vec::new());
        let simulated = simulate_logged(curves, &conditions, &cell, &mut |event| {
            match event {
                Event::Header(first) => header = Some(Header::clone(first)),
                Event::LoopEnd(_) | Event::End(_) => {}
                other => push(&mut turns, other),
            }
            Ok(())
        });
        let simulated = simulated.with_context(|| format!("a run on {}", self.family.name))?;
        let schedule = simulated.schedule.context("the schedule is frozen")?;
        Ok(Frozen {
            header: header.context("a log begins with a header")?,
            turns,
            resumed_levels: schedule.stays().iter().map(|stay| stay.weight).sum(),
            schedule,
        })
    }

    /// What a policy costs where it has a run of its own.
    pub(crate) fn simulate(
        &self,
        curves: &Curves,
        policy: &str,
        budget: u64,
        retraining: Retraining,
        limits: Limits,
    ) -> Result<u64> {
        let cell = self.cell(policy.parse()?, budget);
        let simulated = simulate(curves, &self.conditions(retraining, limits), &cell);
        let simulated = simulated.with_context(|| format!("a run on {}", self.family.name))?;
        Ok(simulated.result.cost_resources)
    }

    fn conditions(&self, retraining: Retraining, limits: Limits) -> Conditions {
        Conditions {
            brackets: Brackets {
                number: self.brackets,
                own_rungs: false,
            },
            limits,
            draw: self.family.draw(),
            retraining,
            ..Conditions::default()
        }
    }

    fn cell(&self, policy: PolicySpec, budget: u64) -> Cell {
        Cell {
            levels: self.family.levels(self.eta),
            workers: self.workers,
            budget,
            seed: self.seed,
            policy,
        }
    }
}

impl Frozen {
    /// The sum of the levels of trials that are resumed without their checkpoint, where a policy keeps a budget and
    /// `limits` are announced to end the run, from which the time ratio comes: the run's own, or others.
    pub(crate) fn replay(&self, policy: &str, budget: u64, limits: Limits) -> Result<u64> {
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
    pub(crate) fn optimum(&self, budget: u64) -> Result<u64> {
        Ok(self.schedule.optimum(budget)?)
    }

    /// Seconds until the last turn.
    pub(crate) fn seconds(&self) -> f64 {
        self.turns.last().map_or(0.0, |turn| elapsed(turn))
    }
}

/// An end after this many reports.
pub(crate) fn of_reports(reports: u64) -> Limits {
    Limits {
        reports: Some(reports),
        ..Limits::default()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{families::families, runs::POLICIES};

    #[test]
    fn a_replay_loses_what_the_simulation_loses_and_no_less_than_the_optimum() {
        let mut lost = 0;
        for family in families() {
            for (eta, workers, brackets, spare) in [(2, 4, 1, 4), (4, 8, 1, 8), (3, 4, 3, 16)] {
                let run = Run {
                    family,
                    eta,
                    workers,
                    brackets,
                    seed: 1,
                };
                let budget = workers + spare;
                let curves = run.curves().unwrap();
                let (frozen, limits) = (run.record(&curves).unwrap(), of_reports(family.reports));
                for policy in POLICIES {
                    let replayed = frozen.replay(policy, budget, limits).unwrap();
                    let simulated =
                        run.simulate(&curves, policy, budget, Retraining::Frozen, limits);
                    let what = format!("{}, eta {eta}, {policy}", family.name);
                    assert_eq!(replayed, simulated.unwrap(), "{what}");
                    assert!(frozen.optimum(budget).unwrap() <= replayed, "{what}");
                    lost += replayed;
                }
            }
        }
        assert!(lost > 0, "nothing was ever lost");
    }

    #[test]
    fn room_for_all_loses_nothing_and_room_for_none_all() {
        let run = Run {
            family: families()[0],
            eta: 3,
            workers: 4,
            brackets: 1,
            seed: 0,
        };
        let frozen = run.record(&run.curves().unwrap()).unwrap();
        let limits = of_reports(run.family.reports);
        let cost = |budget| frozen.replay("by_level", budget, limits).unwrap();
        assert_eq!(cost(10_000), 0);
        // Except for trials that are resumed in the turn in which they were paused.
        assert!(0 < cost(4) && cost(4) <= frozen.resumed_levels);
        assert_eq!(cost(4), frozen.optimum(4).unwrap());
    }
}
