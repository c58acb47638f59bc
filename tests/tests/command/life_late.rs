//! Runs that are killed, or stopped in other ways than most, and go on.

use std::time::Duration;

use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{alive, signal, wait_until};

/// A one-way program that trains from scratch writes its settings first. The runner is killed before the first report:
/// what lies there is no checkpoint of the level that the trial had reached before.
#[test]
fn settings_are_no_checkpoint() {
    let program = r#"
dir=$1; x=$2; trial=$3; epoch=0
# The first life of a trial leaves nothing at its pause.
[ -e "began-$trial" ] && { [ -e killed ] && ls "$dir" >> found; echo "x = $x" > "$dir/settings"
  [ -e killed ] || { : > killed; kill -9 "$PPID"; while :; do sleep 0.02; done; }; }
: > "began-$trial"
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1)); sleep 0.05
  echo "[tune-metric]: {\"epoch\": $epoch, \"loss\": $x}"
done
"#;
    let project = Project::new(Protocol::OneWay, program, "stop = { trials = 3 }");
    let said = project.begin().ends();
    assert_eq!(said.signal, Some(9), "{}", said.all());
    project.resume();
    assert!(project.file("found").exists());
    assert_eq!(project.read("found"), "");
    project.agrees();
}

/// A program that clears its environment carries no mark: it is ended by its number.
#[test]
fn without_a_mark() {
    let begin = r#"if [ ! -e once ]; then : > once
  exec env -i PATH="$PATH" sh -c 'echo $$ > left; trap "echo told > told; exit 1" TERM
while :; do sleep 0.02; done'
fi"#;
    for protocol in BOTH {
        let project = Project::new(
            protocol,
            &trainer(protocol, begin, ""),
            "stop = { trials = 2 }",
        );
        let run = project.begin();
        project.wait_for("its number is in the log", |log| {
            log.of("launch").iter().any(|event| event["pid"].is_u64())
        });
        wait_until("it has begun", || !project.read("left").is_empty());
        run.kill();
        let left: u32 = project.read("left").trim().parse().unwrap();
        assert!(alive(left), "{protocol:?}");
        project.resume();
        assert!(!alive(left), "{protocol:?}");
        assert_eq!(project.read("told"), "told\n", "{protocol:?}");
        project.agrees();
    }
}

/// Signals by which batch systems warn, and the other one that a terminal sends.
#[test]
fn other_signals_stop_a_run_as_well() {
    for name in ["USR1", "USR2", "XCPU", "QUIT"] {
        let mut project = Project::new(
            Protocol::Answered,
            &trainer(Protocol::Answered, "", ""),
            "workers = 2\nstop = { trials = 4 }",
        );
        project.set("EPOCH_TIME", "0.1");
        let run = project.begin();
        project.wait_for("two reports", |log| log.of("result").len() >= 2);
        assert!(signal(run.id(), name));
        let said = run.ends_within(Duration::from_secs(30));
        assert_eq!(said.code, Some(143), "{name}: {}", said.all());
        assert_eq!(project.programs(), [] as [u32; 0], "{name}");
        project.write("fast", "");
        project.resume();
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// A start that came to nothing made a store outside of the run's directory.
#[test]
fn a_store_elsewhere_is_no_obstacle() {
    let project = Project::new(
        Protocol::Answered,
        &trainer(Protocol::Answered, "", ""),
        "store = { location = \"../elsewhere\" }\nstop = { trials = 2 }",
    );
    project.finish();
    // As a kill before the first trial leaves it.
    let header = project.read("run/log.jsonl");
    let header = header.split_inclusive('\n').next().unwrap();
    std::fs::remove_dir_all(project.file("elsewhere/checkpoints")).unwrap();
    project.write("run/log.jsonl", header);
    project.finish();
}
