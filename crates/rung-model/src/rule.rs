//! The promotion rule, decided in integers.

use alloc::borrow::ToOwned;
use core::{fmt, str::FromStr};

use crate::{PromotionQuantile, SpecError};

/// When a paused trial of rank k in a rung of length n may be promoted.
///
/// ```
/// use rungkeeper_rung_model::PromotionRule;
///
/// assert_eq!("linear_quantile".parse(), Ok(PromotionRule::LinearQuantile));
/// assert_eq!(PromotionRule::TopFraction.to_string(), "top_fraction");
/// assert!("top".parse::<PromotionRule>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PromotionRule {
    /// k <= alpha n: the trial is in the top fraction alpha of its rung.
    #[default]
    TopFraction,
    /// k - 1 <= alpha (n - 1): the metric is not worse than the linearly interpolated alpha-quantile of the rung, as in
    /// the scheduler of Syne Tune 0.13.
    LinearQuantile,
}

impl PromotionRule {
    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TopFraction => "top_fraction",
            Self::LinearQuantile => "linear_quantile",
        }
    }

    /// How far a trial of this rank (1 = best) in a rung of this length is from a promotion: at most 0 where it may be
    /// promoted now, otherwise d in 1 to 2^84.
    ///
    /// With alpha = a/b it is b k - a n under [`TopFraction`](Self::TopFraction) and b (k - 1) - a (n - 1) under
    /// [`LinearQuantile`](Self::LinearQuantile), in integers: exact for all arguments. A better arrival adds b - a to it,
    /// any other takes off a.
    ///
    /// ```
    /// use rungkeeper_rung_model::{PromotionQuantile, PromotionRule};
    ///
    /// let third = PromotionQuantile::from_reduction_factor(3)?;
    /// assert_eq!(PromotionRule::TopFraction.distance(4, 10, third), 2);
    /// assert_eq!(PromotionRule::LinearQuantile.distance(4, 10, third), 0);
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn distance(self, rank: u64, rung_len: u64, quantile: PromotionQuantile) -> i128 {
        let taken_off = match self {
            Self::TopFraction => 0,
            Self::LinearQuantile => 1,
        };
        i128::from(quantile.denominator()) * (i128::from(rank) - taken_off)
            - i128::from(quantile.numerator()) * (i128::from(rung_len) - taken_off)
    }

    /// Whether a trial of this rank (1 = best) in a rung of this length may be promoted now.
    ///
    /// ```
    /// use rungkeeper_rung_model::{PromotionQuantile, PromotionRule};
    ///
    /// let third = PromotionQuantile::from_reduction_factor(3)?;
    /// assert!(PromotionRule::TopFraction.promotes(3, 9, third));
    /// assert!(!PromotionRule::TopFraction.promotes(3, 8, third));
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    #[must_use]
    pub fn promotes(self, rank: u64, rung_len: u64, quantile: PromotionQuantile) -> bool {
        self.distance(rank, rung_len, quantile) <= 0
    }
}

impl fmt::Display for PromotionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PromotionRule {
    type Err = SpecError;

    fn from_str(name: &str) -> Result<Self, SpecError> {
        match name {
            "top_fraction" => Ok(Self::TopFraction),
            "linear_quantile" => Ok(Self::LinearQuantile),
            _ => Err(SpecError::PromotionRule(name.to_owned())),
        }
    }
}
