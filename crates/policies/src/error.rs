use rungkeeper_estimators::EstimatorError;
use rungkeeper_score::ScoreError;
use thiserror::Error;

/// Why a policy could not be built, could not learn, or could not choose.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// An estimator refused its settings or its data.
    #[error(transparent)]
    Estimator(#[from] EstimatorError),
    /// The settings of the score were refused.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The score of a candidate could not be computed.
    #[error("trial \"{trial}\" at level {level}: {source}")]
    Candidate {
        /// The trial.
        trial: String,
        /// The rung level it waits at.
        level: u64,
        /// Why not.
        source: ScoreError,
    },
}
