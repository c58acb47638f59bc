use super::{ObjectStore, bucket::Key};
use crate::directory::{Prepared, trash_key};
use crate::names::trial_name;
use crate::{Committed, Handover, Step, StoreError, Stored};

impl ObjectStore {
    pub(super) fn commit_to_bucket(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        handover: Handover,
    ) -> Result<Committed, StoreError> {
        let prepared = self.cache.prepare(trial, level, attempt, handover)?;
        self.commit_prepared(&prepared)
    }

    /// Commits what an earlier process had prepared, and could not upload.
    pub(super) fn finish_cut_off(&self) -> Result<Vec<Stored>, StoreError> {
        let committed = |name: &str| {
            let stamps = self.stamps(name, &self.cache.found(name)?);
            Ok(stamps.last().map(|stamp| stamp.sequence))
        };
        let cut_off = self.cache.cut_off(&committed)?;
        // The older checkpoints that are set aside here are purged by the sweep.
        let finish = |prepared| Ok(self.commit_prepared(prepared)?.stored);
        cut_off.iter().map(finish).collect()
    }

    fn commit_prepared(&self, prepared: &Prepared) -> Result<Committed, StoreError> {
        let key = Key {
            name: trial_name(&prepared.manifest.trial),
            stamp: prepared.manifest.stamp(),
        };
        if let Err(error) = self.upload(&key, prepared) {
            if !error.is_killed() {
                self.undo(&key, prepared, error.is_unavailable());
            }
            return Err(error);
        }
        let stored = Stored::sound(&prepared.manifest, self.bucket.location(&key));
        let name = key.name.clone();
        self.known().insert(name, key.stamp, stored.clone());
        self.cache.steps().reach(Step::Marked)?;
        let local = match self.cache.publish(prepared) {
            Err(error) if error.is_killed() => return Err(error),
            local => local.err(),
        };
        let (superseded, late) = crate::supersede(self, &stored)?;
        Ok(Committed {
            stored,
            superseded,
            // Without its local copy the checkpoint is restored from the bucket.
            warning: local.or(late),
        })
    }

    fn upload(&self, key: &Key, prepared: &Prepared) -> Result<(), StoreError> {
        let steps = self.cache.steps();
        let files = &prepared.manifest.files;
        self.bucket.upload(key, files, &prepared.data(), steps)?;
        steps.reach(Step::Uploaded)?;
        let bytes = prepared.manifest.to_bytes();
        let bytes = bytes.map_err(StoreError::io("write", &prepared.data()))?;
        self.bucket.put_manifest(key, bytes)
    }

    /// After a commit that failed. Whether the manifest arrived may not be known, so the checkpoint
    /// is condemned like any other, and removed now or by the next sweep. If the bucket is what
    /// failed, all is kept here: a later process uploads it under another number.
    fn undo(&self, key: &Key, prepared: &Prepared, unavailable: bool) {
        if !unavailable {
            prepared.drop_copy();
        }
        let manifest = &prepared.manifest;
        let noted = self
            .known()
            .tombstones
            .add(key.clone(), &manifest.trial, manifest.bytes);
        if noted.is_ok() && !unavailable {
            let _ = self.empty(key, &trash_key(&key.name, key.stamp));
        }
    }
}
