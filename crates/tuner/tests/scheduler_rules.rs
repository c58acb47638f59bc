//! The two promotion rules, ties, and the order of promotions, on small rungs made by hand.

use rungkeeper_rung_model::{Brackets, Decision, Mode};
use rungkeeper_tuner::scheduler::{
    BracketDistribution, PromotionRule, PromotionScheduler, PromotionSpec, Scheduler, Task,
};
use rungkeeper_tuner::search_space::SearchSpace;

fn spec(rule: PromotionRule) -> PromotionSpec {
    let mut spec = PromotionSpec::geometric(1, 3, 27).unwrap();
    spec.rule = rule;
    spec
}

/// A scheduler whose first rung holds the metrics, nothing promoted yet. The trials were started
/// before the first of them reported.
fn filled(spec: &PromotionSpec, metrics: &[f64]) -> PromotionScheduler {
    let mut scheduler = PromotionScheduler::new(spec, SearchSpace::default()).unwrap();
    for _ in metrics {
        let task = scheduler.next_task().unwrap();
        assert!(matches!(task, Task::Start { milestone: 1, .. }));
    }
    for (trial, &metric) in metrics.iter().enumerate() {
        let verdict = scheduler.on_report(&trial.to_string(), 1, metric).unwrap();
        assert_eq!(verdict.decision, Decision::Pause);
    }
    scheduler
}

/// The trials that are promoted now, in order.
fn promoted(scheduler: &mut PromotionScheduler) -> Vec<usize> {
    let mut found = Vec::new();
    while let Task::Resume { trial, .. } = scheduler.next_task().unwrap() {
        found.push(trial.parse().unwrap());
    }
    found
}

/// Metrics 0, 1, 2, ... in an order that jumps about.
fn shuffled(n: u64) -> Vec<f64> {
    (0..n).map(|i| (i * 211 % n.max(1)) as f64).collect()
}

/// For n = 2..200 at eta 3 the two rules disagree at 133 lengths: a trial that one rule promotes
/// is the last one the other leaves out.
#[test]
fn two_rules() {
    let mut different = 0;
    for n in 2..=200 {
        let metrics = shuffled(n);
        let count = |rule| promoted(&mut filled(&spec(rule), &metrics)).len() as u64;
        let top = count(PromotionRule::TopFraction);
        let linear = count(PromotionRule::LinearQuantile);
        assert_eq!(top, n / 3, "n = {n}");
        assert_eq!(linear, (n - 1) / 3 + 1, "n = {n}");
        different += u64::from(top != linear);
    }
    assert_eq!(different, 133);
}

#[test]
fn the_best_go_first() {
    let metrics = [5.0, 2.0, 4.0, 1.0, 6.0, 3.0, 7.0];
    let top = promoted(&mut filled(&spec(PromotionRule::TopFraction), &metrics));
    assert_eq!(top, [3, 1]);
    let linear = promoted(&mut filled(&spec(PromotionRule::LinearQuantile), &metrics));
    assert_eq!(linear, [3, 1, 5]);
}

/// Of equals the older ranks better. The top fraction is not exceeded; what equals the
/// interpolated quantile all passes.
#[test]
fn ties() {
    let equal = [0.5; 9];
    let top = promoted(&mut filled(&spec(PromotionRule::TopFraction), &equal));
    assert_eq!(top, [0, 1, 2]);
    let linear = promoted(&mut filled(&spec(PromotionRule::LinearQuantile), &equal));
    assert_eq!(linear, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    // The quantile lies between the second and the third of seven at rank 1 + 6/3 = 3, exactly.
    let metrics = [3.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0];
    let linear = promoted(&mut filled(&spec(PromotionRule::LinearQuantile), &metrics));
    assert_eq!(linear, [1, 2, 0, 3, 4]);
}

#[test]
fn a_rung_of_one_promotes_nothing_by_either_rule() {
    for rule in [PromotionRule::TopFraction, PromotionRule::LinearQuantile] {
        assert!(promoted(&mut filled(&spec(rule), &[0.1])).is_empty());
    }
}

/// Trials that failed in a rung keep their place in it and are passed over.
#[test]
fn failed_trials_count_and_are_passed_over() {
    let mut scheduler = filled(&spec(PromotionRule::TopFraction), &shuffled(9));
    let best = shuffled(9).iter().position(|&m| m == 0.0).unwrap();
    scheduler.on_failed(&best.to_string()).unwrap();
    let found = promoted(&mut scheduler);
    assert_eq!(found.len(), 2);
    assert!(!found.contains(&best));
}

#[test]
fn bad_metrics_are_never_promoted_and_count_in_the_length() {
    for mode in [Mode::Min, Mode::Max] {
        for rule in [PromotionRule::TopFraction, PromotionRule::LinearQuantile] {
            let mut spec = spec(rule);
            spec.model.mode = mode;
            let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            assert!(promoted(&mut filled(&spec, &bad)).is_empty());
            let metrics = [f64::NAN, 1.0, f64::NEG_INFINITY];
            assert_eq!(promoted(&mut filled(&spec, &metrics)), [1]);
        }
    }
}

/// Three trials wait at level 3, three at level 1 can be promoted: the higher level goes first.
#[test]
fn the_highest_rung_goes_first() {
    let mut scheduler = filled(&spec(PromotionRule::TopFraction), &shuffled(18));
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let Task::Resume {
            trial, level: 1, ..
        } = scheduler.next_task().unwrap()
        else {
            panic!("six trials of eighteen can be promoted");
        };
        waiting.push(trial);
    }
    for (trial, metric) in waiting.iter().zip([0.5, 0.4, 0.6]) {
        let verdict = scheduler.on_report(trial, 3, metric).unwrap();
        assert_eq!(verdict.decision, Decision::Pause);
    }
    let mut tasks = Vec::new();
    while let Task::Resume {
        trial,
        level,
        milestone,
    } = scheduler.next_task().unwrap()
    {
        tasks.push((trial == waiting[1], level, milestone));
    }
    let lower = (false, 1, 3);
    assert_eq!(tasks, [(true, 3, 9), lower, lower, lower]);
}

/// Lengths from 2 to 100 at which the quantile that Syne Tune 0.13's own `Rung` computes for these
/// metrics (alpha = 1/3, mode `max`) leaves out the trial that it falls on.
const ROUNDED_AWAY: [u64; 27] = [
    10, 16, 19, 22, 28, 31, 34, 37, 40, 43, 46, 52, 55, 58, 61, 64, 67, 70, 73, 76, 79, 82, 85, 88,
    91, 94, 100,
];

#[test]
fn reference_rounding() {
    let count = |n: u64, mode, reference_rounding| {
        let mut spec = spec(PromotionRule::LinearQuantile);
        spec.model.mode = mode;
        spec.reference_rounding = reference_rounding;
        let sign = if mode == Mode::Min { 1.0 } else { -1.0 };
        let metrics: Vec<f64> = shuffled(n).iter().map(|m| sign * (m + 0.3)).collect();
        promoted(&mut filled(&spec, &metrics)).len() as u64
    };
    for n in 2..=100 {
        let exact = (n - 1) / 3 + 1;
        assert_eq!(count(n, Mode::Min, false), exact);
        assert_eq!(count(n, Mode::Min, true), exact);
        assert_eq!(count(n, Mode::Max, false), exact);
        let rounded = exact - u64::from(ROUNDED_AWAY.contains(&n));
        assert_eq!(count(n, Mode::Max, true), rounded, "n = {n}");
    }
}

/// Bad metrics take no part in the reference's arithmetic: the exact rule decides.
#[test]
fn reference_rounding_with_bad_metrics() {
    for mode in [Mode::Min, Mode::Max] {
        let mut spec = spec(PromotionRule::LinearQuantile);
        spec.model.mode = mode;
        spec.reference_rounding = true;
        let metrics = [f64::NAN, 1.0, f64::INFINITY, f64::NEG_INFINITY];
        assert_eq!(promoted(&mut filled(&spec, &metrics)), [1]);
    }
}

/// Hyperband's proportions: (L + 1) / ((L + 1 - s) r), r being the first level of bracket s.
#[test]
fn brackets_are_drawn_in_proportion() {
    let mut spec = spec(PromotionRule::TopFraction);
    spec.model.brackets = Brackets {
        number: 3,
        own_rungs: false,
    };
    let distribution = BracketDistribution::new(&spec.model).unwrap();
    let mut counts = [0.0; 3];
    for trial in 0..30_000 {
        counts[distribution.bracket(7, trial)] += 1.0;
    }
    for (count, probability) in counts.into_iter().zip(distribution.probabilities()) {
        // Six standard deviations: a fair draw fails with probability below 1e-8; the seed is fixed.
        let deviation = (30_000.0 * probability * (1.0 - probability)).sqrt();
        assert!((count - 30_000.0 * probability).abs() < 6.0 * deviation);
    }
}

/// A change of these brackets changes the runs of a seed: a value-breaking change.
#[test]
fn brackets_of_a_seed_stay() {
    let mut spec = spec(PromotionRule::TopFraction);
    spec.model.brackets = Brackets {
        number: 3,
        own_rungs: true,
    };
    let distribution = BracketDistribution::new(&spec.model).unwrap();
    let drawn: Vec<usize> = (0..20).map(|t| distribution.bracket(42, t)).collect();
    let expected = [0, 0, 0, 1, 2, 0, 0, 2, 2, 2, 1, 1, 0, 1, 0, 0, 2, 0, 1, 1];
    assert_eq!(drawn, expected);
}

/// Trials of bracket 1 are first recorded at level 3. In a shared system they meet those of
/// bracket 0 there, otherwise each bracket has a rung of its own.
#[test]
fn brackets_share_rungs_or_not() {
    for own_rungs in [false, true] {
        let mut spec = spec(PromotionRule::TopFraction);
        spec.model.brackets = Brackets {
            number: 2,
            own_rungs,
        };
        let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap();
        let nothing = scheduler.configuration(0);
        for (trial, bracket) in [("0", 0), ("1", 1), ("2", 1)] {
            scheduler.adopt_start(trial, bracket, &nothing).unwrap();
        }
        let first = scheduler.on_report("0", 1, 0.1).unwrap();
        assert_eq!(first.decision, Decision::Pause);
        scheduler.adopt_resume("0").unwrap();
        scheduler.on_report("0", 3, 0.1).unwrap();
        for trial in ["1", "2"] {
            let verdict = scheduler.on_report(trial, 1, 0.9).unwrap();
            assert_eq!(verdict.decision, Decision::Continue);
            let verdict = scheduler.on_report(trial, 3, 0.9).unwrap();
            assert_eq!(verdict.decision, Decision::Pause);
        }
        let task = scheduler.next_task().unwrap();
        assert_eq!(matches!(task, Task::Resume { level: 3, .. }), !own_rungs);
    }
}

/// Two systems with a promotable trial each at the same level: the lower bracket's goes first; a
/// higher level goes before both.
#[test]
fn systems_go_by_level_then_by_bracket() {
    let mut spec = spec(PromotionRule::LinearQuantile);
    spec.model.brackets = Brackets {
        number: 2,
        own_rungs: true,
    };
    let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default()).unwrap();
    let nothing = scheduler.configuration(0);
    for (trial, bracket) in [("0", 1), ("1", 1), ("2", 0), ("3", 0), ("4", 0), ("5", 0)] {
        scheduler.adopt_start(trial, bracket, &nothing).unwrap();
    }
    for trial in ["0", "1"] {
        scheduler.on_report(trial, 3, 0.5).unwrap();
    }
    for trial in ["2", "3"] {
        scheduler.on_report(trial, 1, 0.5).unwrap();
        scheduler.adopt_resume(trial).unwrap();
        scheduler.on_report(trial, 3, 0.5).unwrap();
    }
    for trial in ["4", "5"] {
        scheduler.on_report(trial, 1, 0.4).unwrap();
    }
    let order: Vec<String> = std::iter::from_fn(|| match scheduler.next_task().unwrap() {
        Task::Resume { trial, .. } => Some(trial),
        _ => None,
    })
    .collect();
    assert_eq!(order, ["2", "3", "0", "1", "4", "5"]);
}

#[test]
fn rungs_are_limited_in_number() {
    let levels = |most: u64| (1..=most).collect::<Vec<u64>>();
    assert!(PromotionSpec::from_levels(&levels(1_000), 1_001).is_ok());
    let refused = PromotionSpec::from_levels(&levels(1_000_000), 1_000_001).unwrap_err();
    let said = refused.to_string();
    assert_eq!(
        said,
        "there are 1000000 rung levels, but there must be at most 1000"
    );
    let fine = PromotionSpec::from_levels(&[1, 3_000_000_019], 1 << 53);
    let said = fine.unwrap_err().to_string();
    assert!(
        said.starts_with("the promotion quantile of rung 1 is 1/3000000019, but its"),
        "{said}"
    );
    let mut spec = PromotionSpec::from_levels(&levels(1_000), 1_001).unwrap();
    for (number, own_rungs, expected) in [
        (1_000, false, None),
        (10, true, None),
        (
            11,
            true,
            Some("11 brackets with rungs of their own have 10945 rungs"),
        ),
        (
            1_000,
            true,
            Some("1000 brackets with rungs of their own have 500500 rungs"),
        ),
        (1_001, true, Some("the number of brackets is 1001")),
        (usize::MAX, true, Some("the number of brackets is")),
    ] {
        spec.model.brackets = Brackets { number, own_rungs };
        let said = spec.check().map_err(|error| error.to_string());
        match expected {
            None => assert_eq!(said, Ok(())),
            Some(expected) => assert!(said.unwrap_err().starts_with(expected)),
        }
    }
}
