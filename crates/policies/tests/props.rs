//! Laws of choosing, over random candidates.

mod rungs;

use proptest::prelude::*;
use rungkeeper_policies::{
    Cheapest, ExpectedCost, Need, PolicyError, PolicySpec, Priced, RankAware, RemovalPolicy,
    RungCost, RungView, Speculative,
};
use rungs::{Rung, Table, chosen, ids, shown};

/// Rungs at the levels 1 to 27 with some 40 candidates in all, the worst of them sometimes without a finite metric.
fn rungs(most: usize) -> impl Strategy<Value = Vec<Rung>> {
    let candidate = (1u64..200, 0u64..100);
    let candidates = prop::collection::vec(candidate, 0..most);
    let rung = (candidates, 0u64..500, 1u64..2_000, 0usize..3);
    prop::collection::vec(rung, 4).prop_map(|rungs| {
        let levels = [27, 9, 3, 1];
        let rungs = levels.into_iter().zip(rungs);
        rungs
            .map(|(level, (candidates, promoted, tie, non_finite))| {
                // From the best candidate, behind what was promoted, to the worst.
                let mut rank = promoted;
                let mut trials: Vec<_> = candidates
                    .iter()
                    .enumerate()
                    .map(|(number, &(apart, bytes))| {
                        rank += apart;
                        let num_better = (rank - 1) / tie * tie;
                        let worst = number + non_finite >= candidates.len();
                        (format!("{level}_{number}"), rank, num_better, bytes, worst)
                    })
                    .collect();
                trials.reverse();
                Rung {
                    level,
                    len: rank.max(1),
                    trials,
                }
            })
            .collect()
    })
}

fn all_finite(rungs: &mut [Rung]) {
    for trial in rungs.iter_mut().flat_map(|rung| &mut rung.trials) {
        trial.4 = false;
    }
}

/// A cost by id, from a list of costs.
fn table(costs: &[f64]) -> Cheapest<Table<impl Fn(&str) -> f64 + Send>> {
    Cheapest(Table(move |id: &str| {
        let (level, number) = id.split_once('_').unwrap();
        let place = level.parse::<usize>().unwrap() * 7 + number.parse::<usize>().unwrap();
        costs[place % costs.len()]
    }))
}

/// The same cost, but all candidates are priced.
struct PriceAll<C>(C);

impl<C: ExpectedCost> ExpectedCost for PriceAll<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        self.0.of_rung(rung, ratio)
    }
}

fn checkpoints(checkpoints: u64) -> Need {
    Need {
        checkpoints,
        bytes: 0,
    }
}

proptest! {
    /// Without a byte budget the sum of the costs is the least possible.
    #[test]
    fn cheapest_is_the_least_sum(mut rungs in rungs(10), costs in prop::collection::vec(-50.0..5.0f64, 40), number in 0u64..50) {
        all_finite(&mut rungs);
        let mut policy = table(&costs);
        let cost = |choice: &rungkeeper_policies::Choice<'_>| choice.ln_expected_cost.unwrap();
        let taken = chosen(&mut policy, &rungs, checkpoints(number), 1.0, cost);
        let mut sorted: Vec<f64> = shown(&rungs, |views| {
            let all = Priced::all(&policy.0, views, 1.0).unwrap();
            all.iter().map(|priced| priced.ln_cost).collect()
        });
        sorted.sort_by(f64::total_cmp);
        sorted.truncate(number as usize);
        prop_assert_eq!(taken, sorted);
    }

    /// Nothing that is removed for its bytes can be spared.
    #[test]
    fn no_byte_removal_is_in_vain(mut rungs in rungs(10), costs in prop::collection::vec(-50.0..5.0f64, 40), bytes in 1u64..2_000) {
        all_finite(&mut rungs);
        let need = Need { checkpoints: 0, bytes };
        let freed = chosen(&mut table(&costs), &rungs, need, 1.0, |choice| choice.candidate.bytes);
        let all: u64 = rungs.iter().flat_map(|rung| &rung.trials).map(|trial| trial.3).sum();
        let sum: u64 = freed.iter().sum();
        prop_assert!(sum >= bytes.min(all));
        if sum >= bytes {
            prop_assert!(freed.iter().all(|freed| sum - freed < bytes));
        }
    }

    /// The order of the rungs that are shown does not matter where the policy is not random.
    #[test]
    fn order_of_the_rungs_does_not_matter(rungs in rungs(10), number in 0u64..20, bytes in prop_oneof![Just(0u64), 1u64..500], ratio in 1e-6..1e3f64) {
        let need = Need { checkpoints: number, bytes };
        let backward: Vec<_> = rungs.iter().rev().cloned().collect();
        for spec in PolicySpec::all().filter(|spec| spec.name() != "random") {
            let mut policy = spec.build().unwrap();
            let forward = ids(&mut *policy, &rungs, need, ratio);
            prop_assert_eq!(forward, ids(&mut *policy, &backward, need, ratio));
        }
    }

    /// Only the worst of each rung are priced, and the choice is that of pricing all.
    #[test]
    fn pricing_a_few_is_pricing_all(rungs in rungs(25), number in 1u64..20, ratio in 1e-6..1e3f64) {
        let few: [Box<dyn RemovalPolicy>; 2] =
            [Box::new(Cheapest(Speculative::default())), Box::new(Cheapest(RankAware::default()))];
        let all: [Box<dyn RemovalPolicy>; 2] = [
            Box::new(Cheapest(PriceAll(Speculative::default()))),
            Box::new(Cheapest(PriceAll(RankAware::default()))),
        ];
        for (mut few, mut all) in few.into_iter().zip(all) {
            let cost = |choice: &rungkeeper_policies::Choice<'_>| choice.ln_expected_cost.unwrap();
            let few = chosen(&mut *few, &rungs, checkpoints(number), ratio, cost);
            let all = chosen(&mut *all, &rungs, checkpoints(number), ratio, cost);
            // Rounding errors aside, with which trials that cost the same may change places.
            prop_assert_eq!(few.len(), all.len());
            for (cost, least) in few.into_iter().zip(all) {
                prop_assert!(cost == least || (cost - least).abs() <= 1e-12 * least.abs().max(1.0));
            }
        }
    }

    /// More to remove keeps what was removed for less.
    #[test]
    fn needing_more_removes_more(rungs in rungs(10), fewer in 0u64..20, more in 0u64..20, policy_seed in any::<u64>()) {
        let random = PolicySpec::Random { policy_seed };
        for spec in PolicySpec::all().chain([random]) {
            let removed = |number| {
                ids(&mut *spec.build().unwrap(), &rungs, checkpoints(number), 1.0)
            };
            let (few, many) = (removed(fewer), removed(fewer + more));
            prop_assert_eq!(&many[..few.len()], &few[..]);
        }
    }
}
