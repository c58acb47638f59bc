use thiserror::Error;

/// Why an estimator was refused, or an update of it.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum EstimatorError {
    /// The prior mean lies outside the open interval (0, 1), or is NaN.
    #[error("prior_beta_mean is {0}, but must lie strictly between 0 and 1")]
    PriorMean(f64),
    /// The prior size is not positive and finite.
    #[error("prior_beta_size is {0}, but must be positive and finite")]
    PriorSize(f64),
    /// A batch names more successes than it has values.
    #[error("a batch of {num_total} values cannot hold {num_one} ones")]
    Counts { num_one: u64, num_total: u64 },
    /// The counts of a batch and those already held do not fit into 64 bits together.
    #[error("an estimator with {held} values cannot take {added} more")]
    Overflow { held: u64, added: u64 },
}
