//! First passages for any alpha = a/b, counted arrival by arrival.

use super::{arriving::Arriving, urn::Urn};
use crate::{
    ScoreError,
    double_double::DoubleDouble,
    scaled::ScaledSum,
    shares::Shares,
    walk::{Last, Walk},
};

/// So many better arrivals are followed at first; four times as many, and so on, where they are not enough.
const FIRST_TOP: u64 = 16;

/// What is left out is at most this part of the sum.
const LN_NEGLIGIBLE: f64 = -39.2; // ln 1e-17

/// ln of the sum over all first passages, with i = 0, 1, ... better arrivals among l: the share of the orders that bring
/// the trial there for the first time, times the probability of so many better ones, times w(l).
///
/// The rest after i is at most w(l), and where the probabilities times w fall, at most the next of them times the number
/// of terms that count.
pub(crate) fn ln_sum(
    (a, b): (u64, u64),
    d: u128,
    urn: Urn,
    arriving: &Arriving,
    shares: &mut Shares,
) -> Result<f64, ScoreError> {
    let walk = Walk {
        a,
        b,
        d,
        p: 0.5, // shares do not depend on it
        last: Last::At(u64::MAX),
    };
    let weight = |i: u64| {
        let arrivals = DoubleDouble::from_integer(walk.arrivals_at(i));
        let still = arriving.at_least(arrivals);
        urn.pmf(arrivals, (i as f64).into()).times_scaled(still)
    };
    let ln_count = libm::log(arriving.number_that_count());
    shares.restart();
    let mut top = FIRST_TOP;
    loop {
        let mut sum = ScaledSum::default();
        shares.follow(
            &walk,
            top,
            |_, i, share| sum.add(weight(i).times(share)),
            |_, _| {},
        )?;
        let ln = sum.total().ln();
        let (next, later) = (weight(top + 1).ln(), weight(top + 1 + a).ln());
        let arrivals = DoubleDouble::from_integer(walk.arrivals_at(top + 1));
        let rest = if later < next {
            next + ln_count
        } else {
            arriving.at_least(arrivals).ln()
        };
        if rest <= ln + LN_NEGLIGIBLE {
            return Ok(ln);
        }
        top *= 4;
    }
}
