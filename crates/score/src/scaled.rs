//! Numbers far below the range of doubles, and their sums.

/// `factor * exp(exponent)`, `factor` positive (or 0) and of moderate size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scaled {
    pub(crate) factor: f64,
    pub(crate) exponent: f64,
}

impl Scaled {
    /// 1
    pub(crate) const ONE: Self = Self {
        factor: 1.0,
        exponent: 0.0,
    };

    /// The same number times a positive factor of moderate size.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            factor: self.factor * factor,
            exponent: self.exponent,
        }
    }

    /// The product of the two.
    pub(crate) fn times_scaled(self, other: Self) -> Self {
        Self {
            factor: self.factor * other.factor,
            exponent: self.exponent + other.exponent,
        }
    }

    /// Natural logarithm.
    pub(crate) fn ln(self) -> f64 {
        self.exponent + libm::log(self.factor)
    }

    /// The number divided by `exp(exponent)`, as a double.
    pub(crate) fn relative_to(self, exponent: f64) -> f64 {
        // In two halves, so that a large factor is not lost to an exponential below the range of doubles.
        let half = libm::exp(0.5 * (self.exponent - exponent));
        self.factor * half * half
    }

    /// The number as a double, 0 where it is below their range.
    pub(crate) fn value(self) -> f64 {
        self.relative_to(0.0)
    }
}

/// A sum of scaled numbers, kept on the scale of a large one among them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScaledSum {
    sum: f64,
    exponent: f64,
}

/// A summand this much (as a logarithm) above the scale of the sum moves the scale.
const RESCALE_ABOVE: f64 = 250.0;

impl ScaledSum {
    /// Adds a number that is not negative.
    pub(crate) fn add(&mut self, number: Scaled) {
        if number.factor == 0.0 {
            return;
        }
        if self.sum == 0.0 {
            self.exponent = number.exponent;
        } else if number.exponent - self.exponent > RESCALE_ABOVE {
            self.sum *= libm::exp(self.exponent - number.exponent);
            self.exponent = number.exponent;
        }
        self.sum += number.relative_to(self.exponent);
    }

    /// The sum so far.
    pub(crate) fn total(&self) -> Scaled {
        Scaled {
            factor: self.sum,
            exponent: self.exponent,
        }
    }
}
