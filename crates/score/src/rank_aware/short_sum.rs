//! Sums of moderate length for alpha = 1/eta, from their far end.
//!
//! With L = d + eta r the sum of h(L) w(L) over h(d) is S(0), where S(r) = w(L) + rho(r) S(r + 1) and rho(r) is the ratio
//! of h at r + 1 and at r. On the way from the last term to the first also w(L) = w(L + eta) + P(N' = L) + ... +
//! P(N' = L + eta - 1) follows by adding positive numbers, and P(N' = L) by ratios. Those of four terms do not wait for
//! each other.

use super::{arriving::Arriving, urn::Urn};
use crate::{closed_form::MAX_PRODUCT_ETA, double_double::DoubleDouble, lanes::Lanes};

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

/// Above this power of 2 numbers are scaled down by it.
const SCALE: f64 = 1.157_920_892_373_162e77; // 2^256
const LN_SCALE: f64 = 256.0 * core::f64::consts::LN_2;

/// What takes the numbers at four terms, the last one first, to those at the terms before them.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// h(L + eta) / h(L)
    rho: Lanes,
    /// P(N' = L) / P(N' = L + eta)
    lower: Lanes,
    /// (P(N' = L) + ... + P(N' = L + eta - 1)) / P(N' = L + eta)
    block: Lanes,
}

/// Four steps as one.
#[derive(Debug, Clone, Copy)]
struct Four {
    /// What the sum gets for w after the last term, and for P(N' = L) there.
    ones: f64,
    blocks: f64,
    /// The product of rho.
    product: f64,
    /// What w gets for P(N' = L), and what that is multiplied by.
    block: f64,
    lower: f64,
}

impl Steps {
    /// After each step w is what it was and a part of P(N' = L); S(r) = w + rho S(r + 1) is linear in both.
    #[inline]
    fn together(&self) -> Four {
        let [rho, lower, block] = [self.rho.0, self.lower.0, self.block.0];
        let lower = [lower[0], lower[0] * lower[1], lower[2], lower[2] * lower[3]];
        let lower = [lower[0], lower[1], lower[1] * lower[2], lower[1] * lower[3]];
        let second = block[0] + lower[0] * block[1];
        let third = second + lower[1] * block[2];
        let fourth = third + lower[2] * block[3];
        let (two, three) = (rho[3] * rho[2], rho[3] * rho[2] * rho[1]);
        Four {
            ones: (1.0 + rho[3]) + (two + three),
            blocks: (fourth + rho[3] * third) + (two * second + three * block[0]),
            product: two * (rho[1] * rho[0]),
            block: fourth,
            lower: lower[3],
        }
    }
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
                2 => self.followed::<2>(last),
                3 => self.followed::<3>(last),
                4 => self.followed::<4>(last),
                _ => self.followed::<0>(last),
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

    /// ln of the sum of the terms 0, ..., `last`, and the part of it that the last one is. Loops over eta = `ETA` are
    /// unrolled, unless that is 0, for any.
    fn followed<const ETA: usize>(&self, last: f64) -> (f64, f64) {
        let end = DoubleDouble::from(self.d + self.eta as f64 * last);
        let tail = self.arriving.at_least(end);
        let left_powers = (0..self.eta).fold(1.0, |power, _| power * self.arriving.left());
        // w and P(N' = L) are kept over w at the end, the sum and the last term over that times h(L), each with the
        // powers of `SCALE` it was scaled by; `unit` is what takes the one scale to the other.
        let mut at_least = 1.0;
        let mut exactly = self.arriving.exactly(end).relative_to(tail.exponent) / tail.factor;
        let (mut sum, mut last_term, mut unit) = (1.0, 1.0, 1.0);
        let mut scaled = 0.0;
        let mut r = last;
        while r > 0.0 {
            let steps = self.steps::<ETA>(left_powers, Lanes::down_from(r - 1.0));
            let Four {
                ones,
                blocks,
                product,
                block,
                lower,
            } = steps.together();
            sum = (at_least * ones + exactly * blocks) * unit + sum * product;
            last_term *= product;
            at_least += exactly * block;
            exactly *= lower;
            r -= Lanes::NUMBER as f64;
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

    /// The three ratios at each r, with one division. With L = d + eta r and M = L - r,
    ///
    /// rho = (g + r) / (r + 1) times L (L + 1) ... (L + eta - 1) / ((n + L + 1) ... (n + L + eta))
    /// times (n - g + M + 1) ... (n - g + M + eta - 1) / ((M + 1) ... (M + eta - 1)),
    ///
    /// and P(N' = m - 1) / P(N' = m) = m / ((1 - f) (n + m)).
    #[inline]
    fn steps<const ETA: usize>(&self, left_powers: f64, r: Lanes) -> Steps {
        let eta = if ETA == 0 { self.eta as usize } else { ETA };
        let left = self.arriving.left();
        let arrivals = r * eta as f64 + self.d;
        let worse = arrivals - r;
        let behind = worse + (self.urn.rung_len - self.urn.gaps);
        let all = arrivals + self.urn.rung_len;
        let (mut up, mut down) = (arrivals * (r + self.urn.gaps), r + 1.0);
        // Products of L + 1, ..., and of (1 - f) (n + L + 1), ...; and the sum of their mixed products.
        let (mut counts, mut alls) = (arrivals + 1.0, (all + 1.0) * left);
        let mut mixed = counts;
        for i in 1..eta {
            up = up * (behind + i as f64);
            down = down * (worse + i as f64);
            if i + 1 == eta {
                up = up * counts;
            }
            let next = arrivals + (i + 1) as f64;
            mixed = next * (mixed + alls);
            counts = counts * next;
            alls = alls * ((all + (i + 1) as f64) * left);
        }
        let inverse = (alls * down).inverse();
        let over_alls = down * inverse;
        Steps {
            rho: up * inverse * left_powers,
            lower: counts * over_alls,
            block: mixed * over_alls,
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
    let together = Lanes::NUMBER as f64;
    together * libm::ceil(terms / together)
}
