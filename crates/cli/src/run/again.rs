//! The command that trains a trial once more, without a runner.

use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::trial_name;
use rungkeeper_runner::experiment::{Experiment, Filling, fill};
use rungkeeper_runner::protocol::Protocol;
use rungkeeper_runner::{RunDirectory, working_directory};

use crate::report::trials::Trial;

/// What trains a trial once more, from the beginning.
pub(super) struct Again {
    /// The folder it runs in.
    pub(super) directory: PathBuf,
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// Names of the variables that the experiment file sets; their values may be secret.
    pub(super) variables: Vec<String>,
    /// The same as a line for a shell, without those variables.
    pub(super) shell: String,
}

impl Again {
    /// None where the run's folder does not tell.
    pub(super) fn of(run: &Path, experiment: &Experiment, trial: &Trial) -> Option<Self> {
        let directory = working_directory(run, experiment).ok()?;
        let folder = format!("again-{}", trial_name(&trial.id));
        let run = RunDirectory::look_at(run).ok()?;
        let filling = Filling {
            space: &experiment.space,
            configuration: &trial.configuration,
            trial: &trial.id,
            slot: 0,
            checkpoint_dir: &folder,
            config: &run.config(&trial.id).display().to_string(),
        };
        let command = fill(&experiment.command, &filling);
        let variables = experiment.environment.keys();
        let slot = experiment.slots.first().into_iter().flatten();
        let mut variables: Vec<String> = variables
            .chain(slot.map(|(name, _)| name))
            .cloned()
            .collect();
        variables.sort_unstable();
        variables.dedup();
        let shell = shell(
            &directory,
            &folder,
            &command,
            answers(experiment.protocol, trial),
        );
        Some(Self {
            directory,
            command,
            variables,
            shell,
        })
    }
}

/// How many answers a program waits for, up to the one at which it is to end.
fn answers(protocol: Protocol, trial: &Trial) -> Option<usize> {
    (protocol == Protocol::Answered).then_some(trial.curve.len().max(1))
}

/// The line: into the folder of the programs, where it makes an empty folder for checkpoints. A
/// program that is answered gets as many answers as it got reports, the last of them `pause`.
fn shell(directory: &Path, folder: &str, command: &[String], answers: Option<usize>) -> String {
    let directory = quoted(&directory.to_string_lossy());
    let command: Vec<String> = command.iter().map(|argument| quoted(argument)).collect();
    let command = command.join(" ");
    let folder = quoted(folder);
    let answered = match answers {
        None => String::new(),
        Some(1) => "echo pause | ".to_owned(),
        Some(number) => {
            let before = number - 1;
            format!("(yes continue | head -n {before}; echo pause) | ")
        }
    };
    format!("cd {directory} && mkdir -p {folder} && {answered}{command}")
}

/// A word as a shell reads it. No argument of a command holds a null character.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_one_that_a_shell_runs() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path().join("it's here");
        std::fs::create_dir(&here).unwrap();
        let script = "while read -r answer; do echo \"$answer\"; done; echo \"$1\"; ls";
        let command = ["sh", "-c", script, "sh", "a $b"].map(str::to_owned);
        let run = |answers| {
            let line = shell(&here, "again-7", &command, answers);
            let mut shell = std::process::Command::new("sh");
            let shell = shell.args(["-c", &line]).stdin(std::process::Stdio::null());
            String::from_utf8(shell.output().unwrap().stdout).unwrap()
        };
        assert_eq!(run(None), "a $b\nagain-7\n");
        assert_eq!(run(Some(1)), "pause\na $b\nagain-7\n");
        let expected = "continue\ncontinue\npause\na $b\nagain-7\n";
        assert_eq!(run(Some(3)), expected);
    }
}
