//! The configurations of a finite space, numbered.

use std::collections::HashMap;

use crate::search_space::{Configuration, Domain, SearchSpace, Value};

/// A finite space, and the number of each of its configurations.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    parameters: Vec<(String, Values)>,
    size: u128,
}

/// The values of a parameter, each of which has a place.
#[derive(Clone, Debug)]
enum Values {
    /// Whole numbers from the first to the last.
    Range(i64, i64),
    /// These, and the place of each in its debug form, in which NaN is equal to itself.
    List(Vec<Value>, HashMap<String, u128>),
}

impl Values {
    /// The values of a domain, where there are finitely many.
    fn of(domain: &Domain) -> Option<Self> {
        match domain {
            Domain::Uniform { low, high } | Domain::LogUniform { low, high } => {
                (low == high).then(|| Self::list(&[Value::Float(*low)]))
            }
            &Domain::Int { low, high } | &Domain::LogInt { low, high } => {
                Some(Self::Range(low, high))
            }
            Domain::Choice { values } => Some(Self::list(values)),
            Domain::Constant(value) => Some(Self::list(std::slice::from_ref(value))),
        }
    }

    /// Each of them once.
    fn list(values: &[Value]) -> Self {
        let (mut once, mut places) = (Vec::new(), HashMap::new());
        for value in values {
            places.entry(format!("{value:?}")).or_insert_with(|| {
                once.push(value.clone());
                once.len() as u128 - 1
            });
        }
        Self::List(once, places)
    }

    fn count(&self) -> u128 {
        match self {
            Self::Range(low, high) => (i128::from(*high) - i128::from(*low) + 1).unsigned_abs(),
            Self::List(values, _) => values.len() as u128,
        }
    }

    fn place(&self, value: &Value) -> Option<u128> {
        match (self, value) {
            (Self::Range(low, high), Value::Integer(value)) => (low..=high)
                .contains(&value)
                .then(|| (i128::from(*value) - i128::from(*low)).unsigned_abs()),
            (Self::Range(..), _) => None,
            (Self::List(_, places), value) => places.get(&format!("{value:?}")).copied(),
        }
    }

    fn at(&self, place: u128) -> Option<Value> {
        match self {
            Self::Range(low, _) => {
                let value = i128::from(*low) + i128::try_from(place).ok()?;
                i64::try_from(value).ok().map(Value::Integer)
            }
            Self::List(values, _) => values.get(usize::try_from(place).ok()?).cloned(),
        }
    }
}

impl Numbering {
    /// The configurations of a space, where there are at most `most` of them. A space in which nothing
    /// varies has none: whoever uses it tells trials apart by something else, such as their number.
    pub(crate) fn new(space: &SearchSpace, most: u128) -> Option<Self> {
        let (mut parameters, mut size) = (Vec::new(), 1u128);
        for (name, domain) in &space.parameters {
            let values = Values::of(domain)?;
            size = size.checked_mul(values.count())?;
            parameters.push((name.clone(), values));
        }
        (1 < size && size <= most).then_some(Self { parameters, size })
    }

    /// Number of configurations.
    pub(crate) fn size(&self) -> u128 {
        self.size
    }

    /// Number of a configuration, below the size; `None` for one that is not of the space.
    pub(crate) fn number_of(&self, configuration: &Configuration) -> Option<u128> {
        let mut number = 0;
        for (name, values) in &self.parameters {
            number = number * values.count() + values.place(configuration.get(name)?)?;
        }
        Some(number)
    }

    /// The configuration with a number.
    pub(crate) fn numbered(&self, mut number: u128) -> Option<Configuration> {
        let mut reversed = Vec::with_capacity(self.parameters.len());
        for (name, values) in self.parameters.iter().rev() {
            reversed.push((name, values.at(number % values.count())?));
            number /= values.count();
        }
        Some(reversed.into_iter().rev().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(parameters: &[(&str, Domain)]) -> SearchSpace {
        let parameters = parameters.iter().cloned();
        SearchSpace::new(parameters.map(|(name, domain)| (name.to_owned(), domain))).unwrap()
    }

    #[test]
    fn configurations_are_numbered() {
        let values = ["a", "b", "a"].map(Value::from).to_vec();
        let full = space(&[
            ("x", Domain::Int { low: -1, high: 1 }),
            ("y", Domain::Choice { values }),
            ("z", Domain::Constant(Value::Float(f64::NAN))),
            ("w", Domain::LogInt { low: 3, high: 4 }),
            (
                "v",
                Domain::Uniform {
                    low: 2.0,
                    high: 2.0,
                },
            ),
        ]);
        assert!(Numbering::new(&full, 11).is_none());
        let space = Numbering::new(&full, 12).unwrap();
        assert_eq!(space.size(), 12);
        let all: Vec<_> = (0..12)
            .map(|number| space.numbered(number).unwrap())
            .collect();
        for (number, configuration) in all.iter().enumerate() {
            assert_eq!(space.number_of(configuration), Some(number as u128));
        }
        for trial in 0..50 {
            let drawn = full.configuration(3, trial);
            let number = space.number_of(&drawn).unwrap() as usize;
            assert_eq!(format!("{:?}", all[number]), format!("{drawn:?}"));
        }
    }

    #[test]
    fn what_is_endless_or_large_has_no_size() {
        let unit = Domain::Uniform {
            low: 0.0,
            high: 1.0,
        };
        let all = Domain::Int {
            low: i64::MIN,
            high: i64::MAX,
        };
        let size = |parameters: &[(&str, Domain)]| {
            Numbering::new(&space(parameters), u128::MAX).map(|numbering| numbering.size())
        };
        assert_eq!(size(&[]), None);
        assert_eq!(size(&[("x", unit)]), None);
        assert_eq!(size(&[("x", all.clone())]), Some(1 << 64));
        assert_eq!(
            size(&[("x", all.clone()), ("y", all.clone()), ("z", all)]),
            None
        );
        let outside: Configuration = [("x", Value::Integer(7))].into_iter().collect();
        for name in ["x", "y"] {
            let space = space(&[(name, Domain::Int { low: 0, high: 6 })]);
            assert_eq!(Numbering::new(&space, 7).unwrap().number_of(&outside), None);
        }
    }

    /// Looking values up takes no longer for long lists.
    #[test]
    fn long_choices_are_numbered_at_once() {
        let values = (0..200_000).map(|i| Value::Text(format!("{i}"))).collect();
        let space = space(&[("x", Domain::Choice { values })]);
        let numbering = Numbering::new(&space, 1_000_000).unwrap();
        for number in (0..200_000).step_by(7) {
            let configuration = numbering.numbered(number).unwrap();
            assert_eq!(numbering.number_of(&configuration), Some(number));
        }
    }
}
