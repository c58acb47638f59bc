//! The configurations of a finite space, numbered.

use std::collections::HashMap;

use crate::search_space::steps::Steps;
use crate::search_space::{Condition, Configuration, Domain, SearchSpace, Value};

/// Most combinations of values on which it depends which parameters are active.
const MOST_BRANCHES: u128 = 10_000;

/// The configurations of a space, numbered where there are finitely many.
///
/// Where parameters depend on others, the values of those others (the parents) decide which parameters
/// there are. For each combination of theirs there is a [`Branch`]; a branch in which a parameter is any
/// number of a range is endless, and its configurations have no numbers.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    /// In order; no values: there are endlessly many.
    parameters: Vec<(String, Option<Values>)>,
    /// Places of the parents.
    parents: Vec<usize>,
    branches: Vec<Branch>,
    /// The branch for the values of the parents.
    branch_of: HashMap<Vec<Option<u128>>, usize>,
    /// How many configurations have numbers.
    count: u128,
    /// Whether there are endlessly many others.
    is_endless: bool,
}

/// The configurations with the same values of the parents.
#[derive(Clone, Debug)]
struct Branch {
    /// Places of the parents' values among their values; none for a parent that is not active.
    parents: Vec<Option<u128>>,
    /// Places of the other parameters that are active.
    others: Vec<usize>,
    /// Number of its first configuration.
    first: u128,
    /// Number of its configurations; `None`: endlessly many.
    size: Option<u128>,
}

/// The values of a parameter, each of which has a place.
#[derive(Clone, Debug)]
enum Values {
    /// Numbers at equal distances.
    Steps(Steps),
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
            Domain::Normal { .. } | Domain::LogNormal { .. } => None,
            Domain::Choice { values } => Some(Self::list(values)),
            Domain::Constant(value) => Some(Self::list(std::slice::from_ref(value))),
            Domain::Flag { .. } => Some(Self::list(&[Value::Bool(false), Value::Bool(true)])),
            Domain::Int { .. }
            | Domain::LogInt { .. }
            | Domain::IntSteps { .. }
            | Domain::UniformSteps { .. } => Steps::of(domain).map(Self::Steps),
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
            Self::Steps(steps) => steps.count(),
            Self::List(values, _) => values.len() as u128,
        }
    }

    fn place(&self, value: &Value) -> Option<u128> {
        match self {
            Self::Steps(steps) => steps.place(value),
            Self::List(_, places) => places.get(&format!("{value:?}")).copied(),
        }
    }

    fn at(&self, place: u128) -> Option<Value> {
        match self {
            Self::Steps(steps) => steps.at(place),
            Self::List(values, _) => values.get(usize::try_from(place).ok()?).cloned(),
        }
    }
}

impl Numbering {
    /// The configurations of a space, where at most `most` of them can be numbered, and some can. A space in which
    /// nothing varies has none: whoever uses it tells trials apart by something else, such as their number.
    pub(crate) fn new(space: &SearchSpace, most: u128) -> Option<Self> {
        let parameters = space.parameters();
        let parameters: Vec<(String, Option<Values>)> = parameters
            .map(|(name, parameter)| (name.to_owned(), Values::of(&parameter.domain)))
            .collect();
        let place_of: HashMap<&str, usize> = space
            .parameters()
            .enumerate()
            .map(|(place, (name, _))| (name, place))
            .collect();
        let conditions = space.parameters().map(|(_, parameter)| &parameter.when);
        let mut is_parent = vec![false; parameters.len()];
        for (parent, _) in conditions.flat_map(Condition::parents) {
            is_parent[*place_of.get(parent)?] = true;
        }
        // Each behind its own parents, so that whether it is active is known.
        let parents: Vec<usize> = space
            .order
            .iter()
            .copied()
            .filter(|&place| is_parent[place])
            .collect();
        let mut numbering = Self {
            parameters,
            parents,
            branches: Vec::new(),
            branch_of: HashMap::new(),
            count: 0,
            is_endless: false,
        };
        for (combination, chosen) in numbering.combinations(space)? {
            numbering.add_branch(space, &is_parent, combination, &chosen)?;
        }
        let varies = numbering.size() != Some(1);
        let fits = 0 < numbering.count && numbering.count <= most;
        (varies && fits).then_some(numbering)
    }

    /// All combinations of the parents' values, with the configuration of these; none if there are too many.
    fn combinations(&self, space: &SearchSpace) -> Option<Vec<(Vec<Option<u128>>, Configuration)>> {
        let mut all = vec![(Vec::new(), Configuration::default())];
        for &parent in &self.parents {
            let (name, values) = &self.parameters[parent];
            let values = values.as_ref()?;
            let when = &space.parameters[parent].1.when;
            let mut longer = Vec::new();
            for (combination, chosen) in all {
                let choices: Vec<Option<u128>> = if when.holds(&chosen) {
                    if values.count() + longer.len() as u128 > MOST_BRANCHES {
                        return None;
                    }
                    (0..values.count()).map(Some).collect()
                } else {
                    vec![None]
                };
                for choice in choices {
                    let (mut combination, mut chosen) = (combination.clone(), chosen.clone());
                    combination.push(choice);
                    if let Some(place) = choice {
                        chosen.set(name, values.at(place)?);
                    }
                    longer.push((combination, chosen));
                }
            }
            all = longer;
        }
        Some(all)
    }

    fn add_branch(
        &mut self,
        space: &SearchSpace,
        is_parent: &[bool],
        parents: Vec<Option<u128>>,
        chosen: &Configuration,
    ) -> Option<()> {
        let others: Vec<usize> = (0..is_parent.len())
            .filter(|&place| !is_parent[place] && space.parameters[place].1.when.holds(chosen))
            .collect();
        let mut size = Some(1u128);
        for &other in &others {
            size = match (size, &self.parameters[other].1) {
                (Some(size), Some(values)) => Some(size.checked_mul(values.count())?),
                _ => None,
            };
        }
        let first = self.count;
        match size {
            Some(size) => self.count = first.checked_add(size)?,
            None => self.is_endless = true,
        }
        self.branch_of.insert(parents.clone(), self.branches.len());
        self.branches.push(Branch {
            parents,
            others,
            first,
            size,
        });
        Some(())
    }

    /// Number of configurations; `None`: endlessly many.
    pub(crate) fn size(&self) -> Option<u128> {
        (!self.is_endless).then_some(self.count)
    }

    /// Number of a configuration, below the size; `None` for one of endlessly many, or not of the space.
    pub(crate) fn number_of(&self, configuration: &Configuration) -> Option<u128> {
        let place = |place: usize| {
            let (name, values) = &self.parameters[place];
            values.as_ref()?.place(configuration.get(name)?)
        };
        let parents: Vec<Option<u128>> = self.parents.iter().map(|&parent| place(parent)).collect();
        let branch = &self.branches[*self.branch_of.get(&parents)?];
        branch.size?;
        let mut number = 0;
        for &other in &branch.others {
            let count = self.parameters[other].1.as_ref()?.count();
            number = number * count + place(other)?;
        }
        Some(branch.first + number)
    }

    /// The configuration with a number.
    pub(crate) fn numbered(&self, number: u128) -> Option<Configuration> {
        let mut branches = self.branches.iter();
        let branch = branches.find(|branch| {
            let size = branch.size.unwrap_or(0);
            (branch.first..branch.first + size).contains(&number)
        })?;
        let mut values: Vec<Option<Value>> = vec![None; self.parameters.len()];
        for (&parent, place) in self.parents.iter().zip(&branch.parents) {
            if let Some(place) = *place {
                values[parent] = Some(self.parameters[parent].1.as_ref()?.at(place)?);
            }
        }
        let mut number = number - branch.first;
        for &other in branch.others.iter().rev() {
            let own = self.parameters[other].1.as_ref()?;
            values[other] = Some(own.at(number % own.count())?);
            number /= own.count();
        }
        let named = self.parameters.iter().zip(values);
        let named = named.filter_map(|((name, _), value)| Some((name, value?)));
        Some(named.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_space::Parameter;

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
        assert_eq!(space.size(), Some(12));
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
            Numbering::new(&space(parameters), u128::MAX).and_then(|numbering| numbering.size())
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

    /// Name, domain, and the values that others must have.
    type Row<'r> = (&'r str, Domain, &'r [(&'r str, &'r str)]);

    fn conditional(rows: &[Row<'_>]) -> SearchSpace {
        let parameters = rows.iter().map(|(name, domain, when)| {
            let when = when
                .iter()
                .map(|&(parent, value)| (parent, vec![Value::from(value)]));
            let parameter = Parameter {
                domain: domain.clone(),
                when: Condition::new(when),
            };
            ((*name).to_owned(), parameter)
        });
        SearchSpace::of(parameters).unwrap()
    }

    fn choice(values: &[&str]) -> Domain {
        let values = values.iter().map(|&value| value.into()).collect();
        Domain::Choice { values }
    }

    /// What is not active makes no other configuration: all that can be drawn are numbered, each once.
    #[test]
    fn conditional_configurations_are_numbered() {
        let three = Domain::Int { low: 1, high: 3 };
        let space = conditional(&[
            // Before what it depends on, as in a table that is sorted by name.
            ("a", three.clone(), &[("m", "on")]),
            ("m", choice(&["on", "off"]), &[("z", "x")]),
            ("y", three, &[]),
            ("z", choice(&["x", "w"]), &[]),
        ]);
        let numbering = Numbering::new(&space, 1_000).unwrap();
        // y times: z = x with m = on (a: 3) or off (1), z = w (1).
        assert_eq!(numbering.size(), Some(3 * (3 + 1 + 1)));
        let all: Vec<_> = (0..15)
            .map(|number| numbering.numbered(number).unwrap())
            .collect();
        for (number, configuration) in all.iter().enumerate() {
            assert_eq!(numbering.number_of(configuration), Some(number as u128));
        }
        let drawn: std::collections::HashSet<_> = (0..2_000)
            .map(|trial| {
                let drawn = space.configuration(5, trial);
                let number = numbering.number_of(&drawn).unwrap();
                assert_eq!(all[number as usize], drawn);
                number
            })
            .collect();
        assert_eq!(drawn.len(), 15);
        assert_eq!(numbering.numbered(15), None);
    }

    /// Of two branches one is endless: the configurations of the other have numbers.
    #[test]
    fn finite_branches_of_endless_spaces_are_numbered() {
        let unit = Domain::Uniform {
            low: 0.0,
            high: 1.0,
        };
        let space = conditional(&[
            ("momentum", unit.clone(), &[("optimizer", "sgd")]),
            ("optimizer", choice(&["sgd", "adam"]), &[]),
        ]);
        let numbering = Numbering::new(&space, 1_000).unwrap();
        assert_eq!(numbering.size(), None);
        for trial in 0..50 {
            let drawn = space.configuration(5, trial);
            let is_adam = drawn.get("optimizer") == Some(&Value::from("adam"));
            assert_eq!(numbering.number_of(&drawn), is_adam.then_some(0));
        }
        let endless = conditional(&[
            ("momentum", unit.clone(), &[("optimizer", "sgd")]),
            ("optimizer", choice(&["sgd", "adam"]), &[]),
            ("x", unit, &[]),
        ]);
        assert!(Numbering::new(&endless, 1_000).is_none());
    }
}
