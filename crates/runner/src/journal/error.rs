use std::io;
use std::path::{Path, PathBuf};

use rungkeeper_tuner::log::LogError;
use thiserror::Error;

use crate::whole::is_full;

/// Why a journal could not be opened or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file could not be read or written.
    #[error("{}: {source}{}", path.display(), room_for_the_log(path, source))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process writes to the log.
    #[error("{} is written by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else wrote to the log while this process did.
    #[error(
        "{} has {found} bytes instead of {expected}: another process wrote to it, so this one stops; \
         nothing more is written", path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its length as this process wrote it.
        expected: u64,
        /// Its length now.
        found: u64,
    },
    /// Somebody removed the log, or put another file in its place, while this process wrote it.
    #[error(
        "{} is gone or another file than the one that this process writes, so it stops; nothing more is written", path.display()
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The log is damaged, not only cut short.
    #[error("{}: {source}{}", path.display(), remedy(source))]
    Log {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        source: LogError,
    },
}

/// What a person can do about a damaged line: no program knows what it was.
pub(super) fn remedy(error: &LogError) -> String {
    match error {
        LogError::Line { line, .. } if *line > 1 => format!(
            "\nkeep a copy; then mend the line, or keep what is before it: head -n {}",
            line - 1
        ),
        _ => String::new(),
    }
}

/// What a person can do where there is no room for the log.
fn room_for_the_log(log: &Path, error: &io::Error) -> String {
    if !is_full(error) {
        return String::new();
    }
    let is_new = log.extension().is_some_and(|ending| ending == "partial");
    let dir = log.parent().unwrap_or(log).display();
    if is_new {
        return "; nothing was started: free space there, and run it again".to_owned();
    }
    format!("; nothing is lost: free space there, then `rungkeeper resume {dir}` goes on")
}
