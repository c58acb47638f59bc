//! The choice by costs of which most are 0: those are found, and not worked out.

use std::cell::Cell;

use rungkeeper_policies::{
    Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, RemovalPolicy, RungCost, RungView,
};

use super::ahead::Ahead;

/// A cost whose logarithm is below this is 0 as a double, and so is the chance: the least double above 0 has -745.
const NOTHING: f64 = -800.0;

/// The logarithm of a number of bytes is less than this.
const MOST_LN_BYTES: f64 = 45.0;

/// Where no more than this go, all their costs are worked out, and they stand in the order of those.
const FEW: u64 = 1_000;

/// No cost that was worked out is below that, unless it is 0.
const LOWEST: f64 = -1e9;

/// Chooses as [`Cheapest`] does, where of a rung the worst-ranked cost least.
///
/// Of a long rung most trials are so far behind that their cost is 0 as a double. Where all of them go, it does not matter
/// which of them goes first, and nobody sees by what factor it is below the range of doubles: in each rung the first one that
/// costs more is found by bisection, and those behind it count as 0, one like the other. Where only some of them go, the same
/// is done with those that are still farther behind. Where few go, it is not worth the while.
pub(super) fn choose<'m>(
    cost: impl ExpectedCost + Sync + Copy,
    rungs: &[RungView<'m>],
    need: Need,
    time_ratio: f64,
) -> Result<Vec<Choice<'m>>, PolicyError> {
    if need.bytes > 0 || need.checkpoints > FEW {
        let ln_least = limit(&cost, rungs, need, time_ratio)?;
        let left_out = Cell::new(0);
        let mut policy = Cheapest(Rounded {
            cost: Ahead(cost),
            ln_least,
            left_out,
        });
        let chosen = policy.choose(rungs, need, time_ratio)?;
        if is_settled(&chosen, policy.0.left_out.get(), need, ln_least) {
            return Ok(chosen);
        }
    }
    Cheapest(Ahead(cost)).choose(rungs, need, time_ratio)
}

/// A limit so low that all that cost less are likely to go.
fn limit(
    cost: &impl ExpectedCost,
    rungs: &[RungView<'_>],
    need: Need,
    time_ratio: f64,
) -> Result<f64, PolicyError> {
    let mut ln_least = NOTHING;
    let mut all = Vec::with_capacity(rungs.len());
    for rung in rungs {
        let candidates = worst_first(*rung);
        // A rung without candidates may be without any entry, and such a one has no cost.
        if !candidates.is_empty() {
            all.push((candidates, cost.of_rung(*rung, time_ratio)?));
        }
    }
    while ln_least > LOWEST {
        let (mut checkpoints, mut bytes) = (0, 0u64);
        for (candidates, cost) in &mut all {
            let below = num_below(candidates, cost.as_mut(), ln_least)?;
            // Those that are not below this limit are below no lower one.
            candidates.truncate(below);
            checkpoints += below as u64;
            let sizes = candidates.iter().map(|candidate| candidate.bytes);
            bytes = sizes.fold(bytes, u64::saturating_add);
        }
        let all_go = match need.bytes {
            0 => checkpoints <= need.checkpoints,
            most => bytes <= most,
        };
        if all_go {
            break;
        }
        ln_least *= 2.0;
    }
    Ok(ln_least)
}

/// The candidates of a rung that may be promoted at all.
fn worst_first(rung: RungView<'_>) -> Vec<Candidate<'_>> {
    let candidates = rung.worst_first();
    candidates.filter(|it| it.metric.is_some()).collect()
}

/// How many of them cost less than a limit.
fn num_below(
    worst_first: &[Candidate<'_>],
    cost: &mut dyn RungCost,
    ln_least: f64,
) -> Result<usize, PolicyError> {
    let (mut below, mut above) = (0, worst_first.len());
    while below < above {
        let middle = below.midpoint(above);
        if cost.ln_cost(&worst_first[middle], ln_least)? < ln_least {
            below = middle + 1;
        } else {
            above = middle;
        }
    }
    Ok(below)
}

/// Whether the exact costs would have made the same choice: all that count as 0 go. By the byte they come first as well, if one
/// goes that costs more than the limit whatever its size.
fn is_settled(chosen: &[Choice<'_>], left_out: u64, need: Need, ln_least: f64) -> bool {
    let finite = chosen.iter().filter(|it| it.candidate.metric.is_some());
    let costs = || finite.clone().filter_map(|it| it.ln_expected_cost);
    let nothing = costs().filter(|&ln_cost| ln_cost == f64::NEG_INFINITY);
    let is_dear = |ln_cost: f64| ln_cost > ln_least + MOST_LN_BYTES;
    nothing.count() as u64 == left_out && (need.bytes == 0 || costs().any(is_dear))
}

/// A cost, 0 below a limit.
struct Rounded<C> {
    cost: Ahead<C>,
    ln_least: f64,
    /// Number of candidates that are below the limit, over all rungs.
    left_out: Cell<u64>,
}

impl<C: ExpectedCost + Sync> ExpectedCost for Rounded<C> {
    fn name(&self) -> &'static str {
        self.cost.name()
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        let worst_first = worst_first(rung);
        // Not by the one that prices ahead, which is to be asked worst first.
        let mut cost = self.cost.0.of_rung(rung, time_ratio)?;
        let below = num_below(&worst_first, cost.as_mut(), self.ln_least)?;
        self.left_out.set(self.left_out.get() + below as u64);
        Ok(Box::new(OfRung {
            cost: self.cost.of_rung(rung, time_ratio)?,
            left_out_from: below
                .checked_sub(1)
                .map_or(u64::MAX, |best| worst_first[best].rank),
        }))
    }

    fn falls_with_rank(&self) -> bool {
        self.cost.falls_with_rank()
    }
}

struct OfRung<'a> {
    cost: Box<dyn RungCost + 'a>,
    /// The best rank that counts as 0.
    left_out_from: u64,
}

impl RungCost for OfRung<'_> {
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
        if candidate.rank >= self.left_out_from {
            return Ok(f64::NEG_INFINITY);
        }
        self.cost.ln_cost(candidate, enough)
    }

    fn guess(&self, candidate: &Candidate<'_>) -> f64 {
        self.cost.guess(candidate)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rungkeeper_policies::RankAware;
    use rungkeeper_rung_model::{CheckpointTracking, Decision, ModelSpec, RungModel};

    use super::*;

    /// Three rungs, the first one so long that half of it has no chance that is a double. Every fiftieth metric is bad, and
    /// there are equals.
    fn model() -> RungModel {
        let spec = ModelSpec {
            checkpoints: CheckpointTracking::Committed,
            ..ModelSpec::geometric(1, 3, 27).unwrap()
        };
        let mut model = RungModel::new(&spec).unwrap();
        for number in 0..6_000_u64 {
            let trial = number.to_string();
            let metric = match number % 50 {
                0 => f64::NAN,
                _ => (number * 7919 % 4_001) as f64,
            };
            model.start(&trial, 0).unwrap();
            let levels: &[u64] = match number % 9 {
                3 => &[1, 3, 9],
                0 | 6 => &[1, 3],
                _ => &[1],
            };
            for level in levels {
                if *level > 1 {
                    model.resume(&trial).unwrap();
                }
                model
                    .report(&trial, *level, metric, Decision::Pause)
                    .unwrap();
                model
                    .commit_checkpoint(&trial, *level, number % 97 * 1_000 + 1)
                    .unwrap();
            }
        }
        model
    }

    /// Who goes, and at what cost, to the last bit; what is 0 as a double is 0.
    fn facts(chosen: &[Choice<'_>]) -> BTreeSet<(String, u64)> {
        let fact = |it: &Choice<'_>| {
            let cost = it.ln_expected_cost.unwrap();
            let cost = if cost < NOTHING {
                f64::NEG_INFINITY
            } else {
                cost
            };
            (it.candidate.trial_id.to_owned(), cost.to_bits())
        };
        chosen.iter().map(fact).collect()
    }

    #[test]
    fn the_same_go_at_the_same_cost() {
        let model = model();
        let rungs: Vec<RungView<'_>> = model.rung_views().collect();
        let all = model.checkpoint_bytes();
        let cost = RankAware::default();
        let below = |rung: &RungView<'_>| {
            let mut cost = cost.of_rung(*rung, 1.0).unwrap();
            num_below(&worst_first(*rung), cost.as_mut(), NOTHING).unwrap() as u64
        };
        let left_out: u64 = rungs.iter().map(below).sum();
        assert!(left_out > 2_000, "{left_out}");
        let needs = [1, 1_000, 1_500, left_out + 150, 10_000];
        let needs = needs.map(|checkpoints| (checkpoints, 0)).into_iter();
        let bytes = [1, all / 2, all - all / 50];
        let bytes = bytes.map(|bytes| (0, bytes)).into_iter();
        for (checkpoints, bytes) in needs.chain(bytes).chain([(5_000, all / 3)]) {
            let need = Need { checkpoints, bytes };
            for time_ratio in [0.0, 1.0] {
                let exact = Cheapest(cost).choose(&rungs, need, time_ratio).unwrap();
                let found = choose(cost, &rungs, need, time_ratio).unwrap();
                assert!(!found.is_empty());
                assert_eq!(facts(&found), facts(&exact), "{need:?} {time_ratio}");
                assert_eq!(found.len(), exact.len(), "{need:?} {time_ratio}");
            }
        }
    }

    /// Costs of 0 first, then rising, as anybody expects who takes the first ones only.
    #[test]
    fn costs_rise_along_the_list() {
        let model = model();
        let rungs: Vec<RungView<'_>> = model.rung_views().collect();
        let need = Need {
            checkpoints: 4_500,
            bytes: 0,
        };
        let chosen = choose(RankAware::default(), &rungs, need, 1.0).unwrap();
        let costs = chosen.iter().filter_map(|it| it.ln_expected_cost);
        assert!(costs.is_sorted());
    }
}
