use rungkeeper_rung_model::Candidate;

use crate::choice::{choose_in_order, tie_order};
use crate::{Choice, Need, PolicyError, RemovalPolicy};

/// Baseline: gives up the lowest level first, and at a level the worst rank.
///
/// Bad metrics go before all others. As `by_level` in Syne Tune 0.13.
///
/// ```
/// use rungkeeper_policies::{ByLevel, Candidate, Need, PromotionQuantile, RemovalPolicy};
///
/// let candidate = |trial_id, level, rank| Candidate {
///     trial_id, level, rank, num_better: rank - 1, rung_len: 9, promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
///     bad_metric: false, bytes: 1,
/// };
/// let candidates = [candidate("a", 3, 9), candidate("b", 1, 4), candidate("c", 1, 8)];
/// let need = Need { checkpoints: 2, bytes: 0 };
/// let chosen = ByLevel.choose(&candidates, need, 1.0)?;
/// let ids: Vec<_> = chosen.iter().map(|c| candidates[c.candidate].trial_id).collect();
/// assert_eq!(ids, ["c", "b"]);
/// # Ok::<(), rungkeeper_policies::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ByLevel;

impl RemovalPolicy for ByLevel {
    fn name(&self) -> &'static str {
        "by_level"
    }

    /// The level, plus the share of the rung that is worse: what the order minimizes.
    fn ln_losses(&self, candidates: &[Candidate<'_>], _: f64) -> Result<Vec<f64>, PolicyError> {
        let loss = |candidate: &Candidate<'_>| {
            let worse = candidate.rung_len.saturating_sub(candidate.rank) as f64;
            libm::log(candidate.level as f64 + worse / (candidate.rung_len as f64 + 1.0))
        };
        Ok(candidates.iter().map(loss).collect())
    }

    fn choose(
        &mut self,
        candidates: &[Candidate<'_>],
        need: Need,
        _: f64,
    ) -> Result<Vec<Choice>, PolicyError> {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_unstable_by(|&i, &j| {
            let (one, other) = (&candidates[i], &candidates[j]);
            let bad_first = other.bad_metric.cmp(&one.bad_metric);
            bad_first.then_with(|| tie_order(one, other))
        });
        Ok(choose_in_order(candidates, order, need))
    }

    fn needs_all(&self, need: Need) -> bool {
        need.bytes > 0
    }

    fn estimates_costs(&self) -> bool {
        false
    }
}
