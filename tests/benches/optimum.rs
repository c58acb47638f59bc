//! Time to find the optimum for schedules of 1,000 and 20,000 stays.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rungkeeper_tuner::optimum::{Capacity, Stay, optimum};

/// Stays as in successive halving with reduction factor 3: two thirds at each next level, lengths
/// spread over all magnitudes up to the length of the run.
fn stays(count: u64) -> Vec<Stay> {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut stay = || {
        let level = (0..6)
            .take_while(|_| random.random_range(0..3) == 0)
            .count();
        let from = random.random_range(0..count / 2);
        let length = 1_u64 << random.random_range(0..=count.ilog2());
        Stay {
            from,
            until: from + random.random_range(0..=length),
            weight: 3_u64.pow(level as u32),
        }
    };
    (0..count).map(|_| stay()).collect()
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimum");
    group.sample_size(10);
    for count in [1_000, 20_000] {
        let stays = stays(count);
        group.throughput(Throughput::Elements(count));
        for capacity in [8, 64] {
            let id = BenchmarkId::new(format!("{count} stays"), format!("capacity {capacity}"));
            let capacity = Capacity::constant(capacity);
            group.bench_function(id, |bencher| {
                bencher.iter(|| optimum(black_box(&stays), &capacity));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
