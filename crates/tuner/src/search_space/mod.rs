//! Search spaces: what configurations are drawn from.
//!
//! A [`SearchSpace`] names hyper-parameters and the [`Domain`] of each. The configuration of trial
//! number `i` is a function of the space, the seed and `i` alone: nothing depends on what was drawn
//! before, so a run that is resumed goes on as if it had not been interrupted. The values are the
//! same on every platform (PCG random numbers, `libm` for exponentials and logarithms).
//!
//! With the feature `serde` a space is read from a table, and so are configurations:
//!
//! ```
//! # #[cfg(feature = "serde")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use rungkeeper_tuner::search_space::SearchSpace;
//!
//! let space: SearchSpace = toml::from_str(r#"
//!     lr = { type = "loguniform", low = 1e-5, high = 1e-1 }
//!     momentum = { type = "uniform", low = 0.5, high = 1.0 }
//!     layers = { type = "int", low = 1, high = 8 }
//!     width = { type = "logint", low = 16, high = 1024 }
//!     batch = { type = "int", low = 16, high = 128, step = 16 }
//!     dropout = { type = "uniform", low = 0.0, high = 0.5, step = 0.1 }
//!     temperature = { type = "lognormal", mean = 0.0, sd = 0.5 }
//!     activation = { type = "choice", values = ["relu", "tanh", "leaky"] }
//!     slope = { type = "uniform", low = 0.0, high = 0.3, when = { activation = "leaky" } }
//!     augment = { type = "flag" }
//!     epochs = 81
//! "#)?;
//! let configuration = space.configuration(42, 0);
//! assert_eq!(configuration.get("epochs").unwrap().to_string(), "81");
//! let is_leaky = configuration.get("activation") == Some(&"leaky".into());
//! assert_eq!(configuration.get("slope").is_some(), is_leaky);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "serde"))]
//! # fn main() {}
//! ```

mod activity;
mod condition;
mod domain;
mod error;
mod proposed;
#[cfg(feature = "serde")]
mod read;
mod size;
mod steps;
mod value;
#[cfg(feature = "serde")]
mod write;

pub use condition::Condition;
pub use domain::Domain;
pub use error::SpaceError;
pub(crate) use size::Numbering;
pub use value::{Configuration, Value};

use std::collections::HashSet;

use crate::known_names;
use crate::random::{Draws, Purpose};

/// A hyper-parameter: what it is drawn from, and when it is there.
///
/// With the feature `serde` it is read from a value or a table with `type`, and `when` for a
/// condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// What its value is drawn from.
    pub domain: Domain,
    /// Whether it is active.
    pub when: Condition,
}

impl From<Domain> for Parameter {
    /// One that is always active.
    fn from(domain: Domain) -> Self {
        let when = Condition::default();
        Self { domain, when }
    }
}

/// Hyper-parameters with their domains, and configurations to be tried first.
///
/// Parameters are drawn one after the other in the order given, each from one random number, so a
/// change of one domain leaves the values of the others. The space without parameters is
/// [`SearchSpace::default`]; its configurations are empty. A parameter may depend on others: where its
/// [`Condition`] does not hold it is not active, and configurations are without it.
///
/// ```
/// use rungkeeper_tuner::search_space::{Domain, SearchSpace, Value};
///
/// let space = SearchSpace::new([
///     ("lr".to_owned(), Domain::LogUniform { low: 1e-5, high: 1e-1 }),
///     ("layers".to_owned(), Domain::Int { low: 1, high: 8 }),
/// ])?;
/// let first = space.configuration(42, 0);
/// assert_eq!(first, space.configuration(42, 0));
/// assert_ne!(first, space.configuration(42, 1));
/// assert!(matches!(first.get("layers"), Some(Value::Integer(1..=8))));
/// # Ok::<(), rungkeeper_tuner::search_space::SpaceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchSpace {
    parameters: Vec<(String, Parameter)>,
    /// Places of all parameters, each behind those that it depends on.
    order: Vec<usize>,
    given: Vec<Configuration>,
}

impl SearchSpace {
    /// A space of named domains.
    ///
    /// # Errors
    ///
    /// A name is empty or is there twice, or a domain is empty: see [`SpaceError`].
    pub fn new(parameters: impl IntoIterator<Item = (String, Domain)>) -> Result<Self, SpaceError> {
        let parameters = parameters.into_iter();
        let parameters = parameters.map(|(name, domain)| (name, domain.into()));
        Self::of(parameters).map_err(|mut problems| problems.swap_remove(0))
    }

    /// A space of named parameters, which may depend on each other.
    ///
    /// ```
    /// use rungkeeper_tuner::search_space::{Condition, Domain, Parameter, SearchSpace, Value};
    ///
    /// let optimizer = Domain::Choice { values: vec!["sgd".into(), "adam".into()] };
    /// let momentum = Parameter {
    ///     domain: Domain::Uniform { low: 0.0, high: 1.0 },
    ///     when: Condition::new([("optimizer", vec!["sgd".into()])]),
    /// };
    /// let space = SearchSpace::of([
    ///     ("optimizer".to_owned(), optimizer.into()),
    ///     ("momentum".to_owned(), momentum),
    /// ]).unwrap();
    /// for trial in 0..10 {
    ///     let configuration = space.configuration(1, trial);
    ///     let is_sgd = configuration.get("optimizer") == Some(&Value::from("sgd"));
    ///     assert_eq!(configuration.get("momentum").is_some(), is_sgd);
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// All that is wrong, at least one thing: as [`SearchSpace::new`]; a condition names a parameter
    /// that there is not or a value that it never has, or parameters depend on each other in a circle.
    pub fn of(
        parameters: impl IntoIterator<Item = (String, Parameter)>,
    ) -> Result<Self, Vec<SpaceError>> {
        let (mut space, mut problems, mut wrong) = (Self::default(), Vec::new(), HashSet::new());
        for (name, parameter) in parameters {
            if name.is_empty() {
                problems.push(SpaceError::NoName);
            } else if space.domain(&name).is_some() {
                problems.push(SpaceError::Twice { name });
            } else {
                if let Err(problem) = parameter.domain.check(&name) {
                    problems.push(problem);
                    wrong.insert(name.clone());
                }
                space.parameters.push((name, parameter));
            }
        }
        match activity::checked(&mut space.parameters, &wrong) {
            Ok(order) => space.order = order,
            Err(more) => problems.extend(more),
        }
        if problems.is_empty() {
            Ok(space)
        } else {
            Err(problems)
        }
    }

    /// The same space with configurations for the first trials: the first for trial 0, and so on.
    /// Parameters that one does not name are drawn. Whole numbers are taken where any number is
    /// allowed.
    ///
    /// # Errors
    ///
    /// One of them names a parameter that the space has not, a value outside its domain, or one that
    /// is not active in it.
    pub fn with_given(mut self, given: Vec<Configuration>) -> Result<Self, SpaceError> {
        let given = given.into_iter().enumerate();
        self.given = given
            .map(|(index, configuration)| {
                let accepted = self.accept(configuration);
                accepted.map_err(|problem| problem.of_given(index))
            })
            .collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// A given configuration with its values as those of their domains.
    ///
    /// # Errors
    ///
    /// As [`SearchSpace::with_given`], which this is a part of, without the place of the configuration.
    pub fn accept(&self, configuration: Configuration) -> Result<Configuration, SpaceError> {
        let mut checked = Configuration::default();
        for (name, value) in configuration {
            let domain = self.domain(&name).ok_or_else(|| self.unknown(&name))?;
            let accepted = domain.accept(&value);
            let accepted = accepted.ok_or_else(|| domain.refusal(&name, &value))?;
            checked.set(&name, accepted);
        }
        for (name, parameter) in &self.parameters {
            if checked.get(name).is_none() {
                continue;
            }
            // What is not given is drawn, and may have any value.
            let contradicted = parameter.when.parents().find_map(|(parent, values)| {
                let value = checked.get(parent)?;
                (!values.contains(value)).then(|| (parent.to_owned(), value.to_string()))
            });
            if let Some((parent, value)) = contradicted {
                return Err(SpaceError::Inactive {
                    name: name.clone(),
                    parent,
                    value,
                });
            }
        }
        Ok(checked)
    }

    /// That there is no such parameter.
    fn unknown(&self, name: &str) -> SpaceError {
        SpaceError::Unknown {
            name: name.to_owned(),
            allowed: known_names(name, &self.names()),
        }
    }

    /// The names of the parameters, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.parameters().map(|(name, _)| name).collect()
    }

    /// The domain of a parameter, if the space has it.
    #[must_use]
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.parameter(name).map(|parameter| &parameter.domain)
    }

    /// A parameter, if the space has it.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        let mut parameters = self.parameters();
        parameters
            .find(|(own, _)| *own == name)
            .map(|(_, parameter)| parameter)
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters
            .iter()
            .map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// The parameters, each behind those that it depends on.
    fn in_order_of_dependence(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.order.iter().map(|&place| {
            let (name, parameter) = &self.parameters[place];
            (name.as_str(), parameter)
        })
    }

    /// The configurations to be tried first, as [`SearchSpace::with_given`] took them.
    #[must_use]
    pub fn given(&self) -> &[Configuration] {
        &self.given
    }

    /// The configuration of a trial: a given one as long as there are any, then random search
    /// (Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization"). Parameters that
    /// are not active are left out.
    ///
    /// It depends on the space, the seed and the trial's number, and on nothing else.
    #[must_use]
    pub fn configuration(&self, seed: u64, trial: u64) -> Configuration {
        let mut draws = Draws::new(seed, trial, Purpose::Configuration);
        let given = usize::try_from(trial).ok().and_then(|i| self.given.get(i));
        let mut configuration = Configuration::default();
        for (name, parameter) in &self.parameters {
            let drawn = parameter.domain.draw(&mut draws);
            let given = given.and_then(|given| given.get(name)).cloned();
            configuration.set(name, given.unwrap_or(drawn));
        }
        for (name, parameter) in self.in_order_of_dependence() {
            if !parameter.when.holds(&configuration) {
                configuration.remove(name);
            }
        }
        configuration
    }
}
