//! Short sums by the ratio of successive terms.

use super::{FirstPassages, MAX_PRODUCT_ETA};
use crate::double_double::EXACT;

/// No more terms than this are summed by ratios.
const MAX_TERMS: u64 = 1024;

/// The terms left out are at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-17;

impl FirstPassages<'_> {
    /// (t(0) + ... + t(last)) / t(0), if it can be had from at most [`MAX_TERMS`] ratios: there are no more terms, or those
    /// left out are negligible. None also where the sum overflows, eta is large, or a factor is no double.
    #[inline]
    pub(super) fn sum_by_ratios(&self, last: u64) -> Option<f64> {
        let eta = self.step.eta;
        let terms = last.min(MAX_TERMS);
        let largest = self.d + u128::from(eta) * (u128::from(terms) + 1);
        if eta > MAX_PRODUCT_ETA || largest >= EXACT {
            return None;
        }
        let (d, weight) = (self.real_d, self.step.weight);
        let steps = Steps {
            terms,
            all: last == terms,
        };
        let sum = match eta {
            2 => steps.sum(|r| ratio(2, d, weight, r)),
            3 => steps.sum(|r| ratio(3, d, weight, r)),
            4 => steps.sum(|r| ratio(4, d, weight, r)),
            _ => steps.sum(|r| ratio(eta, d, weight, r)),
        }?;
        sum.is_finite().then_some(sum)
    }
}

/// t(r + 1) / t(r) = p (1 - p)^(eta - 1) L (L + 1) ... (L + eta - 1) / ((r + 1) (M + 1) ... (M + eta - 1)) with
/// L = d + eta r, M = L - r.
#[expect(
    clippy::inline_always,
    reason = "the loop is unrolled where eta is known"
)]
#[inline(always)]
fn ratio(eta: u64, d: f64, weight: f64, r: f64) -> f64 {
    let arrivals = d + eta as f64 * r;
    let worse = arrivals - r;
    let mut numerator = weight * arrivals;
    let mut denominator = r + 1.0;
    for i in 1..eta {
        numerator *= arrivals + i as f64;
        denominator *= worse + i as f64;
    }
    numerator / denominator
}

/// Terms 1, ..., `terms`.
struct Steps {
    terms: u64,
    /// Whether these are all that count.
    all: bool,
}

impl Steps {
    /// The sum relative to the term 0; four ratios at a time, which do not wait for each other.
    #[inline]
    fn sum(&self, ratio: impl Fn(f64) -> f64) -> Option<f64> {
        let (mut r, mut term, mut sum) = (0.0, 1.0, 1.0);
        for _ in 0..self.terms / 4 {
            let (q0, q1, q2, q3) = (ratio(r), ratio(r + 1.0), ratio(r + 2.0), ratio(r + 3.0));
            let q01 = q0 * q1;
            let t3 = term * (q01 * q2);
            let t4 = term * (q01 * (q2 * q3));
            sum += (term * q0 + term * q01) + (t3 + t4);
            term = t4;
            r += 4.0;
            if rest_is_negligible(r - 1.0, q3, term, sum) {
                return Some(sum);
            }
        }
        for _ in 0..self.terms % 4 {
            term *= ratio(r);
            sum += term;
            r += 1.0;
        }
        self.all.then_some(sum)
    }
}

/// Whether all that comes after `term` = t(i + 1) is negligible, given the ratio t(i + 1) / t(i), i >= 3.
///
/// t is the product of exp(-D), where D is convex in r, and of (L r M)^(-1/2) and Stirling corrections next to 1. The
/// ratios of the first factor fall with r; those of the others are at least 1 / (1 + 1/i)^(3/2) at i and at most 1 +
/// 1/(6 i^2) later. So no later ratio exceeds m = (1 + 2 / i) t(i + 1) / t(i), and the rest is at most term * m / (1 - m).
#[inline]
fn rest_is_negligible(i: f64, ratio: f64, term: f64, sum: f64) -> bool {
    let bound = ratio * (i + 2.0);
    bound < i && term * bound <= NEGLIGIBLE * sum * (i - bound)
}
