//! What is checked before a run begins or goes on.

use std::path::{Path, PathBuf};

use crate::RunError;
use crate::directory::read_experiment_to_begin;
use crate::experiment::{Experiment, Search, find_program};

/// Reads an experiment file and checks all that can be checked before a run: the file, the configurations that it names,
/// and whether its program can be started. Its text comes with it.
///
/// # Errors
///
/// All that is wrong in the file, or why the program cannot be started.
pub fn check(experiment_file: &Path) -> Result<(Experiment, String), RunError> {
    let (experiment, text) = read_experiment_to_begin(experiment_file)?;
    let base = experiment_file.parent().unwrap_or(Path::new(""));
    let directory = base.join(&experiment.directory);
    check_command(&experiment, experiment_file, &directory)?;
    Ok((experiment, text))
}

/// Reads an experiment file and the configurations that it names, for who runs none of its programs.
///
/// # Errors
///
/// All that is wrong in the file.
pub fn read(experiment_file: &Path) -> Result<Experiment, RunError> {
    read_experiment_to_begin(experiment_file).map(|(experiment, _)| experiment)
}

/// That the programs of the run can be started from a folder.
pub(crate) fn check_command(
    experiment: &Experiment,
    file: &Path,
    directory: &Path,
) -> Result<(), RunError> {
    let here = directory.as_os_str().is_empty();
    let directory = if here { Path::new(".") } else { directory };
    let find = |command: &[String]| find_program(command, directory, &experiment.environment);
    let search = match &experiment.search {
        Search::Program { command, .. } => find(command).map_err(|why| format!("[search]: {why}")),
        Search::Random => Ok(PathBuf::new()),
    };
    let found = find(&experiment.command).and(search);
    found.map(drop).map_err(|reason| RunError::Command {
        path: file.to_owned(),
        reason,
    })
}
