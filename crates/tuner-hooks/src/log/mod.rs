//! The event log, version 1: what happened in a run, event by event, append only.
//!
//! The first is a [`Header`]; the last of a run that ended is [`Event::End`]. `docs/event-log.md` of the project describes
//! each event. `rungkeeper-tuner` reads and writes them as lines of JSON.

mod event;
mod header;

pub use event::{EndOfRun, EstimatorCounts, Event, LoopEnd, MOST_SECONDS, RemovedAtLoopEnd};
pub use header::{Header, VERSION};
