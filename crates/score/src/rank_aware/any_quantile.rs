//! First passages for any alpha = a/b, counted arrival by arrival.

use crate::{
    ScoreError,
    beta_binomial::BetaBinomial,
    double_double::DoubleDouble,
    methods::LN_NEGLIGIBLE,
    negative_binomial::NegativeBinomial,
    scaled::{Scaled, ScaledSum},
    shares::Shares,
    walk::Walk,
    work::Work,
};

/// The number of better arrivals that are followed at first; four times as many, and so on, where they are not enough.
const FIRST_TOP: u64 = 16;

/// Up to this denominator the bound on the rest looks at one more period of the passages.
const MAX_PERIOD: u64 = 1 << 10;

/// ln of the sum over all first passages, with i = 0, 1, ... better arrivals among l: the share of the orders that bring
/// the trial there for the first time, times the probability of r better ones, times w(l). Once it is known to be above
/// `most`, any number between the two.
pub(crate) fn ln_sum(
    walk: Walk,
    urn: BetaBinomial,
    to_come: &NegativeBinomial,
    shares: &mut Shares,
    most: f64,
) -> Result<f64, ScoreError> {
    let passages = Passages { walk, urn, to_come };
    let mut work = Work::default();
    let mut top = FIRST_TOP;
    loop {
        let mut sum = ScaledSum::default();
        shares.follow(&mut work, &walk, top, |_, i, share| {
            sum.add(passages.most(i).times(share));
        })?;
        let ln = sum.total().ln();
        if ln > most || passages.ln_rest(top + 1) <= ln + LN_NEGLIGIBLE {
            return Ok(ln);
        }
        top *= 4;
    }
}

/// The first passages of a walk.
struct Passages<'a> {
    walk: Walk,
    urn: BetaBinomial,
    to_come: &'a NegativeBinomial,
}

impl Passages<'_> {
    /// What a first passage with `better` better arrivals counts if all orders lead to it.
    fn most(&self, better: u64) -> Scaled {
        let arrivals = self.arrivals(better);
        self.urn
            .pmf(arrivals, (better as f64).into())
            .times_scaled(self.survival(arrivals))
    }

    fn survival(&self, arrivals: DoubleDouble) -> Scaled {
        self.to_come.survival(self.urn.rung_len + 1.0, arrivals)
    }

    fn arrivals(&self, better: u64) -> DoubleDouble {
        DoubleDouble::from_integer(self.walk.arrivals_at(better))
    }

    /// ln of a bound on all first passages with at least `from` better arrivals: no more than the chance that this many
    /// arrivals come, and no more than a geometric series of what the next a of them count at most. From one of them
    /// to that with a more better arrivals the ratio falls, for the reason given at `unit_step`.
    fn ln_rest(&self, from: u64) -> f64 {
        let plain = self.survival(self.arrivals(from)).ln();
        if self.walk.b > MAX_PERIOD {
            return plain;
        }
        let ratio = self.ratio_bound(from);
        if !(ratio < 1.0) {
            return plain;
        }
        let mut period = ScaledSum::default();
        for better in from..from + self.walk.a {
            period.add(self.most(better));
        }
        plain.min(period.total().ln() - libm::log1p(-ratio))
    }

    /// A bound on the ratio of what passages with `better` + a and with `better` better arrivals count at most.
    fn ratio_bound(&self, better: u64) -> f64 {
        let worse = self.arrivals(better).high - better as f64;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let left = self.to_come.left().high;
        let mut bound = 1.0;
        for j in 0..self.walk.a {
            let i = (better + j) as f64;
            bound *= left * (self.urn.gaps + i) / (i + 1.0);
        }
        for j in 1..=self.walk.b - self.walk.a {
            bound *= left * (behind + j as f64) / (worse + j as f64);
        }
        bound
    }
}

#[cfg(test)]
#[path = "../../tests/private/any_quantile.rs"]
mod tests;
