//! What is to be done on a store, and what it comes to.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rungkeeper_checkpoints::{Committed, Fingerprint, Prepared, Restored, StoreError};
use rungkeeper_tuner::search_space::Configuration;

use crate::experiment::Experiment;
use crate::process::{Output, Process, ProcessId};

/// A job of a trial.
#[derive(Debug)]
pub(crate) enum Job {
    /// Make its folder, restore its checkpoint, start its program.
    Start(Box<Start>),
    /// Hash and sync what its program wrote, which waits for its answer.
    Prepare { process: ProcessId, level: u64 },
    /// Its program has ended: make what it left a checkpoint, if it can be trusted.
    Keep(Keep),
    /// Its program has ended unexpectedly: look at what it left.
    Look {
        process: ProcessId,
        saved: Option<Saved>,
        /// The largest checkpoint of the run so far.
        largest: u64,
        /// With less room than this a disk may have been full a moment ago.
        scarce: u64,
    },
    /// Delete its checkpoints; they are removed in the log.
    Remove { bytes: u64 },
    /// Delete what its program left and nobody committed.
    Discard,
}

/// How the program of a trial is started.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) process: ProcessId,
    pub(crate) folder: Folder,
    pub(crate) experiment: Arc<Experiment>,
    pub(crate) configuration: Configuration,
    /// Where a JSON file of the hyper-parameters is to be, if the command asks for one.
    pub(crate) config: Option<PathBuf>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: PathBuf,
    pub(crate) output: Arc<Output>,
}

/// What the folder of a program holds when it starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Folder {
    /// Nothing.
    Empty,
    /// The newest checkpoint that is whole.
    Restored,
    /// What the trial's last process left there.
    AsItIs,
}

/// What a program said it had saved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Saved {
    pub(crate) level: u64,
    /// How its files lay then.
    pub(crate) fingerprint: Fingerprint,
}

/// What a program left, and how far that can be trusted.
#[derive(Debug)]
pub(crate) struct Keep {
    pub(crate) process: ProcessId,
    /// If nothing was written since, it is this.
    pub(crate) saved: Option<Saved>,
    /// Otherwise it is of this level, where the program ended as it should.
    pub(crate) otherwise: Option<u64>,
    /// What is larger is not kept.
    pub(crate) most_bytes: Option<u64>,
}

/// What became of what a program left.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It is a checkpoint.
    Committed(Committed),
    /// There was nothing.
    Nothing,
    /// It may have been in the middle of writing.
    NotTrusted,
    /// It has this many bytes, more than there may be.
    TooLarge(u64),
    /// It could not be committed.
    Failed(StoreError),
}

/// What a program left that ended unexpectedly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Left {
    /// Nothing was written since it said that it had saved.
    pub(crate) is_as_saved: bool,
    /// There is nothing in its folder.
    pub(crate) is_empty: bool,
    pub(crate) room: Room,
}

/// What room a disk has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Room {
    Enough,
    /// It may have been full until a program removed what it had begun to write.
    Scarce,
    /// Not for another checkpoint, or it cannot be written.
    None,
}

/// A program that runs, and what its folder held.
#[derive(Debug)]
pub(crate) struct Started {
    /// Why not, if it could not be started.
    pub(crate) process: io::Result<Process>,
    pub(crate) restored: Restored,
    /// Whether its folder is as the trial's last process left it.
    pub(crate) folder_kept: bool,
}

/// What a job came to.
#[derive(Debug)]
pub(crate) enum Done {
    Started(ProcessId, Result<Box<Started>, StoreError>),
    /// The run stops, so its program was not started.
    NotStarted(ProcessId),
    Prepared(ProcessId, Result<Prepared, StoreError>),
    Kept(ProcessId, Kept),
    Left(ProcessId, Left),
    /// Nothing, by a mistake of the program.
    Broke(String),
    /// What could not be deleted; it is tried again.
    NotDiscarded(String, StoreError),
}

impl Job {
    pub(super) fn is_removal(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }
}
