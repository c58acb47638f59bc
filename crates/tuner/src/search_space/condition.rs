//! On what it depends whether a parameter is there.

use crate::search_space::{Configuration, Value};

/// When a parameter is active: each of the others that it names has one of the values listed for it,
/// and is active itself. The default one names none, and always holds.
///
/// ```
/// use rungkeeper_tuner::search_space::{Condition, Value};
///
/// let condition = Condition::new([("optimizer", vec![Value::from("sgd"), Value::from("rmsprop")])]);
/// assert_eq!(condition.parents().count(), 1);
/// assert!(!condition.is_always());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition(Vec<(String, Vec<Value>)>);

impl Condition {
    /// A condition on other parameters: for each the values that it may have.
    #[must_use]
    pub fn new<N: Into<String>>(parents: impl IntoIterator<Item = (N, Vec<Value>)>) -> Self {
        let parents = parents.into_iter();
        Self(
            parents
                .map(|(name, values)| (name.into(), values))
                .collect(),
        )
    }

    /// Whether it names no parameter, and so always holds.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The parameters that it names, each with the values that it may have.
    pub fn parents(&self) -> impl Iterator<Item = (&str, &[Value])> {
        let parents = self.0.iter();
        parents.map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// The same with other values for each parameter.
    pub(crate) fn with_values<E>(
        self,
        mut values: impl FnMut(&str, Vec<Value>) -> Result<Vec<Value>, E>,
    ) -> Result<Self, E> {
        let parents = self.0.into_iter().map(|(name, own)| {
            let own = values(&name, own)?;
            Ok((name, own))
        });
        parents.collect::<Result<_, _>>().map(Self)
    }

    /// Whether it holds in a configuration that has those parameters which are active.
    pub(crate) fn holds(&self, configuration: &Configuration) -> bool {
        self.0.iter().all(|(name, values)| {
            let value = configuration.get(name);
            value.is_some_and(|value| values.contains(value))
        })
    }
}
