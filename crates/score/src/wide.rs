//! Numbers far beyond the range of doubles, as a double times a power of two.

use core::ops::{Div, Mul};

use crate::double_double::DoubleDouble;

/// `factor * 2^exponent`, `factor` positive and of moderate size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    pub(crate) factor: f64,
    pub(crate) exponent: i64,
}

impl Wide {
    /// The number divided by 2^`unit`: 0 far below the range of doubles, infinity far above it.
    #[inline]
    pub(crate) fn over(self, unit: i64) -> f64 {
        match self.exponent - unit {
            ..-1000 => 0.0,
            power @ -1000..=1000 => self.factor * power_of_two(power),
            _ => f64::INFINITY,
        }
    }

    /// Natural logarithm.
    pub(crate) fn ln(self) -> f64 {
        if self.exponent.unsigned_abs() < 900 {
            return libm::log(self.over(0));
        }
        libm::log(self.factor) + self.exponent as f64 * core::f64::consts::LN_2
    }
}

impl Mul for Wide {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        Self {
            factor: self.factor * other.factor,
            exponent: self.exponent + other.exponent,
        }
    }
}

impl Div for Wide {
    type Output = Self;

    #[inline]
    fn div(self, other: Self) -> Self {
        Self {
            factor: self.factor / other.factor,
            exponent: self.exponent - other.exponent,
        }
    }
}

/// 2^`power`, a normal number.
#[inline]
fn power_of_two(power: i64) -> f64 {
    f64::from_bits((1023 + power).cast_unsigned() << 52)
}

/// The same to 106 bits, the factor from 1 to 2: where many are multiplied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WideDoubleDouble {
    factor: DoubleDouble,
    exponent: i64,
}

impl WideDoubleDouble {
    /// 1
    pub(crate) const ONE: Self = Self {
        factor: DoubleDouble {
            high: 1.0,
            low: 0.0,
        },
        exponent: 0,
    };

    /// A positive number whose double is normal.
    pub(crate) fn new(number: DoubleDouble) -> Self {
        let power = (number.high.to_bits() >> 52).cast_signed() - 1023;
        let unit = power_of_two(-power);
        Self {
            factor: DoubleDouble {
                high: number.high * unit,
                low: number.low * unit,
            },
            exponent: power,
        }
    }

    /// The product of the two.
    pub(crate) fn times(self, other: Self) -> Self {
        let product = Self::new(self.factor * other.factor);
        Self {
            exponent: product.exponent + self.exponent + other.exponent,
            ..product
        }
    }

    /// The number to this power.
    pub(crate) fn to_power(self, mut power: u64) -> Self {
        let (mut square, mut result) = (self, Self::ONE);
        while power > 0 {
            if power & 1 == 1 {
                result = result.times(square);
            }
            square = square.times(square);
            power >>= 1;
        }
        result
    }

    /// The number rounded.
    pub(crate) fn rounded(self) -> Wide {
        Wide {
            factor: self.factor.high,
            exponent: self.exponent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DoubleDouble, Wide, WideDoubleDouble};

    #[test]
    fn powers_of_two_are_exact() {
        let number = Wide {
            factor: 1.5,
            exponent: -5000,
        };
        let square = number * number;
        assert_eq!(square.over(-10_000), 2.25);
        assert_eq!((square / number).over(-4999), 0.75);
        assert_eq!((number.over(0), number.over(-9000)), (0.0, f64::INFINITY));
    }

    #[test]
    fn powers_keep_their_digits() {
        // (1 + 2^-60)^(2^20) = exp(2^-40), whose difference from 1 a double of 1 + 2^-60 has lost.
        let base = WideDoubleDouble::new(DoubleDouble::sum(1.0, 2f64.powi(-60)));
        let power = base.to_power(1 << 20).rounded();
        assert!((power.over(0) - 1.0 - 2f64.powi(-40)).abs() < 1e-16);
        let third = WideDoubleDouble::new(DoubleDouble::from(3.0)).to_power(40);
        assert_eq!(third.rounded().over(0), 3f64.powi(40).round());
    }
}
