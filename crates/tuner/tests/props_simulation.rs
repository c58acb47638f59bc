//! Laws of simulated runs, on random tables of curves.

mod simulation_tables;

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use proptest::prelude::*;
use rungkeeper_rung_model::{Brackets, Decision, Mode};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner::simulation::{Cell, Conditions, Curves, Draw, Levels, Retraining};
use rungkeeper_tuner_hooks::Limits;
use rungkeeper_tuner_hooks::log::Event;
use simulation_tables::{POLICIES, checked, curves, end, header, logged, removals, schedule};

/// Metrics from few values, so that there are ties and bad ones; seconds that may be 0.
fn tables() -> impl Strategy<Value = Curves> {
    let point = (0u32..12, 0u32..4);
    let trial = (prop::collection::vec(point, 5), 1usize..=5);
    let mode = prop_oneof![Just(Mode::Min), Just(Mode::Max)];
    (prop::collection::vec(trial, 1..60), mode).prop_map(|(trials, mode)| {
        let mut rows = String::new();
        for (trial, (points, length)) in trials.iter().enumerate() {
            for (place, (metric, seconds)) in points.iter().take(*length).enumerate() {
                let metric = if *metric == 11 {
                    "nan".to_owned()
                } else {
                    metric.to_string()
                };
                let resource = 1 << place;
                writeln!(rows, "{trial},{resource},{metric},{seconds}").unwrap();
            }
        }
        curves(&rows, mode)
    })
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let limits = prop_oneof![
        Just(Limits::default()),
        (1u64..100).prop_map(|n| Limits {
            trials: Some(n),
            ..Limits::default()
        }),
        (1u64..100).prop_map(|n| Limits {
            reports: Some(n),
            ..Limits::default()
        }),
        (1u64..300).prop_map(|n| Limits {
            resource: Some(n),
            ..Limits::default()
        }),
        (1u32..100).prop_map(|n| Limits {
            seconds: Some(n.into()),
            ..Limits::default()
        }),
    ];
    (limits, any::<[bool; 3]>(), 1usize..=2).prop_map(
        |(limits, [replacement, linear, own_rungs], number)| Conditions {
            promotion_rule: if linear {
                PromotionRule::LinearQuantile
            } else {
                PromotionRule::TopFraction
            },
            brackets: Brackets { number, own_rungs },
            draw: if replacement && limits != Limits::default() {
                Draw::WithReplacement
            } else {
                Draw::WithoutReplacement
            },
            limits: if replacement && limits.seconds.is_some() {
                // All curves may take no time at all.
                Limits {
                    trials: Some(80),
                    ..limits
                }
            } else {
                limits
            },
            ..Conditions::default()
        },
    )
}

fn cells() -> impl Strategy<Value = Cell> {
    (1u64..6, 0u64..12, any::<u64>(), 0..POLICIES.len(), 2u64..4).prop_map(
        |(workers, more, seed, policy, eta)| Cell {
            levels: Levels::geometric(eta),
            workers,
            budget: workers + more,
            seed,
            policy: POLICIES[policy].parse().unwrap(),
        },
    )
}

/// Curves of which at least one goes on beyond two rungs of any reduction factor.
fn long_enough(curves: &Curves) -> bool {
    curves.table.max_resource() >= 8
}

/// Events as text: bad metrics are NaN, which equals nothing.
fn text(events: &[Event]) -> String {
    format!("{events:?}")
}

/// Checks that no promotion is out of turn, from the log alone.
fn check_promotions(events: &[Event]) {
    let levels: Vec<u64> = header(events).rungs.iter().map(|rung| rung.level).collect();
    let mut paused: HashMap<&str, u64> = HashMap::new();
    let mut left: HashSet<(&str, u64)> = HashSet::new();
    let mut highest: HashMap<&str, u64> = HashMap::new();
    for event in events {
        match event {
            Event::Result {
                trial,
                level,
                decision: Decision::Pause,
                ..
            } => {
                if let Some(&before) = highest.get(trial.as_str()) {
                    let next = levels.iter().position(|&l| l == before).unwrap() + 1;
                    assert_eq!(levels[next], *level, "trial {trial} skipped a rung");
                }
                highest.insert(trial, *level);
                paused.insert(trial, *level);
            }
            Event::Resume { trial, .. } => {
                let level = paused
                    .remove(trial.as_str())
                    .expect("only paused trials are resumed");
                assert!(
                    left.insert((trial, level)),
                    "trial {trial} promoted twice from {level}"
                );
            }
            Event::Start { trial, .. } | Event::Complete { trial, .. } => {
                paused.remove(trial.as_str());
            }
            _ => {}
        }
    }
}

/// Counts what the log tells of running trials and checkpoints at each loop end and at the end.
fn check_budget(events: &[Event]) {
    let workers = header(events).workers as usize;
    let budget = header(events).budget.max_checkpoints.unwrap() as usize;
    let (mut running, mut held) = (HashSet::new(), HashSet::new());
    for event in events {
        match event {
            Event::Start { trial, .. } | Event::Resume { trial, .. } => {
                running.insert(trial);
                held.insert(trial);
            }
            Event::Result {
                trial, decision, ..
            } if *decision != Decision::Continue => {
                running.remove(trial);
                if *decision == Decision::Stop {
                    held.remove(trial);
                }
            }
            Event::Complete { trial, .. } => {
                running.remove(trial);
                held.remove(trial);
            }
            Event::Remove { removal, .. } => {
                assert!(
                    !running.contains(&removal.trial),
                    "the checkpoint of a running trial"
                );
                assert!(held.remove(&removal.trial), "a checkpoint that is not held");
            }
            Event::LoopEnd(_) => assert_eq!(held.len(), budget),
            _ => {}
        }
        assert!(running.len() <= workers);
        assert!(held.len() <= budget + workers);
    }
}

proptest! {
    #[test]
    fn log_agrees_with_its_own_replay(
        table in tables(), conditions in conditions(), cell in cells(), frozen: bool,
    ) {
        prop_assume!(long_enough(&table));
        let retraining = if frozen { Retraining::Frozen } else { Retraining::TakesTime };
        let conditions = Conditions { retraining, ..conditions };
        let (simulated, events) = logged(&table, &conditions, &cell);
        let comparison = checked(&events);
        prop_assert!(comparison.passes(), "{:?}", comparison);
        prop_assert_eq!(comparison.agree, comparison.loop_ends);
        prop_assert_eq!(comparison.resumed_match, Some(true));
        let result = simulated.result;
        let end = end(&events);
        prop_assert_eq!(result.cost_resources, end.extra_results.cost_resources);
        prop_assert_eq!(result.removed as usize, removals(&events).len());
        let points = &result.held_over_time;
        prop_assert!(points.len() <= 400 && points.is_sorted_by(|a, b| a.0 <= b.0));
        prop_assert!(points.iter().all(|point| point.1 <= cell.budget));
    }

    #[test]
    fn promotions_and_budget_are_kept(
        table in tables(), conditions in conditions(), cell in cells(), frozen: bool,
    ) {
        prop_assume!(long_enough(&table));
        let retraining = if frozen { Retraining::Frozen } else { Retraining::TakesTime };
        let conditions = Conditions { retraining, ..conditions };
        let (simulated, events) = logged(&table, &conditions, &cell);
        check_promotions(&events);
        check_budget(&events);
        prop_assert!(simulated.result.peak_checkpoints <= cell.budget + cell.workers);
    }

    #[test]
    fn frozen_schedules_are_the_same_for_all_and_the_optimum_is_below(
        table in tables(), conditions in conditions(), cell in cells(), more in 0u64..8,
    ) {
        prop_assume!(long_enough(&table));
        let conditions = Conditions { retraining: Retraining::Frozen, ..conditions };
        let (first, events) = logged(&table, &conditions, &cell);
        let known = first.schedule.unwrap();
        for policy in POLICIES {
            let budget = cell.budget + more;
            let other = Cell { budget, policy: policy.parse().unwrap(), ..cell.clone() };
            let (simulated, other_events) = logged(&table, &conditions, &other);
            prop_assert_eq!(text(&schedule(&events)), text(&schedule(&other_events)));
            prop_assert_eq!(simulated.schedule.as_ref(), Some(&known));
            prop_assert!(known.optimum(budget).unwrap() <= simulated.result.cost_resources);
        }
        prop_assert_eq!(known.optimum(u64::MAX).unwrap(), 0);
        prop_assert!(known.optimum(cell.budget).unwrap() >= known.optimum(cell.budget + more).unwrap());
    }

    #[test]
    fn training_is_counted_once(table in tables(), cell in cells()) {
        prop_assume!(long_enough(&table));
        // With room for all, both ways are one; and nothing is lost.
        let cell = Cell { budget: 1_000, ..cell };
        let (live, events) = logged(&table, &Conditions::default(), &cell);
        let frozen = Conditions { retraining: Retraining::Frozen, ..Conditions::default() };
        let (other, other_events) = logged(&table, &frozen, &cell);
        prop_assert_eq!(&live.result, &other.result);
        prop_assert_eq!(text(&events), text(&other_events));
        prop_assert_eq!((live.result.removed, live.result.cost_resources), (0, 0));
        let mut highest: HashMap<&str, u64> = HashMap::new();
        for event in &events {
            if let Event::Result { trial, level, .. } = event {
                highest.insert(trial, *level);
            }
        }
        prop_assert_eq!(live.result.trained_resources, highest.values().sum::<u64>());
    }
}
