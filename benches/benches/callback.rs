//! Time of the removal callback per report, next task and loop end included, in a run that grows.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_benches::Run;
use rungkeeper_tuner_hooks::{ByLevel, RankAware, RemovalPolicy, Speculative};

type Policy = fn() -> Box<dyn RemovalPolicy>;

fn per_report(criterion: &mut Criterion) {
    // In long rungs the rank-aware score takes long, and a run of a million trials many minutes.
    let (all, short) = ([1_000, 20_000, 1_000_000], [1_000, 20_000]);
    let policies: [(&str, Policy, &[u64]); 3] = [
        ("rank_aware", || Box::new(RankAware::default()), &short),
        ("speculative", || Box::new(Speculative::default()), &all),
        ("by_level", || Box::new(ByLevel), &all),
    ];
    let mut group = criterion.benchmark_group("report_and_loop_end");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for (name, policy, sizes) in policies {
        for budget in [50, 1_000] {
            for &trials in sizes {
                let id = BenchmarkId::new(format!("{name}_budget_{budget}"), trials);
                // Grown once, and only if it is measured.
                let mut run = None;
                group.bench_function(id, |bencher| {
                    let run = run.get_or_insert_with(|| Run::grown(trials, budget, policy()));
                    bencher.iter(|| run.turn());
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, per_report);
criterion_main!(benches);
