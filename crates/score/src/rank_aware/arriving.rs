//! How many arrivals are still to come: the negative binomial distribution and its upper tail.
//!
//! n arrivals came in the share f of the run that is over, at a rate of which nothing is known beforehand. Then N', the
//! number still to come, has P(N' = m) = C(n + m, m) f^(n + 1) (1 - f)^m, and
//!
//! w(l) = P(N' >= l) = P(N' = l) (1 + q(l) (1 + q(l + 1) (1 + ...))),  q(l) = (1 - f) (n + 1 + l) / (l + 1),
//!
//! which is the incomplete beta function I_{1 - f}(l, n + 1).

use crate::{binomial::Chance, double_double::DoubleDouble, scaled::Scaled};

/// The arrivals still to come at a rung.
#[derive(Debug)]
pub(crate) struct Arriving {
    rung_len: u64,
    time_ratio: f64,
    /// n
    seen: f64,
    /// 1 - f and f, with the smaller of the two as a chance.
    left: DoubleDouble,
    over: DoubleDouble,
    smaller: Chance,
    /// The mean and the variance of N'.
    mean: f64,
    variance: f64,
}

impl Arriving {
    pub(crate) fn new(rung_len: u64, time_ratio: f64) -> Self {
        let whole = DoubleDouble::sum(1.0, time_ratio);
        let over = quotient(1.0, whole);
        let (left, smaller) = if time_ratio < 1.0 {
            let left = quotient(time_ratio, whole);
            (left, left)
        } else {
            (DoubleDouble::from(1.0) - over, over)
        };
        Self {
            rung_len,
            time_ratio,
            seen: rung_len as f64,
            left,
            over,
            smaller: Chance::wide(smaller),
            mean: (rung_len as f64 + 1.0) * time_ratio,
            variance: (rung_len as f64 + 1.0) * left.high / (over.high * over.high),
        }
    }

    /// Whether this is for a rung of that length at that time.
    pub(crate) fn is_for(&self, rung_len: u64, time_ratio: f64) -> bool {
        self.rung_len == rung_len && self.time_ratio == time_ratio
    }

    /// Whether the run never ends: w = 1.
    pub(crate) fn is_endless(&self) -> bool {
        self.over.high == 0.0
    }

    /// 1 - f
    pub(crate) fn left(&self) -> f64 {
        self.left.high
    }

    /// 1 - f to 106 bits.
    pub(crate) fn left_exactly(&self) -> DoubleDouble {
        self.left
    }

    /// f to 106 bits.
    pub(crate) fn over_exactly(&self) -> DoubleDouble {
        self.over
    }

    /// 1 / (1 - f) = 1 + 1 / time ratio, to 106 bits.
    pub(crate) fn inverse_of_left(&self) -> DoubleDouble {
        DoubleDouble::from(1.0) + quotient(1.0, self.time_ratio.into())
    }

    /// The mean of N'.
    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation of N'.
    pub(crate) fn deviation(&self) -> f64 {
        libm::sqrt(self.variance())
    }

    /// The variance of N'.
    pub(crate) fn variance(&self) -> f64 {
        self.variance
    }

    /// By how much ln P(N' = l) falls from l to l + 1.
    pub(crate) fn ln_fall(&self, l: f64) -> f64 {
        -libm::log(self.left.high * (self.seen + l + 1.0) / (l + 1.0))
    }

    /// P(N' = l).
    fn exactly(&self, l: DoubleDouble) -> Scaled {
        let all = l + DoubleDouble::from(self.seen);
        let pmf = if self.time_ratio < 1.0 {
            self.smaller.pmf(all, l)
        } else {
            self.smaller.pmf(all, self.seen.into())
        };
        pmf.times(self.over.high)
    }

    /// w(l) = P(N' >= l), for real l >= 16 its smooth continuation.
    pub(crate) fn at_least(&self, l: DoubleDouble) -> Scaled {
        if l.high <= 0.0 || self.is_endless() {
            return Scaled {
                factor: 1.0,
                exponent: 0.0,
            };
        }
        let exactly = self.exactly(l);
        let (arrivals, all) = (l.high, self.seen + 1.0);
        if arrivals > self.mean() {
            return exactly.times(self.at_least_over_exactly(arrivals));
        }
        let lower = exactly.times(arrivals / all * tail_over_first(all, arrivals, self.over.high));
        Scaled {
            factor: 1.0 - lower.value(),
            exponent: 0.0,
        }
    }

    /// w(l) / P(N' = l) for l not below the mean of N'.
    pub(crate) fn at_least_over_exactly(&self, l: f64) -> f64 {
        tail_over_first(l, self.seen + 1.0, self.left.high)
    }
}

/// x / y to 106 bits.
fn quotient(x: f64, y: DoubleDouble) -> DoubleDouble {
    let high = x / y.high;
    if high == 0.0 || y.high == f64::INFINITY {
        return DoubleDouble::from(0.0);
    }
    let rest = (DoubleDouble::from(x) - y * high).high;
    DoubleDouble::sum(high, rest / y.high)
}

/// A continued fraction has converged when a step changes it by less than this part.
const CONVERGED: f64 = 5e-16;

/// `I_x(a, b)` over its first term x^a (1 - x)^b / (a B(a, b)), for x <= a / (a + b): 1 + (a + b) / (a + 1) x + ...
///
/// The even part of the continued fraction of the incomplete beta function (DLMF 8.17.22), whose numerators are
/// positive while m < b; evaluated by the method of Lentz. About the square root of the larger argument is the number of
/// steps next to x = a / (a + b), and few away from it.
fn tail_over_first(a: f64, b: f64, x: f64) -> f64 {
    let even = |m: f64| m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    let odd = |m: f64| -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    let mut denominator = 1.0 + odd(0.0);
    let mut value = denominator;
    let (mut up, mut down) = (denominator, 0.0);
    let mut m = 1.0;
    loop {
        let numerator = -odd(m - 1.0) * even(m);
        denominator = 1.0 + even(m) + odd(m);
        down = 1.0 / (denominator + numerator * down);
        up = denominator + numerator / up;
        let step = up * down;
        value *= step;
        if libm::fabs(step - 1.0) <= CONVERGED || m > MOST_STEPS {
            return 1.0 / value;
        }
        m += 1.0;
    }
}

/// For arguments up to 2^53 the square root is below 1e8; what takes more than this is far from any use.
const MOST_STEPS: f64 = 1e8;
