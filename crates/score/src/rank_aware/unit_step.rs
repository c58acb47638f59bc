//! First passages for alpha = 1/eta, in closed form.

use super::{arriving::Arriving, urn::Urn};
use crate::{
    closed_form::MAX_PRODUCT_ETA,
    double_double::DoubleDouble,
    long_sum::{FARTHEST, Summable, long_sum},
    scaled::Scaled,
};

/// The first passages of a walk that comes down from d in steps of one.
#[derive(Debug)]
pub(crate) struct Passages<'a> {
    urn: Urn,
    eta: u64,
    d: u128,
    arriving: &'a mut Arriving,
}

/// No larger table of w is made: longer sums are taken another way.
const MAX_TABLE: u64 = 1 << 13;

/// So many terms the table reaches at first.
const FIRST_TERMS: u64 = 24;

/// The products of 2 eta factors in a ratio stay below this power of 2.
const MAX_PRODUCT_BITS: f64 = 1000.0;

/// What is left out is at most this part of the sum; it is looked at once a term is small.
const NEGLIGIBLE: f64 = 1e-16;
const SMALL: f64 = 1e-14;

impl<'a> Passages<'a> {
    pub(crate) fn new(urn: Urn, eta: u64, d: u128, arriving: &'a mut Arriving) -> Self {
        Self {
            urn,
            eta,
            d,
            arriving,
        }
    }

    /// ln of the sum of all h(l) w(l).
    pub(crate) fn ln_sum(&mut self) -> f64 {
        match self.short_sum() {
            Some(ln) => ln,
            None => long_sum(self, 0.0.into(), f64::INFINITY.into()).ln(),
        }
    }

    /// The sum by the ratios of successive h and a table of w, where that is of moderate size.
    fn short_sum(&mut self) -> Option<f64> {
        let d = u64::try_from(self.d).ok().filter(|&d| d < MAX_TABLE)?;
        if self.eta > MAX_PRODUCT_ETA || self.arriving.is_endless() {
            return None;
        }
        let most = self.urn.rung_len + (MAX_TABLE + 1) as f64;
        if 2.0 * self.eta as f64 * libm::log2(most) > MAX_PRODUCT_BITS {
            return None;
        }
        let mut terms = FIRST_TERMS;
        loop {
            let high = d + self.eta * terms;
            if high > MAX_TABLE {
                return None;
            }
            self.arriving.cover(d, high);
            let table = self.arriving.table();
            let sum = match self.eta {
                2 => self.by_ratios::<2>(d, table),
                3 => self.by_ratios::<3>(d, table),
                4 => self.by_ratios::<4>(d, table),
                _ => self.by_ratios_of(self.eta as usize, d, table),
            };
            match sum {
                Some(sum) if sum > 0.0 && sum < f64::INFINITY => {
                    let first = self.first();
                    return Some(libm::log(sum * first.factor) + first.exponent + table.2);
                }
                Some(_) => return None,
                None => terms *= 3,
            }
        }
    }

    /// h(d): the first d arrivals are all worse.
    fn first(&self) -> Scaled {
        self.urn.pmf(DoubleDouble::from_integer(self.d), 0.0.into())
    }

    #[inline]
    fn by_ratios<const ETA: usize>(&self, d: u64, table: (&[f64], u64, f64)) -> Option<f64> {
        self.by_ratios_of(ETA, d, table)
    }

    /// The sum of h(l) w(l) / h(d), four ratios at a time, which do not wait for each other. None where the table ends
    /// before the sum has converged.
    #[inline]
    fn by_ratios_of(&self, eta: usize, d: u64, (table, top, _): (&[f64], u64, f64)) -> Option<f64> {
        let distance = d as f64;
        let mut place = (top - d) as usize;
        let (mut r, mut h, mut sum) = (0.0, 1.0, table[place]);
        while place >= 4 * eta {
            let q0 = self.ratio(eta, distance, r);
            let q1 = self.ratio(eta, distance, r + 1.0);
            let q2 = self.ratio(eta, distance, r + 2.0);
            let q3 = self.ratio(eta, distance, r + 3.0);
            let (h1, h2) = (h * q0, h * (q0 * q1));
            let (h3, h4) = (h2 * q2, h2 * (q2 * q3));
            let last = h4 * table[place - 4 * eta];
            sum += (h1 * table[place - eta] + h2 * table[place - 2 * eta])
                + (h3 * table[place - 3 * eta] + last);
            place -= 4 * eta;
            r += 4.0;
            h = h4;
            if last <= SMALL * sum && self.rest_is_negligible(eta, distance, r, last / sum) {
                return Some(sum);
            }
        }
        None
    }

    /// h(L + eta) / h(L) with L = d + eta r, M = L - r:
    ///
    /// L (L + 1) ... (L + eta - 1) / ((r + 1) (M + 1) ... (M + eta - 1)) times
    /// (g + r) (n + 1 - g + M) ... (n - 1 - g + M + eta) / ((n + 1 + L) ... (n + L + eta)).
    #[inline]
    fn ratio(&self, eta: usize, d: f64, r: f64) -> f64 {
        let arrivals = d + eta as f64 * r;
        let worse = arrivals - r;
        let all = self.urn.rung_len + 1.0 + arrivals;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let mut up = arrivals * (self.urn.gaps + r);
        let mut down = all * (r + 1.0);
        for i in 1..eta {
            let i = i as f64;
            up *= (arrivals + i) * (behind + i);
            down *= (all + i) * (worse + i);
        }
        up / down
    }

    /// Whether all that comes after the term of r, which is this part of the sum so far, is negligible: later ratios are
    /// no larger than the bound at r.
    #[inline(never)]
    fn rest_is_negligible(&self, eta: usize, d: f64, r: f64, part: f64) -> bool {
        let bound = self.bound(eta, d, r);
        part * bound <= NEGLIGIBLE * (1.0 - bound)
    }

    /// A bound on the ratio of any two successive terms from r on.
    ///
    /// h(L) P(N' = L) = d / L times the probabilities of r better and of M = L - r worse arrivals, which are negative
    /// binomial and independent. So its ratio is below (1 - f)^eta (g + r) / (r + 1) times the product of
    /// (n - g + M + i) / (M + i), i = 1, ..., eta - 1, and all these factors fall with r. The terms fall faster still,
    /// since w(L) / P(N' = L) does not increase with L.
    fn bound(&self, eta: usize, d: f64, r: f64) -> f64 {
        let worse = d + (eta as f64 - 1.0) * r;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let left = self.arriving.left();
        let mut bound = left * (self.urn.gaps + r) / (r + 1.0);
        for i in 1..eta {
            let i = i as f64;
            bound *= left * (behind + i) / (worse + i);
        }
        bound
    }

    /// L = d + eta r.
    fn arrivals(&self, r: DoubleDouble) -> DoubleDouble {
        DoubleDouble::from_integer(self.d) + r * self.eta as f64
    }
}

impl Summable for Passages<'_> {
    /// h(L) w(L)
    fn term(&self, r: DoubleDouble) -> Scaled {
        let arrivals = self.arrivals(r);
        self.urn
            .pmf(arrivals, r)
            .times(self.d as f64 / arrivals.high)
            .times_scaled(self.arriving.at_least(arrivals))
    }

    /// Over a step that is short beside the width of a peak, or a long one where that changes nothing.
    fn rises_at(&self, r: f64) -> bool {
        let here = self.term(r.into()).ln();
        let rise = |step: f64| self.term((r + step.max(1.0)).into()).ln() - here;
        let near = rise(libm::floor(libm::sqrt(r) / 16.0));
        if libm::fabs(near) > 1e-13 * libm::fabs(here).max(1e4) {
            near > 0.0
        } else {
            rise(libm::floor(r / 1024.0)) > 0.0
        }
    }

    /// Without an end they fall like r^(-2).
    fn power_law_after(&self, r: f64) -> Scaled {
        self.term(FARTHEST.into()).times(FARTHEST * (FARTHEST / r))
    }
}

#[cfg(test)]
mod tests {
    use super::{Arriving, Passages, Urn};
    use crate::long_sum::{Summable, long_sum};

    /// Rank, better gaps, rung length, eta.
    fn places() -> impl Iterator<Item = (u64, u64, u64, u64)> {
        let lengths = (1..40u64).chain([100, 333, 1_000, 5_000]);
        lengths.flat_map(|n| {
            (2..=6u64).flat_map(move |eta| {
                let ranks = (1..=n).step_by(n.div_ceil(40) as usize);
                let waiting = ranks.filter(move |k| eta * k > n);
                waiting.flat_map(move |k| [k, k.div_ceil(2)].map(|gaps| (k, gaps, n, eta)))
            })
        })
    }

    fn urn(gaps: u64, rung_len: u64) -> Urn {
        Urn {
            gaps: gaps as f64,
            rung_len: rung_len as f64,
        }
    }

    /// What the end of a sum rests on.
    #[test]
    fn ratios_stay_below_their_bound() {
        for (k, gaps, n, eta) in places() {
            for time_ratio in [0.01, 1.0, 50.0] {
                let mut arriving = Arriving::new(n, time_ratio);
                let d = eta * k - n;
                let passages = Passages::new(urn(gaps, n), eta, u128::from(d), &mut arriving);
                let mut before = f64::INFINITY;
                for r in (0..10).chain((4..20).map(|i| i * i)) {
                    let term = |r: u64| passages.term((r as f64).into()).ln();
                    let bound = passages.bound(eta as usize, d as f64, r as f64);
                    let ratio = term(r + 1) - term(r);
                    let place = format!("{k} {gaps} {n} {eta} {time_ratio} {r}");
                    assert!(ratio <= libm::log(bound) + 1e-9, "{place}: {ratio}");
                    assert!(bound <= before * (1.0 + 1e-14), "{place}");
                    before = bound;
                }
            }
        }
    }

    #[test]
    fn both_ways_to_sum_agree() {
        let mut short = 0;
        for (k, gaps, n, eta) in places() {
            for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
                let mut arriving = Arriving::new(n, time_ratio);
                let d = u128::from(eta * k - n);
                let mut passages = Passages::new(urn(gaps, n), eta, d, &mut arriving);
                let Some(found) = passages.short_sum() else {
                    continue;
                };
                short += 1;
                let long = long_sum(&passages, 0.0.into(), f64::INFINITY.into()).ln();
                assert!(
                    (found - long).abs() <= 1e-12 * long.abs().max(1.0),
                    "{k} {gaps} {n} {eta} {time_ratio}: {found} {long}"
                );
            }
        }
        assert!(short > 5_000, "{short}");
    }
}
