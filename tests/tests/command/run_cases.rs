//! Cases from people who tune models, on real processes and a real directory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Decision, Removal, RemovalReason, TrialStatus};

use crate::runs::system::wait_until;
use crate::runs::{
    TRAINER, check, folder, names, read_whole_lines, replayed, rungkeeper, succeeds, text, wait_for,
};

/// An experiment with one hyper-parameter, `x`, that is drawn for nothing where the trainer goes by
/// the trial's number.
pub(crate) fn experiment(more: &str, scheduler: &str) -> String {
    format!(
        r#"
name = "case"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
metric = "loss"
resource = "epoch"
grace = 5
{more}

[space]
x = {{ type = "uniform", low = 0.0, high = 1.0 }}

[scheduler]
{scheduler}
"#
    )
}

/// Runs an experiment to its end; what it said on both streams.
fn run_to_the_end(folder: &Path) -> (String, String) {
    let output = rungkeeper(folder, &["run", "experiment.toml", "--dir", "run"]).output();
    let output = output.unwrap();
    (succeeds(&output), text(&output.stderr))
}

pub(crate) fn start(folder: &Path) -> Child {
    let mut command = rungkeeper(folder, &["run", "experiment.toml", "--dir", "run"]);
    command.stderr(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn removals(events: &[Event]) -> Vec<Removal> {
    let removals = events.iter().filter_map(|event| match event {
        Event::Remove { removal, .. } => Some(removal.clone()),
        _ => None,
    });
    removals.collect()
}

fn pauses(events: &[Event]) -> usize {
    let paused = |event: &&Event| {
        matches!(
            event,
            Event::Result {
                decision: Decision::Pause,
                ..
            }
        )
    };
    events.iter().filter(paused).count()
}

/// Every file below a folder, links as such, with its size and the time it was last written.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let (path, metadata) = (entry.as_ref().unwrap().path(), entry.unwrap().metadata());
            let metadata = metadata.unwrap();
            if metadata.is_dir() {
                open.push(path.clone());
            }
            all.insert(path, (metadata.len(), metadata.modified().unwrap()));
        }
    }
    all
}

/// 60 trials without a budget, of which the last hangs; the run is killed there.
fn sixty_without_a_budget() -> tempfile::TempDir {
    let trainer = TRAINER.replace("dir=$1", "[ \"$3\" = 59 ] && sleep 600\ndir=$1");
    // A hundredth is promoted: none of 60.
    let scheduler = "max_resource = 100\nlevels = [1]";
    let folder = folder(&trainer, &experiment("stop = { trials = 60 }", scheduler));
    let child = start(folder.path());
    let last = |event: &Event| matches!(event, Event::Start { trial, .. } if trial == "59");
    wait_for(&folder.path().join("run"), |events| events.iter().any(last));
    kill(child);
    folder
}

/// Resumed with a budget of 10, 50 go in one pass, cheapest first, by what the log taught.
#[test]
fn switched_on_late() {
    let folder = sixty_without_a_budget();
    let run = folder.path().join("run");
    let arguments = ["resume", "run", "--max-checkpoints", "10"];
    let mut child = rungkeeper(folder.path(), &arguments);
    let child = child.stderr(Stdio::null()).spawn().unwrap();
    wait_for(&run, |events| {
        matches!(events.last(), Some(Event::Removed { .. }))
    });
    kill(child);
    let (header, events) = read_whole_lines(&run);
    let gone = removals(&events);
    assert_eq!(gone.len(), 50);
    let cost = |removal: &Removal| removal.ln_expected_cost.unwrap_or(f64::NEG_INFINITY);
    assert!(gone.windows(2).all(|pair| cost(&pair[0]) <= cost(&pair[1])));
    let passes = events
        .iter()
        .filter(|event| matches!(event, Event::LoopEnd(_)));
    assert_eq!(passes.count(), 1);
    // What stays is what ranks best: all wait at the same level.
    assert!(gone.iter().all(|removal| removal.rank > 9), "{gone:?}");
    let replay = replayed(&header, &events);
    assert_eq!(replay.comparison().agree, 1);
    assert_eq!(replay.callback().budget().max_checkpoints, Some(10));
    let output = rungkeeper(folder.path(), &["status", "run"])
        .output()
        .unwrap();
    assert!(succeeds(&output).contains("checkpoints: 10 of 10; "));
}

/// The names, and nothing is changed; then just these go.
#[test]
fn what_would_go() {
    let folder = sixty_without_a_budget();
    let run = folder.path().join("run");
    let before = listing(&run);
    let gc = |arguments: &[&str]| {
        let output = rungkeeper(folder.path(), arguments).output().unwrap();
        succeeds(&output)
    };
    let announced = gc(&["gc", "--dry-run", "--max-checkpoints", "10", "run"]);
    assert_eq!(listing(&run), before, "something was changed");
    let mut lines = announced.lines();
    let first = lines.next().unwrap();
    assert!(first.starts_with("would go: 50 checkpoints, "), "{first}");
    let told: Vec<(&str, &str)> = lines
        .clone()
        .step_by(2)
        .zip(lines.skip(1).step_by(2))
        .collect();
    assert_eq!(told.len(), 50);
    for (trial, place) in &told {
        assert!(
            trial.contains(": level 1, rank ") && trial.contains(" of 59, 2 B, "),
            "{trial}"
        );
        assert!(
            trial.contains("expected cost ") && trial.len() <= 80,
            "{trial}"
        );
        assert!(run.join(place.trim()).is_dir(), "{place}");
    }
    let done = gc(&["gc", "--max-checkpoints", "10", "run"]);
    assert!(
        done.starts_with("gone: 50 checkpoints, 100 B; held: 10 checkpoints, 18 B"),
        "{done}"
    );
    let gone: Vec<&str> = done.lines().skip(1).collect();
    assert_eq!(gone, announced.lines().skip(1).collect::<Vec<_>>());
    assert!(
        told.iter()
            .all(|(_, place)| !run.join(place.trim()).exists())
    );
    let asked = removals(&read_whole_lines(&run).1);
    assert!(
        asked
            .iter()
            .all(|removal| removal.reason == RemovalReason::Asked)
    );
    assert_eq!(asked.len(), 50);

    // What is pinned stays, and it is told why there is more than asked for.
    let held = &names(&run.join("checkpoints/checkpoints"))[0];
    gc(&["pin", held, "run"]);
    let expected = format!("more than the budget: trial {held} is pinned\n");
    for more in [&["--dry-run"][..], &[]] {
        let done = gc(&[&["gc", "run", "--max-checkpoints", "0"], more].concat());
        assert!(done.contains(&expected), "{done}");
        let way = format!("  let it go with: rungkeeper unpin {held} run\n");
        assert!(done.contains(&way), "{done}");
    }
}

/// What is deleted with a pin is told, and the best model is not deleted in passing.
#[test]
fn the_best_is_not_deleted_by_the_way() {
    let more = "stop = { trials = 6 }\nbudget = { max_checkpoints = 5 }";
    let folder = folder(TRAINER, &experiment(more, "max_resource = 3"));
    let (base, run) = (folder.path(), folder.path().join("run"));
    run_to_the_end(base);
    let said = |arguments: &[&str]| rungkeeper(base, arguments).output().unwrap();
    let replay = |events: &[Event]| replayed(&read_whole_lines(&run).0, events);
    let events = read_whole_lines(&run).1;
    let at_the_end = replay(&events);
    let model = at_the_end.callback().model();
    let mut trials = model.trials();
    let best = trials.find(|trial| model.is_pinned(trial.0)).unwrap().0;
    let kept = run.join("checkpoints/checkpoints").join(best);
    for more in [&["--dry-run"][..], &[]] {
        let done = succeeds(&said(
            &[&["gc", "run", "--max-checkpoints", "0"], more].concat(),
        ));
        let expected = format!("trial {best} is the best, and its checkpoint is kept\n");
        assert!(done.ends_with(&expected), "{done}");
        assert!(!done.contains("unpin"), "{done}");
    }
    // Whoever pinned it: what it holds is the result of the run.
    for pin in [false, true] {
        if pin {
            succeeds(&said(&["pin", best, "run"]));
        }
        let refused = said(&["unpin", best, "run"]);
        assert_eq!(refused.status.code(), Some(1));
        let refused = text(&refused.stderr);
        let place = kept.canonicalize().unwrap();
        let told = format!(
            "error: trial \"{best}\" is the best: unpinning it would delete its checkpoint, {}\n",
            place.display()
        );
        assert!(refused.starts_with(&told), "{refused}");
        assert!(refused.contains("--delete-best"), "{refused}");
        assert!(kept.is_dir());
    }
    let done = succeeds(&said(&["unpin", best, "run", "--delete-best"]));
    let told = format!(
        "trial {best} is no longer pinned\nits checkpoint is deleted, 2 B:\n  run/checkpoints/checkpoints/{best}/"
    );
    assert!(done.starts_with(&told), "{done}");
    assert!(!kept.exists());
}

/// What nobody owns is listed, and only what the run itself made is taken, and only when told so.
#[test]
fn orphans() {
    let folder = sixty_without_a_budget();
    let run = folder.path().join("run");
    // The log as if the last two trials had never been.
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let of = |line: &str, trial: u64| line.contains(&format!("\"trial\":\"{trial}\""));
    let known = log.lines().filter(|line| !of(line, 58) && !of(line, 59));
    let known: Vec<&str> = known.collect();
    fs::write(run.join("log.jsonl"), known.join("\n") + "\n").unwrap();
    let store = run.join("checkpoints/checkpoints");
    fs::create_dir(store.join("mine")).unwrap();
    fs::write(store.join("mine/notes.txt"), "mine").unwrap();
    let gc = |arguments: &[&str]| {
        let output = rungkeeper(folder.path(), arguments).output().unwrap();
        succeeds(&output)
    };
    let before = listing(&run);
    for arguments in [
        &["gc", "--orphans", "run"][..],
        &["gc", "--orphans", "--delete", "--dry-run", "run"],
    ] {
        let said = gc(arguments);
        assert!(
            said.contains("orphan: trial 58, level 1, 2 B\n    checkpoints/checkpoints/58/"),
            "{said}"
        );
        assert!(
            said.contains(
                "not made by this run, left alone: 4 B\n    checkpoints/checkpoints/mine"
            ),
            "{said}"
        );
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!(listing(&run), before);
    }
    let said = gc(&["gc", "--orphans", "--delete", "run"]);
    assert!(said.contains("removed: trial 58, "), "{said}");
    assert!(!store.join("58").exists() && store.join("57").exists());
    assert_eq!(
        fs::read_to_string(store.join("mine/notes.txt")).unwrap(),
        "mine"
    );
}

/// 100 kB in all, sizes 60, 5, 5, 5, 5, 5: all stay. 120 kB alone are too much: that one is not
/// kept, and the others stay as they are.
#[test]
fn sizes_differ() {
    let trainer = r#"
case $3 in 0) size=60000 ;; 6) size=120000 ;; *) size=5000 ;; esac
head -c "$size" /dev/zero > "$1/weights"
echo "{\"epoch\": 1, \"loss\": $2, \"checkpoint\": true}"
read -r answer
"#;
    let more = "budget = { max_bytes = \"100 kB\" }\nstop = { trials = 7 }";
    let folder = folder(
        trainer,
        &experiment(more, "max_resource = 100\nlevels = [1]"),
    );
    let (_, notes) = run_to_the_end(folder.path());
    let run = folder.path().join("run");
    assert_eq!(
        names(&run.join("checkpoints/checkpoints")),
        ["0", "1", "2", "3", "4", "5"]
    );
    let told =
        "trial \"6\" at 1 is not kept: max_bytes is 100000, but one checkpoint has 120000 bytes";
    assert_eq!(notes.matches(told).count(), 1, "{notes}");
    let gone = removals(&check(&run));
    assert_eq!(gone.len(), 1);
    assert_eq!(
        (gone[0].trial.as_str(), gone[0].reason),
        ("6", RemovalReason::Lost)
    );
}

/// A trial is promoted in the turn that paused it, while its program still saves: it goes on from
/// what was saved.
#[test]
fn pause_and_promote_in_one_turn() {
    let trainer = r#"
dir=$1; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
echo "$epoch" >> "began-$trial"
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "{\"epoch\": $epoch, \"loss\": 0.$((9 - trial))}"
  read -r answer || exit 1
  [ "$answer" = pause ] && { sleep 0.5; echo "$epoch" > "$dir/epoch"; exit 0; }
done
"#;
    // Each new trial is better than all before: from the third on, it is promoted at once.
    let more = "workers = 2\nstop = { trials = 6 }";
    let folder = folder(trainer, &experiment(more, "max_resource = 9"));
    run_to_the_end(folder.path());
    let events = check(&folder.path().join("run"));
    let mut in_one_turn = 0;
    for (place, event) in events.iter().enumerate() {
        let Event::Resume { trial, .. } = event else {
            continue;
        };
        let of_it = |event: &&Event| match event {
            Event::Result { trial: id, .. } | Event::Checkpoint { trial: id, .. } => id == trial,
            _ => false,
        };
        let last = events[..place].iter().rposition(|it| of_it(&it)).unwrap();
        assert!(
            matches!(events[last], Event::Checkpoint { .. }),
            "{trial} was promoted before its commit"
        );
        // What the trial was promoted for is its own pause, if nobody reported since it was saved.
        let mut since = events[last..place].iter();
        in_one_turn += usize::from(!since.any(|event| matches!(event, Event::Result { .. })));
    }
    assert!(in_one_turn > 0, "no trial was promoted while it was saving");
    for trial in 0..6 {
        let began = fs::read_to_string(folder.path().join(format!("began-{trial}"))).unwrap();
        let began: Vec<&str> = began.lines().collect();
        assert_eq!(began, ["0", "1", "3"][..began.len()], "trial {trial}");
    }
    assert_eq!(removals(&events).len(), 0);
}

/// Rungs 1, 4, 16: a rung that is skipped counts with a note, a report that comes twice counts
/// once, one that goes back and half an epoch are refused; the run goes on.
#[test]
fn resource_surprises() {
    let trainer = r#"
case $3 in 1) reports="1 5" ;; 2) reports="1 4 4" ;; 3) reports="1 3 2" ;; 4) reports="4.5 1" ;; *) reports="1" ;; esac
case $3 in [1-4]) loss=0.$3 ;; *) loss=0.9 ;; esac
begin=$(cat "$1/at" 2> /dev/null || echo 0)
number=0
for report in $reports; do
  number=$((number + 1))
  [ "$number" -le "$begin" ] && continue
  echo "$number" > "$1/at"
  echo "{\"epoch\": $report, \"loss\": $loss, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
exit 0
"#;
    let more = "stop = { trials = 16 }";
    let scheduler = "max_resource = 17\nlevels = [1, 4, 16]";
    let folder = folder(trainer, &experiment(more, scheduler));
    let (said, notes) = run_to_the_end(folder.path());
    assert!(said.starts_with("finished after "), "{said}");
    for told in [
        "trial \"1\" reported 5 without 4: recorded at rung 4",
        "trial \"3\" reported resource 2 after 3: refused",
        "trial \"4\": epoch is 4.5, but must be a positive whole number",
    ] {
        assert!(notes.contains(told), "{told} is not in:\n{notes}");
    }
    let events = check(&folder.path().join("run"));
    let at_rung_4: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Result {
                trial,
                level: 4 | 5,
                decision: Decision::Pause,
                ..
            } => Some(trial.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(at_rung_4, ["1", "2"]);
}

/// Metrics that are none rank behind all others, for min and for max, are never promoted, lose
/// their checkpoint first, and are told of once for each trial.
#[test]
fn bad_metrics() {
    let trainer = r#"
case $3 in 0) loss=NaN ;; 1) loss=Infinity ;; 2) loss=-Infinity ;; 3) loss=null ;; 4) loss='"0.3"' ;; *) loss=0.$3 ;; esac
epoch=$(cat "$1/epoch" 2> /dev/null || echo 0)
while [ "$epoch" -lt 3 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$1/epoch"
  if [ "$3" = 5 ]; then echo "{\"epoch\": $epoch, \"checkpoint\": true}"
  else echo "{\"epoch\": $epoch, \"loss\": $loss, \"checkpoint\": true}"; fi
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;
    for mode in ["min", "max"] {
        let budget = "budget = { max_checkpoints = 3, pin_best = false }";
        let more = format!("mode = \"{mode}\"\n{budget}\nstop = {{ trials = 20 }}");
        let folder = folder(trainer, &experiment(&more, "max_resource = 3"));
        let (_, notes) = run_to_the_end(folder.path());
        let events = check(&folder.path().join("run"));
        let bad = |trial: &str| trial.parse::<u64>().unwrap() < 6;
        for trial in 0..6 {
            let told = notes.matches(&format!("note: trial \"{trial}\"")).count();
            assert_eq!(told, 1, "trial {trial}, {mode}:\n{notes}");
        }
        let promoted = events.iter().any(|event| match event {
            Event::Resume { trial, .. } => bad(trial),
            _ => false,
        });
        assert!(!promoted, "{mode}");
        let gone = removals(&events);
        assert!(gone.len() > 6, "{mode}: {gone:?}");
        assert!(
            gone[..6].iter().all(|removal| bad(&removal.trial)),
            "{mode}: {gone:?}"
        );
    }
}

/// The same run as a loss and as 1 - loss: the same removals.
#[test]
fn min_is_max_mirrored() {
    let mirrored = TRAINER.replace(
        "x=$2;",
        "x=$(awk -v x=\"$2\" 'BEGIN { printf \"%.17g\", 1 - x }');",
    );
    let gone = [("min", TRAINER), ("max", &mirrored)].map(|(mode, trainer)| {
        let more = format!(
            "mode = \"{mode}\"\nbudget = {{ max_checkpoints = 4 }}\nstop = {{ trials = 30 }}"
        );
        let folder = folder(trainer, &experiment(&more, "max_resource = 9"));
        run_to_the_end(folder.path());
        let gone = removals(&check(&folder.path().join("run")));
        let places = gone
            .into_iter()
            .map(|r| (r.trial, r.level, r.rank, r.rung_len));
        places.collect::<Vec<_>>()
    });
    assert!(gone[0].len() > 5);
    assert_eq!(gone[0], gone[1]);
}

/// What was removed and is promoted after all trains from scratch; the cost is in the result.
#[test]
fn promoted_right_after() {
    let trainer = TRAINER.replace("while [", "echo \"$epoch\" >> \"began-$3\"\nwhile [");
    // One paused trial in all keeps its checkpoint, and which is random.
    let budget = "budget = { max_checkpoints = 2, policy = \"random\", pin_best = false }";
    let more = format!("{budget}\nstop = {{ trials = 30 }}");
    let folder = folder(&trainer, &experiment(&more, "max_resource = 9"));
    let (said, _) = run_to_the_end(folder.path());
    let events = check(&folder.path().join("run"));
    let Some(Event::End(end)) = events.last() else {
        panic!("no end")
    };
    let from_scratch = &end.trials_resumed_without_checkpoint;
    assert!(!from_scratch.is_empty());
    let cost: u64 = from_scratch.iter().map(|(_, level)| level).sum();
    assert_eq!(end.extra_results.cost_resources, cost);
    assert!(said.contains(&format!("{cost} resource units")), "{said}");
    let again = (0..30).map(|trial| {
        let began = fs::read_to_string(folder.path().join(format!("began-{trial}"))).unwrap();
        began.lines().skip(1).filter(|began| *began == "0").count()
    });
    assert_eq!(again.sum::<usize>(), from_scratch.len());
}

/// Limits of trials, of reports, or none at all: the policy works, and a run without
/// any is stopped by Ctrl-C and goes on.
#[test]
fn stopped_by_count() {
    for limit in ["stop = { trials = 25 }", "stop = { reports = 120 }", ""] {
        let more = format!("budget = {{ max_checkpoints = 4 }}\n{limit}");
        let folder = folder(TRAINER, &experiment(&more, "max_resource = 9"));
        let run = folder.path().join("run");
        if limit.is_empty() {
            let child = start(folder.path());
            wait_for(&run, |events| removals(events).len() > 5);
            interrupt(child);
            let status = rungkeeper(folder.path(), &["status", "run"])
                .output()
                .unwrap();
            assert!(succeeds(&status).starts_with("interrupted, "));
        } else {
            run_to_the_end(folder.path());
        }
        let (_, events) = read_whole_lines(&run);
        assert!(removals(&events).len() > 5, "{limit}");
        let costs = removals(&events);
        assert!(
            costs.iter().all(|removal| removal.expected_cost.is_some()),
            "{limit}"
        );
    }
}

/// Ctrl-C, once.
fn interrupt(mut child: Child) {
    let mut kill = std::process::Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Two runs under one folder, a foreign folder and a link that points out in the store itself: only
/// what the run committed is ever deleted.
#[test]
fn only_our_own() {
    let more = "budget = { max_checkpoints = 4 }\nstop = { trials = 30 }";
    let folder = folder(TRAINER, &experiment(more, "max_resource = 9"));
    let base = folder.path();
    let precious = base.join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("thesis.txt"), "four years").unwrap();
    run_to_the_end(base);
    fs::rename(base.join("run"), base.join("other")).unwrap();
    let child = start(base);
    let run = base.join("run");
    wait_for(&run, |events| removals(events).len() > 3);
    kill(child);
    let store = run.join("checkpoints/checkpoints");
    symlink(&precious, store.join("link")).unwrap();
    symlink(&precious, store.join("1000")).unwrap();
    fs::create_dir(store.join("1001")).unwrap();
    symlink(&precious, store.join("1001/0000000001.level-1")).unwrap();
    symlink(&precious, run.join("checkpoints/trash/out")).unwrap();
    fs::create_dir(store.join("foreign")).unwrap();
    fs::write(store.join("foreign/file"), "foreign").unwrap();
    let other = listing(&base.join("other"));
    succeeds(&rungkeeper(base, &["resume", "run"]).output().unwrap());
    succeeds(
        &rungkeeper(base, &["gc", "--orphans", "--delete", "run"])
            .output()
            .unwrap(),
    );
    succeeds(
        &rungkeeper(base, &["gc", "--max-checkpoints", "1", "run"])
            .output()
            .unwrap(),
    );
    assert_eq!(
        fs::read_to_string(precious.join("thesis.txt")).unwrap(),
        "four years"
    );
    assert_eq!(
        fs::read_to_string(store.join("foreign/file")).unwrap(),
        "foreign"
    );
    for link in [
        store.join("link"),
        store.join("1000"),
        store.join("1001/0000000001.level-1"),
    ] {
        assert!(link.is_symlink(), "{}", link.display());
    }
    assert_eq!(listing(&base.join("other")), other);
}

/// A save that takes a while is no checkpoint until it is committed, and one that dies half way is
/// told of, swept, and never one.
#[test]
fn saving_in_the_background() {
    let trainer = r#"
dir=$1; trial=$3
echo "{\"epoch\": 1, \"loss\": 0.$((trial + 1))}"
read -r answer
head -c 100 /dev/zero > "$dir/weights"
[ "$trial" = 1 ] && kill -9 $$
sleep 1
head -c 100 /dev/zero >> "$dir/weights"
"#;
    let more = "workers = 2\nstop = { trials = 4 }";
    let folder = folder(
        trainer,
        &experiment(more, "max_resource = 100\nlevels = [1]"),
    );
    let run = folder.path().join("run");
    let mut child = start(folder.path());
    wait_for(&run, |events| pauses(events) > 0);
    while child.try_wait().unwrap().is_none() {
        let (_, events) = read_whole_lines(&run);
        let committed = |trial: &str| {
            let is =
                |event: &Event| matches!(event, Event::Checkpoint { trial: id, .. } if id == trial);
            events.iter().any(is)
        };
        // In the log after it is in the store: what the log says is there, whole.
        for trial in ["0", "2", "3"].into_iter().filter(|trial| committed(trial)) {
            let folder = run.join("checkpoints/checkpoints").join(trial);
            let stamp = names(&folder).remove(0);
            let weights = folder.join(stamp).join("data/weights");
            assert_eq!(fs::metadata(weights).unwrap().len(), 200);
        }
        assert!(!run.join("checkpoints/checkpoints/1").exists());
        sleep(Duration::from_millis(20));
    }
    let events = check(&run);
    assert_eq!(names(&run.join("checkpoints/checkpoints")), ["0", "2", "3"]);
    let gone = removals(&events);
    assert_eq!(
        (gone[0].trial.as_str(), gone[0].reason),
        ("1", RemovalReason::Lost)
    );
}

/// Pins, while the run goes on and while it does not.
#[test]
fn pinned_by_hand() {
    let trainer = TRAINER.replace("dir=$1", "[ \"$3\" = 20 ] && sleep 600\ndir=$1");
    let more = "budget = { max_checkpoints = 5 }\nstop = { trials = 60 }";
    let folder = folder(&trainer, &experiment(more, "max_resource = 9"));
    let (base, run) = (folder.path(), folder.path().join("run"));
    let child = start(base);
    let started = |event: &Event| matches!(event, Event::Start { trial, .. } if trial == "20");
    wait_for(&run, |events| events.iter().any(started));
    // From then on nothing happens, once what was paused before is committed and what that exceeds is removed.
    wait_until("the last commit", || {
        let (header, events) = read_whole_lines(&run);
        let replay = replayed(&header, &events);
        let model = replay.callback().model();
        let mut trials = model.trials();
        let is_settled = trials.all(|(trial, _)| model.awaits_commit(trial).is_none());
        sleep(Duration::from_millis(300));
        is_settled && model.num_with_checkpoint() <= 5 && read_whole_lines(&run).1 == events
    });
    let (header, events) = read_whole_lines(&run);
    let replay = replayed(&header, &events);
    let model = replay.callback().model();
    let paused = model.trials().filter(|&(trial, status)| {
        status == TrialStatus::PausedWithCheckpoint && model.checkpoint(trial).is_some()
    });
    let finished = model.trials().filter(|trial| model.is_pinned(trial.0));
    let mut held = paused.chain(finished).map(|trial| trial.0);
    let mut next = || held.next().unwrap();
    let (first, second, third, fourth) = (next(), next(), next(), next());
    let said = |arguments: &[&str]| rungkeeper(base, arguments).output().unwrap();
    // The run goes on: it takes it up.
    assert_eq!(
        succeeds(&said(&["pin", first, "run"])),
        format!("trial {first} is pinned\n")
    );
    let unknown = said(&["pin", "1000", "run"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(
        text(&unknown.stderr),
        "error: trial \"1000\" is unknown to the run\n"
    );
    kill(child);
    // It does not: it is done at once.
    succeeds(&said(&["pin", second, "run"]));
    succeeds(&said(&["unpin", second, "run"]));
    succeeds(&said(&["pin", second, "run"]));
    let twice = said(&["unpin", "0020", "run"]);
    assert_eq!(
        text(&twice.stderr),
        "error: trial \"0020\" is unknown to the run\n"
    );
    // One worker, the best, and three more are all of the budget.
    succeeds(&said(&["pin", third, "run"]));
    let full = said(&["pin", fourth, "run"]);
    assert_eq!(full.status.code(), Some(1));
    assert!(
        text(&full.stderr).contains("the smallest that works is 6"),
        "{}",
        text(&full.stderr)
    );
    let status = succeeds(&said(&["status", "run"]));
    assert!(status.contains("  pinned: "), "{status}");
    let (_, events) = read_whole_lines(&run);
    let gone = removals(&events);
    let after: Vec<&Removal> = gone
        .iter()
        .filter(|removal| removal.trial == first)
        .collect();
    assert!(after.is_empty(), "{after:?}");
    succeeds(&said(&["gc", "--max-checkpoints", "0", "run"]));
    let kept = names(&run.join("checkpoints/checkpoints"));
    assert!(
        kept.contains(&first.to_owned()) && kept.contains(&second.to_owned()),
        "{kept:?}"
    );
}
