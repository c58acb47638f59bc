//! Time per candidate: the default path by number of candidates, and each method by cut-off.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rungkeeper_score::{
    PausedPosition, PromotionQuantile, ResumeProbability, ScoreError, ScoreSettings, closed_form,
    quadratic, resume_probabilities, step_wise,
};

/// Rungs of 200 to 2000 trials, ranks from the last promotable one to the worst.
fn positions(count: usize, promotion_quantile: PromotionQuantile) -> Vec<PausedPosition> {
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    (0..count)
        .map(|_| {
            let rung_len = rng.random_range(200..=2000);
            PausedPosition {
                rank: rng.random_range(rung_len / 3..=rung_len),
                rung_len,
                promotion_quantile,
                p: 0.4,
                time_ratio: 1.0,
            }
        })
        .collect()
}

fn settings(approx_steps: Option<u32>) -> ScoreSettings {
    ScoreSettings {
        approx_steps,
        ..ScoreSettings::default()
    }
}

fn third() -> PromotionQuantile {
    PromotionQuantile::from_reduction_factor(3).expect("a promotion quantile")
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resume_probabilities");
    for count in [10, 100, 1000] {
        let positions = positions(count, third());
        let mut probabilities = Vec::new();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                resume_probabilities(
                    black_box(&positions),
                    &settings(Some(25)),
                    &mut probabilities,
                )
                .expect("valid positions");
                probabilities.last().copied()
            });
        });
    }
    group.finish();
}

type Method = fn(&PausedPosition, &ScoreSettings) -> Result<ResumeProbability, ScoreError>;

fn methods(criterion: &mut Criterion) {
    let methods: [(&str, Method, u64); 4] = [
        ("closed_form", closed_form, 1),
        ("quadratic", quadratic, 1),
        ("step_wise", step_wise, 1),
        ("quadratic, 3/8", quadratic, 3),
    ];
    for (name, method, numerator) in methods {
        let mut group = criterion.benchmark_group(name);
        let quantile = if numerator == 1 {
            third()
        } else {
            PromotionQuantile::new(numerator, 8).expect("a promotion quantile")
        };
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

criterion_group!(benches, batches, methods);
criterion_main!(benches);
