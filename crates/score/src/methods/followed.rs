//! What the two tables have in common: how far they are followed, and when the rest is negligible.

use crate::{ScoreError, bernoulli::Passages, double_double::DoubleDouble, scaled::ScaledSum};

/// Without a cut-off the table starts with this many better arrivals, and the number is doubled until it is enough.
const FIRST_TOP: u64 = 256;

/// What is left out is at most this part of the result.
pub(crate) const LN_NEGLIGIBLE: f64 = -39.2; // ln 1e-17

/// ln of the sum over all first passages that count. `follow` follows a table up to a number of better arrivals, and hands over
/// each first passage: after how many arrivals, how many of them are better, and the share of the orders in which they can
/// come.
pub(crate) fn ln_sum(
    passages: &Passages,
    mut follow: impl FnMut(u64, &mut dyn FnMut(u128, u64, f64)) -> Result<(), ScoreError>,
) -> Result<f64, ScoreError> {
    let last = passages.last.count();
    let mut top = last.min(FIRST_TOP);
    loop {
        let mut sum = ScaledSum::default();
        follow(top, &mut |l, r, share| {
            let pmf = passages
                .chance
                .pmf(DoubleDouble::from_integer(l), (r as f64).into());
            sum.add(pmf.times(share));
        })?;
        let ln = sum.total().ln();
        if top == last || ln_rest_bound(passages, top) <= ln + LN_NEGLIGIBLE {
            return Ok(ln);
        }
        top = last.min(top.saturating_mul(2));
    }
}

/// ln of a bound on P(first passage with more than `top` better arrivals), or infinity.
///
/// A first passage with i better ones among l arrivals has at most the binomial probability, and that is at most
/// exp(-h(i)), h(i) = l KL(i/l || p) (Chernoff). With l = (d + b i) / a, h is convex in i, so from i on the bounds fall
/// at least like a geometric series with the ratio exp(-h'(i)). That l is rounded up costs at most a factor
/// 1 / (1 - alpha).
fn ln_rest_bound(Passages { walk, chance, .. }: &Passages, top: u64) -> f64 {
    let (a, b) = (walk.a as f64, walk.b as f64);
    let better = (top + 1) as f64;
    let arrivals = (walk.d as f64 + b * better) / a;
    let worse = arrivals - better;
    let per_better = libm::log(better / (arrivals * chance.p));
    let per_worse = libm::log(worse / (arrivals * (1.0 - chance.p)));
    let slope = per_better + (b / a - 1.0) * per_worse;
    if !(slope > 0.0) {
        return f64::INFINITY;
    }
    let exponent = better * per_better + worse * per_worse;
    -exponent - libm::log(-libm::expm1(-slope)) - libm::log1p(-a / b)
}

#[cfg(test)]
#[path = "../../tests/private/followed.rs"]
mod tests;
