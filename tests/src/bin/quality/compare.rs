//! From losses to two ratios with intervals.

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use statrs::statistics::{Data, OrderStatistics};

use crate::runs::{Configuration, Row};

/// Share of all resumed levels that is added to both costs before their ratio is taken, so that a
/// cost of 0 has one.
const LEAST_SHARE: f64 = 0.01;

/// Bootstrap samples an interval is made of.
const SAMPLES: usize = 2_000;

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    /// The value over all seeds.
    pub(crate) estimate: f64,
    /// 2.5 % quantile over bootstrap samples of the seeds.
    pub(crate) low: f64,
    /// 97.5 % quantile.
    pub(crate) high: f64,
}

/// A ratio: 0.92.
pub(crate) fn ratio(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.2}")
    } else {
        "–".to_owned()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [estimate, low, high] = [self.estimate, self.low, self.high].map(ratio);
        write!(f, "{estimate} [{low}, {high}]")
    }
}

/// How the costs of two ways to choose compare.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Geometric mean over all runs of (cost + s) / (reference + s), s being 1 % of the resumed
    /// levels: each run counts alike.
    pub(crate) geo: Interval,
    /// Mean of cost / resumed levels, over the same mean of the reference: costly runs count more.
    pub(crate) arith: Interval,
    /// The largest geometric mean of a configuration, over its seeds.
    pub(crate) worst: f64,
    /// The configuration that has it.
    pub(crate) worst_at: Configuration,
    /// Mean of cost / resumed levels.
    pub(crate) share: f64,
}

/// Sums over runs.
#[derive(Clone, Copy, Default)]
struct Sums {
    runs: f64,
    ln_ratios: f64,
    share: f64,
    reference_share: f64,
}

impl Sums {
    fn of(row: &Row, policy: &str, reference: &str) -> Self {
        let (cost, reference) = (row.costs[policy] as f64, row.costs[reference] as f64);
        let whole = (row.resumed_levels as f64).max(1.0);
        let least = LEAST_SHARE * whole;
        Self {
            runs: 1.0,
            ln_ratios: libm::log((cost + least) / (reference + least)),
            share: cost / whole,
            reference_share: reference / whole,
        }
    }

    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.ln_ratios += other.ln_ratios;
        self.share += other.share;
        self.reference_share += other.reference_share;
    }

    fn total<'s>(all: impl Iterator<Item = &'s Self>) -> Self {
        let mut total = Self::default();
        all.for_each(|sums| total.add(sums));
        total
    }

    fn geo(&self) -> f64 {
        libm::exp(self.ln_ratios / self.runs)
    }

    fn arith(&self) -> f64 {
        if self.share == self.reference_share {
            1.0 // both may be 0
        } else {
            self.share / self.reference_share
        }
    }
}

/// Compares two policies over some runs, of which there are any.
///
/// Intervals are percentile bootstrap intervals (Efron 1979) over seeds: a sample draws seeds with
/// replacement, and with a seed all its runs, since these share their curves.
pub(crate) fn compare<'r>(
    rows: impl Iterator<Item = &'r Row>,
    policy: &str,
    reference: &str,
) -> Comparison {
    let mut by_seed = BTreeMap::<u64, Sums>::new();
    let mut by_configuration = BTreeMap::<Configuration, Sums>::new();
    for row in rows {
        let sums = Sums::of(row, policy, reference);
        by_seed.entry(row.seed).or_default().add(&sums);
        by_configuration.entry(row.at).or_default().add(&sums);
    }
    let geos = by_configuration.iter().map(|(at, sums)| (*at, sums.geo()));
    let worst = geos.max_by(|one, other| one.1.total_cmp(&other.1));
    let (worst_at, worst) = worst.expect("there are runs");
    let seeds: Vec<Sums> = by_seed.into_values().collect();
    let all = Sums::total(seeds.iter());
    let mut random = Pcg64::seed_from_u64(0);
    let mut sample = || {
        let draw = |_| random.random_range(0..seeds.len() as u64) as usize;
        Sums::total((0..seeds.len()).map(draw).map(|place| &seeds[place]))
    };
    let samples: Vec<Sums> = (0..SAMPLES).map(|_| sample()).collect();
    let interval = |value: fn(&Sums) -> f64| {
        let mut values = Data::new(samples.iter().map(value).collect::<Vec<_>>());
        Interval {
            estimate: value(&all),
            low: values.quantile(0.025),
            high: values.quantile(0.975),
        }
    };
    Comparison {
        geo: interval(Sums::geo),
        arith: interval(Sums::arith),
        worst,
        worst_at,
        share: all.share / all.runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred million levels were resumed; s is a million.
    fn row(eta: u64, seed: u64, millions: f64, reference: f64) -> Row {
        let cost = |millions: f64| (1e6 * millions) as u64;
        Row {
            at: Configuration {
                family: 0,
                eta,
                workers: 4,
                spare: 4,
            },
            seed,
            resumed_levels: cost(100.0),
            costs: [("own", cost(millions)), ("other", cost(reference))].into(),
        }
    }

    fn of(rows: &[Row]) -> Comparison {
        compare(rows.iter(), "own", "other")
    }

    #[test]
    fn ratios_are_those_of_the_definition() {
        // (1 + 1) / (3 + 1) = 1/2 and (7 + 1) / (3 + 1) = 2.
        let found = of(&[row(2, 0, 1.0, 3.0), row(4, 0, 7.0, 3.0)]);
        assert!((found.geo.estimate - 1.0).abs() < 1e-15);
        assert!((found.arith.estimate - 8.0 / 6.0).abs() < 1e-15);
        assert!((found.worst - 2.0).abs() < 1e-15 && found.worst_at.eta == 4);
        assert_eq!(found.share, 0.04);
    }

    #[test]
    fn equal_seeds_have_no_spread_and_nothing_lost_is_a_draw() {
        let found = of(&[row(2, 0, 1.0, 3.0), row(2, 1, 1.0, 3.0)]);
        assert_eq!(found.geo.to_string(), "0.50 [0.50, 0.50]");
        let found = of(&[row(2, 0, 0.0, 0.0)]);
        assert_eq!((found.geo.estimate, found.arith.estimate), (1.0, 1.0));
        assert_eq!(ratio(f64::NAN), "–");
    }

    /// The interval of a mean of 40 normal logarithms of deviation 0.5 is exp(mean -+ 1.96 * 0.5 /
    /// sqrt(40)), apart from the spread of the sample's own deviation (11 %) and of 2,000 samples.
    #[test]
    fn intervals_are_as_wide_as_those_of_normal_values() {
        use rand_distr::{Distribution, Normal};
        let mut random = Pcg64::seed_from_u64(5);
        let normal = Normal::new(0.0, 0.5).unwrap();
        let mut cost = || 100.0 * f64::exp(normal.sample(&mut random)) - 1.0;
        let rows: Vec<_> = (0..40).map(|seed| row(2, seed, cost(), 99.0)).collect();
        let Interval { low, high, .. } = of(&rows).geo;
        let width = (high / low).ln();
        let expected = 2.0 * 1.96 * 0.5 / 40f64.sqrt();
        assert!((width / expected - 1.0).abs() < 0.3, "{width} {expected}");
    }
}
