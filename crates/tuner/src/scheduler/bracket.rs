use rungkeeper_rung_model::{ModelSpec, SpecError};

use crate::random::{Draws, Purpose};

/// How often new trials are put into each bracket.
///
/// With L rung levels, `r[s]` being the first of bracket `s`, the probability of bracket `s` is
/// proportional to
///
/// ```text
/// (L + 1) / ((L + 1 - s) r[s])
/// ```
///
/// that is to the number of trials with which synchronous Hyperband begins bracket s (Li et al.
/// 2018; drawn for each trial as in Syne Tune 0.13).
///
/// ```
/// use rungkeeper_rung_model::{Brackets, ModelSpec};
/// use rungkeeper_tuner::scheduler::BracketDistribution;
///
/// let mut spec = ModelSpec::geometric(1, 3, 27)?; // rungs at 1, 3, 9
/// spec.brackets = Brackets { number: 3, own_rungs: false };
/// let distribution = BracketDistribution::new(&spec)?;
/// // In proportion to 4/4, 4/9 and 4/18.
/// let expected = [0.6, 0.8 / 3.0, 0.4 / 3.0];
/// for (found, expected) in distribution.probabilities().zip(expected) {
///     assert!((found - expected).abs() < 1e-15);
/// }
/// # Ok::<(), rungkeeper_rung_model::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BracketDistribution {
    /// Sums of the weights up to each bracket.
    cumulative: Vec<f64>,
}

impl BracketDistribution {
    /// The distribution over the brackets of a model.
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::check`].
    pub fn new(spec: &ModelSpec) -> Result<Self, SpecError> {
        spec.check()?;
        let levels = spec.rungs.len() + 1;
        let mut sum = 0.0;
        let weights = spec.rungs.iter().take(spec.brackets.number).enumerate();
        let cumulative = weights
            .map(|(bracket, rung)| {
                sum += levels as f64 / ((levels - bracket) as f64 * rung.level as f64);
                sum
            })
            .collect();
        Ok(Self { cumulative })
    }

    /// Probability of each bracket.
    pub fn probabilities(&self) -> impl Iterator<Item = f64> {
        let total = self.total();
        let before = std::iter::once(0.0).chain(self.cumulative.iter().copied());
        self.cumulative
            .iter()
            .zip(before)
            .map(move |(sum, before)| (sum - before) / total)
    }

    /// The bracket of a trial. It depends on the seed and the trial's number, and on nothing else.
    #[must_use]
    pub fn bracket(&self, seed: u64, trial: u64) -> usize {
        let last = self.cumulative.len() - 1;
        if last == 0 {
            return 0;
        }
        let point = Draws::new(seed, trial, Purpose::Bracket).unit() * self.total();
        self.cumulative
            .partition_point(|&sum| sum <= point)
            .min(last)
    }

    fn total(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or(0.0)
    }
}
