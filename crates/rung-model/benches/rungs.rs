//! Time of an insertion and of a rank in rungs of several lengths and orders of arrival.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_rung_model::{MetricKey, Mode, Position, Rung};

/// Multiplicative hashing of the arrival number: an even spread, the same in each run.
fn spread(i: u64) -> f64 {
    (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64
}

fn metric(order: &str, i: u64) -> MetricKey {
    let value = match order {
        "sorted" => i as f64,
        "reversed" => -(i as f64),
        "equal" => 0.0,
        _ => spread(i),
    };
    MetricKey::new(value, Mode::Min)
}

fn filled(order: &str, len: u64) -> (Rung, Vec<Position>) {
    let mut rung = Rung::new(1, (1, 3));
    let positions = (0..len).map(|i| rung.insert(metric(order, i))).collect();
    (rung, positions)
}

fn rungs(criterion: &mut Criterion) {
    for len in [1_000u64, 20_000, 1_000_000] {
        let mut group = criterion.benchmark_group("rung");
        group.sample_size(if len > 100_000 { 10 } else { 50 });
        for order in ["random", "sorted", "reversed", "equal"] {
            group.throughput(Throughput::Elements(len));
            group.bench_function(BenchmarkId::new(format!("insert_{order}"), len), |b| {
                b.iter(|| filled(black_box(order), len));
            });
            let (rung, positions) = filled(order, len);
            group.throughput(Throughput::Elements(1));
            let mut i = 0u64;
            group.bench_function(BenchmarkId::new(format!("rank_{order}"), len), |b| {
                b.iter(|| {
                    i = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
                    rung.rank(black_box(positions[(i % len) as usize]))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, rungs);
criterion_main!(benches);
