//! What the model is to assume: the promotion rule, the horizon, the cut-off.

use alloc::borrow::ToOwned;
use core::{fmt, str::FromStr};

use crate::{PromotionRule, ScoreError};

/// What a number of arrivals still to come means for the very first chance of promotion.
///
/// ```
/// use rungkeeper_score::Horizon;
///
/// assert_eq!("first_term_kept".parse(), Ok(Horizon::FirstTermKept));
/// assert_eq!(Horizon::Hard.to_string(), "hard");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Horizon {
    /// No more than n' = ceil(n * time ratio) arrivals come: the model taken at its word.
    #[default]
    Hard,
    /// As [`Hard`](Self::Hard), but that none of the next `l_0` arrivals is better always counts, with probability
    /// (1 - p)^`l_0`, even where `l_0` > n'. So Syne Tune 0.13 has it; n' is a guess, a poor one in short rungs.
    FirstTermKept,
}

/// What the model is to assume.
///
/// ```
/// use rungkeeper_score::{Horizon, PromotionRule, ScoreSettings};
///
/// let settings = ScoreSettings::default();
/// assert_eq!(settings.promotion_rule, PromotionRule::TopFraction);
/// assert_eq!(settings.horizon, Horizon::Hard);
/// assert_eq!(settings.approx_steps, Some(25));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct ScoreSettings {
    /// The rule by which the scheduler promotes.
    pub promotion_rule: PromotionRule,
    /// What the number of arrivals still to come means.
    pub horizon: Horizon,
    /// R: only promotions after at most R better arrivals count; at least 1. `None`: no cut-off.
    pub approx_steps: Option<u32>,
}

impl Default for ScoreSettings {
    fn default() -> Self {
        Self {
            promotion_rule: PromotionRule::default(),
            horizon: Horizon::default(),
            approx_steps: Some(25), // as in Syne Tune 0.13
        }
    }
}

impl Horizon {
    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::FirstTermKept => "first_term_kept",
        }
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Horizon {
    type Err = ScoreError;

    fn from_str(name: &str) -> Result<Self, ScoreError> {
        match name {
            "hard" => Ok(Self::Hard),
            "first_term_kept" => Ok(Self::FirstTermKept),
            _ => Err(ScoreError::UnknownName {
                kind: "horizon",
                name: name.to_owned(),
                allowed: "hard, first_term_kept",
            }),
        }
    }
}
