use rungkeeper_rung_model::EventError;
use thiserror::Error;

/// Why a scheduler refused a call. The scheduler is then as before, and the run can go on.
///
/// ```
/// use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler};
/// use rungkeeper_tuner::search_space::{Configuration, SearchSpace};
///
/// let spec = PromotionSpec::geometric(1, 3, 27)?;
/// let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default())?;
/// let error = scheduler.adopt_start("5", 0, &Configuration::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "trial \"5\" cannot be taken over: the next trial to be started is \"0\""
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SchedulerError {
    /// The call does not fit what is known of the trial.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A trial was to be taken over that is not the next one.
    #[error(
        "trial \"{trial}\" cannot be taken over: the next trial to be started is \"{expected}\""
    )]
    AdoptedOutOfOrder {
        /// The trial.
        trial: String,
        /// The one that comes next.
        expected: String,
    },
}
