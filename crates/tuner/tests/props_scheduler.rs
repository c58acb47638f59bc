//! Laws of the promotion scheduler over random runs: any number of workers, ties, bad metrics,
//! skipped rungs, crashes, training from scratch.

mod naive_scheduler;

use std::collections::{HashMap, HashSet};

use naive_scheduler::{Event, Naive, Step, Tuner, number, signed, specs, steps};
use proptest::prelude::*;
use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::scheduler::{
    PromotionRule, PromotionScheduler, PromotionSpec, Scheduler, Task,
};
use rungkeeper_tuner::search_space::{Domain, SearchSpace};

fn space() -> SearchSpace {
    SearchSpace::new([("x".to_owned(), Domain::Int { low: 0, high: 999 })]).unwrap()
}

fn scheduler(spec: &PromotionSpec) -> PromotionScheduler {
    PromotionScheduler::new(spec, space()).unwrap()
}

fn run(spec: &PromotionSpec, workers: usize, steps: &[Step]) -> Vec<Event> {
    let mut tuner = Tuner::new(workers);
    tuner.run(&mut scheduler(spec), steps);
    tuner.log
}

/// Tells a new scheduler what happened.
fn adopt(scheduler: &mut dyn Scheduler, log: &[Event]) {
    for event in log {
        match event {
            Event::Task(Task::Start {
                trial,
                bracket,
                configuration,
                ..
            }) => scheduler
                .adopt_start(trial, *bracket, configuration)
                .unwrap(),
            Event::Task(Task::Resume { trial, .. }) => scheduler.adopt_resume(trial).unwrap(),
            Event::Task(_) => {}
            Event::Report {
                trial,
                resource,
                metric,
                decision,
            } => {
                let verdict = scheduler.on_report(trial, *resource, *metric).unwrap();
                assert_eq!(verdict.decision, *decision);
            }
            Event::Restart(trial) => scheduler.on_restart(trial).unwrap(),
            Event::Complete(trial) => scheduler.on_complete(trial).unwrap(),
            Event::Failed(trial) => scheduler.on_failed(trial).unwrap(),
        }
    }
}

/// Trials promoted from each rung, and its length at the time: (system, level) to the list.
type Promotions = HashMap<(usize, u64), Vec<(usize, u64)>>;

/// Calls `at_promotion` with the plain rung of each promotion, after it.
fn promotions(
    spec: &PromotionSpec,
    log: &[Event],
    mut at_promotion: impl FnMut(&naive_scheduler::NaiveRung, usize),
) -> Promotions {
    let mut naive = Naive::new(spec);
    let mut found = Promotions::new();
    for event in log {
        naive.follow(event);
        if let Event::Task(Task::Resume { trial, level, .. }) = event {
            let trial = number(trial);
            let system = naive.trials[trial].system;
            let rung = naive.systems[system].iter().find(|r| r.level == *level);
            let rung = rung.unwrap();
            at_promotion(rung, trial);
            let length = rung.entries.len() as u64;
            found
                .entry((system, *level))
                .or_default()
                .push((trial, length));
        }
    }
    found
}

/// Most entries that may be at least as good as one that is promoted, by the rule: floor(alpha n), or
/// floor(alpha (n - 1)) + 1 where there are no ties.
fn quota(rule: PromotionRule, (a, b): (i64, i64), length: i64) -> i64 {
    if rule == PromotionRule::TopFraction {
        a * length / b
    } else {
        a * (length - 1) / b + 1
    }
}

proptest! {
    #[test]
    fn tasks_are_those_of_plain_sorted_vectors(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let mut naive = Naive::new(&spec);
        for event in run(&spec, workers, &steps) {
            naive.follow(&event);
        }
    }

    #[test]
    fn no_trial_is_promoted_twice_from_a_rung_and_none_skips_one(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let levels: Vec<u64> = spec.model.rungs.iter().map(|rung| rung.level).collect();
        let after = |level: u64| {
            let next = levels.iter().copied().find(|&next| next > level);
            next.unwrap_or(spec.max_resource)
        };
        let mut expected = HashMap::new();
        for event in run(&spec, workers, &steps) {
            match event {
                Event::Task(Task::Start { trial, bracket, milestone, .. }) => {
                    prop_assert_eq!(milestone, levels[bracket]);
                    prop_assert!(expected.insert(trial, milestone).is_none());
                }
                Event::Task(Task::Resume { trial, level, milestone }) => {
                    let before = expected.insert(trial, milestone);
                    prop_assert_eq!(before, Some(level));
                    prop_assert_eq!(milestone, after(level));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_worker_starts_or_waits_while_a_trial_can_be_promoted(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let mut naive = Naive::new(&spec);
        for event in run(&spec, workers, &steps) {
            if !matches!(event, Event::Task(Task::Resume { .. })) && matches!(event, Event::Task(_)) {
                prop_assert_eq!(naive.promotable(), []);
            }
            naive.follow(&event);
        }
    }

    #[test]
    fn promotions_are_within_the_quota_at_the_time(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let rule = spec.rule;
        let log = run(&spec, workers, &steps);
        promotions(&spec, &log, |rung, trial| {
            let quota = quota(rule, rung.alpha, signed(rung.entries.len()));
            let own = rung.entries.iter().find(|e| e.trial == trial).unwrap();
            let better = rung.entries.iter().filter(|e| e.metric < own.metric);
            assert!(signed(better.count()) < quota);
            let as_good = rung.entries.iter().filter(|e| e.promoted && e.metric <= own.metric);
            assert!(rule == PromotionRule::LinearQuantile || signed(as_good.count()) <= quota);
        });
    }

    /// When each report is worse than all before, no promoted trial is ever overtaken, so the
    /// number promoted keeps to the quota at any time.
    #[test]
    fn with_worsening_arrivals_the_number_promoted_keeps_to_the_quota(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let worse = |(place, step): (usize, Step)| {
            let sign = if spec.model.mode == Mode::Min { 1.0 } else { -1.0 };
            Step { metric: sign * place as f64, ..step }
        };
        let steps: Vec<Step> = steps.into_iter().enumerate().map(worse).collect();
        let log = run(&spec, workers, &steps);
        promotions(&spec, &log, |rung, _| {
            let promoted = rung.entries.iter().filter(|entry| entry.promoted).count();
            assert!(signed(promoted) <= quota(spec.rule, rung.alpha, signed(rung.entries.len())));
        });
    }

    #[test]
    fn bad_metrics_and_ended_trials_are_never_promoted(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let mut never = HashSet::new();
        for event in run(&spec, workers, &steps) {
            match event {
                Event::Report { trial, metric, decision, .. } => {
                    if !metric.is_finite() && decision != rungkeeper_rung_model::Decision::Continue {
                        never.insert(trial);
                    }
                }
                Event::Complete(trial) | Event::Failed(trial) => {
                    never.insert(trial);
                }
                Event::Task(Task::Resume { trial, .. }) => {
                    prop_assert!(!never.contains(&trial));
                }
                Event::Task(_) | Event::Restart(_) => {}
            }
        }
    }

    #[test]
    fn min_and_max_mirrored_give_the_same_tasks(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let mut mirrored = spec.clone();
        mirrored.model.mode = match spec.model.mode {
            Mode::Min => Mode::Max,
            Mode::Max => Mode::Min,
        };
        let mirror = |step: &Step| Step { metric: 1.0 - step.metric, ..step.clone() };
        let other: Vec<Step> = steps.iter().map(mirror).collect();
        let tasks = |log: Vec<Event>| -> Vec<Event> {
            log.into_iter().filter(|event| matches!(event, Event::Task(_))).collect()
        };
        prop_assert_eq!(tasks(run(&spec, workers, &steps)), tasks(run(&mirrored, workers, &other)));
    }

    #[test]
    fn the_same_seed_gives_the_same_tasks(
        spec in specs(), workers in 1..8usize, steps in steps(),
    ) {
        let first = format!("{:?}", run(&spec, workers, &steps));
        prop_assert_eq!(first, format!("{:?}", run(&spec, workers, &steps)));
    }

    #[test]
    fn recovery_goes_on_as_the_uninterrupted_run(
        spec in specs(), workers in 1..8usize, steps in steps(), cut in 0..300usize,
    ) {
        let (before, after) = steps.split_at(cut.min(steps.len()));
        let mut tuner = Tuner::new(workers);
        let mut uninterrupted = scheduler(&spec);
        tuner.run(&mut uninterrupted, before);
        let mut recovered = scheduler(&spec);
        adopt(&mut recovered, &tuner.log);
        let mut second = tuner.clone();
        tuner.run(&mut uninterrupted, after);
        second.run(&mut recovered, after);
        prop_assert_eq!(format!("{:?}", tuner.log), format!("{:?}", second.log));
    }
}
