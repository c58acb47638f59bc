use std::fmt;

use crate::random::Draws;
use crate::search_space::{SpaceError, Value};

/// What a hyper-parameter's value is drawn from. Bounds belong to the domain.
///
/// ```
/// use rungkeeper_tuner::search_space::Domain;
///
/// let domain = Domain::LogInt { low: 16, high: 1024 };
/// assert_eq!(domain.to_string(), "a whole number from 16 to 1024");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Domain {
    /// Any number between the bounds, each with the same density.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Any number between the bounds, its logarithm with the same density: as many in each decade.
    LogUniform {
        /// Lower bound, above 0.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Any whole number between the bounds, each with the same probability.
    Int {
        /// Lower bound.
        low: i64,
        /// Upper bound.
        high: i64,
    },
    /// Any whole number between the bounds, on a logarithmic scale: a log-uniform number between
    /// `low` - 1/2 and `high` + 1/2, rounded. The probability of k is proportional to
    /// ln((k + 1/2) / (k - 1/2)), about 1 / k.
    LogInt {
        /// Lower bound, above 0.
        low: i64,
        /// Upper bound.
        high: i64,
    },
    /// One of several values, each with the same probability.
    Choice {
        /// The values, at least one.
        values: Vec<Value>,
    },
    /// Always the same value.
    Constant(Value),
}

impl Domain {
    /// Refuses bounds that leave nothing to draw from.
    pub(crate) fn check(&self, name: &str) -> Result<(), SpaceError> {
        match *self {
            Self::Uniform { low, high } => check_floats(name, low, high),
            Self::LogUniform { low, high } => {
                check_floats(name, low, high)?;
                check_positive(name, low, 0.0)
            }
            Self::Int { low, high } => check_order(name, low, high),
            Self::LogInt { low, high } => {
                check_order(name, low, high)?;
                check_positive(name, low, 0)
            }
            Self::Choice { ref values } if values.is_empty() => Err(SpaceError::NoValues {
                name: name.to_owned(),
            }),
            Self::Choice { .. } | Self::Constant(_) => Ok(()),
        }
    }

    /// Draws a value, with one random number.
    pub(crate) fn draw(&self, draws: &mut Draws) -> Value {
        match *self {
            Self::Uniform { low, high } => {
                Value::Float(between(low, high, draws.unit()).clamp(low, high))
            }
            Self::LogUniform { low, high } => {
                let logarithm = between(libm::log(low), libm::log(high), draws.unit());
                Value::Float(libm::exp(logarithm).clamp(low, high))
            }
            Self::Int { low, high } => {
                let count = i128::from(high) - i128::from(low) + 1;
                let steps = draws.below(count.unsigned_abs());
                Value::Integer((i128::from(low) + i128::from(steps)) as i64)
            }
            Self::LogInt { low, high } => {
                let (least, most) = (low as f64 - 0.5, high as f64 + 0.5);
                let logarithm = between(libm::log(least), libm::log(most), draws.unit());
                let rounded = libm::round(libm::exp(logarithm)) as i64;
                Value::Integer(rounded.clamp(low, high))
            }
            Self::Choice { ref values } => {
                let place = draws.below(values.len() as u128) as usize;
                values[place].clone()
            }
            Self::Constant(ref value) => {
                draws.unit();
                value.clone()
            }
        }
    }

    /// A given value as one of the domain, if it is.
    pub(crate) fn accept(&self, value: &Value) -> Option<Value> {
        let fits = match (self, value) {
            (Self::Uniform { .. } | Self::LogUniform { .. }, &Value::Integer(whole)) => {
                return self.accept(&Value::Float(whole as f64));
            }
            (
                Self::Uniform { low, high } | Self::LogUniform { low, high },
                Value::Float(number),
            ) => (low..=high).contains(&number),
            (Self::Int { low, high } | Self::LogInt { low, high }, Value::Integer(number)) => {
                (low..=high).contains(&number)
            }
            (Self::Choice { values }, value) => values.contains(value),
            (Self::Constant(own), value) => own == value,
            _ => false,
        };
        fits.then(|| value.clone())
    }
}

impl fmt::Display for Domain {
    /// In words, to stand behind "must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform { low, high } | Self::LogUniform { low, high } => {
                write!(f, "a number from {low:?} to {high:?}")
            }
            Self::Int { low, high } | Self::LogInt { low, high } => {
                write!(f, "a whole number from {low} to {high}")
            }
            Self::Choice { values } => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(f, "one of: {}", values.join(", "))
            }
            Self::Constant(value) => write!(f, "{value}"),
        }
    }
}

/// The point that divides two numbers in the share `unit`; unlike `low + unit * (high - low)` it
/// does not overflow.
fn between(low: f64, high: f64, unit: f64) -> f64 {
    low * (1.0 - unit) + high * unit
}

fn check_floats(name: &str, low: f64, high: f64) -> Result<(), SpaceError> {
    for (bound, value) in [("low", low), ("high", high)] {
        if !value.is_finite() {
            return Err(SpaceError::NotFinite {
                name: name.to_owned(),
                bound,
                value: value.to_string(),
            });
        }
    }
    check_order(name, low, high)
}

fn check_order<T: Copy + PartialOrd + fmt::Debug>(
    name: &str,
    low: T,
    high: T,
) -> Result<(), SpaceError> {
    if low <= high {
        return Ok(());
    }
    Err(SpaceError::Order {
        name: name.to_owned(),
        low: format!("{low:?}"),
        high: format!("{high:?}"),
    })
}

fn check_positive<T: Copy + PartialOrd + fmt::Debug>(
    name: &str,
    low: T,
    zero: T,
) -> Result<(), SpaceError> {
    if low > zero {
        return Ok(());
    }
    Err(SpaceError::Logarithm {
        name: name.to_owned(),
        low: format!("{low:?}"),
    })
}
