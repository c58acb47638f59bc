use alloc::{borrow::ToOwned, string::String};

use rungkeeper_estimators::EstimatorError;
use rungkeeper_rung_model::Candidate;
use rungkeeper_score::ScoreError;
use thiserror::Error;

/// Why a policy could not be built, could not learn, or could not choose.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum PolicyError {
    /// An estimator refused its settings or its data.
    #[error(transparent)]
    Estimator(#[from] EstimatorError),
    /// The settings of the score were refused.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The trials of a rung could not be scored.
    #[error("the rung at level {level}: {source}")]
    Rung { level: u64, source: ScoreError },
    /// The score of a candidate could not be computed.
    #[error("trial \"{trial}\" at level {level}: {source}")]
    Candidate {
        trial: String,
        level: u64,
        source: ScoreError,
    },
    /// A policy from elsewhere could not learn or choose, for the reason that it tells.
    #[error("{0}")]
    Other(String),
    /// No policy has this name.
    #[error("the policy is \"{0}\", but must be one of {all}", all = crate::PolicySpec::NAMES.join(", "))]
    UnknownPolicy(String),
}

impl PolicyError {
    /// That the score refuses a candidate of a rung.
    pub(crate) fn of(level: u64, candidate: &Candidate<'_>) -> impl Fn(ScoreError) -> Self {
        move |source| Self::Candidate {
            trial: candidate.trial_id.to_owned(),
            level,
            source,
        }
    }
}
