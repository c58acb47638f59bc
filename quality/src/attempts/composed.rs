//! A score put together from ideas.

use anyhow::Result;
use rungkeeper_rung_model::Candidate;
use rungkeeper_score::{PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probability};

use super::{Arguments, Known, Rates, Walk, Worth};
use crate::attempt::{Attempt, View};

/// The rank-aware score with known arrivals, another rate of arrivals, ties told by ranks alone,
/// or another worth of a slot; by default it is the rank-aware score itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Composed {
    /// Which arrivals are known beforehand.
    pub known: Known,
    /// How many are expected.
    pub rates: Rates,
    /// Whether an arrival between equals of a trial counts as better, as all do before its rank.
    pub ranks_alone: bool,
    /// What the probability is turned into.
    pub worth: Worth,
}

impl Composed {
    fn arguments(&self, view: &View<'_>, expected: &[f64], candidate: &Candidate<'_>) -> Arguments {
        let rung = view.rung_of(candidate);
        let mut arguments = Arguments {
            expected: expected[rung],
            ..Arguments::of(candidate, view.time_ratio)
        };
        if self.ranks_alone {
            arguments.better_gaps = candidate.rank;
        }
        self.known.applied(view, candidate, arguments)
    }
}

impl Attempt for Composed {
    fn ln_losses(&mut self, view: &View<'_>) -> Result<Vec<f64>> {
        let expected = self.rates.expected(view);
        let candidates = view.candidates.iter();
        let arguments: Vec<Arguments> = candidates
            .map(|candidate| self.arguments(view, &expected, candidate))
            .collect();
        let chances = ln_probabilities(&arguments)?;
        let losses = view.candidates.iter().zip(arguments.iter().zip(chances));
        Ok(losses
            .map(|(candidate, (arguments, ln_chance))| {
                if candidate.bad_metric {
                    return f64::NEG_INFINITY;
                }
                let worth = match self.worth {
                    Worth::Loss => ln_chance,
                    Worth::PerSlot => ln_chance - Walk::new(arguments).ln_time_held(),
                    Worth::Index => Walk::new(arguments).ln_best_rate(),
                };
                libm::log(candidate.level as f64) + worth
            })
            .collect())
    }

    /// Without occupancy, of two trials in a rung the worse-ranked one is worth less.
    fn needs_all(&self) -> bool {
        self.worth != Worth::Loss
    }
}

/// Logarithms of the chances of being promoted in time.
fn ln_probabilities(arguments: &[Arguments]) -> Result<Vec<f64>> {
    let ln_probability = |arguments: &Arguments| {
        let (a, b) = arguments.promotion_quantile;
        let position = RankedPosition {
            rank: arguments.rank,
            num_better: arguments.better_gaps - 1,
            rung_len: arguments.rung_len,
            promotion_quantile: PromotionQuantile::new(a, b)?,
            time_ratio: arguments.time_ratio(),
        };
        let chance = rank_aware_probability(&position, PromotionRule::TopFraction)?;
        Ok(chance.ln_probability())
    };
    arguments.iter().map(ln_probability).collect()
}
