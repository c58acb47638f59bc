use thiserror::Error;

/// Why a search space is refused.
///
/// ```
/// use rungkeeper_tuner::search_space::{Domain, SearchSpace};
///
/// let domain = Domain::LogUniform { low: 0.0, high: 1.0 };
/// let error = SearchSpace::new([("lr".to_owned(), domain)]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "parameter \"lr\": low is 0.0, but must be above 0 on a logarithmic scale"
/// );
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SpaceError {
    /// A parameter has no name.
    #[error("a parameter has an empty name; it must have at least one character")]
    NoName,
    /// Two parameters have the same name.
    #[error("parameter \"{name}\" is there twice, but each name must be used once")]
    Twice {
        /// The name.
        name: String,
    },
    /// A bound is NaN or infinite.
    #[error("parameter \"{name}\": {bound} is {value}, but must be a finite number")]
    NotFinite {
        /// The parameter.
        name: String,
        /// `low` or `high`.
        bound: &'static str,
        /// Its value.
        value: String,
    },
    /// The bounds are the wrong way round.
    #[error("parameter \"{name}\": low is {low}, but must be at most high, which is {high}")]
    Order {
        /// The parameter.
        name: String,
        /// Lower bound.
        low: String,
        /// Upper bound.
        high: String,
    },
    /// A logarithmic scale reaches 0 or less.
    #[error("parameter \"{name}\": low is {low}, but must be above 0 on a logarithmic scale")]
    Logarithm {
        /// The parameter.
        name: String,
        /// Lower bound.
        low: String,
    },
    /// There is nothing to choose from.
    #[error("parameter \"{name}\": values is empty, but must hold at least one value")]
    NoValues {
        /// The parameter.
        name: String,
    },
    /// A given configuration names a parameter that the space has not.
    #[error(
        "given configuration {index}: there is no parameter \"{name}\"; the space has: {allowed}"
    )]
    GivenName {
        /// Place of the configuration, from 0.
        index: usize,
        /// The name.
        name: String,
        /// All parameters.
        allowed: String,
    },
    /// A given configuration has a value outside the domain.
    #[error("given configuration {index}: {name} is {value}, but must be {allowed}")]
    GivenValue {
        /// Place of the configuration, from 0.
        index: usize,
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// The domain in words.
        allowed: String,
    },
    /// A proposed configuration names a parameter that the space has not.
    #[error("there is no parameter \"{name}\"; the space has: {allowed}")]
    Unknown {
        /// The name.
        name: String,
        /// All parameters.
        allowed: String,
    },
    /// A proposed configuration has a value outside the domain.
    #[error("{name} is {value}, but must be {allowed}")]
    Outside {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// The domain in words.
        allowed: String,
    },
    /// A proposed configuration lacks a parameter.
    #[error("parameter \"{name}\" is missing; it must be {allowed}")]
    Missing {
        /// The parameter.
        name: String,
        /// The domain in words.
        allowed: String,
    },
}
