use rungkeeper_rung_model::Candidate;
use rungkeeper_score::{
    PromotionRule, RankAware as Scorer, ResumeProbability, Rung, ScoreError, ln_expected_cost,
};

use crate::choice::choose_cheapest_of_rungs;
use crate::expected::{ln_losses, refused, rung};
use crate::policy::choose_of_all;
use crate::{Choice, Need, PolicyError, RemovalPolicy};

/// Where the promotion quantile is not 1/eta, first passages are counted arrival by arrival, and so many expected ones
/// are looked ahead at most.
const MOST_COUNTED: f64 = 1024.0;

/// Gives up the checkpoints whose loss costs least in expectation, as [`Speculative`](crate::Speculative), but lets the
/// rank of a trial say how likely an arrival beats it.
///
/// A trial of rank k among n is beaten by the next arrival with chance k / (n + 1), since that falls into each of the gaps
/// between the ranked trials with equal chance (where equals stand before it, only the gaps before the first of them
/// count, since a new equal stands behind); and how many arrivals are still to come is uncertain, most where rungs are
/// short. So there is nothing to learn and nothing to set, and trials next to the last promoted one are told from
/// those far behind. The probability is `rungkeeper_score::rank_aware_probability`.
///
/// Where a rung's promotion quantile is not 1/eta, at most about a thousand expected arrivals are looked ahead.
///
/// ```
/// use rungkeeper_policies::{Candidate, RankAware, RemovalPolicy};
///
/// let waits_at = |rank| Candidate {
///     trial_id: "7",
///     level: 9,
///     rank,
///     num_better: rank - 1,
///     rung_len: 30,
///     promotion_quantile: (1, 3),
///     bad_metric: false,
///     bytes: 0,
/// };
/// let losses = RankAware::default().ln_losses(&[waits_at(11), waits_at(20)], 1.0)?;
/// assert!(losses[0].exp() > 5.0 && losses[1].exp() < 0.01); // of 9 resource units
/// # Ok::<(), rungkeeper_policies::PolicyError>(())
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

    /// The loss of one; where that is above `most`, any bound from below that is above too.
    fn ln_loss(
        self,
        candidate: &Candidate<'_>,
        time_ratio: f64,
        most: f64,
    ) -> Result<f64, PolicyError> {
        let rung = rung(candidate, self.promotion_rule)?;
        if candidate.bad_metric {
            return Ok(f64::NEG_INFINITY);
        }
        let most = (most - libm::log(candidate.level as f64)).min(0.0);
        let probability = scorer(candidate, rung, time_ratio).and_then(|mut scorer| {
            let most = ResumeProbability::from_ln(most)?;
            scorer.probability_up_to(candidate.rank, candidate.num_better, most)
        });
        let probability = probability.map_err(|source| refused(candidate, source))?;
        Ok(ln_expected_cost(candidate.level, probability))
    }
}

/// About the logarithm of the loss, to see which may be the least: when as many have arrived as are expected, the number of
/// better ones is normal, and the trial is in the top fraction if that is some deviations below its mean.
fn rough_ln_loss(candidate: &Candidate<'_>, time_ratio: f64) -> f64 {
    let (a, b) = candidate.promotion_quantile;
    let (n, rank) = (candidate.rung_len as f64 + 1.0, candidate.rank as f64);
    let arrivals = n * time_ratio;
    let chance = (candidate.num_better + 1) as f64 / n;
    let mean = arrivals * chance;
    let room = (n + arrivals) * a as f64 / b as f64 - rank;
    let variance = mean * (1.0 - chance) * (1.0 + time_ratio);
    let below = (mean - room).max(0.0);
    libm::log(candidate.level as f64) - 0.5 * below * (below / variance)
}

/// The scorer of a candidate's rung.
fn scorer(candidate: &Candidate<'_>, rung: Rung, time_ratio: f64) -> Result<Scorer, ScoreError> {
    let most = if candidate.promotion_quantile.0 == 1 {
        Scorer::MAX_TIME_RATIO
    } else {
        MOST_COUNTED / candidate.rung_len as f64
    };
    // Not `min`, which would turn NaN into a number.
    rung.rank_aware(if time_ratio > most { most } else { time_ratio })
}

impl RemovalPolicy for RankAware {
    fn name(&self) -> &'static str {
        "rank_aware"
    }

    /// Logarithm of level times probability of being resumed; minus infinity for bad metrics, which are never promoted.
    fn ln_losses(
        &self,
        candidates: &[Candidate<'_>],
        time_ratio: f64,
    ) -> Result<Vec<f64>, PolicyError> {
        ln_losses(
            candidates,
            self.promotion_rule,
            |candidate, rung| scorer(candidate, rung, time_ratio),
            |scorer, candidate| scorer.probability(candidate.rank, candidate.num_better),
        )
    }

    /// Few are scored if few must go: of a rung the worst-ranked, and of these no more than it takes to see which is the
    /// cheapest.
    fn choose(
        &mut self,
        candidates: &[Candidate<'_>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice>, PolicyError> {
        let few = 1..=candidates.len() as u64 / 2;
        if need.bytes > 0 || !few.contains(&need.checkpoints) {
            return choose_of_all(self, candidates, need, time_ratio);
        }
        choose_cheapest_of_rungs(
            candidates,
            need.checkpoints,
            |candidate| rough_ln_loss(candidate, time_ratio),
            |i, most| self.ln_loss(&candidates[i], time_ratio, most),
        )
    }

    /// The probability does not increase with the rank, so the worst of each rung are enough.
    fn needs_all(&self, need: Need) -> bool {
        need.bytes > 0
    }
}
