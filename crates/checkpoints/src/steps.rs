use std::fmt;
use std::sync::Arc;

use crate::StoreError;

/// The places inside an operation where a kill, a full disk or a lost connection leaves different
/// things behind.
///
/// A store opened with [`Steps`] calls the hook at each of them; see [`Faults`](crate::Faults).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Step {
    /// Commit: before a file that somebody else can write to is replaced by a copy.
    Copying,
    /// Commit: all files are on the disk, the manifest is not written.
    Synced,
    /// Commit: the manifest is written; nothing is visible yet.
    ManifestWritten,
    /// Commit to a bucket: before each object of data is uploaded.
    Uploading,
    /// Commit to a bucket: all data is there, the manifest object (the commit mark) is not.
    Uploaded,
    /// Commit to a bucket: the manifest object is there, the local copy not yet renamed.
    Marked,
    /// Commit: the directory has its final name; the older checkpoint is still there.
    Renamed,
    /// Restore: before each file is read.
    Restoring,
    /// Setting aside, in a bucket: it is written down that the checkpoint goes, all else is there.
    Condemned,
    /// Setting aside: before the directory is moved.
    SettingAside,
    /// Setting aside: the directory has been moved.
    SetAside,
    /// Purging: before files are removed.
    Purging,
    /// Purging, in a bucket: the manifest object is gone, the data is not.
    Unmarked,
    /// Purging, in a bucket: all objects are gone, the local copy is not.
    Emptied,
    /// Purging: the files are gone.
    Purged,
}

impl Step {
    /// All steps, in the order of the variants.
    pub const ALL: [Self; 15] = [
        Self::Copying,
        Self::Synced,
        Self::ManifestWritten,
        Self::Uploading,
        Self::Uploaded,
        Self::Marked,
        Self::Renamed,
        Self::Restoring,
        Self::Condemned,
        Self::SettingAside,
        Self::SetAside,
        Self::Purging,
        Self::Unmarked,
        Self::Emptied,
        Self::Purged,
    ];
}

/// A hook that a store calls at each [`Step`]; by default there is none.
///
/// What the hook returns as an error is returned from the operation at once, without tidying up
/// where it is [`StoreError::Killed`].
///
/// ```
/// use rungkeeper_checkpoints::{DirectoryStore, Step, Steps, Store, StoreError};
///
/// let root = tempfile::tempdir()?;
/// let steps = Steps::new(|step| match step {
///     Step::Renamed => Err(StoreError::Killed { step: Some(step) }),
///     _ => Ok(()),
/// });
/// let store = DirectoryStore::open_with(root.path(), "my-run", steps)?;
/// store.begin("7")?;
/// assert!(store.commit("7", 1, 1).is_err());
/// assert_eq!(store.list()?.len(), 1); // the rename had been done
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Steps(Option<Arc<Hook>>);

type Hook = dyn Fn(Step) -> Result<(), StoreError> + Send + Sync;

impl Steps {
    /// Calls `hook` at each step.
    pub fn new(hook: impl Fn(Step) -> Result<(), StoreError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(crate) fn reach(&self, step: Step) -> Result<(), StoreError> {
        self.0.as_ref().map_or(Ok(()), |hook| hook(step))
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Steps").field(&self.0.is_some()).finish()
    }
}
