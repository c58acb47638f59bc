use alloc::{boxed::Box, vec::Vec};

use rungkeeper_rung_model::{Candidate, PromotionRule, RungView};
use rungkeeper_score::{
    RankedPosition, ResumeProbability, Rung, ln_expected_cost, rank_aware_lower_bounds,
};

use crate::{ExpectedCost, PolicyError, RungCost};

/// Where the promotion quantile is not 1/eta, first passages are counted arrival by arrival, and at most this many expected
/// ones are looked ahead.
const MOST_COUNTED: f64 = 1024.0;

/// The default cost: rung level times the probability that the trial is resumed, by its rank alone.
///
/// A trial of rank k among n is beaten by the next arrival with chance k / (n + 1), since that falls into each of the gaps
/// between the ranked trials with equal chance (where equals stand before it, only the gaps before the first of them
/// count, since a new equal stands behind); and how many arrivals are still to come is uncertain, most where rungs are
/// short. So there is nothing to learn and nothing to set, and trials next to the last promoted one are told from
/// those far behind. The probability is that of `rungkeeper_score::RankAware`.
///
/// Where a rung's promotion quantile is not 1/eta, at most about a thousand expected arrivals are looked ahead.
///
/// ```
/// use rungkeeper_policies::{Candidate, ExpectedCost, PromotionQuantile, RankAware, RungView};
///
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let rung = RungView::new(9, 30, third, &[])?;
/// let policy = RankAware::default();
/// let mut cost = policy.of_rung(rung, 1.0)?;
/// let mut of_rank = |rank| {
///     cost.ln_cost(&Candidate { trial_id: "7", rank, num_better: rank - 1, bytes: 0, non_finite: false })
/// };
/// assert!(of_rank(11)?.exp() > 5.0 && of_rank(20)?.exp() < 0.01); // of 9 resource units
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RankAware {
    promotion_rule: PromotionRule,
}

impl RankAware {
    /// For a scheduler with the given promotion rule; top fraction by default.
    #[must_use]
    pub fn new(promotion_rule: PromotionRule) -> Self {
        Self { promotion_rule }
    }
}

impl ExpectedCost for RankAware {
    fn name(&self) -> &'static str {
        "rank_aware"
    }

    fn of_rung(
        &self,
        rung: RungView<'_>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + '_>, PolicyError> {
        let (level, promotion_quantile) = (rung.level(), rung.promotion_quantile());
        let most = if promotion_quantile.numerator() == 1 {
            rungkeeper_score::RankAware::MAX_TIME_RATIO
        } else {
            MOST_COUNTED / rung.len() as f64
        };
        // Not `min`, which would turn NaN into a number.
        let time_ratio = if time_ratio > most { most } else { time_ratio };
        let scorer = Rung::new(rung.len(), promotion_quantile, self.promotion_rule)
            .and_then(|rung| rung.rank_aware(time_ratio))
            .map_err(|source| PolicyError::Rung { level, source })?;
        Ok(Box::new(OfRung {
            level,
            scorer,
            position: RankedPosition {
                rank: 1,
                num_better: 0,
                rung_len: rung.len(),
                promotion_quantile,
                time_ratio,
            },
            promotion_rule: self.promotion_rule,
            bounds: Vec::new(),
        }))
    }

    /// The probability does not increase with the rank.
    fn falls_with_rank(&self) -> bool {
        true
    }
}

struct OfRung {
    level: u64,
    scorer: rungkeeper_score::RankAware,
    /// The candidate's place, but for its rank.
    position: RankedPosition,
    promotion_rule: PromotionRule,
    bounds: Vec<ResumeProbability>,
}

impl RungCost for OfRung {
    fn ln_cost(&mut self, candidate: &Candidate<'_>) -> Result<f64, PolicyError> {
        let probability = self
            .scorer
            .probability(candidate.rank, candidate.num_better);
        let probability = probability.map_err(PolicyError::of(self.level, candidate))?;
        Ok(ln_expected_cost(self.level, probability))
    }

    fn ln_lower_bound(&mut self, candidate: &Candidate<'_>) -> Result<f64, PolicyError> {
        let position = RankedPosition {
            rank: candidate.rank,
            num_better: candidate.num_better,
            ..self.position
        };
        rank_aware_lower_bounds(&[position], self.promotion_rule, &mut self.bounds)
            .map_err(|error| PolicyError::of(self.level, candidate)(error.source))?;
        Ok(ln_expected_cost(self.level, self.bounds[0]))
    }
}
