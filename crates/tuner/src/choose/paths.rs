//! That what is deleted belongs to nobody else.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

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
    let mut doomed: HashMap<PathBuf, &Doomed> = HashMap::new();
    for it in removals {
        doomed.extend(it.paths.iter().map(|path| (tidy(path), it)));
    }
    if doomed.is_empty() {
        return Ok(());
    }
    let going: std::collections::HashSet<&str> =
        removals.iter().map(|it| it.trial.as_str()).collect();
    let staying = table.trials.iter().filter(|it| !going.contains(&*it.id));
    for trial in staying {
        for (path, _) in &trial.paths {
            let path = tidy(path);
            let above = path.ancestors().find_map(|it| doomed.get_key_value(it));
            if let Some((path, doomed)) = above {
                return Err(SharedPath {
                    doomed: doomed.trial.clone(),
                    path: path.display().to_string(),
                    kept: trial.id.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// Without what changes nothing: `.` and doubled separators.
fn tidy(path: &str) -> PathBuf {
    let components = Path::new(path).components();
    components.filter(|it| *it != Component::CurDir).collect()
}
