//! What the two tables have in common: how far they are followed, and when the rest is negligible.

use crate::{
    ResumeProbability, ScoreError, binomial::Chance, double_double::DoubleDouble, scaled::Scaled,
    walk::Walk,
};

/// Elementary steps (updates of one entry) after which [`quadratic`](crate::quadratic) and
/// [`step_wise`](crate::step_wise) give up with [`ScoreError::TooManySteps`]: about two seconds.
pub const MAX_WORK: u64 = 1 << 31;

/// Without a cut-off the table starts with so many better arrivals, and the number is doubled until it is enough.
const FIRST_TOP: u64 = 256;

/// What is left out is at most this part of the result.
pub(crate) const LN_NEGLIGIBLE: f64 = -39.2; // ln 1e-17

/// A complement below this (1e-300, as a logarithm) is not followed further.
const LN_COMPLEMENT_FLOOR: f64 = -690.8;

/// Above this value of ln P the complement is summed.
const COMPLEMENT_ABOVE: f64 = -0.3;

/// A table of first passages, followed up to `top` better arrivals.
pub(crate) trait Table {
    /// P(first passage with at most `top` better arrivals).
    fn passage(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError>;

    /// P(no first passage with at most `top` better arrivals).
    fn complement(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError>;
}

/// The sum over all first passages that count, from tables as large as it takes.
pub(crate) fn probability(
    walk: &Walk,
    table: &mut impl Table,
) -> Result<ResumeProbability, ScoreError> {
    let last = walk.last.count();
    let endless = walk.last.real() == f64::INFINITY;
    if endless && comes_down_for_sure(walk) {
        return Ok(ResumeProbability::CERTAIN);
    }
    let mut top = last.min(FIRST_TOP);
    loop {
        let ln = table.passage(walk, top)?.ln();
        let is_negligible =
            |ln_result: f64| top == last || ln_rest_bound(walk, top) <= ln_result + LN_NEGLIGIBLE;
        if ln <= COMPLEMENT_ABOVE {
            if is_negligible(ln) {
                return Ok(ResumeProbability::from_rounded_ln(ln));
            }
        } else {
            let complement = table.complement(walk, top)?;
            if is_negligible(complement.ln()) || complement.ln() < LN_COMPLEMENT_FLOOR {
                return Ok(ResumeProbability::from_complement(complement.value()));
            }
        }
        top = last.min(top.saturating_mul(2));
    }
}

/// Whether the walk does not rise on average: b p <= a, decided exactly.
fn comes_down_for_sure(walk: &Walk) -> bool {
    let rise = DoubleDouble::product(walk.b as f64, walk.p) - DoubleDouble::from(walk.a as f64);
    rise.high <= 0.0
}

/// ln of a bound on P(first passage with more than `top` better arrivals), or infinity.
///
/// A first passage with i better ones among l arrivals has at most the binomial probability, and that is at most
/// exp(-h(i)), h(i) = l KL(i/l || p) (Chernoff). With l = (d + b i) / a, h is convex in i, so from i on the bounds fall
/// at least like a geometric series with the ratio exp(-h'(i)). That l is rounded up costs at most a factor
/// 1 / (1 - alpha).
fn ln_rest_bound(walk: &Walk, top: u64) -> f64 {
    let (a, b) = (walk.a as f64, walk.b as f64);
    let better = (top + 1) as f64;
    let arrivals = (walk.d as f64 + b * better) / a;
    let worse = arrivals - better;
    let per_better = libm::log(better / (arrivals * walk.p));
    let per_worse = libm::log(worse / (arrivals * (1.0 - walk.p)));
    let slope = per_better + (b / a - 1.0) * per_worse;
    if !(slope > 0.0) {
        return f64::INFINITY;
    }
    let exponent = better * per_better + worse * per_worse;
    -exponent - libm::log(-libm::expm1(-slope)) - libm::log1p(-a / b)
}

/// Counts elementary steps.
#[derive(Debug, Default)]
pub(crate) struct Work {
    done: u64,
}

impl Work {
    /// Adds `steps`, or gives up.
    #[inline]
    pub(crate) fn add(&mut self, steps: u64, better_arrivals: u64) -> Result<(), ScoreError> {
        self.done = self.done.saturating_add(steps);
        if self.done <= MAX_WORK {
            Ok(())
        } else {
            Err(ScoreError::TooManySteps {
                better_arrivals,
                limit: MAX_WORK,
            })
        }
    }
}

/// P(Bin(l, p) = r).
pub(crate) fn pmf(chance: &Chance, l: u128, r: u64) -> Scaled {
    chance.pmf(DoubleDouble::from_integer(l), (r as f64).into())
}
