//! Runs in which training again takes its time: each policy has a run of its own.

use anyhow::{Context, Result};
use rayon::prelude::*;
use rungkeeper_tuner::simulation::{Cell, Retraining, simulate};
use rungkeeper_tuner_hooks::Limits;

use crate::frozen::{Frozen, Setting, cell, conditions};
use crate::study::{Configuration, Plan, Row};

/// Simulates each run with each policy. It ends after the time that the frozen run took, and that
/// is what is announced; the levels resumed in the frozen run are what costs are compared with.
pub(crate) fn rows(plan: &Plan, policies: &[&str]) -> Result<Vec<Row>> {
    let runs = plan.runs();
    let rows: Vec<Result<Vec<Row>>> = runs
        .par_iter()
        .map(|&(setting, seed)| rows_of(plan, setting, seed, policies))
        .collect();
    let mut all = Vec::new();
    for rows in rows {
        all.extend(rows?);
    }
    Ok(all)
}

fn rows_of(plan: &Plan, setting: Setting, seed: u64, policies: &[&str]) -> Result<Vec<Row>> {
    let family = &plan.families[setting.family];
    let frozen = Frozen::record(family, setting, seed)?;
    let curves = family.curves(setting.eta, seed)?;
    let mut conditions = conditions(family, setting, Retraining::TakesTime);
    conditions.limits = Limits {
        seconds: Some(frozen.seconds()),
        ..Limits::default()
    };
    let mut rows = Vec::new();
    for &spare in &plan.spare {
        let mut row = Row {
            configuration: Configuration { setting, spare },
            seed,
            resumed_levels: frozen.resumed_levels,
            optimum: None,
            costs: Vec::new(),
            misses: Vec::new(),
        };
        for &policy in policies {
            let cell = Cell {
                policy: policy.parse()?,
                ..cell(family, setting, seed, setting.workers + spare)
            };
            let simulated = simulate(&curves, &conditions, &cell);
            let result = simulated.with_context(|| format!("a run on {}", family.name))?;
            row.costs.push(result.result.cost_resources);
            row.misses.push(result.result.resumed_without_checkpoint);
        }
        rows.push(row);
    }
    Ok(rows)
}
