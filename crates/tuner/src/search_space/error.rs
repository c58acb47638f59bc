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
    /// A step that is 0 or less.
    #[error("parameter \"{name}\": step is {step}, but must be above 0")]
    Step {
        /// The parameter.
        name: String,
        /// The step.
        step: String,
    },
    /// A step so small that doubles do not tell the values apart.
    #[error("parameter \"{name}\": step is {step}, which is too small for its bounds")]
    TooManySteps {
        /// The parameter.
        name: String,
        /// The step.
        step: String,
    },
    /// A standard deviation that is 0 or less.
    #[error("parameter \"{name}\": sd is {sd}, but must be above 0; it is the standard deviation")]
    Spread {
        /// The parameter.
        name: String,
        /// The standard deviation.
        sd: String,
    },
    /// A log-normal parameter would be infinite.
    #[error(
        "parameter \"{name}\": mean {mean} and sd {sd} would give infinite values; of a lognormal \
         parameter they are those of the natural logarithm"
    )]
    Infinite {
        /// The parameter.
        name: String,
        /// Mean of the logarithm.
        mean: String,
        /// Its standard deviation.
        sd: String,
    },
    /// A flag whose argument is empty.
    #[error("parameter \"{name}\": argument is empty; leave it out for --{name}")]
    NoArgument {
        /// The parameter.
        name: String,
    },
    /// A parameter depends on one that the space has not.
    #[error("parameter \"{name}\": when names \"{parent}\", which is no parameter{hint}")]
    UnknownParent {
        /// The parameter.
        name: String,
        /// What it depends on.
        parent: String,
        /// What may be meant, and what there is.
        hint: String,
    },
    /// A parameter depends on one of a range of numbers.
    #[error(
        "parameter \"{name}\": when names \"{parent}\", which is any number of a range; it must have \
         values that can be listed, such as those of a choice"
    )]
    EndlessParent {
        /// The parameter.
        name: String,
        /// What it depends on.
        parent: String,
    },
    /// A parameter depends on a value that another one never has.
    #[error("parameter \"{name}\": when \"{parent}\" is {value}, but it must be {allowed}")]
    ParentValue {
        /// The parameter.
        name: String,
        /// What it depends on.
        parent: String,
        /// The value.
        value: String,
        /// The domain of the other one in words.
        allowed: String,
    },
    /// A condition without a parameter, or without a value for it.
    #[error(
        "parameter \"{name}\": when is empty; write it as when = {{ OTHER = VALUE }}, or leave it out"
    )]
    NoCondition {
        /// The parameter.
        name: String,
    },
    /// Parameters depend on each other in a circle.
    #[error("parameter \"{name}\": when goes in a circle: {circle}; one of them must do without")]
    Circle {
        /// The parameter.
        name: String,
        /// The names, each depending on the next.
        circle: String,
    },
    /// There is nothing to choose from.
    #[error("parameter \"{name}\": values is empty, but must hold at least one value")]
    NoValues {
        /// The parameter.
        name: String,
    },
    /// A configuration names a parameter that the space has not.
    #[error("there is no parameter \"{name}\"{allowed}")]
    Unknown {
        /// The name.
        name: String,
        /// The one that may be meant, and all parameters: see [`known_names`](crate::known_names).
        allowed: String,
    },
    /// A configuration has a value outside the domain.
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
    /// A configuration has a value for a parameter that is not active in it.
    #[error("{name} is not active where {parent} is {value}; leave it out")]
    Inactive {
        /// The parameter.
        name: String,
        /// What it depends on.
        parent: String,
        /// The value of that.
        value: String,
    },
    /// A given configuration is refused.
    #[error("given configuration {index}: {problem}")]
    Given {
        /// Place of the configuration, from 0.
        index: usize,
        /// What is wrong with it.
        problem: Box<SpaceError>,
    },
}

impl SpaceError {
    /// The same, of the given configuration at a place, from 0.
    #[must_use]
    pub fn of_given(self, index: usize) -> Self {
        let problem = Box::new(self);
        Self::Given { index, problem }
    }

    /// The parameter that it is about, where it is about one of the space.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::NoName | Self::Unknown { .. } => None,
            Self::Given { problem, .. } => problem.parameter(),
            Self::Twice { name }
            | Self::NotFinite { name, .. }
            | Self::Order { name, .. }
            | Self::Logarithm { name, .. }
            | Self::Step { name, .. }
            | Self::TooManySteps { name, .. }
            | Self::Spread { name, .. }
            | Self::Infinite { name, .. }
            | Self::NoArgument { name }
            | Self::UnknownParent { name, .. }
            | Self::EndlessParent { name, .. }
            | Self::ParentValue { name, .. }
            | Self::NoCondition { name }
            | Self::Circle { name, .. }
            | Self::NoValues { name }
            | Self::Outside { name, .. }
            | Self::Missing { name, .. }
            | Self::Inactive { name, .. } => Some(name),
        }
    }
}
