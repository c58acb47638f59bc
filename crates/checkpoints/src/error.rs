use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::Step;

/// Why a store did not do what it was asked.
///
/// Names of files and trials are shown as quoted text, so that a message stays on one line whatever
/// is in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused something.
    #[error("could not {action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system refused something at a place of the store's own.
    #[error("could not {action} {path:?}, which the store needs: {source}")]
    Place {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A place that this run has used before holds no store.
    #[error(
        "{place:?} holds no store of checkpoints, although this run has one there; is its disk \
         mounted, or was the folder moved? Nothing was made there"
    )]
    Missing {
        /// The directory, or bucket and prefix.
        place: String,
    },
    /// Something that cannot be part of a checkpoint.
    #[error(
        "{path:?} cannot be part of a checkpoint: {what}; allowed are regular files, directories, \
         and relative links that stay inside the checkpoint"
    )]
    Unsupported {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// Something that this run did not make stands where it works; it is not touched.
    #[error("{path:?} is not touched: {reason}")]
    Refused {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The place is not empty, and no store.
    #[error(
        "{place:?} is not a store of checkpoints, and not empty; allowed are an empty place, a new \
         one, or one that a store was opened in before"
    )]
    NotAStore {
        /// The directory, or bucket and prefix.
        place: String,
    },
    /// The place belongs to another run.
    #[error("{place:?} holds the checkpoints of run {found:?}, not of {expected:?}")]
    OtherRun {
        /// The directory, or bucket and prefix.
        place: String,
        /// The run it was opened for.
        expected: String,
        /// The run it belongs to.
        found: String,
    },
    /// A bucket lacks the mark that says whose it is, although this run has used one before.
    #[error("{place:?} lacks the mark that this run left in its bucket; is it the right place?")]
    Lost {
        /// The bucket and prefix.
        place: String,
    },
    /// A commit without a staging directory.
    #[error("trial {trial:?} has no staging directory; `begin` makes one")]
    NotBegun {
        /// The trial.
        trial: String,
    },
    /// A checkpoint is restored into an empty directory only.
    #[error("{path:?} is not empty; a checkpoint is restored into a new or empty directory")]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// A file was written to while it was committed.
    #[error("{path:?} changed while it was committed; commit again once nothing writes to it")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The bucket could not be reached, or refused something.
    #[error("could not {action} {key:?} in the bucket: {source}")]
    Bucket {
        /// What was tried.
        action: &'static str,
        /// The object.
        key: String,
        /// What the client said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The calling thread runs asynchronous tasks, which a call that blocks would stop.
    #[error("a bucket cannot be used from an asynchronous task; call it from a thread of its own")]
    InAsyncTask,
    /// A test stopped the store here, as a kill would have.
    #[error("killed{}", step.map(|step| format!(" at step {step:?}")).unwrap_or_default())]
    Killed {
        /// The step it had come to; none: before the operation.
        step: Option<Step>,
    },
}

impl StoreError {
    /// The kind of the system's error, where there is one.
    ///
    /// ```
    /// use std::io;
    /// use rungkeeper_checkpoints::StoreError;
    ///
    /// let source = io::Error::from(io::ErrorKind::ResourceBusy);
    /// let error = StoreError::Io { action: "rename", path: "a".into(), source };
    /// assert_eq!(error.io_kind(), Some(io::ErrorKind::ResourceBusy));
    /// assert_eq!(StoreError::InAsyncTask.io_kind(), None);
    /// ```
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } | Self::Place { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// Whether the store is what failed, not what it was given: its bucket could not be reached, or
    /// refused; its disk is full, read-only, broken, or not there; its own directories cannot be
    /// used. The same call may succeed once that has changed. Never true of what is wrong with the
    /// files of a program.
    ///
    /// ```
    /// use std::io;
    /// use rungkeeper_checkpoints::StoreError;
    ///
    /// let source = "connection refused".into();
    /// let error = StoreError::Bucket { action: "write", key: "a".to_owned(), source };
    /// assert!(error.is_unavailable());
    /// let io = |kind: io::ErrorKind| StoreError::Io {
    ///     action: "write",
    ///     path: "a".into(),
    ///     source: kind.into(),
    /// };
    /// assert!(io(io::ErrorKind::StorageFull).is_unavailable());
    /// assert!(!io(io::ErrorKind::PermissionDenied).is_unavailable());
    /// assert!(!StoreError::NotBegun { trial: "7".to_owned() }.is_unavailable());
    /// ```
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Bucket { .. } | Self::Place { .. } | Self::Missing { .. } | Self::Lost { .. } => {
                true
            }
            Self::Io { source, .. } => is_of_the_disk(source),
            _ => false,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// As [`StoreError::io`], at a place of the store's own.
    pub(crate) fn place(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Place {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn is_killed(&self) -> bool {
        matches!(self, Self::Killed { .. })
    }
}

/// Whether an error is one of the disk, or of the way to it, whatever file it came with.
pub(crate) fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull
        | Kind::QuotaExceeded
        | Kind::ReadOnlyFilesystem
        | Kind::StaleNetworkFileHandle
        | Kind::TimedOut
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::NotConnected
        | Kind::ConnectionReset
        | Kind::ConnectionRefused
        | Kind::ConnectionAborted
        | Kind::OutOfMemory => true,
        _ => error.raw_os_error().is_some_and(is_number_of_the_disk),
    }
}

/// Those that have no kind of their own.
#[cfg(unix)]
fn is_number_of_the_disk(number: i32) -> bool {
    use rustix::io::Errno;
    // Handles that are used up are no more the program's fault than a full disk.
    let known = [Errno::IO, Errno::NODEV, Errno::NXIO, Errno::SHUTDOWN];
    let used_up = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS];
    let mut all = known.into_iter().chain(used_up);
    all.any(|errno| errno.raw_os_error() == number)
}

#[cfg(not(unix))]
fn is_number_of_the_disk(_: i32) -> bool {
    false
}
