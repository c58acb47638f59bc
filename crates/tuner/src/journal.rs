//! The event log of a run as a file: appended to line by line, recovered after a crash.
//!
//! The log is the state of a run. A line is written whole or not at all: what a failed write left
//! behind is cut off again, and so is a last line that a crash cut short.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rungkeeper_tuner_hooks::log::{Event, Header, LogError, read_lines, to_line};
use serde_json::{Map, Value};
use thiserror::Error;

/// Why a journal could not be opened or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The log is damaged, not only cut short.
    #[error("{}: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        source: LogError,
    },
}

/// An event log that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Length of all that was written whole.
    length: u64,
}

/// A recovered event: the event, and its line as it stands, with the fields that are not part of
/// the event.
pub type Recorded = (Event, Map<String, Value>);

impl Journal {
    /// A new log, with its first line.
    ///
    /// # Errors
    ///
    /// The file exists already, or cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = options.open(path).map_err(|e| io_error(path, e))?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            length: 0,
        };
        journal.append(&Event::Header(Box::new(header.clone())), &Map::new())?;
        journal.sync()?;
        Ok(journal)
    }

    /// The log of an interrupted run, with its header and events. A last line that was cut short is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or a line before the last is damaged.
    pub fn recover(path: &Path) -> Result<(Self, Header, Vec<Recorded>), JournalError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(path);
        let mut file = file.map_err(|e| io_error(path, e))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|e| io_error(path, e))?;
        // A line counts once its end is there.
        let length = text.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let mut journal = Self {
            path: path.to_owned(),
            file,
            length: length as u64,
        };
        journal.cut().map_err(|e| io_error(path, e))?;
        let (header, events) = read_log(&text[..length]).map_err(|source| JournalError::Log {
            path: path.to_owned(),
            source,
        })?;
        Ok((journal, header, events))
    }

    /// The log of a run, without opening it for writing. A last line that was cut short is passed
    /// over: the run may be writing it.
    ///
    /// # Errors
    ///
    /// As [`Journal::recover`].
    pub fn read(path: &Path) -> Result<(Header, Vec<Recorded>), JournalError> {
        let text = std::fs::read(path).map_err(|e| io_error(path, e))?;
        let length = text.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        read_log(&text[..length]).map_err(|source| JournalError::Log {
            path: path.to_owned(),
            source,
        })
    }

    /// Appends an event, with fields of the run's own that readers of events ignore.
    ///
    /// # Errors
    ///
    /// The line could not be written whole; then nothing of it is left, and the log is as before.
    pub fn append(&mut self, event: &Event, more: &Map<String, Value>) -> Result<(), JournalError> {
        let mut line = to_line(event);
        if !more.is_empty() {
            line.pop(); // the closing brace
            let more = Value::Object(more.clone()).to_string();
            line.push(',');
            line.push_str(&more[1..]);
        }
        line.push('\n');
        match self.file.write_all(line.as_bytes()) {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // If this fails too, the next recovery cuts it off.
                let _ = self.cut();
                Err(io_error(&self.path, error))
            }
        }
    }

    /// Makes all lines so far survive a power failure.
    ///
    /// # Errors
    ///
    /// The disk said so.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file
            .sync_data()
            .map_err(|error| io_error(&self.path, error))
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        Ok(())
    }
}

fn io_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_owned(),
        source,
    }
}

fn read_log(text: &[u8]) -> Result<(Header, Vec<Recorded>), LogError> {
    let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    let mut events = Vec::new();
    let mut header = None;
    for item in read_lines(BufReader::new(text)) {
        let (line, event) = item?;
        if let Event::Header(first) = event {
            header = Some(*first);
        } else {
            let object = serde_json::from_slice(lines[line - 1]).unwrap_or_default();
            events.push((event, object));
        }
    }
    // The reader refuses a log without a header.
    header
        .map(|header| (header, events))
        .ok_or(LogError::Header {
            line: 1,
            reason: "a log begins with a header",
        })
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::ModelSpec;

    use super::*;

    fn header() -> Header {
        Header::new("test", &ModelSpec::geometric(1, 3, 9).unwrap(), 9)
    }

    fn start(trial: &str) -> Event {
        Event::Start {
            trial: trial.to_owned(),
            bracket: 0,
            elapsed: 0.5,
        }
    }

    fn more() -> Map<String, Value> {
        [("pid".to_owned(), Value::from(7))].into_iter().collect()
    }

    #[test]
    fn what_was_appended_is_recovered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut journal = Journal::create(&path, &header()).unwrap();
        journal.append(&start("0"), &more()).unwrap();
        assert!(
            Journal::create(&path, &header()).is_err(),
            "never overwritten"
        );
        drop(journal);
        let (mut journal, found, events) = Journal::recover(&path).unwrap();
        assert_eq!(found, header());
        assert_eq!(events[0].0, start("0"));
        assert_eq!(events[0].1["pid"], 7);
        journal.append(&start("1"), &Map::new()).unwrap();
        assert_eq!(Journal::read(&path).unwrap().1.len(), 2);
    }

    /// Cut at every byte of the last line, the log is recovered without it and goes on.
    #[test]
    fn a_cut_line_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut journal = Journal::create(&path, &header()).unwrap();
        journal.append(&start("0"), &Map::new()).unwrap();
        let before = std::fs::read(&path).unwrap().len();
        journal.append(&start("1"), &more()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in before..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (mut journal, _, events) = Journal::recover(&path).unwrap();
            assert_eq!(events.len(), 1, "cut at {length}");
            journal.append(&start("2"), &Map::new()).unwrap();
            assert_eq!(Journal::read(&path).unwrap().1[1].0, start("2"));
        }
    }

    #[test]
    fn damage_before_the_last_line_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut journal = Journal::create(&path, &header()).unwrap();
        journal.append(&start("0"), &Map::new()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"start\"", "\"st")).unwrap();
        let error = Journal::recover(&path).unwrap_err().to_string();
        assert!(error.contains("log.jsonl: line 2"), "{error}");
        std::fs::write(&path, "").unwrap();
        assert!(Journal::recover(&path).is_err());
    }
}
