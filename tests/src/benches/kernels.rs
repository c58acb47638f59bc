//! What the guard counts instructions of.

use std::hint::black_box;

use rungkeeper_rung_model::Rung;
use rungkeeper_score::{PausedPosition, PromotionQuantile};
use rungkeeper_tuner::simulation::{Conditions, simulate};
use rungkeeper_tuner_hooks::{Cheapest, RankAware, Speculative};

use crate::benches::{
    Run, cell, curves, metric, no_cut_off, positions, ranked, score, score_by_ranks, settings,
};

/// A small piece of work that is done over and over.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// Repetitions to count with: enough that what is done once does not matter.
    pub repetitions: u64,
    /// Prepares the work and repeats it as often as the argument says.
    pub run: fn(u64),
}

/// All kernels.
pub const KERNELS: &[Kernel] = &[
    Kernel {
        name: "score, 25 steps",
        repetitions: 4_000,
        run: |n| scores(n, &positions(1000, quantile(1, 3)), Some(25)),
    },
    Kernel {
        name: "score, 25 steps, alpha 2/5",
        repetitions: 1_000,
        run: |n| scores(n, &positions(1000, quantile(2, 5)), Some(25)),
    },
    Kernel {
        name: "score, no cut-off, 10^6 arrivals",
        repetitions: 1_000,
        run: |n| scores(n, &no_cut_off(1000, quantile(1, 3), 0.4), None),
    },
    Kernel {
        name: "score, rank-aware",
        repetitions: 4_000,
        run: rank_aware,
    },
    Kernel {
        name: "rung, insertion and rank at 10^5",
        repetitions: 20_000,
        run: rung,
    },
    Kernel {
        name: "report and loop end, budget 50",
        repetitions: 2_000,
        run: |n| report_and_loop_end(n, speculative(50)),
    },
    Kernel {
        name: "report and loop end, budget 1000",
        repetitions: 2_000,
        run: |n| report_and_loop_end(n, speculative(1_000)),
    },
    Kernel {
        name: "report and loop end, rank-aware",
        repetitions: 500,
        run: |n| {
            report_and_loop_end(
                n,
                Run::grown(1_000, 50, Box::<Cheapest<RankAware>>::default()),
            );
        },
    },
    #[cfg(feature = "turns")]
    Kernel {
        name: "turn of the runner's loop",
        repetitions: 2_000,
        run: turns_of_the_loop,
    },
    Kernel {
        name: "simulated run of 500 trials",
        repetitions: 4,
        run: simulated,
    },
];

fn quantile(a: u64, b: u64) -> PromotionQuantile {
    PromotionQuantile::new(a, b).expect("a promotion quantile")
}

/// Scores this number of candidates.
fn scores(candidates: u64, positions: &[PausedPosition], approx_steps: Option<u32>) {
    let settings = settings(approx_steps);
    for _ in 0..candidates / positions.len() as u64 {
        black_box(score(black_box(positions), &settings));
    }
}

/// Scores this number of candidates without p.
fn rank_aware(candidates: u64) {
    let positions = ranked(1000, quantile(1, 3));
    for _ in 0..candidates / positions.len() as u64 {
        black_box(score_by_ranks(black_box(&positions)));
    }
}

fn rung(insertions: u64) {
    let third = PromotionQuantile::from_reduction_factor(3);
    let mut rung = Rung::new(1, third.expect("a promotion quantile"));
    for i in 0..100_000 {
        rung.insert(metric("random", i));
    }
    for i in 100_000..100_000 + insertions {
        let position = rung.insert(metric("random", i));
        black_box(rung.rank(position));
    }
}

fn speculative(budget: u64) -> Run {
    Run::grown(20_000, budget, Box::new(Cheapest(Speculative::default())))
}

fn report_and_loop_end(turns: u64, mut run: Run) {
    for _ in 0..turns {
        run.turn();
    }
    black_box(run.callback.num_checkpoints_removed());
}

/// The loop's own work on a report at a rung: no process, no store.
#[cfg(feature = "turns")]
fn turns_of_the_loop(turns: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    rungkeeper_runner::measured::reports(folder.path(), turns).expect("a log");
}

fn simulated(runs: u64) {
    let curves = curves(500);
    for _ in 0..runs {
        let run = simulate(&curves, &Conditions::default(), &cell(3, "speculative"));
        black_box(run.expect("the settings fit"));
    }
}
