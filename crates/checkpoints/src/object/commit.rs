use super::{ObjectStore, listing::Key};
use crate::directory::{Program, Ready, trash_key};
use crate::names::trial_name;
use crate::{Committed, Step, StoreError, Stored};

impl ObjectStore {
    pub(super) fn commit_to_bucket(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
    ) -> Result<Committed, StoreError> {
        let program = Program::HasEnded;
        let ready = self.cache.make_ready(trial, level, attempt, program)?;
        self.commit_ready(ready)
    }

    /// Commits what an earlier process had prepared, and could not upload.
    pub(super) fn finish_cut_off(&self) -> Result<Vec<Stored>, StoreError> {
        let committed = |name: &str| {
            let stamps = self.stamps(name, &self.cache.found(name)?);
            Ok(stamps.last().map(|stamp| stamp.sequence))
        };
        let cut_off = self.cache.cut_off(&committed)?;
        // The older checkpoints that are set aside here are purged by the sweep.
        let finish = |ready| Ok(self.commit_ready(ready)?.stored);
        cut_off.into_iter().map(finish).collect()
    }

    fn commit_ready(&self, mut ready: Ready) -> Result<Committed, StoreError> {
        let key = Key {
            name: trial_name(&ready.manifest.trial),
            stamp: ready.manifest.stamp(),
        };
        if let Err(error) = self.upload(&key, &ready) {
            if !error.is_killed() {
                self.undo(&key, &ready, error.is_unavailable());
            }
            return Err(error);
        }
        let stored = Stored::sound(&ready.manifest, self.bucket.location(&key));
        let name = key.name.clone();
        self.known().insert(name, key.stamp, stored.clone());
        self.cache.steps().reach(Step::Marked)?;
        let local = match self.cache.publish(&mut ready) {
            Err(error) if error.is_killed() => return Err(error),
            local => local.err(),
        };
        let (superseded, late) = crate::supersede(self, &stored)?;
        Ok(Committed {
            stored,
            superseded,
            // Without its local copy the checkpoint is restored from the bucket.
            warning: local.or(late),
            left_out: ready.left_out,
        })
    }

    fn upload(&self, key: &Key, ready: &Ready) -> Result<(), StoreError> {
        let steps = self.cache.steps();
        let files = &ready.manifest.files;
        self.bucket.upload(key, files, &ready.data(), steps)?;
        steps.reach(Step::Uploaded)?;
        let bytes = ready.manifest.to_bytes();
        let bytes = bytes.map_err(StoreError::io("write", &ready.data()))?;
        self.bucket.put_manifest(key, bytes)
    }

    /// After a commit that failed. Whether the manifest arrived may not be known, so the checkpoint
    /// is condemned like any other, and removed now or by the next sweep. If the bucket is what
    /// failed, all is kept here: a later process uploads it under another number.
    fn undo(&self, key: &Key, ready: &Ready, unavailable: bool) {
        let manifest = &ready.manifest;
        let noted = self
            .known()
            .tombstones
            .add(key.clone(), &manifest.trial, manifest.bytes);
        if noted.is_ok() && !unavailable {
            let _ = self.empty(key, &trash_key(&key.name, key.stamp));
        }
    }
}
