//! Reading with `serde`: spaces from tables, configurations from maps.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::search_space::{Condition, Configuration, Domain, Parameter, SearchSpace, Value};

/// A parameter written as a table. Errors name the types and keys there are.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Table {
    Uniform {
        low: f64,
        high: f64,
        step: Option<f64>,
        #[serde(default)]
        when: Condition,
    },
    LogUniform {
        low: f64,
        high: f64,
        #[serde(default)]
        when: Condition,
    },
    Int {
        low: i64,
        high: i64,
        step: Option<i64>,
        #[serde(default)]
        when: Condition,
    },
    LogInt {
        low: i64,
        high: i64,
        #[serde(default)]
        when: Condition,
    },
    Normal {
        mean: f64,
        sd: f64,
        #[serde(default)]
        when: Condition,
    },
    LogNormal {
        mean: f64,
        sd: f64,
        #[serde(default)]
        when: Condition,
    },
    Choice {
        values: Vec<Value>,
        #[serde(default)]
        when: Condition,
    },
    Flag {
        argument: Option<String>,
        #[serde(default)]
        when: Condition,
    },
}

impl From<Table> for Parameter {
    fn from(table: Table) -> Self {
        let (domain, when) = match table {
            Table::Uniform {
                low,
                high,
                step,
                when,
            } => match step {
                Some(step) => (Domain::UniformSteps { low, high, step }, when),
                None => (Domain::Uniform { low, high }, when),
            },
            Table::LogUniform { low, high, when } => (Domain::LogUniform { low, high }, when),
            Table::Int {
                low,
                high,
                step,
                when,
            } => match step {
                Some(step) => (Domain::IntSteps { low, high, step }, when),
                None => (Domain::Int { low, high }, when),
            },
            Table::LogInt { low, high, when } => (Domain::LogInt { low, high }, when),
            Table::Normal { mean, sd, when } => (Domain::Normal { mean, sd }, when),
            Table::LogNormal { mean, sd, when } => (Domain::LogNormal { mean, sd }, when),
            Table::Choice { values, when } => (Domain::Choice { values }, when),
            Table::Flag { argument, when } => (Domain::Flag { argument }, when),
        };
        Self { domain, when }
    }
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParameterVisitor)
    }
}

struct ParameterVisitor;

impl<'de> Visitor<'de> for ParameterVisitor {
    type Value = Parameter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a value, or a table with type uniform, loguniform, int, logint, normal, lognormal, choice or flag",
        )
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Parameter, E> {
        Ok(Domain::Constant(Value::Bool(value)).into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Parameter, E> {
        Ok(Domain::Constant(Value::Integer(value)).into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Parameter, E> {
        let value = i64::try_from(value).map_err(|_| {
            E::custom(format_args!(
                "{value} is too large; whole numbers go up to 2^63 - 1"
            ))
        })?;
        self.visit_i64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Parameter, E> {
        Ok(Domain::Constant(Value::Float(value)).into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Parameter, E> {
        Ok(Domain::Constant(Value::from(value)).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parameter, A::Error> {
        Table::deserialize(MapAccessDeserializer::new(map)).map(Parameter::from)
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
        let mut parameters: Vec<(String, Parameter)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let parameter = map.next_value_seed(Named(&name))?;
            parameters.push((name, parameter));
        }
        SearchSpace::of(parameters).map_err(|problems| A::Error::custom(&problems[0]))
    }
}

/// Reads the parameter with this name, and checks it while its place in the file is still known.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Parameter;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parameter, D::Error> {
        let parameter = Parameter::deserialize(deserializer)?;
        parameter.domain.check(self.0).map_err(D::Error::custom)?;
        Ok(parameter)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of other parameters and their values, such as { optimizer = \"sgd\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
        let mut parents = Vec::new();
        while let Some((name, Values(values))) = map.next_entry::<String, Values>()? {
            parents.push((name, values));
        }
        if parents.is_empty() {
            return Err(A::Error::custom(
                "when is empty; write it as when = { OTHER = VALUE }, or leave it out",
            ));
        }
        Ok(Condition::new(parents))
    }
}

/// A value or a list of them.
#[derive(Deserialize)]
#[serde(from = "OneOrMore")]
struct Values(Vec<Value>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "what a parameter must be is a value, or a list of values"
)]
enum OneOrMore {
    One(Value),
    More(Vec<Value>),
}

impl From<OneOrMore> for Values {
    fn from(values: OneOrMore) -> Self {
        match values {
            OneOrMore::One(value) => Self(vec![value]),
            OneOrMore::More(values) => Self(values),
        }
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
