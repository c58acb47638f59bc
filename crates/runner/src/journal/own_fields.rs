//! What a run wrote into a line beside the event.

use std::borrow::Cow;
use std::fmt;

use rungkeeper_tuner::search_space::Configuration;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Fields of events, which whoever reads the event has: most lines hold nothing else, and a log has
/// many lines. No field of a run's own has one of these names.
const OF_EVENTS: [&str; 17] = [
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
    "removed",
];

/// The fields of a line that are not part of its event; none where the line is no object.
pub(super) fn own_fields(line: &str) -> Map<String, Value> {
    let fields = serde_json::from_str(line);
    fields.map_or_else(|_| Map::new(), |OwnFields(fields)| fields)
}

/// The hyper-parameters in the fields of a trial's start; none where they do not tell, as in logs of other sources.
#[must_use]
pub fn configuration(fields: &Map<String, Value>) -> Configuration {
    let own = fields.get("configuration");
    own.and_then(|own| Configuration::deserialize(own).ok())
        .unwrap_or_default()
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
            if OF_EVENTS.contains(&name.as_ref()) {
                map.next_value::<IgnoredAny>()?;
            } else {
                fields.insert(name.into_owned(), map.next_value()?);
            }
        }
        Ok(OwnFields(fields))
    }
}

/// A name that is not copied unless it must be.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

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
