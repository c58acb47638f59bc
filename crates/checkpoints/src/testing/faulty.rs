use std::path::{Path, PathBuf};

use super::{Faults, Operation};
use crate::{
    Aside, Committed, Orphan, Prepared, Restored, Store, StoreError, Stored, Swept, Verified,
};

/// A store whose operations fail, take long or are killed on request; see [`Faults`].
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    faults: Faults,
}

impl<S: Store> FaultyStore<S> {
    /// Wraps a store.
    pub fn new(inner: S, faults: Faults) -> Self {
        Self { inner, faults }
    }

    /// The store inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
        self.faults.call(Operation::Begin)?;
        self.inner.begin(trial)
    }

    fn live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError> {
        self.faults.call(Operation::Live)?;
        self.inner.live(trial)
    }

    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
        self.faults.call(Operation::Discard)?;
        self.inner.discard(trial)
    }

    fn prepare(&self, trial: &str, level: u64, attempt: u64) -> Result<Prepared, StoreError> {
        self.faults.call(Operation::Prepare)?;
        self.inner.prepare(trial, level, attempt)
    }

    fn commit(&self, trial: &str, level: u64, attempt: u64) -> Result<Committed, StoreError> {
        self.faults.call(Operation::Commit)?;
        self.inner.commit(trial, level, attempt)
    }

    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
        self.faults.call(Operation::FinishCommits)?;
        self.inner.finish_commits()
    }

    fn restore(&self, trial: &str, target: &Path) -> Result<Restored, StoreError> {
        self.faults.call(Operation::Restore)?;
        self.inner.restore(trial, target)
    }

    fn list(&self) -> Result<Vec<Stored>, StoreError> {
        self.faults.call(Operation::List)?;
        self.inner.list()
    }

    fn find(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError> {
        self.faults.call(Operation::Find)?;
        self.inner.find(trial, level, sequence)
    }

    fn verify(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
        self.faults.call(Operation::Verify)?;
        self.inner.verify(trial)
    }

    fn present(&self, stored: &Stored) -> Option<u64> {
        self.inner.present(stored)
    }

    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn set_aside(&self, trial: &str, before: u64) -> Result<Option<Aside>, StoreError> {
        self.faults.call(Operation::SetAside)?;
        self.inner.set_aside(trial, before)
    }

    fn purge(&self, aside: &Aside) -> Result<(), StoreError> {
        self.faults.call(Operation::Purge)?;
        self.inner.purge(aside)
    }

    fn sweep(&self) -> Result<Swept, StoreError> {
        self.faults.call(Operation::Sweep)?;
        self.inner.sweep()
    }

    fn orphans(&self, owned: &dyn Fn(&str) -> bool) -> Result<Vec<Orphan>, StoreError> {
        self.faults.call(Operation::Orphans)?;
        self.inner.orphans(owned)
    }
}
