//! One JSON object a run.

use std::io::{self, Write};

use rungkeeper_tuner::simulation::CellResult;
use serde::Serialize;

/// The fields of a line, in this order.
#[derive(Serialize)]
struct Line<'r> {
    curves: &'r str,
    policy: &'r str,
    budget: u64,
    seed: u64,
    eta: u64,
    workers: u64,
    started: u64,
    resumed: u64,
    removed: u64,
    resumed_without_checkpoint: u64,
    cost_resources: u64,
    cost_seconds: f64,
    optimum: Option<u64>,
    reports: u64,
    trained_resources: u64,
    trained_seconds: f64,
    peak_checkpoints: u64,
}

impl<'r> From<&'r CellResult> for Line<'r> {
    fn from(result: &'r CellResult) -> Self {
        Self {
            curves: &result.curves,
            policy: &result.policy,
            budget: result.budget,
            seed: result.seed,
            eta: result.eta,
            workers: result.workers,
            started: result.started,
            resumed: result.resumed,
            removed: result.removed,
            resumed_without_checkpoint: result.resumed_without_checkpoint,
            cost_resources: result.cost_resources,
            cost_seconds: result.cost_seconds,
            optimum: result.optimum,
            reports: result.reports,
            trained_resources: result.trained_resources,
            trained_seconds: result.trained_seconds,
            peak_checkpoints: result.peak_checkpoints,
        }
    }
}

pub(super) fn write(results: &[CellResult], out: &mut impl Write) -> io::Result<()> {
    for result in results {
        serde_json::to_writer(&mut *out, &Line::from(result))?;
        writeln!(out)?;
    }
    Ok(())
}
