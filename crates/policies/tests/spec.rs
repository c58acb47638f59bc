//! Policies as values, and what each is by its name.

mod rungs;

use rungkeeper_policies::{
    Candidate, Cheapest, ExpectedCost, Need, PolicyError, PolicySpec, Priced, PromotionQuantile,
    PromotionRule, RankAware, RemovalPolicy, RemovalReason, RungView, Speculative,
    SpeculativeSettings,
};
use rungs::{Rung, Table, ids};

#[test]
fn every_name_is_that_of_its_policy() {
    let names: Vec<_> = PolicySpec::all().map(|spec| spec.name()).collect();
    assert_eq!(names, PolicySpec::NAMES);
    for spec in PolicySpec::all() {
        assert_eq!(spec.build().unwrap().name(), spec.name());
        assert_eq!(spec.to_string(), spec.name());
        assert_eq!(format!("{spec:>12}"), format!("{:>12}", spec.name()));
        assert_eq!(spec.name().parse(), Ok(spec));
    }
    let unknown = PolicyError::UnknownPolicy("Random".to_owned());
    assert_eq!("Random".parse::<PolicySpec>(), Err(unknown));
    assert_eq!(PolicySpec::default(), PolicySpec::all().next().unwrap());
}

/// Of settings and a seed each policy takes what it knows.
#[test]
fn a_named_policy_takes_its_settings() {
    let settings = SpeculativeSettings {
        approx_steps: None,
        promotion_rule: PromotionRule::LinearQuantile,
        ..SpeculativeSettings::default()
    };
    let named = |name| PolicySpec::named(name, settings, 7).unwrap();
    let promotion_rule = PromotionRule::LinearQuantile;
    assert_eq!(
        named("rank_aware"),
        PolicySpec::RankAware { promotion_rule }
    );
    assert_eq!(named("speculative"), PolicySpec::Speculative(settings));
    assert_eq!(named("by_level"), PolicySpec::ByLevel);
    assert_eq!(named("random"), PolicySpec::Random { policy_seed: 7 });
    let zero = SpeculativeSettings {
        approx_steps: Some(0),
        ..settings
    };
    assert!(PolicySpec::Speculative(zero).build().is_err());
}

/// By the interpolated quantile the best of two is promotable: its checkpoint is worth its whole level.
#[test]
fn the_promotion_rule_is_that_of_the_scheduler() {
    let best = [Candidate {
        trial_id: "a",
        rank: 1,
        num_better: 0,
        bytes: 1,
        metric: Some(0.5),
    }];
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let rungs = [RungView::new(9, 2, third, &best).unwrap()];
    for (name, rule, is_promotable) in [
        ("rank_aware", PromotionRule::LinearQuantile, true),
        ("rank_aware", PromotionRule::TopFraction, false),
        ("speculative", PromotionRule::LinearQuantile, true),
        ("speculative", PromotionRule::TopFraction, false),
    ] {
        let settings = SpeculativeSettings {
            promotion_rule: rule,
            ..SpeculativeSettings::default()
        };
        let policy = PolicySpec::named(name, settings, 0)
            .unwrap()
            .build()
            .unwrap();
        let all = Priced::all(policy.cost().unwrap(), &rungs, 1.0).unwrap();
        let is_whole = (all[0].ln_cost - 9f64.ln()).abs() < 1e-12;
        assert_eq!(is_whole, is_promotable, "{name} {rule}");
    }
}

/// Only what learns has estimators, and only what estimates a cost has one.
#[test]
fn policies_have_what_they_are_made_of() {
    for spec in PolicySpec::all() {
        let policy = spec.build().unwrap();
        let has_cost = matches!(spec.name(), "rank_aware" | "speculative");
        assert_eq!(policy.cost().is_some(), has_cost, "{spec}");
        assert_eq!(policy.estimators().is_some(), spec.name() == "speculative");
        if let Some(cost) = policy.cost() {
            // Of each rung the worst alone are priced.
            assert!(cost.falls_with_rank());
            assert_eq!(cost.name(), spec.name());
        }
    }
    assert!(!Table(|_: &str| 0.0).falls_with_rank());
    assert!(Cheapest(Table(|_: &str| 0.0)).estimators().is_none());
    assert!(Cheapest(Speculative::default()).estimators().is_some());
}

#[test]
fn reasons_are_named_as_in_event_logs() {
    let names = [
        (RemovalReason::MaxCheckpoints, "max_checkpoints"),
        (RemovalReason::MaxBytes, "max_bytes"),
        (RemovalReason::Asked, "asked"),
        (RemovalReason::Lost, "lost"),
    ];
    for (reason, name) in names {
        assert_eq!(reason.name(), name);
    }
}

/// Under both budgets a policy without costs stops as soon as both are kept, and no sooner.
#[test]
fn an_order_is_followed_until_both_budgets_are_kept() {
    let trials = (1..=9u64)
        .rev()
        .map(|rank| (rank.to_string(), rank, rank - 1, 10, false));
    let rungs = [Rung {
        level: 1,
        len: 9,
        trials: trials.collect(),
    }];
    for (checkpoints, bytes, number) in [
        (0, 0, 0),
        (3, 0, 3),
        (0, 1, 1),
        (0, 10, 1),
        (0, 11, 2),
        (3, 30, 3),
        (3, 31, 4),
        (3, 10, 3),
        (20, 0, 9),
        (0, 1_000, 9),
    ] {
        let need = Need { checkpoints, bytes };
        for name in ["by_level", "random"] {
            let mut policy = name.parse::<PolicySpec>().unwrap().build().unwrap();
            let chosen = ids(&mut *policy, &rungs, need, 1.0);
            assert_eq!(chosen.len(), number, "{name} {need:?}");
        }
    }
}

/// Where the promotion quantile is not 1/eta, some thousand expected arrivals are looked ahead and no more; with 1/eta as
/// many as there are.
#[test]
fn look_ahead_ends_where_arrivals_are_counted() {
    let list = [Candidate {
        trial_id: "a",
        rank: 50,
        num_better: 49,
        bytes: 1,
        metric: Some(0.5),
    }];
    let ln_cost = |quantile, time_ratio| {
        let rungs = [RungView::new(1, 64, quantile, &list).unwrap()];
        let all = Priced::all(&RankAware::default(), &rungs, time_ratio).unwrap();
        all[0].ln_cost
    };
    let two_fifths = PromotionQuantile::new(2, 5).unwrap();
    assert_eq!(ln_cost(two_fifths, 1e6), ln_cost(two_fifths, 16.0)); // 1,024 arrivals
    assert!(ln_cost(two_fifths, 15.0) < ln_cost(two_fifths, 16.0));
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    assert!(ln_cost(third, 16.0) < ln_cost(third, 1e6));
    assert_eq!(ln_cost(third, 1e12), ln_cost(third, 1e9)); // the most that the score takes
}

/// A trial that costs more than is enough is priced no further: what is told then is more than enough and less than all.
#[test]
fn what_costs_enough_is_priced_no_further() {
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let candidate = Candidate {
        trial_id: "a",
        rank: 2_000,
        num_better: 1_999,
        bytes: 1,
        metric: Some(0.5),
    };
    let policy = RankAware::default();
    for level in [1, 9, 1_000_000] {
        let rung = RungView::new(level, 3_000, third, &[]).unwrap();
        let mut cost = policy.of_rung(rung, 1.0).unwrap();
        let ln_cost = cost.ln_cost(&candidate, f64::INFINITY).unwrap();
        let told = cost.ln_cost(&candidate, ln_cost - 5.0).unwrap();
        assert!(
            told > ln_cost - 5.0 && told < ln_cost - 1.0,
            "{told} {ln_cost}"
        );
        assert_eq!(cost.ln_cost(&candidate, ln_cost + 1.0).unwrap(), ln_cost);
    }
}

/// Mean and variance of the number of better ones among a number of arrivals, arrival by arrival: each falls into one of the
/// gaps, of which `gaps` are before the trial.
fn better_ones(gaps: u64, len: u64, arrivals: u64) -> (f64, f64) {
    let mut chances = vec![1.0];
    for arrived in 0..arrivals {
        let mut next = vec![0.0; chances.len() + 1];
        for (better, chance) in chances.iter().enumerate() {
            let is_better = (gaps + better as u64) as f64 / (len + 1 + arrived) as f64;
            next[better + 1] += chance * is_better;
            next[better] += chance * (1.0 - is_better);
        }
        chances = next;
    }
    let moment = |of: &dyn Fn(f64) -> f64| -> f64 {
        let counts = chances.iter().enumerate();
        counts
            .map(|(better, chance)| chance * of(better as f64))
            .sum()
    };
    let mean = moment(&|better| better);
    (mean, moment(&|better| (better - mean).powi(2)))
}

/// The guess is the level where the trial is in the top fraction with the expected number of better arrivals, and
/// otherwise as much less as a normal number of them says.
#[test]
fn the_guess_is_that_of_a_normal_number_of_better_arrivals() {
    let mut below = 0;
    for (a, b) in [(1, 3), (1, 2), (2, 5)] {
        let quantile = PromotionQuantile::new(a, b).unwrap();
        for (len, arrivals) in [(1u64, 1u64), (2, 3), (5, 12), (9, 4), (40, 60)] {
            let time_ratio = arrivals as f64 / (len + 1) as f64;
            let rung = RungView::new(9, len, quantile, &[]).unwrap();
            let policy = RankAware::default();
            let cost = policy.of_rung(rung, time_ratio).unwrap();
            for rank in 1..=len {
                for num_better in [0, rank / 2, rank - 1].into_iter().filter(|n| *n < rank) {
                    let candidate = Candidate {
                        trial_id: "a",
                        rank,
                        num_better,
                        bytes: 0,
                        metric: Some(0.5),
                    };
                    let (mean, variance) = better_ones(num_better + 1, len, arrivals);
                    let room = ((len + arrivals) * a) as f64 / b as f64 - rank as f64;
                    let deviations = (mean - room).max(0.0) / variance.sqrt();
                    let expected = 9f64.ln() - 0.5 * deviations.powi(2);
                    let guess = cost.guess(&candidate);
                    assert!(
                        (guess - expected).abs() < 1e-9 * expected.abs().max(1.0),
                        "rank {rank} ({num_better}) of {len}, {arrivals}: {guess} {expected}"
                    );
                    below += u32::from(deviations > 0.5);
                }
            }
        }
    }
    assert!(below > 50, "{below}");
}

/// Costs of which nobody makes a guess are all alike.
#[test]
fn without_a_guess_all_are_alike() {
    let cost = Table(|_: &str| -3.0);
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let rung = RungView::new(9, 9, third, &[]).unwrap();
    let of_rung = cost.of_rung(rung, 1.0).unwrap();
    for rank in [1, 9] {
        let candidate = Candidate {
            trial_id: "a",
            rank,
            num_better: rank - 1,
            bytes: 0,
            metric: Some(0.5),
        };
        assert_eq!(of_rung.guess(&candidate), 0.0);
    }
}
