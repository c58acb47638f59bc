//! First passages for alpha = 1/eta, in closed form.

use super::{
    arriving::Arriving,
    bell::End,
    bounds::Bounds,
    ratios::Ratios,
    strided::Strided,
    tails::{Lattice, Tails},
    terms::{OutOfReach, Terms},
    urn::Urn,
};
use crate::{
    double_double::DoubleDouble,
    factorials::{self, Factorials},
    long_sum::{FARTHEST, Summable, long_sum},
    scaled::Scaled,
    wide::Wide,
};

/// The first passages of a walk that comes down from d in steps of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passages<'a> {
    pub(crate) rank: u64,
    pub(crate) urn: Urn,
    pub(crate) eta: u64,
    pub(crate) d: u128,
    pub(crate) arriving: &'a Arriving,
}

/// The trials of a rung that are scored together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd<T> {
    /// The one with the largest rank, which needs the longest tables.
    pub(crate) worst: T,
    /// Whether there are enough of them for tables of ratios.
    pub(crate) is_dense: bool,
}

/// What sums keep from one trial of a rung to the next.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    factorials: Option<Factorials>,
    tails: Option<Tails>,
    ratios: Option<Ratios>,
    /// About the largest term.
    peak: u64,
}

/// How far tables go.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// So many times as far as the terms of a trial probably count.
    length: f64,
    /// Whether not all tails are in it, but as few as will do.
    is_sparse: bool,
}

/// Below this share of the run that is left, powers of it leave the range of doubles.
const LEAST_LEFT: f64 = 1e-9;

impl Tables {
    /// Another rung, or another time.
    pub(crate) fn forget(&mut self) {
        self.tails = None;
        self.ratios = None;
    }

    /// Makes new ones for a trial. Without effect where that is beyond the longest.
    fn make(&mut self, passages: &Passages<'_>, reach: Reach) -> Result<(), OutOfReach> {
        let Passages {
            rank,
            urn,
            eta,
            arriving,
            ..
        } = *passages;
        let bounds = passages.bounds()?;
        let peak = bounds.peak();
        let to_mean = (arriving.mean() - bounds.d) / eta as f64;
        let steps = libm::ceil((bounds.end(peak) * reach.length).max(to_mean));
        if steps * eta as f64 > factorials::MOST as f64 {
            return Err(OutOfReach);
        }
        let lattice = |steps: u64| Lattice {
            rung_len: urn.rung_len as u64,
            eta,
            far: bounds.d as u64 + eta * steps,
            ahead: rank - 1 + steps,
        };
        let mut steps = steps as u64 + 1;
        let mut step = 1;
        if reach.is_sparse {
            step = Tails::longest_step(&lattice(steps), arriving);
            steps = steps.next_multiple_of(step);
            // A little farther off the tails may be too steep for it.
            step = step.min(Tails::longest_step(&lattice(steps), arriving));
        }
        let lattice = lattice(steps);
        let most = lattice.rung_len + lattice.highest(step);
        if most > factorials::MOST {
            return Err(OutOfReach);
        }
        let factorials = match &self.factorials {
            Some(factorials) if factorials.reach(most) => factorials,
            _ => self.factorials.insert(Factorials::up_to(most)),
        };
        self.tails = Some(Tails::new(arriving, lattice, step, factorials));
        self.ratios = None;
        self.peak = peak as u64;
        Ok(())
    }

    /// For many trials of the rung, of which this is the worst. Without them sums take longer.
    fn ratios_for(&mut self, worst: &Passages<'_>) -> Result<Ratios, OutOfReach> {
        let (Some(factorials), Some(tails)) = (&self.factorials, &mut self.tails) else {
            return Err(OutOfReach);
        };
        let lattice = *tails.lattice();
        let bounds = worst.bounds()?;
        let terms = Terms::new(worst.rank, bounds, tails, factorials)?;
        let last = terms.last;
        let strided = Strided::new(terms, self.peak)?;
        let bell = strided.bell(&worst.end(&bounds));
        let stride = bell.stride().unwrap_or(1.0);
        Ratios::new(stride, last, &lattice, worst.arriving.left(), factorials)
    }

    fn sum(&mut self, passages: &Passages<'_>) -> Result<Wide, OutOfReach> {
        let (Some(factorials), Some(tails)) = (&self.factorials, &mut self.tails) else {
            return Err(OutOfReach);
        };
        let bounds = passages.bounds()?;
        let end = passages.end(&bounds);
        let mut terms = Terms::new(passages.rank, bounds, tails, factorials)?;
        if let Some(ratios) = &mut self.ratios
            && !terms.have_equals()
            && let Some(sum) = ratios.sum(&mut terms, &end)?
        {
            return Ok(sum);
        }
        let mut strided = Strided::new(terms, self.peak)?;
        self.peak = strided.peak();
        strided.sum(&end)
    }
}

impl Passages<'_> {
    /// ln of the sum of all h(l) w(l). The crowd is asked for where tables are made.
    pub(crate) fn ln_sum<'a>(
        &self,
        crowd: impl FnOnce() -> Option<Crowd<Passages<'a>>>,
        tables: &mut Tables,
    ) -> f64 {
        match self.tabulated(crowd, tables) {
            Ok(sum) => sum.ln(),
            Err(OutOfReach) => long_sum(self, 0.0.into(), f64::INFINITY.into()).ln(),
        }
    }

    /// The sum by tables, where they go far enough.
    fn tabulated<'a>(
        &self,
        crowd: impl FnOnce() -> Option<Crowd<Passages<'a>>>,
        tables: &mut Tables,
    ) -> Result<Wide, OutOfReach> {
        if self.arriving.is_endless() || self.arriving.left() < LEAST_LEFT {
            return Err(OutOfReach);
        }
        if let Ok(sum) = tables.sum(self) {
            return Ok(sum);
        }
        let all = |length| Reach {
            length,
            is_sparse: false,
        };
        let crowd = crowd();
        let first = match &crowd {
            Some(crowd) => (&crowd.worst, all(1.0)),
            None => (
                self,
                Reach {
                    length: 1.0,
                    is_sparse: true,
                },
            ),
        };
        let next = [(self, all(1.0)), (self, all(1.5)), (self, all(3.0))];
        for (passages, reach) in [first].into_iter().chain(next) {
            if tables.make(passages, reach).is_err() {
                continue;
            }
            if let Some(Crowd {
                worst,
                is_dense: true,
            }) = &crowd
            {
                tables.ratios = tables.ratios_for(worst).ok();
            }
            if let Ok(sum) = tables.sum(self) {
                return Ok(sum);
            }
        }
        Err(OutOfReach)
    }

    /// What ends the sum.
    fn end(&self, bounds: &Bounds) -> End {
        End {
            mean: (self.arriving.mean() - bounds.d) / bounds.eta,
            variance: self.arriving.variance() / (bounds.eta * bounds.eta),
        }
    }

    fn bounds(&self) -> Result<Bounds, OutOfReach> {
        let d = u64::try_from(self.d).map_err(|_| OutOfReach)?;
        if d > factorials::MOST || self.eta > factorials::MOST {
            return Err(OutOfReach);
        }
        let left = self.arriving.left();
        Ok(Bounds {
            urn: self.urn,
            eta: self.eta as f64,
            d: d as f64,
            left_to_eta: (0..self.eta).fold(1.0, |power, _| power * left),
        })
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
    use super::{Arriving, Crowd, Passages, Reach, Tables, Terms, Urn, Wide};
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

    fn passages((k, gaps, n, eta): (u64, u64, u64, u64), arriving: &Arriving) -> Passages<'_> {
        Passages {
            rank: k,
            urn: Urn {
                gaps: gaps as f64,
                rung_len: n as f64,
            },
            eta,
            d: u128::from(eta * k - n),
            arriving,
        }
    }

    /// What the far ends of sums rest on.
    #[test]
    fn ratios_stay_within_their_bounds() {
        for (k, gaps, n, eta) in places() {
            for time_ratio in [0.01, 1.0, 50.0] {
                let arriving = Arriving::new(n, time_ratio);
                let passages = passages((k, gaps, n, eta), &arriving);
                let term = |r: u64| passages.term((r as f64).into()).ln();
                let bounds = passages.bounds().expect("short");
                let mut before = f64::INFINITY;
                for r in (0..10).chain((4..20).map(|i| i * i)) {
                    let (bound, ratio) = (bounds.ratio(r as f64), term(r + 1) - term(r));
                    let place = format!("{k} {gaps} {n} {eta} {time_ratio} {r}");
                    assert!(ratio <= libm::log(bound) + 1e-9, "{place}: {ratio}");
                    assert!(bound <= before * (1.0 + 1e-14), "{place}");
                    before = bound;
                }
            }
        }
    }

    /// What their near ends rest on.
    #[test]
    fn passages_are_log_concave_where_they_should_be() {
        let arriving = Arriving::new(1, 1.0);
        let mut concave = 0;
        for place in places() {
            let bounds = passages(place, &arriving).bounds().expect("short");
            let (n, d, eta) = (place.2 as f64, bounds.d, bounds.eta);
            // h(L + eta) / h(L)
            let ratio = |r: u64| {
                let arrivals = d + eta * r as f64;
                let rise = (0..place.3).map(|i| {
                    let next = arrivals + i as f64;
                    next.max(1.0) / (n + 1.0 + next)
                });
                bounds.falling(r as f64) * rise.product::<f64>()
            };
            let mut r = 0;
            loop {
                r += 1 + r / 32;
                if !bounds.is_log_concave_to(r as f64) {
                    break;
                }
                concave += 1;
                let (here, before) = (ratio(r), ratio(r - 1));
                assert!(
                    here <= before * (1.0 + 1e-14),
                    "{place:?} {r}: {here} {before}"
                );
            }
        }
        assert!(concave > 300_000, "{concave}");
    }

    #[test]
    fn both_ways_to_sum_agree() {
        let mut short = 0;
        for (k, gaps, n, eta) in places() {
            for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
                let arriving = Arriving::new(n, time_ratio);
                let passages = passages((k, gaps, n, eta), &arriving);
                let Ok(found) = passages.tabulated(|| None, &mut Tables::default()) else {
                    continue;
                };
                let found = found.ln();
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

    /// However many terms stand for all: alone, and with others of the rung.
    #[test]
    fn few_terms_stand_for_all() {
        let mut crowded = 0;
        for (k, gaps, n, eta) in places() {
            for time_ratio in [0.02, 0.5, 1.0, 3.0, 9.0] {
                let arriving = Arriving::new(n, time_ratio);
                let trial = passages((k, gaps, n, eta), &arriving);
                let Some(exact) = sum_of_all(&trial) else {
                    continue;
                };
                let crowd = Crowd {
                    worst: passages((n, n, n, eta), &arriving),
                    is_dense: true,
                };
                let mut tables = Tables::default();
                let alone = trial.tabulated(|| None, &mut tables);
                let mut tables = Tables::default();
                let in_crowd = trial.tabulated(|| Some(crowd), &mut tables);
                crowded += usize::from(tables.ratios.is_some());
                for found in [alone, in_crowd] {
                    let found = found.expect("within the tables");
                    let error = ((found / exact).over(0) - 1.0).abs();
                    assert!(
                        error < 1e-13,
                        "{k} {gaps} {n} {eta} {time_ratio}: {error:e}"
                    );
                }
            }
        }
        assert!(crowded > 5_000, "{crowded}");
    }

    fn sum_of_all(trial: &Passages<'_>) -> Option<Wide> {
        for length in [1.0, 2.0, 4.0] {
            let mut tables = Tables::default();
            let is_sparse = false;
            tables.make(trial, Reach { length, is_sparse }).ok()?;
            let (factorials, tails) = (tables.factorials?, &mut tables.tails?);
            let bounds = trial.bounds().ok()?;
            let mut terms = Terms::new(trial.rank, bounds, tails, &factorials).ok()?;
            let all: Result<Vec<Wide>, _> = (0..=terms.last).map(|r| terms.at(r)).collect();
            let all = all.ok()?;
            let unit = all.iter().map(|term| term.exponent).max()?;
            let sum: f64 = all.iter().rev().map(|term| term.over(unit)).sum();
            if all.last()?.over(unit) < 1e-20 * sum {
                let exponent = unit;
                let factor = sum;
                return Some(Wide { factor, exponent } * terms.front());
            }
        }
        None
    }
}
