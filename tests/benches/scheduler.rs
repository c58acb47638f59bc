//! Time of a task with its report, when a rung holds a million trials.
#![allow(missing_docs)] // `criterion_group!` writes a public function without docs

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_rung_model::Brackets;
use rungkeeper_tests::benches::spread;
use rungkeeper_tuner::scheduler::{
    PromotionRule, PromotionScheduler, PromotionSpec, Scheduler, Task,
};
use rungkeeper_tuner::search_space::SearchSpace;

/// One worker: a task, its report at the milestone, and so on.
fn turn(scheduler: &mut PromotionScheduler, reports: &mut u64) {
    let (Task::Start {
        trial, milestone, ..
    }
    | Task::Resume {
        trial, milestone, ..
    }) = scheduler.next_task().unwrap()
    else {
        return;
    };
    *reports += 1;
    let verdict = scheduler.on_report(&trial, milestone, spread(*reports));
    black_box(verdict.unwrap());
}

fn scheduler(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scheduler");
    group.sample_size(20).throughput(Throughput::Elements(1));
    for (name, rule, own_rungs) in [
        ("top_fraction", PromotionRule::TopFraction, false),
        ("linear_quantile", PromotionRule::LinearQuantile, false),
        ("top_fraction_5_brackets", PromotionRule::TopFraction, true),
    ] {
        let mut spec = PromotionSpec::geometric(1, 3, 243).unwrap();
        spec.rule = rule;
        let number = if own_rungs { 5 } else { 1 };
        spec.model.brackets = Brackets { number, own_rungs };
        let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap();
        let mut reports = 0;
        while scheduler.model().num_trials() < 1_000_000 {
            turn(&mut scheduler, &mut reports);
        }
        group.bench_function(name, |b| b.iter(|| turn(&mut scheduler, &mut reports)));
    }
    group.finish();
}

criterion_group!(benches, scheduler);
criterion_main!(benches);
