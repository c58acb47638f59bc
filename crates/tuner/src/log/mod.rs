//! The event log as text: JSON lines, an event a line, the header first.
//!
//! An [`Event`](rungkeeper_tuner_hooks::log::Event) is read from a line by [`parse_line`] and written by [`to_line`].
//! Fields and events that are not known are passed over, a version that is not known is refused; `docs/event-log.md` of
//! the project describes each event.

mod line;
mod parse;

pub use line::{LogError, parse_line, parse_line_and_fields, read_lines, read_texts, to_line};
