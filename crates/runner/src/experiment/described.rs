//! What of the experiment file is read by hand, or is a type of another crate, as its [schema](mod@super::schema) describes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// How the program and the tuner talk.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum Protocol {
    Answered,
    OneWay,
}

/// Whether a small metric is good or a large one.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum Mode {
    Min,
    Max,
}

/// Who of a rung is promoted.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum PromotionRule {
    TopFraction,
    LinearQuantile,
}

/// Which checkpoints are removed first.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes names of another crate")]
pub(super) enum Policy {
    RankAware,
    Speculative,
    ByLevel,
    Random,
}

/// Text such as `"10 min"`, or a number of seconds.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum Time {
    Text(String),
    Seconds(#[schemars(range(min = 0))] f64),
}

/// Text such as `"20 GB"`, or a number of bytes.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum Size {
    Text(String),
    Bytes(u64),
}

/// A value of a hyper-parameter.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum PlainValue {
    Bool(bool),
    Number(f64),
    Text(String),
}

/// A value, or a list of values.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum Values {
    One(PlainValue),
    Several(#[schemars(length(min = 1))] Vec<PlainValue>),
}

/// Other hyper-parameters, and the values that each of them must have for this one to be there.
type When = Option<BTreeMap<String, Values>>;

/// A hyper-parameter.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum Parameter {
    Plain(PlainValue),
    Table(Table),
}

/// What a hyper-parameter is drawn from.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes a type of another crate")]
pub(super) enum Table {
    /// Any number between the bounds, or with `step` one of `low`, `low` + `step`, and so on.
    Uniform {
        low: f64,
        high: f64,
        /// Distance of two values.
        step: Option<f64>,
        when: When,
    },
    /// Any number between the bounds, as many in each decade.
    LogUniform { low: f64, high: f64, when: When },
    /// Any whole number between the bounds, or with `step` one of `low`, `low` + `step`, and so on.
    Int {
        low: i64,
        high: i64,
        /// Distance of two values.
        #[schemars(range(min = 1))]
        step: Option<i64>,
        when: When,
    },
    /// Any whole number between the bounds, on a logarithmic scale.
    LogInt {
        #[schemars(range(min = 1))]
        low: i64,
        high: i64,
        when: When,
    },
    /// Normally distributed.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
        when: When,
    },
    /// Its natural logarithm is normally distributed.
    LogNormal {
        /// Mean of the natural logarithm.
        mean: f64,
        /// Standard deviation of the natural logarithm.
        sd: f64,
        when: When,
    },
    /// One of these values.
    Choice {
        #[schemars(length(min = 1))]
        values: Vec<PlainValue>,
        when: When,
    },
    /// True or false: an argument of the command that is there or not.
    Flag {
        /// The argument; `--NAME` unless given.
        argument: Option<String>,
        when: When,
    },
}
