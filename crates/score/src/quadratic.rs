//! First passages of a walk for any alpha = a/b, arrival by arrival.

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    binomial::Chance,
    followed::{self, Table, Work, pmf},
    gap_wise::Tables,
    scaled::{Scaled, ScaledSum},
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

/// The table f(l, .) for one l at a time; its memory serves many walks.
#[derive(Debug)]
pub(crate) struct ByArrival {
    chance: Chance,
    work: Work,
    shares: Vec<f64>,
    next: Vec<f64>,
    few: Tables,
    /// 0, 1, 2, ... as doubles
    counts: Vec<f64>,
}

impl ByArrival {
    pub(crate) fn new(p: f64) -> Self {
        Self {
            chance: Chance::new(p),
            work: Work::default(),
            shares: Vec::new(),
            next: Vec::new(),
            few: Tables::default(),
            counts: Vec::new(),
        }
    }

    /// [`resume_probability`](crate::resume_probability) for a walk.
    pub(crate) fn probability(&mut self, walk: &Walk) -> Result<ResumeProbability, ScoreError> {
        if self.chance.p != walk.p {
            self.chance = Chance::new(walk.p);
        }
        self.work = Work::default();
        followed::probability(walk, self)
    }

    /// Follows the table up to `top` better arrivals. Calls `passage(l, i, f)` for each first passage, and
    /// `below_top(l, f)` before each arrival after the first possible passage with the share of the state j = `top`.
    fn follow(
        &mut self,
        walk: &Walk,
        top: u64,
        mut passage: impl FnMut(u128, u64, f64),
        mut below_top: impl FnMut(u128, f64),
    ) -> Result<(), ScoreError> {
        let size = top as usize + 1;
        self.counts
            .extend((self.counts.len()..size).map(|count| count as f64));
        self.shares.clear();
        self.shares.resize(size, 1.0);
        self.next.resize(size, 1.0);
        let mut l = walk.arrivals_at(0);
        passage(l, 0, 1.0);
        self.shares[0] = 0.0;
        for i in 1..=top {
            let end = walk.arrivals_at(i);
            self.work
                .add(((end - l) as u64).saturating_mul(top - i + 1), i)?;
            while l < end {
                below_top(l, self.shares[size - 1]);
                l += 1;
                self.arrive(l, i as usize, size);
            }
            passage(l, i, self.shares[i as usize]);
            self.shares[i as usize] = 0.0;
        }
        Ok(())
    }

    /// From f(l - 1, j) to f(l, j) for j = `alive`, ..., `size` - 1; those below are out, those above l do not exist.
    fn arrive(&mut self, l: u128, alive: usize, size: usize) {
        let end = size.min(usize::try_from(l).unwrap_or(usize::MAX));
        let part = 1.0 / l as f64;
        self.next[alive - 1] = 0.0;
        if alive < end {
            let before = &self.shares[alive - 1..end - 1];
            let at = &self.shares[alive..end];
            let states = self.next[alive..end]
                .iter_mut()
                .zip(at)
                .zip(before)
                .zip(&self.counts[alive..end]);
            for (((next, &at), &before), &count) in states {
                *next = at - count * part * (at - before);
            }
        }
        if end < size {
            // j = l: the last arrival was a better one for sure.
            self.next[end] = self.shares[end - 1];
        }
        core::mem::swap(&mut self.shares, &mut self.next);
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
        self.follow(
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
        self.follow(
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
