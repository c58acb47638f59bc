//! The estimated chances of arrivals at each rung: over time, and how sure they are.

use std::collections::BTreeMap;

use rungkeeper_tuner_hooks::RemovalPolicy;
use statrs::function::beta::beta_reg;

/// An estimate that moved by less is not written down again.
const STEP: f64 = 5e-4;

/// Estimates of p over time, by rung level.
#[derive(Debug, Default)]
pub(crate) struct Estimates {
    over_time: BTreeMap<u64, Vec<(f64, f64)>>,
}

impl Estimates {
    /// Levels with enough data for an estimate of their own, with it over time.
    pub(crate) fn over_time(&self) -> impl Iterator<Item = (u64, &[(f64, f64)])> {
        let levels = self.over_time.iter();
        levels.map(|(&level, points)| (level, points.as_slice()))
    }

    /// A report was taken at `time`; levels with fewer values than `least` have no estimate of their
    /// own.
    pub(super) fn reported(&mut self, time: f64, policy: &dyn RemovalPolicy, least: u64) {
        let Some(estimators) = policy.estimators() else {
            return;
        };
        for (level, estimator) in estimators.iter() {
            if estimator.num_total() < least.max(1) {
                continue;
            }
            let p = estimator.posterior_mean();
            let points = self.over_time.entry(level).or_default();
            if points.last().is_none_or(|last| (last.1 - p).abs() > STEP) {
                points.push((time, p));
            }
        }
    }
}

/// The interval that holds the share `mass` of the distribution Beta(a, b), with as much below it as
/// above.
pub(crate) fn interval(a: f64, b: f64, mass: f64) -> (f64, f64) {
    let outside = (1.0 - mass) / 2.0;
    (quantile(a, b, outside), quantile(a, b, 1.0 - outside))
}

/// By bisection, which always ends: 60 halvings are more than a page can show.
fn quantile(a: f64, b: f64, share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beta_reg(a, b, middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From mpmath 1.3 with 30 digits, by bisection on its `betainc`. The last two are normal
    /// approximations, which agree to the digits that are given.
    #[test]
    fn intervals_are_those_of_higher_precision() {
        let cases = [
            (0.66, 1.34, 0.007_696_119_435, 0.849_337_072_3),
            (3.66, 5.34, 0.163_401_102_0, 0.674_729_922_3),
            (638.66, 457.34, 0.558_142_966_9, 0.607_123_274_6),
            (300.0, 1e6, 0.000_272_012_365_7, 0.000_328_943_490_2),
            (1e5, 1e5, 0.498_161, 0.501_839),
            (5e5, 1e6, 0.332_700, 0.333_966),
        ];
        for (a, b, low, high) in cases {
            let found = interval(a, b, 0.9);
            let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
            assert!(
                near(found.0, low) && near(found.1, high),
                "{a} {b} {found:?}"
            );
        }
    }

    /// A flat distribution has its quantiles where they are expected.
    #[test]
    fn the_mass_is_inside() {
        let (low, high) = interval(1.0, 1.0, 0.9);
        assert!((low - 0.05).abs() < 1e-12 && (high - 0.95).abs() < 1e-12);
    }
}
