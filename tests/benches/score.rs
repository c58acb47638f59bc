//! Time per candidate: the default path by number of candidates, and each method by cut-off.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_score::{
    PausedPosition, PromotionQuantile, RankedPosition, ResumeProbability, ScoreError,
    ScoreSettings,
    methods::{closed_form, quadratic, step_wise},
};
use rungkeeper_tests::benches::{no_cut_off, positions, ranked, score, score_by_ranks, settings};

fn third() -> PromotionQuantile {
    PromotionQuantile::from_reduction_factor(3).expect("a promotion quantile")
}

fn default_path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resume_probability");
    for count in [10, 100, 1000] {
        let positions = positions(count, third());
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| score(black_box(&positions), &settings(Some(25))));
        });
    }
    group.finish();
}

/// The score without p: candidates rung by rung, and each in a rung of its own length, where nothing
/// is kept from one to the next.
fn rank_aware(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rank_aware");
    let mut measure = |name: String, positions: Vec<RankedPosition>| {
        group.throughput(Throughput::Elements(positions.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| score_by_ranks(black_box(&positions)));
        });
    };
    for count in [10, 100, 1000] {
        measure(count.to_string(), ranked(count, third()));
    }
    let apart = positions(1000, third()).into_iter();
    let apart = apart.map(|position| RankedPosition {
        rank: position.rank,
        num_better: position.rank - 1,
        rung_len: position.rung_len,
        promotion_quantile: position.promotion_quantile,
        time_ratio: position.time_ratio,
    });
    measure("1000 in rungs of their own".to_owned(), apart.collect());
    let two_fifths = PromotionQuantile::new(2, 5).expect("a promotion quantile");
    measure("100, alpha 2/5".to_owned(), ranked(100, two_fifths));
    group.finish();
}

/// A million arrivals to come, no cut-off: p away from 1/eta, and next to it, where the series converges
/// slowly.
fn without_cut_off(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no_cut_off");
    for p in [0.4, 0.34, 1.0 / 3.0, 0.33, 0.25] {
        let positions = no_cut_off(100, third(), p);
        group.throughput(Throughput::Elements(positions.len() as u64));
        let label = format!("p {p:.4}");
        group.bench_function(BenchmarkId::from_parameter(label), |bencher| {
            bencher.iter(|| score(black_box(&positions), &settings(None)));
        });
    }
    group.finish();
}

type Method = fn(&PausedPosition, &ScoreSettings) -> Result<ResumeProbability, ScoreError>;

fn methods(criterion: &mut Criterion) {
    let methods: [(&str, Method, u64, u64); 5] = [
        ("closed_form", closed_form, 1, 3),
        ("quadratic", quadratic, 1, 3),
        ("step_wise", step_wise, 1, 3),
        ("quadratic, 2/5", quadratic, 2, 5),
        ("quadratic, 3/8", quadratic, 3, 8),
    ];
    for (name, method, a, b) in methods {
        let mut group = criterion.benchmark_group(name);
        let quantile = PromotionQuantile::new(a, b).expect("a promotion quantile");
        for approx_steps in [Some(5), Some(25), Some(100), None] {
            let count = if approx_steps.is_some() { 100 } else { 10 };
            let positions = positions(count, quantile);
            let settings = settings(approx_steps);
            group.throughput(Throughput::Elements(count as u64));
            let label = approx_steps.map_or("none".to_owned(), |steps| steps.to_string());
            group.bench_function(BenchmarkId::from_parameter(label), |bencher| {
                bencher.iter(|| {
                    let scores = positions.iter().map(|position| {
                        let probability =
                            method(black_box(position), &settings).expect("a valid position");
                        probability.ln_probability()
                    });
                    scores.sum::<f64>()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, default_path, rank_aware, without_cut_off, methods);
criterion_main!(benches);
