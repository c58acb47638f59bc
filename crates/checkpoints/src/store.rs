use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::StoreError;

/// Where the checkpoints of one run are kept.
///
/// A training program writes into the staging directory of its trial ([`Store::begin`]);
/// [`Store::commit`] makes that a checkpoint at once or not at all. Only committed checkpoints are
/// listed, restored and deleted. Deleting has two parts: [`Store::set_aside`] is fast, and from then
/// on nothing resumes from the checkpoint; [`Store::purge`] frees the room and may take long. A
/// [`Deleter`](crate::Deleter) does the second part in the background.
///
/// All calls may come from several threads, but those that concern one trial must not overlap, and
/// at most one process uses a store at a time.
///
/// ```
/// use rungkeeper_checkpoints::{DirectoryStore, Handover, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = DirectoryStore::open(&folder.path().join("my-run"), "my-run")?;
///
/// // The first process of trial 7 trains up to level 3.
/// let staging = store.begin("7")?;
/// std::fs::write(staging.join("weights"), "0.25")?;
/// let committed = store.commit("7", 3, 1, Handover::Move)?;
/// assert_eq!((committed.stored.level, committed.stored.bytes), (3, 4));
///
/// // Its second process goes on from there.
/// let staging = store.begin("7")?;
/// let restored = store.restore("7", &staging)?;
/// assert_eq!(restored.checkpoint.map(|stored| stored.level), Some(3));
/// assert_eq!(std::fs::read_to_string(staging.join("weights"))?, "0.25");
///
/// store.delete("7")?;
/// assert!(store.list()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Send + Sync {
    /// Makes an empty staging directory for a trial, for its training program to write into.
    ///
    /// What lay in an earlier one of the same trial is dropped.
    ///
    /// # Errors
    ///
    /// The directory could not be made.
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError>;

    /// Drops the staging directory of a trial, that of a crashed one for example. What is returned
    /// still has to be purged; `None` means there was none.
    ///
    /// # Errors
    ///
    /// It could not be moved aside.
    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError>;

    /// Makes what lies in the staging directory of a trial its newest checkpoint, and sets the older
    /// ones aside once the new one is durable.
    ///
    /// `level` is the level the trial has reached, `attempt` counts its processes; both are kept and
    /// handed back. Permissions, times and owners of files are not kept. While this call runs
    /// nothing must write into the directory.
    ///
    /// # Errors
    ///
    /// Anything that kept the checkpoint from being durable; then it is not there, an older one
    /// still is, and the staging directory is kept, so that the call can be made again. Only where
    /// the last step, writing the new name to the disk, is what failed may it be there after all:
    /// [`Store::list`] tells. Where the store is what failed ([`StoreError::is_unavailable`]), a
    /// later process ends the commit by [`Store::finish_commits`].
    fn commit(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        handover: Handover,
    ) -> Result<Committed, StoreError>;

    /// As [`Store::commit`], but only the part that needs no more than the local disk: a later
    /// process ends the commit by [`Store::finish_commits`]. For a store that cannot be reached when
    /// the process has to end. Without effect in a store that never leaves such commits behind.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    fn postpone(
        &self,
        _trial: &str,
        _level: u64,
        _attempt: u64,
        _handover: Handover,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends the commits that an earlier process began and did not get to end: it was killed, or the
    /// store could not be reached. Called before [`Store::list`] and [`Store::sweep`].
    ///
    /// Only what that process had prepared in full becomes a checkpoint, and only where the trial
    /// has none that was committed later. Returns the new checkpoints; a store that never leaves
    /// such commits behind has none.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; the call can be made again.
    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
        Ok(Vec::new())
    }

    /// Copies the newest checkpoint of a trial that is whole into a new or empty directory.
    ///
    /// Each file is compared with the size and hash in the manifest. One that is not whole is
    /// passed over, and named in what is returned. Without any the directory stays empty, and the
    /// trial trains from scratch.
    ///
    /// # Errors
    ///
    /// The target is not empty or cannot be written to, or the store cannot be reached.
    fn restore(&self, trial: &str, target: &Path) -> Result<Restored, StoreError>;

    /// All committed checkpoints, by trial, then in the order they were committed.
    ///
    /// A trial has one; two for a moment, while a commit has made the newer durable and sets the
    /// older aside, and where that failed. Those whose manifest is damaged are listed too, since
    /// they take room.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn list(&self) -> Result<Vec<Stored>, StoreError>;

    /// The number the next commit gets or exceeds; all checkpoints there are have smaller ones. It
    /// bounds a deletion that is tried again later: see [`Store::set_aside`].
    fn sequence(&self) -> u64;

    /// Moves the oldest checkpoint of a trial aside, if its [`Stored::sequence`] is below `before`.
    ///
    /// Nothing is restored from it any more, but it takes room until [`Store::purge`] has removed
    /// it. `None`: there is none (left). The bound keeps a deletion that is tried again from taking
    /// a checkpoint that was committed meanwhile.
    ///
    /// # Errors
    ///
    /// It could not be moved.
    fn set_aside(&self, trial: &str, before: u64) -> Result<Option<Aside>, StoreError>;

    /// Removes what was set aside. That it is gone already is success.
    ///
    /// # Errors
    ///
    /// Something is left; it stays aside, and the call can be made again.
    fn purge(&self, aside: &Aside) -> Result<(), StoreError>;

    /// Clears up after a run that was killed: half-written staging directories, checkpoints that
    /// were set aside, older ones that a newer one replaces. Called before trials are started;
    /// what this process began itself is left alone.
    ///
    /// # Errors
    ///
    /// The store cannot be read. What could not be removed is no error, but named.
    fn sweep(&self) -> Result<Swept, StoreError>;

    /// What lies in the store without being owned: checkpoints of trials that `owned` does not
    /// know, and things that this run did not make. Nothing is changed.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn orphans(&self, owned: &dyn Fn(&str) -> bool) -> Result<Vec<Orphan>, StoreError>;

    /// Sets aside and removes all checkpoints a trial has. That it has none is success.
    ///
    /// # Errors
    ///
    /// Something could not be moved or removed. What was moved before that is aside, and swept
    /// later if the call is not made again.
    fn delete(&self, trial: &str) -> Result<(), StoreError> {
        let before = self.sequence();
        while let Some(aside) = self.set_aside(trial, before)? {
            self.purge(&aside)?;
        }
        Ok(())
    }
}

/// How a staging directory becomes a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Handover {
    /// The directory itself is taken; the training program has ended.
    Move,
    /// The directory is copied and stays; the training program waits, and goes on afterwards.
    Copy,
}

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
}

/// A checkpoint that was given up and takes room until it is purged.
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
    /// A checkpoint that this run committed. [`Store::delete`] takes it.
    Checkpoint(Stored),
    /// Something that this run did not make. The store never touches it.
    Foreign {
        /// Where it lies.
        location: String,
        /// Sum of the sizes of the files in it.
        bytes: u64,
    },
}

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
                (**self).begin(trial)
            }

            fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
                (**self).discard(trial)
            }

            fn commit(
                &self,
                trial: &str,
                level: u64,
                attempt: u64,
                handover: Handover,
            ) -> Result<Committed, StoreError> {
                (**self).commit(trial, level, attempt, handover)
            }

            fn postpone(
                &self,
                trial: &str,
                level: u64,
                attempt: u64,
                handover: Handover,
            ) -> Result<(), StoreError> {
                (**self).postpone(trial, level, attempt, handover)
            }

            fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
                (**self).finish_commits()
            }

            fn restore(&self, trial: &str, target: &Path) -> Result<Restored, StoreError> {
                (**self).restore(trial, target)
            }

            fn list(&self) -> Result<Vec<Stored>, StoreError> {
                (**self).list()
            }

            fn sequence(&self) -> u64 {
                (**self).sequence()
            }

            fn set_aside(&self, trial: &str, before: u64) -> Result<Option<Aside>, StoreError> {
                (**self).set_aside(trial, before)
            }

            fn purge(&self, aside: &Aside) -> Result<(), StoreError> {
                (**self).purge(aside)
            }

            fn sweep(&self) -> Result<Swept, StoreError> {
                (**self).sweep()
            }

            fn orphans(&self, owned: &dyn Fn(&str) -> bool) -> Result<Vec<Orphan>, StoreError> {
                (**self).orphans(owned)
            }

            fn delete(&self, trial: &str) -> Result<(), StoreError> {
                (**self).delete(trial)
            }
        }
    )*};
}

forward!(Box, Arc);

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
