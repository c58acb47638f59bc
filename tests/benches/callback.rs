//! Time of the removal callback per report, next task and loop end included, a quarter of the way through a run; and of one choice.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_score::PromotionQuantile;
use rungkeeper_tests::benches::Run;
use rungkeeper_tuner_hooks::{Candidate, Need, PolicySpec, RemovalPolicy, RungView};

fn policy(name: &str) -> Box<dyn RemovalPolicy> {
    let spec: PolicySpec = name.parse().expect("a known policy");
    spec.build().expect("the defaults are valid")
}

fn per_report(criterion: &mut Criterion) {
    // In long rungs the rank-aware score takes long, and a run of a million trials many minutes.
    let (all, short) = ([1_000, 20_000, 1_000_000], [1_000, 20_000]);
    let policies: [(&str, &[u64]); 3] = [
        ("rank_aware", &short),
        ("speculative", &all),
        ("by_level", &all),
    ];
    let mut group = criterion.benchmark_group("report_and_loop_end");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for (name, sizes) in policies {
        for budget in [50, 1_000] {
            for &trials in sizes {
                let id = BenchmarkId::new(format!("{name}_budget_{budget}"), trials);
                let mut run = None;
                group.bench_function(id, |bencher| {
                    bencher.iter_custom(|turns| {
                        spent(turns, trials, &mut run, || {
                            Run::grown(trials, budget, policy(name))
                        })
                    });
                });
            }
        }
    }
    group.finish();
}

/// Time of `turns` turns in runs of about `trials` trials: a run that has grown by a tenth is left for a new one, so none comes
/// to its end. `run` is kept from one call to the next, with the number of turns it has made since it was grown.
fn spent(
    turns: u64,
    trials: u64,
    run: &mut Option<(Run, u64)>,
    grown: impl Fn() -> Run,
) -> Duration {
    let most = trials / 10;
    let (mut spent, mut left) = (Duration::ZERO, turns);
    while left > 0 {
        let (run, made) = match run {
            Some((_, made)) if *made >= most => run.insert((grown(), 0)),
            Some(run) => run,
            None => run.insert((grown(), 0)),
        };
        let number = left.min(most - *made);
        let begin = Instant::now();
        for _ in 0..number {
            run.turn();
        }
        spent += begin.elapsed();
        *made += number;
        left -= number;
    }
    spent
}

/// One of a number of candidates of one rung to remove.
fn choices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("choose");
    let third = PromotionQuantile::from_reduction_factor(3).expect("a promotion quantile");
    for count in [10, 100, 1000] {
        let candidates: Vec<_> = (1..=count).rev().map(candidate).collect();
        let rungs = [RungView::new(9, count, third, &candidates).expect("worst first")];
        group.throughput(Throughput::Elements(count));
        for name in ["rank_aware", "speculative"] {
            let mut policy = policy(name);
            // By the bytes all of them are priced, by their number the worst alone.
            for need in [(1, 0), (0, 1)] {
                let need = Need {
                    checkpoints: need.0,
                    bytes: need.1,
                };
                let way = if need.bytes > 0 { "bytes" } else { "number" };
                group.bench_function(
                    BenchmarkId::new(format!("{name}_{way}"), count),
                    |bencher| {
                        bencher.iter(|| policy.choose(black_box(&rungs), need, 1.0));
                    },
                );
            }
        }
    }
    group.finish();
}

fn candidate(rank: u64) -> Candidate<'static> {
    Candidate {
        trial_id: "7",
        rank,
        num_better: rank - 1,
        bytes: 1,
        metric: Some(0.5),
    }
}

criterion_group!(benches, per_report, choices);
criterion_main!(benches);
