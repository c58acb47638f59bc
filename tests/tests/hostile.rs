//! 10,000 malformed or hostile lines and files: nothing panics, aborts, hangs or takes a gigabyte,
//! every error says what is wrong, and no file outside of the run's directory is touched. More of
//! them: `cargo xtask fuzz`.
#![cfg(unix)]

mod binary;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rungkeeper_runner::journal::Journal;
use rungkeeper_tests::fuzz::{Door, Ground, Order, REPORT, TAG, drive, listing};
use rungkeeper_tests::mutation::mutate;
use rungkeeper_tuner::replay::Replay;

const SEED: u64 = 0x0057_11E5;
const CASES: u64 = 10_000;

/// Through every door some input is still good, and most is not.
#[test]
fn through_all_doors() {
    let order = Order {
        binary: binary::path(),
        worker: env!("CARGO_BIN_EXE_fuzz").into(),
        cases: 0..CASES,
        seed: SEED,
        workers: 2,
        patience: Duration::from_secs(60),
    };
    let tally = drive(&order);
    let failures: Vec<String> = tally.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "seed {SEED}: {}", failures.join("\n"));
    let mut tried = 0;
    for door in Door::ALL {
        let [accepted, refused, passed] = tally.doors[&door];
        assert!(accepted > 0 && refused > 0, "{door}: {accepted}, {refused}");
        tried += accepted + refused + passed;
    }
    assert_eq!(tried, CASES);
    let [accepted, refused, _] = tally.doors[&Door::Line];
    assert!(accepted > 100 && refused > 100, "{accepted}, {refused}");
}

/// A command that ends by itself, with an exit code of ours.
fn rungkeeper(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary::path());
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    // Neither a panic (101) nor a signal (none).
    assert!(matches!(output.status.code(), Some(0..=2)), "{errors}");
    output
}

/// What `rungkeeper status` does, without a process.
fn status(log: &Path) -> Result<(), String> {
    let (header, events) = Journal::read(log).map_err(|error| error.to_string())?;
    let mut replay = Replay::checked(&header).map_err(|error| error.to_string())?;
    for (number, recorded) in events.enumerate() {
        let (event, _) = recorded.map_err(|error| error.to_string())?;
        let fed = replay.feed(number + 2, &event);
        fed.map_err(|error| error.to_string())?;
    }
    replay.finish().map_err(|error| error.to_string())?;
    Ok(())
}

/// Logs whose trials are called like paths out of the store, in each state in which a resume would
/// touch their files: running, paused with a checkpoint, removed, ended.
#[test]
fn trials_that_are_called_like_paths() {
    let ground = Ground::new(&binary::path());
    let text = String::from_utf8(ground.log().to_vec()).unwrap();
    let header = text.lines().next().unwrap();
    for trial in [
        "../../victim",
        "../../../victim",
        "..",
        "/etc",
        "victim/data",
        "\\u0000",
    ] {
        let mut log = format!("{header}\n");
        let mut say = |event: &str, more: &str| {
            let line = format!(r#"{{"event": "{event}", "trial": "{trial}", {more}}}"#);
            writeln!(log, "{line}").unwrap();
            // Each prefix of the log is a state of its own.
            let commands: [&[&str]; 3] = [
                &["status", "run"],
                &["replay", "--check", "run/log.jsonl"],
                &["resume", "run"],
            ];
            // Whichever of them is refused.
            let _ = ground.face_log(log.as_bytes(), &commands);
        };
        say(
            "start",
            r#""bracket": 0, "elapsed": 0.1, "pid": 1, "process_start": "0""#,
        );
        say("checkpoint", r#""level": 1, "bytes": 2, "elapsed": 0.2"#);
        say(
            "result",
            r#""level": 1, "metric": 0.5, "decision": "pause", "elapsed": 0.2"#,
        );
        say(
            "remove",
            r#""level": 1, "rank": 1, "rung_len": 1, "bytes": 2, "expected_cost": 0.1, "ln_expected_cost": -2.3, "reason": "budget", "elapsed": 0.3"#,
        );
        say("resume", r#""elapsed": 0.4"#);
        say("failed", r#""elapsed": 0.5"#);
    }
}

/// Prints a file of hostile lines behind each report, and reads no more answers than it reported. Before the first one they
/// might look like a report that cannot be used, which ends a run.
const HOSTILE_TRAINER: &str = r#"
dir=$1; x=$2; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch.new"
  mv "$dir/epoch.new" "$dir/epoch"
  echo "TAG{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  cat "lines.$((trial % 4))"
  echo
  WAIT
done
"#;

/// A run whose programs print hostile lines between good ones.
fn hostile_run(protocol: &str, tag: &str, wait: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(SEED + 2);
    let good = format!("{tag}{REPORT}");
    for number in 0..4 {
        let mut lines = Vec::new();
        for _ in 0..20 {
            lines.extend(mutate(good.as_bytes(), &mut random));
            lines.push(b'\n');
        }
        fs::write(folder.path().join(format!("lines.{number}")), lines).unwrap();
    }
    let trainer = HOSTILE_TRAINER.replace("TAG", tag).replace("WAIT", wait);
    fs::write(folder.path().join("train.sh"), trainer).unwrap();
    let experiment = format!(
        r#"
        name = "hostile"
        protocol = "{protocol}"
        command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
        metric = "loss"
        resource = "epoch"
        workers = 2
        grace = 1
        budget = {{ max_checkpoints = 4 }}
        stop = {{ trials = 12, wall_clock = "1 min" }}
        space = {{ x = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
        scheduler = {{ max_resource = 9 }}
        "#
    );
    fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
    let run = folder.path().join("run");
    let before = listing(folder.path(), &run);
    let output = rungkeeper(folder.path(), &["run", "experiment.toml", "--dir", "run"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("note: trial \""), "{errors}");
    status(&run.join("log.jsonl")).unwrap();
    assert_eq!(before, listing(folder.path(), &run));
}

#[test]
fn a_program_that_is_answered() {
    hostile_run(
        "answered",
        "",
        "read -r answer || exit 1\n[ \"$answer\" = pause ] && exit 0",
    );
}

#[test]
fn a_program_that_is_not_answered() {
    hostile_run("one_way", TAG, "sleep 0.01");
}
