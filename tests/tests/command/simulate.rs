//! `rungkeeper simulate`, as a user calls it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rungkeeper_tuner_hooks::PolicySpec;
use serde_json::Value;

use crate::binary;

const SHIPPED: &str = "../crates/cli/curves/openml_41150.csv";

const KEYS: [&str; 17] = [
    "curves",
    "policy",
    "budget",
    "seed",
    "eta",
    "workers",
    "started",
    "resumed",
    "removed",
    "resumed_without_checkpoint",
    "cost_resources",
    "cost_seconds",
    "optimum",
    "reports",
    "trained_resources",
    "trained_seconds",
    "peak_checkpoints",
];

fn rungkeeper(arguments: &[&str]) -> Output {
    Command::new(binary::path())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// What a call that succeeds prints.
fn printed(arguments: &[&str]) -> String {
    let output = rungkeeper(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        said, "",
        "there is no progress bar where there is no terminal"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What a call that fails says.
fn refused(arguments: &[&str]) -> String {
    let output = rungkeeper(arguments);
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The files of a folder, by name.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| read(entry.unwrap()))
        .collect()
}

#[test]
fn json_has_one_object_a_run_with_the_promised_keys() {
    let arguments = [
        "simulate", SHIPPED, "--json", "--budget", "5,20", "--seeds", "2",
    ];
    let text = printed(&arguments);
    let objects = objects(&text);
    assert_eq!(objects.len(), PolicySpec::NAMES.len() * 2 * 2);
    for (line, object) in text.lines().zip(&objects) {
        let object = object.as_object().unwrap();
        assert_eq!(object.len(), KEYS.len());
        let place = |key: &&str| line.find(&format!("\"{key}\":")).unwrap();
        assert!(KEYS.is_sorted_by_key(place), "{line}");
        assert_eq!(object["curves"], SHIPPED);
        assert_eq!(object["started"], 400);
        assert_eq!(object["optimum"], Value::Null); // only frozen runs have one
    }
}

#[test]
fn frozen_runs_have_an_optimum_and_one_schedule() {
    let mut arguments = vec!["simulate", SHIPPED, "--json", "--frozen"];
    arguments.extend([
        "--budget",
        "6",
        "--seeds",
        "3",
        "--eta",
        "2,8",
        "--workers",
        "2,6",
    ]);
    let objects = objects(&printed(&arguments));
    assert_eq!(objects.len(), PolicySpec::NAMES.len() * 3 * 2 * 2);
    for same in objects.chunks(PolicySpec::NAMES.len()) {
        for key in ["seed", "eta", "workers", "resumed", "reports", "optimum"] {
            assert!(
                same.iter().all(|object| object[key] == same[0][key]),
                "{key}"
            );
        }
        let optimum = same[0]["optimum"].as_u64().unwrap();
        assert!(
            same.iter()
                .all(|object| optimum <= object["cost_resources"].as_u64().unwrap())
        );
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let with = |threads| {
        let arguments = [
            "simulate",
            SHIPPED,
            "--json",
            "--seeds",
            "3",
            "--threads",
            threads,
        ];
        printed(&arguments)
    };
    assert_eq!(with("1"), with("2"));
}

#[test]
fn logs_are_repeatable_and_agree_with_their_replay() {
    let folders = [0, 1].map(|_| tempfile::tempdir().unwrap());
    for folder in &folders {
        let log = folder.path().join("deep/logs");
        let mut arguments = vec!["simulate", SHIPPED, "--budget", "6,12", "--seeds", "2"];
        arguments.extend(["--eta", "3,4", "--log", log.to_str().unwrap()]);
        printed(&arguments);
    }
    let logs = folders
        .each_ref()
        .map(|folder| contents(&folder.path().join("deep/logs")));
    assert_eq!(logs[0].len(), PolicySpec::NAMES.len() * 2 * 2 * 2);
    assert!(logs[0] == logs[1], "the same seed gives the same log");
    let folder = folders[0].path().join("deep/logs");
    let paths: Vec<String> = logs[0]
        .keys()
        .map(|name| folder.join(name).display().to_string())
        .collect();
    let mut arguments = vec!["replay", "--check", "--json"];
    arguments.extend(paths.iter().map(String::as_str));
    let objects = objects(&printed(&arguments));
    assert_eq!(objects.len(), paths.len());
    for object in objects {
        assert!(object["loop_ends"].as_u64().unwrap() > 100, "{object}");
        assert_eq!(object["agree"], object["loop_ends"]);
        for key in ["extra_results_match", "resumed_match", "estimators_match"] {
            assert_eq!(object[key], true, "{key}");
        }
    }
}

/// The shipped curves with the metric turned round, as a loss.
fn mirrored(shipped: &str) -> String {
    let mut lines = shipped.lines();
    let mut mirrored = lines.next().unwrap().replace("accuracy", "loss") + "\n";
    for line in lines {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[3] = (1.0 - fields[3].parse::<f64>().unwrap()).to_string();
        mirrored += &(fields.join(",") + "\n");
    }
    mirrored
}

#[test]
fn min_is_max_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHIPPED)).unwrap();
    let curves = folder.path().join("curves.csv");
    let removals = [shipped.clone(), mirrored(&shipped)].map(|file| {
        fs::write(&curves, file).unwrap();
        let log = folder.path().join("log");
        let mut arguments = vec!["simulate", curves.to_str().unwrap(), "--budget", "8"];
        arguments.extend(["--seeds", "2", "--log", log.to_str().unwrap()]);
        let table = printed(&arguments);
        let logs: Vec<String> = contents(&log).into_values().collect();
        let removal = |line: &&str| line.contains("\"event\":\"remove\"");
        let removals: Vec<String> = logs
            .iter()
            .flat_map(|log| log.lines().filter(removal))
            .map(str::to_owned)
            .collect();
        (table, logs.len(), removals)
    });
    assert!(
        removals[0].0.contains("accuracy, large is good"),
        "{}",
        removals[0].0
    );
    assert!(
        removals[1].0.contains("loss, small is good"),
        "{}",
        removals[1].0
    );
    assert_eq!(removals[0].1, PolicySpec::NAMES.len() * 2);
    assert!(removals[0].2.len() > 1_000);
    assert_eq!(removals[0].2, removals[1].2);
}

#[test]
fn the_table_is_80_wide_and_ends_with_the_answer() {
    let table = printed(&["simulate", SHIPPED, "--seeds", "4", "--frozen"]);
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    let words: Vec<&str> = table.split_whitespace().collect();
    let said = words.join(" ");
    assert!(
        said.contains("400 curves; accuracy, large is good; 4 workers"),
        "{table}"
    );
    assert!(
        said.contains("checkpoints rank_aware speculative by_level random optimum"),
        "{table}"
    );
    let answer = said
        .find("Smallest budget whose cost is under 1 % of the training: ")
        .unwrap();
    assert!(
        said[answer..].contains(" checkpoints (rank_aware), "),
        "{table}"
    );
    assert!(said.ends_with(" (random)."), "{table}");
    let several = printed(&[
        "simulate",
        SHIPPED,
        "--seeds",
        "1",
        "--eta",
        "3,4",
        "--workers",
        "1",
    ]);
    assert!(
        several.lines().all(|line| line.chars().count() <= 80),
        "{several}"
    );
    let said = several.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(
        said.contains("1 worker;") && said.contains("(one run)"),
        "{several}"
    );
    assert!(
        said.contains("(the file does not list 3, 9, 27, 81, 243, 729, 2187:"),
        "{several}"
    );
    assert!(said.contains("All of these together:"), "{several}");
}

#[test]
fn levels_metric_and_limits_can_be_chosen() {
    let mut arguments = vec!["simulate", SHIPPED, "--json", "--levels", "8,64,512"];
    arguments.extend([
        "--max-resource",
        "2048",
        "--metric",
        "seconds",
        "--mode",
        "min",
    ]);
    arguments.extend(["--policy", "by_level", "--budget", "9", "--seeds", "1"]);
    arguments.extend(["--max-trials", "50", "--brackets", "2", "--own-rungs"]);
    arguments.extend(["--promotion-rule", "linear_quantile"]);
    let objects = objects(&printed(&arguments));
    assert_eq!(objects.len(), 1);
    assert_eq!(
        (&objects[0]["started"], &objects[0]["eta"]),
        (&50.into(), &0.into())
    );
    let longer = ["--with-replacement", "--max-reports", "3000"];
    let arguments = [
        &["simulate", SHIPPED, "--json", "--seeds", "1"][..],
        &longer,
    ]
    .concat();
    let objects = self::objects(&printed(&arguments));
    assert!(objects.iter().all(|object| object["reports"] == 3000));
}

#[test]
fn mistakes_are_explained() {
    let said = refused(&["simulate", SHIPPED, "--policy", "speculativ"]);
    assert!(
        said.contains("speculativ") && said.contains("'speculative'"),
        "{said}"
    );
    let said = refused(&["simulate", SHIPPED, "--budget", "8,3"]);
    assert_eq!(
        said,
        "error: --budget is 3, but --workers is 4 and each holds a checkpoint: the smallest budget \
         that works is 4\n"
    );
    let said = refused(&["simulate", "no/such.csv"]);
    assert!(said.contains("no/such.csv"), "{said}");
    let said = refused(&["simulate", SHIPPED, "--metric", "acuracy"]);
    assert!(
        said.contains("acuracy") && said.contains("accuracy"),
        "{said}"
    );
    let said = refused(&["simulate", SHIPPED, "--levels", "1,4", "--eta", "2"]);
    assert!(
        said.contains("--levels") && said.contains("--eta"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "trial,resource,loss,seconds\n0,1,0.5,-3\n").unwrap();
    let said = refused(&["simulate", bad.to_str().unwrap()]);
    assert!(
        said.contains("bad.csv:2:") || said.contains("line 2"),
        "{said}"
    );
    let log = folder.path().join("log");
    let said = refused(&["simulate", SHIPPED, SHIPPED, "--log", log.to_str().unwrap()]);
    assert!(said.contains("openml_41150"), "{said}");
}

/// What an argument is called where it was typed, and nothing of what is inside.
#[test]
fn mistakes_name_the_options_that_were_typed() {
    for (arguments, told) in [
        ("--eta 1", "--eta is 1, but must be at least 2"),
        ("--grace-period 0", "--grace-period and --levels tell them"),
        ("--grace-period 4096", "rung level at 4096"),
        ("--levels 4,1", "--levels has 1 behind 4"),
        (
            "--levels 1,9999",
            "--grace-period or --levels, and --max-resource",
        ),
        ("--max-resource 1", "below the max resource, 1"),
        ("--max-resource 5000", "--max-resource is 5000, but"),
        (
            "--brackets 9",
            "--brackets is 9, but must be 1 to the number of rungs, 6",
        ),
        ("--max-trials 0", "--max-trials is 0, but must be positive"),
        (
            "--max-seconds 0",
            "--max-seconds is 0, but must be positive",
        ),
        (
            "--max-seconds -1",
            "--max-seconds is -1, but must be positive",
        ),
        (
            "--max-reports 0",
            "--max-reports is 0, but must be positive",
        ),
        (
            "--max-total-resource 0",
            "--max-total-resource is 0, but must be positive",
        ),
        (
            "--with-replacement --max-trials 99999999",
            "--max-trials is 99999999, but",
        ),
    ] {
        let typed: Vec<&str> = arguments.split(' ').collect();
        let said = refused(&[&["simulate", SHIPPED], &typed[..]].concat());
        assert!(said.contains(told), "{arguments}: {said}");
        assert!(!said.contains('_') || said.contains("openml_"), "{said}");
        assert!(!said.contains("note:"), "{arguments}: {said}");
    }
    for (arguments, told) in [
        ("--eta 1", "--eta is 1, but must be at least 2"),
        ("--max-resource 1", "below the max resource, 1"),
        ("--levels 4,1", "--levels has 1 behind 4"),
    ] {
        let typed: Vec<&str> = arguments.split(' ').collect();
        let asked = ["choose", SHIPPED, "--max-checkpoints", "9"];
        let said = refused(&[&asked[..], &typed[..]].concat());
        assert!(said.contains(told), "{arguments}: {said}");
    }
}
