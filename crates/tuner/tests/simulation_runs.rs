//! Simulated runs: what happens when, told by their logs.

mod simulation_tables;

use std::fmt::Write;

use rungkeeper_rung_model::{Brackets, Decision, Mode};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner::simulation::{
    Conditions, Draw, LevelLosses, Levels, Retraining, SimulationError, simulate,
};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Limits, PolicySpec};
use simulation_tables::{
    POLICIES, cell, checked, crossing, curves, end, frozen, header, logged, real_curves, removals,
    result, rows_of, schedule,
};

/// Reports of a log as (trial, resource, metric, decision, time).
fn reports(events: &[Event]) -> Vec<(String, u64, f64, Decision, f64)> {
    let report = |event: &Event| match event {
        Event::Result {
            trial,
            level,
            metric,
            decision,
            elapsed,
        } => Some((trial.clone(), *level, *metric, *decision, *elapsed)),
        _ => None,
    };
    events.iter().filter_map(report).collect()
}

#[test]
fn reports_come_at_listed_resources_and_take_the_listed_seconds() {
    let one = curves("a,2,0.5,4\na,4,0.4,6\na,8,0.3,10\n", Mode::Min);
    let (simulated, events) = logged(&one, &Conditions::default(), &cell("by_level", 4, 1, 1));
    let expected = [
        (2, 0.5, Decision::Pause, 4.0),
        // Nothing else to do, but 1 of 1 is not in the top quarter: the run ends here.
    ];
    let found: Vec<_> = reports(&events)
        .into_iter()
        .map(|r| (r.1, r.2, r.3, r.4))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(simulated.result.trained_seconds, 4.0);
    assert_eq!(end(&events).elapsed, 4.0);
}

#[test]
fn workers_that_never_have_a_trial_take_no_room() {
    let two = curves("a,1,0.5,1\na,4,0.4,6\nb,1,0.3,2\nb,4,0.2,7\n", Mode::Min);
    let of = |workers| {
        let cell = cell("by_level", 4, workers, workers);
        logged(&two, &Conditions::default(), &cell).1.split_off(1) // without the header
    };
    assert_eq!(of(1 << 31), of(2));
}

#[test]
fn resumed_trials_go_on_where_they_were() {
    // b is better: it is promoted from 1 when two are there, and reports at 2, then at the top.
    let two = curves(
        "a,1,0.5,1\na,2,0.5,1\na,4,0.5,2\nb,1,0.4,1\nb,2,0.3,1\nb,4,0.2,2\n",
        Mode::Min,
    );
    let mut cell = cell("by_level", 4, 1, 9);
    cell.levels = Levels::List(vec![1]);
    let (simulated, events) = logged(&two, &Conditions::default(), &cell);
    assert_eq!(simulated.result.resumed, 0); // alpha is 1/4
    cell.levels = Levels::List(vec![2]);
    let (simulated, events_2) = logged(&two, &Conditions::default(), &cell);
    let found: Vec<_> = reports(&events_2)
        .into_iter()
        .map(|r| (r.1, r.3, r.4))
        .collect();
    let expected = [
        (1, Decision::Continue, 1.0),
        (2, Decision::Pause, 2.0),
        (1, Decision::Continue, 3.0),
        (2, Decision::Pause, 4.0),
        (4, Decision::Stop, 6.0),
    ];
    assert_eq!(found, expected);
    assert_eq!(simulated.result.trained_resources, 2 + 4);
    assert_eq!(simulated.result.trained_seconds, 6.0);
    assert_eq!(reports(&events).len(), 2);
}

#[test]
fn levels_between_listed_resources_are_interpolated() {
    let one = curves(
        "a,2,0.5,4\na,4,0.4,6\na,8,0.3,10\nb,2,1,4\nb,4,1,6\nb,8,1,10\n",
        Mode::Min,
    );
    let mut cell = cell("by_level", 3, 2, 9);
    cell.levels = Levels::List(vec![3, 6]);
    let (_, events) = logged(&one, &Conditions::default(), &cell);
    let better = if reports(&events)[0].2 == 0.5 {
        "0"
    } else {
        "1"
    };
    let found: Vec<_> = reports(&events)
        .into_iter()
        .filter(|report| report.0 == better)
        .map(|r| (r.1, r.2, r.3, r.4))
        .collect();
    let expected = [
        (2, 0.5, Decision::Continue, 4.0),
        (3, 0.5, Decision::Pause, 7.0), // the metric at 2, half of the seconds from 2 to 4
        (4, 0.4, Decision::Continue, 10.0),
        (6, 0.4, Decision::Pause, 15.0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn trials_whose_curve_ends_early_are_complete() {
    let rows = "short,1,0.1,1\nlong,1,0.5,1\nlong,2,0.4,1\nother,1,0.6,1\nother,2,0.4,1\n";
    let table = curves(rows, Mode::Min);
    let (simulated, events) = logged(&table, &Conditions::default(), &cell("random", 2, 1, 1));
    let complete: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::Complete { .. }))
        .collect();
    assert_eq!(complete.len(), 1, "{events:?}");
    // The short one is the best, and yet not promoted.
    let promoted = reports(&events).into_iter().find(|report| report.1 == 2);
    assert!(promoted.is_none_or(|report| report.2 == 0.4));
    assert_eq!(simulated.result.started, 3);
    assert!(checked(&events).passes());
}

#[test]
fn each_curve_is_used_once_or_again() {
    let all = crossing(30);
    let once = result(&all, &Conditions::default(), &cell("by_level", 3, 3, 9));
    assert_eq!(once.started, 30);
    let again = Conditions {
        draw: Draw::WithReplacement,
        ..Conditions::default()
    };
    assert_eq!(result(&all, &again, &cell("by_level", 3, 3, 9)).started, 30);
    let longer = Conditions {
        limits: Limits {
            trials: Some(200),
            ..Limits::default()
        },
        ..again
    };
    assert_eq!(
        result(&all, &longer, &cell("by_level", 3, 3, 9)).started,
        200
    );
    let not_longer = Conditions {
        draw: Draw::WithoutReplacement,
        ..longer
    };
    assert_eq!(
        result(&all, &not_longer, &cell("by_level", 3, 3, 9)).started,
        30
    );
}

#[test]
fn seeds_give_orders() {
    let all = crossing(60);
    let with_seed = |seed| {
        let mut cell = cell("speculative", 3, 4, 8);
        cell.seed = seed;
        logged(&all, &Conditions::default(), &cell).1
    };
    assert_eq!(with_seed(3), with_seed(3));
    assert_ne!(schedule(&with_seed(3)), schedule(&with_seed(4)));
}

#[test]
fn stopped_by_count() {
    let all = crossing(300);
    let run = |limits: Limits| {
        let conditions = Conditions {
            limits,
            ..Conditions::default()
        };
        let (simulated, events) = logged(&all, &conditions, &cell("speculative", 3, 4, 10));
        let comparison = checked(&events);
        assert!(comparison.passes() && comparison.agree == comparison.loop_ends);
        assert!(comparison.loop_ends > 10);
        (simulated.result, end(&events).elapsed)
    };
    let none = Limits::default();
    let (drained, whole) = run(none);
    assert_eq!(drained.started, 300);
    let trials = run(Limits {
        trials: Some(100),
        ..none
    });
    assert_eq!(trials.0.started, 100);
    let reports = run(Limits {
        reports: Some(250),
        ..none
    });
    assert_eq!(reports.0.reports, 250);
    let seconds = run(Limits {
        seconds: Some(whole / 2.5),
        ..none
    });
    assert_eq!(seconds.1, whole / 2.5);
    let resource = run(Limits {
        resource: Some(400),
        ..none
    });
    // The last report may pass the limit by what it trained.
    let total = resource.0.trained_resources;
    assert!(
        resource.0.started < 300 && (300..=418).contains(&total),
        "{total}"
    );
}

#[test]
fn hundreds_of_trials() {
    let all = crossing(200);
    for policy in POLICIES {
        let result = result(&all, &Conditions::default(), &cell(policy, 3, 4, 8));
        assert_eq!(result.started, 200);
        assert!(result.peak_checkpoints <= 8 + 4);
        let held = result.held_over_time.iter().map(|&(_, held)| held);
        assert_eq!(held.max(), Some(8)); // full, and never more after a turn
        assert!(result.held_over_time.len() <= 400);
    }
}

#[test]
fn three_at_once() {
    // All trials take the same time, so three pause in one turn and three more start.
    let rows = rows_of(30, |trial| {
        format!("{trial},1,{},5\n{trial},3,0.1,5\n", trial % 7)
    });
    let result = result(
        &curves(&rows, Mode::Min),
        &Conditions::default(),
        &cell("speculative", 3, 3, 3),
    );
    assert_eq!(result.peak_checkpoints, 3 + 3);
    assert!(result.held_over_time.iter().all(|&(_, held)| held <= 3));
}

#[test]
fn removals_come_last_in_a_turn() {
    // All seconds are positive, so what happens at one time is one turn.
    let all = crossing(100);
    for policy in POLICIES {
        let (_, events) = logged(&all, &Conditions::default(), &cell(policy, 3, 3, 6));
        let kind = |event: &Event| match event {
            Event::Result { .. } | Event::Complete { .. } => 0,
            Event::Start { .. } | Event::Resume { .. } => 1,
            Event::Remove { .. } => 2,
            Event::LoopEnd(_) => 3,
            _ => 4,
        };
        for turn in events.chunk_by(|one, next| one.elapsed() == next.elapsed()) {
            assert!(turn.is_sorted_by_key(kind), "{turn:?}");
        }
        assert!(removals(&events).len() > 50);
    }
}

#[test]
fn two_rules() {
    let all = crossing(150);
    let events = [PromotionRule::TopFraction, PromotionRule::LinearQuantile].map(|rule| {
        let conditions = Conditions {
            promotion_rule: rule,
            ..Conditions::default()
        };
        let (_, events) = logged(&all, &conditions, &cell("speculative", 3, 4, 10));
        assert_eq!(header(&events).settings.promotion_rule, rule); // the score's, too
        let comparison = checked(&events);
        assert!(comparison.passes() && comparison.agree == comparison.loop_ends);
        schedule(&events)
    });
    assert_ne!(events[0], events[1]);
}

#[test]
fn min_is_max_mirrored() {
    for min in real_curves() {
        let mut rows = String::new();
        for curve in min.table.curves() {
            for point in curve.points() {
                let (metric, seconds) = (1.0 - point.metric, point.seconds);
                let (id, resource) = (curve.id(), point.resource);
                writeln!(rows, "{id},{resource},{metric},{seconds}").unwrap();
            }
        }
        let mirrored = curves(&rows, Mode::Min);
        let of = |curves| {
            let (_, events) = logged(
                curves,
                &Conditions::default(),
                &cell("speculative", 4, 4, 9),
            );
            removals(&events)
        };
        assert!(of(&min).len() > 100);
        assert_eq!(of(&min), of(&mirrored));
    }
}

#[test]
fn random_has_its_own_stream() {
    let all = crossing(200);
    let schedules = POLICIES.map(|policy| {
        let (_, events) = logged(&all, &frozen(), &cell(policy, 3, 4, 8));
        schedule(&events)
    });
    assert!(schedules.iter().all(|schedule| *schedule == schedules[0]));
}

#[test]
fn retrained_is_no_arrival() {
    let all = crossing(200);
    let (simulated, events) = logged(&all, &Conditions::default(), &cell("random", 3, 4, 6));
    assert!(simulated.result.resumed_without_checkpoint > 10);
    // Old rungs are reported again, and each trial is in each rung once.
    let first: usize = reports(&events)
        .iter()
        .filter(|report| report.1 == 1)
        .count();
    let lost = simulated.result.resumed_without_checkpoint as usize;
    assert!(first > 200 && first <= 200 + lost);
    let comparison = checked(&events);
    assert!(comparison.passes() && comparison.agree == comparison.loop_ends);
}

#[test]
fn losses_add_up() {
    for conditions in [Conditions::default(), frozen()] {
        let all = crossing(300);
        let result = result(&all, &conditions, &cell("random", 3, 4, 7));
        let sum = |part: fn(&LevelLosses) -> u64| -> u64 {
            result.losses_by_level.iter().map(part).sum()
        };
        let levels: Vec<u64> = result
            .losses_by_level
            .iter()
            .map(|losses| losses.level)
            .collect();
        assert_eq!(levels, [1, 3, 9]);
        assert_eq!(
            sum(|losses| losses.trials),
            result.resumed_without_checkpoint
        );
        assert_eq!(sum(|losses| losses.resources), result.cost_resources);
        assert!(
            result
                .losses_by_level
                .iter()
                .all(|l| l.resources == l.trials * l.level)
        );
        assert!(result.resumed_without_checkpoint > 10, "{result:?}");
        // Each unit takes a second at least, in these curves.
        assert!(
            result.cost_seconds >= result.cost_resources as f64,
            "{result:?}"
        );
    }
}

#[test]
fn training_again_takes_time_unless_frozen() {
    let all = crossing(200);
    let elapsed = |conditions: &Conditions, budget| {
        let (_, events) = logged(&all, conditions, &cell("random", 3, 1, budget));
        end(&events).elapsed
    };
    let live = Conditions::default();
    assert_eq!(elapsed(&frozen(), 2), elapsed(&frozen(), 200));
    assert_eq!(elapsed(&live, 200), elapsed(&frozen(), 200)); // nothing is lost
    let lost = result(&all, &live, &cell("random", 3, 1, 2)).cost_seconds;
    // With one worker the schedule itself stays the same, and is longer by what was lost.
    let longer = elapsed(&live, 2) - elapsed(&live, 200);
    assert!(
        lost > 0.0 && (longer - lost).abs() < 1e-6 * lost,
        "{longer} {lost}"
    );
}

#[test]
fn brackets_can_be_simulated() {
    let all = crossing(200);
    for own_rungs in [false, true] {
        let conditions = Conditions {
            brackets: Brackets {
                number: 3,
                own_rungs,
            },
            ..Conditions::default()
        };
        let (simulated, events) = logged(&all, &conditions, &cell("speculative", 3, 4, 10));
        let used = |bracket| {
            events
                .iter()
                .any(|e| matches!(e, Event::Start { bracket: b, .. } if *b == bracket))
        };
        assert!(used(0) && used(1) && used(2));
        assert_eq!(simulated.result.losses_by_level.len(), 3);
        let comparison = checked(&events);
        assert!(comparison.passes() && comparison.agree == comparison.loop_ends);
    }
}

#[test]
fn bad_metrics_are_never_promoted() {
    let rows = rows_of(40, |trial| {
        let metric = if trial % 2 == 0 { "nan" } else { "0.5" };
        format!("{trial},1,{metric},1\n{trial},2,0.1,1\n")
    });
    for mode in [Mode::Min, Mode::Max] {
        let table = curves(&rows, mode);
        let (_, events) = logged(
            &table,
            &Conditions::default(),
            &cell("speculative", 2, 2, 4),
        );
        let good: Vec<String> = reports(&events)
            .into_iter()
            .filter(|report| report.1 == 1 && report.2 == 0.5)
            .map(|report| report.0)
            .collect();
        assert_eq!(good.len(), 20);
        let resumed = events.iter().filter_map(|event| match event {
            Event::Resume { trial, .. } => Some(trial),
            _ => None,
        });
        assert!(resumed.into_iter().all(|trial| good.contains(trial)));
    }
}

#[test]
fn unusable_settings_are_refused() {
    let all = crossing(20);
    let message = |conditions: &Conditions, cell: &_| {
        simulate(&all, conditions, cell).unwrap_err().to_string()
    };
    let live = Conditions::default();
    assert_eq!(
        message(&live, &cell("speculative", 3, 4, 2)),
        "the budget is 2 checkpoints, but 4 workers hold one each: the smallest budget that works \
         is 4"
    );
    assert_eq!(
        message(&live, &cell("speculative", 3, 0, 2)),
        "the number of workers is 0, but must be at least 1"
    );
    let error = "speculativ".parse::<PolicySpec>().unwrap_err();
    assert!(error.to_string().contains("\"speculativ\""));
    let mut other = cell("random", 3, 2, 2);
    other.levels = Levels::List(vec![27]);
    assert!(message(&live, &other).contains("27"));
    other.levels = Levels::List(vec![]);
    assert!(!message(&live, &other).is_empty());
    let longer = Conditions {
        max_resource: Some(81),
        ..Conditions::default()
    };
    assert!(message(&longer, &cell("random", 3, 2, 2)).ends_with("it must be at most 27"));
    let no_time = Conditions {
        limits: Limits {
            seconds: Some(0.0),
            ..Limits::default()
        },
        ..Conditions::default()
    };
    assert!(message(&no_time, &cell("random", 3, 2, 2)).contains("seconds is 0"));
    let late = curves("a,2,1,1\na,4,1,1\n", Mode::Min);
    let mut early = cell("random", 2, 1, 1);
    early.levels = Levels::List(vec![1, 3]);
    let error = simulate(&late, &live, &early).unwrap_err();
    assert!(matches!(
        error,
        SimulationError::FirstLevel {
            level: 1,
            first: 2,
            ..
        }
    ));
}

#[test]
fn a_sink_that_fails_ends_the_run() {
    let mut left = 10;
    let outcome = rungkeeper_tuner::simulation::simulate_logged(
        &crossing(20),
        &Conditions::default(),
        &cell("random", 3, 2, 2),
        &mut |_| {
            left -= 1;
            if left == 0 {
                Err("disk full".into())
            } else {
                Ok(())
            }
        },
    );
    let message = outcome.unwrap_err().to_string();
    assert_eq!(message, "the event log could not be written: disk full");
}

#[test]
fn frozen_is_said_by_the_schedule() {
    let all = crossing(50);
    let schedule = |retraining| {
        let conditions = Conditions {
            retraining,
            ..Conditions::default()
        };
        simulate(&all, &conditions, &cell("random", 3, 2, 4))
            .unwrap()
            .schedule
    };
    assert_eq!(schedule(Retraining::TakesTime), None);
    let frozen = schedule(Retraining::Frozen).unwrap();
    let result = result(&all, &simulation_tables::frozen(), &cell("random", 3, 2, 4));
    assert_eq!(frozen.stays().len() as u64, result.resumed);
}
