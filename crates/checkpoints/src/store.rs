use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Aside, Committed, Orphan, Prepared, Restored, StoreError, Stored, Swept, Verified};

/// Where the checkpoints of one run are kept.
///
/// A training program writes into the live folder of its trial ([`Store::begin`]), which has the
/// same path each time; [`Store::commit`] makes that a checkpoint at once or not at all. Only
/// committed checkpoints are listed, restored and deleted. Deleting has two parts:
/// [`Store::set_aside`] is fast, and from then on nothing resumes from the checkpoint;
/// [`Store::purge`] frees the room and may take long. A [`Deleter`](crate::Deleter) does the second
/// part in the background.
///
/// All calls may come from several threads, but those that concern one trial must not overlap
/// (purging excepted), and at most one process uses a store at a time.
///
/// ```
/// use rungkeeper_checkpoints::{DirectoryStore, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = DirectoryStore::open(&folder.path().join("my-run"), "my-run")?;
///
/// // The first process of trial 7 trains up to level 3.
/// let live = store.begin("7")?;
/// std::fs::write(live.join("weights"), "0.25")?;
/// let committed = store.commit("7", 3, 1)?;
/// assert_eq!((committed.stored.level, committed.stored.bytes), (3, 4));
///
/// // Its second process goes on from there, at the same path.
/// assert_eq!(store.begin("7")?, live);
/// let restored = store.restore("7", &live)?;
/// assert_eq!(restored.checkpoint.map(|stored| stored.level), Some(3));
/// assert_eq!(std::fs::read_to_string(live.join("weights"))?, "0.25");
///
/// store.delete("7")?;
/// assert!(store.list()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Send + Sync {
    /// Makes an empty live folder for a trial, for its training program to write into. A trial has
    /// the same path at each call, also in a later process.
    ///
    /// What lay there before is dropped.
    ///
    /// # Errors
    ///
    /// The folder could not be made.
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError>;

    /// The live folder of a trial, if this process or an earlier one left one. It can be prepared,
    /// committed or discarded; a sweep takes what an earlier process left.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError>;

    /// Drops the live folder of a trial, that of a crashed one for example, whichever process made
    /// it. What is returned still has to be purged; `None` means there was none.
    ///
    /// # Errors
    ///
    /// It could not be moved aside.
    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError>;

    /// Does what a commit of the live folder needs and what the local disk alone can do, in place
    /// and while the training program waits: files are hashed and written to the disk, and the
    /// manifest is put beside the folder. Nothing is visible yet, and the folder is as it was.
    ///
    /// The [`Store::commit`] that follows reads nothing again that has not changed. If the process
    /// ends before it, a later one ends the commit by [`Store::finish_commits`], provided that the
    /// folder still has the same content.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    fn prepare(&self, trial: &str, level: u64, attempt: u64) -> Result<Prepared, StoreError>;

    /// Makes the live folder of a trial its newest checkpoint, by moving it, and sets the older
    /// checkpoints aside once the new one is durable.
    ///
    /// `level` is the level the trial has reached, `attempt` counts its processes; both are kept and
    /// handed back. The training program must have ended. Modes and times of files and folders,
    /// hard links among them, and holes are kept; owners are not. A file that somebody else may
    /// still write to, because it has a name outside the folder or is open in a process, is replaced
    /// by a copy first. What cannot be kept is left out and named.
    ///
    /// # Errors
    ///
    /// Anything that kept the checkpoint from being durable; then it is not there, an older one
    /// still is, and the live folder is kept, so that the call can be made again. Only where the
    /// last step, writing the new name to the disk, is what failed may it be there after all:
    /// [`Store::list`] tells. Where the store is what failed ([`StoreError::is_unavailable`]), a
    /// later process ends the commit by [`Store::finish_commits`] if it was prepared.
    fn commit(&self, trial: &str, level: u64, attempt: u64) -> Result<Committed, StoreError>;

    /// Ends the commits that an earlier process began and did not get to end: it was killed, or the
    /// store could not be reached. Called before [`Store::list`] and [`Store::sweep`].
    ///
    /// Only what that process had prepared in full becomes a checkpoint, and only where the trial
    /// has none that was committed later. Returns the new checkpoints.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; the call can be made again.
    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError>;

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

    /// Asks for one checkpoint by its key, before it is called lost: a listing may be incomplete.
    ///
    /// `sequence` is its [`Stored::sequence`], where the caller's log tells it; without it the
    /// newest one of that level is taken. In a bucket the object itself is asked for, and a local
    /// copy counts. One whose manifest is damaged is found too.
    ///
    /// # Errors
    ///
    /// The store cannot be read or reached.
    fn find(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError>;

    /// Compares each file of the newest checkpoint of a trial with its size and hash. `None`: the
    /// trial has none. Takes as long as reading it.
    ///
    /// # Errors
    ///
    /// The store cannot be read or reached. What is broken in the checkpoint is no error.
    fn verify(&self, trial: &str) -> Result<Option<Verified>, StoreError>;

    /// Bytes of a checkpoint's files that are there, where a look at a disk of this machine tells: fewer than
    /// [`Stored::bytes`] if somebody took some away. `None`, which is the default: a look does not tell.
    fn present(&self, stored: &Stored) -> Option<u64> {
        let _ = stored;
        None
    }

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

    /// Clears up after a run that was killed: live folders, checkpoints that were set aside, older
    /// ones that a newer one replaces, once that is known to be whole. Called before trials are
    /// started; what this process began, prepared or committed itself is left alone.
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

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
                (**self).begin(trial)
            }

            fn live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError> {
                (**self).live(trial)
            }

            fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
                (**self).discard(trial)
            }

            fn prepare(
                &self,
                trial: &str,
                level: u64,
                attempt: u64,
            ) -> Result<Prepared, StoreError> {
                (**self).prepare(trial, level, attempt)
            }

            fn commit(
                &self,
                trial: &str,
                level: u64,
                attempt: u64,
            ) -> Result<Committed, StoreError> {
                (**self).commit(trial, level, attempt)
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

            fn find(
                &self,
                trial: &str,
                level: u64,
                sequence: Option<u64>,
            ) -> Result<Option<Stored>, StoreError> {
                (**self).find(trial, level, sequence)
            }

            fn verify(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
                (**self).verify(trial)
            }

            fn present(&self, stored: &Stored) -> Option<u64> {
                (**self).present(stored)
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
