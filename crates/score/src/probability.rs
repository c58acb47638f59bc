//! The result: a probability kept as its logarithm.

use crate::ScoreError;

/// The probability that a paused trial is resumed, kept as its natural logarithm.
///
/// The logarithm holds what a double cannot: late in a run most probabilities lie between 1e-20 and 1e-280, some
/// below 1e-308, and their order is the decision. The order of two values is the order of their logarithms.
///
/// ```
/// use rungkeeper_score::ResumeProbability;
///
/// let tiny = ResumeProbability::from_ln(-1000.0)?;
/// assert_eq!(tiny.probability(), 0.0);
/// assert!(ResumeProbability::NEVER < tiny && tiny < ResumeProbability::CERTAIN);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct ResumeProbability {
    ln: f64,
}

impl ResumeProbability {
    /// Probability 0.
    pub const NEVER: Self = Self {
        ln: f64::NEG_INFINITY,
    };

    /// Probability 1.
    pub const CERTAIN: Self = Self { ln: 0.0 };

    /// The probability with the natural logarithm `ln`.
    ///
    /// # Errors
    /// [`ScoreError::InvalidLnProbability`] unless `ln <= 0`; minus infinity is allowed.
    pub fn from_ln(ln: f64) -> Result<Self, ScoreError> {
        if ln <= 0.0 {
            Ok(Self { ln })
        } else {
            Err(ScoreError::InvalidLnProbability { value: ln })
        }
    }

    /// From a logarithm that is at most 0 up to its rounding error.
    #[inline]
    pub(crate) fn from_rounded_ln(ln: f64) -> Self {
        Self { ln: ln.min(0.0) }
    }

    /// The probability. 0 also where it is positive but below the range of doubles: see
    /// [`ln_probability`](Self::ln_probability).
    #[must_use]
    pub fn probability(self) -> f64 {
        libm::exp(self.ln)
    }

    /// The natural logarithm of the probability, minus infinity for 0.
    #[must_use]
    pub const fn ln_probability(self) -> f64 {
        self.ln
    }
}
