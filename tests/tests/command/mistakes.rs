//! Mistakes that people make, and what they are told: where, why, and what to do.
//!
//! `mistakes/said.txt` has the message to each. To renew it: `RENEW=1 cargo test -p rungkeeper-tests --test command mistakes`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::binary;

/// An experiment without a mistake.
const EXPERIMENT: &str = r#"name = "digits"
command = ["sh", "train.sh", "{lr}", "{checkpoint_dir}"]
metric = "loss"
resource = "epoch"
stop = { trials = 3 }
[space]
lr = { type = "loguniform", low = 1e-4, high = 1.0 }
[scheduler]
max_resource = 9
[budget]
max_checkpoints = 4
"#;

/// Mistakes in the experiment: what stands there, and what was written in its place.
const EXPERIMENTS: [(&str, &str); 33] = [
    ("metric =", "metrc ="),
    ("low = 1e-4", "low = 2.0"),
    ("low = 1e-4", "low = 0"),
    ("low = 1e-4, ", ""),
    ("\"loguniform\"", "\"loguniforn\""),
    ("= 9", "= \"9\""),
    ("= 9", "= -9"),
    ("= 9", "= 9\nreduction_factor = 1"),
    ("= 9", "= 9\nlevels = [3, 1]"),
    ("= 9", "= 9\nworkers = 2"),
    ("= 9", "= 9\ngrace_period = 10"),
    ("max_checkpoints = 4", "max_checkpoints = 0"),
    ("max_checkpoints = 4", "max_bytes = \"20 GX\""),
    ("max_checkpoints = 4", "policy = \"random_level\""),
    ("max_checkpoints = 4", "[store]\nlocation = \"s3://\""),
    ("{lr}", "{learning_rate}"),
    ("\"{lr}\", ", ""),
    ("metric =", "mode = \"best\"\nmetric ="),
    (
        "[\"sh\", \"train.sh\", \"{lr}\", \"{checkpoint_dir}\"]",
        "\"sh train.sh {lr}\"",
    ),
    (
        "[\"sh\", \"train.sh\", \"{lr}\", \"{checkpoint_dir}\"]",
        "[]",
    ),
    ("trials = 3", "trails = 3"),
    ("trials = 3", "wall_clock = \"5 minuts\""),
    ("name = \"digits\"", "name ="),
    ("name = \"digits\"", "name = \"\""),
    ("[space]", "[spaces]"),
    ("lr = {", "lr = { low = 1, high = 2 } #"),
    ("lr = {", "lr = { type = \"choice\", values = [] } #"),
    ("lr = {", "lr = { type = \"int\", low = 1.5, high = 3 } #"),
    (
        "high = 1.0 }",
        "high = 1.0, when = { optimizer = \"sgd\" } }",
    ),
    ("[budget]", "[[budget]]"),
    ("= 9", "= 99999999999999999999"),
    ("\"train.sh\"", "\"train.sh\\u0000\""),
    ("stop =", "environment = { \"A=B\" = \"1\" }\nstop ="),
];

/// Tables, each with a mistake.
const TABLES: [(&str, &str); 8] = [
    ("no-number.csv", "trial,resource,loss\n0,1,0.5\n0,2,high\n"),
    ("fraction.csv", "trial,resource,loss\n0,1.5,0.1\n"),
    ("short.csv", "trial,resource,loss\n0,1\n"),
    ("others.csv", "config,epoch,loss\n0,1,0.5\n"),
    ("text.csv", "trial,resource,loss\n0,1,abc\n"),
    ("twice.csv", "trial,resource,loss\n0,1,0.5\n0,1,0.4\n"),
    ("which.csv", "trial,resource,lr,y\n0,1,0.1,0.5\n"),
    ("empty.csv", ""),
];

/// Command lines; of [`TABLES`] each is given to `simulate` too.
const COMMANDS: [&str; 44] = [
    "runn experiment.toml",
    "run",
    "run missing.toml",
    "run .",
    "run experiment.toml --dirr d",
    "check missing.toml",
    "resume nowhere",
    "resume good.csv",
    "resume nowhere --trials x",
    "resume nowhere --max-bytes 20GX",
    "status nowhere",
    "status .",
    "best .",
    "report nowhere.jsonl",
    "export nowhere --csv",
    "export .",
    "pin nowhere 3",
    "gc nowhere",
    "replay good.csv",
    "replay nowhere.jsonl",
    "simulate nowhere.csv",
    "simulate good.csv --budget 0",
    "simulate good.csv --budget few",
    "simulate good.csv --eta 1",
    "simulate good.csv --policy best",
    "simulate good.csv --metric acc",
    "simulate good.csv --trial-column config",
    "simulate good.csv --levels 3,1",
    "simulate good.csv --grace-period 2",
    "simulate good.csv --max-resource 9",
    "simulate good.csv --brackets 2",
    "simulate good.csv --max-seconds -1",
    "choose good.csv",
    "choose good.csv --max-checkpoints x",
    "choose good.csv --max-checkpoints -1",
    "choose good.csv --max-bytes 10",
    "choose good.csv --max-checkpoints 1 --paths0",
    "choose good.csv --max-checkpoints 1 --eta 1",
    "choose good.csv --max-checkpoints 1 --time-left soon",
    "score nowhere",
    "init experiment.toml --command train",
    "init new.toml --command train --parameter lr=logunif:1:2",
    "init new.toml --command train --parameter lr",
    "completions fishy",
];

/// The first line of a message, and how wide a terminal is.
const MOST_LINES: usize = 4;
const WIDTH: usize = 80;

/// The message, without what stands for help on all commands.
fn said(folder: &Path, mistake: &str, arguments: &[&str]) -> String {
    let output = Command::new(binary::path())
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success(), "no mistake: {mistake}");
    let said = String::from_utf8(output.stderr).unwrap();
    let said = said.split("\nUsage: ").next().unwrap_or_default();
    let said = said.split("\nFor more information").next();
    said.unwrap_or_default().trim_end().to_owned()
}

/// Lines on a terminal.
fn lines(said: &str) -> usize {
    let lines = said.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.chars().count().div_ceil(WIDTH)).sum()
}

#[test]
fn each_is_told_where_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("experiment.toml", EXPERIMENT);
    write(
        "good.csv",
        "trial,resource,loss\n0,1,0.5\n0,2,0.4\n1,1,0.6\n1,2,0.3\n",
    );
    let mut all = String::new();
    let mut tell = |mistake: &str, arguments: &[&str]| {
        let said = said(folder.path(), mistake, arguments);
        assert!(lines(&said) <= MOST_LINES, "{mistake}:\n{said}");
        writeln!(all, "--- {mistake}\n{said}\n").unwrap();
    };
    for (there, written) in EXPERIMENTS {
        assert!(EXPERIMENT.contains(there), "{there}");
        write("mistake.toml", &EXPERIMENT.replacen(there, written, 1));
        let instead = if written.is_empty() {
            "nothing"
        } else {
            written
        };
        let mistake = format!("{there} -> {}", instead.replace('\n', "; "));
        tell(&mistake, &["check", "mistake.toml"]);
    }
    for (name, text) in TABLES {
        write(name, text);
        tell(&format!("simulate {name}: {text:?}"), &["simulate", name]);
    }
    for command in COMMANDS {
        let arguments: Vec<&str> = command.split(' ').collect();
        tell(command, &arguments);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/mistakes/said.txt");
    if env::var_os("RENEW").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &all).unwrap();
    }
    let before = fs::read_to_string(&file).unwrap_or_default();
    for (now, before) in all.split("--- ").zip(before.split("--- ")) {
        assert_eq!(now, before, "as of tests/tests/command/mistakes/said.txt");
    }
    assert_eq!(all.len(), before.len());
}
