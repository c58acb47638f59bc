//! Sums of moderate length for alpha = 1/eta, from their far end.
//!
//! With L = d + eta r the sum of h(L) w(L) from r on, over h at r, is S(r) = w(L) + rho(r) S(r + 1), rho(r) being the ratio
//! of h at r + 1 and at r. On the way from the last term to the first also w(L) = w(L + eta) + P(N' = L) + ... +
//! P(N' = L + eta - 1) follows by adding positive numbers, and P(N' = L) by ratios. Those of four terms do not wait for
//! each other.

use super::{arriving::Arriving, urn::Urn, window::Window};
use crate::{closed_form::MAX_PRODUCT_ETA, double_double::DoubleDouble, lanes::Lanes};

/// The sum of h(L) w(L).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortSum<'a> {
    pub(crate) urn: Urn,
    pub(crate) eta: u64,
    pub(crate) d: f64,
    pub(crate) arriving: &'a Arriving,
}

/// Longer sums are taken another way.
const MAX_TERMS: f64 = 16384.0;

/// The products of 2 eta factors in a ratio stay below this power of 2.
const MAX_PRODUCT_BITS: f64 = 1000.0;

/// Below this share of the run that is left ratios are too far from 1 to follow them.
const LEAST_LEFT: f64 = 1e-9;

/// What is left out is at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-16;

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

/// What following a window of terms gives.
#[derive(Debug, Clone, Copy)]
struct Followed {
    /// ln of the sum of h(L) w(L) over the window, over h at its begin.
    ln: f64,
    /// The parts of it that its first and its last term are.
    first: f64,
    last: f64,
    /// w at the second term over w at the first.
    fall: f64,
}

impl ShortSum<'_> {
    /// The first term that counts, and ln of the sum over h there. None where the sum is too long or its numbers leave
    /// the range of doubles.
    pub(crate) fn ln(&self) -> Option<(f64, f64)> {
        if self.eta > MAX_PRODUCT_ETA
            || self.arriving.is_endless()
            || self.arriving.left() < LEAST_LEFT
        {
            return None;
        }
        let mut window = self.window();
        while window.last - window.begin <= MAX_TERMS {
            let most = self.urn.rung_len + self.d + self.eta as f64 * (window.last + 1.0);
            if 2.0 * self.eta as f64 * libm::log2(most) > MAX_PRODUCT_BITS {
                return None;
            }
            let found = match self.eta {
                2 => self.followed::<2>(window),
                3 => self.followed::<3>(window),
                4 => self.followed::<4>(window),
                _ => self.followed::<0>(window),
            };
            if !libm::fabs(found.ln).is_finite() {
                return None;
            }
            let bound = self.bound(window.last);
            let is_long_enough = found.last * bound <= NEGLIGIBLE * (1.0 - bound);
            let rise = self.least_rise(window.begin) * found.fall;
            let is_early_enough = window.begin == 0.0 || found.first <= NEGLIGIBLE * (rise - 1.0);
            if is_long_enough && is_early_enough {
                return Some((window.begin, found.ln));
            }
            if !is_early_enough {
                window.begin = 0.0;
            }
            window = Window::of(
                window.begin,
                window.last + 0.5 * (window.last - window.begin),
            );
        }
        None
    }

    /// The sum over a window. Loops over eta = `ETA` are unrolled, unless that is 0, for any.
    fn followed<const ETA: usize>(&self, window: Window) -> Followed {
        let end = DoubleDouble::from(self.d + self.eta as f64 * window.last);
        let exactly = self.arriving.exactly(end);
        let tail = self.arriving.at_least_from(end, exactly);
        // Each arrival multiplies P(N' = L) by 1 / (1 - f), which is no double: the rest of it adds up.
        let (over_left, rest) = self.arriving.over_left();
        let rest = rest * self.eta as f64;
        // w and P(N' = L) are kept over w at the end, the sum and the last term over that times h(L), each with the
        // powers of `SCALE` it was scaled by; `unit` is what takes the one scale to the other.
        let mut at_least = 1.0;
        let mut exactly = exactly.relative_to(tail.exponent) / tail.factor;
        let (mut sum, mut last_term, mut unit) = (1.0, 1.0, 1.0);
        let mut scaled = 0.0;
        let mut r = window.last;
        while r > window.begin {
            let steps = self.steps::<ETA>(over_left, Lanes::down_from(r - 1.0));
            let whole = exactly * (1.0 + rest * (window.last - r));
            let Four {
                ones,
                blocks,
                product,
                block,
                lower,
            } = steps.together();
            sum = (at_least * ones + whole * blocks) * unit + sum * product;
            last_term *= product;
            at_least += whole * block;
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
        Followed {
            ln: libm::log(sum * tail.factor) + (tail.exponent + scaled * LN_SCALE),
            first: at_least * unit / sum,
            last: last_term / sum,
            fall: 1.0 - self.block_above(window.begin) * exactly / at_least,
        }
    }

    /// (P(N' = L) + ... + P(N' = L + eta - 1)) / P(N' = L)
    fn block_above(&self, r: f64) -> f64 {
        let arrivals = self.d + self.eta as f64 * r;
        let all = self.urn.rung_len + arrivals;
        let left = self.arriving.left();
        (1..self.eta).rev().fold(1.0, |sum, i| {
            let i = i as f64;
            1.0 + left * (all + i) / (arrivals + i) * sum
        })
    }

    /// The three ratios at each r, with one division. With L = d + eta r and M = L - r,
    ///
    /// rho = (g + r) / (r + 1) times L (L + 1) ... (L + eta - 1) / ((n + L + 1) ... (n + L + eta))
    /// times (n - g + M + 1) ... (n - g + M + eta - 1) / ((M + 1) ... (M + eta - 1)),
    ///
    /// and P(N' = m - 1) / P(N' = m) = m / ((1 - f) (n + m)).
    #[inline]
    fn steps<const ETA: usize>(&self, over_left: f64, r: Lanes) -> Steps {
        let eta = if ETA == 0 { self.eta as usize } else { ETA };
        let arrivals = r * eta as f64 + self.d;
        let worse = arrivals - r;
        let behind = worse + (self.urn.rung_len - self.urn.gaps);
        let all = arrivals + self.urn.rung_len;
        let (mut up, mut down) = (arrivals * (r + self.urn.gaps), r + 1.0);
        // Products of (L + 1) / (1 - f), ..., and of n + L + 1, ...; and the sum of their mixed products.
        let (mut counts, mut alls) = ((arrivals + 1.0) * over_left, all + 1.0);
        let mut mixed = counts;
        for i in 1..eta {
            up = up * (arrivals + i as f64) * (behind + i as f64);
            down = down * (worse + i as f64);
            let next = (arrivals + (i + 1) as f64) * over_left;
            mixed = next * (mixed + alls);
            counts = counts * next;
            alls = alls * (all + (i + 1) as f64);
        }
        let inverse = (alls * down).inverse();
        let over_alls = down * inverse;
        Steps {
            rho: up * inverse,
            lower: counts * over_alls,
            block: mixed * over_alls,
        }
    }
}
