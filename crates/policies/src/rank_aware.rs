use alloc::boxed::Box;

use rungkeeper_rung_model::{Candidate, PromotionRule, RungView};
use rungkeeper_score::{RankAware as Scorer, ResumeProbability, Rung};

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
///     let candidate = Candidate { trial_id: "7", rank, num_better: rank - 1, bytes: 0, metric: Some(0.5) };
///     cost.ln_cost(&candidate, f64::INFINITY)
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

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        let promotion_quantile = rung.promotion_quantile();
        let most = if promotion_quantile.numerator() == 1 {
            Scorer::MAX_TIME_RATIO
        } else {
            MOST_COUNTED / rung.len() as f64
        };
        // Not `min`, which would turn NaN into a number.
        let time_ratio = if time_ratio > most { most } else { time_ratio };
        let scorer = Rung::new(rung.len(), promotion_quantile, self.promotion_rule)
            .and_then(|rung| rung.rank_aware(time_ratio))
            .map_err(|source| PolicyError::Rung {
                level: rung.level(),
                source,
            })?;
        Ok(Box::new(OfRung {
            rung,
            ln_level: libm::log(rung.level() as f64),
            time_ratio,
            scorer,
        }))
    }

    /// The probability does not increase with the rank.
    fn falls_with_rank(&self) -> bool {
        true
    }
}

struct OfRung<'a> {
    rung: RungView<'a>,
    ln_level: f64,
    time_ratio: f64,
    scorer: Scorer,
}

impl RungCost for OfRung<'_> {
    /// The sum is ended where it is above: what is left out only adds to it.
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
        let Candidate {
            rank, num_better, ..
        } = *candidate;
        let most = (enough - self.ln_level).min(0.0);
        let probability = ResumeProbability::from_ln(most)
            .and_then(|most| self.scorer.probability_up_to(rank, num_better, most));
        let probability = probability.map_err(PolicyError::of(self.rung.level(), candidate))?;
        Ok(self.ln_level + probability.ln_probability())
    }

    /// When as many have arrived as are expected, the number of better ones is about normal, and the trial is in the top
    /// fraction if that is some deviations below its mean.
    fn guess(&self, candidate: &Candidate<'_>) -> f64 {
        let len = self.rung.len() as f64;
        let gaps = len + 1.0;
        let arrivals = gaps * self.time_ratio;
        let chance = (candidate.num_better + 1) as f64 / gaps;
        // Of Polya's urn, from which a gap is drawn and put back with one more of its kind.
        let mean = arrivals * chance;
        let variance = mean * (1.0 - chance) * ((gaps + arrivals) / (gaps + 1.0));
        let alpha = self.rung.promotion_quantile().value();
        let room = (len + arrivals) * alpha - candidate.rank as f64;
        let below = (mean - room).max(0.0);
        self.ln_level - 0.5 * below * (below / variance)
    }
}
