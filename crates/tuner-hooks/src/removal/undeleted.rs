//! Checkpoints that were removed but could not be deleted.

use std::collections::BTreeMap;

use rungkeeper_policies::{Budget, Need};

use super::RemovalCallback;
use crate::CheckpointStore;

impl<S: CheckpointStore> RemovalCallback<S> {
    /// Trials whose checkpoint was removed, but could not be deleted yet, with its bytes: the store
    /// refused it, or [`on_deletion_failed`](crate::TunerCallback::on_deletion_failed) told of it. They still take room. For
    /// the budget one of them counts as held, the largest: a deletion that fails does not make ever
    /// more checkpoints go.
    #[must_use]
    pub fn undeleted(&self) -> &BTreeMap<String, u64> {
        &self.undeleted
    }

    /// What must go. Of the checkpoints that were removed but could not be deleted one counts as
    /// held, the largest.
    ///
    /// It does, because it takes room that another must make. No more of them do, because what
    /// keeps one deletion from working mostly keeps the next one from it too: the checkpoint
    /// removed in its place would be stuck as well and ask for another one, and so on, until none is
    /// left to resume from, with all of the room still taken.
    pub(super) fn need(&self, budget: Budget) -> Need {
        let largest = self.undeleted.values().max();
        budget.need(
            self.model.num_with_checkpoint() + usize::from(largest.is_some()),
            self.model
                .checkpoint_bytes()
                .saturating_add(largest.copied().unwrap_or(0)),
        )
    }

    /// Tries the deletions again that the store itself refused. One that a store does in the
    /// background is that store's to repeat.
    pub(super) fn retry_deletions(&mut self) {
        let (store, undeleted) = (&mut self.store, &mut self.undeleted);
        self.refused.retain(|trial| {
            let refused = store.delete(trial).is_err();
            if !refused {
                undeleted.remove(trial);
            }
            refused
        });
    }

    pub(super) fn forget_undeleted(&mut self, trial: &str) {
        self.undeleted.remove(trial);
        self.refused.remove(trial);
    }
}
