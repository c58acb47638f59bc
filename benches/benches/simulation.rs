//! Simulated runs on generated curves: reports a second on one core, budget 50.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_benches::{cell, curves};
use rungkeeper_tuner::simulation::{Conditions, simulate};

fn bench(criterion: &mut Criterion) {
    let curves = curves(5_000);
    let mut group = criterion.benchmark_group("simulation");
    for eta in [2, 4] {
        for policy in ["speculative", "by_level", "random"] {
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

criterion_group!(benches, bench);
criterion_main!(benches);
