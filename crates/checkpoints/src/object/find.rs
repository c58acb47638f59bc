//! Single checkpoints, asked for by their keys.

use std::path::Path;

use super::{ObjectStore, listing::Key};
use crate::directory::{Found, State, Whole};
use crate::manifest::Manifest;
use crate::names::trial_name;
use crate::stamp::Stamp;
use crate::{Broken, Store as _, StoreError, Stored, Verified};

impl ObjectStore {
    pub(super) fn find_one(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError> {
        let name = trial_name(trial);
        let local = self.cache.found(&name)?;
        let mut stamps = self.stamps(&name, &local);
        match sequence {
            Some(sequence) => {
                stamps.insert(Stamp { sequence, level });
            }
            None => stamps.extend(self.listed_stamps(&name)?),
        }
        for stamp in stamps.into_iter().rev() {
            let asked = sequence.is_none_or(|sequence| sequence == stamp.sequence);
            let name = name.clone();
            let key = Key { name, stamp };
            if !asked || stamp.level != level || self.known().tombstones.contains(&key) {
                continue;
            }
            if let Some(stored) = self.ask(&key)? {
                return Ok(Some(stored));
            }
            // Only the local copy is left; a restore takes it.
            let copy = local.iter().find(|found| found.stamp == stamp);
            if let Some(stored) = copy.and_then(Found::stored) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// Asks the bucket for a checkpoint, and takes note of it.
    pub(super) fn ask(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let Some((key, state)) = self.manifests(vec![key.clone()])?.pop() else {
            return Ok(None);
        };
        let stored = match &state {
            State::Damaged(_) => self.stored(&key, &state, self.bucket.list_one(&key)?.bytes),
            _ => self.stored(&key, &state, 0),
        };
        if let Some(stored) = &stored {
            self.known().insert(key.name, key.stamp, stored.clone());
        }
        Ok(stored)
    }

    /// A listing may be incomplete: asks by key for each checkpoint that has a local copy and is not
    /// known to be in the bucket.
    pub(super) fn ask_for_the_unlisted(&self) -> Result<(), StoreError> {
        for copy in self.cache.list()? {
            let name = trial_name(&copy.trial);
            let stamp = Stamp {
                sequence: copy.sequence,
                level: copy.level,
            };
            let key = Key { name, stamp };
            let settled = {
                let known = self.known();
                known.get(&key.name, stamp).is_some() || known.tombstones.contains(&key)
            };
            if !settled {
                self.ask(&key)?;
            }
        }
        Ok(())
    }

    /// Those of some checkpoints that a listing lacked that are in the bucket all the same.
    pub(super) fn really_there(&self, missing: Vec<Key>) -> Result<Vec<Stored>, StoreError> {
        let known = self.manifests(missing)?;
        let stored = known.iter().filter_map(|(key, state)| {
            let known = self.known();
            let bytes = known.get(&key.name, key.stamp).map_or(0, |s| s.bytes);
            let condemned = known.tombstones.contains(key);
            drop(known);
            self.stored(key, state, bytes).filter(|_| !condemned)
        });
        Ok(stored.collect())
    }

    fn listed_stamps(&self, name: &str) -> Result<Vec<Stamp>, StoreError> {
        let listing = self.bucket.list(&Key::of_trial(name))?;
        Ok(listing.marked().into_iter().map(|key| key.stamp).collect())
    }

    /// The newest checkpoint is whole if its local copy is, or what the bucket holds.
    pub(super) fn verify_newest(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
        let name = trial_name(trial);
        let local = self.cache.found(&name)?;
        let Some(stamp) = self.stamps(&name, &local).pop_last() else {
            return Ok(None);
        };
        let copy = local.iter().find(|found| found.stamp == stamp);
        let key = Key { name, stamp };
        let whole = self.check_either(copy, &key)?;
        let stored = match self.known().get(&key.name, stamp) {
            Some(stored) => Some(stored.clone()),
            None => copy.and_then(Found::stored),
        };
        Ok(stored.map(|stored| Verified {
            broken: whole.err().map(|reason| Broken {
                location: stored.location.clone(),
                level: stamp.level,
                reason,
            }),
            stored,
        }))
    }

    /// Compares the files of a checkpoint with its manifest: here, and if that fails in the bucket.
    pub(super) fn check_either(
        &self,
        copy: Option<&Found>,
        key: &Key,
    ) -> Result<Whole, StoreError> {
        if let Some(copy) = copy
            && self.cache.check_found(copy)?.is_ok()
        {
            return Ok(Ok(()));
        }
        match self.manifests(vec![key.clone()])?.pop() {
            Some((key, State::Sound(manifest))) => self.check_objects(&key, &manifest),
            Some((_, State::Damaged(reason))) => Ok(Err(reason)),
            Some((_, State::Foreign)) => Ok(Err("it is not of this run".to_owned())),
            None => Ok(Err("the manifest is missing".to_owned())),
        }
    }

    fn check_objects(&self, key: &Key, manifest: &Manifest) -> Result<Whole, StoreError> {
        for (place, file) in manifest.files.iter().enumerate() {
            if file.same_as.is_some() {
                continue;
            }
            let nowhere = &mut std::io::sink();
            let whole = self
                .bucket
                .download(key, place, file, nowhere, Path::new(""))?;
            if whole.is_err() {
                return Ok(whole);
            }
        }
        Ok(Ok(()))
    }
}
