//! Sums of smooth terms from few of them.
//!
//! *A bell*, whose terms are nothing at both ends: every m-th term, times m, gives the sum but for what the Fourier
//! transform of the terms has at the frequency 1/m and its multiples (Poisson's formula).
//!
//! *Terms that count from r = 0 on*: with strides that double with r. Where the stride becomes m, the difference of the
//! trapezoidal sums of both strides is taken off by differences (Euler-Maclaurin).

use super::{
    bell::{Bell, End},
    terms::{OutOfReach, Terms},
};
use crate::{
    euler_maclaurin::{self, PAIRS},
    wide::Wide,
};

/// The sums of the terms of even and of odd number differ by no more than this part of them, or the stride is halved. It is
/// what twice the stride would leave out of a bell; the stride itself leaves out a high power of that.
const AGREEMENT: f64 = 1e-3;

/// The stride doubles where this many of the new strides have gone by.
const STRIDES_BEFORE: u64 = 20;

/// The longest stride from r = 0 on, in standard deviations of what ends the sum, ...
const LONGEST: f64 = 0.2;

/// ... and where it becomes that so many of them before the end.
const LONGEST_BEFORE: f64 = 0.5;
const BEFORE: f64 = 8.0;

const DOUBLED: [f64; PAIRS] = euler_maclaurin::weights(2.0);

/// Whether the sums of the terms of even and of odd number tell that the stride is short enough.
pub(crate) fn agree([even, odd]: [f64; 2]) -> bool {
    (even - odd).abs() <= AGREEMENT * (even + odd)
}

/// The terms, and their largest one.
#[derive(Debug)]
pub(crate) struct Strided<'a> {
    terms: Terms<'a>,
    /// Terms around the peak are so far apart.
    step: u64,
    peak: u64,
    /// The exponent at the peak: all terms are taken relative to its power of two.
    unit: i64,
}

impl<'a> Strided<'a> {
    /// The peak is searched from `start` on.
    pub(crate) fn new(mut terms: Terms<'a>, start: u64) -> Result<Self, OutOfReach> {
        let mut step = terms.step;
        let mut peak = step * first_fall(&mut terms, step, start / step)?;
        if step > 1 && terms.is_between_steps(peak + step) {
            step = 1;
            peak = first_fall(&mut terms, step, peak)?;
        }
        let unit = terms.at(peak)?.exponent;
        Ok(Self {
            terms,
            step,
            peak,
            unit,
        })
    }

    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// What the terms look like.
    pub(crate) fn bell(&self, end: &End) -> Bell {
        Bell::new(self.peak as f64, &self.terms.bounds, end)
    }

    /// The sum.
    pub(crate) fn sum(&mut self, end: &End) -> Result<Wide, OutOfReach> {
        let bell = self.bell(end);
        let at_peak = match bell.stride() {
            Some(stride) => self.around_peak(stride)?,
            None => None,
        };
        let factor = match at_peak {
            Some(sum) => sum,
            None => self.all_terms(&bell, end)?,
        };
        let exponent = self.unit;
        Ok(Wide { factor, exponent } * self.terms.front())
    }

    #[expect(clippy::inline_always, reason = "called, sums take longer")]
    #[inline(always)]
    fn at(&mut self, r: u64) -> Result<f64, OutOfReach> {
        Ok(self.terms.at(r)?.over(self.unit))
    }

    /// The sum around the peak with about this stride, unless terms at r = 0 count.
    fn around_peak(&mut self, stride: f64) -> Result<Option<f64>, OutOfReach> {
        let step = if stride < self.terms.step as f64 {
            self.step
        } else {
            self.terms.step
        };
        if stride < step as f64 && step > 1 {
            return Err(OutOfReach);
        }
        let mut strides = (stride as u64 / step).max(1);
        loop {
            let stride = strides * step;
            let Some(sums) = self.both_sides(stride)? else {
                return Ok(None);
            };
            if stride == 1 || agree(sums) {
                return Ok(Some(stride as f64 * (sums[0] + sums[1])));
            }
            if strides == 1 {
                return Err(OutOfReach);
            }
            strides /= 2;
        }
    }

    /// The sums of the terms an even and an odd number of strides from the peak.
    fn both_sides(&mut self, stride: u64) -> Result<Option<[f64; 2]>, OutOfReach> {
        let largest = self.at(self.peak)?;
        let (mut sums, mut r) = ([largest, 0.0], self.peak);
        for number in 1.. {
            r += stride;
            let term = self.at(r)?;
            sums[number % 2] += term;
            let sum = sums[0] + sums[1];
            if self.terms.is_end(r as u32, term, sum * stride as f64) {
                break;
            }
        }
        r = self.peak;
        let mut term = largest;
        for number in 1.. {
            if r < stride {
                return Ok(None);
            }
            r -= stride;
            let next = term;
            term = self.at(r)?;
            sums[number % 2] += term;
            let (sum, rise) = (sums[0] + sums[1], next / term);
            if self.terms.is_begin(r as u32, term, rise, sum) {
                break;
            }
        }
        Ok(Some(sums))
    }

    /// The sum from r = 0 on.
    fn all_terms(&mut self, bell: &Bell, end: &End) -> Result<f64, OutOfReach> {
        let of_end = libm::sqrt(end.variance);
        let longest_from = |r: u64| {
            // What a longer stride changes is told by terms up to 1.4 r.
            if bell.is_whole() {
                LONGEST * bell.deviation()
            } else if 1.4 * (r as f64) < end.mean - BEFORE * of_end {
                LONGEST_BEFORE * of_end
            } else {
                LONGEST * of_end
            }
        };
        let (mut r, mut stride, mut width, mut sum) = (0, 1, 1.0, 0.0);
        let mut recent = [0.0; 2 * PAIRS];
        let mut since_doubled = PAIRS + 1;
        for number in 0.. {
            let term = self.at(r)?;
            if r == STRIDES_BEFORE * 2 * stride && 2.0 * width <= longest_from(r) {
                sum += 1.5 * width * term; // half a stride of each
                stride *= 2;
                width *= 2.0;
                since_doubled = 0;
                let before = (1..).map(|strides| recent[(number - 2 * strides) % recent.len()]);
                let weighted = before.zip(DOUBLED).map(|(term, weight)| weight * term);
                sum -= width * weighted.sum::<f64>();
            } else {
                since_doubled += 1;
                let change = DOUBLED.get(since_doubled - 1).unwrap_or(&0.0);
                sum += width * (1.0 + change) * term;
            }
            recent[number % recent.len()] = term;
            if r > self.peak && self.terms.is_end(r as u32, term, sum) {
                break;
            }
            r += stride;
        }
        Ok(sum)
    }
}

/// The first of every `step`-th term that is not smaller than the next one, searched from the `start`-th on.
fn first_fall(terms: &mut Terms<'_>, step: u64, start: u64) -> Result<u64, OutOfReach> {
    let farthest = (terms.last / step).saturating_sub(1);
    let mut rises_at = |i: u64| terms.rises_at(i * step, step);
    let start = start.min(farthest);
    // They rise before `low`, and not at `high`.
    let (mut low, mut high, mut jump) = (0, start, 1);
    if rises_at(start)? {
        low = start + 1;
        while low + jump < farthest && rises_at(low + jump)? {
            low += jump + 1;
            jump *= 2;
        }
        high = farthest.min(low + jump);
        if high == farthest && rises_at(high)? {
            return Err(OutOfReach);
        }
    } else {
        while high > jump && !rises_at(high - jump)? {
            high -= jump;
            jump *= 2;
        }
        if high > jump {
            low = high - jump + 1;
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if rises_at(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
