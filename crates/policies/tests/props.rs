//! Laws of choosing, over random candidates.

use proptest::prelude::*;
use rungkeeper_policies::{
    ByLevel, Candidate, Need, PromotionQuantile, Random, RankAware, RemovalPolicy, Speculative,
    choose_cheapest,
};

#[derive(Clone, Debug)]
struct Trial {
    level: u64,
    rank: u64,
    num_better: u64,
    rung_len: u64,
    bytes: u64,
    bad_metric: bool,
}

fn trials() -> impl Strategy<Value = Vec<Trial>> {
    let trial = (
        0usize..4,
        1u64..2_000,
        0.0..1.0f64,
        1u64..2_000,
        0u64..100,
        prop::bool::weighted(0.1),
    );
    let trial = trial.prop_map(|(level, rung_len, share, tie, bytes, bad_metric)| {
        let before = ((rung_len - 1) as f64 * share) as u64;
        Trial {
            level: [1, 3, 9, 27][level],
            rank: before + 1,
            num_better: before / tie * tie,
            rung_len,
            bytes,
            bad_metric,
        }
    });
    prop::collection::vec(trial, 0..40)
}

fn candidates<'t>(trials: &'t [Trial], ids: &'t [String]) -> Vec<Candidate<'t>> {
    trials
        .iter()
        .zip(ids)
        .map(|(trial, id)| Candidate {
            trial_id: id,
            level: trial.level,
            rank: trial.rank,
            num_better: trial.num_better,
            rung_len: trial.rung_len,
            promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
            bad_metric: trial.bad_metric,
            bytes: trial.bytes,
        })
        .collect()
}

fn ids(number: usize) -> Vec<String> {
    (0..number).map(|i| i.to_string()).collect()
}

proptest! {
    /// Without a byte budget the sum of what is given up is the least possible.
    #[test]
    fn cheapest_is_the_least_sum(trials in trials(), costs in prop::collection::vec(-50.0..5.0f64, 40), checkpoints in 0u64..50) {
        let ids = ids(trials.len());
        let mut candidates = candidates(&trials, &ids);
        for candidate in &mut candidates {
            candidate.bad_metric = false;
        }
        let costs = &costs[..candidates.len()];
        let chosen = choose_cheapest(&candidates, costs, Need { checkpoints, bytes: 0 });
        let mut sorted = costs.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.truncate(checkpoints as usize);
        let taken: Vec<f64> = chosen.iter().map(|c| costs[c.candidate]).collect();
        prop_assert_eq!(taken, sorted);
    }

    /// Nothing that is given up for its bytes can be spared.
    #[test]
    fn no_byte_removal_is_in_vain(trials in trials(), costs in prop::collection::vec(-50.0..5.0f64, 40), bytes in 1u64..2_000) {
        let ids = ids(trials.len());
        let mut candidates = candidates(&trials, &ids);
        for candidate in &mut candidates {
            candidate.bad_metric = false;
        }
        let costs = &costs[..candidates.len()];
        let chosen = choose_cheapest(&candidates, costs, Need { checkpoints: 0, bytes });
        let freed: u64 = chosen.iter().map(|c| candidates[c.candidate].bytes).sum();
        let all: u64 = candidates.iter().map(|c| c.bytes).sum();
        prop_assert!(freed >= bytes.min(all));
        if freed >= bytes {
            for choice in &chosen {
                prop_assert!(freed - candidates[choice.candidate].bytes < bytes);
            }
        }
    }

    /// The order of the list that is shown does not matter where the policy is not random.
    #[test]
    fn order_of_the_candidates_does_not_matter(trials in trials(), checkpoints in 0u64..20, bytes in prop_oneof![Just(0u64), 1u64..500], ratio in 1e-6..1e3f64) {
        let ids = ids(trials.len());
        let forward = candidates(&trials, &ids);
        let backward: Vec<_> = forward.iter().rev().copied().collect();
        let need = Need { checkpoints, bytes };
        let policies: [Box<dyn RemovalPolicy>; 3] =
            [Box::new(Speculative::default()), Box::new(RankAware::default()), Box::new(ByLevel)];
        for mut policy in policies {
            let mut choose = |list: &[Candidate<'_>]| -> Vec<String> {
                let chosen = policy.choose(list, need, ratio).unwrap();
                chosen.iter().map(|c| list[c.candidate].trial_id.to_owned()).collect()
            };
            prop_assert_eq!(choose(&forward), choose(&backward));
        }
    }

    /// Whole rungs in order of the rank, as a model lists them: only the worst of each are scored,
    /// and the choice is that of scoring all.
    #[test]
    fn scoring_a_few_is_scoring_all(
        rungs in prop::collection::vec((1u64..300, 0.0..1.0f64), 1..5),
        tie in 1u64..40, checkpoints in 1u64..20, ratio in 1e-6..1e3f64,
    ) {
        let mut candidates = Vec::new();
        let ids = ids(2_000);
        for (i, &(rung_len, share)) in rungs.iter().enumerate().rev() {
            let first = 1 + (rung_len as f64 * share) as u64;
            for rank in first..=rung_len {
                candidates.push(Candidate {
                    trial_id: &ids[candidates.len()],
                    level: 3u64.pow(i as u32),
                    rank,
                    num_better: (rank - 1) / tie * tie,
                    rung_len,
                    promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
                    bad_metric: rank > rung_len - rung_len / 10,
                    bytes: 0,
                });
            }
        }
        let need = Need { checkpoints, bytes: 0 };
        let policies: [Box<dyn RemovalPolicy>; 2] =
            [Box::new(Speculative::default()), Box::new(RankAware::default())];
        for mut policy in policies {
            let all = policy.ln_losses(&candidates, ratio).unwrap();
            let chosen = policy.choose(&candidates, need, ratio).unwrap();
            // But for rounding errors, with which trials that cost the same may change places.
            let cheapest = choose_cheapest(&candidates, &all, need);
            prop_assert_eq!(chosen.len(), cheapest.len());
            for (one, other) in chosen.iter().zip(&cheapest) {
                let (cost, least) = (all[one.candidate], all[other.candidate]);
                prop_assert!(cost == least || (cost - least).abs() <= 1e-12 * least.abs().max(1.0));
                let told = one.ln_expected_cost.expect("it is estimated");
                prop_assert!(told == cost || (told - cost).abs() <= 1e-12 * cost.abs().max(1.0));
            }
        }
    }

    /// More to give up keeps what was given up for less.
    #[test]
    fn needing_more_gives_up_more(trials in trials(), fewer in 0u64..20, more in 0u64..20, seed in any::<u64>()) {
        let ids = ids(trials.len());
        let candidates = candidates(&trials, &ids);
        let make: [fn(u64) -> Box<dyn RemovalPolicy>; 4] = [
            |_| Box::new(Speculative::default()),
            |_| Box::new(RankAware::default()),
            |_| Box::new(ByLevel),
            |s| Box::new(Random::new(s)),
        ];
        for make in make {
            let chosen = |checkpoints| {
                let need = Need { checkpoints, bytes: 0 };
                make(seed).choose(&candidates, need, 1.0).unwrap()
            };
            let (few, many) = (chosen(fewer), chosen(fewer + more));
            prop_assert_eq!(&many[..few.len()], &few[..]);
        }
    }
}
