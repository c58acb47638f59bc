//! The event log, version 1: JSON lines, append only, an event a line.
//!
//! The first line is a [`Header`]; the last of a run that ended is [`Event::End`]. Fields and
//! events that are not known are ignored, a version that is not known is refused. With the feature `serde` an
//! [`Event`] is read from a line by [`parse_line`] and written by [`to_line`]; `docs/event-log.md`
//! of the project describes each event.

mod event;
mod header;
#[cfg(feature = "serde")]
mod line;
#[cfg(feature = "serde")]
mod on_line;
#[cfg(feature = "serde")]
mod parse;

pub use event::{EndOfRun, EstimatorCounts, Event, LoopEnd, MOST_SECONDS, RemovedAtLoopEnd};
pub use header::{Header, VERSION};
#[cfg(feature = "serde")]
pub use line::{LogError, parse_line, parse_line_and_fields, read_lines, read_texts, to_line};
