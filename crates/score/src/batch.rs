//! Many candidates at once.

use crate::{
    BatchError, PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    resume::{Kept, resume_probability_with},
};

/// [`resume_probability`](crate::resume_probability) of each position, in order, bit for bit.
///
/// `probabilities` is emptied first; no memory is allocated where its capacity is enough and every promotion quantile is
/// 1/eta, and little otherwise. What depends on p and the promotion quantile alone is kept from one position to the next, so positions of
/// one rung level should stand together.
///
/// # Errors
/// The [`ScoreError`] of the first position that has one, with its index; `probabilities` holds those before it.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, resume_probabilities};
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
/// let positions: Vec<_> = (3..=6)
///     .map(|rank| PausedPosition { rank, rung_len: 9, promotion_quantile, p: 0.33, time_ratio: 2.0 })
///     .collect();
/// let mut probabilities = Vec::new();
/// resume_probabilities(&positions, &ScoreSettings::default(), &mut probabilities)?;
/// assert_eq!(probabilities.len(), 4);
/// assert!(probabilities.is_sorted_by(|better, worse| better >= worse));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resume_probabilities(
    positions: &[PausedPosition],
    settings: &ScoreSettings,
    probabilities: &mut Vec<ResumeProbability>,
) -> Result<(), BatchError> {
    let mut kept = Kept::default();
    each(positions, probabilities, |position| {
        resume_probability_with(position, settings, &mut kept)
    })
}

/// Empties `probabilities` and puts the probability of each position there, up to the first that has none.
#[inline]
pub(crate) fn each<P>(
    positions: &[P],
    probabilities: &mut Vec<ResumeProbability>,
    mut probability: impl FnMut(&P) -> Result<ResumeProbability, ScoreError>,
) -> Result<(), BatchError> {
    probabilities.clear();
    probabilities.reserve(positions.len());
    for (index, position) in positions.iter().enumerate() {
        let at_index = |source: ScoreError| BatchError { index, source };
        probabilities.push(probability(position).map_err(at_index)?);
    }
    Ok(())
}
