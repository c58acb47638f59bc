//! The page of `rungkeeper report`: its figures, and the page itself in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::browser::{DESK, PHONE, View, assert_is_sound, console_of, look};
use crate::runs;
use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner_hooks::log::{EndOfRun, Event};
use serde_json::Value;

use crate::runs::{TRAINER, folder, succeeds};

fn rungkeeper(arguments: &[&str], folder: &Path) -> Output {
    runs::rungkeeper(folder, arguments).output().unwrap()
}

fn traces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/traces")
}

fn report_of_trace(name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = traces().join(name);
    let arguments = ["report", log.to_str().unwrap(), "--out", "page.html"];
    succeeds(&rungkeeper(&arguments, folder.path()));
    fs::read_to_string(folder.path().join("page.html")).unwrap()
}

fn events(log: &Path) -> Vec<Event> {
    let text = fs::read(log).unwrap();
    read_lines(&text[..]).map(|line| line.unwrap().1).collect()
}

fn end(events: &[Event]) -> &EndOfRun {
    match events.last() {
        Some(Event::End(end)) => end,
        other => panic!("{other:?}"),
    }
}

/// The first value beside a name in the card with the numbers.
fn fact<'p>(page: &'p str, name: &str) -> &'p str {
    let name = format!("<th scope=\"row\">{name}</th><td>");
    let (_, rest) = page.split_once(&name).unwrap();
    rest.split("</td>").next().unwrap()
}

/// Whole numbers have thin spaces from 10 000 on; none here is that large.
fn count(page: &str, name: &str) -> u64 {
    let digits = fact(page, name).split(' ').next().unwrap();
    digits.parse().unwrap()
}

/// Of each recorded run the page tells what the run itself told at its end, and lists each removal.
#[test]
fn figures_are_those_of_the_recorded_runs() {
    for entry in fs::read_dir(traces()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = report_of_trace(&name);
        let events = events(&traces().join(&name));
        let end = end(&events);
        let results = end.extra_results;
        assert_eq!(
            count(&page, "Checkpoints removed"),
            results.num_checkpoints_removed
        );
        assert_eq!(count(&page, "Promotions"), results.num_trials_resumed);
        assert_eq!(count(&page, "again"), results.cost_resources);
        let regretted = end.trials_resumed_without_checkpoint.len() as u64;
        assert_eq!(count(&page, "needed again"), regretted, "{name}");
        let starts = events.iter().filter(|e| matches!(e, Event::Start { .. }));
        assert_eq!(count(&page, "Trials started"), starts.count() as u64);
        let removed = events.iter().map(|event| match event {
            Event::LoopEnd(end) => end.removed.len(),
            _ => 0,
        });
        let removals = page.split_once("id=\"removals\"").unwrap().1;
        let removals = removals.split_once("</section>").unwrap().0;
        let listed = removals.matches("<th scope=\"row\">").count();
        assert_eq!(listed, removed.sum::<usize>(), "{name}");
        assert!(page.len() < 400_000, "{name}: {} bytes", page.len());
    }
}

/// Counts of the estimators are those at the end of the log.
#[test]
fn estimates_are_those_of_the_recorded_run() {
    let name = "asha_eta3_min.jsonl";
    let page = report_of_trace(name);
    let table = page.split_once("Estimates at the end</caption>").unwrap().1;
    let events = events(&traces().join(name));
    for counts in end(&events).estimators.as_ref().unwrap() {
        let p = (0.66 + counts.num_one as f64) / (2.0 + counts.num_total as f64);
        let row = format!("<th scope=\"row\">{}</th><td>{p:.3}</td>", counts.level);
        let (_, rest) = table.split_once(&row).unwrap();
        let rest = rest.split("</tr>").next().unwrap();
        let numbers = format!("<td>{}</td><td>{}</td>", counts.num_total, counts.num_one);
        assert!(rest.contains(&numbers), "{rest}");
    }
}

#[test]
fn the_page_is_sound_on_a_desk_and_on_a_phone() {
    let page = report_of_trace("asha_tight_budget.jsonl");
    let dark = View {
        dark: true,
        ..PHONE
    };
    let tablet = View {
        width: 400,
        ..PHONE
    };
    for view in [DESK, PHONE, tablet, dark] {
        let found = look(&page, view);
        assert_eq!(found.facts["width"], view.width);
        assert_eq!(found.facts["dark"], view.dark);
        assert_eq!(found.facts["title"], "Report on asha_tight_budget");
        let rows = &found.facts["rowsIn"];
        assert_eq!(rows["removals"], 269, "folded ones as well");
        assert_eq!(rows["regretted"], 3);
        let all: u64 = ["best", "budget", "ladder", "given-up", "estimates"]
            .iter()
            .map(|id| rows[id].as_u64().unwrap())
            .sum();
        // Curves, checkpoints, metrics and fates by level, removals by level, estimates; no bytes in this log.
        assert_is_sound(&found, 6, all);
    }
}

const EXPERIMENT: &str = r#"
name = "small & fine"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}"]
metric = "loss"
resource = "epoch"
workers = 2
grace = 2
budget = { max_checkpoints = 4, max_bytes = "1 kB" }
stop = { trials = 20 }

[space]
x = { type = "uniform", low = 0.0, high = 1.0 }

[scheduler]
max_resource = 9
"#;

#[cfg(unix)]
#[test]
fn a_real_run_is_told_as_status_and_replay_tell_it() {
    let folder = folder(TRAINER, EXPERIMENT);
    let run = |arguments: &[&str]| succeeds(&rungkeeper(arguments, folder.path()));
    run(&["run", "experiment.toml", "--dir", "run"]);
    let said = run(&["report", "run"]);
    assert!(said.ends_with("wrote run/report.html\n"), "{said}");
    assert!(said.lines().all(|line| line.len() <= 80), "{said}");
    let file = folder.path().join("run/report.html");
    let page = fs::read_to_string(&file).unwrap();

    let status = run(&["status", "run"]);
    assert!(status.starts_with("finished, "), "{status}");
    let best = status
        .split_once("  best: ")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    assert!(said.contains(&format!("  best: {best}\n")), "{said}");
    let told: Value = serde_json::from_str(&run(&["best", "--json", "run"])).unwrap();
    let (trial, metric) = (told["trial"].as_str().unwrap(), &told["metric"]);
    assert!(best.starts_with(&format!("trial {trial} with ")), "{best}");
    assert!(page.contains(&format!(
        "<h3>Trial {trial}</h3><p>loss <strong>{metric}</strong>"
    )));
    let held = format!(
        "checkpoints: {} of 4",
        count(&page, "Checkpoints at the end")
    );
    assert!(status.contains(&held), "{status}");

    let replay: Value = serde_json::from_str(&run(&["replay", "--json", "run/log.jsonl"])).unwrap();
    for (name, key) in [
        ("Checkpoints removed", "num_checkpoints_removed"),
        ("Promotions", "num_trials_resumed"),
        ("again", "cost_resources"),
    ] {
        assert_eq!(replay[key], count(&page, name), "{name}");
    }
    let removals = events(&folder.path().join("run/log.jsonl"));
    let removals = removals
        .iter()
        .filter(|e| matches!(e, Event::Remove { .. }));
    let found = look(&page, PHONE);
    assert_eq!(found.facts["rowsIn"]["removals"], removals.count());
    assert_eq!(
        found.facts["figures"].as_array().unwrap().len(),
        6,
        "with bytes; the default policy has no estimates"
    );
    assert_eq!(found.facts["scrollWidth"], found.facts["width"]);
    assert_eq!(console_of(&file), [""; 0]);

    // The best one's checkpoint is where the page says.
    let place = page.split_once("Its checkpoint is in <code>").unwrap().1;
    let place = place.split_once("</code>").unwrap().0;
    let epoch = fs::read_to_string(folder.path().join(place).join("epoch")).unwrap();
    assert_eq!(epoch.trim(), "9");
}

/// Cut anywhere, a log makes a page; with one line it says that there is nothing.
#[test]
fn a_run_that_goes_on_has_a_page() {
    let text = fs::read_to_string(traces().join("asha_uneven_rungs.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("part.jsonl");
    for lines in [1, 2, 30, 1000] {
        let part: Vec<&str> = text.lines().take(lines).collect();
        fs::write(&log, part.join("\n") + "\n{\"event\": \"res").unwrap();
        let said = succeeds(&rungkeeper(&["report", "part.jsonl"], folder.path()));
        assert!(said.starts_with("not finished, "), "{said}");
        let page = fs::read_to_string(folder.path().join("part.report.html")).unwrap();
        assert!(page.contains("<strong>not finished</strong>"));
        assert!(!page.contains("NaN") && !page.contains("inf"));
        let found = look(&page, DESK);
        assert_eq!(found.console, [""; 0], "{lines} lines");
        assert_eq!(found.facts["scrollWidth"], found.facts["width"]);
    }
}

#[test]
fn what_is_no_run_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |arguments: &[&str]| {
        let output = rungkeeper(arguments, folder.path());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = fails(&["report", "nowhere"]);
    assert!(said.contains("nowhere is not there"), "{said}");
    let said = fails(&["report", "."]);
    assert!(said.contains("log.jsonl is not there"), "{said}");
    fs::write(folder.path().join("log.jsonl"), "what is this\n").unwrap();
    let said = fails(&["report", "."]);
    assert!(said.contains("log.jsonl: line 1: "), "{said}");
    let log = traces().join("asha_eta3_min.jsonl");
    let said = fails(&["report", log.to_str().unwrap(), "--out", "no/where.html"]);
    assert!(said.contains("cannot write no/where.html"), "{said}");
}
