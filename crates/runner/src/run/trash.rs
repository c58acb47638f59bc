//! The store as the removal callback sees it: what it gives up goes to the deleter.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rungkeeper_checkpoints::{Aside, Deleter, DeleterSettings, DeletionEvent, Pending, Store};
use rungkeeper_tuner_hooks::{BoxError, CheckpointStore};

/// Deletions in the background, with the sizes of what may be deleted.
pub(super) struct Trash {
    deleter: Deleter,
    bytes: HashMap<String, u64>,
    /// While a log is replayed nothing is deleted: what was given up then may be there anew.
    asleep: bool,
}

impl Trash {
    pub(super) fn new(store: Arc<dyn Store>) -> (Self, Receiver<DeletionEvent>) {
        let (deleter, events) = Deleter::new(store, DeleterSettings::default());
        let trash = Self {
            deleter,
            bytes: HashMap::new(),
            asleep: false,
        };
        (trash, events)
    }

    /// Whether deletions are passed over.
    pub(super) fn sleep(&mut self, asleep: bool) {
        self.asleep = asleep;
    }

    /// Remembers how large the checkpoint of a trial is.
    pub(super) fn committed(&mut self, trial: &str, bytes: u64) {
        self.bytes.insert(trial.to_owned(), bytes);
    }

    /// Drops all checkpoints of a trial that has ended.
    pub(super) fn drop_all(&mut self, trial: &str) {
        let bytes = self.bytes.remove(trial).unwrap_or(0);
        if !self.asleep {
            self.deleter.delete(trial, bytes);
        }
    }

    /// Removes what was set aside by a commit or a discard.
    pub(super) fn purge(&self, aside: impl IntoIterator<Item = Aside>) {
        for aside in aside {
            self.deleter.purge(aside);
        }
    }

    /// Number of deletions that are not done.
    pub(super) fn pending(&self) -> usize {
        self.deleter.pending().len()
    }

    /// Waits for all deletions; what could not be done comes back.
    pub(super) fn drain(&self, timeout: std::time::Duration) -> Vec<Pending> {
        self.deleter.drain(timeout)
    }
}

impl CheckpointStore for Trash {
    fn delete(&mut self, trial: &str) -> Result<(), BoxError> {
        self.drop_all(trial);
        Ok(())
    }
}
