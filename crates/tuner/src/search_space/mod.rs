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
//!     activation = { type = "choice", values = ["relu", "tanh"] }
//!     epochs = 81
//! "#)?;
//! let configuration = space.configuration(42, 0);
//! assert_eq!(configuration.get("epochs").unwrap().to_string(), "81");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "serde"))]
//! # fn main() {}
//! ```

mod domain;
mod error;
mod proposed;
#[cfg(feature = "serde")]
mod read;
mod size;
mod value;
#[cfg(feature = "serde")]
mod write;

pub use domain::Domain;
pub use error::SpaceError;
pub(crate) use size::Numbering;
pub use value::{Configuration, Value};

use crate::random::{Draws, Purpose};

/// Hyper-parameters with their domains, and configurations to be tried first.
///
/// Parameters are drawn one after the other in the order given, each from one random number, so a
/// change of one domain leaves the values of the others. The space without parameters is
/// [`SearchSpace::default`]; its configurations are empty.
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
    parameters: Vec<(String, Domain)>,
    given: Vec<Configuration>,
}

impl SearchSpace {
    /// A space of named domains.
    ///
    /// # Errors
    ///
    /// A name is empty or is there twice, or a domain is empty: see [`SpaceError`].
    pub fn new(parameters: impl IntoIterator<Item = (String, Domain)>) -> Result<Self, SpaceError> {
        let mut space = Self::default();
        for (name, domain) in parameters {
            space.add(name, domain)?;
        }
        Ok(space)
    }

    fn add(&mut self, name: String, domain: Domain) -> Result<(), SpaceError> {
        if name.is_empty() {
            return Err(SpaceError::NoName);
        }
        if self.domain(&name).is_some() {
            return Err(SpaceError::Twice { name });
        }
        domain.check(&name)?;
        self.parameters.push((name, domain));
        Ok(())
    }

    /// The same space with configurations for the first trials: the first for trial 0, and so on.
    /// Parameters that one does not name are drawn. Whole numbers are taken where any number is
    /// allowed.
    ///
    /// # Errors
    ///
    /// One of them names a parameter that the space has not, or a value outside its domain.
    pub fn with_given(mut self, given: Vec<Configuration>) -> Result<Self, SpaceError> {
        self.given = Vec::with_capacity(given.len());
        for (index, configuration) in given.into_iter().enumerate() {
            let mut checked = Configuration::default();
            for (name, value) in configuration {
                let value = self.accept(index, &name, &value)?;
                checked.set(&name, value);
            }
            self.given.push(checked);
        }
        Ok(self)
    }

    fn accept(&self, index: usize, name: &str, value: &Value) -> Result<Value, SpaceError> {
        let Some(domain) = self.domain(name) else {
            let names = self.parameters.iter().map(|(name, _)| name.as_str());
            return Err(SpaceError::GivenName {
                index,
                name: name.to_owned(),
                allowed: names.collect::<Vec<_>>().join(", "),
            });
        };
        domain.accept(value).ok_or_else(|| SpaceError::GivenValue {
            index,
            name: name.to_owned(),
            value: value.to_string(),
            allowed: domain.to_string(),
        })
    }

    /// The domain of a parameter, if the space has it.
    #[must_use]
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(own, _)| own == name)
            .map(|(_, domain)| domain)
    }

    /// The parameters with their domains, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Domain)> {
        self.parameters
            .iter()
            .map(|(name, domain)| (name.as_str(), domain))
    }

    /// The configurations to be tried first, as [`SearchSpace::with_given`] took them.
    #[must_use]
    pub fn given(&self) -> &[Configuration] {
        &self.given
    }

    /// The configuration of a trial: a given one as long as there are any, then random search
    /// (Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization").
    ///
    /// It depends on the space, the seed and the trial's number, and on nothing else.
    #[must_use]
    pub fn configuration(&self, seed: u64, trial: u64) -> Configuration {
        let mut draws = Draws::new(seed, trial, Purpose::Configuration);
        let given = usize::try_from(trial).ok().and_then(|i| self.given.get(i));
        let mut configuration = Configuration::default();
        for (name, domain) in &self.parameters {
            let drawn = domain.draw(&mut draws);
            let given = given.and_then(|given| given.get(name)).cloned();
            configuration.set(name, given.unwrap_or(drawn));
        }
        configuration
    }
}
