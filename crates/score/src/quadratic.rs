//! First passages of a walk for any alpha = a/b, arrival by arrival.

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    binomial::Chance,
    followed::{self, Table, pmf},
    gap_wise::Tables,
    scaled::{Scaled, ScaledSum},
    shares::Shares,
    walk::{Course, Walk},
};

/// [`resume_probability`](crate::resume_probability) for any promotion quantile, arrival by arrival: work quadratic in
/// the number of better arrivals followed.
///
/// Of all orders in which j better and l - j worse arrivals can come, let f(l, j) be the share that has not made the
/// trial promotable yet. It does not depend on p. f = 1 before the first possible passage, and
///
/// f(l + 1, j) = ((l + 1 - j) f(l, j) + j f(l, j - 1)) / (l + 1),
///
/// a state being taken out (f = 0) once it meets the promotion rule, b (k + j) <= a (n + l) for the top fraction. It
/// is then a first passage, and counts f(l, j) times the binomial probability of j better ones among l.
///
/// Where b / a is below 16 and no more than 256 better arrivals are followed, the same sum is taken gap by gap, by short
/// convolutions of probabilities.
///
/// # Numerics
/// All terms are positive and f lies in [0, 1], so nothing cancels and nothing underflows. Next to 1 it is the complement
/// that is summed: the walks that get more better arrivals than count without having been promotable. Relative error
/// at most 1e-12 in the probability (where it is at least 1e-300) and in its logarithm (complements below 1e-300 may be
/// returned as less). Without a cut-off the table is doubled until a bound on the rest is below 1e-17 of the result.
///
/// # Errors
/// What is outside the domain of [`PausedPosition`], `approx_steps` = 0, and [`ScoreError::TooManySteps`] where the
/// table would take more than [`MAX_WORK`](crate::MAX_WORK) elementary steps.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, quadratic};
///
/// let promotion_quantile = PromotionQuantile::new(2, 5)?;
/// let position = PausedPosition { rank: 2, rung_len: 3, promotion_quantile, p: 0.25, time_ratio: 1.0 };
/// // Two worse arrivals at once; with one better arrival it would take five, and three are to come.
/// let probability = quadratic(&position, &ScoreSettings::default())?.probability();
/// assert!((probability - 0.5625).abs() < 1e-15);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
pub fn quadratic(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    match Course::new(position, settings)? {
        Course::Known(probability) => Ok(probability),
        Course::Open(walk) => probability(&walk),
    }
}

pub(crate) fn probability(walk: &Walk) -> Result<ResumeProbability, ScoreError> {
    ByArrival::new(walk.p).probability(walk)
}

/// The table of shares and the chance they are weighted with.
#[derive(Debug)]
pub(crate) struct ByArrival {
    chance: Chance,
    shares: Shares,
    few: Tables,
}

impl ByArrival {
    pub(crate) fn new(p: f64) -> Self {
        Self {
            chance: Chance::new(p),
            shares: Shares::default(),
            few: Tables::default(),
        }
    }

    /// [`resume_probability`](crate::resume_probability) for a walk.
    pub(crate) fn probability(&mut self, walk: &Walk) -> Result<ResumeProbability, ScoreError> {
        if self.chance.p != walk.p {
            self.chance = Chance::new(walk.p);
        }
        self.shares.restart();
        followed::probability(walk, self)
    }
}

impl Table for ByArrival {
    fn passage(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError> {
        if let Some(sum) = self.few.passage(walk, &self.chance, top) {
            return Ok(Scaled {
                factor: sum,
                exponent: walk.arrivals_at(0) as f64 * self.chance.ln_worse,
            });
        }
        let chance = self.chance;
        let mut sum = ScaledSum::default();
        self.shares.follow(
            walk,
            top,
            |l, i, share| sum.add(pmf(&chance, l, i).times(share)),
            |_, _| {},
        )?;
        Ok(sum.total())
    }

    /// The better arrival number `top` + 1 comes before the trial has become promotable: before the first possible
    /// passage, or as an arrival at the state j = `top`.
    fn complement(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError> {
        let chance = self.chance;
        let first = walk.arrivals_at(0);
        let mut sum = ScaledSum::default();
        if first > u128::from(top) {
            sum.add(chance.upper_tail(first, top + 1));
        }
        self.shares.follow(
            walk,
            top,
            |_, _, _| {},
            |l, share| {
                if l >= u128::from(top) {
                    sum.add(pmf(&chance, l, top).times(share * chance.p));
                }
            },
        )?;
        Ok(sum.total())
    }
}
