use std::fmt;

/// Value of a hyper-parameter.
///
/// Shown as it is written on a command line: floats in the shortest form that reads back as the
/// same number, text without quotes.
///
/// ```
/// use rungkeeper_tuner::search_space::Value;
///
/// assert_eq!(Value::Float(1e-5).to_string(), "1e-5");
/// assert_eq!(Value::Float(2.0).to_string(), "2.0");
/// assert_eq!(Value::from("relu").to_string(), "relu");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        untagged,
        expecting = "a value must be true or false, a number, or text in quotes"
    )
)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// Values of hyper-parameters by name, in the order of the search space.
///
/// With the feature `serde` it is read and written as a map.
///
/// ```
/// use rungkeeper_tuner::search_space::{Configuration, Value};
///
/// let configuration: Configuration = [("lr", Value::Float(0.1)), ("layers", Value::Integer(3))]
///     .into_iter()
///     .collect();
/// assert_eq!(configuration.get("layers"), Some(&Value::Integer(3)));
/// let arguments: Vec<_> = configuration.iter().map(|(name, value)| format!("--{name} {value}")).collect();
/// assert_eq!(arguments, ["--lr 0.1", "--layers 3"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration(Vec<(String, Value)>);

impl Configuration {
    /// The value of a parameter, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut pairs = self.0.iter();
        pairs.find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Sets a parameter, at the end if it is new.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes a parameter away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: AsRef<str>> FromIterator<(N, Value)> for Configuration {
    /// Of values with the same name the last one counts.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(pairs: I) -> Self {
        let mut configuration = Self::default();
        for (name, value) in pairs {
            configuration.set(name.as_ref(), value);
        }
        configuration
    }
}

impl IntoIterator for Configuration {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
