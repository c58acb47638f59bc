//! Time of the removal callback per report, next task and loop end included, in a run that grows.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_benches::Run;
use rungkeeper_tuner_hooks::{ByLevel, RankAware, RemovalPolicy, Speculative};

type Policy = fn() -> Box<dyn RemovalPolicy>;

fn per_report(criterion: &mut Criterion) {
    let policies: [(&str, Policy); 3] = [
        ("rank_aware", || Box::new(RankAware::default())),
        ("speculative", || Box::new(Speculative::default())),
        ("by_level", || Box::new(ByLevel)),
    ];
    let mut group = criterion.benchmark_group("report_and_loop_end");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for (name, policy) in policies {
        for budget in [50, 1_000] {
            for trials in [1_000, 20_000, 1_000_000] {
                let mut run = Run::grown(trials, budget, policy());
                let id = BenchmarkId::new(format!("{name}_budget_{budget}"), trials);
                group.bench_function(id, |bencher| bencher.iter(|| run.turn()));
            }
        }
    }
    group.finish();
}

criterion_group!(benches, per_report);
criterion_main!(benches);
