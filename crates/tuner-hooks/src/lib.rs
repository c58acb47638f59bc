//! Hooks for a tuner: the checkpoint removal callback, the store trait and the event log.
//!
//! A tuner that pauses and resumes trials calls a [`TunerCallback`] as things happen.
//! [`RemovalCallback`] is one: it keeps the checkpoints within a [`Budget`], with any
//! [`RemovalPolicy`] and any [`CheckpointStore`]. [`log`] has the types of the event log.
//!
//! # A whole small tuner
//!
//! It starts a trial whenever none can be promoted, pauses each at rungs 1 and 3, and keeps six
//! checkpoints.
//!
//! ```
#![doc = include_str!("../examples/small_tuner.rs")]
//! ```
//!
//! # What it is not
//!
//! It decides which trial loses its checkpoint, not which one is promoted: the scheduler is yours. You supply the store; a
//! closure that deletes is enough. It starts no processes and reads no clock: elapsed seconds are an argument. A trial that
//! has stopped or completed no longer counts in the budget: its files are yours to keep or to delete.
//!
//! # Going on after a stop
//!
//! A run that writes its events can be brought back: apply them to a new callback, and give it the store afterwards. An
//! example is in `rungkeeper_tuner::log`, which reads such logs.
//!
//! # Names of Syne Tune 0.13
//!
//! Syne Tune's module is `hyperband_remove_checkpoints_callback`.
//!
//! | Syne Tune 0.13 | Rust | Python |
//! |---|---|---|
//! | `HyperbandRemoveCheckpointsCallback` | [`RemovalCallback`] with [`Speculative`] | `RemovalCallback`, and under its own name in `rungkeeper.syne_tune` |
//! | `HyperbandRemoveCheckpointsBaselineCallback` | [`RemovalCallback`] with [`ByLevel`] or [`Random`] | `RemovalCallback(policy="by_level")`, `"random"` |
//! | `BetaBinomialEstimator` | `rungkeeper_estimators::BetaBinomial` | `BetaBinomialEstimator` |
//! | `compute_probabilities_of_getting_resumed` | `rungkeeper_score::resume_probability` | `compute_probabilities_of_getting_resumed` |
//! | `TrialInformation` | [`TrialInformation`] | `TrialInformation` |
//! | `TrialStatus` | [`TrialStatus`] | `TrialStatus` |
//! | `max_num_checkpoints` | [`Budget::max_checkpoints`] | `max_checkpoints` |
//! | `max_wallclock_time` | [`Limits::seconds`] | `max_wallclock_time` |
//! | `approx_steps` | [`SpeculativeSettings::approx_steps`] | `approx_steps` |
//! | `prior_beta_mean`, `prior_beta_size`, `min_data_at_rung` | [`SpeculativeSettings::estimators`] | `prior_beta_mean`, `prior_beta_size`, `min_data_at_rung` |
//! | `num_checkpoints_removed` | [`RemovalCallback::num_checkpoints_removed`] | `num_checkpoints_removed` |
//! | `trials_resumed_without_checkpoint()` | [`RemovalCallback::trials_resumed_without_checkpoint`] | `trials_resumed_without_checkpoint()` |
//! | `estimator_for_rung(level)` | [`RemovalCallback::estimator_for_rung`] | `estimator_for_rung(level)` |
//! | `extra_results()` | [`RemovalCallback::extra_results`] | `extra_results()` |
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` for events, a line of JSON each. `rungkeeper_tuner::log` reads them.

mod apply;
mod error;
mod hooks;
pub mod log;
mod note;
mod record;
mod removal;
mod store;

pub use error::{BoxError, HookError, SetupError};
pub use hooks::{TrialResult, TunerCallback};
pub use note::Note;
pub use removal::{ExtraResults, Removal, RemovalCallback, RemovalPlan};
pub use rungkeeper_policies::{
    Budget, ByLevel, Candidate, Cheapest, ExpectedCost, LimitError, Limits, Need, PolicySpec,
    Priced, Progress, Random, RankAware, RemovalPolicy, RemovalReason, RungView, Speculative,
    SpeculativeSettings,
};
pub use rungkeeper_rung_model::{
    Brackets, CheckpointTracking, Decision, Mode, ModelSpec, RungModel, RungSpec, TrialInformation,
    TrialStatus,
};
pub use store::CheckpointStore;
// For policies of your own: choices, costs, conformance tests.
pub use {rungkeeper_policies, rungkeeper_rung_model};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

#[cfg(doctest)]
#[doc = concat!("```\n", include_str!("../examples/own_store.rs"), "\n```")]
struct OwnStore;
