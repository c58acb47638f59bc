//! P(N' = m) = (n + m)! / m! times f^(n + 1) / n! times (1 - f)^m, from tables.

use super::arriving::Arriving;
use crate::{
    factorials::Factorials,
    wide::{Wide, WideDoubleDouble},
};

/// After so many steps a power of 1 - f is taken from its 106 bits again.
const BLOCK: u64 = 32;

/// P(N' = m) for m = most, most - stride, ..., right to the last digits.
#[derive(Debug)]
pub(crate) struct Exactly {
    rung_len: u64,
    left: f64,
    stride: u64,
    /// The next m.
    next: u64,
    /// (1 - f)^m f^(n + 1) / n! there.
    power: Wide,
    /// So many steps are left before that is made anew, from this one for the first of them.
    left_in_block: u64,
    precise: WideDoubleDouble,
    /// (1 - f)^-stride, and of `BLOCK` strides.
    step: Wide,
    block: WideDoubleDouble,
    /// f^(n + 1) / n!
    front: Wide,
}

impl Exactly {
    /// At least 1e-9 of the run is left, and it ends.
    pub(crate) fn new(
        arriving: &Arriving,
        rung_len: u64,
        most: u64,
        stride: u64,
        factorials: &Factorials,
    ) -> Self {
        let over = WideDoubleDouble::new(arriving.over_exactly());
        let front = over.to_power(rung_len + 1).rounded() / factorials.of(rung_len);
        let precise = WideDoubleDouble::new(arriving.left_exactly()).to_power(most);
        let step = WideDoubleDouble::new(arriving.inverse_of_left()).to_power(stride);
        Self {
            rung_len,
            left: arriving.left(),
            stride,
            next: most,
            power: precise.rounded() * front,
            left_in_block: BLOCK,
            precise,
            step: step.rounded(),
            block: step.to_power(BLOCK),
            front,
        }
    }

    /// The next one.
    #[inline]
    pub(crate) fn go_down(&mut self, factorials: &Factorials) -> Wide {
        let m = self.next;
        let ways = factorials.of(self.rung_len + m) / factorials.of(m);
        let exactly = ways * self.power;
        self.next = m.wrapping_sub(self.stride);
        self.power = self.power * self.step;
        self.left_in_block -= 1;
        if self.left_in_block == 0 {
            self.left_in_block = BLOCK;
            self.precise = self.precise.times(self.block);
            self.power = self.precise.rounded() * self.front;
        }
        exactly
    }

    /// (P(N' = m) + ... + P(N' = m + stride - 1)) / P(N' = m) for the m before the next.
    #[inline]
    pub(crate) fn sum_over_last(&self) -> f64 {
        let mut m = f64::from(self.next.wrapping_add(self.stride) as u32);
        let n = f64::from(self.rung_len as u32);
        let (mut sum, mut term) = (1.0, 1.0);
        for _ in 1..self.stride {
            m += 1.0;
            term *= self.left * (n + m) / m;
            sum += term;
        }
        sum
    }
}
