use rungkeeper_rung_model::Decision;

use crate::HookError;

/// A trial's report, with what the scheduler decided on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialResult {
    /// Resource the report is about, from 1.
    pub level: u64,
    /// The metric; NaN and infinities stand for bad ones.
    pub metric: f64,
    /// What the scheduler decided.
    pub decision: Decision,
}

/// What a tuner calls as things happen. Each hook does nothing by default.
///
/// A list of callbacks is itself one: each is called in order, also if one before it failed; the
/// first error is returned. `elapsed` is in seconds of the run, interruptions left out.
///
/// A hook returns an error when the callback cannot process the event.
///
/// ```
/// use rungkeeper_tuner_hooks::{HookError, TrialResult, TunerCallback};
///
/// #[derive(Default)]
/// struct CountReports(usize);
///
/// impl TunerCallback for CountReports {
///     fn on_trial_result(&mut self, _: &str, _: &TrialResult) -> Result<(), HookError> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// let mut list = vec![CountReports::default(), CountReports::default()];
/// let result = TrialResult { level: 1, metric: 0.5, decision: rungkeeper_tuner_hooks::Decision::Continue };
/// list.on_trial_result("0", &result)?;
/// list.on_loop_end(1.5)?; // nothing by default
/// assert_eq!(list[1].0, 1);
/// # Ok::<(), HookError>(())
/// ```
#[allow(clippy::missing_errors_doc)] // said once, above
pub trait TunerCallback {
    /// The run begins.
    fn on_tuning_start(&mut self) -> Result<(), HookError> {
        Ok(())
    }

    /// A turn of the tuner's loop ends: reports were handed on, free workers were filled.
    fn on_loop_end(&mut self, _elapsed: f64) -> Result<(), HookError> {
        Ok(())
    }

    /// A trial begins, in a bracket (0 where there is only one).
    fn on_start_trial(&mut self, _trial: &str, _bracket: usize) -> Result<(), HookError> {
        Ok(())
    }

    /// A paused trial runs again: from its checkpoint, if one is known, else from scratch.
    fn on_resume_trial(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// The training program of a running trial was started again, after a crash of its own or of
    /// the tuner: its resources may begin anew.
    fn on_restart_trial(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// A trial that had failed runs again, from the beginning.
    fn on_retry_trial(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// A trial reported, and the scheduler decided.
    fn on_trial_result(&mut self, _trial: &str, _result: &TrialResult) -> Result<(), HookError> {
        Ok(())
    }

    /// A trial's training program ended by itself. It no longer counts in the budget: its files are the tuner's to keep or
    /// to delete.
    fn on_trial_complete(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// A trial crashed for good.
    fn on_trial_failed(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// A checkpoint of a trial, written at a resource level, is complete: before or after the result that pauses the trial, but
    /// before the one that ends it, since an ended trial has none in the budget.
    fn on_checkpoint_committed(
        &mut self,
        _trial: &str,
        _level: u64,
        _bytes: u64,
    ) -> Result<(), HookError> {
        Ok(())
    }

    /// The files of a checkpoint that was removed could not be deleted: they still take this many
    /// bytes. A store that tries again may tell it again.
    fn on_deletion_failed(&mut self, _trial: &str, _bytes: u64) -> Result<(), HookError> {
        Ok(())
    }

    /// The files of a checkpoint that was removed are gone.
    fn on_checkpoint_deleted(&mut self, _trial: &str) -> Result<(), HookError> {
        Ok(())
    }

    /// The run is over.
    fn on_tuning_end(&mut self) -> Result<(), HookError> {
        Ok(())
    }
}

/// Writes the hooks of something that hands them on.
macro_rules! hand_on {
    ($hand:ident: $($hook:ident($($name:ident: $type:ty),*))*) => {
        $(fn $hook(&mut self, $($name: $type),*) -> Result<(), HookError> {
            $hand!(self, $hook($($name),*))
        })*
    };
    ($hand:ident) => {
        hand_on! { $hand:
            on_tuning_start()
            on_loop_end(elapsed: f64)
            on_start_trial(trial: &str, bracket: usize)
            on_resume_trial(trial: &str)
            on_restart_trial(trial: &str)
            on_retry_trial(trial: &str)
            on_trial_result(trial: &str, result: &TrialResult)
            on_trial_complete(trial: &str)
            on_trial_failed(trial: &str)
            on_checkpoint_committed(trial: &str, level: u64, bytes: u64)
            on_deletion_failed(trial: &str, bytes: u64)
            on_checkpoint_deleted(trial: &str)
            on_tuning_end()
        }
    };
}

macro_rules! to_the_one {
    ($self:ident, $hook:ident($($argument:expr),*)) => {
        (**$self).$hook($($argument),*)
    };
}

macro_rules! to_each {
    ($self:ident, $hook:ident($($argument:expr),*)) => {{
        let mut outcome = Ok(());
        for callback in $self.iter_mut() {
            let result = callback.$hook($($argument),*);
            if outcome.is_ok() {
                outcome = result;
            }
        }
        outcome
    }};
}

impl<C: TunerCallback> TunerCallback for Vec<C> {
    hand_on!(to_each);
}

impl<C: TunerCallback + ?Sized> TunerCallback for Box<C> {
    hand_on!(to_the_one);
}

impl<C: TunerCallback + ?Sized> TunerCallback for &mut C {
    hand_on!(to_the_one);
}
