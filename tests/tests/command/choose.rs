//! `rungkeeper choose`, as a user calls it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::binary;

/// Nine trials of a reduction factor of 3; `a` trains on from level 1, `b` waits at 3.
const TABLE: &str = "\
trial,resource,loss,seconds,bytes,path,status
a,1,0.10,5,100,ck/a.pt,
b,1,0.20,5,100,ck/b.pt,
c,1,0.30,5,300,ck/c.pt,
d,1,0.40,5,100,ck/d.pt,
e,1,0.50,5,100,ck/e.pt,
f,1,0.60,5,100,-f.pt,
g,1,0.70,5,100,ck/g.pt,pinned
h,1,0.80,5,,,removed
i,1,0.90,5,900,ck/i 1.pt,
a,1,0.10,5,100,ck/a.pt,running
b,3,0.15,10,100,ck/b.pt,paused
";

fn choose(folder: &Path, arguments: &[&str], input: &str) -> Output {
    binary::fed(folder, &[&["choose"], arguments].concat(), input)
}

/// Who deletes what is printed shall see by what it was chosen.
fn note(are_paths_printed: bool) -> &'static str {
    if are_paths_printed {
        "note: by loss, small is good\n"
    } else {
        ""
    }
}

/// The messages about a table that comes through the standard input.
fn says(arguments: &[&str], table: &str) -> String {
    let arguments = [&["-"], arguments].concat();
    let output = choose(Path::new("."), &arguments, table);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    let expected = note(arguments.contains(&"--paths0"));
    let beside = errors.strip_prefix(expected);
    let beside = beside.unwrap_or_else(|| panic!("{arguments:?}: {errors}"));
    // Paths of tables that come from here are nowhere.
    let is_expected = beside.is_empty() || beside.starts_with("note: none of the ");
    assert!(is_expected, "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn answer(arguments: &[&str], table: &str) -> Value {
    let said = says(&[arguments, &["--json"]].concat(), table);
    assert_eq!(said.lines().count(), 1);
    serde_json::from_str(&said).unwrap()
}

/// The trials whose checkpoints can go, first to go first.
fn going(answer: &Value) -> Vec<&str> {
    let removals = answer["remove"].as_array().unwrap();
    let trials = removals.iter().map(|it| it["trial"].as_str().unwrap());
    trials.collect()
}

const LADDER: [&str; 4] = ["--eta", "3", "--max-resource", "27"];

fn with_ladder<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &LADDER].concat()
}

#[test]
fn a_budget_of_checkpoints() {
    let found = answer(&with_ladder(&["--max-checkpoints", "5"]), TABLE);
    // The last of their rung go; whoever runs, is pinned or holds nothing does not.
    assert_eq!(going(&found), ["i", "f", "e"]);
    let fields: BTreeSet<&str> = found.as_object().unwrap().keys().map(|it| &**it).collect();
    let promised = [
        "metric",
        "mode",
        "levels",
        "levels_guessed",
        "levels_from",
        "max_resource",
        "running",
        "beyond_levels",
        "waiting",
        "without_checkpoint",
        "ended",
        "held",
        "held_bytes",
        "candidates",
        "freed_bytes",
        "checkpoints_over",
        "bytes_over",
        "absent_paths",
        "best",
        "remove",
    ];
    assert_eq!(fields, BTreeSet::from(promised));
    assert_eq!(
        (&found["metric"], &found["mode"]),
        (&"loss".into(), &"min".into())
    );
    assert_eq!(found["levels"], serde_json::json!([1, 3, 9]));
    assert_eq!(found["levels_guessed"], false);
    assert_eq!(found["levels_from"], "asked");
    assert_eq!(
        (&found["best"], &found["absent_paths"]),
        (&Value::Null, &8.into())
    );
    let counts = ["running", "waiting", "without_checkpoint", "ended", "held"];
    assert_eq!(
        counts.map(|it| found[it].as_u64().unwrap()),
        [1, 7, 1, 0, 8]
    );
    assert_eq!(found["freed_bytes"], 1100);
    let first = &found["remove"][0];
    assert_eq!(first["level"], 1);
    assert_eq!((&first["rank"], &first["rung_len"]), (&9.into(), &9.into()));
    assert_eq!(first["paths"], serde_json::json!(["ck/i 1.pt"]));
    let number = |it: &str| first[it].as_f64().unwrap();
    assert!(0.0 < number("chance") && number("chance") < 0.5);
    assert_eq!(number("expected_cost"), number("chance"));
    assert_eq!(number("expected_seconds"), 5.0 * number("chance"));
}

#[test]
fn a_budget_of_bytes_and_both() {
    // 1,800 bytes are held.
    let found = answer(&with_ladder(&["--max-bytes", "1.2 kB"]), TABLE);
    assert_eq!(going(&found), ["i"], "one large checkpoint is enough");
    let found = answer(&with_ladder(&["--max-bytes", "800"]), TABLE);
    assert_eq!(found["freed_bytes"], 1000);
    let both = ["--max-bytes", "1.2 kB", "--max-checkpoints", "6"];
    assert_eq!(going(&answer(&with_ladder(&both), TABLE)), ["i", "f"]);
    let enough = answer(&with_ladder(&["--max-bytes", "1 TB"]), TABLE);
    assert!(going(&enough).is_empty());
}

#[test]
fn what_is_left_of_the_run() {
    let chances = |left: &str| -> Vec<f64> {
        let arguments = with_ladder(&["--max-checkpoints", "5", "--time-left", left]);
        let found = answer(&arguments, TABLE);
        let removals = found["remove"].as_array().unwrap();
        let chances = removals.iter().map(|it| it["chance"].as_f64().unwrap());
        chances.collect()
    };
    assert_eq!(chances("0"), [0.0; 3], "nothing comes any more");
    let (late, early) = (chances("0.1"), chances("10"));
    assert!(late.iter().zip(&early).all(|(late, early)| late < early));
}

#[test]
fn paths_for_xargs() {
    let arguments = with_ladder(&["--max-checkpoints", "5", "--paths0"]);
    // What looks like an option is none.
    assert_eq!(says(&arguments, TABLE), "ck/i 1.pt\0./-f.pt\0ck/e.pt\0");
    let enough = with_ladder(&["--max-checkpoints", "8", "--paths0"]);
    assert_eq!(says(&enough, TABLE), "");

    let arguments = with_ladder(&["-", "--max-checkpoints", "0", "--paths0"]);
    let output = choose(Path::new("."), &arguments, TABLE);
    assert!(output.status.success());
    assert_eq!(output.stdout.split(|it| *it == 0).count(), 7); // nothing behind the last NUL
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.starts_with("note: by loss, small is good\nnote: The budget is not kept even so"),
        "{note}"
    );
}

/// However the path of a checkpoint that goes and that of one that stays are written, they may be the same place.
#[test]
fn paths_that_lead_to_a_kept_checkpoint_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().canonicalize().unwrap();
    fs::create_dir_all(here.join("work/x/b")).unwrap();
    fs::create_dir(here.join("far")).unwrap();
    let links = [
        ("work/link", "x/b"),
        ("work/up", "x"),
        ("work/x/out", "../../far"),
    ];
    for (link, target) in links {
        std::os::unix::fs::symlink(target, here.join(link)).unwrap();
    }
    let here = here.join("work");
    for there in [
        "x/b/part",
        "x/c",
        "x/bc",
        "y",
        "b",
        "x/out/new",
        "../work2/x/b",
    ] {
        fs::create_dir_all(here.join(there)).unwrap();
    }
    let inside = format!("{}/x/b", here.display());
    let says = |going: &str, kept: &str, option: &str| {
        let table = format!("trial,resource,loss,path\na,1,0.9,{going}\nb,1,0.1,{kept}\n");
        let arguments = ["-", "--max-checkpoints", "1", "--max-resource", "9", option];
        choose(&here, &arguments, &table)
    };
    let same: [(&str, &str); 16] = [
        ("x/b", "x/b"),
        ("x/b/part", "x/b"),
        ("x/b", &inside),
        (&inside, "x/b"),
        (".", "x/b"),
        ("..", "x/b"),
        ("/", "x/b"),
        ("x/../x/b", "x/b"),
        ("x", "y/../x/b"),
        ("link", "x/b"),
        ("x/b", "link"),
        ("x", "link"),
        ("up/b", "x/b"),
        ("up", "x/c"),
        // Neither the link nor what it leads to would be there any more.
        ("x", "x/out"),
        ("x", "x/out/new"),
    ];
    for (going, kept) in same {
        for option in ["--paths0", "--json"] {
            let output = says(going, kept, option);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{going} {kept}: {said}");
            assert!(output.stdout.is_empty(), "{going} {kept}");
            let reason = format!(
                "the checkpoint of trial `a` at `{going}` could go, but the one of trial `b` lies"
            );
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(&reason), "{going} {kept}: {said}");
        }
    }
    let others = [
        ("x/b", "x/c"),
        ("x/b", "b"),
        ("up/b", "up/c"), // below the same link
        ("x/out", "x/b"),
        ("x/bc", "x/b"),
        ("../work2/x/b", "x/b"),
    ];
    for (going, kept) in others {
        let output = says(going, kept, "--paths0");
        assert!(output.status.success(), "{going} {kept}: {output:?}");
        assert_eq!(output.stdout, format!("{going}\0").into_bytes());
    }
}

#[test]
fn a_file_and_the_standard_input_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let tabs = TABLE.replace(',', "\t");
    fs::write(folder.path().join("run.tsv"), &tabs).unwrap();
    let arguments = with_ladder(&["run.tsv", "--max-checkpoints", "5"]);
    let output = choose(folder.path(), &arguments, "");
    assert!(output.status.success(), "{output:?}");
    let of_file = String::from_utf8(output.stdout).unwrap();
    let piped = says(&arguments[1..], &tabs);
    let list = |text: &str| text[text.find("Can go").unwrap()..].to_owned();
    assert!(of_file.starts_with("run.tsv: 9 trials by loss, small is good; 1 running, 7"));
    assert!(piped.starts_with("standard input: 9 trials"));
    assert_eq!(list(&of_file), list(&piped));
    assert!(of_file.lines().all(|line| line.chars().count() <= 80));
    for said in ["i ", "9 of 9", "900 B", "(3 checkpoints, 1.1 kB)"] {
        assert!(of_file.contains(said), "{said}: {of_file}");
    }
}

/// The log of a recorded run that removed some checkpoints already.
#[test]
fn an_event_log_is_a_table() {
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/traces");
    let log = fs::read_to_string(traces.join("asha_eta3_max.jsonl")).unwrap();
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &'static str| events.iter().filter(move |it| it["event"] == name);
    // Without its checkpoint is who was removed and has not been resumed since.
    let mut without = BTreeSet::new();
    for event in &events {
        match event["event"].as_str().unwrap() {
            "loop_end" => without.extend(
                event["removed"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| it["trial"].as_str().unwrap()),
            ),
            "resume" => drop(without.remove(event["trial"].as_str().unwrap())),
            _ => {}
        }
    }
    assert!(without.len() > 10);

    let found = answer(&["--max-checkpoints", "3"], &log);
    let levels: Vec<&Value> = of("header")
        .flat_map(|it| it["rungs"].as_array().unwrap())
        .map(|rung| &rung["level"])
        .collect();
    assert_eq!(found["levels"], serde_json::json!(levels));
    let counts = ["running", "waiting", "without_checkpoint", "ended"];
    let trials: u64 = counts.iter().map(|it| found[*it].as_u64().unwrap()).sum();
    assert_eq!(trials as usize, of("start").count());
    assert_eq!(found["without_checkpoint"], without.len());
    assert!(!going(&found).is_empty());
    assert!(going(&found).iter().all(|it| !without.contains(it)));

    let no_paths = choose(
        Path::new("."),
        &["-", "--max-checkpoints", "1", "--paths0"],
        &log,
    );
    let said = String::from_utf8(no_paths.stderr).unwrap();
    assert_eq!(no_paths.status.code(), Some(1));
    assert!(said.contains("an event log tells none"), "{said}");
}

/// The default metric was once the first column of numbers, so that the learning rate told what is deleted.
#[test]
fn a_hyper_parameter_is_no_metric() {
    let table = "trial,resource,lr,val_loss,path\na,1,0.1,0.1,best.pt\nb,1,0.01,0.4,mid.pt\nc,1,0.001,0.9,worst.pt\n";
    let arguments = [
        "-",
        "--max-checkpoints",
        "2",
        "--max-resource",
        "27",
        "--paths0",
    ];
    let output = choose(Path::new("."), &arguments, table);
    assert_eq!(output.stdout, b"worst.pt\0");
    let absent = "note: none of the 3 paths is there, seen from ";
    let notes = |by: &str| format!("note: by {by} is good\n{absent}").into_bytes();
    assert!(output.stderr.starts_with(&notes("val_loss, small")));

    let table = table.replace("val_loss", "y");
    let (code, said) = refused(&arguments[1..], &table);
    let expected = "error: standard input, line 1: which column is the metric: `lr`, `y`? It has to be \
                    named: --metric NAME\n";
    assert_eq!((code, said.as_str()), (Some(1), expected));
    let named = [&arguments[..], &["--metric", "y", "--mode", "max"]].concat();
    let output = choose(Path::new("."), &named, &table);
    assert_eq!(output.stdout, b"best.pt\0");
    assert!(output.stderr.starts_with(&notes("y, large")));
}

#[test]
fn of_a_run_that_is_over_the_best_is_named_and_nothing_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = "trial,epoch,val_loss,path,status\n".to_owned();
    for (trial, epoch, loss) in [
        ("a", 1, "0.4"),
        ("b", 1, "0.3"),
        ("b", 2, "0.12345"),
        ("b", 3, "nan"),
        ("c", 1, "0.12345"),
        ("d", 1, "-inf"),
    ] {
        let path = format!("ck {trial}/{epoch}.pt");
        writeln!(table, "{trial},{epoch},{loss},{path},COMPLETE").unwrap();
        fs::create_dir_all(folder.path().join(&path)).unwrap();
    }
    let asked = |more: &[&str]| {
        let arguments = ["-", "--max-checkpoints", "1", "--resource-column", "epoch"];
        let output = choose(folder.path(), &[&arguments[..], more].concat(), &table);
        assert!(output.status.success(), "{output:?}");
        let [said, notes] = [output.stdout, output.stderr];
        [said, notes].map(|it| String::from_utf8(it).unwrap())
    };
    let best = "The best is trial b, val_loss 0.1235 at epoch 2: ck b/2.pt";
    let ended = "All trials have ended: none waits, so nothing is chosen here. Keep the";
    let [said, _] = asked(&[]);
    assert_eq!(said.lines().last(), Some(best));
    let said = one_line(&said);
    for part in [
        "0 running, 0 waiting",
        "4 ended",
        ended,
        "`rungkeeper gc DIR --max-checkpoints 1`",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // Who pipes this into `rm` as the run goes on must not lose all results as it ends.
    let [paths, notes] = asked(&["--paths0"]);
    assert_eq!(paths, "");
    assert!(notes.contains("note: All trials have ended"), "{notes}");
    assert!(notes.contains(&format!("note: {best}\n")), "{notes}");

    let fields = || -> Value {
        let found: Value = serde_json::from_str(&asked(&["--json"])[0]).unwrap();
        assert_eq!(going(&found).len(), 0);
        found["best"].clone()
    };
    let mut expected = serde_json::json!({
        "trial": "b", "metric": 0.12345, "resource": 2, "path": "ck b/2.pt", "is_gone": false
    });
    assert_eq!(fields(), expected);
    fs::remove_dir(folder.path().join("ck b/2.pt")).unwrap();
    expected["is_gone"] = true.into();
    assert_eq!(fields(), expected);
    assert!(asked(&[])[0].ends_with("ck b/2.pt, where nothing is any more\n"));

    let [said, _] = asked(&["--mode", "max"]);
    assert!(
        said.ends_with("trial a, val_loss 0.4 at epoch 1: ck a/1.pt\n"),
        "{said}"
    );
    let nothing = "trial,resource,loss,status\na,1,nan,failed\nb,2,inf,failed\n";
    let arguments = ["--max-checkpoints", "1", "--metric", "loss"];
    let said = says(&arguments, nothing);
    assert!(
        said.ends_with("No trial has reported a finite number.\n"),
        "{said}"
    );
    let no_paths = nothing.replace("nan", "0.5");
    let said = says(&arguments, &no_paths);
    assert!(said.ends_with("loss 0.5 at resource 1\n"), "{said}");
}

#[test]
fn guessed_levels_are_told() {
    let table = |resources: u64| {
        let rows = (1..=resources).map(|it| format!("a,{it},0.5\nb,{it},0.6\n"));
        format!("trial,resource,loss\n{}", rows.collect::<String>())
    };
    let words = |more: &[&str], resources: u64| {
        let said = says(
            &[&["--max-checkpoints", "1"], more].concat(),
            &table(resources),
        );
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let guess = "Trials pause at 1, 4, 16 and end at 20 (levels guessed in steps of 4: give --levels \
                 if they are others).";
    assert!(words(&[], 20).contains(guess), "{}", words(&[], 20));
    assert!(!words(&["--eta", "4"], 20).contains("guessed"));
    assert!(words(&[], 2).contains("(as the table suggests)"));
    let found = answer(&["--max-checkpoints", "1"], &table(20));
    assert_eq!(
        (&found["levels_guessed"], &found["levels_from"]),
        (&true.into(), &"steps".into())
    );
}

/// A row for each epoch of trials that wait at 1, 3 and 9; the better ones go on.
fn curves() -> String {
    let mut table = "trial,resource,loss\n".to_owned();
    for trial in 0..24 {
        let end = match trial {
            0..3 => 9,
            3..9 => 3,
            _ => 1,
        };
        for epoch in 1..=end {
            writeln!(table, "{trial},{epoch},0.{trial:02}").unwrap();
        }
    }
    table
}

/// They were once taken to be 1, 4 and 16, so that most of those who wait seemed to run, and one of the best could go.
#[test]
fn levels_are_where_many_curves_end() {
    let arguments = ["--max-checkpoints", "5", "--max-resource", "27"];
    let found = answer(&arguments, &curves());
    assert_eq!(found["levels"], serde_json::json!([1, 3, 9]));
    assert_eq!(
        (&found["levels_guessed"], &found["levels_from"]),
        (&true.into(), &"ends".into())
    );
    assert_eq!(
        (&found["running"], &found["waiting"]),
        (&0.into(), &24.into())
    );
    // The best at 9, at 3 and at 1 stay.
    let removals = found["remove"].as_array().unwrap();
    let is_likely = |it: &Value| it["chance"].as_f64().unwrap() > 0.5;
    assert!(removals.len() == 19 && !removals.iter().any(is_likely));
    let said = one_line(&says(&arguments, &curves()));
    let guess = "(levels guessed from where many trials end: give --levels if they are others)";
    assert!(said.contains(guess), "{said}");
    assert!(!said.contains("count as running"), "{said}");
}

#[test]
fn what_may_be_wrong_is_told() {
    let arguments = ["--max-checkpoints", "5", "--max-resource", "27"];
    let wrong = [&arguments[..], &["--eta", "4"]].concat();
    let said = one_line(&says(&wrong, &curves()));
    let running = "9 trials count as running without a `status`, because their last resource is no rung \
                   level: if they wait, give --levels, or a column `status`.";
    assert!(said.contains(running), "{said}");
    assert_eq!(answer(&wrong, &curves())["beyond_levels"], 9);

    let few = "trial,resource,loss,path\na,1,0.1,a\nb,1,0.2,b\nc,1,0.3,c\nd,1,0.4,d\n";
    let care = "Take care: with a chance of 90 % or more, 1 of those that can go will be resumed.";
    let none = [
        "-",
        "--max-checkpoints",
        "0",
        "--max-resource",
        "27",
        "--time-left",
        "9",
    ];
    let output = choose(Path::new("."), &none, few);
    let said = one_line(&String::from_utf8(output.stdout).unwrap());
    assert!(said.contains(care), "{said}");
    let output = choose(Path::new("."), &[&none[..], &["--paths0"]].concat(), few);
    let said = one_line(&String::from_utf8(output.stderr).unwrap());
    assert!(said.contains(&format!("note: {care}")), "{said}");
    assert!(
        !one_line(&says(
            &["--max-checkpoints", "3", "--max-resource", "27"],
            few
        ))
        .contains("care")
    );
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Relative paths begin in the working directory, not at the table.
#[test]
fn a_table_that_is_read_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().canonicalize().unwrap();
    fs::create_dir_all(here.join("run/ck")).unwrap();
    let mut table = "trial,resource,loss,path\n".to_owned();
    for trial in 0..4 {
        writeln!(table, "{trial},1,0.{trial},ck/{trial}").unwrap();
        fs::write(here.join(format!("run/ck/{trial}")), vec![0; 20_000]).unwrap();
    }
    fs::write(here.join("run/run.csv"), &table).unwrap();
    let asked = |folder: &str, table: &str, more: &[&str]| {
        let arguments = [&[table, "--max-resource", "27"], more].concat();
        let output = choose(&here.join(folder), &arguments, "");
        let said = one_line(&String::from_utf8(output.stderr).unwrap());
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            said,
        )
    };
    let there = format!("none of the 4 paths is there, seen from {}", here.display());
    for more in [&[][..], &["--json"], &["--paths0"]] {
        let more = [&["--max-checkpoints", "3"], more].concat();
        let (_, answer, said) = asked("", "run/run.csv", &more);
        assert!(said.contains(&format!("note: {there}")), "{more:?}: {said}");
        assert!(!answer.is_empty());
        let (_, _, said) = asked("run", "run.csv", &more);
        assert!(!said.contains("none of the"), "{more:?}: {said}");
    }
    let bytes = ["--max-bytes", "60 kB"];
    let (is_answered, answer, said) = asked("", "run/run.csv", &bytes);
    assert!(!is_answered && answer.is_empty());
    assert!(
        said.contains(&there) && said.contains("begin in the working directory"),
        "{said}"
    );
    assert!(asked("run", "run.csv", &bytes).0);

    // Who does not ask for a budget of bytes is told the sizes of what can go all the same.
    let count = ["--max-checkpoints", "3"];
    let (_, shown, _) = asked("run", "run.csv", &count);
    assert!(shown.contains("(1 checkpoint, 20.0 kB)"), "{shown}");
    let (_, json, _) = asked("run", "run.csv", &["--max-checkpoints", "3", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["freed_bytes"], &json["remove"][0]["bytes"]),
        (&20_000.into(), &20_000.into())
    );
    assert_eq!(json["held_bytes"], Value::Null);
    let (_, json, _) = asked("", "run/run.csv", &["--max-checkpoints", "3", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["freed_bytes"], &json["remove"][0]["bytes"]),
        (&Value::Null, &Value::Null)
    );
}

/// The same call after the pipe has run: what is not there any more is not held, and is not chosen again.
#[test]
fn what_was_deleted_is_not_chosen_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut table = "trial,resource,loss,path\n".to_owned();
    for trial in 0..6 {
        let path = format!("ck/{trial}");
        writeln!(table, "{trial},1,0.{trial},{path}").unwrap();
        fs::create_dir_all(here.join(&path)).unwrap();
        fs::write(here.join(&path).join("model.pt"), [0; 100]).unwrap();
    }
    let arguments = ["-", "--max-resource", "27", "--json"];
    let found = |budget: [&str; 2]| -> Value {
        let output = choose(here, &[&arguments[..], &budget].concat(), &table);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let first = found(["--max-checkpoints", "4"]);
    assert_eq!((going(&first), &first["held"]), (vec!["5", "4"], &6.into()));
    fs::remove_dir_all(here.join("ck/5")).unwrap();
    fs::remove_dir_all(here.join("ck/4")).unwrap();
    let second = found(["--max-checkpoints", "4"]);
    assert_eq!((going(&second).len(), &second["held"]), (0, &4.into()));
    assert_eq!(second["without_checkpoint"], 2);
    assert_eq!(going(&found(["--max-checkpoints", "3"])), ["3"]);

    // The table tells no sizes, but the disk does.
    let sized = found(["--max-bytes", "300"]);
    assert_eq!(
        (going(&sized), &sized["held_bytes"]),
        (vec!["3"], &400.into())
    );

    // Nothing is there on the machine on which the table is looked at: it is taken at its word.
    let elsewhere = choose(
        Path::new("/"),
        &[&arguments[..], &["--max-checkpoints", "4"]].concat(),
        &table,
    );
    let elsewhere: Value = serde_json::from_slice(&elsewhere.stdout).unwrap();
    assert_eq!(elsewhere["held"], 6);
}

fn refused(arguments: &[&str], table: &str) -> (Option<i32>, String) {
    let output = choose(Path::new("."), &[&["-"], arguments].concat(), table);
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[test]
fn bad_tables_are_refused_with_place_reason_and_remedy() {
    let header = "trial,resource,loss,seconds,bytes,path,status\n";
    let row = |row: &str| format!("{header}a,1,0.5,1,9,a.pt,paused\n{row}\n");
    let wide: Vec<String> = (0..500).map(|n| format!("column_{n}")).collect();
    let cases: Vec<(String, &[&str])> = vec![
        (
            row("a,0,0.5,1,9,a.pt,"),
            &[
                "line 3, column 2 (`resource`)",
                "`0` is not a positive whole",
            ],
        ),
        (
            row("a,2,0.5,-1,9,a.pt,"),
            &["line 3, column 4 (`seconds`)", "0 or more"],
        ),
        (
            row("a,2,0.5,1,9.5,a.pt,"),
            &["line 3, column 5 (`bytes`)", "`9.5` is not"],
        ),
        (
            row("a,2,0.5,1,9,a.pt,tired"),
            &[
                "line 3, column 7 (`status`)",
                "running, paused, removed, pinned or ended",
            ],
        ),
        (
            row(",2,0.5,1,9,a.pt,"),
            &["line 3, column 1 (`trial`)", "the name of a trial"],
        ),
        (
            row("a,2"),
            &["line 3", "the number of fields is 2; expected 7"],
        ),
        (row("a,2,0.5,1,9,\"a.pt,"), &["line 3", "a quote is opened"]),
        (
            row(&format!("a,{},0.5,1,9,a.pt,", "9x".repeat(2000))),
            &["line 3, column 2 (`resource`)"],
        ),
        (header.to_owned(), &["there are no rows"]),
        (String::new(), &["there are no rows"]),
        (
            "trial_id,resource,loss\na,1,0.5\n".to_owned(),
            &["did you mean `trial_id`", "--trial-column NAME"],
        ),
        (
            "trial,epoch,loss\na,1,0.5\n".to_owned(),
            &["did you mean `epoch`", "--resource-column NAME"],
        ),
        (
            format!("{}\n", wide.join(",")),
            &["no column is named `trial`", "and 492 more"],
        ),
        (
            "trial,resource,loss\na,1,x\n".to_owned(),
            &["no column holds a metric", "--metric NAME"],
        ),
        (
            "trial,resource,loss\na,1,0.5\nb,1,0.6\n".to_owned(),
            &["all rows are at resource 1", "--max-resource RESOURCE"],
        ),
        (
            "{\"event\": \"start\"}\n".to_owned(),
            &["standard input", "line 1"],
        ),
    ];
    for (table, reasons) in cases {
        let (code, said) = refused(&["--max-checkpoints", "1"], &table);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("error: standard input"), "{said}");
        let lines = said.lines().map(|it| it.chars().count().div_ceil(80));
        assert!(lines.sum::<usize>() <= 4, "{said}");
        for reason in reasons {
            assert!(said.contains(reason), "{said} does not say {reason}");
        }
    }
}

fn is_refused(arguments: &[&str], table: &str, code: i32, reason: &str) {
    let (found, said) = refused(arguments, table);
    assert_eq!(found, Some(code), "{arguments:?}: {said}");
    assert!(
        said.contains(reason),
        "{arguments:?}: {said} does not say {reason}"
    );
}

#[test]
fn bad_questions_are_refused() {
    let plain = "trial,resource,loss\na,1,0.5\nb,1,0.6\na,3,0.4\n";
    let shared = TABLE.replace("ck/i 1.pt", "ck");
    let row = plain.replace("0.6", "low");
    let budgets: [(&[&str], i32, &str); 4] = [
        (&[], 2, "--max-checkpoints"),
        (&["--max-checkpoints", "few"], 2, "few"),
        (&["--max-bytes", "20 XB"], 2, "a size such as"),
        (&["--max-bytes", "20 GB"], 1, "--bytes-column NAME"),
    ];
    for (budget, code, reason) in budgets {
        is_refused(budget, plain, code, reason);
    }
    let beside_a_budget: [(&str, &str, i32, &str); 9] = [
        ("--paths0", plain, 1, "--path-column NAME"),
        ("--paths0 --json", plain, 2, "cannot be used with"),
        ("--time-left -1", plain, 2, "a number from 0 on"),
        ("--metric los", plain, 1, "did you mean `loss`"),
        ("--bytes-column size", plain, 1, "no column is named `size`"),
        ("--levels 3,1", plain, 1, "level"),
        (
            "--max-resource 1",
            plain,
            1,
            "levels must be below the max resource, 1",
        ),
        ("", &shared, 1, "give each trial a path of its own"),
        (
            "--metric loss",
            &row,
            1,
            "line 3, column 3 (`loss`): `low` is not a number",
        ),
    ];
    for (more, table, code, reason) in beside_a_budget {
        let budget = ["--max-checkpoints", "1"].into_iter();
        let arguments: Vec<&str> = budget.chain(more.split_whitespace()).collect();
        is_refused(&arguments, table, code, reason);
    }
    let missing = choose(
        Path::new("."),
        &["nowhere.csv", "--max-checkpoints", "1"],
        "",
    );
    let said = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        said.starts_with("error: nowhere.csv is not there"),
        "{said}"
    );
}

/// The commands of `docs/choose.md`, in a folder where what they name is there.
#[test]
fn commands_of_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/choose.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let commands: Vec<&str> = lines.collect();
    assert_eq!(commands.len(), 3);

    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut table = "trial,resource,loss,bytes,path\n".to_owned();
    for trial in 0..30 {
        let row = format!("{trial},1,0.{trial:02},5000000000,ck/{trial}\n");
        table.push_str(&row);
        fs::create_dir_all(here.join(format!("ck/{trial}"))).unwrap();
    }
    table += "0,3,0.0,5000000000,ck/0\n";
    fs::write(here.join("run.csv"), table).unwrap();
    let binary = binary::path();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    for command in commands {
        assert!(command.starts_with("rungkeeper choose run.csv "));
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(here)
            .env("PATH", &path)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {errors}");
        assert_eq!(errors, note(command.contains("--paths0")), "{command}");
        assert_eq!(output.stdout.is_empty(), command.contains("rm"));
    }
    // The last one has removed what its budget does not leave room for; who has ended or is first keeps its own.
    assert_eq!(fs::read_dir(here.join("ck")).unwrap().count(), 21);
    assert!(here.join("ck/0").is_dir() && !here.join("ck/29").exists());
}
