//! Configurations that somebody else proposes.

use crate::search_space::{Configuration, Domain, SearchSpace, SpaceError, Value};

impl SearchSpace {
    /// A configuration that somebody else proposes, as one of this space: its active parameters in their order.
    ///
    /// Each active parameter must be there and in its domain; one with a plain value may be left out, and what is
    /// proposed for a parameter that is not active is left out. Not every language tells `3` from `3.0`, so a whole
    /// number is taken either way.
    ///
    /// ```
    /// use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};
    ///
    /// let space = SearchSpace::new([
    ///     ("lr".to_owned(), Domain::LogUniform { low: 1e-5, high: 1.0 }),
    ///     ("layers".to_owned(), Domain::Int { low: 1, high: 8 }),
    ///     ("epochs".to_owned(), Domain::Constant(Value::Integer(81))),
    /// ])?;
    /// let proposed = |lr, layers| Configuration::from_iter([("layers", layers), ("lr", lr)]);
    /// let accepted = space.accept_proposed(&proposed(Value::Integer(1), Value::Float(3.0)))?;
    /// let expected = [("lr", Value::Float(1.0)), ("layers", Value::Integer(3)), ("epochs", Value::Integer(81))];
    /// assert_eq!(accepted, expected.into_iter().collect());
    ///
    /// let refused = space.accept_proposed(&proposed(Value::Float(2.0), Value::Integer(3)));
    /// assert_eq!(refused.unwrap_err().to_string(), "lr is 2.0, but must be a number from 1e-5 to 1.0");
    /// # Ok::<(), rungkeeper_tuner::search_space::SpaceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It names a parameter that the space has not, lacks one, or has a value outside its domain.
    pub fn accept_proposed(&self, proposed: &Configuration) -> Result<Configuration, SpaceError> {
        let mut names = proposed.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| self.domain(name).is_none()) {
            return Err(self.unknown(name));
        }
        let mut active = Configuration::default();
        for (name, parameter) in self.in_order_of_dependence() {
            if parameter.when.holds(&active) {
                let value = accept_value(name, &parameter.domain, proposed.get(name))?;
                active.set(name, value);
            }
        }
        let in_order = self.names().into_iter();
        let in_order = in_order.filter_map(|name| Some((name, active.get(name)?.clone())));
        Ok(in_order.collect())
    }
}

/// The value of a parameter that is active.
fn accept_value(name: &str, domain: &Domain, value: Option<&Value>) -> Result<Value, SpaceError> {
    match (value, domain) {
        (Some(value), _) => accept(domain, value).ok_or_else(|| domain.refusal(name, value)),
        (None, Domain::Constant(value)) => Ok(value.clone()),
        (None, _) => Err(SpaceError::Missing {
            name: name.to_owned(),
            allowed: domain.to_string(),
        }),
    }
}

/// The value as one of the domain; if it is none, then the same whole number in its other form.
fn accept(domain: &Domain, value: &Value) -> Option<Value> {
    let other_form = || match *value {
        Value::Integer(whole) => Some(Value::Float(whole as f64)),
        // Up to 2^53 a double is the whole number that was written.
        Value::Float(number) if number.fract() == 0.0 && number.abs() <= 2_f64.powi(53) => {
            Some(Value::Integer(number as i64))
        }
        _ => None,
    };
    let accepted = domain.accept(value);
    accepted.or_else(|| domain.accept(&other_form()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_space::{Condition, Parameter};

    fn space() -> SearchSpace {
        let values = vec![Value::Integer(16), Value::from("auto"), Value::Float(0.5)];
        let parameters = [
            ("units", Domain::Choice { values }),
            ("depth", Domain::LogInt { low: 1, high: 4 }),
            ("shuffle", Domain::Constant(Value::Bool(true))),
        ];
        SearchSpace::new(parameters.map(|(name, domain)| (name.to_owned(), domain))).unwrap()
    }

    fn refused(proposed: &[(&str, Value)]) -> String {
        let proposed = proposed.iter().cloned().collect();
        space().accept_proposed(&proposed).unwrap_err().to_string()
    }

    #[test]
    fn whole_numbers_have_two_forms() {
        let proposed = [("units", Value::Float(16.0)), ("depth", Value::Float(4.0))];
        let accepted = space()
            .accept_proposed(&proposed.into_iter().collect())
            .unwrap();
        assert_eq!(accepted.get("units"), Some(&Value::Integer(16)));
        assert_eq!(accepted.get("depth"), Some(&Value::Integer(4)));
        assert_eq!(accepted.get("shuffle"), Some(&Value::Bool(true)));
    }

    #[test]
    fn what_is_no_configuration_of_the_space_is_refused() {
        let units = ("units", Value::from("auto"));
        for (depth, shown) in [
            (Value::Float(2.5), "2.5"),
            (Value::Float(1e300), "1e300"),
            (Value::Integer(5), "5"),
            (Value::from("2"), "2"),
            (Value::Bool(true), "true"),
        ] {
            assert_eq!(
                refused(&[units.clone(), ("depth", depth)]),
                format!("depth is {shown}, but must be a whole number from 1 to 4")
            );
        }
        assert_eq!(
            refused(std::slice::from_ref(&units)),
            "parameter \"depth\" is missing; it must be a whole number from 1 to 4"
        );
        assert_eq!(
            refused(&[
                units,
                ("depth", Value::Integer(1)),
                ("dept", Value::Integer(1))
            ]),
            "there is no parameter \"dept\"; did you mean `depth`? There are: units, depth, shuffle"
        );
    }

    /// What is proposed for a parameter that is not active counts for nothing, and what is active has to be there.
    #[test]
    fn conditions_count() {
        let uniform = Domain::Uniform {
            low: 0.0,
            high: 1.0,
        };
        let parameter = |domain: Domain, when| Parameter { domain, when };
        let kind = Domain::Choice {
            values: vec!["a".into(), "b".into()],
        };
        let space = SearchSpace::of([
            // It stands before what it depends on.
            (
                "x".to_owned(),
                parameter(
                    uniform.clone(),
                    Condition::new([("flag", vec![true.into()])]),
                ),
            ),
            (
                "flag".to_owned(),
                parameter(
                    Domain::Flag { argument: None },
                    Condition::new([("kind", vec!["a".into()])]),
                ),
            ),
            ("kind".to_owned(), kind.into()),
        ]);
        let space = space.unwrap();
        let accept = |pairs: &[(&str, Value)]| {
            let accepted = space.accept_proposed(&pairs.iter().cloned().collect());
            accepted.map(|own| {
                let names: Vec<String> = own.iter().map(|(name, _)| name.to_owned()).collect();
                names.join(" ")
            })
        };
        let all = |kind: &str, flag: bool| {
            [
                ("kind", Value::from(kind)),
                ("flag", flag.into()),
                ("x", 0.5.into()),
            ]
        };
        assert_eq!(accept(&all("a", true)).unwrap(), "x flag kind");
        assert_eq!(accept(&all("a", false)).unwrap(), "flag kind");
        assert_eq!(accept(&all("b", true)).unwrap(), "kind");
        assert_eq!(accept(&[("kind", "b".into())]).unwrap(), "kind");
        let missing = accept(&all("a", true)[..2]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "parameter \"x\" is missing; it must be a number from 0.0 to 1.0"
        );
    }
}
