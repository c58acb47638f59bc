//! What a run says of how it stands, and what can be done next.

use std::path::Path;

use crate::runs::{folder, rungkeeper, succeeds, text};

/// Each trial is better than all before it.
const BETTER: &str = r#"
dir=$1; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": 0.$((9 - RUNGKEEPER_TRIAL)), \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

fn experiment(more: &str, scheduler: &str) -> String {
    format!(
        r#"
name = "words"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}"]
metric = "loss"
resource = "epoch"
grace = 2
{more}

[space]
x = {{ type = "uniform", low = 0.1, high = 0.9 }}

[scheduler]
{scheduler}
"#
    )
}

fn says(folder: &Path, arguments: &[&str]) -> String {
    succeeds(&rungkeeper(folder, arguments).output().unwrap())
}

/// Most trials crash: each summary counts them and names the way to try them again, and a note has the error.
#[test]
fn crashes_are_counted() {
    let crash = "case $RUNGKEEPER_TRIAL in [13]) echo '{\"epoch\": 0}'; \
                 echo \"ValueError: bad x\" >&2; exit 1;; esac\ndir=$1";
    let trainer = BETTER.replace("dir=$1", crash);
    let experiment = experiment("stop = { trials = 4 }", "max_resource = 3");
    let folder = folder(&trainer, &experiment);
    let here = folder.path();
    let mut run = rungkeeper(here, &["run", "experiment.toml", "--dir", "run"]);
    let output = run.output().unwrap();
    let said = succeeds(&output);
    let way = "try what failed again: rungkeeper resume run --retry-failed\n";
    assert!(said.contains("\n  4 trials, 2 failed; "), "{said}");
    assert!(said.contains(way), "{said}");
    let notes = text(&output.stderr);
    assert!(
        notes.contains("output/1.log\n  ValueError: bad x\n"),
        "{notes}"
    );
    for command in ["status", "report"] {
        let said = says(here, &[command, "run"]);
        assert!(said.contains("trials, 2 failed\n"), "{said}");
        assert!(said.contains(way), "{said}");
    }
    // Those that worked are no reason to say so.
    std::fs::write(here.join("train.sh"), BETTER).unwrap();
    let said = says(here, &["resume", "run", "--retry-failed"]);
    assert!(!said.contains("failed"), "{said}");
}

/// The configuration stands under the trial that has it, and who is better but has not finished comes behind it.
#[test]
fn the_configuration_is_that_of_the_best() {
    let more = "stop = { reports = 6 }";
    let experiment = experiment(more, "max_resource = 3\nlevels = [1]");
    let folder = folder(BETTER, &experiment);
    let said = says(folder.path(), &["run", "experiment.toml", "--dir", "run"]);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    let best = place("\n  best: trial 2 with 0.7 at epoch 3\n");
    let (configuration, better) = (place("\n    x = 0."), place("\n  better so far: trial 3 "));
    assert!(best < configuration && configuration < better, "{said}");
}
