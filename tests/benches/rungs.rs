//! Time of an insertion and of a rank in rungs of several lengths and orders of arrival, beside the
//! order-statistic B-tree of the crate `indexset`.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_tests::benches::{ORDERS, metric, rung, tree};

/// Places that jump about.
fn next(place: &mut u64, len: u64) -> u64 {
    *place = place.wrapping_add(0x9E37_79B9_7F4A_7C15);
    *place % len
}

fn rungs(criterion: &mut Criterion) {
    for len in [1_000, 10_000, 100_000, 1_000_000] {
        let mut group = criterion.benchmark_group("rung");
        group.sample_size(if len > 100_000 { 10 } else { 50 });
        for order in ORDERS {
            group.throughput(Throughput::Elements(len));
            group.bench_function(BenchmarkId::new(format!("insert_{order}"), len), |b| {
                b.iter(|| rung(black_box(order), len));
            });
            let id = BenchmarkId::new(format!("insert_{order}_indexset"), len);
            group.bench_function(id, |b| b.iter(|| tree(black_box(order), len)));
            group.throughput(Throughput::Elements(1));
            let (rung, positions) = rung(order, len);
            let mut i = 0;
            group.bench_function(BenchmarkId::new(format!("rank_{order}"), len), |b| {
                b.iter(|| rung.rank(black_box(positions[next(&mut i, len) as usize])));
            });
            let (tree, mut i) = (tree(order, len), 0);
            let id = BenchmarkId::new(format!("rank_{order}_indexset"), len);
            group.bench_function(id, |b| {
                b.iter(|| {
                    let i = next(&mut i, len);
                    tree.rank(black_box(&(metric(order, i), i)))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, rungs);
criterion_main!(benches);
