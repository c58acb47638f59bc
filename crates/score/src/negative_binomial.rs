//! The negative binomial distribution of the arrivals still to come, and its survival function.
//!
//! n arrivals came in the share f of the run that is over, at a rate of which nothing is known beforehand. Then the number
//! N' still to come has P(N' = m) = C(n + m, m) f^(n + 1) (1 - f)^m: it counts the failures before the success number n + 1,
//! f being the chance of a success. The better and the worse arrivals to come are two independent such numbers, of the same f.

use crate::{binomial::Chance, double_double::DoubleDouble, scaled::Scaled};

/// Negative binomial numbers with the chance of a success f = 1 / (1 + time ratio).
#[derive(Debug)]
pub(crate) struct NegativeBinomial {
    /// f
    over: DoubleDouble,
    /// 1 - f
    left: DoubleDouble,
    /// The smaller of f and 1 - f, which keeps binomial probabilities exact.
    smaller: Chance,
    left_is_smaller: bool,
    time_ratio: f64,
}

impl NegativeBinomial {
    pub(crate) fn new(time_ratio: f64) -> Self {
        let whole = DoubleDouble::sum(1.0, time_ratio);
        let over = quotient(1.0, whole);
        let left_is_smaller = time_ratio < 1.0;
        let (left, smaller) = if left_is_smaller {
            let left = quotient(time_ratio, whole);
            (left, left)
        } else {
            (DoubleDouble::from(1.0) - over, over)
        };
        Self {
            over,
            left,
            smaller: Chance::wide(smaller),
            left_is_smaller,
            time_ratio,
        }
    }

    /// Whether nothing is to come.
    pub(crate) fn is_over(&self) -> bool {
        self.time_ratio == 0.0
    }

    /// Whether the run never ends: any number is exceeded.
    pub(crate) fn is_endless(&self) -> bool {
        self.over.high == 0.0
    }

    /// 1 - f
    pub(crate) fn left(&self) -> DoubleDouble {
        self.left
    }

    /// The mean number of failures before this many successes.
    pub(crate) fn mean(&self, successes: f64) -> f64 {
        successes * self.time_ratio
    }

    /// C(s - 1 + m, m) f^s (1 - f)^m: exactly m failures before s successes.
    pub(crate) fn pmf(&self, successes: f64, failures: DoubleDouble) -> Scaled {
        let others = DoubleDouble::from(successes - 1.0);
        let all = failures + others;
        let counted = if self.left_is_smaller {
            failures
        } else {
            others
        };
        self.smaller.pmf(all, counted).times(self.over.high)
    }

    /// The survival function P(N' >= m); for real m >= 16 its smooth continuation.
    pub(crate) fn survival(&self, successes: f64, failures: DoubleDouble) -> Scaled {
        let m = failures.high;
        if m <= 0.0 || self.is_endless() {
            return Scaled::ONE;
        }
        let pmf = self.pmf(successes, failures);
        if m > self.mean(successes) {
            return pmf.times(self.survival_over_pmf(successes, m));
        }
        let below = tail_over_first(successes, m, self.over.high);
        let failed = pmf.times(m / successes * below);
        Scaled {
            factor: 1.0 - failed.value(),
            exponent: 0.0,
        }
    }

    /// P(N' >= m) / P(N' = m) for m not below the mean, the inverse of the hazard.
    pub(crate) fn survival_over_pmf(&self, successes: f64, failures: f64) -> f64 {
        tail_over_first(failures, successes, self.left.high)
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

/// For arguments up to 2^53 the square root is below 1e8; what takes more than this is far from any use.
const MOST_STEPS: f64 = 1e8;

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
