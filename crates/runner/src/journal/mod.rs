//! The event log of a run as a file: appended to line by line, recovered after a crash.
//!
//! The log is the state of a run. A line is written whole or not at all: what a failed write left
//! behind is cut off again, and so is a last line that a crash cut short. One process at a time
//! writes it: the file itself is locked, it is opened to append, and a writer that finds it longer
//! than it wrote it, or another file in its place, stops.

mod error;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rungkeeper_tuner::log::{read_texts, to_line};
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rustix::fs::OFlags;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::error::JournalError;
pub use self::read::{Events, Recorded};
use crate::lock;

/// No line of a log is longer, in bytes.
const LONGEST_LINE: u64 = 1 << 26;

/// A log is read from its end in parts of this many bytes.
const PART: u64 = 1 << 16;

/// A first line that is longer has no fields of ours.
const LONGEST_HEADER: u64 = 1 << 24;

/// An event log that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Shared with whoever waits until the lines are on the disk.
    file: Arc<File>,
    /// Device and number of the file.
    identity: (u64, u64),
    /// Length of all that was written whole.
    length: u64,
}

impl Journal {
    /// A new log, with its first line: the header, and fields of the run's own.
    ///
    /// # Errors
    ///
    /// The file exists already, or cannot be written.
    pub fn create(
        path: &Path,
        header: &Header,
        more: &Map<String, Value>,
    ) -> Result<Self, JournalError> {
        // A log without its header would be none, so it gets its name once that is on the disk.
        let partial = partial_name(path);
        match fs::remove_file(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(&partial, error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        let file = options.open(&partial).map_err(|e| io_error(&partial, e))?;
        lock(&file, path)?;
        let mut journal = Self {
            identity: identity(&file).map_err(|e| io_error(&partial, e))?,
            path: partial.clone(),
            file: Arc::new(file),
            length: 0,
        };
        journal.append(&Event::Header(Box::new(header.clone())), more)?;
        journal.sync()?;
        name_anew(&partial, path).map_err(|e| io_error(path, e))?;
        path.clone_into(&mut journal.path);
        Ok(journal)
    }

    /// The log of an interrupted run, with its header and its events one by one. A last line that was cut short is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or is damaged before its last line: now at the header, otherwise at the event.
    pub fn recover(path: &Path) -> Result<(Self, Header, Events), JournalError> {
        let mut options = OpenOptions::new();
        let file = open_regular(path, options.read(true).append(true))?;
        lock(&file, path)?;
        // A kill may have come between the two names of a new log.
        let _ = fs::remove_file(partial_name(path));
        let mut journal = Self {
            path: path.to_owned(),
            identity: identity(&file).map_err(|e| io_error(path, e))?,
            // A line counts once its end is there.
            length: whole_length(&file).map_err(|e| io_error(path, e))?,
            file: Arc::new(file),
        };
        journal.cut().map_err(|e| io_error(path, e))?;
        let (header, events) = Self::read(path)?;
        Ok((journal, header, events))
    }

    /// The log of a run, without opening it for writing: its header, and its events one by one, as
    /// a log may be large. A last line that was cut short is passed over: the run may be writing it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged before its last line: now at the header, otherwise at
    /// the event.
    pub fn read(path: &Path) -> Result<(Header, Events), JournalError> {
        Self::read_wanting(path, |_| true)
    }

    /// As [`Journal::read`], for a reader that wants the fields beside the event of some events only, by their names: a
    /// long log is read faster then.
    ///
    /// # Errors
    ///
    /// As [`Journal::read`].
    pub fn read_wanting(
        path: &Path,
        wanted: fn(&str) -> bool,
    ) -> Result<(Header, Events), JournalError> {
        let file = open_regular(path, OpenOptions::new().read(true))?;
        read::read(path, file, wanted)
    }

    /// Whether another process writes the log.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn is_locked(path: &Path) -> Result<bool, JournalError> {
        let file = open_regular(path, OpenOptions::new().read(true))?;
        match lock(&file, path) {
            Ok(()) => Ok(false),
            Err(JournalError::Locked { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The fields of the first line that are not part of the header.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn header_fields(path: &Path) -> Result<Map<String, Value>, JournalError> {
        let file = open_regular(path, OpenOptions::new().read(true))?;
        let mut line = String::new();
        let read = BufReader::new(file)
            .take(LONGEST_HEADER)
            .read_line(&mut line);
        read.map_err(|e| io_error(path, e))?;
        Ok(serde_json::from_str(&line).unwrap_or_default())
    }

    /// The events of a log with the text of their lines, one by one, for a reader that stops early: [`Journal::read`] is
    /// ahead of its reader by large parts. A last line that was cut short is an error.
    pub(crate) fn texts(
        path: &Path,
    ) -> Result<impl Iterator<Item = Result<(Event, String), JournalError>>, JournalError> {
        let file = open_regular(path, OpenOptions::new().read(true))?;
        let path = path.to_owned();
        let texts = read_texts(BufReader::new(file));
        Ok(texts.map(move |read| match read {
            Ok((_, event, text)) => Ok((event, text)),
            Err(source) => Err(JournalError::Log {
                path: path.clone(),
                source,
            }),
        }))
    }

    /// Appends an event, with fields of the run's own that readers of events ignore. Returns the line
    /// without its end.
    ///
    /// # Errors
    ///
    /// The line could not be written whole; then nothing of it is left, and the log is as before.
    /// Or somebody else wrote to the log.
    pub fn append(
        &mut self,
        event: &Event,
        more: &Map<String, Value>,
    ) -> Result<String, JournalError> {
        let mut line = to_line(event);
        if !more.is_empty() {
            line.pop(); // the closing brace
            // Its keys are text, so it has a JSON form.
            let more = serde_json::to_string(more).unwrap_or_default();
            line.push(',');
            line.push_str(more.get(1..).unwrap_or("}"));
        }
        line.push('\n');
        self.check_that_it_is_ours()?;
        match (&*self.file).write_all(line.as_bytes()) {
            Ok(()) => {
                self.length += line.len() as u64;
                line.pop(); // its end
                Ok(line)
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

    /// The file, for somebody who waits elsewhere until its lines are on the disk.
    #[must_use]
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)
    }

    /// That the file is still the one of that name, and has what this process wrote.
    fn check_that_it_is_ours(&self) -> Result<(), JournalError> {
        let found = match fs::symlink_metadata(&self.path) {
            Ok(there) if (there.dev(), there.ino()) == self.identity => there.len(),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(&self.path, error));
            }
            _ => {
                return Err(JournalError::Replaced {
                    path: self.path.clone(),
                });
            }
        };
        if found == self.length {
            return Ok(());
        }
        Err(JournalError::Changed {
            path: self.path.clone(),
            expected: self.length,
            found,
        })
    }
}

/// The hyper-parameters in the fields of a trial's start; none where they do not tell, as in logs of other sources.
#[must_use]
pub fn configuration(fields: &Map<String, Value>) -> Configuration {
    let own = fields.get("configuration");
    own.and_then(|own| Configuration::deserialize(own).ok())
        .unwrap_or_default()
}

/// Opens a file that is one: neither a link nor a pipe, which would be written elsewhere or never
/// end.
fn open_regular(path: &Path, options: &mut OpenOptions) -> Result<File, JournalError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|e| io_error(path, e))?;
    let metadata = file.metadata().map_err(|e| io_error(path, e))?;
    if metadata.is_file() {
        return Ok(file);
    }
    let reason = "it is no regular file, but a pipe, a device or a directory";
    Err(io_error(
        path,
        io::Error::new(io::ErrorKind::InvalidData, reason),
    ))
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Gives a file its name unless there is one of that name.
fn name_anew(partial: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(partial, path) {
        Ok(()) => fs::remove_file(partial),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no second names.
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        Err(_) => fs::rename(partial, path),
    }
}

/// The lock lasts as long as the file is open.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match lock::patiently(file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalError::Locked {
            path: path.to_owned(),
        }),
        Err(error) => Err(io_error(path, error)),
    }
}

fn io_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Length of all lines that have their end.
///
/// The last of them is looked for from the end, so that it takes no longer in a long log.
fn whole_length(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut part = vec![0; PART as usize];
    let mut end = length;
    while end > 0 {
        if length - end > LONGEST_LINE {
            let reason = format!(
                "the last {} MB hold no end of a line, so this is not an event log",
                LONGEST_LINE >> 20
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        let begin = end.saturating_sub(PART);
        let part = &mut part[..(end - begin) as usize];
        file.read_exact_at(part, begin)?;
        if let Some(place) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(begin + place as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}
