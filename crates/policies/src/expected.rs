//! What the policies that expect a cost have in common.

use rungkeeper_rung_model::Candidate;
use rungkeeper_score::{
    PromotionQuantile, PromotionRule, ResumeProbability, Rung, ScoreError, ln_expected_cost,
};

use crate::PolicyError;

/// The promotion quantile of a candidate's rung.
pub(crate) fn promotion_quantile(
    candidate: &Candidate<'_>,
) -> Result<PromotionQuantile, PolicyError> {
    let (a, b) = candidate.promotion_quantile;
    PromotionQuantile::new(a, b).map_err(|source| refused(candidate, source))
}

/// The rung of a candidate.
pub(crate) fn rung(candidate: &Candidate<'_>, rule: PromotionRule) -> Result<Rung, PolicyError> {
    Rung::new(candidate.rung_len, promotion_quantile(candidate)?, rule)
        .map_err(|source| refused(candidate, source))
}

/// Logarithm of level times probability of being resumed, of each candidate; minus infinity for bad metrics, which are
/// never promoted. Candidates of one rung that stand together share the scorer that `scorer` makes for their rung.
pub(crate) fn ln_losses<S>(
    candidates: &[Candidate<'_>],
    rule: PromotionRule,
    scorer: impl Fn(&Candidate<'_>, Rung) -> Result<S, ScoreError>,
    mut probability: impl FnMut(&mut S, &Candidate<'_>) -> Result<ResumeProbability, ScoreError>,
) -> Result<Vec<f64>, PolicyError> {
    let mut losses = Vec::with_capacity(candidates.len());
    let mut kept: Option<(u64, Rung, S)> = None;
    for candidate in candidates {
        let rung = rung(candidate, rule)?;
        let at = |source| refused(candidate, source);
        let scorer = match &mut kept {
            Some((level, same, scorer)) if *level == candidate.level && *same == rung => scorer,
            other => {
                let scorer = scorer(candidate, rung).map_err(at)?;
                &mut other.insert((candidate.level, rung, scorer)).2
            }
        };
        let probability = probability(scorer, candidate).map_err(at)?;
        losses.push(if candidate.bad_metric {
            f64::NEG_INFINITY
        } else {
            ln_expected_cost(candidate.level, probability)
        });
    }
    Ok(losses)
}

/// That the score refuses a candidate.
pub(crate) fn refused(candidate: &Candidate<'_>, source: ScoreError) -> PolicyError {
    PolicyError::Candidate {
        trial: candidate.trial_id.to_owned(),
        level: candidate.level,
        source,
    }
}
