use alloc::borrow::ToOwned;
use core::fmt;
use core::str::FromStr;

use crate::SpecError;

/// Whether the smallest or the largest metric is the best.
///
/// Spelled `min` and `max`, as text and in serialized form.
///
/// ```
/// use rungkeeper_rung_model::Mode;
///
/// assert_eq!("max".parse::<Mode>(), Ok(Mode::Max));
/// assert_eq!(Mode::Min.to_string(), "min");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Mode {
    /// Smaller is better: a loss.
    #[default]
    Min,
    /// Larger is better: an accuracy.
    Max,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Min => "min",
            Self::Max => "max",
        })
    }
}

impl FromStr for Mode {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "min" => Ok(Self::Min),
            "max" => Ok(Self::Max),
            _ => Err(SpecError::Mode(text.to_owned())),
        }
    }
}

/// A metric as an integer that sorts best first, bad metrics last.
///
/// Two finite metrics compare as the numbers do (0 and -0 are equal), reversed for [`Mode::Max`].
/// NaN and both infinities are [`MetricKey::NON_FINITE`]: behind every finite metric in either mode, and
/// equal to each other.
///
/// ```
/// use rungkeeper_rung_model::{MetricKey, Mode};
///
/// assert!(MetricKey::new(0.1, Mode::Min) < MetricKey::new(0.2, Mode::Min));
/// assert!(MetricKey::new(0.2, Mode::Max) < MetricKey::new(0.1, Mode::Max));
/// assert_eq!(MetricKey::new(0.0, Mode::Min), MetricKey::new(-0.0, Mode::Min));
/// assert!(MetricKey::new(f64::NEG_INFINITY, Mode::Min).is_non_finite());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MetricKey(u64);

impl MetricKey {
    /// The key of every metric that is no finite number.
    pub const NON_FINITE: Self = Self(u64::MAX);

    /// The key of a metric.
    #[must_use]
    pub fn new(metric: f64, mode: Mode) -> Self {
        if !metric.is_finite() {
            return Self::NON_FINITE;
        }
        let signed = match mode {
            Mode::Min => metric,
            Mode::Max => -metric,
        };
        // Adding 0 turns -0 into 0. Then the usual order-preserving map of IEEE 754 doubles:
        // negative ones have all bits flipped, the others the sign bit only. No finite double
        // reaches u64::MAX.
        let bits = (signed + 0.0).to_bits();
        let negative = bits >> 63 == 1;
        Self(if negative { !bits } else { bits | 1 << 63 })
    }

    /// The metric, given the mode the key was made with. NaN for [`MetricKey::NON_FINITE`], 0 for -0.
    ///
    /// ```
    /// use rungkeeper_rung_model::{MetricKey, Mode};
    ///
    /// assert_eq!(MetricKey::new(-0.3, Mode::Max).metric(Mode::Max), -0.3);
    /// ```
    #[must_use]
    pub fn metric(self, mode: Mode) -> f64 {
        if self.is_non_finite() {
            return f64::NAN;
        }
        let negative = self.0 >> 63 == 0;
        let signed = f64::from_bits(if negative { !self.0 } else { self.0 ^ 1 << 63 });
        match mode {
            Mode::Min => signed,
            Mode::Max => 0.0 - signed,
        }
    }

    /// The integer that sorts.
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// Whether the metric was no finite number.
    #[must_use]
    pub fn is_non_finite(self) -> bool {
        self == Self::NON_FINITE
    }
}
