//! Curves that end where a tuner paused their trials, and how they may have gone on.

use std::collections::BTreeSet;

use rungkeeper_rung_model::{MetricKey, Mode};

use super::{CurveTable, Point};
use crate::random::{Draws, Purpose};

/// A curve goes on as one of this many others that were of about the same rank where it ends. With the nearest alone, trials
/// that are next to each other would keep their order, as real ones do not.
const NEAREST: usize = 5;

/// How much of the difference to the other curve, where the one ends, is left at the next end.
const KEPT: f64 = 0.5;

impl CurveTable {
    /// Number of curves that end before a resource: those of paused trials, where the table is one of a past run.
    ///
    /// ```
    /// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
    ///
    /// let file = "trial,resource,loss\na,1,0.8\na,4,0.6\nb,1,0.9\n";
    /// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
    /// assert_eq!(table.num_cut(4), 1);
    /// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
    /// ```
    #[must_use]
    pub fn num_cut(&self, resource: u64) -> usize {
        let curves = self.curves();
        curves
            .filter(|curve| curve.max_resource() < resource)
            .count()
    }

    /// The table with all curves that end before a resource going on as others did.
    ///
    /// From an end to the next that some curve has, a curve goes on with the points of another one, drawn among the five
    /// that were trained beyond it and whose rank there is nearest. Half of the difference between the two at that end is
    /// added to the metric; seconds are in proportion to those up to there. Then another one is drawn. A curve whose metric is
    /// bad where it ends stays bad. What is drawn depends on the table alone.
    ///
    /// Promotion-type successive halving stops early what is bad, so that this is no unbiased estimate; what it is worth is
    /// measured in the documentation of `rungkeeper simulate`.
    ///
    /// ```
    /// use rungkeeper_tuner::curves::{CurveTable, Mode, ReadOptions};
    ///
    /// let file = "trial,resource,loss\na,1,0.8\na,4,0.6\nb,1,0.9\n";
    /// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
    /// let whole = table.completed(Mode::Min, 4);
    /// assert_eq!(whole.num_cut(4), 0);
    /// let metric = whole.curve(1).unwrap().point_at(4).unwrap().metric;
    /// assert!((metric - 0.65).abs() < 1e-12); // 0.6 of the other, and half of what it was worse by
    /// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
    /// ```
    #[must_use]
    pub fn completed(&self, mode: Mode, resource: u64) -> Self {
        let mut curves: Vec<Vec<Point>> = self.curves().map(|it| it.points().to_vec()).collect();
        let ends: BTreeSet<u64> = self.curves().map(|curve| curve.max_resource()).collect();
        let ends: Vec<u64> = ends.into_iter().collect();
        let range = self.range();
        for pair in ends.windows(2).filter(|pair| pair[0] < resource) {
            self.go_on(&mut curves, mode, (pair[0], pair[1]), range);
        }
        let mut ends = Vec::with_capacity(curves.len());
        let mut points = Vec::new();
        for curve in curves {
            points.extend(curve);
            ends.push(points.len());
        }
        Self {
            ends,
            points,
            ..self.clone()
        }
    }

    /// The least and the largest metric: curves that go on do not leave it.
    fn range(&self) -> (f64, f64) {
        let finite = self.points.iter().filter(|point| point.metric.is_finite());
        finite.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, most), point| (least.min(point.metric), most.max(point.metric)),
        )
    }

    /// Lets all curves that end at `from` go on to `to`.
    fn go_on(
        &self,
        curves: &mut [Vec<Point>],
        mode: Mode,
        (from, to): (u64, u64),
        range: (f64, f64),
    ) {
        let at = |curve: &[Point]| {
            let after = curve.partition_point(|point| point.resource <= from);
            curve[..after].last().copied()
        };
        // All that were trained so far, or are taken to be, best first.
        let mut ranked: Vec<(MetricKey, usize)> = Vec::new();
        for (index, curve) in curves.iter().enumerate() {
            let reaches = curve.last().is_some_and(|last| last.resource >= from);
            if let Some(point) = at(curve).filter(|_| reaches) {
                ranked.push((MetricKey::new(point.metric, mode), index));
            }
        }
        ranked.sort_unstable();
        let goes_on = |index: usize| self.view(index).max_resource() > from;
        let is_donor = |&(_, &(key, index)): &(usize, &(MetricKey, usize))| {
            !key.is_non_finite() && goes_on(index)
        };
        let donors: Vec<(usize, usize)> = (ranked.iter().enumerate().filter(is_donor))
            .map(|(rank, &(_, index))| (rank, index))
            .collect();
        if donors.is_empty() {
            return;
        }
        for (rank, &(key, index)) in ranked.iter().enumerate() {
            if curves[index]
                .last()
                .is_none_or(|last| last.resource != from)
            {
                continue;
            }
            let near = nearest(&donors, rank);
            let mut draws = Draws::new(from, index as u64, Purpose::Donor);
            let donor = near[draws.below(near.len() as u128) as usize].1;
            let (Some(own), Some(other)) = (at(&curves[index]), at(&curves[donor])) else {
                continue;
            };
            let shift = KEPT * (own.metric - other.metric);
            let pace = if other.elapsed > 0.0 && own.elapsed > 0.0 {
                own.elapsed / other.elapsed
            } else {
                1.0
            };
            let mut elapsed = own.elapsed;
            let points = self.view(donor).points().iter();
            let points = points.filter(|point| point.resource > from && point.resource <= to);
            let added: Vec<Point> = points
                .map(|point| {
                    let metric = (point.metric + shift).clamp(range.0, range.1);
                    let seconds = pace * point.seconds;
                    elapsed += seconds;
                    Point {
                        resource: point.resource,
                        metric: if key.is_non_finite() {
                            f64::NAN
                        } else {
                            metric
                        },
                        seconds,
                        elapsed,
                    }
                })
                .collect();
            curves[index].extend(added);
        }
    }
}

/// Those of the donors, by rank, that are nearest to a rank.
fn nearest(donors: &[(usize, usize)], rank: usize) -> &[(usize, usize)] {
    let number = NEAREST.min(donors.len());
    let far = |place: usize| donors[place].0.abs_diff(rank);
    let mut start = donors.partition_point(|donor| donor.0 < rank);
    start = start.saturating_sub(number).min(donors.len() - number);
    while start + number < donors.len() && far(start + number) < far(start) {
        start += 1;
    }
    &donors[start..start + number]
}
