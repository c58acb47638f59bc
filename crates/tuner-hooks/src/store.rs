use crate::BoxError;

/// Where checkpoints are kept, as far as removing them needs it.
///
/// Closures are stores, and `()` is one that does nothing.
///
/// ```
/// use rungkeeper_tuner_hooks::{BoxError, CheckpointStore};
///
/// let mut deleted = Vec::new();
/// let mut store = |trial: &str| -> Result<(), BoxError> {
///     deleted.push(trial.to_owned());
///     Ok(())
/// };
/// store.delete("7")?;
/// assert_eq!(deleted, ["7"]);
/// # Ok::<(), BoxError>(())
/// ```
pub trait CheckpointStore {
    /// Deletes the checkpoint of a trial. That there is none is no error.
    ///
    /// # Errors
    ///
    /// Why it could not be deleted. It is called again at the next loop end.
    ///
    /// A store that deletes in the background returns no error here: what it could not delete it
    /// tells by [`on_deletion_failed`](crate::TunerCallback::on_deletion_failed), and by
    /// [`on_checkpoint_deleted`](crate::TunerCallback::on_checkpoint_deleted) once it is gone.
    fn delete(&mut self, trial: &str) -> Result<(), BoxError>;
}

impl CheckpointStore for () {
    fn delete(&mut self, _: &str) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<F: FnMut(&str) -> Result<(), BoxError>> CheckpointStore for F {
    fn delete(&mut self, trial: &str) -> Result<(), BoxError> {
        self(trial)
    }
}

impl CheckpointStore for Box<dyn CheckpointStore> {
    fn delete(&mut self, trial: &str) -> Result<(), BoxError> {
        (**self).delete(trial)
    }
}
