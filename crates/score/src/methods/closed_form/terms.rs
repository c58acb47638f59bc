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
    fn power_law_at_the_end(&self) -> Scaled {
        self.term(FARTHEST.into()).times(2.0 * FARTHEST)
    }
}

impl FirstPassages<'_> {
    /// d ln t / dr of the smooth continuation, without Stirling corrections.
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
