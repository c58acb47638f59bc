//! The Polya urn: how many of the next arrivals are better than a trial of known rank.
//!
//! The next arrival falls into each of the n + 1 gaps between the n ranked trials with equal chance: it beats a trial of
//! rank k with chance k / (n + 1). Then n has grown, and k too if it was better. So r of l arrivals are better with the
//! beta-binomial probability
//!
//! C(l, r) B(k + r, n + 1 - k + l - r) / B(k, n + 1 - k) = C(k - 1 + r, r) C(n - k + l - r, l - r) / C(n + l, l).

use crate::{binomial::Chance, double_double::DoubleDouble, scaled::Scaled};

/// A trial of rank `rank` among `rung_len`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Urn {
    /// k
    pub(crate) rank: f64,
    /// n
    pub(crate) rung_len: f64,
}

impl Urn {
    /// P(`better` of `arrivals` arrivals are better), for real counts from 16 up their smooth continuation.
    ///
    /// The three binomial coefficients as binomial probabilities of one and the same chance, that an entry of the
    /// lengthened rung is a new one: its value does not matter, but near the truth the exponents are small.
    pub(crate) fn pmf(&self, arrivals: DoubleDouble, better: DoubleDouble) -> Scaled {
        if arrivals.high <= 0.0 {
            return Scaled {
                factor: 1.0,
                exponent: 0.0,
            };
        }
        let n = DoubleDouble::from(self.rung_len);
        let ahead = DoubleDouble::from(self.rank - 1.0);
        let behind = DoubleDouble::from(self.rung_len - self.rank);
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
