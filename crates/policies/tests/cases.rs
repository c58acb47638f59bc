//! Cases from people who do this job, as far as choosing goes.

use rungkeeper_policies::{
    ArrivalData, Candidate, Need, PromotionQuantile, Random, RemovalPolicy, Speculative,
    SpeculativeSettings,
};
use rungkeeper_score::Horizon;

fn candidate(trial_id: &str, level: u64, rank: u64, rung_len: u64) -> Candidate<'_> {
    Candidate {
        trial_id,
        level,
        rank,
        num_better: rank - 1,
        rung_len,
        promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
        bad_metric: false,
        bytes: 1,
    }
}

fn first(policy: &mut dyn RemovalPolicy, candidates: &[Candidate<'_>], time_ratio: f64) -> String {
    let need = Need {
        checkpoints: 1,
        bytes: 0,
    };
    let chosen = policy.choose(candidates, need, time_ratio).unwrap();
    assert_eq!(chosen.len(), 1);
    candidates[chosen[0].candidate].trial_id.to_owned()
}

/// All that is paused is promotable now: one goes all the same.
#[test]
fn all_in_the_top() {
    let mut policy = Speculative::default();
    let same_rung = [
        candidate("a", 3, 1, 9),
        candidate("b", 3, 2, 9),
        candidate("c", 3, 3, 9),
    ];
    assert_eq!(first(&mut policy, &same_rung, 1.0), "c");
    // Probability 1 each: the lowest level goes, before worse ranks of higher ones.
    let two_levels = [
        candidate("a", 9, 3, 9),
        candidate("b", 3, 1, 9),
        candidate("c", 9, 2, 9),
    ];
    assert_eq!(first(&mut policy, &two_levels, 1.0), "b");
    // Two rung systems: equal in level and rank, the id decides.
    let two_systems = [candidate("b", 3, 3, 9), candidate("a", 3, 3, 9)];
    assert_eq!(first(&mut policy, &two_systems, 1.0), "a");
}

/// 1/10,000 of the time is left: with the hard horizon all costs are 0.
#[test]
fn no_time_left() {
    let mut hard = Speculative::new(SpeculativeSettings {
        horizon: Horizon::Hard,
        ..SpeculativeSettings::default()
    })
    .unwrap();
    let candidates = [
        candidate("a", 3, 11, 30),
        candidate("c", 1, 11, 30),
        candidate("d", 1, 12, 30),
        candidate("b", 1, 12, 30),
    ];
    let losses = hard.ln_losses(&candidates, 1e-4).unwrap();
    assert_eq!(losses, [f64::NEG_INFINITY; 4]);
    let need = Need {
        checkpoints: 4,
        bytes: 0,
    };
    let order: Vec<_> = hard
        .choose(&candidates, need, 1e-4)
        .unwrap()
        .iter()
        .map(|choice| candidates[choice.candidate].trial_id)
        .collect();
    assert_eq!(order, ["b", "d", "c", "a"]);
    // With the first term kept the better rank is worth more: (1 - p)^l_0, here l_0 = 3 and 6.
    let losses = Speculative::default().ln_losses(&candidates, 1e-4).unwrap();
    let ln_worse = 0.67f64.ln();
    assert!((losses[1] - 3.0 * ln_worse).abs() < 1e-12);
    assert!((losses[2] - 6.0 * ln_worse).abs() < 1e-12);
}

#[test]
fn random_has_its_own_stream() {
    // Two policies with one seed: what one is asked in between does not depend on any other
    // source of random numbers, and a third that is never asked draws nothing.
    let candidates: Vec<_> = (1..=9).map(|rank| candidate("x", 1, rank, 9)).collect();
    let need = Need {
        checkpoints: 3,
        bytes: 0,
    };
    let (mut one, mut other) = (Random::new(5), Random::new(5));
    for _ in 0..50 {
        let chosen = one.choose(&candidates, need, 1.0).unwrap();
        assert!(
            one.choose(&candidates, Need::default(), 1.0)
                .unwrap()
                .is_empty()
        );
        assert_eq!(chosen, other.choose(&candidates, need, 1.0).unwrap());
    }
}

#[test]
fn learning_changes_the_order() {
    // At level 1 most arrivals are better, at level 2 hardly any.
    let candidates = [candidate("one", 1, 6, 12), candidate("two", 2, 6, 12)];
    let mut policy = Speculative::default();
    assert_eq!(first(&mut policy, &candidates, 1.0), "one");
    for (level, num_one) in [(1, 1), (2, 95)] {
        let data = ArrivalData {
            level,
            num_one,
            num_total: 100,
        };
        policy.observe(&data).unwrap();
    }
    assert_eq!(first(&mut policy, &candidates, 1.0), "two");
    assert_eq!(policy.estimators().unwrap().at_level(2).num_one(), 95);
}

#[test]
fn bad_input_is_named() {
    let zero = SpeculativeSettings {
        approx_steps: Some(0),
        ..SpeculativeSettings::default()
    };
    assert!(
        Speculative::new(zero)
            .unwrap_err()
            .to_string()
            .contains("approx_steps")
    );
    let mut prior = SpeculativeSettings::default();
    prior.estimators.prior_beta_mean = 1.5;
    assert!(
        Speculative::new(prior)
            .unwrap_err()
            .to_string()
            .contains("prior_beta_mean")
    );
    let bad = [candidate("fine", 1, 3, 9), candidate("odd", 3, 10, 9)];
    let error = Speculative::default()
        .ln_losses(&bad, 1.0)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("trial \"odd\" at level 3: "), "{error}");
    let negative = Speculative::default()
        .ln_losses(&bad[..1], -1.0)
        .unwrap_err();
    assert!(negative.to_string().contains("time_ratio"), "{negative}");
}
