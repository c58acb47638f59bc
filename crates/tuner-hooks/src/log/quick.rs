//! The lines that a log has most of, read in one pass.
//!
//! Whatever is the least unusual here is left to the derived reader, which takes several times as long: it also knows
//! what to say of a line that is none. Both agree on every line that this one reads.

use std::fmt;

use rungkeeper_policies::RemovalReason;
use rungkeeper_rung_model::Decision;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::on_line;
use super::own_fields::{Name, PassedOver, is_of_an_event};
use super::{Event, LoopEnd, RemovedAtLoopEnd};
use crate::Removal;

/// The event of a line, with the fields that are not part of it put into `own` if an event of that name is `wanted` with
/// them; `None`: ask the derived reader.
pub(super) fn event(
    text: &str,
    own: &mut Map<String, Value>,
    wanted: fn(&str) -> bool,
) -> Option<Event> {
    let mut json = serde_json::Deserializer::from_str(text);
    let event = Line { own, wanted }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(event)
}

/// Events that there are many of. A line of one begins with its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Start,
    Result,
    Reported,
    Launch,
    Resume,
    Checkpoint,
    Remove,
    Removed,
    LoopEnd,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "start" => Self::Start,
            "result" => Self::Result,
            "reported" => Self::Reported,
            "launch" => Self::Launch,
            "resume" => Self::Resume,
            "checkpoint" => Self::Checkpoint,
            "remove" => Self::Remove,
            "removed" => Self::Removed,
            "loop_end" => Self::LoopEnd,
            _ => return None,
        })
    }
}

struct Line<'m> {
    own: &'m mut Map<String, Value>,
    wanted: fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = Event;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        match map.next_key()? {
            Some(Name(name)) if name == "event" => {}
            _ => return Err(unusual()),
        }
        let Name(event) = map.next_value()?;
        let kind = Kind::of(&event).ok_or_else(unusual)?;
        let keep = (self.wanted)(&event);
        let mut fields = Fields::default();
        while let Some(Name(name)) = map.next_key()? {
            if fields.take(kind, &name, &mut map)? {
                continue;
            }
            if keep && !is_of_an_event(&name) {
                self.own.insert(name.into_owned(), map.next_value()?);
            } else {
                map.next_value::<PassedOver>()?;
            }
        }
        fields.event(kind).ok_or_else(unusual)
    }
}

/// What it says is never read.
fn unusual<E: Error>() -> E {
    E::custom("not a usual line")
}

/// What was met of an event's fields.
#[derive(Default)]
#[expect(
    clippy::option_option,
    reason = "one that is there and null is not missing"
)]
struct Fields {
    trial: Option<String>,
    elapsed: Option<f64>,
    level: Option<u64>,
    metric: Option<f64>,
    decision: Option<Decision>,
    bytes: Option<u64>,
    bracket: Option<usize>,
    rank: Option<u64>,
    rung_len: Option<u64>,
    expected_cost: Option<Option<f64>>,
    ln_expected_cost: Option<Option<f64>>,
    reason: Option<RemovalReason>,
    num_to_remove: Option<u64>,
    candidates: Option<usize>,
    time_ratio: Option<Option<f64>>,
    p: Option<Option<Vec<(u64, f64)>>>,
    removed: Option<Vec<RemovedAtLoopEnd>>,
}

impl Fields {
    /// Takes the value of a field, if the event has one of that name. One that is there twice is unusual.
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        kind: Kind,
        name: &str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        use Kind::{Checkpoint, LoopEnd, Remove, Reported, Result, Start};
        let of_a_trial = kind != LoopEnd;
        match (name, kind) {
            ("event", _) => return Err(unusual()),
            ("elapsed", _) => fill(&mut self.elapsed, map)?,
            ("trial", _) if of_a_trial => fill(&mut self.trial, map)?,
            ("level" | "bytes" | "rank" | "rung_len", Remove) => {
                let field = match name {
                    "level" => &mut self.level,
                    "bytes" => &mut self.bytes,
                    "rank" => &mut self.rank,
                    _ => &mut self.rung_len,
                };
                fill(field, map)?;
            }
            ("level", Result | Reported | Checkpoint) => {
                put(&mut self.level, map.next_value::<Resource>()?.0)?;
            }
            ("metric", Result | Reported) => put(&mut self.metric, map.next_value::<Metric>()?.0)?,
            ("decision", Result) => fill(&mut self.decision, map)?,
            ("bytes", Checkpoint) => fill(&mut self.bytes, map)?,
            ("bracket", Start) => fill(&mut self.bracket, map)?,
            ("expected_cost", Remove) => fill(&mut self.expected_cost, map)?,
            ("ln_expected_cost", Remove) => fill(&mut self.ln_expected_cost, map)?,
            ("reason", Remove) => fill(&mut self.reason, map)?,
            ("num_to_remove", LoopEnd) => fill(&mut self.num_to_remove, map)?,
            ("candidates", LoopEnd) => fill(&mut self.candidates, map)?,
            ("time_ratio", LoopEnd) => fill(&mut self.time_ratio, map)?,
            ("p", LoopEnd) => fill(&mut self.p, map)?,
            ("removed", LoopEnd) => fill(&mut self.removed, map)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The event, if all that it must have is there.
    fn event(self, kind: Kind) -> Option<Event> {
        let elapsed = self.elapsed?;
        let metric = self.metric.unwrap_or_else(on_line::bad);
        Some(match kind {
            Kind::Start => Event::Start {
                trial: self.trial?,
                bracket: self.bracket.unwrap_or(0),
                elapsed,
            },
            Kind::Result => Event::Result {
                trial: self.trial?,
                level: self.level?,
                metric,
                decision: self.decision?,
                elapsed,
            },
            Kind::Reported => Event::Reported {
                trial: self.trial?,
                level: self.level?,
                metric,
                elapsed,
            },
            Kind::Launch => Event::Launch {
                trial: self.trial?,
                elapsed,
            },
            Kind::Resume => Event::Resume {
                trial: self.trial?,
                elapsed,
            },
            Kind::Checkpoint => Event::Checkpoint {
                trial: self.trial?,
                level: self.level?,
                bytes: self.bytes?,
                elapsed,
            },
            Kind::Removed => Event::Removed {
                trial: self.trial?,
                elapsed,
            },
            Kind::Remove => Event::Remove {
                removal: Removal {
                    trial: self.trial?,
                    level: self.level?,
                    rank: self.rank?,
                    rung_len: self.rung_len?,
                    bytes: self.bytes?,
                    expected_cost: self.expected_cost?,
                    ln_expected_cost: self.ln_expected_cost.unwrap_or_default(),
                    reason: self.reason?,
                },
                elapsed,
            },
            Kind::LoopEnd => Event::LoopEnd(LoopEnd {
                elapsed,
                num_to_remove: self.num_to_remove?,
                candidates: self.candidates?,
                time_ratio: self.time_ratio.unwrap_or_default(),
                p: self.p.unwrap_or_default(),
                removed: self.removed?,
            }),
        })
    }
}

/// Takes the next value for a field.
fn fill<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    field: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    put(field, map.next_value()?)
}

fn put<T, E: Error>(field: &mut Option<T>, value: T) -> Result<(), E> {
    field.replace(value).map_or(Ok(()), |_| Err(unusual()))
}

#[derive(Deserialize)]
struct Resource(#[serde(deserialize_with = "on_line::resource")] u64);

#[derive(Deserialize)]
struct Metric(#[serde(deserialize_with = "on_line::metric")] f64);
