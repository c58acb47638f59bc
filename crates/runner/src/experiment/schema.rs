//! The experiment file as a JSON schema, for editors that complete it and show what is wrong.
//!
//! The tables are described where they are read ([`super::file`]). What is read by hand is described here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use super::file::File;
use super::search::ProgramTable;

/// The experiment file as a JSON schema (draft 7, which editors of TOML files know).
///
/// ```
/// let schema = rungkeeper_runner::experiment::schema();
/// assert_eq!(schema["properties"]["workers"]["maximum"], 4096);
/// assert_eq!(schema["additionalProperties"], false);
/// ```
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(WithoutNull);
    let schema = settings.into_generator().into_root_schema_for::<File>();
    schema.to_value()
}

/// TOML has no null: what is optional is left out.
#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
            for key in ["type", "anyOf", "enum"] {
                let Some(Value::Array(kinds)) = object.get_mut(key) else {
                    continue;
                };
                kinds.retain(|kind| !is_null(kind) && !kind.is_null());
                if key == "type" && kinds.len() == 1 {
                    let only = kinds.remove(0);
                    object.insert("type".to_owned(), only);
                } else if key == "anyOf" && kinds.len() == 1 {
                    let only = kinds.remove(0);
                    object.remove("anyOf");
                    // Beside a reference draft 7 ignores all else, a description for example.
                    object.insert("allOf".to_owned(), Value::Array(vec![only]));
                }
            }
        }
        transform_subschemas(self, schema);
    }
}

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

/// Where the configurations of new trials come from.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum Search {
    /// They are drawn from the space.
    Named(SearchName),
    /// A program proposes them.
    Program(ProgramTable),
}

/// A search that needs no program.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum SearchName {
    Random,
}
