//! First passages for alpha = 1/eta, in closed form.

use super::{
    arriving::Arriving,
    bounds::Bounds,
    strided::{Bell, Strided},
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

/// What sums keep from one trial of a rung to the next.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    factorials: Option<Factorials>,
    tails: Option<Tails>,
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
        let to_mean = (arriving.mean() - bounds.d as f64) / eta as f64;
        let steps = libm::ceil((bounds.end(peak) * reach.length).max(to_mean));
        if steps * eta as f64 > factorials::MOST as f64 {
            return Err(OutOfReach);
        }
        let lattice = |steps: u64| Lattice {
            rung_len: urn.rung_len as u64,
            eta,
            far: bounds.d + eta * steps,
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
        self.peak = peak as u64;
        Ok(())
    }

    fn sum(&mut self, passages: &Passages<'_>) -> Result<Wide, OutOfReach> {
        let (Some(factorials), Some(tails)) = (&self.factorials, &mut self.tails) else {
            return Err(OutOfReach);
        };
        let terms = Terms::new(passages.rank, passages.bounds()?, tails, factorials)?;
        let mut strided = Strided::new(terms, self.peak)?;
        self.peak = strided.peak();
        let eta = passages.eta as f64;
        strided.sum(Bell {
            peak: passages.arriving.mean() / eta,
            deviation: passages.arriving.deviation() / eta,
        })
    }
}

impl Passages<'_> {
    /// ln of the sum of all h(l) w(l). If several trials are scored with the same tables, `worst` needs the longest.
    pub(crate) fn ln_sum(&self, worst: Option<&Self>, tables: &mut Tables) -> f64 {
        match self.tabulated(worst, tables) {
            Ok(sum) => sum.ln(),
            Err(OutOfReach) => long_sum(self, 0.0.into(), f64::INFINITY.into()).ln(),
        }
    }

    /// The sum by tables, where they go far enough.
    fn tabulated(&self, worst: Option<&Self>, tables: &mut Tables) -> Result<Wide, OutOfReach> {
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
        let first = match worst {
            Some(worst) => (worst, all(1.0)),
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
            if tables.make(passages, reach).is_ok()
                && let Ok(sum) = tables.sum(self)
            {
                return Ok(sum);
            }
        }
        Err(OutOfReach)
    }

    fn bounds(&self) -> Result<Bounds, OutOfReach> {
        let d = u64::try_from(self.d).map_err(|_| OutOfReach)?;
        if d > factorials::MOST {
            return Err(OutOfReach);
        }
        let left = self.arriving.left();
        Ok(Bounds {
            urn: self.urn,
            eta: self.eta,
            d,
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
    use super::{Arriving, Passages, Reach, Tables, Terms, Urn};
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

    /// What the ends of a sum rest on.
    #[test]
    fn ratios_stay_within_their_bounds() {
        for (k, gaps, n, eta) in places() {
            for time_ratio in [0.01, 1.0, 50.0] {
                let arriving = Arriving::new(n, time_ratio);
                let d = eta * k - n;
                let passages = Passages {
                    rank: k,
                    urn: urn(gaps, n),
                    eta,
                    d: u128::from(d),
                    arriving: &arriving,
                };
                let term = |r: u64| passages.term((r as f64).into()).ln();
                let bounds = passages.bounds().expect("short");
                let mut tables = Tables::default();
                let reach = Reach {
                    length: 1.0,
                    is_sparse: false,
                };
                tables.make(&passages, reach).expect("short");
                let (factorials, tails) = (tables.factorials.unwrap(), &mut tables.tails.unwrap());
                let terms = Terms::new(k, bounds, tails, &factorials);
                let mut terms = terms.expect("they are its own");
                let mut before = f64::INFINITY;
                for r in (0..10).chain((4..20).map(|i| i * i)) {
                    let (bound, ratio) = (bounds.ratio(r as f64), term(r + 1) - term(r));
                    let place = format!("{k} {gaps} {n} {eta} {time_ratio} {r}");
                    assert!(ratio <= libm::log(bound) + 1e-9, "{place}: {ratio}");
                    assert!(bound <= before * (1.0 + 1e-14), "{place}");
                    before = bound;
                    if r >= terms.last {
                        continue;
                    }
                    let least = libm::log(terms.least_rise(r).expect("in the table"));
                    for earlier in [0, r / 2, r.saturating_sub(1)] {
                        let ratio = term(earlier + 1) - term(earlier);
                        assert!(ratio >= least - 1e-9, "{place} {earlier}: {ratio} {least}");
                    }
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
                let passages = Passages {
                    rank: k,
                    urn: urn(gaps, n),
                    eta,
                    d,
                    arriving: &arriving,
                };
                let Ok(found) = passages.tabulated(None, &mut Tables::default()) else {
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
}
