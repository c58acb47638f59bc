//! The hyper-parameters.

use std::collections::HashMap;
use std::ops::Range;

use rungkeeper_tuner::search_space::{SearchSpace, SpaceError};
use toml::Spanned;

use super::error::Problems;
use super::file::Space;
use super::lenient::Unread;
use super::placeholders::Placeholder;

/// The space of what was read; none where it has problems.
pub(super) fn check(
    space: Option<Spanned<Space>>,
    unread: &Unread,
    problems: &mut Problems<'_>,
) -> Option<SearchSpace> {
    let space = space?;
    let whole = space.span();
    let mut places: HashMap<String, Range<usize>> = HashMap::new();
    let mut parameters = Vec::new();
    for (name, parameter) in space.into_inner().0 {
        let place = name.span();
        let name = name.into_inner();
        if Placeholder::RESERVED.contains(&name.as_str()) {
            let message =
                format!("a hyper-parameter cannot be called {name}: {{{name}}} has a meaning");
            problems.add(&place, message);
        }
        places.insert(name.clone(), place);
        parameters.push((name, parameter));
    }
    let found = match SearchSpace::of(parameters) {
        Ok(space) => return Some(space),
        Err(found) => found,
    };
    for problem in &found {
        if let SpaceError::UnknownParent { parent, .. } = problem
            && unread.has(&format!("space.{parent}"))
        {
            continue; // what is wrong with that one was said
        }
        let place = problem.parameter().and_then(|name| places.get(name));
        problems.add(place.unwrap_or(&whole), problem.to_string());
    }
    None
}
