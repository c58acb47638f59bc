//! A policy as a value: what files, command lines and other languages name.

use alloc::{borrow::ToOwned, boxed::Box};
use core::{fmt, str::FromStr};

use rungkeeper_rung_model::PromotionRule;

use crate::{
    ByLevel, Cheapest, PolicyError, Random, RankAware, RemovalPolicy, Speculative,
    SpeculativeSettings,
};

/// Which policy, with its settings; `rank_aware` by default.
///
/// Serialized with its name as `policy`, and its settings beside it under the names that event logs use.
///
/// ```
/// use rungkeeper_policies::PolicySpec;
///
/// assert_eq!(PolicySpec::default().to_string(), "rank_aware");
/// let spec: PolicySpec = "speculative".parse()?;
/// assert_eq!(spec.build()?.name(), "speculative");
/// let error = "luck".parse::<PolicySpec>().unwrap_err().to_string();
/// assert!(error.ends_with("must be one of rank_aware, speculative, by_level, random"));
/// # Ok::<(), rungkeeper_policies::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "policy", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PolicySpec {
    /// [`RankAware`]: lowest expected cost first, by the ranks alone.
    RankAware {
        /// When the scheduler promotes.
        #[cfg_attr(feature = "serde", serde(default))]
        promotion_rule: PromotionRule,
    },
    /// [`Speculative`]: lowest expected cost first, with a chance p learned per level, as Syne Tune 0.13.
    Speculative(SpeculativeSettings),
    /// [`ByLevel`]: lowest level first, then worst rank.
    ByLevel,
    /// [`Random`]: any.
    Random {
        /// Seed of the policy's own stream.
        #[cfg_attr(feature = "serde", serde(default))]
        policy_seed: u64,
    },
}

impl PolicySpec {
    /// Names of all policies, the default first.
    pub const NAMES: [&str; 4] = ["rank_aware", "speculative", "by_level", "random"];

    /// The policy of a name, which takes of the settings those that it knows.
    ///
    /// ```
    /// use rungkeeper_policies::{PolicySpec, SpeculativeSettings};
    ///
    /// let spec = PolicySpec::named("random", SpeculativeSettings::default(), 7)?;
    /// assert_eq!(spec, PolicySpec::Random { policy_seed: 7 });
    /// # Ok::<(), rungkeeper_policies::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PolicyError::UnknownPolicy`], which tells the names there are.
    pub fn named(
        name: &str,
        settings: SpeculativeSettings,
        policy_seed: u64,
    ) -> Result<Self, PolicyError> {
        match name {
            "rank_aware" => Ok(Self::RankAware {
                promotion_rule: settings.promotion_rule,
            }),
            "speculative" => Ok(Self::Speculative(settings)),
            "by_level" => Ok(Self::ByLevel),
            "random" => Ok(Self::Random { policy_seed }),
            _ => Err(PolicyError::UnknownPolicy(name.to_owned())),
        }
    }

    /// The policies of all names, with their defaults.
    pub fn all() -> impl Iterator<Item = Self> {
        let named = |name| Self::named(name, SpeculativeSettings::default(), 0);
        Self::NAMES
            .into_iter()
            .filter_map(move |name| named(name).ok())
    }

    /// The name, as in experiment files and event logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RankAware { .. } => "rank_aware",
            Self::Speculative(_) => "speculative",
            Self::ByLevel => "by_level",
            Self::Random { .. } => "random",
        }
    }

    /// A policy that has seen nothing.
    ///
    /// # Errors
    ///
    /// Settings the policy refuses, as [`Speculative::new`].
    pub fn build(&self) -> Result<Box<dyn RemovalPolicy>, PolicyError> {
        Ok(match *self {
            Self::RankAware { promotion_rule } => {
                Box::new(Cheapest(RankAware::new(promotion_rule)))
            }
            Self::Speculative(settings) => Box::new(Cheapest(Speculative::new(settings)?)),
            Self::ByLevel => Box::new(ByLevel),
            Self::Random { policy_seed } => Box::new(Random::new(policy_seed)),
        })
    }
}

impl Default for PolicySpec {
    /// `rank_aware`, for a scheduler that promotes the top fraction.
    fn default() -> Self {
        Self::RankAware {
            promotion_rule: PromotionRule::default(),
        }
    }
}

impl fmt::Display for PolicySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PolicySpec {
    type Err = PolicyError;

    /// The policy of a name, with its defaults.
    fn from_str(name: &str) -> Result<Self, PolicyError> {
        Self::named(name, SpeculativeSettings::default(), 0)
    }
}
