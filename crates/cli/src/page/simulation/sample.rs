//! Results made up for tests: costs fall with the budget, and policies differ by a factor.

use rungkeeper_tuner::simulation::{CellResult, LevelLosses};

/// A cell in which `cost` of 100 000 resource units was trained again.
pub(super) fn cell(policy: &str, budget: u64, seed: u64, cost: u64) -> CellResult {
    let held = (0..5000u64)
        .map(|step| (step as f64 * 1.5, step.min(budget.saturating_sub(step % 3))))
        .collect();
    let level = |level: u64, part: u64| LevelLosses {
        level,
        trials: part / level,
        resources: part,
    };
    CellResult {
        curves: "sample.csv".into(),
        policy: policy.into(),
        budget,
        seed,
        eta: 3,
        workers: 4,
        started: 400,
        resumed: 150,
        removed: 300,
        resumed_without_checkpoint: cost / 30,
        cost_resources: cost,
        cost_seconds: cost as f64 * 0.25,
        optimum: Some(cost / 2),
        reports: 900,
        trained_resources: 100_000,
        trained_seconds: 25_000.0,
        peak_checkpoints: budget,
        held_over_time: held,
        losses_by_level: vec![
            level(1, cost / 8),
            level(3, cost / 4),
            level(9, cost - cost / 8 - cost / 4),
        ],
    }
}

/// Four policies, five budgets, four seeds.
pub(super) fn cells() -> Vec<CellResult> {
    let mut cells = Vec::new();
    for (policy, factor) in [
        ("rank_aware", 3),
        ("speculative", 4),
        ("by_level", 6),
        ("random", 9),
    ] {
        for (budget, base) in [(5, 3000), (10, 1200), (20, 300), (40, 20), (80, 0)] {
            for seed in 0..4 {
                cells.push(cell(policy, budget, seed, base * (factor + seed % 2) / 4));
            }
        }
    }
    cells
}
