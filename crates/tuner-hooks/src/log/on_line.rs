//! Values as training programs really write them, and settings under the names that lines have for them.

use rungkeeper_policies::{Budget, Limits};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A metric that is missing.
pub(super) fn bad() -> f64 {
    f64::NAN
}

/// A metric: what is no number is a bad one, NaN.
pub(super) fn metric<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_f64().unwrap_or(f64::NAN))
}

/// A resource level: a positive whole number, also when written as `3.0`.
pub(super) fn resource<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let whole = |number: f64| {
        (number.fract() == 0.0 && (1.0..=9_007_199_254_740_992.0).contains(&number))
            .then_some(number as u64)
    };
    let level = value.as_u64().or_else(|| whole(value.as_f64()?));
    level.filter(|&level| level > 0).ok_or_else(|| {
        D::Error::custom(format!(
            "level is {value}, but must be a positive whole number"
        ))
    })
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Budget")]
pub(super) struct BudgetOnLine {
    #[serde(rename = "max_num_checkpoints")]
    max_checkpoints: Option<u64>,
    max_bytes: Option<u64>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Limits")]
pub(super) struct LimitsOnLine {
    #[serde(rename = "max_wallclock_time")]
    seconds: Option<f64>,
    #[serde(rename = "max_num_trials")]
    trials: Option<u64>,
    #[serde(rename = "max_num_reports")]
    reports: Option<u64>,
    #[serde(rename = "max_total_resource")]
    resource: Option<u64>,
}
