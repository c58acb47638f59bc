//! What a run wrote into a line beside the event.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Fields of events, which whoever reads the event has: most lines hold nothing else, and a log has
/// many lines. No field of a run's own has one of these names.
const OF_EVENTS: [&str; 18] = [
    "event",
    "trial",
    "elapsed",
    "level",
    "metric",
    "decision",
    "bytes",
    "bracket",
    "rank",
    "rung_len",
    "expected_cost",
    "ln_expected_cost",
    "reason",
    "num_to_remove",
    "candidates",
    "time_ratio",
    "p",
    "removed",
];

/// Whether a field belongs to an event, whichever it is.
pub(super) fn is_of_an_event(name: &str) -> bool {
    OF_EVENTS.contains(&name)
}

/// The fields of a line that are not part of its event; none where the line is no object.
pub(super) fn own_fields(line: &str) -> Map<String, Value> {
    let fields = serde_json::from_str(line);
    fields.map_or_else(|_| Map::new(), |OwnFields(fields)| fields)
}

struct OwnFields(Map<String, Value>);

impl<'de> Deserialize<'de> for OwnFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = OwnFields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OwnFields, A::Error> {
        let mut fields = Map::new();
        while let Some(Name(name)) = map.next_key()? {
            if is_of_an_event(&name) {
                map.next_value::<PassedOver>()?;
            } else {
                fields.insert(name.into_owned(), map.next_value()?);
            }
        }
        Ok(OwnFields(fields))
    }
}

/// A name that is not copied unless it must be.
#[derive(serde::Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Any value, read as closely as one that is kept: what is no JSON is found here too.
pub(super) struct PassedOver;

impl<'de> Deserialize<'de> for PassedOver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for PassedOver {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some(Name(_)) = map.next_key()? {
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_run_s_own_are_kept() {
        let line =
            r#"{"event":"result","trial":"3","values":{"level":2},"metric":0.5,"p\u0069d":7}"#;
        let fields = own_fields(line);
        let expected = serde_json::json!({"values": {"level": 2}, "pid": 7});
        assert_eq!(Value::Object(fields), expected);
        assert!(own_fields("[1]").is_empty());
        assert!(own_fields(r#"{"pid": 1"#).is_empty());
    }
}
