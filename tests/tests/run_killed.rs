//! A run whose runner and trainers are killed at random moments loses nothing.
//!
//! 40 kills by default, with a fixed seed; `RUNGKEEPER_KILLS=200` makes it longer, and
//! `RUNGKEEPER_SEED` other.
#![cfg(unix)]

mod binary;
mod runs;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{RemovalReason, TrialStatus};
use serde_json::Value;

use runs::{Draws, check, folder, names, read_whole_lines, replayed, rungkeeper};

/// Takes a moment for each epoch, so that there is something to kill, until there is a file `fast`.
const TRAINER: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  [ -e fast ] || sleep 0.2
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": 0.$epoch$x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

const WORKERS: usize = 3;
const BUDGET: usize = 6;

fn experiment(trials: u64) -> String {
    format!(
        r#"
name = "killed"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}"]
metric = "loss"
resource = "epoch"
workers = {WORKERS}
grace = 2
budget = {{ max_checkpoints = {BUDGET} }}
stop = {{ trials = {trials} }}
failures = {{ retries = 1000000 }}

[space]
x = {{ type = "int", low = 100000, high = 999999 }}

[scheduler]
max_resource = 9
"#
    )
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// Numbers of the processes that the log says were started last.
fn trainers(run: &Path) -> Vec<u64> {
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap_or_default();
    let started = log.lines().rev().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line.get("pid")?.as_u64()
    });
    started.take(WORKERS).collect()
}

/// Kills a process group; whether there was one.
fn kill_group(id: u64) -> bool {
    let group = format!("-{id}");
    let mut kill = Command::new("kill");
    kill.args(["-9", "--", &group])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    kill.status().unwrap().success()
}

/// What must hold at any moment, the log cut anywhere: all that the log says is kept is there, and
/// the budget is exceeded by no more than what the workers added in the turn that was cut short.
fn nothing_needed_is_lost(run: &Path) {
    let (header, events) = read_whole_lines(run);
    let replay = replayed(&header, &events);
    let model = replay.callback().model();
    assert!(model.num_with_checkpoint() <= BUDGET + WORKERS);
    let there: BTreeSet<String> = names(&run.join("checkpoints/checkpoints"))
        .into_iter()
        .collect();
    for (trial, status) in model.trials() {
        let needed = match status {
            TrialStatus::PausedWithCheckpoint => true,
            TrialStatus::StoppedOrCompleted => {
                model.is_pinned(trial) && model.checkpoint(trial).is_some()
            }
            _ => false,
        };
        assert!(!needed || there.contains(trial), "{trial} of {there:?}");
    }
}

/// Lets it run for a moment, then kills what the draw says: the runner, a trainer, or all.
/// Whether the runner was killed.
fn strike(child: &mut Child, run: &Path, draws: &mut Draws) -> (bool, bool) {
    sleep(Duration::from_millis(10 + draws.below(200)));
    let what = draws.below(4);
    let trainers = trainers(run);
    if what == 0 && !trainers.is_empty() {
        let victim = usize::try_from(draws.below(trainers.len() as u64)).unwrap();
        return (kill_group(trainers[victim]), false);
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    if what == 1 {
        for trainer in trainers {
            kill_group(trainer);
        }
    }
    (true, true)
}

/// Kills until there were enough, then lets the run come to its end.
#[test]
fn killed_at_any_moment() {
    let kills = from_environment("RUNGKEEPER_KILLS", 40);
    let mut draws = Draws(from_environment("RUNGKEEPER_SEED", 0x5EED));
    let folder = folder(TRAINER, &experiment(2 * kills));
    let run = folder.path().join("run");
    let mut arguments = vec!["run", "experiment.toml", "--dir", "run"];
    let (mut killed, mut of_the_runner) = (0, 0);
    let mut child = rungkeeper(folder.path(), &arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while killed < kills && child.try_wait().unwrap().is_none() {
        let (hit, runner) = strike(&mut child, &run, &mut draws);
        killed += u64::from(hit);
        if !runner {
            continue;
        }
        of_the_runner += 1;
        if run.join("log.jsonl").exists() {
            nothing_needed_is_lost(&run);
            arguments = vec!["resume", "run"];
        }
        let mut command = rungkeeper(folder.path(), &arguments);
        child = command.stderr(Stdio::null()).spawn().unwrap();
    }
    fs::write(folder.path().join("fast"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = runs::succeeds(&output);
    assert!(said.starts_with("finished after "), "{said}");
    assert_eq!(killed, kills, "the run was over before");
    assert!(of_the_runner > kills / 4 && of_the_runner < kills);
    ended_as_if_undisturbed(&run, 2 * kills);
}

/// The log replays to the same removals, results and estimates; every trial was started once, none
/// failed, none lost its checkpoint, and time never went back.
fn ended_as_if_undisturbed(run: &Path, trials: u64) {
    let events = check(run);
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    let starts = count(|event| matches!(event, Event::Start { .. }));
    assert_eq!(starts as u64, trials);
    assert_eq!(count(|event| matches!(event, Event::Failed { .. })), 0);
    let lost = |event: &Event| matches!(event, Event::Remove { removal, .. } if removal.reason == RemovalReason::Lost);
    assert_eq!(count(lost), 0, "a needed checkpoint was lost");
    assert!(matches!(events.last(), Some(Event::End(_))));
    let elapsed: Vec<f64> = events.iter().filter_map(Event::elapsed).collect();
    assert!(elapsed.windows(2).all(|pair| pair[0] <= pair[1]));
}
