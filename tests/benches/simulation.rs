//! Simulated runs on generated curves, budget 50: reports a second on one core, and of a grid of runs on one and on two.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_tests::benches::{cell, curves};
use rungkeeper_tuner::simulation::{Conditions, Grid, Levels, simulate};
use rungkeeper_tuner_hooks::PolicySpec;

fn runs(criterion: &mut Criterion) {
    let curves = curves(5_000);
    let mut group = criterion.benchmark_group("simulation");
    for eta in [2, 4] {
        for policy in PolicySpec::NAMES {
            let cell = cell(eta, policy);
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

fn grids(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulation_threads");
    for threads in [1, 2] {
        let grid = Grid {
            curves: vec![curves(5_000)],
            levels: vec![Levels::geometric(2), Levels::geometric(4)],
            workers: vec![8],
            budgets: vec![50],
            seeds: (0..16).collect(),
            policies: vec!["speculative".parse().expect("a known policy")],
            conditions: Conditions::default(),
            threads: Some(threads),
        };
        let run = || grid.run(&()).expect("the settings fit");
        let reports = run().iter().map(|result| result.reports).sum();
        group.throughput(Throughput::Elements(reports));
        let id = BenchmarkId::from_parameter(threads);
        group.bench_function(id, |bencher| bencher.iter(|| black_box(run())));
    }
    group.finish();
}

criterion_group!(benches, runs, grids);
criterion_main!(benches);
