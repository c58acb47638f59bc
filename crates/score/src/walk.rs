//! The integer walk D(l) and how far it has to be followed.

use crate::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, ScoreError,
    ScoreSettings, arrivals::Arrivals, double_double::DoubleDouble,
};

/// D(0): positive while the trial may not be promoted. Below 2^118 in absolute value for all arguments.
#[inline]
pub(crate) fn distance(
    rank: u64,
    rung_len: u64,
    quantile: PromotionQuantile,
    rule: PromotionRule,
) -> i128 {
    rule.distance(rank, rung_len, quantile)
}

/// What becomes of a paused trial.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Course {
    /// The answer needs no sum.
    Known(ResumeProbability),
    /// The answer is the sum over first passages with 0, ..., `last` better arrivals, `last` >= 1.
    Open(Walk),
}

/// D(l) = d + b X(l) - a l, where X(l) of the first l arrivals are better; the trial may be promoted once D <= 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) a: u64,
    pub(crate) b: u64,
    /// D(0), 1 to 2^84.
    pub(crate) d: u128,
    pub(crate) p: f64,
    /// Largest number of better arrivals of a first passage that counts.
    pub(crate) last: Last,
}

/// The largest number of better arrivals that counts, from the cut-off and the arrivals still to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Last {
    At(u64),
    /// At least about 2^33, known as a double only; infinity: no end.
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

impl Course {
    /// Checks the input and settles what needs no sum.
    #[inline]
    pub(crate) fn new(
        position: &PausedPosition,
        settings: &ScoreSettings,
    ) -> Result<Self, ScoreError> {
        position.check()?;
        if settings.approx_steps == Some(0) {
            return Err(ScoreError::ZeroApproxSteps);
        }
        let quantile = position.promotion_quantile;
        let d = distance(
            position.rank,
            position.rung_len,
            quantile,
            settings.promotion_rule,
        );
        if d <= 0 {
            return Ok(Self::Known(ResumeProbability::CERTAIN));
        }
        let (a, b, d) = (
            quantile.numerator(),
            quantile.denominator(),
            d.cast_unsigned(),
        );
        let Some(in_time) = last_in_time(
            a,
            b,
            d,
            Arrivals::left(position.rung_len, position.time_ratio),
        ) else {
            return Ok(Self::Known(match settings.horizon {
                Horizon::Hard => ResumeProbability::NEVER,
                Horizon::FirstTermKept => no_better_arrival(a, d, position.p),
            }));
        };
        let last = match settings.approx_steps.map(u64::from) {
            Some(steps) if steps as f64 <= in_time.real() => Last::At(steps),
            _ => in_time,
        };
        if last == Last::At(0) {
            return Ok(Self::Known(no_better_arrival(a, d, position.p)));
        }
        let p = position.p;
        Ok(Self::Open(Walk { a, b, d, p, last }))
    }
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
}

/// (1 - p)^`l_0`: the first `l_0` arrivals are all worse.
fn no_better_arrival(a: u64, d: u128, p: f64) -> ResumeProbability {
    let first = divide(d + u128::from(a - 1), a);
    ResumeProbability::from_rounded_ln(first as f64 * libm::log1p(-p))
}

/// The largest i with `l_i` <= n', none where `l_0` > n': d + b i <= a n'.
#[inline]
fn last_in_time(a: u64, b: u64, d: u128, arrivals: Arrivals) -> Option<Last> {
    match arrivals {
        Arrivals::Finite(arrivals) => {
            let room = (u128::from(a) * u128::from(arrivals)).checked_sub(d)?;
            let last = divide(room, b);
            Some(u64::try_from(last).map_or(Last::Vast(last as f64), Last::At))
        }
        Arrivals::Vast(arrivals) => {
            let last = (a as f64 * arrivals - d as f64) / b as f64;
            (last >= 0.0).then_some(Last::Vast(libm::floor(last)))
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
