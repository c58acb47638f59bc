//! The command that trains a trial once more, without a runner.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::trial_name;
use rungkeeper_runner::experiment::{Experiment, Filling, fill, uses_config};
use rungkeeper_runner::protocol::{self, Protocol};
use rungkeeper_runner::{RunDirectory, working_directory};

use crate::report::trials::Trial;

/// What trains a trial once more, from the beginning.
pub(super) struct Again {
    /// The folder it runs in.
    pub(super) directory: PathBuf,
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// Variables of the environment that the program finds in a run, too.
    pub(super) environment: BTreeMap<&'static str, String>,
    /// Names of the variables that the experiment file sets; their values may be secret.
    pub(super) variables: Vec<String>,
    /// The same as a line for a shell, without those variables.
    pub(super) shell: String,
}

impl Again {
    /// None where the run's folder does not tell.
    pub(super) fn of(run: &Path, experiment: &Experiment, trial: &Trial) -> Option<Self> {
        let directory = working_directory(run, experiment).ok()?;
        // Wherever the program goes, as in a run.
        let folder = directory.join(format!("again-{}", trial_name(&trial.id)));
        let folder = folder.display().to_string();
        let run = RunDirectory::look_at(run).ok()?;
        let config = run.config(&trial.id).display().to_string();
        let filling = Filling {
            space: &experiment.space,
            configuration: &trial.configuration,
            trial: &trial.id,
            slot: 0,
            checkpoint_dir: &folder,
            config: &config,
        };
        let command = fill(&experiment.command, &filling);
        let slot = experiment.slots.first().into_iter().flatten();
        let of_the_slot = slot.map(|(name, _)| name);
        let variables = experiment.environment.keys().chain(of_the_slot);
        let mut variables: Vec<String> = variables.cloned().collect();
        variables.sort_unstable();
        variables.dedup();
        let told = protocol::variables(experiment.protocol, &experiment.names, &trial.id);
        let told = told.map(|(name, value)| (name, value.to_owned()));
        let mut environment = BTreeMap::from(told);
        environment.insert(protocol::CHECKPOINT_DIR, folder.clone());
        if uses_config(&experiment.command, &experiment.space) {
            environment.insert(protocol::CONFIG, config);
        }
        // What the experiment says counts.
        environment.retain(|name, _| !variables.iter().any(|own| own == name));
        let program = Program {
            environment: &environment,
            command: &command,
        };
        let answers = answers(experiment.protocol, trial);
        let shell = shell(&directory, &folder, &program, answers);
        Some(Self {
            directory,
            command,
            environment,
            variables,
            shell,
        })
    }
}

/// What a shell starts.
struct Program<'a> {
    environment: &'a BTreeMap<&'static str, String>,
    command: &'a [String],
}

impl Program<'_> {
    /// Variables, program and arguments as a shell reads them.
    fn quoted(&self) -> String {
        let variables = self.environment.iter();
        let variables = variables.map(|(name, value)| format!("{name}={}", quoted(value)));
        let arguments = self.command.iter().map(|argument| quoted(argument));
        variables.chain(arguments).collect::<Vec<_>>().join(" ")
    }
}

/// How many answers a program waits for, up to the one at which it is to end.
fn answers(protocol: Protocol, trial: &Trial) -> Option<usize> {
    (protocol == Protocol::Answered).then_some(trial.curve.len().max(1))
}

/// The line: into the folder of the programs, where it makes a new folder for checkpoints; with one that is there
/// the program would go on from what somebody else left. A program that is answered gets as many answers as it got
/// reports, the last of them `pause`.
fn shell(directory: &Path, folder: &str, program: &Program<'_>, answers: Option<usize>) -> String {
    let directory = quoted(&directory.to_string_lossy());
    let (folder, program) = (quoted(folder), program.quoted());
    let answered = match answers {
        None => String::new(),
        Some(1) => "echo pause | ".to_owned(),
        Some(number) => {
            let before = number - 1;
            format!("(yes continue | head -n {before}; echo pause) | ")
        }
    };
    format!("cd {directory} && mkdir {folder} && {answered}{program}")
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
        let script = "while read -r answer; do echo \"$answer\"; done; echo \"$1$A\"; ls";
        let command = ["sh", "-c", script, "sh", "a $b"].map(str::to_owned);
        let environment = BTreeMap::from([("A", " it's $c".to_owned())]);
        let program = Program {
            environment: &environment,
            command: &command,
        };
        let run = |answers| {
            let line = shell(&here, "again-7", &program, answers);
            let mut shell = std::process::Command::new("sh");
            let shell = shell.args(["-c", &line]).stdin(std::process::Stdio::null());
            String::from_utf8(shell.output().unwrap().stdout).unwrap()
        };
        let once_more = |answers| {
            std::fs::remove_dir(here.join("again-7")).unwrap();
            run(answers)
        };
        assert_eq!(run(None), "a $b it's $c\nagain-7\n");
        assert_eq!(once_more(Some(1)), "pause\na $b it's $c\nagain-7\n");
        let expected = "continue\ncontinue\npause\na $b it's $c\nagain-7\n";
        assert_eq!(once_more(Some(3)), expected);
        assert_eq!(run(None), "", "what somebody left there is no new folder");
    }
}
