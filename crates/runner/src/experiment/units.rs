//! Sizes and times as people write them.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Bytes: a whole number, or text such as `20 GB` (10^9) or `20 GiB` (2^30).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bytes(pub(super) u64);

/// Seconds: a number, or text such as `10 min` or `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seconds(pub(super) f64);

/// Seconds of a hundred years: more is a slip of the keyboard, and beyond what clocks can add.
const LONGEST: f64 = 3_153_600_000.0;

impl Seconds {
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"20 GB\", or a number of bytes")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Bytes, E> {
        let bytes = u64::try_from(value);
        bytes
            .map(Bytes)
            .map_err(|_| E::custom(format_args!("{value} is negative, but must be a size")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        let size: bytesize::ByteSize = text.parse().map_err(|_| {
            E::custom(format_args!(
                "\"{text}\" is no size; write it as \"20 GB\" or \"512 MiB\""
            ))
        })?;
        Ok(Bytes(size.as_u64()))
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"10 min\", or a number of seconds")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Seconds, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Seconds, E> {
        if (0.0..=LONGEST).contains(&value) {
            return Ok(Seconds(value));
        }
        let value = if value.abs() < 1e15 {
            value.to_string()
        } else {
            format!("{value:e}")
        };
        Err(E::custom(format_args!(
            "{value} is no time; it must be a number of seconds from 0 to {LONGEST}, a hundred years"
        )))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seconds, E> {
        let time = humantime::parse_duration(text).map_err(|error| {
            E::custom(format_args!(
                "\"{text}\" is no time ({error}); write it as \"10 min\" or \"1h 30m\""
            ))
        })?;
        self.visit_f64(time.as_secs_f64())
    }
}
