//! A program that proposes configurations, through what happens to runs: kills, stops, its own end.

use std::thread::sleep;
use std::time::Duration;

use crate::runs;
use crate::runs::commands::Running;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{alive, wait_until};
use serde_json::Value;

/// Proposes 0.001 for trial 0, 0.002 for trial 1, and so on; what it hears is in `heard`, its number in `searching`.
const SEARCH: &str = r#"
echo $$ >> searching
while read -r line; do
  echo "$line" >> heard
  case $line in
    '{"ask":'*) n=${line#*:}; n=${n%\}}
      printf '{"trial": %d, "parameters": {"x": 0.%03d}}\n' "$n" "$((n + 1))";;
  esac
done
"#;

fn project(protocol: Protocol, search: &str, more: &str) -> Project {
    let more = format!("search = {{ command = [\"sh\", \"search.sh\"] }}\n{more}");
    let project = Project::new(protocol, &trainer(protocol, "", ""), &more);
    project.write("search.sh", search);
    project
}

/// Each trial has what was proposed for it, none was left out, and the log is sound.
fn has_what_was_proposed(project: &Project, trials: u64) {
    let log = project.log();
    let starts = log.of("start");
    assert_eq!(starts.len() as u64, trials);
    for (number, start) in (1..).zip(starts) {
        let x = f64::from(number) / 1000.0;
        assert_eq!(start["configuration"], serde_json::json!({ "x": x }));
    }
    project.nothing_is_lost(9);
    project.agrees();
}

fn searching(project: &Project) -> Vec<u32> {
    let text = project.read("searching");
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// The runner alone is killed, again and again: each session ends the program of the one before, and tells its own all
/// that the log holds.
#[test]
fn the_runner_is_killed() {
    for protocol in BOTH {
        let more = "workers = 2\nstop = { trials = 12 }\nbudget = { max_checkpoints = 5 }";
        let project = project(protocol, SEARCH, more);
        kill_when(project.begin(), &project, 3);
        for trials in [5, 7, 10] {
            kill_when(project.start(&["resume", "run"]), &project, trials);
        }
        project.write("fast", "");
        project.resume();
        has_what_was_proposed(&project, 12);
        assert_eq!(project.programs(), [0; 0]);
        let heard = project.read("heard");
        let last = heard.rsplit("\"version\":1").next().unwrap();
        let lines = last.lines().skip(1);
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let running = lines.filter(|line| line["status"] == "running" && line["resource"] == 0);
        let mut begun: Vec<u64> = running.map(|line| line["tell"].as_u64().unwrap()).collect();
        begun.dedup();
        assert_eq!(begun, (0..12).collect::<Vec<_>>(), "all trials were told");
    }
}

/// Kills the runner once this many trials have started.
fn kill_when(running: Running, project: &Project, trials: usize) {
    project.wait_for("trials have started", |log| log.of("start").len() >= trials);
    running.kill();
}

/// In a session of its own, deaf to the end of its input and to TERM: it is ended all the same, by the next session or at
/// the end of the run.
#[test]
fn what_the_runner_leaves_behind_is_ended() {
    let deaf = format!(
        r#"setsid sh -c 'trap "" TERM; echo $$ >> deaf; while :; do sleep 0.02; done' < /dev/null > /dev/null 2>&1 &
trap "" TERM
{SEARCH}
while :; do sleep 0.02; done"#
    );
    let project = project(
        Protocol::Answered,
        &deaf,
        "grace = 0.2\nstop = { trials = 4 }",
    );
    let running = project.begin();
    wait_until("it searches", || {
        !project.read("deaf").is_empty() && !searching(&project).is_empty()
    });
    running.kill();
    let mut left = searching(&project);
    left.extend(
        project
            .read("deaf")
            .lines()
            .map(|l| l.parse::<u32>().unwrap()),
    );
    assert!(left.iter().all(|&pid| alive(pid)), "{left:?}");
    project.resume();
    assert!(!left.iter().any(|&pid| alive(pid)), "{left:?}");
    wait_until("nobody is left of the second one", || {
        project.programs().is_empty()
    });
    has_what_was_proposed(&project, 4);
}

/// Stops by a signal end it, with the exit code of the signal.
#[test]
fn signals_end_the_run_and_its_search() {
    for (name, twice, code) in [
        ("INT", false, 130),
        ("TERM", false, 143),
        ("TERM", true, 143),
    ] {
        let project = project(Protocol::Answered, SEARCH, "stop = { trials = 300 }");
        let running = project.begin();
        project.wait_for("trials have started", |log| log.of("start").len() >= 2);
        running.signal(name);
        if twice {
            running.signal(name);
        }
        assert_eq!(running.ends().code, Some(code));
        assert_eq!(project.programs(), [0; 0]);
        project.edit("run/experiment.toml", "trials = 300", "trials = 9");
        project.write("fast", "");
        let begun = project.log().of("start").len() as u64;
        project.resume();
        has_what_was_proposed(&project, begun.max(9));
    }
}

/// Everybody gets the signal, in either order, as by a batch system: neither the search nor a trial has failed.
#[test]
fn everyone_is_told() {
    for programs_first in [true, false] {
        let project = project(
            Protocol::Answered,
            SEARCH,
            "workers = 2\nstop = { trials = 300 }",
        );
        let running = project.begin();
        project.wait_for("trials have started", |log| log.of("start").len() >= 4);
        if !programs_first {
            running.signal("TERM");
        }
        for pid in project.programs() {
            runs::system::signal(pid, "TERM");
        }
        if programs_first {
            sleep(Duration::from_millis(50)); // the signals come apart
            running.signal("TERM");
        }
        let said = running.ends();
        assert_eq!(said.code, Some(143), "{}", said.all());
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// It crashes: the exit code, the message, and where its last words are.
#[test]
fn a_crash_is_told() {
    let crash = SEARCH.replace(
        "      printf",
        "[ $n = 5 ] && echo 'no more memory' >&2 && exit 9\n      printf",
    );
    let project = project(
        Protocol::Answered,
        &crash,
        "workers = 2\nstop = { trials = 9 }",
    );
    let said = project.begin().ends();
    let said = said.refused(&[
        "the search program: it ended (exit status: 9); it printed last: no more memory, see ",
        "search.log",
    ]);
    assert!(said.all().contains("resume"));
    assert_eq!(project.read("run/output/search.log"), "no more memory\n");
    project.nothing_is_lost(9);
    project.write("search.sh", SEARCH);
    project.resume();
    has_what_was_proposed(&project, 9);
}

/// The program of the page, as it stands there.
#[test]
fn the_program_of_the_page_searches() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/running.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## Search by a program").unwrap();
    let (_, program) = section.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let project = project(
        Protocol::Answered,
        SEARCH,
        "workers = 2\nstop = { trials = 20 }",
    );
    project.write("search.py", program);
    project.edit(
        "e.toml",
        "\"sh\", \"search.sh\"",
        "\"python3\", \"search.py\"",
    );
    project.write("fast", "");
    project.finish();
    assert_eq!(project.log().of("start").len(), 20);
    project.agrees();
}
