//! Reading with `serde`: spaces from tables, configurations from maps.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::search_space::{Configuration, Domain, SearchSpace, Value};

/// A domain written as a table. Errors name the types and keys there are.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Table {
    Uniform { low: f64, high: f64 },
    LogUniform { low: f64, high: f64 },
    Int { low: i64, high: i64 },
    LogInt { low: i64, high: i64 },
    Choice { values: Vec<Value> },
}

impl From<Table> for Domain {
    fn from(table: Table) -> Self {
        match table {
            Table::Uniform { low, high } => Self::Uniform { low, high },
            Table::LogUniform { low, high } => Self::LogUniform { low, high },
            Table::Int { low, high } => Self::Int { low, high },
            Table::LogInt { low, high } => Self::LogInt { low, high },
            Table::Choice { values } => Self::Choice { values },
        }
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DomainVisitor)
    }
}

struct DomainVisitor;

impl<'de> Visitor<'de> for DomainVisitor {
    type Value = Domain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or a table with type uniform, loguniform, int, logint or choice")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Domain, E> {
        Ok(Domain::Constant(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Domain, E> {
        Ok(Domain::Constant(Value::Integer(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Domain, E> {
        let value = i64::try_from(value).map_err(|_| {
            E::custom(format_args!(
                "{value} is too large; whole numbers go up to 2^63 - 1"
            ))
        })?;
        self.visit_i64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Domain, E> {
        Ok(Domain::Constant(Value::Float(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Domain, E> {
        Ok(Domain::Constant(Value::from(value)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Domain, A::Error> {
        Table::deserialize(MapAccessDeserializer::new(map)).map(Domain::from)
    }
}

impl<'de> Deserialize<'de> for SearchSpace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SpaceVisitor)
    }
}

struct SpaceVisitor;

impl<'de> Visitor<'de> for SpaceVisitor {
    type Value = SearchSpace;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of hyper-parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SearchSpace, A::Error> {
        let mut space = SearchSpace::default();
        while let Some(name) = map.next_key::<String>()? {
            let domain = map.next_value_seed(Named(&name))?;
            space.add(name, domain).map_err(A::Error::custom)?;
        }
        Ok(space)
    }
}

/// Reads the domain of the parameter with this name, and checks it while its place in the file is
/// still known.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Domain;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Domain, D::Error> {
        let domain = Domain::deserialize(deserializer)?;
        domain.check(self.0).map_err(D::Error::custom)?;
        Ok(domain)
    }
}

impl<'de> Deserialize<'de> for Configuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigurationVisitor)
    }
}

struct ConfigurationVisitor;

impl<'de> Visitor<'de> for ConfigurationVisitor {
    type Value = Configuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Configuration, A::Error> {
        let mut configuration = Configuration::default();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            configuration.set(&name, value);
        }
        Ok(configuration)
    }
}
