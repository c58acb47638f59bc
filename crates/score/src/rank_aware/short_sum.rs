//! Sums of moderate length for alpha = 1/eta, from their far end.
//!
//! With L = d + eta r the sum of h(L) w(L) over h(d) is S(0), where S(r) = w(L) + rho(r) S(r + 1) and rho(r) is the ratio
//! of h at r + 1 and at r. On the way from the last term to the first also w(L) = w(L + eta) + P(N' = L) + ... +
//! P(N' = L + eta - 1) follows by adding positive numbers, and P(N' = L) by ratios. Those of four terms do not wait for
//! each other.

use super::{arriving::Arriving, urn::Urn};
use crate::{closed_form::MAX_PRODUCT_ETA, double_double::DoubleDouble};

/// The sum of h(L) w(L) over h(d), as ln of a factor that is left out and the rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortSum<'a> {
    pub(crate) urn: Urn,
    pub(crate) eta: u64,
    pub(crate) d: f64,
    pub(crate) arriving: &'a Arriving,
}

/// Longer sums are taken another way.
const MAX_TERMS: f64 = 4096.0;

/// The products of 2 eta factors in a ratio stay below this power of 2.
const MAX_PRODUCT_BITS: f64 = 1000.0;

/// Below this share of the run that is left ratios are too far from 1 to follow them.
const LEAST_LEFT: f64 = 1e-9;

/// What is left out is at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-16;

/// So far (as a logarithm) terms are to fall from the largest bound to the last term that is taken.
const FALL: f64 = 42.0;

/// So many terms are followed together.
const TOGETHER: usize = 4;

/// Above this power of 2 numbers are scaled down by it.
const SCALE: f64 = 1.157_920_892_373_162e77; // 2^256
const LN_SCALE: f64 = 256.0 * core::f64::consts::LN_2;

/// What takes the numbers at a term to those at the term before.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    /// h(L + eta) / h(L)
    rho: f64,
    /// P(N' = L) / P(N' = L + eta)
    lower: f64,
    /// (P(N' = L) + ... + P(N' = L + eta - 1)) / P(N' = L + eta)
    block: f64,
}

impl ShortSum<'_> {
    /// Its logarithm; None where the sum is too long or its numbers leave the range of doubles.
    pub(crate) fn ln(&self) -> Option<f64> {
        let most = self.urn.rung_len + self.d + MAX_TERMS * self.eta as f64;
        if self.eta > MAX_PRODUCT_ETA
            || self.arriving.is_endless()
            || self.arriving.left() < LEAST_LEFT
            || 2.0 * self.eta as f64 * libm::log2(most) > MAX_PRODUCT_BITS
        {
            return None;
        }
        let mut last = self.far_enough()?;
        while last <= MAX_TERMS {
            let (ln, share) = match self.eta {
                2 => self.from_the_end::<2>(last),
                3 => self.from_the_end::<3>(last),
                4 => self.from_the_end::<4>(last),
                _ => self.followed(self.eta as usize, last),
            };
            if !libm::fabs(ln).is_finite() {
                return None;
            }
            let bound = self.bound(last);
            if share * bound <= NEGLIGIBLE * (1.0 - bound) {
                return Some(ln);
            }
            last = whole_steps(1.5 * last);
        }
        None
    }

    /// A number of terms that is probably enough.
    fn far_enough(&self) -> Option<f64> {
        let (mut low, mut peak) = (0.0, 0.0);
        let mut next = 4.0;
        while self.bound(peak) > 1.0 {
            (low, peak) = (peak, next);
            next *= 2.0;
            if peak > MAX_TERMS {
                return None;
            }
        }
        for _ in 0..4 {
            let middle = 0.5 * (low + peak);
            if self.bound(middle) > 1.0 {
                low = middle;
            } else {
                peak = middle;
            }
        }
        // -ln q >= 2 (1 - q) / (1 + q)
        let fall = |length: f64| {
            let ratio = self.bound(peak + 0.5 * length);
            length * 2.0 * (1.0 - ratio) / (1.0 + ratio)
        };
        let mut length = 4.0;
        while fall(length) < FALL {
            length *= 1.25;
            if length > MAX_TERMS {
                return None;
            }
        }
        Some(whole_steps(peak + length))
    }

    #[inline(never)]
    fn from_the_end<const ETA: usize>(&self, last: f64) -> (f64, f64) {
        self.followed(ETA, last)
    }

    /// ln of the sum of the terms 0, ..., `last`, and the part of it that the last one is.
    #[inline(always)]
    fn followed(&self, eta: usize, last: f64) -> (f64, f64) {
        let end = DoubleDouble::from(self.d + self.eta as f64 * last);
        let tail = self.arriving.at_least(end);
        let left_powers = (0..eta).fold(1.0, |power, _| power * self.arriving.left());
        // w and P(N' = L) are kept over w at the end, the sum and the last term over that times h(L), each with the
        // powers of `SCALE` it was scaled by; `unit` is what takes the one scale to the other.
        let mut at_least = 1.0;
        let mut exactly = self.arriving.exactly(end).relative_to(tail.exponent) / tail.factor;
        let (mut sum, mut last_term, mut unit) = (1.0, 1.0, 1.0);
        let mut scaled = 0.0;
        let mut r = last;
        while r > 0.0 {
            let mut steps = [Step::default(); TOGETHER];
            for (i, step) in steps.iter_mut().enumerate() {
                *step = self.step(eta, left_powers, r - 1.0 - i as f64);
            }
            for step in steps {
                at_least += exactly * step.block;
                exactly *= step.lower;
                sum = at_least * unit + sum * step.rho;
                last_term *= step.rho;
            }
            r -= TOGETHER as f64;
            if at_least > SCALE {
                at_least /= SCALE;
                exactly /= SCALE;
                unit *= SCALE;
            }
            if sum > SCALE {
                sum /= SCALE;
                last_term /= SCALE;
                unit /= SCALE;
                scaled += 1.0;
            }
        }
        let ln = libm::log(sum * tail.factor) + (tail.exponent + scaled * LN_SCALE);
        (ln, last_term / sum)
    }

    /// The three ratios at r, with one division. With L = d + eta r and M = L - r,
    ///
    /// rho = (g + r) / (r + 1) times L (L + 1) ... (L + eta - 1) / ((n + L + 1) ... (n + L + eta))
    /// times (n - g + M + 1) ... (n - g + M + eta - 1) / ((M + 1) ... (M + eta - 1)),
    ///
    /// and P(N' = m - 1) / P(N' = m) = m / ((1 - f) (n + m)).
    #[inline(always)]
    fn step(&self, eta: usize, left_powers: f64, r: f64) -> Step {
        let left = self.arriving.left();
        let arrivals = self.d + eta as f64 * r;
        let worse = arrivals - r;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let all = self.urn.rung_len + arrivals;
        let (mut up, mut down) = (arrivals * (self.urn.gaps + r), r + 1.0);
        // Products of L + 1, ..., and of (1 - f) (n + L + 1), ...; and the sum of their mixed products.
        let (mut counts, mut alls, mut mixed) = (1.0, 1.0, 0.0);
        for i in 1..eta {
            let i = i as f64;
            mixed = (arrivals + i) * (mixed + alls);
            counts *= arrivals + i;
            alls *= (all + i) * left;
            up *= behind + i;
            down *= worse + i;
        }
        up *= counts;
        let last = arrivals + eta as f64;
        mixed = last * (mixed + alls);
        counts *= last;
        alls *= (all + eta as f64) * left;
        let inverse = 1.0 / (alls * down);
        Step {
            rho: up * inverse * left_powers,
            lower: counts * down * inverse,
            block: mixed * down * inverse,
        }
    }

    /// A bound on the ratio of any two successive terms from r on.
    ///
    /// h(L) P(N' = L) = d / L times the probabilities of r better and of M = L - r worse arrivals, which are negative
    /// binomial and independent. So its ratio is below (1 - f)^eta (g + r) / (r + 1) times the product of
    /// (n - g + M + i) / (M + i), i = 1, ..., eta - 1, and all these factors fall with r. The terms fall faster still,
    /// since w(L) / P(N' = L) does not increase with L.
    pub(crate) fn bound(&self, r: f64) -> f64 {
        let worse = self.d + (self.eta as f64 - 1.0) * r;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let left = self.arriving.left();
        let (mut up, mut down) = (left * (self.urn.gaps + r), r + 1.0);
        for i in 1..self.eta {
            let i = i as f64;
            up *= left * (behind + i);
            down *= worse + i;
        }
        up / down
    }
}

/// The next number of terms that can be followed without a rest.
fn whole_steps(terms: f64) -> f64 {
    let together = TOGETHER as f64;
    together * libm::ceil(terms / together)
}
