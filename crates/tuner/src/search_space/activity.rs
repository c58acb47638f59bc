//! Which parameters depend on which.

use std::collections::{HashMap, HashSet};

use crate::known_names;
use crate::search_space::{Domain, Parameter, SpaceError, Value};

/// Checks the conditions of parameters, and brings their values into the form of the domains that
/// they are of. Returns the places of all parameters, each behind those that it depends on. What depends
/// on one of those that are `wrong` is right as far as is known.
pub(super) fn checked(
    parameters: &mut [(String, Parameter)],
    wrong: &HashSet<String>,
) -> Result<Vec<usize>, Vec<SpaceError>> {
    let domains: HashMap<String, Domain> = parameters
        .iter()
        .map(|(name, own)| (name.clone(), own.domain.clone()))
        .collect();
    let mut problems = Vec::new();
    for (name, parameter) in parameters.iter_mut() {
        let when = std::mem::take(&mut parameter.when);
        let accepted = when.with_values(|parent, values| {
            if wrong.contains(parent) {
                return Ok(values);
            }
            accept(name, parent, values, &domains)
        });
        match accepted {
            Ok(when) => parameter.when = when,
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        in_order(parameters).map_err(|problem| vec![problem])
    } else {
        Err(problems)
    }
}

fn accept(
    name: &str,
    parent: &str,
    values: Vec<Value>,
    domains: &HashMap<String, Domain>,
) -> Result<Vec<Value>, SpaceError> {
    let Some(domain) = domains.get(parent) else {
        let mut names: Vec<&str> = domains.keys().map(String::as_str).collect();
        names.sort_unstable();
        return Err(SpaceError::UnknownParent {
            name: name.to_owned(),
            parent: parent.to_owned(),
            hint: known_names(parent, &names),
        });
    };
    if !domain.is_discrete() {
        return Err(SpaceError::EndlessParent {
            name: name.to_owned(),
            parent: parent.to_owned(),
        });
    }
    if values.is_empty() {
        return Err(SpaceError::NoCondition {
            name: name.to_owned(),
        });
    }
    let values = values.into_iter().map(|value| {
        domain
            .accept(&value)
            .ok_or_else(|| SpaceError::ParentValue {
                name: name.to_owned(),
                parent: parent.to_owned(),
                value: value.to_string(),
                allowed: domain.to_string(),
            })
    });
    values.collect()
}

/// Places of the parameters, each behind its parents (Kahn 1962, "Topological Sorting of Large
/// Networks").
fn in_order(parameters: &[(String, Parameter)]) -> Result<Vec<usize>, SpaceError> {
    let places: HashMap<&str, usize> = parameters
        .iter()
        .enumerate()
        .map(|(place, (name, _))| (name.as_str(), place))
        .collect();
    let parents_of = |place: usize| {
        let parents = parameters[place].1.when.parents();
        parents.filter_map(|(parent, _)| places.get(parent).copied())
    };
    let mut children = vec![Vec::new(); parameters.len()];
    let mut waits_for: Vec<usize> = (0..parameters.len())
        .map(|place| parents_of(place).count())
        .collect();
    for place in 0..parameters.len() {
        for parent in parents_of(place) {
            children[parent].push(place);
        }
    }
    let mut order: Vec<usize> = (0..parameters.len())
        .filter(|&place| waits_for[place] == 0)
        .collect();
    let mut next = 0;
    while let Some(&place) = order.get(next) {
        next += 1;
        for &child in &children[place] {
            waits_for[child] -= 1;
            if waits_for[child] == 0 {
                order.push(child);
            }
        }
    }
    let Some(stuck) = waits_for.iter().position(|&number| number > 0) else {
        return Ok(order);
    };
    // Each one that is left waits for another one that is left, so this comes back to where it was.
    let (mut path, mut place) = (Vec::new(), stuck);
    while !path.contains(&place) {
        path.push(place);
        let mut parents = parents_of(place);
        place = parents
            .find(|&parent| waits_for[parent] > 0)
            .unwrap_or(place);
    }
    let begin = path.iter().position(|&other| other == place).unwrap_or(0);
    let circle: Vec<&str> = path[begin..]
        .iter()
        .chain([&place])
        .map(|&place| parameters[place].0.as_str())
        .collect();
    Err(SpaceError::Circle {
        name: circle[0].to_owned(),
        circle: circle.join(" needs "),
    })
}
