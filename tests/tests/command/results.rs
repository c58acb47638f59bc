//! What a person finds once programs have reported: the best trial, tables, events for programs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::browser::{DESK, PHONE, look};
use serde_json::Value;

use crate::runs::{folder, rungkeeper, succeeds, text};

/// Reports more than a metric; the loss becomes worse at the end.
const TRAINER: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  loss=$x; [ "$epoch" -lt 8 ] || loss=1$x
  echo "{\"epoch\": $epoch, \"loss\": $loss, \"checkpoint\": true, \"x\": $x, \"eval\": {\"accuracy\": 0.$epoch}, \"phase\": \"a, b\"}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

const EXPERIMENT: &str = r#"
name = "small"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}"]
metric = "loss"
resource = "epoch"
workers = 2
grace = 2
budget = { max_checkpoints = 4 }
stop = { trials = 12 }
environment = { TOKEN = "geheim" }

[space]
x = { type = "uniform", low = 0.1, high = 0.9 }

[scheduler]
max_resource = 9
"#;

fn says(folder: &Path, arguments: &[&str]) -> String {
    succeeds(&rungkeeper(folder, arguments).output().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The events of a log with a name.
fn named(log: &str, name: &str) -> Vec<Value> {
    let events = log.lines().map(json);
    events.filter(|event| event["event"] == name).collect()
}

/// Takes its folder, its parameters and how it talks from the environment alone.
const FROM_THE_ENVIRONMENT: &str = r#"
cd /
dir=${RUNGKEEPER_CHECKPOINT_DIR:?}; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
x=$(sed -n 's/.*"x": //p' "${RUNGKEEPER_CONFIG:?}")
: "${RUNGKEEPER_TRIAL:?}"
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"$RUNGKEEPER_RESOURCE\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  [ "$RUNGKEEPER_PROTOCOL" = answered ] || continue
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

/// What a shell says about the line of `best` that trains a trial again.
fn pasted(shell: &str) -> std::process::Output {
    Command::new("sh").args(["-c", shell]).output().unwrap()
}

#[test]
fn a_trial_that_waits_is_trained_again_as_in_the_run() {
    let experiment = EXPERIMENT
        .replace("\"{checkpoint_dir}\", \"{x}\"", "\"{config}\"")
        .replace("workers = 2", "workers = 1")
        .replace("trials = 12", "reports = 6");
    let folder = folder(FROM_THE_ENVIRONMENT, &experiment);
    let here = folder.path();
    says(here, &["run", "experiment.toml", "--dir", "run"]);
    let best = json(&says(here, &["best", "run", "--json"]));
    let resource = best["resource"].as_u64().unwrap();
    assert!(resource < 9 && best["finished"] == false, "{best}");

    let again = &best["train_again"];
    let shell = again["shell"].as_str().unwrap();
    let output = pasted(shell);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{shell}: {output:?}");
    assert_eq!(said.lines().count() as u64, resource, "{said}");
    assert_eq!(json(said.lines().last().unwrap())["loss"], best["metric"]);
    let saved = again["environment"]["RUNGKEEPER_CHECKPOINT_DIR"].as_str();
    let saved = Path::new(saved.unwrap()).join("epoch");
    assert_eq!(fs::read_to_string(&saved).unwrap(), format!("{resource}\n"));

    // Once more it would go on from there.
    let output = pasted(shell);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert_eq!(fs::read_to_string(saved).unwrap(), format!("{resource}\n"));
}

/// A variable of the experiment file counts, and is not shown.
#[test]
fn the_experiment_may_set_what_a_program_reads() {
    let own = "TOKEN = \"geheim\", RUNGKEEPER_RESOURCE = \"epoch\"";
    let experiment = EXPERIMENT.replace("TOKEN = \"geheim\"", own);
    let folder = folder(TRAINER, &experiment.replace("trials = 12", "trials = 1"));
    let here = folder.path();
    says(here, &["run", "experiment.toml", "--dir", "run"]);
    let again = &json(&says(here, &["best", "run", "--json"]))["train_again"];
    let shell = again["shell"].as_str().unwrap();
    assert!(shell.contains(" RUNGKEEPER_PROTOCOL=answered "), "{shell}");
    assert!(!shell.contains("RUNGKEEPER_RESOURCE"), "{shell}");
    assert!(!shell.contains("RUNGKEEPER_CONFIG"), "{shell}");
    let variables = serde_json::json!(["RUNGKEEPER_RESOURCE", "TOKEN"]);
    assert_eq!(again["variables"], variables);
}

#[test]
fn a_finished_run_has_a_result_that_can_be_used() {
    let folder = folder(TRAINER, EXPERIMENT);
    let here = folder.path();
    let said = says(here, &["run", "experiment.toml", "--dir", "run"]);
    let log = fs::read_to_string(here.join("run/log.jsonl")).unwrap();
    for report in named(&log, "result") {
        let epoch = report["level"].as_u64().unwrap();
        let values = &report["values"];
        assert_eq!(values["eval.accuracy"], json(&format!("0.{epoch}")));
        assert_eq!(values["phase"], "a, b");
        assert!(values.get("loss").is_none() && values.get("epoch").is_none());
    }

    let best = json(&says(here, &["best", "run", "--json"]));
    let finished = named(&log, "result");
    let finished = finished
        .iter()
        .filter(|report| report["decision"] == "STOP");
    let metric = |report: &Value| report["metric"].as_f64().unwrap();
    let least = finished.min_by(|one, other| metric(one).total_cmp(&metric(other)));
    let least = least.unwrap();
    assert_eq!(
        (&best["trial"], &best["metric"]),
        (&least["trial"], &least["metric"])
    );
    assert_eq!(
        (&best["resource"], &best["finished"]),
        (&Value::from(9), &Value::from(true))
    );
    let x = best["configuration"]["x"].as_f64().unwrap();
    assert_eq!(
        best["best_value"]["metric"].as_f64(),
        Some(x),
        "before it became worse"
    );
    assert_eq!(best["values"]["eval.accuracy"], 0.9);
    let checkpoint = Path::new(best["checkpoint"]["path"].as_str().unwrap());
    assert_eq!(fs::read_to_string(checkpoint.join("epoch")).unwrap(), "9\n");

    // The command trains it again, up to the same resource.
    let shell = best["train_again"]["shell"].as_str().unwrap();
    let output = Command::new("sh").args(["-c", shell]).output().unwrap();
    let last = text(&output.stdout).lines().last().map(json).unwrap();
    assert_eq!(
        (&last["epoch"], &last["loss"]),
        (&Value::from(9), &best["metric"])
    );
    assert!(output.status.success(), "{shell}");
    assert_eq!(best["train_again"]["resource"], 9);

    // In words, and nothing secret in them.
    let words = says(here, &["best", "run"]);
    for expected in [
        "  x = 0.",
        "checkpoint:\n",
        "again takes 9 epochs",
        shell,
        "TOKEN",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(!format!("{words}{best}").contains("geheim"));
    let (_, best_line) = said.split_once("best: trial ").unwrap();
    let (trial, four) = best_line.split_once(" with ").unwrap();
    let four = four.split(' ').next().unwrap();
    assert_eq!(best["trial"], trial);
    assert!((four.parse::<f64>().unwrap() - metric(least)).abs() < 0.01 && four.len() <= 5);
    assert!(said.contains("\n  in the store: ") && said.contains("\n  checkpoints held: at most "));
    assert!(said.contains("\n  budget: at most 4 checkpoints, running trials included: "));
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );

    // Its checkpoint removed by hand: the message tells what training it again costs.
    fs::remove_dir_all(checkpoint.parent().unwrap()).unwrap();
    let words = says(here, &["best", "run"]);
    assert!(words.contains("checkpoint: none (missing)\n"), "{words}");

    let status = json(&says(here, &["status", "run", "--json"]));
    assert_eq!(status["state"], "finished");
    assert_eq!(status["best"]["trial"], best["trial"]);
    assert_eq!(status["trials"]["started"], 12);
    assert_eq!(status["left"]["trials"], 0);
    assert_eq!(status["checkpoints"]["missing"][0], best["trial"]);
}

#[test]
fn every_report_is_a_row() {
    let folder = folder(TRAINER, EXPERIMENT);
    let here = folder.path();
    says(here, &["run", "experiment.toml", "--dir", "run"]);
    let log = fs::read_to_string(here.join("run/log.jsonl")).unwrap();
    let reports = named(&log, "result");

    let rows = says(here, &["export", "run", "--json"]);
    let rows: Vec<Value> = rows.lines().map(json).collect();
    assert_eq!(rows.len(), reports.len());
    for (row, report) in rows.iter().zip(&reports) {
        for (of_row, of_report) in [
            ("trial", "trial"),
            ("resource", "level"),
            ("metric", "metric"),
            ("elapsed", "elapsed"),
            ("values", "values"),
        ] {
            assert_eq!(row[of_row], report[of_report], "{row}");
        }
        assert_eq!(row["configuration"]["x"], row["values"]["x"]);
        assert!(row["seconds"].as_f64().unwrap() <= row["elapsed"].as_f64().unwrap());
    }

    let csv = says(here, &["export", "run", "--csv"]);
    let head = csv.lines().next().unwrap();
    assert_eq!(
        head,
        "trial,resource,loss,seconds,elapsed,decision,again,status,eval.accuracy,phase,x,config_x,\
         bytes,path"
    );
    assert_eq!(csv.lines().count(), reports.len() + 1);
    assert!(csv.lines().nth(1).unwrap().contains(",\"a, b\","));
    // Other commands read it, and the log says the same as the table.
    fs::write(here.join("table.csv"), &csv).unwrap();
    let said = says(here, &["simulate", "table.csv", "--frozen"]);
    assert!(said.contains("12 curves; loss"), "{said}");
    let chosen = |table: &str| {
        let asked = [
            "choose",
            table,
            "--max-checkpoints",
            "0",
            "--json",
            "--levels",
            "1,3",
        ];
        json(&says(
            here,
            &[&asked[..], &["--max-resource", "9"]].concat(),
        ))
    };
    let (of_table, of_log) = (chosen("table.csv"), chosen("run/log.jsonl"));
    for fact in [
        "running",
        "waiting",
        "without_checkpoint",
        "ended",
        "held",
        "candidates",
    ] {
        assert_eq!(of_table[fact], of_log[fact], "{fact}");
    }
    for going in of_table["remove"].as_array().unwrap() {
        let path = Path::new(going["paths"][0].as_str().unwrap());
        assert!(
            path.is_absolute() && path.join("epoch").is_file(),
            "{going}"
        );
        assert!(going["bytes"].as_u64() > Some(0), "{going}");
    }
    let output = rungkeeper(here, &["export", "run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "a format must be named");

    // The page shows what else was reported.
    says(here, &["report", "run"]);
    let page = fs::read_to_string(here.join("run/report.html")).unwrap();
    for view in [DESK, PHONE] {
        let found = look(&page, view);
        assert_eq!(found.facts["scrollWidth"], found.facts["width"]);
        assert_eq!(found.facts["figures"].as_array().unwrap().len(), 6 + 2);
        assert_eq!(found.console, [""; 0]);
    }
    assert!(page.contains("<h3>eval.accuracy</h3>") && page.contains("<h3>x</h3>"));
}

#[test]
fn events_are_lines_and_quiet_is_quiet() {
    let folder = folder(TRAINER, EXPERIMENT);
    let here = folder.path();
    let run = |arguments: &[&str]| rungkeeper(here, arguments).output().unwrap();
    let output = run(&["run", "experiment.toml", "--dir", "run", "--json"]);
    let lines = succeeds(&output);
    let log = fs::read_to_string(here.join("run/log.jsonl")).unwrap();
    assert_eq!(lines, log);
    assert!(
        text(&output.stderr).contains("finished after "),
        "for people"
    );
    let output = run(&["resume", "run", "--trials", "14", "--json"]);
    let longer = fs::read_to_string(here.join("run/log.jsonl")).unwrap();
    assert_eq!(format!("{log}{}", succeeds(&output)), longer);

    let output = run(&["run", "experiment.toml", "--dir", "second", "--quiet"]);
    assert_eq!(
        (succeeds(&output).as_str(), text(&output.stderr)),
        ("", String::new())
    );
    let output = run(&["run", "experiment.toml", "--dir", "second", "-q"]);
    assert!(text(&output.stderr).starts_with("error: "));
    assert_eq!(output.status.code(), Some(1));
}

/// Nobody has finished: the best so far is named everywhere, and so is that it has not.
#[test]
fn the_best_so_far_is_always_named() {
    let experiment = EXPERIMENT.replace("trials = 12", "reports = 5");
    let folder = folder(TRAINER, &experiment);
    let here = folder.path();
    let mut run = rungkeeper(here, &["run", "experiment.toml", "--dir", "run"]);
    let output = run.output().unwrap();
    let said = succeeds(&output);
    let best = said
        .split_once("  best: trial ")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    assert!(best.ends_with(", not finished"), "{said}");
    let told = json(&says(here, &["best", "run", "--json"]));
    assert_eq!(told["finished"], false);
    let trial = told["trial"].as_str().unwrap();
    assert!(best.starts_with(&format!("{trial} with ")), "{best}");
    for command in ["status", "report"] {
        let said = says(here, &[command, "run"]);
        assert!(said.contains(&format!("  best: trial {best}\n")), "{said}");
    }
    // The last line about it in a pipe is about the same trial at the same place.
    let lines = text(&output.stderr);
    let last = lines
        .lines()
        .rfind(|line| line.contains("best so far"))
        .unwrap();
    let (resource, trial) = (&told["resource"], format!("(trial {trial}, not finished)"));
    assert!(
        last.ends_with(&format!(" at epoch {resource} {trial}")),
        "{lines}"
    );
    let paused = |line: &str| line.contains(": paused at epoch 1, loss ");
    assert!(lines.lines().any(paused), "{lines}");
    let way_on =
        "no trial has finished; go on with: rungkeeper resume run --reports N\n  with N above 5\n";
    assert!(said.contains(way_on), "{said}");
}

#[test]
fn a_run_without_reports_has_no_best() {
    let folder = folder("exit 0", EXPERIMENT);
    let here = folder.path();
    let mut run = rungkeeper(here, &["run", "experiment.toml", "--dir", "run"]);
    let output = run.output().unwrap();
    assert!(text(&output.stdout).contains("best: none yet, no trial has reported a number\n"));
    let output = rungkeeper(here, &["best", "run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert_eq!(said, "error: no trial of run has reported a number yet\n");
    assert_eq!(says(here, &["export", "run", "--json"]), "");
}
