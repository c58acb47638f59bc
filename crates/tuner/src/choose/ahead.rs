//! Costs that are worked out ahead, on all cores.

use std::collections::VecDeque;

use rayon::prelude::*;
use rungkeeper_policies::{Candidate, ExpectedCost, PolicyError, RungCost, RungView};

/// After this many candidates of a rung were priced to the end, more of them are likely to follow.
const FIRST: usize = 64;

/// Most that are priced at a time: the last of them may be asked for in vain.
const MOST: usize = 8192;

/// Fewer than this are not worth another thread.
const LEAST_EACH: usize = 16;

/// The same cost, to the last bit. A policy asks for one candidate of a rung after the other, worst first, and each takes a
/// while; those that follow are priced at the same time, twice as many each time.
pub(super) struct Ahead<C>(pub(super) C);

impl<C: ExpectedCost + Sync> ExpectedCost for Ahead<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        Ok(Box::new(OfRung {
            cost: &self.0,
            rung,
            time_ratio,
            one: self.0.of_rung(rung, time_ratio)?,
            worst_first: Box::new(rung.worst_first()),
            known: VecDeque::new(),
            asked: 0,
        }))
    }

    fn falls_with_rank(&self) -> bool {
        self.0.falls_with_rank()
    }
}

struct OfRung<'a, C> {
    cost: &'a C,
    rung: RungView<'a>,
    time_ratio: f64,
    /// Prices the candidates one by one.
    one: Box<dyn RungCost + 'a>,
    /// From the first on that was not priced ahead.
    worst_first: Box<dyn Iterator<Item = Candidate<'a>> + 'a>,
    /// Ranks that were priced ahead, worst first.
    known: VecDeque<(u64, Result<f64, PolicyError>)>,
    /// Candidates that were priced to the end.
    asked: usize,
}

impl<C: ExpectedCost + Sync> RungCost for OfRung<'_, C> {
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
        let mut known = self.known(candidate.rank);
        if known.is_none() && self.asked >= FIRST {
            self.price_more(candidate.rank);
            known = self.known(candidate.rank);
        }
        let cost = match known {
            Some(cost) => cost?,
            None => self.one.ln_cost(candidate, enough)?,
        };
        self.asked += usize::from(cost <= enough);
        Ok(cost)
    }

    fn guess(&self, candidate: &Candidate<'_>) -> f64 {
        self.one.guess(candidate)
    }
}

impl<C: ExpectedCost + Sync> OfRung<'_, C> {
    /// What is known of a rank. Worse ones will not be asked for any more.
    fn known(&mut self, rank: u64) -> Option<Result<f64, PolicyError>> {
        while self.known.front().is_some_and(|(known, _)| *known > rank) {
            self.known.pop_front();
        }
        let found = self.known.front().filter(|(known, _)| *known == rank);
        found.map(|(_, cost)| cost.clone())
    }

    /// Prices candidates from a rank on.
    fn price_more(&mut self, rank: u64) {
        let next = self.worst_first.by_ref().filter(|it| it.rank <= rank);
        let next: Vec<Candidate<'_>> = next.take(self.asked.min(MOST)).collect();
        let each = next.len().div_ceil(rayon::current_num_threads());
        let of_some = |some: &[Candidate<'_>]| -> Vec<(u64, Result<f64, PolicyError>)> {
            let mut cost = self.cost.of_rung(self.rung, self.time_ratio);
            let price = |it: &Candidate<'_>| {
                let cost = cost.as_mut().map_err(|error| error.clone());
                (
                    it.rank,
                    cost.and_then(|cost| cost.ln_cost(it, f64::INFINITY)),
                )
            };
            some.iter().map(price).collect()
        };
        let chunks = next.par_chunks(each.max(LEAST_EACH));
        let priced: Vec<_> = chunks.map(of_some).collect();
        self.known = priced.into_iter().flatten().collect();
    }
}

#[cfg(test)]
mod tests {
    use rungkeeper_policies::{Cheapest, Choice, Need, PromotionRule, RankAware, RemovalPolicy};
    use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};

    use super::*;

    /// Two rungs with equals and bad metrics, each longer than what is priced one by one.
    fn model() -> RungModel {
        let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 9).unwrap()).unwrap();
        for number in 0..900_u64 {
            let trial = number.to_string();
            let metric = match number % 50 {
                0 => f64::NAN,
                _ => (number * 7919 % 601) as f64,
            };
            model.start(&trial, 0).unwrap();
            for level in if number % 3 == 0 { &[1, 3][..] } else { &[1] } {
                model
                    .report(&trial, *level, metric, Decision::Pause)
                    .unwrap();
                model.commit_checkpoint(&trial, *level, number + 1).unwrap();
                if *level == 1 && number % 3 == 0 {
                    model.resume(&trial).unwrap();
                }
            }
        }
        model
    }

    #[test]
    fn the_same_to_the_last_bit() {
        let model = model();
        let rungs: Vec<RungView<'_>> = model.rung_views().collect();
        let facts = |chosen: Vec<Choice<'_>>| -> Vec<(String, u64, u64)> {
            let fact = |it: Choice<'_>| {
                let cost = it.ln_expected_cost.unwrap().to_bits();
                (it.candidate.trial_id.to_owned(), it.candidate.rank, cost)
            };
            chosen.into_iter().map(fact).collect()
        };
        for (checkpoints, bytes) in [(3, 0), (700, 0), (10_000, 0), (0, 200_000), (50, 9_000)] {
            let need = Need { checkpoints, bytes };
            for rule in [PromotionRule::TopFraction, PromotionRule::LinearQuantile] {
                let cost = RankAware::new(rule);
                let one_by_one = Cheapest(cost).choose(&rungs, need, 0.7).unwrap();
                let ahead = Cheapest(Ahead(cost)).choose(&rungs, need, 0.7).unwrap();
                assert!(!one_by_one.is_empty());
                assert_eq!(facts(ahead), facts(one_by_one), "{need:?}");
            }
        }
    }
}
