//! A run that was stopped half way, what lies around it, and the commands that are given it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::Outcome;
use crate::mutation::mutate;

/// A report with all that one may hold.
pub const REPORT: &str = r#"{"epoch": 3, "loss": 0.25, "checkpoint": true, "note": "a \"b\" [c]", "more": {"x": [1, 2.5e-3, null]}}"#;
/// What a report of the protocol `one_way` begins with.
pub const TAG: &str = "[tune-metric]: ";

/// Trains by counting; its checkpoint is its epoch.
pub const TRAINER: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

const EXPERIMENT: &str = r#"
name = "hostile"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}"]
metric = "loss"
resource = "epoch"
workers = 2
grace = 1
budget = { max_checkpoints = 4 }
stop = { trials = 12, wall_clock = "1 min" }

[space]
x = { type = "uniform", low = 0.0, high = 1.0 }

[scheduler]
max_resource = 9
"#;

/// A folder with a run, and around it what hostile input may point to.
pub struct Ground {
    folder: tempfile::TempDir,
    scratch: tempfile::TempDir,
    binary: PathBuf,
    log: Vec<u8>,
    /// The files of the run's directory, from there, except for those of its checkpoints' data.
    files: Vec<PathBuf>,
}

impl Ground {
    /// Runs an experiment with this binary, and keeps what it left.
    ///
    /// # Panics
    ///
    /// It does not run.
    #[must_use]
    pub fn new(binary: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("train.sh"), TRAINER).expect("a file");
        fs::write(at("experiment.toml"), EXPERIMENT).expect("a file");
        let mut ground = Self {
            scratch: tempfile::tempdir().expect("a temporary folder"),
            binary: binary.to_owned(),
            log: Vec::new(),
            files: Vec::new(),
            folder,
        };
        let output = ground.rungkeeper(&["run", "experiment.toml", "--dir", "run"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let run = ground.run();
        let log = fs::read(run.join("log.jsonl")).expect("a log");
        let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
        ground.log = lines[..lines.len() * 2 / 3].concat();
        fs::write(run.join("log.jsonl"), &ground.log).expect("a log");
        for victim in ["victim", "1", "checkpoints/victim", "victim/data"] {
            let victim = ground.folder.path().join(victim);
            fs::create_dir_all(&victim).expect("a folder");
            fs::write(victim.join("epoch"), "1").expect("a file");
        }
        let all = listing(&run, Path::new(""));
        let files = all
            .into_iter()
            .filter(|(_, (content, _))| content.is_some());
        ground.files = files
            .map(|(path, _)| path.strip_prefix(&run).expect("of the run").to_owned())
            .collect();
        copy(&run, &ground.folder.path().join("copy"));
        ground
    }

    /// The log of the run that was stopped half way.
    #[must_use]
    pub fn log(&self) -> &[u8] {
        &self.log
    }

    /// The run's directory.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// A folder in which anything may be done.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A place in it at which nothing is.
    pub(super) fn fresh(&self, name: &str) -> PathBuf {
        let place = self.scratch().join(name);
        if place.exists() {
            fs::remove_dir_all(&place).expect("a folder that was made here");
        }
        place
    }

    /// Gives a command, which ends by itself with an exit code of ours, and says why where it fails.
    ///
    /// # Panics
    ///
    /// It panicked, was ended by a signal, or said nothing.
    #[must_use]
    pub fn rungkeeper(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        let output = command.output().expect("a binary that can be run");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        let status = output.status;
        let ours = matches!(status.code(), Some(0..=2));
        assert!(ours, "{arguments:?}: {status}: {errors}");
        let said = !errors.is_empty() || !output.stdout.is_empty();
        assert!(status.success() || said, "{arguments:?} failed in silence");
        output
    }

    /// The run as it was, changed, then given to commands; nothing outside of it changes. Whether
    /// the last of them succeeded.
    ///
    /// # Panics
    ///
    /// Something outside changed, or as [`Ground::rungkeeper`].
    #[must_use]
    pub fn face(&self, change: impl FnOnce(&Path), commands: &[&[&str]]) -> bool {
        let run = self.run();
        // What stands in its place may be anything by now.
        if fs::symlink_metadata(&run).is_ok() {
            fs::remove_dir_all(&run).expect("the run's folder");
        }
        copy(&self.folder.path().join("copy"), &run);
        change(&run);
        let before = listing(self.folder.path(), &run);
        let mut well = true;
        for arguments in commands {
            well = self.rungkeeper(arguments).status.success();
        }
        let after = listing(self.folder.path(), &run);
        assert!(before == after, "something outside of the run has changed");
        well
    }

    /// The run with another log: see [`Ground::face`].
    ///
    /// # Panics
    ///
    /// As there.
    #[must_use]
    pub fn face_log(&self, log: &[u8], commands: &[&[&str]]) -> bool {
        let change = |run: &Path| fs::write(run.join("log.jsonl"), log).expect("a log");
        self.face(change, commands)
    }

    pub(super) fn commands_on_a_log(&self, random: &mut impl Rng) -> Outcome {
        let log = mutate(&self.log, random);
        let commands: [&[&str]; 3] = [
            &["replay", "--check", "run/log.jsonl"],
            &["report", "run"],
            &["status", "run"],
        ];
        outcome(self.face_log(&log, &commands))
    }

    pub(super) fn commands_on_a_directory(&self, random: &mut impl Rng) -> Outcome {
        let victim = self.files.choose(random).expect("files of a run").clone();
        let what = random.random_range(0..8);
        // An experiment file that was changed may ask for a program that reads what nobody writes.
        let resume = !victim.ends_with("experiment.toml");
        let change = |run: &Path| damage(&run.join(&victim), what, random);
        let mut commands: Vec<&[&str]> = vec![
            &["status", "run"],
            &["gc", "--dry-run", "run"],
            &["gc", "run"],
        ];
        if resume {
            commands.push(&["resume", "run"]);
        }
        outcome(self.face(change, &commands))
    }
}

fn outcome(well: bool) -> Outcome {
    if well {
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

/// Makes something else of a file.
fn damage(file: &Path, what: u32, random: &mut impl Rng) {
    if what < 5 {
        let good = fs::read(file).expect("a file of the run");
        return fs::write(file, mutate(&good, random)).expect("a file of the run");
    }
    fs::remove_file(file).expect("a file of the run");
    if what == 5 {
        fs::create_dir(file).expect("a free place");
    } else if what == 6 {
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, file, FileType::Fifo, mode, 0).expect("a free place");
    }
}

/// Content and time of all files in a folder, without those below `except`.
///
/// # Panics
///
/// Something cannot be read.
#[must_use]
pub fn listing(folder: &Path, except: &Path) -> BTreeMap<PathBuf, (Option<Vec<u8>>, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path == except {
            continue;
        }
        let metadata = fs::symlink_metadata(&path).expect("a file");
        let content = metadata.is_file().then(|| fs::read(&path).expect("a file"));
        if metadata.is_dir() {
            all.extend(listing(&path, except));
        }
        all.insert(path, (content, metadata.modified().expect("a time")));
    }
    all
}

/// Everything of a folder, copied to another that is made.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a free place");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
