//! Grids of simulated runs, their summaries, and the optimum on real curves.

mod simulation_tables;

use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::simulation::{
    BoxedSink, Cell, CellResult, Conditions, Curves, Draw, Grid, GridObserver, Levels, Retraining,
    SimulationError, geometric_mean_over_optimum, geometric_mean_ratio, simulate, smallest_budget,
    summarize,
};
use rungkeeper_tuner_hooks::BoxError;
use simulation_tables::{POLICIES, crossing, curves, frozen, real_curves};

fn grid(curves: Vec<Curves>, conditions: Conditions) -> Grid {
    Grid {
        curves,
        levels: vec![Levels::geometric(3)],
        workers: vec![2, 4],
        budgets: vec![4, 8],
        seeds: vec![0, 1, 5],
        policies: rungkeeper_tuner_hooks::PolicySpec::all().collect(),
        conditions,
        threads: None,
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for conditions in [Conditions::default(), frozen()] {
        let mut grid = grid(vec![crossing(100), crossing(60)], conditions);
        let results = [1, 2, 5].map(|threads| {
            grid.threads = Some(threads);
            grid.run(&()).unwrap()
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
        assert_eq!(results[0].len(), grid.num_cells());
    }
}

#[test]
fn results_are_in_grid_order_and_those_of_single_runs() {
    let grid = grid(vec![crossing(50)], Conditions::default());
    let results = grid.run(&()).unwrap();
    let mut left = results.iter();
    for &workers in &grid.workers {
        for &budget in &grid.budgets {
            for &seed in &grid.seeds {
                for policy in &grid.policies {
                    let cell = Cell {
                        levels: Levels::geometric(3),
                        workers,
                        budget,
                        seed,
                        policy: *policy,
                    };
                    let alone = simulate(&grid.curves[0], &grid.conditions, &cell).unwrap();
                    assert_eq!(left.next(), Some(&alone.result));
                }
            }
        }
    }
    assert_eq!(left.next(), None);
}

#[test]
fn bad_grids_are_refused_before_anything_runs() {
    struct Never;
    impl GridObserver for Never {
        fn log(&self, _: &Curves, _: &Cell) -> Result<Option<BoxedSink>, BoxError> {
            panic!("a run began")
        }
    }
    let mut grid = grid(vec![crossing(50)], Conditions::default());
    grid.budgets = vec![8, 3];
    let error = grid.run(&Never).unwrap_err();
    assert!(matches!(
        error,
        SimulationError::BudgetTooSmall {
            budget: 3,
            workers: 4
        }
    ));
}

#[test]
fn an_observer_sees_each_run() {
    #[derive(Default)]
    struct Counts {
        begun: Mutex<Vec<Cell>>,
        done: AtomicUsize,
    }
    impl GridObserver for Counts {
        fn log(&self, _: &Curves, cell: &Cell) -> Result<Option<BoxedSink>, BoxError> {
            self.begun.lock().unwrap().push(cell.clone());
            if cell.policy.name() == "random" {
                Err("no room".into())
            } else {
                Ok(None)
            }
        }
        fn done(&self, _: &CellResult) {
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut grid = grid(vec![crossing(20)], Conditions::default());
    let counts = Counts::default();
    let message = grid.run(&counts).unwrap_err().to_string();
    assert_eq!(message, "the event log could not be written: no room");
    grid.policies.pop();
    let counts = Counts::default();
    grid.run(&counts).unwrap();
    assert_eq!(counts.done.into_inner(), grid.num_cells());
    assert_eq!(counts.begun.into_inner().unwrap().len(), grid.num_cells());
}

#[test]
fn the_optimum_is_the_same_for_all_policies_and_never_above_one() {
    let grid = Grid {
        levels: vec![
            Levels::geometric(2),
            Levels::geometric(4),
            Levels::geometric(3),
        ],
        workers: vec![4],
        budgets: vec![5, 8, 16, 40],
        seeds: vec![0, 1],
        ..grid(real_curves(), frozen())
    };
    let results = grid.run(&()).unwrap();
    for same in results.chunks(POLICIES.len()) {
        let optimum = same[0].optimum.unwrap();
        assert!(same.iter().all(|cell| cell.optimum == Some(optimum)));
        assert!(same.iter().all(|cell| optimum <= cell.cost_resources));
        assert!(same.iter().all(|cell| cell.reports == same[0].reports));
    }
    assert!(results.iter().any(|cell| cell.optimum > Some(0)));
}

#[test]
fn speculative_costs_less_than_the_baselines_on_real_curves() {
    let grid = Grid {
        levels: vec![Levels::geometric(4)],
        workers: vec![4],
        budgets: vec![8, 16, 32, 64],
        seeds: (0..5).collect(),
        ..grid(real_curves(), Conditions::default())
    };
    let rows = summarize(&grid.run(&()).unwrap());
    for other in ["by_level", "random"] {
        let ratio = geometric_mean_ratio(&rows, "speculative", other).unwrap();
        assert!(ratio < 0.6, "{ratio} times {other}");
    }
}

fn cell(policy: &str, budget: u64, seed: u64, cost: u64, optimum: Option<u64>) -> CellResult {
    let run = simulate(
        &crossing(5),
        &Conditions::default(),
        &simulation_tables::cell("random", 3, 1, 1),
    );
    CellResult {
        policy: policy.parse().unwrap(),
        budget,
        seed,
        cost_resources: cost,
        optimum,
        trained_resources: 1_000,
        ..run.unwrap().result
    }
}

#[test]
fn summaries_join_the_seeds() {
    let results = [
        cell("a", 8, 0, 10, Some(4)),
        cell("b", 8, 0, 90, Some(4)),
        cell("a", 8, 1, 30, Some(6)),
        cell("b", 8, 1, 90, Some(6)),
        cell("a", 16, 0, 5, Some(0)),
        cell("b", 16, 0, 0, Some(0)),
    ];
    let rows = summarize(&results);
    let keys: Vec<(&str, u64, usize)> = rows
        .iter()
        .map(|row| (&*row.policy, row.budget, row.seeds))
        .collect();
    assert_eq!(keys, [("a", 8, 2), ("b", 8, 2), ("a", 16, 1), ("b", 16, 1)]);
    let cost = rows[0].cost_percent;
    assert_eq!((cost.least, cost.mean, cost.most), (1.0, 2.0, 3.0));
    assert_eq!(rows[0].optimum_percent.unwrap().mean, 0.5);
    assert_eq!(smallest_budget(&rows, "a", 1.0), Some(16));
    assert_eq!(smallest_budget(&rows, "a", 2.5), Some(8));
    assert_eq!(smallest_budget(&rows, "a", 0.5), None);
    assert_eq!(smallest_budget(&rows, "c", 100.0), None);
    let expected = ((2.01 / 9.01) * (0.51f64 / 0.01)).sqrt();
    let ratio = geometric_mean_ratio(&rows, "a", "b").unwrap();
    assert!((ratio - expected).abs() < 1e-12, "{ratio} {expected}");
    let over = geometric_mean_over_optimum(&rows, "a").unwrap();
    assert!((over - ((2.01 / 0.51) * (0.51f64 / 0.01)).sqrt()).abs() < 1e-12);
    assert_eq!(geometric_mean_ratio(&rows, "a", "c"), None);
    let live = [cell("a", 8, 0, 10, None)];
    assert_eq!(geometric_mean_over_optimum(&summarize(&live), "a"), None);
}

#[test]
fn costs_are_in_percent_of_what_was_trained_once() {
    assert_eq!(cell("a", 8, 0, 25, None).cost_percent(), 2.5);
    let nothing = CellResult {
        trained_resources: 0,
        ..cell("a", 8, 0, 0, None)
    };
    assert_eq!(nothing.cost_percent(), 0.0);
}

/// What there is neither memory nor time for is refused before anything is made, and no run goes on
/// for ever.
#[test]
fn huge_numbers() {
    let few = || grid(vec![crossing(20)], Conditions::default());
    let refused = |grid: &Grid| grid.run(&()).unwrap_err().to_string();
    let mut seeds = few();
    seeds.seeds = (0..30_000).collect();
    let said = refused(&seeds);
    assert!(
        said.starts_with(&format!("there are {} runs", seeds.num_cells())),
        "{said}"
    );
    assert!(said.ends_with("there must be at most 100000"), "{said}");

    let mut levels = few();
    levels.levels = vec![Levels::List((1..=1_001).collect())];
    assert_eq!(
        refused(&levels),
        "there are 1001 rung levels, but there must be at most 1000"
    );

    let mut again = few();
    again.conditions.draw = Draw::WithReplacement;
    again.conditions.limits.trials = Some(u64::MAX);
    let said = refused(&again);
    assert!(
        said.ends_with("but there must be at most 10000000"),
        "{said}"
    );
    again.conditions.limits.trials = None;
    again.conditions.limits.seconds = Some(1e308);
    again.policies = vec![rungkeeper_tuner_hooks::PolicySpec::ByLevel];
    let said = refused(&again);
    assert!(
        said.starts_with("a run has started 100000 trials and has not"),
        "{said}"
    );

    // Sums of resources beyond 2^64 stay there.
    let mut rows = String::new();
    for trial in 0..40 {
        for resource in [1u64 << 60, 1 << 61, 1 << 62, (1 << 63) + (1 << 62)] {
            let loss = trial * 7 % 40;
            let seconds = resource >> 60;
            writeln!(rows, "{trial},{resource},{loss},{seconds}").unwrap();
        }
    }
    let mut far = few();
    far.curves = vec![curves(&rows, Mode::Min)];
    far.levels = vec![Levels::List(vec![1 << 60, 1 << 61, 1 << 62])];
    let results = far.run(&()).unwrap();
    assert!(
        results
            .iter()
            .all(|cell| cell.trained_resources == u64::MAX)
    );
    far.conditions.retraining = Retraining::Frozen;
    assert!(refused(&far).contains("sum to more than"));

    let mut all = few();
    all.workers = vec![u64::MAX];
    all.budgets = vec![u64::MAX];
    all.levels = vec![Levels::geometric(u64::MAX)]; // one level: the next is beyond the last
    all.threads = Some(usize::MAX);
    all.conditions.limits.reports = Some(u64::MAX);
    let results = all.run(&()).unwrap();
    assert!(
        results
            .iter()
            .all(|cell| cell.started == 20 && cell.removed == 0)
    );
}
