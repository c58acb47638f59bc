//! What a past run tells of a budget: curves cut where promotion-type successive halving would have paused their trials,
//! against the whole ones. The figures are those of docs/simulation.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::{Cell, Conditions, Curves, Draw, Grid, Levels, simulate_logged};
use rungkeeper_tuner_hooks::PolicySpec;
use rungkeeper_tuner_hooks::log::Event;

const BUDGETS: [u64; 5] = [8, 16, 32, 64, 128];
const MAX_RESOURCE: u64 = 256;

/// Added to costs in percent of the training, so that those of 0 have a ratio.
const FLOOR: f64 = 0.01;

fn conditions() -> Conditions {
    Conditions {
        max_resource: Some(MAX_RESOURCE),
        ..Conditions::default()
    }
}

/// A shipped data set with what it lists at the levels alone, as the run of a tuner that evaluates there.
fn whole(name: &str) -> Curves {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/curves");
    let path = folder.join(format!("openml_{name}.csv"));
    let table = CurveTable::from_path(path, &ReadOptions::new()).unwrap();
    let levels = [1, 4, 16, 64, 256];
    let mut csv = "trial,resource,accuracy,seconds\n".to_owned();
    for curve in table.curves() {
        let mut before = 0.0;
        for point in levels.iter().filter_map(|&level| curve.point_at(level)) {
            let seconds = point.elapsed - before;
            before = point.elapsed;
            let (trial, resource, metric) = (curve.id(), point.resource, point.metric);
            writeln!(csv, "{trial},{resource},{metric},{seconds:e}").unwrap();
        }
    }
    read(&csv)
}

fn read(csv: &str) -> Curves {
    let table = CurveTable::read(csv.as_bytes(), "test", &ReadOptions::new()).unwrap();
    Curves::new(table, Some(Mode::Max))
}

/// What a run with a checkpoint for each trial would have seen of them.
fn cut(whole: &Curves) -> Curves {
    let cell = Cell {
        levels: Levels::geometric(4),
        workers: 4,
        budget: 1000,
        seed: 0,
        policy: PolicySpec::default(),
    };
    let mut reached = vec![0; whole.table.len()];
    let mut sink = |event: &Event| {
        if let Event::Result { trial, level, .. } = event {
            let reached: &mut u64 = &mut reached[trial.parse::<usize>()?];
            *reached = (*reached).max(*level);
        }
        Ok(())
    };
    let in_order = Conditions {
        draw: Draw::InOrder, // so that a trial's number is that of its curve
        ..conditions()
    };
    simulate_logged(whole, &in_order, &cell, &mut sink).unwrap();
    let mut csv = "trial,resource,accuracy,seconds\n".to_owned();
    for (curve, reached) in whole.table.curves().zip(reached) {
        for point in curve
            .points()
            .iter()
            .filter(|point| point.resource <= reached)
        {
            let (trial, resource) = (curve.id(), point.resource);
            writeln!(
                csv,
                "{trial},{resource},{},{:e}",
                point.metric, point.seconds
            )
            .unwrap();
        }
    }
    read(&csv)
}

/// Mean cost over the seeds, in percent of the training, by policy and budget.
fn costs(curves: Curves) -> BTreeMap<(String, u64), f64> {
    let grid = Grid {
        curves: vec![curves],
        levels: vec![Levels::geometric(4)],
        workers: vec![4],
        budgets: BUDGETS.to_vec(),
        seeds: (0..10).collect(),
        policies: PolicySpec::all().collect(),
        conditions: conditions(),
        threads: None,
    };
    let mut costs = BTreeMap::new();
    for result in grid.run(&()).unwrap() {
        let cost = 10.0 * result.cost_resources as f64 / result.trained_resources as f64;
        *costs.entry((result.policy, result.budget)).or_insert(0.0) += cost;
    }
    costs
}

/// The place of the smallest budget that costs less than 1 %.
fn smallest(costs: &BTreeMap<(String, u64), f64>, policy: &str) -> usize {
    let is_small = |budget: &u64| costs[&(policy.to_owned(), *budget)] < 1.0;
    BUDGETS.iter().position(is_small).unwrap_or(BUDGETS.len())
}

#[test]
fn cut_curves_tell_the_budget_that_whole_ones_tell() {
    for name in ["41150", "351", "1236"] {
        let whole = whole(name);
        let cut = cut(&whole);
        assert!(cut.table.num_cut(MAX_RESOURCE) > cut.table.len() * 9 / 10);
        let completed = Curves {
            table: cut.table.completed(Mode::Max, MAX_RESOURCE),
            mode: Mode::Max,
        };
        assert_eq!(completed.table.num_cut(MAX_RESOURCE), 0);
        let (whole, completed) = (costs(whole), costs(completed));
        for policy in PolicySpec::NAMES {
            let of = |costs: &BTreeMap<(String, u64), f64>| {
                BUDGETS.map(|budget| costs[&(policy.to_owned(), budget)])
            };
            let ln_ratio = |one: [f64; 5], other: [f64; 5]| {
                let pairs = one.into_iter().zip(other);
                pairs
                    .map(|(a, b)| ((a + FLOOR) / (b + FLOOR)).ln())
                    .sum::<f64>()
                    / 5.0
            };
            let ratio = ln_ratio(of(&completed), of(&whole)).exp();
            let (first, expected) = (smallest(&completed, policy), smallest(&whole, policy));
            assert!(first.abs_diff(expected) <= 1, "{name} {policy}");
            assert!(ratio.ln().abs() <= 1.5f64.ln(), "{name} {policy}: {ratio}");
        }
    }
}
