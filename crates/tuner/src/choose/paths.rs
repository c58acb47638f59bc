//! That what is deleted belongs to nobody else.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use foldhash::fast::FixedState;
use thiserror::Error;

use crate::choose::{Doomed, RunTable};

/// A path of a checkpoint that can go leads to, or holds, one that stays.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "the checkpoint of trial `{doomed}` at {path} could go, but the one of trial `{kept}` lies there \
     too and stays: give each trial a path of its own"
)]
pub struct SharedPath {
    /// The trial whose checkpoint could go.
    pub doomed: String,
    /// Its path.
    pub path: String,
    /// The trial whose checkpoint stays.
    pub kept: String,
}

/// Refuses paths that are, or hold, the path of another trial that keeps its own. Only the text is looked at.
pub(super) fn check(table: &RunTable, removals: &[Doomed]) -> Result<(), SharedPath> {
    let paths = removals.iter().map(|it| it.paths.len()).sum();
    if paths == 0 {
        return Ok(());
    }
    let mut doomed = HashMap::with_capacity_and_hasher(paths, FixedState::default());
    for it in removals {
        doomed.extend(it.paths.iter().map(|path| (tidy(path), it)));
    }
    let going = removals.iter().map(|it| it.trial.as_str());
    let going: HashSet<&str, FixedState> = going.collect();
    let staying = table.trials.iter().filter(|it| !going.contains(&*it.id));
    for trial in staying {
        for (path, _) in &trial.paths {
            let path = tidy(path);
            let mut above = Path::new(&*path).ancestors().filter_map(Path::to_str);
            if let Some((path, doomed)) = above.find_map(|it| doomed.get_key_value(it)) {
                return Err(SharedPath {
                    doomed: doomed.trial.clone(),
                    path: path.to_string(),
                    kept: trial.id.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// Without what changes nothing: `.`, doubled separators and those at the end.
fn tidy(path: &str) -> Cow<'_, str> {
    let mut parts = path.split(std::path::is_separator).enumerate();
    // An empty part before the first separator is the root.
    let is_tidy = parts.all(|(place, part)| part != "." && (place == 0 || !part.is_empty()));
    if is_tidy && !cfg!(windows) {
        return Cow::Borrowed(path);
    }
    let components = Path::new(path).components();
    let tidy: PathBuf = components.filter(|it| *it != Component::CurDir).collect();
    Cow::Owned(tidy.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_left_out() {
        let pairs = [
            ("/a/b", "/a/b"),
            ("a/b", "a/b"),
            ("//a/./b//", "/a/b"),
            ("./a/b/.", "a/b"),
            ("/", "/"),
            ("../a", "../a"),
            (".", ""),
            ("a b\n", "a b\n"),
        ];
        for (path, expected) in pairs {
            assert_eq!(tidy(path), expected, "{path}");
        }
    }
}
