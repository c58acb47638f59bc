//! Generators of learning curves, and orders of those that are there.

use std::fmt::Write;

use anyhow::{Context, Result};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::MetricKey;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;

/// The form of the curves of a generator: losses that fall as the resource r grows.
///
/// Each has a quality q, 0 (best) to 1, which its loss approaches.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// q + a r^-b with a and b of its own, and noise of 0.02.
    PowerLaw,
    /// As the power laws, but what ends well begins badly.
    Crossing,
    /// Exponentials, rounded to twenty values between 0 and 1.
    Ties,
    /// Nothing learned until a resource of its own, then q at once.
    LateJump,
    /// Qualities that differ by less than the noise.
    MostlyNoise,
    /// q + r^-1/2 and next to no noise: the order is known from the first rung on.
    NearlyNoiseless,
}

impl Shape {
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::PowerLaw => "power laws of heights and slopes of their own",
            Self::Crossing => "power laws; what ends well begins badly",
            Self::Ties => "exponentials with twenty different values",
            Self::LateJump => "nothing learned until a resource of its own, then all",
            Self::MostlyNoise => "power laws whose differences are smaller than the noise",
            Self::NearlyNoiseless => "one power law at different heights",
        }
    }

    /// The losses of a trial of a quality at each resource.
    fn losses(self, quality: f64, resources: &[u64], random: &mut impl Rng) -> Vec<f64> {
        let (height, slope) = (random.random::<f64>(), random.random::<f64>());
        let normal = Normal::new(0.0, 1.0).expect("a positive deviation");
        let largest = resources[resources.len() - 1] as f64;
        let loss = |&resource: &u64| {
            let (r, noise) = (resource as f64, normal.sample(random));
            match self {
                Self::PowerLaw => {
                    quality + (0.5 + height) * r.powf(-0.2 - 0.6 * slope) + 0.02 * noise
                }
                Self::Crossing => {
                    let start = 1.2 - quality + 0.3 * height;
                    quality + start * r.powf(-0.1 - 0.9 * slope) + 0.02 * noise
                }
                Self::Ties => {
                    let loss = quality + (1.0 - quality) * (-r / largest.powf(slope)).exp();
                    (20.0 * loss).round() / 20.0
                }
                Self::LateJump if r < largest.powf(slope) => 1.0 + 0.05 * noise,
                Self::LateJump => quality + 0.02 * noise,
                Self::MostlyNoise => 0.1 * quality + 0.5 * r.powf(-0.3) + 0.3 * noise,
                Self::NearlyNoiseless => quality + r.powf(-0.5) + 1e-4 * noise,
            }
        };
        resources.iter().map(loss).collect()
    }
}

/// How the quality of trials changes as a run goes on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arrivals {
    /// Not at all: each is drawn alike.
    Random,
    /// Later ones are better, as those of a search that learns.
    Improving,
    /// Later ones are worse, as those of a search whose best guesses come first.
    Deteriorating,
    /// Each is a small change of the best of five among the last fifty, one in five a fresh draw.
    Evolutionary,
}

/// Share of the way from the best quality to the worst that half of the quality moves by.
const DRIFT: f64 = 0.5;

impl Arrivals {
    /// The qualities of this many trials, 0 (best) to 1, in the order in which they come.
    fn qualities(self, trials: usize, random: &mut impl Rng) -> Vec<f64> {
        let mut qualities: Vec<f64> = Vec::with_capacity(trials);
        for trial in 0..trials {
            let (fresh, time) = (random.random::<f64>(), trial as f64 / trials as f64);
            qualities.push(match self {
                Self::Random => fresh,
                Self::Improving => (1.0 - DRIFT) * fresh + DRIFT * (1.0 - time),
                Self::Deteriorating => (1.0 - DRIFT) * fresh + DRIFT * time,
                Self::Evolutionary if trial < 20 || random.random_bool(0.2) => fresh,
                Self::Evolutionary => descendant(&qualities[trial.saturating_sub(50)..], random),
            });
        }
        qualities
    }
}

/// A small change of the best of five.
fn descendant(last: &[f64], random: &mut impl Rng) -> f64 {
    let five = (0..5).map(|_| last[random.random_range(0..last.len() as u64) as usize]);
    let parent = five.fold(f64::INFINITY, f64::min);
    let change = Normal::new(0.0, 0.05).expect("a positive deviation");
    (parent + change.sample(random)).abs().min(1.0)
}

/// Curves of a generator, more than a run of this many reports can start.
pub(crate) fn made(
    shape: Shape,
    arrivals: Arrivals,
    resources: &[u64],
    reports: u64,
    seed: u64,
) -> Result<CurveTable> {
    let mut random = Pcg64::seed_from_u64(seed);
    let speed = LogNormal::new(0.0, 0.5).expect("a positive deviation");
    // A quarter more, so that it is the reports that end the run and tell the time that is left.
    let trials = reports as usize * 5 / 4 + 64;
    let qualities = arrivals.qualities(trials, &mut random);
    table(qualities.into_iter().map(|quality| {
        let seconds_per_unit = speed.sample(&mut random);
        let losses = shape.losses(quality, resources, &mut random);
        let before = std::iter::once(0).chain(resources.iter().copied());
        let points = resources.iter().zip(before).zip(losses);
        let point = |((&resource, before), loss)| {
            (
                resource,
                loss,
                seconds_per_unit * (resource - before) as f64,
            )
        };
        points.map(point).collect()
    }))
}

/// The curves of a table, better ones later or earlier on the whole: sorted by their last metric,
/// as a share of the number of curves, plus a random number up to 1.
pub(crate) fn reordered(curves: &Curves, arrivals: Arrivals, seed: u64) -> Result<CurveTable> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut best_first: Vec<_> = curves.table.curves().collect();
    best_first.sort_by_key(|curve| {
        let last = curve.points().last().map(|point| point.metric);
        last.map(|metric| MetricKey::new(metric, curves.mode))
    });
    let count = best_first.len() as f64;
    let keyed = best_first.into_iter().enumerate().map(|(rank, curve)| {
        let drift = match arrivals {
            Arrivals::Improving => 1.0 - rank as f64 / count,
            Arrivals::Deteriorating => rank as f64 / count,
            Arrivals::Random | Arrivals::Evolutionary => 0.0,
        };
        (drift + random.random::<f64>(), curve)
    });
    let mut keyed: Vec<_> = keyed.collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    table(keyed.into_iter().map(|(_, curve)| {
        let points = curve.points().iter();
        points
            .map(|it| (it.resource, it.metric, it.seconds))
            .collect()
    }))
}

/// A table of curves, each of points of a resource, a metric and seconds.
fn table(curves: impl Iterator<Item = Vec<(u64, f64, f64)>>) -> Result<CurveTable> {
    let mut file = "trial,resource,metric,seconds\n".to_owned();
    for (trial, points) in curves.enumerate() {
        for (resource, metric, seconds) in points {
            writeln!(file, "{trial},{resource},{metric},{seconds}")?;
        }
    }
    let options = ReadOptions::new().metric("metric");
    CurveTable::read(file.as_bytes(), "generated", &options).context("reading generated curves")
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::Mode;

    use super::*;

    /// How much higher the last losses of the second half of the curves are than those of the first, in the mean.
    fn change(table: &CurveTable) -> f64 {
        let half = table.len() / 2;
        let last = |place| table.curve(place).unwrap().points().last().unwrap().metric;
        let mean = |from: usize| (from..from + half).map(last).sum::<f64>() / half as f64;
        mean(table.len() - half) - mean(0)
    }

    fn power_laws(arrivals: Arrivals) -> CurveTable {
        made(Shape::PowerLaw, arrivals, &[1, 16, 256], 400, 1).unwrap()
    }

    #[test]
    fn losses_drift_as_the_arrivals_say() {
        assert!(change(&power_laws(Arrivals::Improving)) < -0.1);
        assert!(change(&power_laws(Arrivals::Deteriorating)) > 0.1);
        assert!(change(&power_laws(Arrivals::Evolutionary)) < 0.0);
        assert!(change(&power_laws(Arrivals::Random)).abs() < 0.05);
    }

    #[test]
    fn reordered_tables_have_the_same_curves() {
        let (table, mode) = (power_laws(Arrivals::Random), Mode::Min);
        let number = table.len();
        let sorted = reordered(&Curves { table, mode }, Arrivals::Improving, 1).unwrap();
        assert_eq!(sorted.len(), number);
        assert!(change(&sorted) < -0.1);
    }
}
