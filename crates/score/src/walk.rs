//! The integer walk D(l) and how far it has to be followed.

use crate::{
    arrivals::Arrivals,
    double_double::{DoubleDouble, EXACT},
};

/// D(l) = d + b X(l) - a l, where X(l) of the first l arrivals are better; the trial may be promoted once D <= 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) a: u64,
    pub(crate) b: u64,
    /// D(0) = d, positive while the trial may not be promoted: 1 to 2^84.
    pub(crate) d: u128,
}

impl Walk {
    /// `l_i`, the number of arrivals at a first passage with i better ones.
    #[inline]
    pub(crate) fn arrivals_at(&self, i: u64) -> u128 {
        divide(
            self.d + u128::from(self.b) * u128::from(i) + u128::from(self.a - 1),
            self.a,
        )
    }

    /// The largest i with `l_i` <= n', none where `l_0` > n': d + b i <= a n'.
    #[inline]
    pub(crate) fn last_in_time(&self, arrivals: Arrivals) -> Option<Last> {
        let Self { a, b, d } = *self;
        match arrivals {
            Arrivals::Finite(arrivals) => {
                let room = (u128::from(a) * u128::from(arrivals)).checked_sub(d)?;
                let last = divide(room, b);
                Some(u64::try_from(last).map_or(Last::Vast(last as f64), Last::At))
            }
            Arrivals::Vast(arrivals) => {
                let last = (a as f64 * arrivals - d as f64) / b as f64;
                let vast = last >= EXACT as f64;
                (last >= 0.0).then_some(if vast {
                    Last::Vast(last)
                } else {
                    Last::At(last as u64)
                })
            }
        }
    }

    /// Whether the walk does not rise on average if an arrival is better with chance p: b p <= a, decided exactly. Then it
    /// comes down for sure.
    pub(crate) fn comes_down(&self, p: f64) -> bool {
        let rise = DoubleDouble::product(self.b as f64, p) - DoubleDouble::from(self.a as f64);
        rise.high <= 0.0
    }
}

/// The largest number of better arrivals that counts, from the cut-off and the arrivals still to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Last {
    At(u64),
    /// At least 2^53, known as a double only; infinity: no end.
    Vast(f64),
}

impl Last {
    /// The number as a double.
    pub(crate) fn real(self) -> f64 {
        match self {
            Self::At(last) => last as f64,
            Self::Vast(last) => last,
        }
    }

    /// The number to 106 bits, infinity apart.
    pub(crate) fn wide(self) -> DoubleDouble {
        match self {
            Self::At(last) => DoubleDouble::from_integer(u128::from(last)),
            Self::Vast(last) => DoubleDouble::from(last),
        }
    }

    /// The number where it is exact, otherwise more than any table can hold.
    pub(crate) fn count(self) -> u64 {
        match self {
            Self::At(last) => last,
            Self::Vast(_) => u64::MAX,
        }
    }
}

/// Rounded down; the division of 128-bit numbers is slow and seldom needed.
#[inline]
fn divide(x: u128, y: u64) -> u128 {
    match u64::try_from(x) {
        Ok(x) => u128::from(x / y),
        Err(_) => x / u128::from(y),
    }
}
