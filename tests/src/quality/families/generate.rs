//! From shapes and arrivals to tables of curves.

use std::fmt::Write;

use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::MetricKey;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;

use super::{Arrivals, Shape};

/// Curves of a generator, more than a run of this many reports can start.
pub(super) fn made(
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
    let mut file = HEAD.to_owned();
    for (trial, quality) in arrivals
        .qualities(trials, &mut random)
        .into_iter()
        .enumerate()
    {
        let seconds_per_unit = speed.sample(&mut random);
        let losses = shape.losses(quality, resources, &mut random);
        let mut before = 0;
        for (&resource, loss) in resources.iter().zip(losses) {
            let seconds = seconds_per_unit * (resource - before) as f64;
            writeln!(file, "{trial},{resource},{loss},{seconds}")?;
            before = resource;
        }
    }
    read(&file)
}

/// The curves of a table, better ones later or earlier on the whole: sorted by their last metric,
/// as a share of the number of curves, plus a random number up to 1.
pub(super) fn reordered(curves: &Curves, arrivals: Arrivals, seed: u64) -> Result<CurveTable> {
    let mut random = Pcg64::seed_from_u64(seed);
    let last = |place: usize| {
        let curve = curves.table.curve(place).expect("places are within");
        let points = curve.points();
        MetricKey::new(points[points.len() - 1].metric, curves.mode)
    };
    let mut best_first: Vec<usize> = (0..curves.table.len()).collect();
    best_first.sort_by_key(|&place| last(place));
    let count = best_first.len() as f64;
    let mut keyed: Vec<(f64, usize)> = best_first
        .into_iter()
        .enumerate()
        .map(|(rank, place)| {
            let drift = match arrivals {
                Arrivals::Improving => 1.0 - rank as f64 / count,
                Arrivals::Deteriorating => rank as f64 / count,
                Arrivals::Random | Arrivals::Evolutionary => 0.0,
            };
            (drift + random.random::<f64>(), place)
        })
        .collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut file = HEAD.to_owned();
    for (trial, (_, place)) in keyed.into_iter().enumerate() {
        let curve = curves.table.curve(place).expect("places are within");
        for point in curve.points() {
            let (resource, metric, seconds) = (point.resource, point.metric, point.seconds);
            writeln!(file, "{trial},{resource},{metric},{seconds}")?;
        }
    }
    read(&file)
}

const HEAD: &str = "trial,resource,metric,seconds\n";

fn read(file: &str) -> Result<CurveTable> {
    let options = ReadOptions::new().metric("metric");
    CurveTable::read(file.as_bytes(), "generated", &options).context("reading generated curves")
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::Mode;

    use super::*;

    fn mean_of_half(table: &CurveTable, second: bool) -> f64 {
        let half = table.len() / 2;
        let places = if second { half..table.len() } else { 0..half };
        let last = |place| {
            let points = table.curve(place).unwrap().points();
            points[points.len() - 1].metric
        };
        places.map(last).sum::<f64>() / half as f64
    }

    #[test]
    fn losses_drift_as_the_arrivals_say() {
        let change = |arrivals| {
            let table = made(Shape::PowerLaw, arrivals, &[1, 16, 256], 400, 1).unwrap();
            mean_of_half(&table, true) - mean_of_half(&table, false)
        };
        assert!(change(Arrivals::Improving) < -0.1);
        assert!(change(Arrivals::Deteriorating) > 0.1);
        assert!(change(Arrivals::Evolutionary) < 0.0);
        assert!(change(Arrivals::Random).abs() < 0.05);
    }

    #[test]
    fn reordered_tables_have_the_same_curves() {
        let table = made(Shape::PowerLaw, Arrivals::Random, &[1, 16], 400, 1).unwrap();
        let mode = Mode::Min;
        let sorted = reordered(&Curves { table, mode }, Arrivals::Improving, 1).unwrap();
        let before = made(Shape::PowerLaw, Arrivals::Random, &[1, 16], 400, 1).unwrap();
        assert_eq!(sorted.len(), before.len());
        assert!(mean_of_half(&sorted, true) < mean_of_half(&sorted, false) - 0.1);
    }
}
