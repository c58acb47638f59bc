//! Sums of any number of terms in bounded work.
//!
//! The terms t(r) rise to a single mode and fall off from there, at last at least like r^(-3/2). Only those
//! between two bounds count. If they are few, they are added up. If they are many, they are smooth: the first ones are
//! added up, the others integrated,
//!
//! sum over r = A..B of f(r) = integral of f from A - 1/2 to B + 1/2 - [delta/24 - 17 delta^3/5760 + 367 delta^5/967680] f
//!
//! with the central differences at the two ends (Euler-Maclaurin in its midpoint form). Where more than a thousand terms
//! count, f changes by less than a twentieth from one term to the next near an end that counts, and the first term left
//! out, 6e-5 delta^7 f, is below 1e-15 of the sum.

use alloc::{vec, vec::Vec};

use crate::{
    double_double::DoubleDouble,
    scaled::{Scaled, ScaledSum},
};

/// Up to this many terms are added up one by one.
const DIRECT: f64 = 1024.0;

/// The number of terms that are added up before the integral begins.
const BEFORE_INTEGRAL: f64 = 256.0;

/// What is left out at either end is at most exp(-42) = 6e-19 of the largest term.
const LN_LEFT_OUT: f64 = 42.0;

/// No bound is searched beyond 2^200: unless eta p is exactly 1, no term there is a double.
pub(crate) const FARTHEST: f64 = 1.606_938_044_258_990_3e60;

/// Where the largest term is below exp(-1e15), it alone gives ln of the sum to 1e-12: there are at most 2^200 terms.
const LARGEST_ALONE: f64 = -1e15;

/// Terms t(r), r = 0, 1, ..., that rise to a single mode and fall off from there.
pub(crate) trait Summable {
    /// t(r); between the integers, for r >= 16, its smooth continuation.
    fn term(&self, r: DoubleDouble) -> Scaled;

    /// Whether the terms still rise at r >= 1.
    fn rises_at(&self, r: f64) -> bool;

    /// The sum of the terms from [`FARTHEST`] on.
    fn power_law_at_the_end(&self) -> Scaled;
}

/// t(first) + ... + t(last) for first < [`FARTHEST`]; `last` may be infinite.
///
/// Indices are counted from the mode, so that they are exact where they matter.
#[cold]
pub(crate) fn long_sum(
    summands: &impl Summable,
    first: DoubleDouble,
    last: DoubleDouble,
) -> Scaled {
    let mode = mode(summands, first.high, last.high);
    let largest = summands.term(mode.into());
    let peak = largest.ln();
    if peak < LARGEST_ALONE {
        return largest;
    }
    let terms = Terms {
        summands,
        mode,
        peak,
    };
    let low = -terms.reach_down((DoubleDouble::from(mode) - first).high);
    let far = last.high.min(FARTHEST);
    let room = if far < last.high {
        far - mode
    } else {
        (last - DoubleDouble::from(mode)).high
    };
    let high = terms.reach_up(room);
    let mut sum = terms.sum(low, high);
    if high == room && far < last.high {
        sum.add(summands.power_law_at_the_end());
    }
    sum.total()
}

/// An index next to the largest term of those from `first` to `last`.
fn mode(summands: &impl Summable, first: f64, last: f64) -> f64 {
    let (mut low, mut high) = (first.max(1.0), last.min(FARTHEST));
    if !summands.rises_at(low) {
        return first;
    }
    if summands.rises_at(high) {
        return high;
    }
    while high - low > 1.0 && high > low * (1.0 + 1e-12) {
        let middle = if high > 2.0 * low {
            libm::sqrt(low) * libm::sqrt(high)
        } else {
            low + 0.5 * (high - low)
        };
        if summands.rises_at(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    libm::floor(low).max(first)
}

/// The terms around their mode, relative to exp(peak), and their smooth continuation.
struct Terms<'a, S> {
    summands: &'a S,
    mode: f64,
    peak: f64,
}

impl<S: Summable> Terms<'_, S> {
    fn term(&self, from_mode: f64) -> Scaled {
        self.summands.term(DoubleDouble::sum(self.mode, from_mode))
    }

    fn at(&self, from_mode: f64) -> f64 {
        self.term(from_mode).relative_to(self.peak)
    }

    /// How far down, at most `room`, terms count. They rise up to the mode: all below one are at most `room` times as
    /// large together.
    fn reach_down(&self, room: f64) -> f64 {
        let ln_number = libm::log(room + 1.0);
        reach(room, |step| {
            self.term(-step).ln() + ln_number < self.peak - LN_LEFT_OUT
        })
    }

    /// How far up, at most `room`, terms count. They fall at least like r^(-3/2) times a factor that may still rise by
    /// exp(3/2): all above one are at most 16 (r + 1) times as large together.
    fn reach_up(&self, room: f64) -> f64 {
        reach(room, |step| {
            let ln_number = libm::log(16.0 * (self.mode + step + 1.0));
            self.term(step).ln() + ln_number < self.peak - LN_LEFT_OUT
        })
    }

    /// The sum of the terms low, ..., high (counted from the mode).
    fn sum(&self, low: f64, high: f64) -> ScaledSum {
        let mut sum = ScaledSum::default();
        let direct = if high - low < DIRECT {
            high - low + 1.0
        } else {
            BEFORE_INTEGRAL
        };
        for i in 0..direct as u64 {
            sum.add(self.term(low + i as f64));
        }
        if high - low >= DIRECT {
            let start = low + BEFORE_INTEGRAL;
            let corrected = self.integral(start - 0.5, high + 0.5) - self.end_correction(high)
                + self.end_correction(start - 1.0);
            sum.add(Scaled {
                factor: corrected,
                exponent: self.peak,
            });
        }
        sum
    }

    /// [delta/24 - 17 delta^3/5760 + 367 delta^5/967680] f at x + 1/2.
    fn end_correction(&self, x: f64) -> f64 {
        let f = |i: f64| self.at(x + i);
        let first = f(1.0) - f(0.0);
        let outer = f(2.0) - f(-1.0);
        let outermost = f(3.0) - f(-2.0);
        let third = outer - 3.0 * first;
        let fifth = outermost - 5.0 * outer + 10.0 * first;
        first / 24.0 - third * (17.0 / 5760.0) + fifth * (367.0 / 967_680.0)
    }

    /// Blocks that double in length away from the mode, each halved until Gauss-Legendre with 16 nodes settles.
    fn integral(&self, start: f64, end: f64) -> f64 {
        let blocks: Vec<Block> = block_ends(start, end)
            .windows(2)
            .map(|ends| self.block(ends[0], ends[1]))
            .collect();
        let estimate: f64 = blocks.iter().map(|block| block.integral).sum();
        // The rounding error of the terms themselves grows with their logarithm.
        let tolerance = estimate * (1e-15 + f64::EPSILON * libm::fabs(self.peak));
        blocks
            .iter()
            .map(|block| self.settled(block, tolerance, MAX_HALVINGS))
            .sum()
    }

    fn block(&self, start: f64, end: f64) -> Block {
        let (centre, half) = (0.5 * (start + end), 0.5 * (end - start));
        let pair = |&(node, weight): &(f64, f64)| {
            weight * (self.at(centre - half * node) + self.at(centre + half * node))
        };
        Block {
            start,
            end,
            integral: half * GAUSS_LEGENDRE.iter().map(pair).sum::<f64>(),
        }
    }

    fn settled(&self, whole: &Block, tolerance: f64, halvings: u32) -> f64 {
        if whole.integral == 0.0 {
            return 0.0; // all 16 terms are below the range of doubles, relative to the largest
        }
        let middle = 0.5 * (whole.start + whole.end);
        let (left, right) = (
            self.block(whole.start, middle),
            self.block(middle, whole.end),
        );
        let both = left.integral + right.integral;
        if halvings == 0 || libm::fabs(both - whole.integral) <= tolerance {
            return both;
        }
        self.settled(&left, tolerance, halvings - 1) + self.settled(&right, tolerance, halvings - 1)
    }
}

/// The smallest step (to about a tenth) at which terms are negligible, or `room`.
fn reach(room: f64, is_negligible: impl Fn(f64) -> bool) -> f64 {
    least(room, |far| 0.1 * far, is_negligible)
}

/// About the least whole number from 1 on with which something holds that goes on to hold: too large by at most `slack`
/// of it. `most` if there is none below. It takes powers of two, then halves the gap between the last two.
#[inline]
pub(crate) fn least(most: f64, slack: impl Fn(f64) -> f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while high < most && !holds(high) {
        low = high;
        high *= 2.0;
    }
    if high >= most {
        return most;
    }
    while high - low > slack(high).max(1.0) {
        let middle = 0.5 * (low + high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// An interval and the estimate of the integral over it.
struct Block {
    start: f64,
    end: f64,
    integral: f64,
}

/// Length of the blocks next to the mode.
const SHORTEST_BLOCK: f64 = 128.0;

/// The error of an estimate falls by about 2^32 with each halving once the terms are resolved; blocks next to the mode
/// are shorter than what the terms change over, so a few are enough.
const MAX_HALVINGS: u32 = 10;

/// start, ..., end, closest together around the mode, 0.
fn block_ends(start: f64, end: f64) -> Vec<f64> {
    let centre = 0.0_f64.clamp(start, end);
    let mut ends = vec![centre];
    let mut step = SHORTEST_BLOCK;
    while centre - step > start {
        ends.push(centre - step);
        step *= 2.0;
    }
    if centre > start {
        ends.push(start);
    }
    ends.reverse();
    step = SHORTEST_BLOCK;
    while centre + step < end {
        ends.push(centre + step);
        step *= 2.0;
    }
    if centre < end {
        ends.push(end);
    }
    ends
}

/// Positive nodes and weights of the Gauss-Legendre rule with 16 nodes on (-1, 1), from 40-digit arithmetic.
const GAUSS_LEGENDRE: [(f64, f64); 8] = [
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_096),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_894),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_79),
    (0.755_404_408_355_003, 0.124_628_971_255_533_88),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_73),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_54),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_58),
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
];
