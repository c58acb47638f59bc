//! Writing with `serde`, in the form that is read.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::search_space::{Condition, Configuration, Domain, Parameter, SearchSpace};

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = match &self.domain {
            Domain::Constant(value) if self.when.is_always() => return value.serialize(serializer),
            // A plain value has no place for a condition.
            Domain::Constant(value) => {
                let mut table = begin(serializer, "choice")?;
                table.serialize_entry("values", &[value])?;
                table
            }
            Domain::Uniform { low, high } => bounds(serializer, "uniform", low, high)?,
            Domain::UniformSteps { low, high, step } => {
                let mut table = bounds(serializer, "uniform", low, high)?;
                table.serialize_entry("step", step)?;
                table
            }
            Domain::LogUniform { low, high } => bounds(serializer, "loguniform", low, high)?,
            Domain::Int { low, high } => bounds(serializer, "int", low, high)?,
            Domain::IntSteps { low, high, step } => {
                let mut table = bounds(serializer, "int", low, high)?;
                table.serialize_entry("step", step)?;
                table
            }
            Domain::LogInt { low, high } => bounds(serializer, "logint", low, high)?,
            Domain::Normal { mean, sd } => moments(serializer, "normal", *mean, *sd)?,
            Domain::LogNormal { mean, sd } => moments(serializer, "lognormal", *mean, *sd)?,
            Domain::Choice { values } => {
                let mut table = begin(serializer, "choice")?;
                table.serialize_entry("values", values)?;
                table
            }
            Domain::Flag { argument } => {
                let mut table = begin(serializer, "flag")?;
                if let Some(argument) = argument {
                    table.serialize_entry("argument", argument)?;
                }
                table
            }
        };
        if !self.when.is_always() {
            table.serialize_entry("when", &self.when)?;
        }
        table.end()
    }
}

fn begin<S: Serializer>(serializer: S, kind: &str) -> Result<S::SerializeMap, S::Error> {
    let mut table = serializer.serialize_map(None)?;
    table.serialize_entry("type", kind)?;
    Ok(table)
}

fn bounds<S: Serializer>(
    serializer: S,
    kind: &str,
    low: &impl Serialize,
    high: &impl Serialize,
) -> Result<S::SerializeMap, S::Error> {
    let mut table = begin(serializer, kind)?;
    table.serialize_entry("low", low)?;
    table.serialize_entry("high", high)?;
    Ok(table)
}

fn moments<S: Serializer>(
    serializer: S,
    kind: &str,
    mean: f64,
    sd: f64,
) -> Result<S::SerializeMap, S::Error> {
    let mut table = begin(serializer, kind)?;
    table.serialize_entry("mean", &mean)?;
    table.serialize_entry("sd", &sd)?;
    Ok(table)
}

impl Serialize for Condition {
    /// A table of lists: a single value is one of those, too.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.parents())
    }
}

impl Serialize for SearchSpace {
    /// The table of its parameters; given configurations are no part of it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.parameters())
    }
}
