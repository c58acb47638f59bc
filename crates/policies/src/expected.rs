//! What the policies that expect a cost have in common.

use rungkeeper_rung_model::Candidate;
use rungkeeper_score::{PromotionQuantile, ResumeProbability, ScoreError, ln_expected_cost};

use crate::PolicyError;

/// The promotion quantile of a candidate's rung.
pub(crate) fn promotion_quantile(
    candidate: &Candidate<'_>,
) -> Result<PromotionQuantile, PolicyError> {
    let (a, b) = candidate.promotion_quantile;
    PromotionQuantile::new(a, b).map_err(|source| refused(candidate, source))
}

/// Logarithm of level times probability of being resumed; minus infinity for bad metrics, which are never promoted.
pub(crate) fn ln_costs(
    candidates: &[Candidate<'_>],
    probabilities: &[ResumeProbability],
) -> Vec<f64> {
    let both = candidates.iter().zip(probabilities);
    both.map(|(candidate, &probability)| {
        if candidate.bad_metric {
            f64::NEG_INFINITY
        } else {
            ln_expected_cost(candidate.level, probability)
        }
    })
    .collect()
}

/// That the score refuses a candidate.
pub(crate) fn refused(candidate: &Candidate<'_>, source: ScoreError) -> PolicyError {
    PolicyError::Candidate {
        trial: candidate.trial_id.to_owned(),
        level: candidate.level,
        source,
    }
}
