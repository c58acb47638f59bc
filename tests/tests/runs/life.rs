//! Cases from real life: a project's folder with a training program and an experiment file, the
//! processes in it, and what its run wrote down.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::commands::{Log, Running, Said};
use super::system::{done, signal, wait_until};
use super::{check_log, names, read_whole_lines, replayed, sorted};

/// How a program is talked to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Answered,
    OneWay,
}

pub(crate) const BOTH: [Protocol; 2] = [Protocol::Answered, Protocol::OneWay];

/// A training program that counts epochs up to `MAX` (9), each of which takes `EPOCH_TIME`.
///
/// `begin` is done once, when the epoch was read; `each` in every epoch, before it is written.
pub(crate) fn trainer(protocol: Protocol, begin: &str, each: &str) -> String {
    let (tag, answer) = match protocol {
        Protocol::Answered => (
            "",
            "read -r answer || exit 1\n  [ \"$answer\" = pause ] && exit 0",
        ),
        Protocol::OneWay => ("[tune-metric]: ", ""),
    };
    let time = match protocol {
        Protocol::Answered => "0",
        Protocol::OneWay => "0.05",
    };
    format!(
        r#"
dir=$1; x=$2; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
{begin}
while [ "$epoch" -lt "${{MAX:-9}}" ]; do
  epoch=$((epoch + 1)); [ -e fast ] || sleep "${{EPOCH_TIME:-{time}}}"
  {each}
  echo "$epoch" > "$dir/new" && mv "$dir/new" "$dir/epoch" || exit 1
  echo "{tag}{{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}}"
  {answer}
done
exit 0
"#
    )
}

/// The folder of a project: `train.sh`, `e.toml`, and the run in `run`. What is still running in
/// it at the end is killed.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    unprivileged: bool,
}

impl Project {
    /// `more` are further lines of the experiment file; the ladder is 1, 3, 9.
    pub(crate) fn new(protocol: Protocol, trainer: &str, more: &str) -> Self {
        Self::with_scheduler(protocol, trainer, more, "max_resource = 9")
    }

    pub(crate) fn with_scheduler(
        protocol: Protocol,
        trainer: &str,
        more: &str,
        scheduler: &str,
    ) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            unprivileged: false,
        };
        project.write("train.sh", trainer);
        project.write("e.toml", &experiment(protocol, more, scheduler));
        project
    }

    /// Sets a variable for the commands that follow, and so for the programs.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// From here on all commands are those of a user who is not root.
    pub(crate) fn without_privileges(&mut self) {
        done("chown", &["-R", "65534:65534", self.text()]);
        self.unprivileged = true;
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder's path as text.
    pub(crate) fn text(&self) -> &str {
        self.path().to_str().unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// A file's text; empty where there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Changes the experiment file.
    pub(crate) fn edit(&self, name: &str, written: &str, instead: &str) {
        let text = self.read(name);
        assert!(text.contains(written), "{written} is not in {name}: {text}");
        self.write(name, &text.replace(written, instead));
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.file("run")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let binary = crate::binary::path();
        let mut command = super::with_default_signals();
        if self.unprivileged {
            command.args([
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
            ]);
        }
        command.arg(&binary);
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        command.args(arguments).envs(variables);
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Starts a command and does not wait for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts `run e.toml --dir run`.
    pub(crate) fn begin(&self) -> Running {
        self.start(&["run", "e.toml", "--dir", "run"])
    }

    /// A command, done.
    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        self.start(arguments).ends()
    }

    /// The run from its start to its end.
    pub(crate) fn finish(&self) -> Said {
        self.begin().ends().finished()
    }

    /// `resume run`, to the end of the run.
    pub(crate) fn resume(&self) -> Said {
        self.say(&["resume", "run"]).finished()
    }

    pub(crate) fn log(&self) -> Log {
        Log::read(&self.run())
    }

    /// Waits until the log of the run has come so far.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&Log) -> bool) {
        wait_until(what, || wanted(&self.log()));
    }

    /// The processes that work in this folder, except for the command line's.
    pub(crate) fn programs(&self) -> Vec<u32> {
        let own = |pid: &u32| {
            let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            exe.file_name().is_some_and(|name| name == "rungkeeper")
        };
        let mut all = self.processes();
        all.retain(|pid| !own(pid));
        all
    }

    fn processes(&self) -> Vec<u32> {
        let folder = self.path().canonicalize().unwrap();
        let inside = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(inside).collect()
    }

    /// Trials that have a checkpoint in the store.
    pub(crate) fn stored(&self) -> Vec<String> {
        names(&self.run().join("checkpoints/checkpoints"))
    }

    /// The folder with the files of a trial's one checkpoint.
    pub(crate) fn checkpoint(&self, trial: &str) -> PathBuf {
        let folder = self.run().join("checkpoints/checkpoints").join(trial);
        let numbers = names(&folder);
        assert_eq!(numbers.len(), 1, "{trial}: {numbers:?}");
        folder.join(&numbers[0]).join("data")
    }

    /// The log agrees with what the callback would do, and the store holds what the log owns.
    pub(crate) fn agrees(&self) {
        check_log(&self.run());
        let (header, events) = read_whole_lines(&self.run());
        let replay = replayed(&header, &events);
        let model = replay.callback().model();
        let all = model.trials().map(|(id, _)| id);
        let owned = all.filter(|id| model.checkpoint(id).is_some());
        assert_eq!(self.stored(), sorted(owned.map(str::to_owned).collect()));
        let trash = self.run().join("checkpoints/trash");
        assert!(!trash.exists() || names(&trash).is_empty());
        let said = self.say(&["replay", "--check", "run/log.jsonl"]);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }

    /// No trial failed, none lost its checkpoint, and what ended did so at `max`.
    pub(crate) fn nothing_is_lost(&self, max: u64) {
        self.nothing_is_lost_but(&[], max);
    }

    /// The same, except for some trials that end where they like.
    pub(crate) fn nothing_is_lost_but(&self, but: &[&str], max: u64) {
        let log = self.log();
        assert_eq!(log.of("failed").len(), 0, "{:?}", log.of("failed"));
        let lost = |event: &&Value| event["reason"] == "lost";
        let lost: Vec<&Value> = log.of("remove").into_iter().filter(lost).collect();
        assert!(lost.is_empty(), "{lost:?}");
        for event in log.of("complete") {
            let trial = event["trial"].as_str().unwrap();
            let ended = log.last_level(trial);
            assert!(but.contains(&trial) || ended == max, "{trial}: {ended}");
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        for _ in 0..200 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left {
                signal(pid, "KILL");
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// The experiment file of the cases.
pub(crate) fn experiment(protocol: Protocol, more: &str, scheduler: &str) -> String {
    let protocol = match protocol {
        Protocol::Answered => "answered",
        Protocol::OneWay => "one_way",
    };
    let grace = if more.contains("grace = ") {
        ""
    } else {
        "grace = 5"
    };
    format!(
        r#"
name = "case"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
protocol = "{protocol}"
metric = "loss"
resource = "epoch"
{grace}
{more}
[space]
x = {{ type = "uniform", low = 0.0, high = 1.0 }}
[scheduler]
{scheduler}
"#
    )
}
