use std::fmt;

use crate::random::Draws;
use crate::search_space::steps::Steps;
use crate::search_space::{SpaceError, Value};

/// Standard deviations beyond which no normal number is drawn: see [`Draws::normal`].
const FARTHEST: f64 = 6.8;

/// Largest logarithm whose exponential is a finite number, with some room.
const LARGEST_LOGARITHM: f64 = 700.0;

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
    /// `low`, `low` + `step`, and so on up to `high` at most, each with the same probability.
    UniformSteps {
        /// The least value.
        low: f64,
        /// No value is above it.
        high: f64,
        /// Distance of two values, above 0.
        step: f64,
    },
    /// The whole numbers `low`, `low` + `step`, and so on up to `high` at most, each with the same
    /// probability.
    IntSteps {
        /// The least value.
        low: i64,
        /// No value is above it.
        high: i64,
        /// Distance of two values, above 0.
        step: i64,
    },
    /// Normally distributed.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, above 0.
        sd: f64,
    },
    /// Its natural logarithm is normally distributed, so that half of the values are below
    /// e^`mean`.
    LogNormal {
        /// Mean of the logarithm.
        mean: f64,
        /// Standard deviation of the logarithm, above 0.
        sd: f64,
    },
    /// True or false with the same probability, for an argument of a command that is there or not.
    Flag {
        /// The argument; `--NAME` if it is `None`, NAME being the parameter's.
        argument: Option<String>,
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
            Self::UniformSteps { low, high, step } => {
                check_floats(name, low, high)?;
                check_finite(name, "step", step)?;
                check_step(name, &step, &0.0)?;
                Steps::of_floats(low, high, step).map(drop).ok_or_else(|| {
                    SpaceError::TooManySteps {
                        name: name.to_owned(),
                        step: format!("{step:?}"),
                    }
                })
            }
            Self::IntSteps { low, high, step } => {
                check_order(name, low, high)?;
                check_step(name, &step, &0)
            }
            Self::Normal { mean, sd } => check_normal(name, mean, sd),
            Self::LogNormal { mean, sd } => {
                check_normal(name, mean, sd)?;
                if mean + FARTHEST * sd < LARGEST_LOGARITHM {
                    return Ok(());
                }
                Err(SpaceError::Infinite {
                    name: name.to_owned(),
                    mean: format!("{mean:?}"),
                    sd: format!("{sd:?}"),
                })
            }
            Self::Flag {
                argument: Some(ref argument),
            } if argument.trim().is_empty() => Err(SpaceError::NoArgument {
                name: name.to_owned(),
            }),
            Self::Choice { ref values } if values.is_empty() => Err(SpaceError::NoValues {
                name: name.to_owned(),
            }),
            Self::Choice { .. } | Self::Constant(_) | Self::Flag { .. } => Ok(()),
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
            Self::LogInt { low, high } => {
                let (least, most) = (low as f64 - 0.5, high as f64 + 0.5);
                let logarithm = between(libm::log(least), libm::log(most), draws.unit());
                let rounded = libm::round(libm::exp(logarithm)) as i64;
                Value::Integer(rounded.clamp(low, high))
            }
            Self::Int { .. } | Self::UniformSteps { .. } | Self::IntSteps { .. } => {
                // A domain that was checked has steps.
                let steps = Steps::of(self);
                let drawn = steps.and_then(|steps| steps.at(draws.below(steps.count()).into()));
                drawn.unwrap_or(Value::Float(f64::NAN))
            }
            Self::Normal { mean, sd } => Value::Float(mean + sd * draws.normal()),
            Self::LogNormal { mean, sd } => Value::Float(libm::exp(mean + sd * draws.normal())),
            Self::Flag { .. } => Value::Bool(draws.below(2) == 1),
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

    /// A given value as one of the domain, if it is: a whole number is taken where any number is
    /// allowed, and a number that is a step up to rounding is that step.
    ///
    /// ```
    /// use rungkeeper_tuner::search_space::{Domain, Value};
    ///
    /// let domain = Domain::UniformSteps { low: 0.0, high: 1.0, step: 0.1 };
    /// assert_eq!(domain.accept(&Value::Float(0.1 + 0.2)), Some(Value::Float(0.3)));
    /// assert_eq!(domain.accept(&Value::Integer(1)), Some(Value::Float(1.0)));
    /// assert_eq!(domain.accept(&Value::Float(0.25)), None);
    /// ```
    #[must_use]
    pub fn accept(&self, value: &Value) -> Option<Value> {
        let fits = match (self, value) {
            (
                Self::Uniform { .. }
                | Self::LogUniform { .. }
                | Self::UniformSteps { .. }
                | Self::Normal { .. }
                | Self::LogNormal { .. },
                &Value::Integer(whole),
            ) => {
                return self.accept(&Value::Float(whole as f64));
            }
            (
                Self::Int { .. }
                | Self::LogInt { .. }
                | Self::UniformSteps { .. }
                | Self::IntSteps { .. },
                value,
            ) => {
                let steps = Steps::of(self)?;
                return steps.at(steps.place(value)?);
            }
            (Self::Normal { .. }, Value::Float(number)) => number.is_finite(),
            (Self::LogNormal { .. }, Value::Float(number)) => number.is_finite() && *number > 0.0,
            (Self::Flag { .. }, Value::Bool(_)) => true,
            (
                Self::Uniform { low, high } | Self::LogUniform { low, high },
                Value::Float(number),
            ) => (low..=high).contains(&number),
            (Self::Choice { values }, value) => values.contains(value),
            (Self::Constant(own), value) => own == value,
            _ => false,
        };
        fits.then(|| value.clone())
    }

    /// Why a value is refused that is not one of the domain.
    pub(super) fn refusal(&self, name: &str, value: &Value) -> SpaceError {
        SpaceError::Outside {
            name: name.to_owned(),
            value: value.to_string(),
            allowed: self.to_string(),
        }
    }

    /// The value that a text stands for, as in a cell of a table: what [`Value`] shows reads back
    /// as the same value. `3.0` may be the whole number 3, as programs write a column that has empty cells, too.
    ///
    /// ```
    /// use rungkeeper_tuner::search_space::{Domain, Value};
    ///
    /// let domain = Domain::Choice { values: vec![Value::from("16"), Value::Integer(32)] };
    /// assert_eq!(domain.accept_text("16"), Some(Value::from("16")));
    /// assert_eq!(domain.accept_text("32"), Some(Value::Integer(32)));
    /// let whole = Domain::Int { low: 1, high: 9 };
    /// assert_eq!(whole.accept_text("2.0"), Some(Value::Integer(2)));
    /// assert_eq!(whole.accept_text("2.5"), None);
    /// ```
    #[must_use]
    pub fn accept_text(&self, text: &str) -> Option<Value> {
        let is_shown = |value: &&Value| value.to_string() == text;
        let exact = match self {
            Self::Choice { values } => values.iter().find(is_shown),
            Self::Constant(value) => Some(value).filter(is_shown),
            _ => None,
        };
        if let Some(value) = exact {
            return Some(value.clone());
        }
        let read = [
            text.parse().ok().map(Value::Integer),
            text.parse().ok().map(Value::Float),
            whole(text).map(Value::Integer),
            // As Python writes them, too.
            text.to_ascii_lowercase().parse().ok().map(Value::Bool),
        ];
        let mut read = read.into_iter().flatten();
        read.find_map(|value| self.accept(&value))
    }

    /// Whether it has finitely many values by its kind, so that others can depend on which one it has.
    pub(crate) fn is_discrete(&self) -> bool {
        match self {
            Self::Uniform { .. }
            | Self::LogUniform { .. }
            | Self::Normal { .. }
            | Self::LogNormal { .. } => false,
            Self::Int { .. }
            | Self::LogInt { .. }
            | Self::UniformSteps { .. }
            | Self::IntSteps { .. }
            | Self::Flag { .. }
            | Self::Choice { .. }
            | Self::Constant(_) => true,
        }
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
            Self::UniformSteps { low, high, step } => {
                write!(f, "a number from {low:?} to {high:?} in steps of {step:?}")
            }
            Self::IntSteps { low, high, step } => {
                write!(f, "a whole number from {low} to {high} in steps of {step}")
            }
            Self::Normal { .. } => f.write_str("a number"),
            Self::LogNormal { .. } => f.write_str("a number above 0"),
            Self::Flag { .. } => f.write_str("true or false"),
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

/// A whole number with a point. Above 2^53 it no longer tells which one was meant.
fn whole(text: &str) -> Option<i64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let number = text.parse::<f64>().ok()?;
    let is_whole = (-MOST..=MOST).contains(&number) && number.fract() == 0.0;
    is_whole.then_some(number as i64)
}

fn check_floats(name: &str, low: f64, high: f64) -> Result<(), SpaceError> {
    check_finite(name, "low", low)?;
    check_finite(name, "high", high)?;
    check_order(name, low, high)
}

fn check_finite(name: &str, bound: &'static str, value: f64) -> Result<(), SpaceError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(SpaceError::NotFinite {
        name: name.to_owned(),
        bound,
        value: value.to_string(),
    })
}

fn check_normal(name: &str, mean: f64, sd: f64) -> Result<(), SpaceError> {
    check_finite(name, "mean", mean)?;
    check_finite(name, "sd", sd)?;
    if sd > 0.0 {
        return Ok(());
    }
    Err(SpaceError::Spread {
        name: name.to_owned(),
        sd: format!("{sd:?}"),
    })
}

fn check_step<T: PartialOrd + fmt::Debug>(
    name: &str,
    step: &T,
    zero: &T,
) -> Result<(), SpaceError> {
    if step > zero {
        return Ok(());
    }
    Err(SpaceError::Step {
        name: name.to_owned(),
        step: format!("{step:?}"),
    })
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
