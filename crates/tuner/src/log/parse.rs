//! An event as a line has it: the name of its kind first, then its fields, which go straight into the event.

use std::borrow::Cow;
use std::fmt;

use rungkeeper_tuner_hooks::log::{EndOfRun, Event, Header, LoopEnd};
use rungkeeper_tuner_hooks::{Budget, Decision, Limits, Removal};
use serde::de::value::{
    CowStrDeserializer, EnumAccessDeserializer, MapAccessDeserializer, MapDeserializer,
};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value};

/// The fields of each event, by its name.
#[derive(serde::Deserialize)]
#[serde(remote = "Event", rename_all = "snake_case")]
enum Named {
    Header(Box<Header>),
    Start {
        trial: String,
        #[serde(default)]
        bracket: usize,
        elapsed: f64,
    },
    Result {
        trial: String,
        #[serde(deserialize_with = "resource")]
        level: u64,
        #[serde(default = "bad", deserialize_with = "metric")]
        metric: f64,
        decision: Decision,
        elapsed: f64,
    },
    Reported {
        trial: String,
        #[serde(deserialize_with = "resource")]
        level: u64,
        #[serde(default = "bad", deserialize_with = "metric")]
        metric: f64,
        elapsed: f64,
    },
    Launch {
        trial: String,
        elapsed: f64,
    },
    Resume {
        trial: String,
        elapsed: f64,
    },
    Restart {
        trial: String,
        elapsed: f64,
    },
    Checkpoint {
        trial: String,
        #[serde(deserialize_with = "resource")]
        level: u64,
        bytes: u64,
        elapsed: f64,
    },
    Complete {
        trial: String,
        elapsed: f64,
    },
    Failed {
        trial: String,
        elapsed: f64,
    },
    Retry {
        trial: String,
        elapsed: f64,
    },
    Remove {
        #[serde(flatten)]
        removal: Removal,
        elapsed: f64,
    },
    Removed {
        trial: String,
        elapsed: f64,
    },
    Undeleted {
        trial: String,
        bytes: u64,
        elapsed: f64,
    },
    Pin {
        trial: String,
        elapsed: f64,
    },
    Unpin {
        trial: String,
        elapsed: f64,
    },
    Budget {
        #[serde(flatten)]
        budget: Budget,
        elapsed: f64,
    },
    Limits {
        #[serde(flatten)]
        limits: Limits,
        elapsed: f64,
    },
    LoopEnd(LoopEnd),
    End(EndOfRun),
    #[serde(other)]
    Unknown,
}

/// A metric that is missing.
fn bad() -> f64 {
    f64::NAN
}

/// A metric: what is no number is a bad one, NaN.
fn metric<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_f64().unwrap_or(f64::NAN))
}

/// A resource level: a positive whole number, also when written as `3.0`.
fn resource<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
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

/// A line; the fields beside those of its event are put into `own` if an event of that name is `wanted` with them.
pub(super) struct Line<'m> {
    pub(super) own: &'m mut Map<String, Value>,
    pub(super) wanted: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut ahead = Map::new();
        while let Some(Text(field)) = map.next_key()? {
            if field != "event" {
                ahead.insert(field.into_owned(), map.next_value()?);
                continue;
            }
            let Text(name) = map.next_value()?;
            if ahead.is_empty() {
                return self.read(name, map);
            }
            // This project writes the name first; others may not.
            ahead.extend(Map::deserialize(MapAccessDeserializer::new(map))?);
            let fields = MapDeserializer::<_, serde_json::Error>::new(ahead.into_iter());
            return self.read(name, fields).map_err(A::Error::custom);
        }
        Err(A::Error::missing_field("event"))
    }
}

impl Line<'_> {
    /// The event of this name, with the fields that follow.
    fn read<'de, A: MapAccess<'de>>(self, name: Cow<'de, str>, map: A) -> Result<Event, A::Error> {
        let own = (self.wanted)(&name).then_some(self.own);
        let names = None;
        let fields = Fields { map, names, own };
        Named::deserialize(EnumAccessDeserializer::new(Tagged { name, fields }))
    }
}

/// Text that is not copied unless it must be.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The name of an event, and its fields.
struct Tagged<'de, 'm, A> {
    name: Cow<'de, str>,
    fields: Fields<'m, A>,
}

impl<'de, 'm, A: MapAccess<'de>> EnumAccess<'de> for Tagged<'de, 'm, A> {
    type Error = A::Error;
    type Variant = Fields<'m, A>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), A::Error> {
        let variant = seed.deserialize(CowStrDeserializer::new(self.name))?;
        Ok((variant, self.fields))
    }
}

/// The fields behind the name.
struct Fields<'m, A> {
    map: A,
    /// Those that are the event's; `None`: all are handed on.
    names: Option<&'static [&'static str]>,
    /// Where others are kept.
    own: Option<&'m mut Map<String, Value>>,
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.struct_variant(&[], IgnoredAny).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        seed.deserialize(MapAccessDeserializer::new(self))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.names = Some(names);
        visitor.visit_map(self)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Text(name)) = self.map.next_key()? {
            if self.names.is_none_or(|names| names.contains(&&*name)) {
                return seed.deserialize(CowStrDeserializer::new(name)).map(Some);
            }
            // Read as closely as one that is kept: readers agree on which lines are events.
            let value = self.map.next_value()?;
            if let Some(own) = &mut self.own {
                own.insert(name.into_owned(), value);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
