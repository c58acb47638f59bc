//! The terms of the closed form one by one, for sums of many.

use super::FirstPassages;
use crate::{
    double_double::DoubleDouble,
    long_sum::{FARTHEST, Summable},
    scaled::Scaled,
};

impl Summable for FirstPassages<'_> {
    fn term(&self, r: DoubleDouble) -> Scaled {
        if r.high == 0.0 {
            return Scaled {
                factor: 1.0,
                exponent: self.real_d * self.step.chance.ln_worse,
            };
        }
        let arrivals = self.arrivals(r);
        self.step
            .chance
            .pmf(arrivals, r)
            .times(self.real_d / arrivals.high)
    }

    fn rises_at(&self, r: f64) -> bool {
        self.slope(r) > 0.0
    }

    /// Nothing, unless eta p = 1 exactly, where the terms fall like r^(-3/2).
    fn power_law_after(&self, r: f64) -> Scaled {
        self.term(FARTHEST.into())
            .times(2.0 * FARTHEST * libm::sqrt(FARTHEST / r))
    }
}

impl FirstPassages<'_> {
    /// d ln t / dr of the smooth continuation, but for Stirling corrections.
    fn slope(&self, r: f64) -> f64 {
        let chance = &self.step.chance;
        let eta = self.step.eta as f64;
        let arrivals = self.arrivals(r.into());
        let above = (DoubleDouble::from(r) - arrivals * chance.p).high;
        let (all, worse) = (arrivals.high, arrivals.high - r);
        let per_better = libm::log1p((above / (all * chance.p)).max(-1.0));
        let per_worse = libm::log1p((-above / (all * chance.worse.high)).max(-1.0));
        -0.5 * (eta / all + 1.0 / r + (eta - 1.0) / worse) - per_better - (eta - 1.0) * per_worse
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        binomial::Chance,
        long_sum::{Summable, long_sum},
        methods::closed_form::{FirstPassages, UnitStep},
        scaled::ScaledSum,
    };

    #[test]
    fn integrals_are_sums_of_all_terms() {
        for (eta, p, d, last) in [
            (2, 0.5, 1, 50_000),
            (2, 0.5, 3000, 60_000),
            (2, 0.501, 400, 30_000),
            (3, 0.3, 100_000, 200_000),
            (3, 0.333, 20_000, 40_000),
            (16, 0.06, 5000, 20_000),
            (1000, 0.001, 100_000, 30_000),
        ] {
            let step = UnitStep::new(eta, Chance::new(p));
            let passages = FirstPassages::new(&step, d);
            for first in [0, 5, 2000] {
                let mut sum = ScaledSum::default();
                for r in first..=last {
                    sum.add(passages.term(f64::from(r).into()));
                }
                let (long, direct) = (
                    long_sum(&passages, f64::from(first).into(), f64::from(last).into()).ln(),
                    sum.total().ln(),
                );
                assert!(
                    (long - direct).abs() < 1e-13 * direct.abs().max(1.0),
                    "{eta} {p} {d} {first}: {long} {direct}"
                );
            }
        }
    }
}
