//! The curve of the trial whose hyper-parameters are nearest to a configuration.

use thiserror::Error;

use crate::curves::CurveTable;
use crate::search_space::{Configuration, Domain, SearchSpace, Value};

/// A normal hyper-parameter lies within that many standard deviations, nearly always.
const DEVIATIONS: f64 = 4.0;

/// Finds the curve of the trial whose hyper-parameters are nearest to a configuration.
///
/// The distance is Euclidean: a number counts by its place in the range of its domain, on a logarithmic scale where the
/// domain is logarithmic; two values of a choice or a flag are 0 or 1 from each other, and so are a parameter that is active
/// and one that is not. Of several the first is taken. Each curve is taken once, unless they may come again.
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
/// use rungkeeper_tuner::search_space::{Domain, SearchSpace, Value};
/// use rungkeeper_tuner::simulation::Nearest;
///
/// let file = "trial,resource,loss,lr\na,1,0.8,0.001\nb,1,0.6,0.1\nc,1,0.9,1.0\n";
/// let options = ReadOptions::new().parameters(["lr"]);
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &options)?;
/// let domain = Domain::LogUniform { low: 1e-3, high: 1.0 };
/// let mut nearest = Nearest::new(&table, &SearchSpace::new([("lr".to_owned(), domain)])?, false)?;
/// let proposed = [("lr", Value::Float(0.02))].into_iter().collect();
/// assert_eq!(nearest.take(&proposed), Some(1)); // 0.1 is nearer than 0.001 on this scale
/// assert_eq!(nearest.take(&proposed), Some(0)); // the next one, as that is used
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Parameters that vary.
    parameters: Vec<(String, Domain)>,
    /// Of each curve where it stands along each of them.
    places: Vec<Vec<Place>>,
    used: Vec<bool>,
    again: bool,
}

/// Where a value stands along its parameter.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Number(f64),
    Other(String),
    /// The parameter is not active.
    Nowhere,
}

/// A field that is no number though its hyper-parameter is one.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{table}: {parameter} of trial {trial} is {text:?}, but must be a number")]
#[non_exhaustive]
pub struct NearestError {
    /// Name of the table.
    pub table: String,
    /// The trial.
    pub trial: String,
    /// The hyper-parameter.
    pub parameter: String,
    /// The field.
    pub text: String,
}

impl Nearest {
    /// The [hyper-parameters](crate::curves::ReadOptions::parameters) that a table has to be read with, in this order: those
    /// without a plain value.
    #[must_use]
    pub fn names(space: &SearchSpace) -> Vec<&str> {
        varying(space).map(|(name, _)| name).collect()
    }

    /// For a table that was read with those. With `again` a curve may be taken any number of times.
    ///
    /// # Errors
    ///
    /// A field that is no number where one is needed.
    pub fn new(table: &CurveTable, space: &SearchSpace, again: bool) -> Result<Self, NearestError> {
        let parameters: Vec<(String, Domain)> = varying(space)
            .map(|(name, domain)| (name.to_owned(), domain.clone()))
            .collect();
        let mut places = Vec::with_capacity(table.len());
        for curve in table.curves() {
            let of_one = |((name, domain), text): (&(String, Domain), &str)| {
                place_of_text(domain, text).ok_or_else(|| NearestError {
                    table: table.name().to_owned(),
                    trial: curve.id().to_owned(),
                    parameter: name.clone(),
                    text: text.to_owned(),
                })
            };
            let texts = curve.parameters().iter().map(|text| &**text);
            let all = parameters.iter().zip(texts).map(of_one);
            places.push(all.collect::<Result<_, _>>()?);
        }
        Ok(Self {
            parameters,
            used: vec![false; places.len()],
            places,
            again,
        })
    }

    /// The position of the nearest curve, which is used from now on; `None` when all are.
    pub fn take(&mut self, configuration: &Configuration) -> Option<usize> {
        let of_one = |(name, domain): &(String, Domain)| {
            let value = configuration.get(name);
            value.map_or(Place::Nowhere, |value| place(domain, value))
        };
        let wanted: Vec<Place> = self.parameters.iter().map(of_one).collect();
        let distance = |places: &[Place]| -> f64 {
            let pairs = wanted.iter().zip(places);
            pairs.map(|(one, other)| one.square_from(other)).sum()
        };
        let free = self.places.iter().enumerate();
        let free = free.filter(|(curve, _)| self.again || !self.used[*curve]);
        let nearest = free
            .map(|(curve, places)| (curve, distance(places)))
            .min_by(|one, other| one.1.total_cmp(&other.1));
        let (curve, _) = nearest?;
        self.used[curve] = true;
        Some(curve)
    }
}

fn varying(space: &SearchSpace) -> impl Iterator<Item = (&str, &Domain)> {
    space
        .parameters()
        .map(|(name, parameter)| (name, &parameter.domain))
        .filter(|(_, domain)| !matches!(domain, Domain::Constant(_)))
}

impl Place {
    fn square_from(&self, other: &Self) -> f64 {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => (one - other) * (one - other),
            _ if self == other => 0.0,
            _ => 1.0,
        }
    }
}

/// Where a field of a table stands; `None` for what must be a number and is none.
fn place_of_text(domain: &Domain, text: &str) -> Option<Place> {
    if text.is_empty() {
        return Some(Place::Nowhere);
    }
    if let Domain::Choice { .. } | Domain::Flag { .. } | Domain::Constant(_) = domain {
        let value = domain.accept_text(text);
        // What the domain has not is another value than all that it has.
        let shown = value.map_or_else(|| text.to_owned(), |value| value.to_string());
        return Some(Place::Other(shown));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(|number| Place::Number(scaled(domain, number)))
}

fn place(domain: &Domain, value: &Value) -> Place {
    let number = match *value {
        _ if matches!(domain, Domain::Choice { .. }) => None,
        Value::Integer(whole) => Some(whole as f64),
        Value::Float(number) => Some(number),
        Value::Bool(_) | Value::Text(_) => None,
    };
    match number {
        Some(number) => Place::Number(scaled(domain, number)),
        None => Place::Other(value.to_string()),
    }
}

/// A number's place in the range of its domain: 0 at the one end and 1 at the other.
fn scaled(domain: &Domain, number: f64) -> f64 {
    let between = |low: f64, high: f64| {
        if low < high {
            (number - low) / (high - low)
        } else {
            number - low
        }
    };
    // A number below the range, where there is no logarithm, is far off.
    let ln = |number: f64| libm::log(number.max(f64::MIN_POSITIVE));
    let by_decades = |low: f64, high: f64| {
        let range = ln(high) - ln(low);
        (ln(number) - ln(low)) / if range > 0.0 { range } else { 1.0 }
    };
    match *domain {
        Domain::Uniform { low, high } | Domain::UniformSteps { low, high, .. } => {
            between(low, high)
        }
        Domain::Int { low, high } | Domain::IntSteps { low, high, .. } => {
            between(low as f64, high as f64)
        }
        Domain::LogUniform { low, high } => by_decades(low, high),
        Domain::LogInt { low, high } => by_decades(low as f64, high as f64),
        Domain::Normal { mean, sd } => (number - mean) / (DEVIATIONS * sd),
        Domain::LogNormal { mean, sd } => (ln(number) - mean) / (DEVIATIONS * sd),
        Domain::Flag { .. } | Domain::Choice { .. } | Domain::Constant(_) => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curves::ReadOptions;

    fn space() -> SearchSpace {
        let values = vec![Value::from("sgd"), Value::from("adam")];
        let domains = [
            (
                "lr",
                Domain::LogUniform {
                    low: 1e-4,
                    high: 1.0,
                },
            ),
            ("layers", Domain::Int { low: 1, high: 5 }),
            ("optimizer", Domain::Choice { values }),
            ("nesterov", Domain::Flag { argument: None }),
            ("epochs", Domain::Constant(Value::Integer(9))),
        ];
        let named = domains.map(|(name, domain)| (name.to_owned(), domain));
        SearchSpace::new(named).unwrap()
    }

    fn table(rows: &str) -> CurveTable {
        let file = format!("trial,resource,loss,lr,layers,optimizer,nesterov\n{rows}");
        let options = ReadOptions::new().parameters(Nearest::names(&space()));
        CurveTable::read(file.as_bytes(), "t.csv", &options).unwrap()
    }

    const ROWS: &str = "a,1,0.5,0.01,1,sgd,True\na,2,0.4,,,,\nb,1,0.5,0.01,5,sgd,false\n\
                        c,1,0.5,0.5,1,adam,\nd,1,0.5,0.011,1.0,sgd,true\n";

    fn proposed(lr: f64, layers: i64, optimizer: &str, nesterov: Option<bool>) -> Configuration {
        let known = [
            ("lr", Value::Float(lr)),
            ("layers", Value::Integer(layers)),
            ("optimizer", Value::from(optimizer)),
        ];
        let nesterov = nesterov.map(|it| ("nesterov", Value::Bool(it)));
        known.into_iter().chain(nesterov).collect()
    }

    #[test]
    fn the_metric_is_none_of_the_parameters() {
        let file = "trial,resource,lr,loss\na,1,0.01,0.5\n";
        let options = ReadOptions::new().parameters(["lr"]);
        let table = CurveTable::read(file.as_bytes(), "t.csv", &options).unwrap();
        assert_eq!(table.metric(), "loss");
    }

    #[test]
    fn the_nearest_that_is_not_used_is_taken() {
        let mut nearest = Nearest::new(&table(ROWS), &space(), false).unwrap();
        let one = proposed(0.012, 1, "sgd", Some(true));
        let order: Vec<Option<usize>> = (0..5).map(|_| nearest.take(&one)).collect();
        // d is next to it, a nearly so; b differs in two, c in all.
        assert_eq!(order, [Some(3), Some(0), Some(1), Some(2), None]);
        let mut again = Nearest::new(&table(ROWS), &space(), true).unwrap();
        assert!((0..9).all(|_| again.take(&one) == Some(3)));
        assert_eq!(again.take(&proposed(1.0, 2, "adam", None)), Some(2));
        assert_eq!(again.take(&proposed(0.01, 5, "sgd", Some(false))), Some(1));
    }

    #[test]
    fn what_must_be_a_number_is_one() {
        let error = Nearest::new(&table("a,1,0.5,fast,1,sgd,true\n"), &space(), false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.csv: lr of trial a is \"fast\", but must be a number"
        );
        // A value that the domain has not is as far off as any other.
        assert!(Nearest::new(&table("a,1,0.5,9,9,rprop,maybe\n"), &space(), false).is_ok());
    }

    #[test]
    fn each_domain_has_a_scale() {
        let of = |domain: Domain, number| scaled(&domain, number);
        assert_eq!(
            of(
                Domain::Uniform {
                    low: 2.0,
                    high: 4.0
                },
                3.0
            ),
            0.5
        );
        assert_eq!(of(Domain::Int { low: 3, high: 3 }, 3.0), 0.0);
        let log = of(Domain::LogInt { low: 1, high: 100 }, 10.0);
        assert!((log - 0.5).abs() < 1e-12, "{log}");
        assert_eq!(of(Domain::Normal { mean: 1.0, sd: 2.0 }, 9.0), 1.0);
        assert_eq!(of(Domain::LogNormal { mean: 0.0, sd: 1.0 }, 1.0), 0.0);
        assert!(
            of(
                Domain::LogUniform {
                    low: 1.0,
                    high: 10.0
                },
                -1.0
            ) < -100.0
        );
    }
}
