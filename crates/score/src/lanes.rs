//! Four numbers that are treated alike, in a form that compilers turn into vector instructions.

use core::ops::{Add, Mul, Sub};

/// Four numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes(pub(crate) [f64; Lanes::NUMBER]);

impl Lanes {
    pub(crate) const NUMBER: usize = 4;

    /// first, first - 1, first - 2, first - 3
    #[inline]
    pub(crate) fn down_from(first: f64) -> Self {
        Self([first, first - 1.0, first - 2.0, first - 3.0])
    }

    /// The same number four times.
    #[inline]
    pub(crate) fn all(number: f64) -> Self {
        Self([number; Self::NUMBER])
    }

    /// 1 over each.
    #[inline]
    pub(crate) fn inverse(self) -> Self {
        Self(self.0.map(|x| 1.0 / x))
    }

    #[inline]
    fn with(mut self, other: Self, op: impl Fn(f64, f64) -> f64) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x = op(*x, y);
        }
        self
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        self.with(other, |x, y| x + y)
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        self.with(other, |x, y| x - y)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        self.with(other, |x, y| x * y)
    }
}

impl Add<f64> for Lanes {
    type Output = Self;

    #[inline]
    fn add(self, number: f64) -> Self {
        self + Self::all(number)
    }
}

impl Mul<f64> for Lanes {
    type Output = Self;

    #[inline]
    fn mul(self, number: f64) -> Self {
        self * Self::all(number)
    }
}
