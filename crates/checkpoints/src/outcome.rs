//! What the calls of a store hand back.

use std::path::PathBuf;

use crate::StoreError;

/// A committed checkpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// The trial. Where the manifest is damaged, as far as the name of the directory tells.
    pub trial: String,
    /// The level it was committed at.
    pub level: u64,
    /// The process of the trial that wrote it, as the caller counted.
    pub attempt: u64,
    /// Grows with each commit.
    pub sequence: u64,
    /// Sum of the sizes of its files, where they are paid for (in the bucket, if there is one).
    pub bytes: u64,
    /// Hash of its content (BLAKE3, hexadecimal): equal for equal files under equal names.
    pub hash: String,
    /// Where it lies, for people: a path, or a key of the bucket.
    pub location: String,
    /// What is wrong with its manifest, if anything.
    pub damaged: Option<String>,
}

/// What a commit did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Committed {
    /// The checkpoint.
    pub stored: Stored,
    /// Older ones of the trial; they are aside and still have to be purged.
    pub superseded: Vec<Aside>,
    /// What went wrong after the checkpoint was durable. It can be used all the same, and what was
    /// left undone is done by the next commit, deletion or sweep.
    pub warning: Option<StoreError>,
    /// What lay in the live folder and is no part of the checkpoint.
    pub left_out: Vec<LeftOut>,
}

/// What [`Store::prepare`](crate::Store::prepare) found in a live folder.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Prepared {
    /// Sum of the sizes of its files; a file with several names counts once.
    pub bytes: u64,
    /// Hash of its content, as in [`Stored::hash`]. A commit of the same content has the same one.
    pub hash: String,
    /// What lies there and would be no part of the checkpoint.
    pub left_out: Vec<LeftOut>,
}

/// Something in a live folder that a checkpoint cannot keep: a socket, a pipe, a device, a link
/// that leads outside, a name that is not Unicode, or what the runner may not read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Where it was, from the live folder on.
    pub path: PathBuf,
    /// Why it cannot be kept.
    pub reason: String,
}

/// What [`Store::verify`](crate::Store::verify) found.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The newest checkpoint of the trial.
    pub stored: Stored,
    /// What is broken in it; none: each file has the size and the hash it was committed with.
    pub broken: Option<Broken>,
}

/// A checkpoint that was removed and takes room until it is purged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aside {
    /// The trial.
    pub trial: String,
    /// The level it was committed at; none for what was never committed.
    pub level: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// What the store finds it by.
    pub key: String,
}

/// What a restore found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Restored {
    /// The checkpoint that was restored; none: the trial trains from scratch.
    pub checkpoint: Option<Stored>,
    /// Newer ones, or copies of it, that were not whole.
    pub broken: Vec<Broken>,
}

/// A checkpoint that is not whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// Where it lies.
    pub location: String,
    /// The level it was committed at.
    pub level: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What a sweep removed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Commits that were never finished.
    pub half_written: usize,
    /// Checkpoints that had been set aside, or that a newer one replaces.
    pub aside: usize,
    /// Room that was freed.
    pub bytes: u64,
    /// What could not be removed, and why; it is aside.
    pub failed: Vec<(Aside, StoreError)>,
}

/// Something in a store that nobody owns.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Orphan {
    /// A checkpoint that this run committed. [`Store::delete`](crate::Store::delete) takes it.
    Checkpoint(Stored),
    /// Something that this run did not make. The store never touches it.
    Foreign {
        /// Where it lies.
        location: String,
        /// Sum of the sizes of the files in it.
        bytes: u64,
    },
}

impl Swept {
    pub(crate) fn count(&mut self, aside: Aside, result: Result<(), StoreError>) {
        match result {
            Ok(()) => {
                self.bytes += aside.bytes;
                match aside.level {
                    Some(_) => self.aside += 1,
                    None => self.half_written += 1,
                }
            }
            Err(error) => self.failed.push((aside, error)),
        }
    }
}
