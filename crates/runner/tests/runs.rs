//! Runs of small shell programs: real processes, a real directory.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rungkeeper_checkpoints::Store;
use rungkeeper_runner::journal::Journal;
use rungkeeper_runner::{Observer, Outcome, ResumeOptions, RunError, Runner, Stop, View};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Budget, Decision, ExtraResults, Replay};

/// Reports `epoch` and `loss`, writes its epoch as a checkpoint before each report, and notes where
/// each process began.
const ANSWERED: &str = r#"
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
const ONE_WAY: &str = r#"
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

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new(program: &str, more: &str) -> Self {
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

    fn experiment(&self) -> PathBuf {
        self.folder.path().join("experiment.toml")
    }

    fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn began(&self, trial: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.folder.path().join(format!("began-{trial}")));
        let text = text.unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Brings a run back. A process that another test is just starting may hold the lock for a moment.
fn resume<'o>(run: &Path, watch: &'o mut dyn Observer) -> Runner<'o> {
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
struct Ended {
    outcome: Outcome,
    results: ExtraResults,
    best: Option<String>,
    watch: Watch,
}

/// A new run, to its end.
fn run(folder: &Folder) -> Ended {
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

fn to_the_end(mut runner: Runner<'_>) -> (Outcome, ExtraResults, Option<String>) {
    let outcome = runner.run().unwrap();
    let best = runner.view().best.map(|(trial, _)| trial.to_owned());
    (outcome, runner.extra_results(), best)
}

struct Silent;

impl Observer for Silent {}

/// Keeps what it is told; stops after so many events, if it is to.
#[derive(Default)]
struct Watch {
    events: Vec<Event>,
    notes: Vec<String>,
    most_checkpoints: usize,
    stop_after: Option<(usize, Stop)>,
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
fn check_log(run: &Path) -> Vec<Event> {
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

fn stored(run: &Path) -> Vec<String> {
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

const BUDGET: &str = "budget = { max_checkpoints = 5 }\nstop = { trials = 18 }";

#[test]
fn a_run_keeps_its_budget_and_ends_with_the_best() {
    for program in [ANSWERED, ONE_WAY] {
        let protocol = if program == ONE_WAY {
            "protocol = \"one_way\"\n"
        } else {
            ""
        };
        let folder = Folder::new(program, &format!("{protocol}{BUDGET}"));
        let Ended {
            outcome,
            results,
            best,
            watch,
        } = run(&folder);
        assert_eq!(outcome, Outcome::Finished, "{:?}", watch.notes);
        assert!(watch.notes.is_empty(), "{:?}", watch.notes);
        assert!(watch.most_checkpoints <= 5);
        let events = check_log(&folder.run());
        assert!(matches!(events.last(), Some(Event::End(_))));
        assert!(results.num_checkpoints_removed > 0 && results.num_trials_resumed > 0);
        // The best finished trial's checkpoint is there; those of paused trials within the budget.
        let best = best.unwrap();
        let there = stored(&folder.run());
        assert!(there.contains(&best), "{best} in {there:?}");
        assert!(there.len() <= 5, "{there:?}");
        // Every process began where the last checkpoint of its trial was, or from scratch where
        // that had been given up.
        let resumed: u64 = (0..18)
            .map(|t| folder.began(&t.to_string()).len() as u64 - 1)
            .sum();
        assert_eq!(resumed, results.num_trials_resumed);
        let from_scratch = |t: &u64| folder.began(&t.to_string())[1..].contains(&0);
        let scratch = (0..18).filter(from_scratch).count() as u64;
        let counted = watch
            .events
            .iter()
            .filter(|e| matches!(e, Event::Resume { .. }))
            .count();
        assert_eq!(counted as u64, results.num_trials_resumed);
        assert_eq!(scratch > 0, results.cost_resources > 0);
    }
}

#[test]
fn stopped_cleanly_and_resumed() {
    for (after, stop) in [(9, Stop::Cleanly), (20, Stop::Now), (35, Stop::Cleanly)] {
        let folder = Folder::new(ANSWERED, BUDGET);
        let mut watch = Watch {
            stop_after: Some((after, stop)),
            ..Watch::default()
        };
        let created = Runner::create(&folder.experiment(), &folder.run(), &mut watch);
        let mut runner = created.unwrap();
        assert_eq!(runner.run().unwrap(), Outcome::Stopped);
        let options = ResumeOptions::default();
        let again = Runner::resume(&folder.run(), &options, &mut Silent).err();
        assert!(matches!(again, Some(RunError::Locked(_))));
        drop(runner);
        let (outcome, ..) = to_the_end(resume(&folder.run(), &mut Silent));
        assert_eq!(outcome, Outcome::Finished);
        let events = check_log(&folder.run());
        let starts = events
            .iter()
            .filter(|e| matches!(e, Event::Start { .. }))
            .count();
        assert_eq!(starts, 18);
        let elapsed: Vec<f64> = events.iter().filter_map(Event::elapsed).collect();
        assert!(
            elapsed.windows(2).all(|pair| pair[0] <= pair[1]),
            "time goes on"
        );
    }
}

/// 4 of the trials crash at once: no files of them are left, others go on.
#[test]
fn crashed_trial() {
    let crashing = ANSWERED.replace(
        "  echo \"$epoch\" >",
        "  [ \"$epoch\" = 1 ] && [ \"$trial\" -lt 4 ] && kill -9 $$\n  echo \"$epoch\" >",
    );
    let folder = Folder::new(&crashing, BUDGET);
    let Ended { outcome, watch, .. } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    let failed = watch
        .events
        .iter()
        .filter(|e| matches!(e, Event::Failed { .. }))
        .count();
    assert_eq!(failed, 4);
    assert_eq!(watch.notes.len(), 4, "{:?}", watch.notes);
    assert!(
        watch.notes[0].contains("crashed (signal: 9"),
        "{:?}",
        watch.notes
    );
    let there = stored(&folder.run());
    assert!(
        ["0", "1", "2", "3"]
            .iter()
            .all(|t| !there.contains(&(*t).to_owned()))
    );
}

#[test]
fn crashes_are_retried_as_often_as_allowed() {
    let crashing = ANSWERED.replace(
        "while [",
        "[ \"$trial\" = 2 ] && [ \"$(wc -l < began-2)\" -lt 3 ] && exit 7\nwhile [",
    );
    let folder = Folder::new(
        &crashing,
        &format!("failures = {{ retries = 2 }}\n{BUDGET}"),
    );
    let Ended { outcome, watch, .. } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    assert!(
        watch
            .events
            .iter()
            .all(|e| !matches!(e, Event::Failed { .. }))
    );
    let restarts = watch
        .events
        .iter()
        .filter(|e| matches!(e, Event::Restart { .. }))
        .count();
    assert_eq!(restarts, 2);
}

#[test]
fn too_many_failures_stop_the_run() {
    let folder = Folder::new(
        "exit 1",
        &format!("failures = {{ max_failed_trials = 3, max_without_report = 99 }}\n{BUDGET}"),
    );
    let Ended { outcome, watch, .. } = run(&folder);
    let reason = match outcome {
        Outcome::GaveUp(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("max_failed_trials is 3"), "{reason}");
    let starts = |event: &&Event| matches!(event, Event::Start { .. });
    assert!(watch.events.iter().filter(starts).count() < 6);
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let folder = Folder::new("", BUDGET);
    let text = fs::read_to_string(folder.experiment()).unwrap();
    fs::write(
        folder.experiment(),
        text.replace("\"sh\"", "\"./no-such-program\""),
    )
    .unwrap();
    let error = Runner::create(&folder.experiment(), &folder.run(), &mut Silent).err();
    let error = error.unwrap().to_string();
    assert!(error.contains("./no-such-program"), "{error}");
    assert!(
        !folder.run().exists(),
        "nothing is made before that is known"
    );
    let options = ResumeOptions::default();
    let none = Runner::resume(folder.folder.path(), &options, &mut Silent).err();
    let none = none.unwrap().to_string();
    assert!(none.contains("holds no run"), "{none}");
}

/// A program that writes no checkpoint: its promoted trials train from scratch, and that is counted.
#[test]
fn a_program_without_checkpoints_pays_for_each_promotion() {
    let silent = ANSWERED
        .replace("echo \"$epoch\" > \"$dir/epoch\"", ":")
        .replace(", \\\"checkpoint\\\": true", "");
    assert!(!silent.contains("checkpoint") && !silent.contains("> \"$dir"));
    let folder = Folder::new(&silent, BUDGET);
    let Ended {
        outcome,
        results,
        watch,
        ..
    } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    assert_eq!(results.num_checkpoints_removed, 0);
    assert!(results.num_trials_resumed > 0);
    assert!(results.cost_resources >= results.num_trials_resumed);
    assert!(
        watch
            .notes
            .iter()
            .all(|note| note.ends_with("left no checkpoint at its pause"))
    );
    assert!(stored(&folder.run()).is_empty());
}

/// The run is cut short between a report and its result. Where the checkpoint of that moment is
/// there the report counts; where it is not, the trial is trained and reports again.
#[test]
fn a_report_without_its_result() {
    for committed in [true, false] {
        let folder = Folder::new(ANSWERED, "stop = { trials = 1 }");
        assert_eq!(run(&folder).outcome, Outcome::Finished);
        let path = folder.run().join("log.jsonl");
        let log = fs::read_to_string(&path).unwrap();
        let begin = log.find("{\"event\":\"reported\"").unwrap();
        let end = begin + log[begin..].find('\n').unwrap() + 1;
        fs::write(&path, &log[..end]).unwrap();
        if !committed {
            fs::remove_dir_all(folder.run().join("checkpoints/checkpoints/0")).unwrap();
        }
        let mut watch = Watch::default();
        let (outcome, ..) = to_the_end(resume(&folder.run(), &mut watch));
        assert_eq!(outcome, Outcome::Finished);
        let restarts = watch
            .events
            .iter()
            .filter(|event| matches!(event, Event::Restart { .. }));
        assert_eq!(restarts.count(), usize::from(!committed));
        assert_eq!(folder.began("0").len(), 1 + usize::from(!committed));
        let events = check_log(&folder.run());
        let paused = |event: &&Event| {
            matches!(
                event,
                Event::Result {
                    level: 1,
                    decision: Decision::Pause,
                    ..
                }
            )
        };
        assert_eq!(events.iter().filter(paused).count(), 1);
        assert_eq!(stored(&folder.run()), ["0"]);
    }
}

/// A better trial ends: from then on its checkpoint is the one that is kept, and a person's pins
/// stay beside it.
#[test]
fn the_best_is_kept_and_what_was_asked_for() {
    let folder = Folder::new(ANSWERED, "stop = { trials = 18 }");
    let Ended { best, watch, .. } = run(&folder);
    let best = best.unwrap();
    let pins = |events: &[Event]| {
        let pins = events.iter().filter_map(|event| match event {
            Event::Pin { trial, .. } => Some(trial.clone()),
            _ => None,
        });
        pins.collect::<Vec<_>>()
    };
    let pinned = pins(&watch.events);
    assert_eq!(pinned.last(), Some(&best));
    // All but the last were let go, each once the next one's checkpoint was complete.
    let let_go = watch.events.iter().filter_map(|event| match event {
        Event::Unpin { trial, .. } => Some(trial.clone()),
        _ => None,
    });
    assert_eq!(let_go.collect::<Vec<_>>(), pinned[..pinned.len() - 1]);
    let paused = stored(&folder.run()).into_iter().find(|id| *id != best);
    let paused = paused.unwrap();
    let mut silent = Silent;
    resume(&folder.run(), &mut silent).pin(&paused).unwrap();
    let mut runner = resume(&folder.run(), &mut silent);
    let none = Budget::of_checkpoints(0);
    let collected = runner.collect(none).unwrap();
    assert_eq!(collected.held, 2);
    let mut kept = vec![best.clone(), paused.clone()];
    kept.sort();
    assert_eq!(stored(&folder.run()), kept);
    // Let go by a person, the best is not pinned again.
    runner.unpin(&best).unwrap();
    assert!(runner.settle().unwrap().is_empty());
    drop(runner);
    let runner = resume(&folder.run(), &mut silent);
    assert_eq!(runner.view().model.num_with_checkpoint(), 1);
    assert_eq!(stored(&folder.run()), [paused]);
}

/// As the process of a program has it that a killed runner was about to start.
#[test]
fn a_lock_that_is_soon_given_back_is_waited_for() {
    use rustix::fs::{FlockOperation, flock};
    let folder = Folder::new(ANSWERED, BUDGET);
    fs::create_dir_all(folder.run()).unwrap();
    let lock = fs::File::create(folder.run().join("lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let create = || Runner::create(&folder.experiment(), &folder.run(), &mut Silent).err();
    assert!(matches!(create(), Some(RunError::Locked(_))));
    let giving_back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(lock);
    });
    assert!(create().is_none());
    giving_back.join().unwrap();
}
