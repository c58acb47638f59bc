//! First passages for alpha = 1/eta, in closed form.

use super::{arriving::Arriving, short_sum::ShortSum, urn::Urn};
use crate::{
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
    arriving: &'a Arriving,
}

impl<'a> Passages<'a> {
    pub(crate) fn new(urn: Urn, eta: u64, d: u128, arriving: &'a Arriving) -> Self {
        Self {
            urn,
            eta,
            d,
            arriving,
        }
    }

    /// ln of the sum of all h(l) w(l).
    pub(crate) fn ln_sum(&self) -> f64 {
        match self.short_sum() {
            Some(ln) => ln,
            None => long_sum(self, 0.0.into(), f64::INFINITY.into()).ln(),
        }
    }

    /// The sum by the ratios of successive terms, where it is of moderate length.
    fn short_sum(&self) -> Option<f64> {
        let sum = ShortSum {
            urn: self.urn,
            eta: self.eta,
            d: self.d as f64,
            arriving: self.arriving,
        };
        let (begin, ln) = sum.ln()?;
        Some(self.passage(begin.into()).ln() + ln)
    }

    /// h(L): L arrivals of which r are better bring the trial there for the first time.
    fn passage(&self, r: DoubleDouble) -> Scaled {
        let arrivals = self.arrivals(r);
        self.urn
            .pmf(arrivals, r)
            .times(self.d as f64 / arrivals.high)
    }

    /// L = d + eta r.
    fn arrivals(&self, r: DoubleDouble) -> DoubleDouble {
        DoubleDouble::from_integer(self.d) + r * self.eta as f64
    }
}

impl Summable for Passages<'_> {
    /// h(L) w(L)
    fn term(&self, r: DoubleDouble) -> Scaled {
        self.passage(r)
            .times_scaled(self.arriving.at_least(self.arrivals(r)))
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
    use super::{Arriving, Passages, ShortSum, Urn};
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
                let arriving = Arriving::new(n, time_ratio);
                let d = eta * k - n;
                let passages = Passages::new(urn(gaps, n), eta, u128::from(d), &arriving);
                let sum = ShortSum {
                    urn: urn(gaps, n),
                    eta,
                    d: d as f64,
                    arriving: &arriving,
                };
                let mut before = f64::INFINITY;
                for r in (0..10).chain((4..20).map(|i| i * i)) {
                    let term = |r: u64| passages.term((r as f64).into()).ln();
                    let bound = sum.bound(r as f64);
                    let ratio = term(r + 1) - term(r);
                    let place = format!("{k} {gaps} {n} {eta} {time_ratio} {r}");
                    assert!(ratio <= libm::log(bound) + 1e-9, "{place}: {ratio}");
                    assert!(bound <= before * (1.0 + 1e-14), "{place}");
                    before = bound;
                }
            }
        }
    }

    /// What the begin of a sum rests on.
    #[test]
    fn early_ratios_stay_above_their_bound() {
        for (k, gaps, n, eta) in places() {
            let arriving = Arriving::new(n, 1.0);
            let (urn, d) = (urn(gaps, n), eta * k - n);
            let passages = Passages::new(urn, eta, u128::from(d), &arriving);
            let sum = ShortSum {
                urn,
                eta,
                d: d as f64,
                arriving: &arriving,
            };
            let h = |r: u64| passages.passage((r as f64).into()).ln();
            for r in [1, 4, 30, 400] {
                let least = libm::log(sum.least_rise(r as f64));
                for before in [0, r / 2, r - 1] {
                    let ratio = h(before + 1) - h(before);
                    assert!(
                        ratio >= least - 1e-9,
                        "{k} {gaps} {n} {eta} {r} {before}: {ratio}"
                    );
                }
            }
        }
    }

    #[test]
    fn both_ways_to_sum_agree() {
        let mut short = 0;
        for (k, gaps, n, eta) in places() {
            for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
                let arriving = Arriving::new(n, time_ratio);
                let d = u128::from(eta * k - n);
                let passages = Passages::new(urn(gaps, n), eta, d, &arriving);
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
