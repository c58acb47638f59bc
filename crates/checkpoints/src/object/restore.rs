use std::collections::BTreeSet;
use std::path::Path;

use super::{ObjectStore, listing::Key};
use crate::directory::{
    Found, State, Whole, clear, finish, make_layout, prepare_target, write_file,
};
use crate::holes::Sparse;
use crate::manifest::Manifest;
use crate::names::trial_name;
use crate::stamp::Stamp;
use crate::{Broken, Restored, Step, StoreError, Stored};

impl ObjectStore {
    pub(super) fn restore_newest(
        &self,
        trial: &str,
        target: &Path,
    ) -> Result<Restored, StoreError> {
        prepare_target(target)?;
        let name = trial_name(trial);
        let local = self.cache.found(&name)?;
        let mut restored = Restored::default();
        for stamp in self.stamps(&name, &local).into_iter().rev() {
            let key = Key {
                name: name.clone(),
                stamp,
            };
            let copy = local.iter().find(|found| found.stamp == stamp);
            restored.checkpoint = match self.restore_copy(copy, target, &mut restored)? {
                Some(stored) => Some(stored),
                None => self.restore_object(&key, target, &mut restored)?,
            };
            if restored.checkpoint.is_some() {
                break;
            }
        }
        Ok(restored)
    }

    /// What there is of a trial, here or in the bucket, that is not condemned.
    pub(super) fn stamps(&self, name: &str, local: &[Found]) -> BTreeSet<Stamp> {
        let known = self.known();
        let ours = local.iter().filter(|found| found.is_ours());
        let mut stamps: BTreeSet<Stamp> = ours.map(|found| found.stamp).collect();
        stamps.extend(
            known
                .stored
                .get(name)
                .into_iter()
                .flatten()
                .map(|(s, _)| *s),
        );
        stamps.retain(|&stamp| {
            let name = name.to_owned();
            !known.tombstones.contains(&Key { name, stamp })
        });
        stamps
    }

    fn restore_copy(
        &self,
        copy: Option<&Found>,
        target: &Path,
        restored: &mut Restored,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(copy) = copy.filter(|copy| copy.is_ours()) else {
            return Ok(None);
        };
        match self.cache.restore_found(copy, target)? {
            Ok(()) => Ok(copy.stored()),
            Err(reason) => {
                restored.broken.push(Broken {
                    location: copy.path.to_string_lossy().into_owned(),
                    level: copy.stamp.level,
                    reason,
                });
                Ok(None)
            }
        }
    }

    fn restore_object(
        &self,
        key: &Key,
        target: &Path,
        restored: &mut Restored,
    ) -> Result<Option<Stored>, StoreError> {
        if self.known().get(&key.name, key.stamp).is_none() {
            return Ok(None); // a local copy only, and that was broken
        }
        let mut read = self.manifests(vec![key.clone()])?;
        let whole = match read.pop() {
            Some((_, State::Sound(manifest))) => {
                let whole = self.download(key, &manifest, target)?;
                whole.map(|()| Stored::sound(&manifest, self.bucket.location(key)))
            }
            Some((_, State::Damaged(reason))) => Err(reason),
            Some((_, State::Foreign)) => Err("it is not of this run".to_owned()),
            None => Err("the manifest is missing".to_owned()),
        };
        match whole {
            Ok(stored) => Ok(Some(stored)),
            Err(reason) => {
                clear(target)?;
                restored.broken.push(Broken {
                    location: self.bucket.location(key),
                    level: key.stamp.level,
                    reason,
                });
                Ok(None)
            }
        }
    }

    fn download(&self, key: &Key, manifest: &Manifest, target: &Path) -> Result<Whole, StoreError> {
        make_layout(manifest, target)?;
        for (place, file) in manifest.files.iter().enumerate() {
            self.cache.steps().reach(Step::Restoring)?;
            let whole = write_file(target, file, |write, to| {
                let mut sparse = Sparse::new(write, &file.holes);
                let whole = self.bucket.download(key, place, file, &mut sparse, to)?;
                sparse.finish().map_err(StoreError::io("write", to))?;
                Ok(whole)
            })?;
            if whole.is_err() {
                return Ok(whole);
            }
        }
        finish(manifest, target, self.cache.is_live(target))?;
        Ok(Ok(()))
    }
}
