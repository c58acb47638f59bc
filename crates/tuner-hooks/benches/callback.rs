//! Time of the removal callback per report, loop end included, in a run that grows.

use std::collections::BinaryHeap;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rungkeeper_tuner_hooks::{
    Budget, ByLevel, CheckpointTracking, Decision, Limits, ModelSpec, RemovalCallback,
    RemovalPolicy, Speculative, TrialResult, TunerCallback,
};

type Policy = fn() -> Box<dyn RemovalPolicy>;

const WORKERS: u64 = 16;
const REPORTS: u64 = 1_000;
const LEVELS: [u64; 4] = [1, 3, 9, 27];

/// A small promotion scheduler around the callback: 16 workers, rungs 1, 3, 9, 27, and metrics
/// that spread evenly.
#[derive(Clone)]
struct Run {
    /// By rung: paused trials, best metric first, with the number recorded and promoted.
    paused: [BinaryHeap<std::cmp::Reverse<(u64, u64)>>; 4],
    recorded: [u64; 4],
    promoted: [u64; 4],
    /// Running trials and the rung (or the end, 4) each is on its way to.
    running: std::collections::VecDeque<(u64, usize)>,
    started: u64,
    turn: u64,
}

fn metric(trial: u64) -> u64 {
    trial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11
}

impl Run {
    fn new() -> Self {
        Self {
            paused: std::array::from_fn(|_| BinaryHeap::new()),
            recorded: [0; 4],
            promoted: [0; 4],
            running: std::collections::VecDeque::new(),
            started: 0,
            turn: 0,
        }
    }

    fn fill(&mut self, callback: &mut dyn TunerCallback) {
        while (self.running.len() as u64) < WORKERS {
            let rung = (0..4).rev().find(|&r| {
                3 * (self.promoted[r] + 1) <= self.recorded[r] && !self.paused[r].is_empty()
            });
            let task = if let Some(rung) = rung {
                let std::cmp::Reverse((_, trial)) = self.paused[rung].pop().unwrap();
                self.promoted[rung] += 1;
                callback.on_resume_trial(&trial.to_string()).unwrap();
                (trial, rung + 1)
            } else {
                self.started += 1;
                callback
                    .on_start_trial(&self.started.to_string(), 0)
                    .unwrap();
                (self.started, 0)
            };
            self.running.push_back(task);
        }
    }

    /// One report, the free worker, and the loop end.
    fn step(&mut self, callback: &mut dyn TunerCallback, elapsed: f64) {
        self.turn += 1;
        let (trial, rung) = self.running.pop_front().unwrap();
        let (level, decision) = match LEVELS.get(rung) {
            Some(&level) => (level, Decision::Pause),
            None => (81, Decision::Stop),
        };
        let value = metric(trial) as f64;
        let result = TrialResult {
            level,
            metric: value,
            decision,
        };
        callback
            .on_trial_result(&trial.to_string(), &result)
            .unwrap();
        if rung < 4 {
            self.recorded[rung] += 1;
            self.paused[rung].push(std::cmp::Reverse((metric(trial), trial)));
        }
        self.fill(callback);
        callback.on_loop_end(elapsed).unwrap();
    }
}

/// A run with so many trials started, and its callback.
fn grown(trials: u64, budget: u64, policy: Policy) -> (Run, RemovalCallback) {
    let spec = ModelSpec {
        checkpoints: CheckpointTracking::Assumed,
        ..ModelSpec::geometric(1, 3, 81).unwrap()
    };
    let limits = Limits {
        seconds: Some(8.0 * trials as f64),
        ..Limits::default()
    };
    let budget = Budget::of_checkpoints(budget);
    let mut callback = RemovalCallback::new(&spec, policy(), budget, limits, ()).unwrap();
    let mut run = Run::new();
    run.fill(&mut callback);
    while run.started < trials {
        let elapsed = run.turn as f64;
        run.step(&mut callback, elapsed);
    }
    (run, callback)
}

fn per_report(criterion: &mut Criterion) {
    let policies: [(&str, Policy); 2] = [
        ("speculative", || Box::new(Speculative::default())),
        ("by_level", || Box::new(ByLevel)),
    ];
    let mut group = criterion.benchmark_group("report_and_loop_end");
    group
        .throughput(Throughput::Elements(REPORTS))
        .sample_size(10);
    for (name, policy) in policies {
        for (trials, budget) in [(200, 50), (2_000, 50), (20_000, 50), (20_000, 1_000)] {
            let id = BenchmarkId::new(format!("{name}_budget_{budget}"), trials);
            group.bench_function(id, |bencher| {
                bencher.iter_batched(
                    || grown(trials, budget, policy),
                    |(mut run, mut callback)| {
                        for _ in 0..REPORTS {
                            let elapsed = run.turn as f64;
                            run.step(&mut callback, elapsed);
                        }
                        (run, callback)
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, per_report);
criterion_main!(benches);
