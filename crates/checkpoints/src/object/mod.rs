//! A store in a bucket.

mod bucket;
mod client;
mod commit;
mod find;
mod listing;
mod open;
mod remove;
mod restore;
mod tombstones;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::directory::{DirectoryStore, State};
use crate::stamp::Stamp;
use crate::{
    Aside, Committed, Orphan, Prepared, Restored, Store, StoreError, Stored, Swept, Verified,
};

use bucket::Bucket;
use listing::Key;
use tombstones::Tombstones;

pub use client::client_environment;

/// Checkpoints in a bucket, with a directory as their local copy.
///
/// Any store of the `object_store` crate serves as the bucket. Below a prefix of its own lie
///
/// ```text
/// rungkeeper-store.json                                        the run whose store this is
/// checkpoints/<trial>/<number>.level-<level>/data/...          its files, by number and name
/// checkpoints/<trial>/<number>.level-<level>/manifest.jsonl    the commit mark, written last
/// ```
///
/// and in the local directory what a [`DirectoryStore`] holds. The two make one store:
///
/// - **Commit**: the files are uploaded, then the manifest; from then on the checkpoint counts, and
///   the local directory gets its final name. A commit that fails leaves the older checkpoint and
///   the staging directory as they were.
/// - **Bytes** are those in the bucket: what is paid for. The local copies are not added.
/// - **Restore** takes the local copy if it is whole, and otherwise what is in the bucket.
/// - **Setting aside** needs no network: a note in the local directory says that the checkpoint
///   goes, and it counts as gone.
/// - **Purge** removes the manifest object, then the other objects, then the local copy.
///
/// A bucket that cannot be reached is an error of the call, never a missing checkpoint. How long the
/// client itself tries again is up to the client ([`ObjectStore::from_address`] takes a time). A
/// commit that could not be uploaded stays prepared in the local directory, and is ended by
/// [`Store::finish_commits`] of a later process.
///
/// Uploads in parts that a kill cut off are invisible, but may cost: a rule of the bucket should
/// end incomplete uploads after a day.
///
/// Calls block, on a small asynchronous runtime inside; from an asynchronous task they are refused.
/// One process at a time uses the prefix and the local directory, and the prefix holds nothing else.
///
/// ```
/// use std::sync::Arc;
/// use rungkeeper_checkpoints::{ObjectStore, Store};
///
/// let local = tempfile::tempdir()?;
/// let bucket = Arc::new(object_store::memory::InMemory::new());
/// let store = ObjectStore::open(bucket, "experiments/my-run", local.path(), "my-run")?;
/// let staging = store.begin("7")?;
/// std::fs::write(staging.join("weights"), "0.25")?;
/// let committed = store.commit("7", 1, 1)?;
/// assert_eq!(
///     committed.stored.location,
///     "experiments/my-run/checkpoints/7/0000000001.level-1",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ObjectStore {
    cache: DirectoryStore,
    bucket: Bucket,
    /// What earlier processes left has numbers below this one.
    first: u64,
    state: Mutex<Known>,
}

/// What this process knows to be in the bucket; nobody else changes it.
#[derive(Debug, Default)]
struct Known {
    /// By name of the trial.
    stored: BTreeMap<String, BTreeMap<Stamp, Stored>>,
    tombstones: Tombstones,
}

impl ObjectStore {
    /// The local directory.
    #[must_use]
    pub fn local(&self) -> &Path {
        self.cache.root()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Each change is whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads manifests from the bucket; those that are gone meanwhile are left out.
    fn manifests(&self, keys: Vec<Key>) -> Result<Vec<(Key, State)>, StoreError> {
        let run = self.cache.run();
        let read = self.bucket.get_manifests(&keys)?;
        let states = keys.into_iter().zip(read).filter_map(|(key, bytes)| {
            let state = State::of(&bytes?, run, &key.name, key.stamp);
            Some((key, state))
        });
        Ok(states.collect())
    }

    fn stored(&self, key: &Key, state: &State, bytes: u64) -> Option<Stored> {
        state.stored(&key.name, key.stamp, self.bucket.location(key), || bytes)
    }

    fn list_bucket(&self) -> Result<Vec<Stored>, StoreError> {
        let listing = self.bucket.list(&Key::all())?;
        let mut all = Vec::new();
        let mut unknown = Vec::new();
        {
            let known = self.known();
            for key in listing.marked() {
                match known.get(&key.name, key.stamp) {
                    Some(stored) => all.push(stored.clone()),
                    None if known.tombstones.contains(&key) => {}
                    None => unknown.push(key),
                }
            }
        }
        let mut missing = self.known().keys();
        missing.retain(|key| !listing.groups.get(key).is_some_and(|group| group.marked));
        all.extend(self.really_there(missing)?);
        for (key, state) in self.manifests(unknown)? {
            // What was set aside while the bucket was asked is not listed.
            if !self.known().tombstones.contains(&key) {
                all.extend(self.stored(&key, &state, listing.bytes(&key)));
            }
        }
        all.sort_by(|a, b| (&a.trial, a.sequence).cmp(&(&b.trial, b.sequence)));
        Ok(all)
    }
}

impl Known {
    fn insert(&mut self, name: String, stamp: Stamp, stored: Stored) {
        self.stored.entry(name).or_default().insert(stamp, stored);
    }

    fn keys(&self) -> Vec<Key> {
        let all = self.stored.iter().flat_map(|(name, versions)| {
            versions.keys().map(|&stamp| Key {
                name: name.clone(),
                stamp,
            })
        });
        all.collect()
    }

    fn get(&self, name: &str, stamp: Stamp) -> Option<&Stored> {
        self.stored.get(name)?.get(&stamp)
    }

    fn remove(&mut self, name: &str, stamp: Stamp) -> Option<Stored> {
        let versions = self.stored.get_mut(name)?;
        let stored = versions.remove(&stamp);
        if versions.is_empty() {
            self.stored.remove(name);
        }
        stored
    }
}

impl Store for ObjectStore {
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
        self.cache.begin(trial)
    }

    fn live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError> {
        self.cache.live(trial)
    }

    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
        self.cache.discard(trial)
    }

    fn prepare(&self, trial: &str, level: u64, attempt: u64) -> Result<Prepared, StoreError> {
        self.cache.prepare(trial, level, attempt)
    }

    fn commit(&self, trial: &str, level: u64, attempt: u64) -> Result<Committed, StoreError> {
        self.commit_to_bucket(trial, level, attempt)
    }

    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
        self.finish_cut_off()
    }

    fn restore(&self, trial: &str, target: &Path) -> Result<Restored, StoreError> {
        self.restore_newest(trial, target)
    }

    fn list(&self) -> Result<Vec<Stored>, StoreError> {
        self.list_bucket()
    }

    fn find(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError> {
        self.find_one(trial, level, sequence)
    }

    fn verify(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
        self.verify_newest(trial)
    }

    fn present(&self, stored: &Stored) -> Option<u64> {
        self.cache.present(stored)
    }

    fn sequence(&self) -> u64 {
        self.cache.sequence()
    }

    fn set_aside(&self, trial: &str, before: u64) -> Result<Option<Aside>, StoreError> {
        self.set_oldest_aside(trial, before)
    }

    fn purge(&self, aside: &Aside) -> Result<(), StoreError> {
        self.purge_key(&aside.key)
    }

    fn sweep(&self) -> Result<Swept, StoreError> {
        self.sweep_all()
    }

    fn orphans(&self, owned: &dyn Fn(&str) -> bool) -> Result<Vec<Orphan>, StoreError> {
        self.find_orphans(owned)
    }
}
