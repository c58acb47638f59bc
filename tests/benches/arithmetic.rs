//! Time of the operations that scores are made of, each waiting for the one before or eight side by side: what bounds
//! the time of a score.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Operations in each measurement.
const NUMBER: usize = 4_096;
/// Side by side: enough that none waits for another, few enough for the registers.
const CHAINS: usize = 8;

fn operation(criterion: &mut Criterion, name: &str, operation: impl Fn(f64) -> f64) {
    let mut group = criterion.benchmark_group(format!("arithmetic/{name}"));
    group.throughput(Throughput::Elements(NUMBER as u64));
    group.bench_function("chain", |bencher| {
        bencher.iter(|| (0..NUMBER).fold(black_box(1.5), |x, _| operation(x)));
    });
    group.bench_function("side by side", |bencher| {
        bencher.iter(|| {
            let mut chains = black_box([1.5; CHAINS]);
            for _ in 0..NUMBER / CHAINS {
                chains = chains.map(&operation);
            }
            chains
        });
    });
    group.finish();
}

fn arithmetic(criterion: &mut Criterion) {
    let other = black_box(1.000_000_1);
    operation(criterion, "addition", |x| x + other);
    operation(criterion, "multiplication", |x| x * other);
    operation(criterion, "division", |x| x / other);
    operation(criterion, "log", |x| 1.0 + libm::log(x));
    operation(criterion, "log1p", |x| 1.0 + libm::log1p(x));
    operation(criterion, "exp", |x| libm::exp(-x));
}

criterion_group!(benches, arithmetic);
criterion_main!(benches);
