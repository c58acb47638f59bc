//! Runs of small shell programs: real processes, a real directory.
#![allow(dead_code)] // each test program uses a part of it

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rungkeeper_checkpoints::Store;
use rungkeeper_runner::journal::Journal;
use rungkeeper_runner::{Observer, Outcome, ResumeOptions, RunError, Runner, Stop, View};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::ExtraResults;
use rungkeeper_tuner_hooks::log::Event;

/// Reports `epoch` and `loss`, writes its epoch as a checkpoint before each report, and notes where
/// each process began.
pub(crate) const ANSWERED: &str = r#"
dir=$1; x=$2; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
echo "$epoch" >> "began-$trial"
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

/// The same without answers: it trains on until it is ended.
pub(crate) const ONE_WAY: &str = r#"
dir=$1; x=$2; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
echo "$epoch" >> "began-$trial"
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch.new" && mv "$dir/epoch.new" "$dir/epoch"
  echo "[tune-metric]: {\"epoch\": $epoch, \"loss\": $x}"
  sleep 0.05
done
"#;

pub(crate) struct Folder {
    pub(crate) folder: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new(program: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train.sh"), program).unwrap();
        let experiment = format!(
            r#"
name = "small"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
metric = "loss"
resource = "epoch"
workers = 2
grace = 2
{more}

[space]
x = {{ type = "uniform", low = 0.0, high = 1.0 }}

[scheduler]
max_resource = 9
"#
        );
        fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
        Self { folder }
    }

    pub(crate) fn experiment(&self) -> PathBuf {
        self.folder.path().join("experiment.toml")
    }

    /// Changes the experiment file.
    pub(crate) fn edit(&self, written: &str, instead: &str) {
        let text = fs::read_to_string(self.experiment()).unwrap();
        assert!(text.contains(written), "{written} is not in {text}");
        fs::write(self.experiment(), text.replace(written, instead)).unwrap();
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub(crate) fn began(&self, trial: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.folder.path().join(format!("began-{trial}")));
        let text = text.unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Brings a run back. A process that another test is just starting may hold the lock for a moment.
pub(crate) fn resume<'o>(run: &Path, watch: &'o mut dyn Observer) -> Runner<'o> {
    for _ in 0..500 {
        match Runner::resume(run, &ResumeOptions::default(), &mut Silent) {
            Err(RunError::Locked(_)) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => panic!("{error}"),
            Ok(_) => break,
        }
    }
    Runner::resume(run, &ResumeOptions::default(), watch).unwrap()
}

/// What a run came to.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) results: ExtraResults,
    pub(crate) best: Option<String>,
    pub(crate) watch: Watch,
}

/// A new run, to its end.
pub(crate) fn run(folder: &Folder) -> Ended {
    let mut watch = Watch::default();
    let runner = Runner::create(&folder.experiment(), &folder.run(), &mut watch).unwrap();
    let (outcome, results, best) = to_the_end(runner);
    Ended {
        outcome,
        results,
        best,
        watch,
    }
}

pub(crate) fn to_the_end(mut runner: Runner<'_>) -> (Outcome, ExtraResults, Option<String>) {
    let outcome = runner.run().unwrap();
    let best = runner.view().best.map(|best| best.trial.to_owned());
    (outcome, runner.extra_results(), best)
}

pub(crate) struct Silent;

impl Observer for Silent {}

/// Keeps what it is told; stops after a number of events, if it is to.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) events: Vec<Event>,
    pub(crate) notes: Vec<String>,
    pub(crate) most_checkpoints: usize,
    pub(crate) stop_after: Option<(usize, Stop)>,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn turn(&mut self, run: &View<'_>) {
        self.most_checkpoints = self.most_checkpoints.max(run.model.num_with_checkpoint());
    }

    fn stop(&mut self) -> Stop {
        match self.stop_after {
            Some((after, stop)) if self.events.len() >= after => stop,
            _ => Stop::No,
        }
    }
}

/// The log of a run agrees with what the callback would do from it.
pub(crate) fn check_log(run: &Path) -> Vec<Event> {
    let (header, events) = Journal::read(&run.join("log.jsonl")).unwrap();
    let events: Vec<Event> = events.map(|recorded| recorded.unwrap().0).collect();
    let mut replay = Replay::checked(&header).unwrap();
    for (i, event) in events.iter().enumerate() {
        replay.feed(i + 2, event).unwrap();
    }
    replay.finish().unwrap();
    let comparison = replay.comparison();
    assert!(comparison.passes(), "{comparison:?}");
    assert_eq!(comparison.agree, comparison.loop_ends, "{comparison:?}");
    events
}

pub(crate) fn stored(run: &Path) -> Vec<String> {
    let store = rungkeeper_checkpoints::DirectoryStore::open(&run.join("checkpoints"), "small");
    let mut trials: Vec<String> = store
        .unwrap()
        .list()
        .unwrap()
        .into_iter()
        .map(|s| s.trial)
        .collect();
    trials.sort();
    trials
}

pub(crate) const BUDGET: &str = "budget = { max_checkpoints = 5 }\nstop = { trials = 18 }";
