//! Variables of the environment.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::Problems;

/// Variables with the places of their names.
pub(super) type Variables = BTreeMap<Spanned<String>, String>;

/// The variables, each of which a system can set.
pub(super) fn check(variables: Variables, problems: &mut Problems<'_>) -> BTreeMap<String, String> {
    let mut checked = BTreeMap::new();
    for (name, value) in variables {
        let place = name.span();
        let name = name.into_inner();
        if name.is_empty() {
            problems.add(
                &place,
                "a variable of the environment has no name; give it one",
            );
        } else if let Some((before, _)) = name.split_once('=') {
            let message = format!(
                "no variable of the environment can be called `{name}`: write its name, and its value \
                 behind the sign, such as {before} = \"...\""
            );
            problems.add(&place, message);
        }
        checked.insert(name, value);
    }
    checked
}
