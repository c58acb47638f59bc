//! Cases from people who do this job, as far as choosing goes.

mod rungs;

use rungkeeper_policies::{
    ArrivalData, ByLevel, Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, Priced,
    PromotionQuantile, RankAware, RemovalPolicy, RungCost, RungView, Speculative,
    SpeculativeSettings,
};
use rungkeeper_score::Horizon;
use rungs::{Rung, Table, chosen, ids, shown};

impl Rung {
    /// Candidates by id and rank, of one byte each.
    fn of(level: u64, len: u64, trials: &[(&str, u64)]) -> Self {
        let trials = trials.iter();
        Self {
            level,
            len,
            trials: trials
                .map(|&(id, rank)| (id.to_owned(), rank, rank - 1, 1, false))
                .collect(),
        }
    }
}

fn checkpoints(checkpoints: u64) -> Need {
    Need {
        checkpoints,
        bytes: 0,
    }
}

fn first(policy: &mut dyn RemovalPolicy, rungs: &[Rung], time_ratio: f64) -> String {
    let mut chosen = ids(policy, rungs, checkpoints(1), time_ratio);
    assert_eq!(chosen.len(), 1);
    chosen.remove(0)
}

/// All that is paused is promotable now: one goes all the same.
#[test]
fn all_in_the_top() {
    let same_rung = [Rung::of(3, 9, &[("c", 3), ("b", 2), ("a", 1)])];
    // Probability 1 each: the lowest level goes, before worse ranks of higher ones.
    let two_levels = [
        Rung::of(9, 9, &[("a", 3), ("c", 2)]),
        Rung::of(3, 9, &[("b", 1)]),
    ];
    // Two rung systems: equal in level and rank, the id decides.
    let two_systems = [Rung::of(3, 9, &[("b", 3)]), Rung::of(3, 9, &[("a", 3)])];
    let policies: [Box<dyn RemovalPolicy>; 2] = [
        Box::new(Cheapest(Speculative::default())),
        Box::new(Cheapest(RankAware::default())),
    ];
    for mut policy in policies {
        assert_eq!(first(&mut *policy, &same_rung, 1.0), "c");
        assert_eq!(first(&mut *policy, &two_levels, 1.0), "b");
        assert_eq!(first(&mut *policy, &two_systems, 1.0), "a");
    }
}

/// The costs of all candidates, by id.
fn costs(cost: &dyn ExpectedCost, rungs: &[Rung], time_ratio: f64) -> Vec<(String, f64)> {
    shown(rungs, |views| {
        let all = Priced::all(cost, views, time_ratio).unwrap();
        let own = all
            .iter()
            .map(|it| (it.candidate.trial_id.to_owned(), it.ln_cost));
        own.collect()
    })
}

/// 1/10,000 of the time is left: with the hard horizon all costs are 0.
#[test]
fn no_time_left() {
    let hard = Speculative::new(SpeculativeSettings {
        horizon: Horizon::Hard,
        ..SpeculativeSettings::default()
    });
    let hard = hard.unwrap();
    // Two rung systems with rungs at level 1.
    let rungs = [
        Rung::of(3, 30, &[("a", 11)]),
        Rung::of(1, 30, &[("d", 12), ("c", 11)]),
        Rung::of(1, 30, &[("b", 12)]),
    ];
    let none = costs(&hard, &rungs, 1e-4);
    assert!(none.iter().all(|it| it.1 == f64::NEG_INFINITY), "{none:?}");
    let order = ids(&mut Cheapest(hard), &rungs, checkpoints(4), 1e-4);
    assert_eq!(order, ["b", "d", "c", "a"]);
    // With the first term kept the better rank is worth more: (1 - p)^l_0, here l_0 = 3 and 6.
    let kept = costs(&Speculative::default(), &rungs, 1e-4);
    let of = |id| kept.iter().find(|it| it.0 == id).unwrap().1;
    let ln_worse = 0.67f64.ln();
    assert!((of("c") - 3.0 * ln_worse).abs() < 1e-12);
    assert!((of("d") - 6.0 * ln_worse).abs() < 1e-12);
}

#[test]
fn random_has_its_own_stream() {
    // Two policies with one seed: what one is asked in between does not depend on any other
    // source of random numbers, and a third that is never asked draws nothing.
    let ids_of: Vec<(String, u64)> = (1..=9).rev().map(|rank| (rank.to_string(), rank)).collect();
    let trials: Vec<(&str, u64)> = ids_of.iter().map(|it| (it.0.as_str(), it.1)).collect();
    let rungs = [Rung::of(1, 9, &trials)];
    let random = || rungkeeper_policies::Random::new(5);
    let (mut one, mut other) = (random(), random());
    for _ in 0..50 {
        let drawn = ids(&mut one, &rungs, checkpoints(3), 1.0);
        assert!(ids(&mut one, &rungs, Need::default(), 1.0).is_empty());
        assert_eq!(drawn, ids(&mut other, &rungs, checkpoints(3), 1.0));
    }
}

#[test]
fn learning_changes_the_order() {
    // At level 1 most arrivals are better, at level 2 hardly any.
    let rungs = [
        Rung::of(1, 12, &[("one", 6)]),
        Rung::of(2, 12, &[("two", 6)]),
    ];
    let mut policy = Cheapest(Speculative::default());
    assert_eq!(first(&mut policy, &rungs, 1.0), "one");
    for (level, num_one) in [(1, 1), (2, 95)] {
        let data = ArrivalData {
            level,
            num_one,
            num_total: 100,
        };
        policy.observe(&data).unwrap();
    }
    assert_eq!(first(&mut policy, &rungs, 1.0), "two");
    assert_eq!(policy.estimators().unwrap().at_level(2).num_one(), 95);
}

#[test]
fn bad_input_is_named() {
    let zero = SpeculativeSettings {
        approx_steps: Some(0),
        ..SpeculativeSettings::default()
    };
    let error = Speculative::new(zero).unwrap_err().to_string();
    assert!(error.contains("approx_steps"), "{error}");
    let mut prior = SpeculativeSettings::default();
    prior.estimators.prior_beta_mean = 1.5;
    let error = Speculative::new(prior).unwrap_err().to_string();
    assert!(error.contains("prior_beta_mean"), "{error}");
    let candidate = |trial_id, rank| Candidate {
        trial_id,
        rank,
        num_better: rank.saturating_sub(1),
        bytes: 1,
        metric: Some(0.5),
    };
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let refused =
        |list: &[Candidate<'_>]| RungView::new(3, 9, third, list).unwrap_err().to_string();
    let error = refused(&[candidate("odd", 10)]);
    assert!(error.starts_with("trial \"odd\" at level 3 "), "{error}");
    let error = refused(&[candidate("fine", 3), candidate("odd", 3)]);
    assert!(error.starts_with("trial \"odd\" at level 3 "), "{error}");
    assert!(refused(&[candidate("odd", 0)]).contains("\"odd\""));
}

/// A time ratio that is none is refused, and never taken for some other number.
#[test]
fn time_ratios_that_are_none_are_refused() {
    let policies: [Box<dyn RemovalPolicy>; 2] = [
        Box::new(Cheapest(Speculative::default())),
        Box::new(Cheapest(RankAware::default())),
    ];
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let two_fifths = PromotionQuantile::new(2, 5).unwrap();
    let list = [Candidate {
        trial_id: "a",
        rank: 8,
        num_better: 7,
        bytes: 1,
        metric: Some(0.5),
    }];
    for mut policy in policies {
        for quantile in [third, two_fifths] {
            let rungs = [RungView::new(3, 9, quantile, &list).unwrap()];
            for ratio in [f64::NAN, -1.0] {
                let error = policy.choose(&rungs, checkpoints(1), ratio).unwrap_err();
                let error = error.to_string();
                assert!(error.starts_with("the rung at level 3: "), "{error}");
                assert!(error.contains("time_ratio"), "{error}");
            }
        }
    }
}

#[test]
fn by_level_orders_within_a_level() {
    let mut rungs = [
        Rung::of(3, 9, &[("a", 9), ("b", 4)]),
        Rung::of(1, 9, &[("e", 8), ("c", 6), ("d", 5)]),
        Rung::of(1, 9, &[("f", 7), ("g", 6)]),
    ];
    let order = ids(&mut ByLevel, &rungs, checkpoints(7), 1.0);
    assert_eq!(order, ["e", "f", "c", "g", "d", "a", "b"]);
    assert_eq!(ids(&mut ByLevel, &rungs, checkpoints(2), 1.0), ["e", "f"]);
    rungs[0].trials[0].4 = true;
    assert_eq!(ids(&mut ByLevel, &rungs, checkpoints(2), 1.0), ["a", "e"]);
    // Bytes are freed in the same order.
    let bytes = Need {
        checkpoints: 0,
        bytes: 4,
    };
    let freed = ids(&mut ByLevel, &rungs, bytes, 1.0);
    assert_eq!(freed, ["a", "e", "f", "c"]);
}

#[test]
fn ties_go_by_level_then_rank_then_id() {
    let rungs = [
        Rung::of(3, 9, &[("a", 4)]),
        Rung::of(1, 9, &[("d", 7), ("b", 4)]),
        Rung::of(1, 9, &[("c", 7)]),
    ];
    let mut equal = Cheapest(Table(|_: &str| 0.0));
    let order = ids(&mut equal, &rungs, checkpoints(4), 1.0);
    assert_eq!(order, ["c", "d", "b", "a"]);
}

/// What is never promoted goes first, and its loss costs nothing: minus infinity as a logarithm, whatever the cost says.
#[test]
fn trials_without_a_finite_metric_cost_nothing() {
    let mut rungs = [
        Rung::of(9, 9, &[("bad", 5)]),
        Rung::of(1, 9, &[("good", 4)]),
    ];
    rungs[0].trials[0].4 = true;
    let tell = |choice: &Choice<'_>| {
        let id = choice.candidate.trial_id.to_owned();
        (id, choice.ln_expected_cost.unwrap())
    };
    let table = Cheapest(Table(|id: &str| if id == "good" { -700.0 } else { 2.0 }));
    let policies: [Box<dyn RemovalPolicy>; 3] = [
        Box::new(table),
        Box::new(Cheapest(Speculative::default())),
        Box::new(Cheapest(RankAware::default())),
    ];
    for mut policy in policies {
        let first = chosen(&mut *policy, &rungs, checkpoints(1), 1.0, tell);
        assert_eq!(first, [("bad".to_owned(), f64::NEG_INFINITY)]);
        let [_, (_, good)] = &chosen(&mut *policy, &rungs, checkpoints(2), 1.0, tell)[..] else {
            panic!("both go");
        };
        assert!(good.is_finite());
        let all = costs(policy.cost().unwrap(), &rungs, 1.0);
        assert_eq!(all[0].1, f64::NEG_INFINITY);
    }
}

/// What is not the cheapest need not be priced to the end, and that changes no choice.
#[test]
fn only_the_cheapest_are_priced_to_the_end() {
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct Counted {
        stops: bool,
        priced: AtomicU64,
    }

    struct OfRung<'c>(&'c Counted, f64);

    impl RungCost for OfRung<'_> {
        fn ln_cost(&mut self, _: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
            if self.0.stops && self.1 - 0.5 > enough {
                return Ok(self.1 - 0.5);
            }
            self.0.priced.fetch_add(1, Ordering::Relaxed);
            Ok(self.1)
        }
    }

    impl ExpectedCost for Counted {
        fn name(&self) -> &'static str {
            "counted"
        }

        fn of_rung<'a>(
            &'a self,
            rung: RungView<'a>,
            _: f64,
        ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
            Ok(Box::new(OfRung(self, rung.level() as f64)))
        }

        fn falls_with_rank(&self) -> bool {
            true
        }
    }

    let rungs: Vec<Rung> = (1..=4)
        .map(|level| Rung::of(level, 90, &[("x", 80), ("y", 70), ("z", 60)]))
        .collect();
    for (stops, priced) in [(true, 1), (false, 4)] {
        let mut policy = Cheapest(Counted {
            stops,
            ..Counted::default()
        });
        assert_eq!(first(&mut policy, &rungs, 1.0), "x");
        assert_eq!(policy.0.priced.into_inner(), priced);
    }
}
