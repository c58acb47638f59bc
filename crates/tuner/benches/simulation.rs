//! Simulated runs on generated curves: reports a second on one core, budget 50.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::{Cell, Conditions, Curves, Levels, simulate};

/// Power laws with noise, resources 1, 2, 4, ..., 256, seconds that differ by trial.
fn curves(trials: usize) -> Curves {
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
    Curves {
        table: table.expect("the file is as it should be"),
        mode: Mode::Min,
    }
}

fn bench(criterion: &mut Criterion) {
    let curves = curves(5_000);
    let mut group = criterion.benchmark_group("simulation");
    for eta in [2, 4] {
        for policy in ["speculative", "by_level", "random"] {
            let cell = Cell {
                levels: Levels::geometric(eta),
                workers: 8,
                budget: 50,
                seed: 0,
                policy: policy.to_owned(),
            };
            let run = || simulate(&curves, &Conditions::default(), &cell);
            let reports = run().expect("the settings fit").result.reports;
            group.throughput(Throughput::Elements(reports));
            group.bench_function(BenchmarkId::new(policy, format!("eta {eta}")), |bencher| {
                bencher.iter(|| black_box(run()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
