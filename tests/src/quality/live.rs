//! Runs in which training again takes its time: each policy has a run of its own.

use anyhow::{Context, Result};
use rungkeeper_tuner::simulation::{Cell, Retraining, simulate};
use rungkeeper_tuner_hooks::Limits;

use super::frozen::{Frozen, cell, conditions};
use super::study::{Plan, Row};

/// Simulates each run with each policy. It ends after the time that the frozen run took, and that
/// is what is announced; the levels resumed in the frozen run are what costs are compared with.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    plan.gather(|family, setting, seed| {
        let frozen = Frozen::record(family, setting, seed)?;
        let curves = family.curves(setting.eta, seed)?;
        let mut conditions = conditions(family, setting, Retraining::TakesTime);
        conditions.limits = Limits {
            seconds: Some(frozen.seconds()),
            ..Limits::default()
        };
        let row = |&spare: &u64| {
            let cost = |policy: &str| -> Result<u64> {
                let cell = Cell {
                    policy: policy.parse()?,
                    ..cell(family, setting, seed, setting.workers + spare)
                };
                let simulated = simulate(&curves, &conditions, &cell);
                let simulated = simulated.with_context(|| format!("a run on {}", family.name))?;
                Ok(simulated.result.cost_resources)
            };
            Row::of(setting, spare, seed, &frozen, None, cost)
        };
        plan.spare.iter().map(row).collect()
    })
}
