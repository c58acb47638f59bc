//! What the policies that expect a cost have in common.

use rungkeeper_rung_model::Candidate;
use rungkeeper_score::{BatchError, ResumeProbability, ScoreError, ln_expected_cost};

use crate::PolicyError;

/// Logarithm of level times probability of being resumed, of each candidate; minus infinity for bad metrics, which are
/// never promoted. `position` says where a candidate stands, `score` gives the probabilities of many positions.
pub(crate) fn ln_losses<P>(
    candidates: &[Candidate<'_>],
    position: impl Fn(&Candidate<'_>) -> Result<P, PolicyError>,
    score: impl FnOnce(&[P], &mut Vec<ResumeProbability>) -> Result<(), BatchError>,
) -> Result<Vec<f64>, PolicyError> {
    let positions = candidates
        .iter()
        .map(position)
        .collect::<Result<Vec<_>, _>>()?;
    let mut probabilities = Vec::with_capacity(positions.len());
    score(&positions, &mut probabilities)
        .map_err(|error| refused(&candidates[error.index], error.source))?;
    let losses = candidates.iter().zip(probabilities);
    Ok(losses
        .map(|(candidate, probability)| {
            if candidate.bad_metric {
                f64::NEG_INFINITY
            } else {
                ln_expected_cost(candidate.level, probability)
            }
        })
        .collect())
}

/// That the score refuses a candidate.
fn refused(candidate: &Candidate<'_>, source: ScoreError) -> PolicyError {
    PolicyError::Candidate {
        trial: candidate.trial_id.to_owned(),
        level: candidate.level,
        source,
    }
}
