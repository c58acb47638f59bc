use rungkeeper_policies::PolicyError;
use rungkeeper_rung_model::{EventError, SpecError};
use thiserror::Error;

/// Any error of a store or of somebody's callback.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a hook failed.
///
/// The removal callback refuses single events ([`HookError::Event`], [`HookError::Policy`]) and is
/// then as before: the run can go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HookError {
    /// The event does not fit what happened before.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A policy could not learn or choose.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A limit of the run is not positive.
    #[error(transparent)]
    Limit(#[from] rungkeeper_policies::LimitError),
    /// The time of a loop end is not one.
    #[error("elapsed is {0}, but must be the seconds of the run, from 0 on")]
    Elapsed(f64),
    /// A callback of the tuner's own failed.
    #[error(transparent)]
    Other(BoxError),
}

/// Why no removal callback can be built.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SetupError {
    /// The rungs or brackets.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The limits of the run.
    #[error(transparent)]
    Limit(#[from] rungkeeper_policies::LimitError),
    /// The policy's settings.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
