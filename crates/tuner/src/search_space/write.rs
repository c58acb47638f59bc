//! Writing with `serde`, in the form that is read.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::search_space::{Configuration, Domain, SearchSpace};

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Uniform { low, high } => bounds(serializer, "uniform", low, high),
            Self::LogUniform { low, high } => bounds(serializer, "loguniform", low, high),
            Self::Int { low, high } => bounds(serializer, "int", low, high),
            Self::LogInt { low, high } => bounds(serializer, "logint", low, high),
            Self::Choice { values } => {
                let mut table = serializer.serialize_map(Some(2))?;
                table.serialize_entry("type", "choice")?;
                table.serialize_entry("values", values)?;
                table.end()
            }
            Self::Constant(value) => value.serialize(serializer),
        }
    }
}

fn bounds<S: Serializer>(
    serializer: S,
    kind: &str,
    low: &impl Serialize,
    high: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut table = serializer.serialize_map(Some(3))?;
    table.serialize_entry("type", kind)?;
    table.serialize_entry("low", low)?;
    table.serialize_entry("high", high)?;
    table.end()
}

impl Serialize for SearchSpace {
    /// The table of its parameters; given configurations are no part of it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.parameters())
    }
}
