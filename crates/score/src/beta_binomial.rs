//! The beta-binomial distribution: how many of the next arrivals are better than a trial.
//!
//! The next arrival falls into each of the n + 1 gaps between the n ranked trials with equal chance. Into the g gaps
//! before the first of the trial's equals it falls as a better one: with chance g / (n + 1). Then n has grown, and g too if
//! it was better: Polya's urn. So r of l arrivals are better with the beta-binomial probability
//!
//! C(l, r) B(g + r, n + 1 - g + l - r) / B(g, n + 1 - g) = C(g - 1 + r, r) C(n - g + l - r, l - r) / C(n + l, l).

use crate::{binomial::Chance, double_double::DoubleDouble, scaled::Scaled};

/// A trial among n, of whose n + 1 gaps g are better ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BetaBinomial {
    /// g
    pub(crate) gaps: f64,
    /// n
    pub(crate) rung_len: f64,
}

impl BetaBinomial {
    /// P(`better` of `arrivals` arrivals are better), for real counts from 16 up their smooth continuation.
    ///
    /// The three binomial coefficients as binomial probabilities of one and the same chance, that an entry of the
    /// lengthened rung is a new one: its value does not matter, but near the truth the exponents are small.
    pub(crate) fn pmf(&self, arrivals: DoubleDouble, better: DoubleDouble) -> Scaled {
        if arrivals.high <= 0.0 {
            return Scaled::ONE;
        }
        let n = DoubleDouble::from(self.rung_len);
        let ahead = DoubleDouble::from(self.gaps - 1.0);
        let behind = DoubleDouble::from(self.rung_len - self.gaps);
        let worse = arrivals - better;
        let new_are_few = arrivals.high < self.rung_len;
        let few = if new_are_few {
            arrivals.high
        } else {
            self.rung_len
        };
        let chance = Chance::new(few / (self.rung_len + arrivals.high));
        let of = |new: DoubleDouble, old: DoubleDouble| {
            chance.pmf(new + old, if new_are_few { new } else { old })
        };
        let old = if new_are_few {
            chance.worse.high
        } else {
            chance.p
        };
        let (one, other) = (of(better, ahead), of(worse, behind));
        let all = of(arrivals, n);
        Scaled {
            factor: one.factor * other.factor / all.factor * old,
            exponent: one.exponent + other.exponent - all.exponent,
        }
    }
}
