//! From losses to two ratios with intervals.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use statrs::statistics::{Data, OrderStatistics};

/// Share of all resumed levels that is added to both costs before their ratio is taken, so that a
/// cost of 0 has one.
const LEAST_SHARE: f64 = 0.01;

/// Bootstrap samples an interval is made of.
const SAMPLES: usize = 2_000;

/// What one run came to with two ways to choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<C> {
    /// Everything but the seed.
    pub configuration: C,
    /// The seed.
    pub seed: u64,
    /// Sum of the levels of all trials that were resumed: what losing all would have cost.
    pub resumed_levels: f64,
    /// Cost of one of the two.
    pub cost: f64,
    /// Cost of the other, which it is compared with.
    pub reference: f64,
}

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The value over all seeds.
    pub estimate: f64,
    /// 2.5 % quantile over bootstrap samples of the seeds.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
}

impl Interval {
    /// Whether all of it is below a value.
    #[must_use]
    pub fn is_below(&self, value: f64) -> bool {
        self.high < value
    }

    /// Whether all of it is above a value.
    #[must_use]
    pub fn is_above(&self, value: f64) -> bool {
        self.low > value
    }
}

/// How the costs of two ways to choose compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison<C> {
    /// Geometric mean over all runs of (cost + s) / (reference + s), s being 1 % of the resumed
    /// levels: each run counts alike.
    pub geo: Interval,
    /// Mean of cost / resumed levels, over the same mean of the reference: costly runs count more.
    pub arith: Interval,
    /// The largest geometric mean of a configuration, over its seeds.
    pub worst: f64,
    /// The configuration that has it.
    pub worst_at: C,
    /// Mean of cost / resumed levels.
    pub share: f64,
}

/// Sums over the runs of a seed.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    runs: f64,
    ln_ratios: f64,
    share: f64,
    reference_share: f64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.ln_ratios += other.ln_ratios;
        self.share += other.share;
        self.reference_share += other.reference_share;
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

impl<C> From<&Pair<C>> for Sums {
    fn from(pair: &Pair<C>) -> Self {
        let whole = pair.resumed_levels.max(1.0);
        let least = LEAST_SHARE * whole;
        Self {
            runs: 1.0,
            ln_ratios: libm::log((pair.cost + least) / (pair.reference + least)),
            share: pair.cost / whole,
            reference_share: pair.reference / whole,
        }
    }
}

/// Compares over all runs. `None` where there are none.
///
/// Intervals are percentile bootstrap intervals (Efron 1979) over seeds: a sample draws seeds with
/// replacement, and with a seed all its runs, since these share their curves.
pub fn compare<C: Copy + Ord>(pairs: &[Pair<C>]) -> Option<Comparison<C>> {
    let (mut by_seed, mut by_configuration) = (BTreeMap::new(), BTreeMap::new());
    for pair in pairs {
        let sums = Sums::from(pair);
        let of_seed: &mut Sums = by_seed.entry(pair.seed).or_default();
        of_seed.add(sums);
        let own: &mut Sums = by_configuration.entry(pair.configuration).or_default();
        own.add(sums);
    }
    let seeds: Vec<Sums> = by_seed.into_values().collect();
    let worst = by_configuration
        .into_iter()
        .map(|(at, sums)| (at, sums.geo()));
    let (worst_at, worst) = worst.max_by(|one, other| one.1.total_cmp(&other.1))?;
    let all = total(seeds.iter());
    let samples = bootstrap(&seeds);
    Some(Comparison {
        geo: interval(&all, &samples, Sums::geo),
        arith: interval(&all, &samples, Sums::arith),
        worst,
        worst_at,
        share: all.share / all.runs,
    })
}

fn total<'s>(sums: impl Iterator<Item = &'s Sums>) -> Sums {
    let mut all = Sums::default();
    sums.for_each(|sums| all.add(*sums));
    all
}

fn bootstrap(seeds: &[Sums]) -> Vec<Sums> {
    let mut random = Pcg64::seed_from_u64(0);
    let mut sample = || {
        let drawn = (0..seeds.len()).map(|_| random.random_range(0..seeds.len() as u64) as usize);
        total(drawn.map(|place| &seeds[place]))
    };
    (0..SAMPLES).map(|_| sample()).collect()
}

fn interval(all: &Sums, samples: &[Sums], value: impl Fn(&Sums) -> f64) -> Interval {
    let values: Vec<f64> = samples.iter().map(&value).collect();
    let mut values = Data::new(values);
    Interval {
        estimate: value(all),
        low: values.quantile(0.025),
        high: values.quantile(0.975),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(configuration: u64, seed: u64, cost: f64, reference: f64) -> Pair<u64> {
        Pair {
            configuration,
            seed,
            resumed_levels: 100.0,
            cost,
            reference,
        }
    }

    #[test]
    fn ratios_are_those_of_the_definition() {
        // With s = 1: (1 + 1) / (3 + 1) = 1/2 and (7 + 1) / (3 + 1) = 2.
        let pairs = [pair(0, 0, 1.0, 3.0), pair(1, 0, 7.0, 3.0)];
        let found = compare(&pairs).unwrap();
        assert!((found.geo.estimate - 1.0).abs() < 1e-15);
        assert!((found.arith.estimate - 8.0 / 6.0).abs() < 1e-15);
        assert!((found.worst - 2.0).abs() < 1e-15 && found.worst_at == 1);
        assert_eq!(found.share, 0.04);
    }

    #[test]
    fn one_seed_has_no_spread_and_equal_seeds_have_none() {
        let found = compare(&[pair(0, 0, 1.0, 3.0), pair(0, 1, 1.0, 3.0)]).unwrap();
        assert_eq!(
            (found.geo.low, found.geo.high),
            (found.geo.estimate, found.geo.estimate)
        );
    }

    /// The interval of a mean of 40 normal logarithms of deviation 0.5 is exp(mean -+ 1.96 * 0.5 /
    /// sqrt(40)), apart from the spread of the sample's own deviation (11 %) and of 2,000 samples.
    #[test]
    fn intervals_are_as_wide_as_those_of_normal_values() {
        use rand_distr::{Distribution, Normal};
        let mut random = Pcg64::seed_from_u64(5);
        let normal = Normal::new(0.0, 0.5).unwrap();
        let pairs: Vec<_> = (0..40)
            .map(|seed| {
                let ratio: f64 = normal.sample(&mut random);
                pair(0, seed, 100.0 * ratio.exp() - 1.0, 99.0)
            })
            .collect();
        let Interval { low, high, .. } = compare(&pairs).unwrap().geo;
        let width = (high / low).ln();
        let expected = 2.0 * 1.96 * 0.5 / 40f64.sqrt();
        assert!((width / expected - 1.0).abs() < 0.3, "{width} {expected}");
    }

    #[test]
    fn nothing_lost_by_either_is_a_draw() {
        let found = compare(&[pair(0, 0, 0.0, 0.0)]).unwrap();
        assert_eq!((found.geo.estimate, found.arith.estimate), (1.0, 1.0));
        assert_eq!(compare::<u64>(&[]), None);
    }
}
