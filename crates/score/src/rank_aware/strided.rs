//! Sums of smooth terms from few of them.
//!
//! *A bell*, whose terms are nothing at both ends: every m-th term, times m, gives the sum but for what the Fourier
//! transform of the terms has at the frequency 1/m and its multiples (Poisson's formula). For a bell of standard deviation s
//! that is 2 exp(-2 (pi s / m)^2) of it, 6e-18 at m = 0.7 s.
//!
//! *Terms that count from r = 0 on*: with strides that double with r. Where the stride becomes m, the difference of the
//! trapezoidal sums of both strides is taken off by differences (Euler-Maclaurin).

use super::terms::{OutOfReach, Terms};
use crate::{
    euler_maclaurin::{self, PAIRS},
    wide::Wide,
};

/// What is left out at either end is at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-15;

/// Terms below this part of the sum may be the last ones.
const SMALL: f64 = 1e-14;

/// -ln of what the stride in a bell may leave out.
const LEFT_OUT: f64 = 44.0;

/// Terms at both sides of the peak that are, multiplied, less than this part of its square do not show its width.
const COARSE: f64 = 0.6;

/// A bell has its peak so many standard deviations from r = 0 at least.
const BELL_FROM: f64 = 4.0;

/// The sums of the terms of even and of odd number differ by no more than this part of them, or the stride is halved. It is
/// twice what two strides leave of a bell; one leaves about the fourth power of that.
const AGREEMENT: f64 = 1e-3;

/// The stride doubles where this many of the new strides have gone by.
const STRIDES_BEFORE: u64 = 24;

/// The longest stride from r = 0 on, in standard deviations of what ends the sum.
const LONGEST: f64 = 0.2;

const DOUBLED: [f64; PAIRS] = euler_maclaurin::weights(2.0);

/// Numbers with a peak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bell {
    /// Where it is, counted from r = 0.
    pub(crate) peak: f64,
    /// The standard deviation.
    pub(crate) deviation: f64,
}

impl Bell {
    /// A stride that leaves out little. With K standard deviations from r = 0 to the peak the Fourier transform falls no
    /// slower than that of an inverse Gaussian distribution, exp(K^2 (1 - Re sqrt(1 + 2 i t))) at the frequency
    /// K t / (2 pi) over the standard deviation.
    fn stride(&self) -> f64 {
        let distance = self.peak / self.deviation;
        let root = 1.0 + LEFT_OUT / (distance * distance);
        let t = root * libm::sqrt(root * root - 1.0);
        core::f64::consts::TAU * self.deviation / (distance * t)
    }
}

/// The terms, their largest one, and how wide they are there.
#[derive(Debug)]
pub(crate) struct Strided<'a> {
    terms: Terms<'a>,
    /// Terms around the peak are so far apart.
    step: u64,
    peak: u64,
    /// The exponent at the peak: all terms are taken relative to its power of two.
    unit: i64,
    /// Of a bell that looks like the terms at their peak; infinite where they fall from r = 0 on.
    deviation: f64,
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
        let here = terms.at(peak)?;
        let unit = here.exponent;
        let deviation = if peak < step {
            f64::INFINITY
        } else {
            let before = terms.at(peak - step)?.over(unit) / here.factor;
            let after = terms.at(peak + step)?.over(unit) / here.factor;
            if step > 1 && before * after < COARSE {
                return Err(OutOfReach);
            }
            step as f64 / libm::sqrt((1.0 - before * after).max(0.0))
        };
        Ok(Self {
            terms,
            step,
            peak,
            unit,
            deviation,
        })
    }

    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// The sum. `end` is what ends it, N', in terms.
    pub(crate) fn sum(&mut self, end: Bell) -> Result<Wide, OutOfReach> {
        let bell = Bell {
            peak: self.peak as f64,
            deviation: self.deviation,
        };
        let at_peak = if bell.peak > BELL_FROM * bell.deviation {
            self.around_peak(bell.stride().min(end.stride()))?
        } else {
            None
        };
        let factor = match at_peak {
            Some(sum) => sum,
            None => self.all_terms(LONGEST * bell.deviation.min(end.deviation))?,
        };
        let exponent = self.unit;
        Ok(Wide { factor, exponent } * self.terms.front())
    }

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
            let Some([even, odd]) = self.both_sides(stride)? else {
                return Ok(None);
            };
            let sum = even + odd;
            if stride == 1 || (even - odd).abs() <= AGREEMENT * sum {
                return Ok(Some(stride as f64 * sum));
            }
            if strides == 1 {
                return Err(OutOfReach);
            }
            strides /= 2;
        }
    }

    /// The sums of the terms an even and an odd number of strides from the peak.
    fn both_sides(&mut self, stride: u64) -> Result<Option<[f64; 2]>, OutOfReach> {
        let (mut sums, mut r) = ([self.at(self.peak)?, 0.0], self.peak);
        for number in 1.. {
            r += stride;
            let term = self.at(r)?;
            sums[number % 2] += term;
            if self.is_end(r, term, (sums[0] + sums[1]) * stride as f64) {
                break;
            }
        }
        r = self.peak;
        for number in 1.. {
            if r < stride {
                return Ok(None);
            }
            r -= stride;
            let term = self.at(r)?;
            sums[number % 2] += term;
            if self.is_begin(r, term, (sums[0] + sums[1]) * stride as f64)? {
                break;
            }
        }
        Ok(Some(sums))
    }

    /// Whether what comes after r is negligible.
    fn is_end(&self, r: u64, term: f64, sum: f64) -> bool {
        if term > SMALL * sum {
            return false;
        }
        let ratio = self.terms.bounds.ratio(r as f64);
        term * ratio <= NEGLIGIBLE * sum * (1.0 - ratio)
    }

    /// Whether what comes before r is.
    fn is_begin(&mut self, r: u64, term: f64, sum: f64) -> Result<bool, OutOfReach> {
        if term > SMALL * sum {
            return Ok(false);
        }
        Ok(term <= NEGLIGIBLE * sum * (self.terms.least_rise(r)? - 1.0))
    }

    /// The sum from r = 0 on, with strides up to about `longest`.
    fn all_terms(&mut self, longest: f64) -> Result<f64, OutOfReach> {
        let (mut r, mut stride, mut sum) = (0, 1, 0.0);
        loop {
            let term = self.at(r)?;
            let next = 2 * stride;
            if r == STRIDES_BEFORE * next && next as f64 <= longest {
                sum += 0.5 * (stride + next) as f64 * term; // half a stride of each
                stride = next;
                sum += stride as f64 * self.doubled_at(r, stride)?;
            } else {
                sum += stride as f64 * term;
            }
            if r > self.peak && self.is_end(r, term, sum) {
                return Ok(sum);
            }
            r += stride;
        }
    }

    /// What a stride twice as long changes from r on.
    fn doubled_at(&mut self, r: u64, stride: u64) -> Result<f64, OutOfReach> {
        let mut sum = 0.0;
        for (strides, weight) in (1..).zip(DOUBLED) {
            let (before, after) = (r - strides * stride, r + strides * stride);
            sum += weight * (self.at(after)? - self.at(before)?);
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
