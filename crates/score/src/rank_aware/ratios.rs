//! The bells of many trials of one rung, from ratios.
//!
//! Along the terms of a trial without equals, w(L) (L - 1)! / (n + L)! (k - 1 + r)! (n - k + M)! depends on K = k + r alone, and
//! r! and M! are the rest. So the ratio of two terms a stride apart is a product of three numbers from three
//! tables for the whole rung, if all its trials are summed over the same K; and a term takes three products.

use super::{
    bell::{Bell, End},
    strided,
    tails::Lattice,
    terms::{OutOfReach, SMALL, Terms},
};
use crate::{factorials::Factorials, wide::Wide};

/// Ratios stay above 2^-900, and their inverses too.
const MOST_BITS: f64 = 900.0;

/// Ratios of terms a stride apart.
#[derive(Debug)]
pub(crate) struct Ratios {
    stride: usize,
    /// The same in worse arrivals.
    worse_stride: usize,
    /// What depends on K, i strides before `far` over i + 1 strides before it.
    tails: Vec<f64>,
    /// r! / (r + stride)!
    better: Vec<f64>,
    /// M! / (M + `worse_stride`)!
    worse: Vec<f64>,
    /// What `Bell::allows` found last.
    split: f64,
    /// About so many strides before `far` is the largest term.
    peak: usize,
}

/// The same without their owners: what a loop keeps in registers.
#[derive(Clone, Copy)]
struct Along<'a> {
    stride: usize,
    worse_stride: usize,
    tails: &'a [f64],
    better: &'a [f64],
    worse: &'a [f64],
}

/// One of the places over which a trial is summed.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// So many strides before `far`.
    index: usize,
    /// r and M there.
    better: usize,
    worse: usize,
}

impl Ratios {
    /// With about this stride, but no longer than doubles allow. `last` is r of the worst trial at `far`, `left` is 1 - f.
    pub(crate) fn new(
        stride: f64,
        last: u64,
        lattice: &Lattice,
        left: f64,
        factorials: &Factorials,
    ) -> Result<Self, OutOfReach> {
        let Lattice {
            rung_len, eta, far, ..
        } = *lattice;
        let bits_of_one = eta as f64 * (libm::log2((rung_len + far) as f64) - libm::log2(left));
        let longest = MOST_BITS / bits_of_one;
        if longest < 1.0 {
            return Err(OutOfReach);
        }
        let stride = stride.clamp(1.0, longest) as usize;
        let worse_stride = (eta - 1) as usize * stride;
        Ok(Self {
            stride,
            worse_stride,
            tails: Vec::new(),
            better: factorials.falls(stride, far / eta),
            worse: factorials.falls(worse_stride, far - last),
            split: 1.0,
            peak: 0,
        })
    }

    /// Goes down to r = 0 of a trial.
    fn reach(&mut self, terms: &mut Terms<'_>) -> Result<(), OutOfReach> {
        let stride = self.stride as u64;
        let reached = self.tails.len() as u64;
        if (reached + 1) * stride > terms.last {
            return Ok(());
        }
        let places = terms.last / stride;
        self.tails.reserve((places - reached) as usize);
        let mut further = terms.tail(stride * reached)?;
        for i in reached + 1..=places {
            let here = terms.tail(stride * i)?;
            self.tails.push((further / here).over(0));
            further = here;
        }
        Ok(())
    }

    /// The sum of all terms, if they are a bell for which the stride is short enough, or the stride is 1.
    pub(crate) fn sum(
        &mut self,
        terms: &mut Terms<'_>,
        end: &End,
    ) -> Result<Option<Wide>, OutOfReach> {
        self.reach(terms)?;
        let Some(peak) = self.peak(terms) else {
            return Ok(None);
        };
        self.peak = peak.index;
        let Some(sum) = self.sum_around(peak, terms, end) else {
            return Ok(None);
        };
        let here = terms.at(peak.better as u64)?;
        let factor = here.factor * sum * self.stride as f64;
        Ok(Some(Wide { factor, ..here } * terms.front()))
    }

    /// The place of the largest term.
    fn peak(&self, terms: &Terms<'_>) -> Option<Place> {
        let along = self.along();
        let (better, worse) = (terms.last as usize, terms.worse(terms.last) as usize);
        let index = self.peak.min(better / self.stride);
        let mut place = Place {
            index,
            better: better - index * self.stride,
            worse: worse - index * self.worse_stride,
        };
        while place.index > 0 && along.rise(place)? > 1.0 {
            place = along.further(place);
        }
        while let Some(nearer) = along.nearer(place)
            && along.rise(nearer)? < 1.0
        {
            place = nearer;
        }
        Some(place)
    }

    /// The sum of the terms at all places over that at the peak.
    fn sum_around(&mut self, peak: Place, terms: &Terms<'_>, end: &End) -> Option<f64> {
        let bell = Bell::new(f64::from(peak.better as u32), &terms.bounds, end);
        if self.stride > 1 && !bell.allows(self.stride as f64, &mut self.split) {
            return None;
        }
        let along = self.along();
        let sums = along.before(peak, terms, along.after(peak, terms)?)?;
        (self.stride == 1 || strided::agree(sums)).then_some(sums[0] + sums[1])
    }

    fn along(&self) -> Along<'_> {
        Along {
            stride: self.stride,
            worse_stride: self.worse_stride,
            tails: &self.tails,
            better: &self.better,
            worse: &self.worse,
        }
    }
}

impl Along<'_> {
    /// The term one stride further over that at the place.
    #[inline]
    fn rise(self, place: Place) -> Option<f64> {
        let of_better = self.better.get(place.better)?;
        let of_worse = self.worse.get(place.worse)?;
        Some(of_better * of_worse * self.tails.get(place.index.wrapping_sub(1))?)
    }

    #[inline]
    fn further(self, place: Place) -> Place {
        Place {
            index: place.index - 1,
            better: place.better + self.stride,
            worse: place.worse + self.worse_stride,
        }
    }

    #[inline]
    fn nearer(self, place: Place) -> Option<Place> {
        Some(Place {
            index: place.index + 1,
            better: place.better.checked_sub(self.stride)?,
            worse: place.worse - self.worse_stride,
        })
    }

    /// The sums of the terms from the peak on, an even and an odd number of strides away.
    #[inline]
    fn after(self, peak: Place, terms: &Terms<'_>) -> Option<[f64; 2]> {
        let stride = self.stride as f64;
        let (mut sums, mut term, mut place) = ([1.0, 0.0], 1.0, peak);
        loop {
            let first = self.rise(place)?;
            let next = self.further(place);
            let both = first * self.rise(next)?;
            place = self.further(next);
            sums[1] += term * first;
            term *= both;
            sums[0] += term;
            // The sum is no less than its first term.
            if term <= SMALL * stride {
                let sum = (sums[0] + sums[1]) * stride;
                if terms.is_end(place.better as u32, term, sum) {
                    return Some(sums);
                }
            }
        }
    }

    /// Those and the ones before the peak.
    #[inline]
    fn before(self, peak: Place, terms: &Terms<'_>, after: [f64; 2]) -> Option<[f64; 2]> {
        // With a stride of 1 there may be terms down to r = 0.
        let at_start = |sums| (self.stride == 1).then_some(sums);
        let (mut sums, mut term, mut place) = (after, 1.0, peak);
        loop {
            let Some(next) = self.nearer(place) else {
                return at_start(sums);
            };
            let first = self.rise(next)?;
            let Some(last) = self.nearer(next) else {
                sums[1] += term / first;
                return at_start(sums);
            };
            let second = self.rise(last)?;
            let both = 1.0 / (first * second);
            place = last;
            sums[1] += term * (both * second);
            term *= both;
            sums[0] += term;
            if term <= SMALL && terms.is_begin(place.better as u32, term, second, sums[0] + sums[1])
            {
                return Some(sums);
            }
        }
    }
}
