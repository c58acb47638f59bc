//! Learning curves for simulated runs.

use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::{Cell, Curves, Levels};

/// Power laws with noise, resources 1, 2, 4, ..., 256, seconds that differ by trial.
///
/// # Panics
///
/// Not for any number of trials.
#[must_use]
pub fn curves(trials: usize) -> Curves {
    let mut random = Pcg64::seed_from_u64(1);
    let noise = Normal::new(0.0, 0.01).expect("a positive deviation");
    let speed = LogNormal::new(0.0, 0.5).expect("a positive deviation");
    let mut file = "trial,resource,loss,seconds\n".to_owned();
    for trial in 0..trials {
        let (floor, slope) = (random.random::<f64>(), 0.2 + 0.6 * random.random::<f64>());
        let seconds = speed.sample(&mut random);
        for resource in (0..9).map(|power| 1u64 << power) {
            let loss = floor + (resource as f64).powf(-slope) + noise.sample(&mut random);
            let seconds = seconds * resource as f64;
            writeln!(file, "{trial},{resource},{loss},{seconds}").expect("text grows");
        }
    }
    let table = CurveTable::read(file.as_bytes(), "generated", &ReadOptions::new());
    Curves::new(table.expect("the file is as it should be"), Some(Mode::Min))
}

/// A run of eight workers with room for 50 checkpoints.
///
/// # Panics
///
/// There is no such policy.
#[must_use]
pub fn cell(reduction_factor: u64, policy: &str) -> Cell {
    Cell {
        levels: Levels::geometric(reduction_factor),
        workers: 8,
        budget: 50,
        seed: 0,
        policy: policy.parse().expect("a known policy"),
    }
}
