use std::io::{self, BufRead};

use rungkeeper_tuner_hooks::log::{Event, MOST_SECONDS, VERSION};
use serde::Deserializer;
use serde_json::{Map, Value};
use thiserror::Error;

use super::parse::Line;

/// Why a line of an event log was refused. Lines count from 1.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum LogError {
    /// The line is not an event.
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: String },
    /// The last line has no end: writing it was cut short.
    #[error("line {line} is cut off after {length} bytes: the log was not written to its end")]
    Cut { line: usize, length: usize },
    /// The format is of another version.
    #[error(
        "line {line}: version {version} of the event log is not known; this is version {VERSION}"
    )]
    Version { line: usize, version: u64 },
    /// The first line is no header, or a later one is.
    #[error("line {line}: {reason}")]
    Header { line: usize, reason: &'static str },
    /// The log could not be read.
    #[error("line {line}: {source}")]
    Io { line: usize, source: io::Error },
}

impl LogError {
    /// The same error `lines` lines further down: a part of a log counts its lines from 1.
    ///
    /// ```
    /// use rungkeeper_tuner::log::parse_line;
    ///
    /// let error = parse_line(3, "[]").unwrap_err().further_down(100);
    /// assert_eq!(error.to_string(), "line 103: a line of an event log is a JSON object, and this is none");
    /// ```
    #[must_use]
    pub fn further_down(mut self, lines: usize) -> Self {
        match &mut self {
            Self::Line { line, .. }
            | Self::Cut { line, .. }
            | Self::Version { line, .. }
            | Self::Header { line, .. }
            | Self::Io { line, .. } => *line += lines,
        }
        self
    }
}

/// Reads an event from a line, numbered from 1.
///
/// ```
/// use rungkeeper_tuner::log::parse_line;
/// use rungkeeper_tuner_hooks::log::Event;
///
/// let event = parse_line(7, r#"{"event": "resume", "trial": "3", "elapsed": 1.5, "mood": "good"}"#)?;
/// assert_eq!(event, Event::Resume { trial: "3".to_owned(), elapsed: 1.5 });
///
/// let error = parse_line(8, r#"{"event": "resume", "trial": "3"}"#).unwrap_err();
/// assert_eq!(error.to_string(), "line 8: missing field `elapsed`");
/// # Ok::<(), rungkeeper_tuner::log::LogError>(())
/// ```
///
/// An event of a name that is not known is [`Event::Unknown`].
///
/// # Errors
///
/// JSON that is none or no event, a header of another version, or an `elapsed` outside of 0 to
/// [`MOST_SECONDS`].
pub fn parse_line(line: usize, text: &str) -> Result<Event, LogError> {
    parse(line, text, &mut Map::new(), |_| false)
}

/// The event of a line behind the header, as its bytes were read, with the fields beside those of the event: what a run
/// adds of its own. They take time, so an event brings them only if its name is `wanted`. `remove`, `loop_end` and `end`
/// have none.
///
/// ```
/// use rungkeeper_tuner::log::parse_line_and_fields;
/// use rungkeeper_tuner_hooks::log::Event;
///
/// let line = br#"{"event": "resume", "trial": "3", "elapsed": 1.5, "mood": "good"}"#;
/// let (event, fields) = parse_line_and_fields(7, line, |event| event == "resume")?;
/// assert_eq!(event, Event::Resume { trial: "3".to_owned(), elapsed: 1.5 });
/// assert_eq!(fields["mood"], "good");
/// assert_eq!(fields.len(), 1);
/// # Ok::<(), rungkeeper_tuner::log::LogError>(())
/// ```
///
/// # Errors
///
/// As [`parse_line`]; also what is no UTF-8, and a header.
pub fn parse_line_and_fields(
    line: usize,
    bytes: &[u8],
    wanted: fn(&str) -> bool,
) -> Result<(Event, Map<String, Value>), LogError> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(line, &error))?;
    let mut fields = Map::new();
    match parse(line, text, &mut fields, wanted)? {
        Event::Header(_) => Err(second_header(line)),
        event @ (Event::Budget { .. } | Event::Limits { .. }) => {
            let fields = fields_beside(&event, text, wanted);
            Ok((event, fields))
        }
        event => Ok((event, fields)),
    }
}

/// The fields beside those of an event that is made of parts, which take all fields for their own.
fn fields_beside(event: &Event, text: &str, wanted: fn(&str) -> bool) -> Map<String, Value> {
    let object = |value| match value {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let own = object(serde_json::to_value(event));
    if !own["event"].as_str().is_some_and(wanted) {
        return Map::new();
    }
    let mut fields = object(serde_json::from_str(text));
    fields.retain(|name, _| !own.contains_key(name));
    fields
}

fn not_utf8(line: usize, error: &std::str::Utf8Error) -> LogError {
    let reason = format!("column {}: not UTF-8", error.valid_up_to() + 1);
    LogError::Line { line, reason }
}

fn second_header(line: usize) -> LogError {
    let reason = "a second header";
    LogError::Header { line, reason }
}

/// The event of a line, if this version knows what it says.
fn parse(
    line: usize,
    text: &str,
    own: &mut Map<String, Value>,
    wanted: fn(&str) -> bool,
) -> Result<Event, LogError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let event = json.deserialize_map(Line { own, wanted });
    let event = event.and_then(|event| json.end().map(|()| event));
    let event = event.map_err(|error| explain(line, text, &error))?;
    if let Event::Header(header) = &event
        && header.version != VERSION
    {
        let version = header.version.into();
        return Err(LogError::Version { line, version });
    }
    // Whoever resumed the run would go on from a time that is damaged.
    match event.elapsed() {
        Some(elapsed) if !(0.0..=MOST_SECONDS).contains(&elapsed) => Err(LogError::Line {
            line,
            reason: format!(
                "elapsed is {elapsed:?}, but must be the seconds of the run, from 0 to {MOST_SECONDS:e}"
            ),
        }),
        _ => Ok(event),
    }
}

/// A newer header may hold what cannot be read: then its version is the reason.
fn explain(line: usize, text: &str, error: &serde_json::Error) -> LogError {
    let value = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version != u64::from(VERSION) => LogError::Version { line, version },
        _ if !text.trim_start().starts_with('{') => LogError::Line {
            line,
            reason: "a line of an event log is a JSON object, and this is none".to_owned(),
        },
        _ => LogError::Line {
            line,
            reason: reason(error),
        },
    }
}

/// `serde_json` counts lines itself, from 1 within the text: only the column is of use. Errors in
/// tagged events have no place and say column 0.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&place).unwrap_or(&text);
    if error.column() == 0 || error.is_data() {
        message.to_owned()
    } else {
        format!("column {}: {message}", error.column())
    }
}

/// Writes an event as a line, without its end.
///
/// ```
/// use rungkeeper_tuner::log::to_line;
/// use rungkeeper_tuner_hooks::log::Event;
///
/// let event = Event::Pin { trial: "3".to_owned(), elapsed: 1.5 };
/// assert_eq!(to_line(&event), r#"{"event":"pin","trial":"3","elapsed":1.5}"#);
/// ```
///
/// # Panics
///
/// Never: every event has a JSON form. Metrics and times that are no finite number become null.
#[must_use]
pub fn to_line(event: &Event) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}

/// Reads a whole log line by line: events with their line numbers, the header first.
///
/// Empty lines are passed over, and a byte order mark. The first error ends the reading.
///
/// ```
/// use rungkeeper_tuner::log::{LogError, read_lines};
///
/// let text = b"{\"event\": \"pin\", \"trial\": \"3\", \"elapsed\": 0}\n";
/// let error = read_lines(&text[..]).next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "line 1: a log begins with a header");
/// ```
pub fn read_lines<R: BufRead>(reader: R) -> impl Iterator<Item = Result<(usize, Event), LogError>> {
    read_texts(reader).map(|read| read.map(|(line, event, _)| (line, event)))
}

/// As [`read_lines`], with the text of each line: a run's log has fields that are not part of events.
///
/// ```
/// use rungkeeper_tuner_hooks::ModelSpec;
/// use rungkeeper_tuner::log::{read_texts, to_line};
/// use rungkeeper_tuner_hooks::log::{Event, Header};
///
/// let header = Header::new("example", &ModelSpec::geometric(1, 3, 9)?, 9);
/// let line = to_line(&Event::Header(Box::new(header)));
/// let (number, _, text) = read_texts(line.as_bytes()).next().unwrap()?;
/// assert_eq!((number, text), (1, line));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_texts<R: BufRead>(
    mut reader: R,
) -> impl Iterator<Item = Result<(usize, Event, String), LogError>> {
    let (mut line, mut ended) = (0, false);
    let mut begun = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let read = next_text(&mut reader, &mut line, begun).transpose();
        begun = true;
        ended = !matches!(read, Some(Ok(_)));
        read
    })
}

/// What some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The event of the next line that is not empty: a header if none was before, and no header otherwise.
fn next_text(
    reader: &mut impl BufRead,
    line: &mut usize,
    begun: bool,
) -> Result<Option<(usize, Event, String)>, LogError> {
    let mut bytes = Vec::new();
    while bytes.trim_ascii().is_empty() {
        bytes.clear();
        *line += 1;
        let read = reader.read_until(b'\n', &mut bytes);
        match read.map_err(|source| LogError::Io {
            line: *line,
            source,
        })? {
            0 if begun => return Ok(None),
            0 => {
                let (line, reason) = (*line, "the log is empty: it begins with a header");
                return Err(LogError::Header { line, reason });
            }
            _ => {}
        }
    }
    let (line, length, has_end) = (*line, bytes.len(), bytes.ends_with(b"\n"));
    if line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(line, &error.utf8_error()));
    let event = text.and_then(|text| Ok((parse_line(line, &text)?, text)));
    let (event, text) = match event {
        // A line without an end that cannot be read was cut; one that can is complete.
        Err(LogError::Line { .. }) if !has_end => return Err(LogError::Cut { line, length }),
        other => other?,
    };
    match (matches!(event, Event::Header(_)), begun) {
        (false, false) => Err(LogError::Header {
            line,
            reason: "a log begins with a header",
        }),
        (true, true) => Err(second_header(line)),
        _ => Ok(Some((line, event, text))),
    }
}
