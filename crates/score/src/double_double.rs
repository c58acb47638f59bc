//! Numbers of about 106 bits as the unevaluated sum of two doubles (Dekker 1971): where a difference of nearly equal
//! products decides, as in the distance of a count from its mean.

use core::ops::{Add, Mul, Sub};

/// `high + low`, `high` being the double next to the sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DoubleDouble {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

/// Integers below this are doubles.
pub(crate) const EXACT: u128 = 1 << 53;

/// 2^27 + 1 splits a double into two halves of 26 bits (Veltkamp 1968).
const SPLITTER: f64 = 134_217_729.0;

impl DoubleDouble {
    /// The exact sum of two doubles (Knuth).
    #[inline]
    pub(crate) fn sum(x: f64, y: f64) -> Self {
        let high = x + y;
        let y_part = high - x;
        let low = (x - (high - y_part)) + (y - y_part);
        Self { high, low }
    }

    /// The exact product of two doubles, without fused multiply-add, which not every platform has.
    #[inline]
    pub(crate) fn product(x: f64, y: f64) -> Self {
        let high = x * y;
        let (x_high, x_low) = split(x);
        let (y_high, y_low) = split(y);
        let low = x_low * y_low - (((high - x_high * y_high) - x_low * y_high) - x_high * y_low);
        Self { high, low }
    }

    /// Exact up to 2^106.
    pub(crate) fn from_integer(x: u128) -> Self {
        let high = x as f64;
        // The rounded value is within 2^75 of x for x below 2^128, so the difference fits.
        let rest = x.cast_signed() - (high as u128).cast_signed();
        Self {
            high,
            low: rest as f64,
        }
    }

    /// The power with a small exponent.
    pub(crate) fn to_the(self, exponent: u64) -> Self {
        (0..exponent).fold(Self::from(1.0), |power, _| power * self)
    }

    #[inline]
    fn renormalised(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self {
            high: sum,
            low: low - (sum - high),
        }
    }
}

#[inline]
fn split(x: f64) -> (f64, f64) {
    let scaled = SPLITTER * x;
    let high = scaled - (scaled - x);
    (high, x - high)
}

impl From<f64> for DoubleDouble {
    #[inline]
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        let high = Self::sum(self.high, other.high);
        let low = Self::sum(self.low, other.low);
        let first = Self::renormalised(high.high, high.low + low.high);
        Self::renormalised(first.high, first.low + low.low)
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        self + Self {
            high: -other.high,
            low: -other.low,
        }
    }
}

impl Mul<f64> for DoubleDouble {
    type Output = Self;

    #[inline]
    fn mul(self, factor: f64) -> Self {
        let product = Self::product(self.high, factor);
        Self::renormalised(product.high, product.low + self.low * factor)
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::renormalised(
            product.high,
            product.low + (self.high * other.low + self.low * other.high),
        )
    }
}
