//! Time of the removal callback per report, next task and loop end included, a quarter of the way through a run; and of one choice.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_benches::{Run, ranked};
use rungkeeper_score::{PromotionQuantile, RankedPosition};
use rungkeeper_tuner_hooks::{ByLevel, Candidate, Need, RankAware, RemovalPolicy, Speculative};

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
                let mut run = None;
                group.bench_function(id, |bencher| {
                    bencher.iter_custom(|turns| {
                        spent(turns, trials, &mut run, || {
                            Run::grown(trials, budget, policy())
                        })
                    });
                });
            }
        }
    }
    group.finish();
}

/// Time of so many turns in runs of about so many trials: a run that has grown by a tenth is left for a new one, so none comes
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

/// One of so many candidates to give up, where all are shown, as for a policy of one's own: by number of candidates.
fn choices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("choose");
    let third = PromotionQuantile::from_reduction_factor(3).expect("a promotion quantile");
    let policies: [Policy; 2] = [
        || Box::new(RankAware::default()),
        || Box::new(Speculative::default()),
    ];
    for count in [10, 100, 1000] {
        let positions = ranked(count, third);
        let candidates: Vec<_> = positions.iter().map(candidate).collect();
        group.throughput(Throughput::Elements(count as u64));
        for policy in policies {
            let mut policy = policy();
            group.bench_function(BenchmarkId::new(policy.name(), count), |bencher| {
                let need = Need {
                    checkpoints: 1,
                    bytes: 0,
                };
                bencher.iter(|| policy.choose(black_box(&candidates), need, 1.0));
            });
        }
    }
    group.finish();
}

/// A candidate at a level that goes with the length of its rung.
fn candidate(position: &RankedPosition) -> Candidate<'static> {
    let quantile = position.promotion_quantile;
    Candidate {
        trial_id: "7",
        level: 2187 / position.rung_len.max(1) + 1,
        rank: position.rank,
        num_better: position.num_better,
        rung_len: position.rung_len,
        promotion_quantile: quantile,
        bad_metric: false,
        bytes: 0,
    }
}

criterion_group!(benches, per_report, choices);
criterion_main!(benches);
