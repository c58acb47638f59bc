//! What no run can be made of: programs that do nothing but crash, numbers without measure, pipes
//! where files belong.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::binary;
use crate::runs;
use crate::runs::commands::Said;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::done;

/// Every program exits with 1 at once, and there is no limit: the run stops after a few, with the
/// last lines of the error.
#[test]
fn endless_crashes() {
    let program = "echo 'ModuleNotFoundError: no such module' >&2\nexit 1\n";
    for protocol in BOTH {
        for (workers, retries) in [(1, 0), (4, 0), (1, 100)] {
            let more = format!("workers = {workers}\nfailures = {{ retries = {retries} }}");
            let project = Project::new(protocol, program, &more);
            let begin = Instant::now();
            let said = project.begin().ends();
            said.refused(&["ModuleNotFoundError: no such module"]);
            let log = project.log();
            let starts = log.of("start").len() + log.of("restart").len();
            assert!((5..5 + workers).contains(&starts), "{starts} starts");
            // Starts are slowed down: a script that crashes once in a while is no reason to hurry.
            assert!(begin.elapsed() > Duration::from_millis(500));
        }
    }
}

/// The number is a setting; a trial with a report in between begins the count anew.
#[test]
fn endless_crashes_by_setting() {
    for protocol in BOTH {
        let more = "failures = { max_without_report = 2 }\nstop = { trials = 8 }";
        let project = Project::new(protocol, "echo oops >&2; exit 3", more);
        project.begin().ends().refused(&["oops"]);
        assert_eq!(project.log().of("start").len(), 2);
        let every_other = "[ $((trial % 2)) = 1 ] && exit 1";
        let project = Project::new(protocol, &trainer(protocol, every_other, ""), more);
        project.finish();
        assert_eq!(project.log().of("failed").len(), 4);
    }
}

/// With a small amount of memory, and for a short time only: what a number without measure asks for
/// is not to be had.
fn modestly(project: &Project, arguments: &[&str]) -> Said {
    let script = "ulimit -v 4000000; exec timeout -s KILL 20 \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(binary::path());
    let output = command.args(arguments).current_dir(project.path()).output();
    let output = output.unwrap();
    Said {
        code: output.status.code(),
        signal: output.status.signal(),
        out: runs::text(&output.stdout),
        notes: runs::text(&output.stderr),
    }
}

/// A clear error that names what is too large, before anything is made.
fn is_refused(project: &Project, arguments: &[&str], word: &str) {
    let said = modestly(project, arguments);
    assert!(matches!(said.code, Some(1 | 2)), "{arguments:?}: {said:?}");
    assert!(!said.notes.contains("panicked"), "{}", said.notes);
    let notes = said.notes.to_lowercase();
    assert!(notes.contains(word), "{word} is not in: {}", said.notes);
    assert!(said.notes.len() < 4_000, "{} bytes", said.notes.len());
}

#[test]
fn huge_numbers() {
    let levels = |number: u64| {
        let all: Vec<String> = (1..=number).map(|level| level.to_string()).collect();
        format!("levels = [{}]", all.join(", "))
    };
    let many = format!("max_resource = 10001\n{}\nbrackets = 10000", levels(10_000));
    let million = format!("max_resource = 1000001\n{}", levels(1_000_000));
    let thousands = format!("max_resource = 100001\n{}", levels(100_000));
    let largest = i64::MAX;
    for (more, scheduler, word) in [
        ("workers = 1000000000", "max_resource = 9", "workers"),
        ("", million.as_str(), "e.toml"),
        ("", thousands.as_str(), "levels"),
        ("", many.as_str(), "levels"),
        ("", "max_resource = 9\nbrackets = 1000000000", "brackets"),
        ("grace = 1e300", "max_resource = 9", "grace"),
        (
            "failures = { silence = 1e300 }",
            "max_resource = 9",
            "silence",
        ),
        (
            "stop = { wall_clock = 1e300 }",
            "max_resource = 9",
            "wall_clock",
        ),
    ] {
        let program = trainer(Protocol::Answered, "", "");
        let project = Project::with_scheduler(Protocol::Answered, &program, more, scheduler);
        is_refused(&project, &["run", "e.toml", "--dir", "run"], word);
        assert!(!project.run().exists(), "{word}: a directory was made");
        if !more.is_empty() && !more.contains("grace") {
            // Without the number it is a run.
            project.edit("e.toml", more, "stop = { trials = 2 }");
            project.finish();
        }
    }
    // A ladder to the end of numbers is one of 40 rungs or so, and nothing to be refused.
    let scheduler = format!("max_resource = {}", largest >> 11);
    let program = trainer(Protocol::Answered, "", "");
    let more = "stop = { trials = 2 }";
    let project = Project::with_scheduler(Protocol::Answered, &program, more, &scheduler);
    let said = modestly(&project, &["run", "e.toml", "--dir", "run"]);
    assert!(matches!(said.code, Some(0 | 1)), "{said:?}");
}

#[test]
fn huge_numbers_on_the_command_line() {
    let project = Project::new(Protocol::Answered, "", "");
    let mut curves = String::from("trial,resource,loss,seconds\n");
    for trial in 0..4 {
        for epoch in 1..=9 {
            writeln!(curves, "{trial},{epoch},0.{trial}{epoch},1").unwrap();
        }
    }
    project.write("curves.csv", &curves);
    let largest = u64::MAX.to_string();
    let seeds = ["simulate", "curves.csv", "--seeds", &largest];
    is_refused(&project, &seeds, "seeds");
    // More workers than trials are as many as there are trials.
    let said = modestly(&project, &["simulate", "curves.csv", "--workers", &largest]);
    assert!(matches!(said.code, Some(0..=2)), "{said:?}");
}

/// Commands that read a run's directory.
const READERS: [&[&str]; 8] = [
    &["status", "run"],
    &["resume", "run"],
    &["gc", "run"],
    &["gc", "--dry-run", "--max-checkpoints", "1", "run"],
    &["report", "run"],
    &["pin", "0", "run"],
    &["replay", "run/log.jsonl"],
    &["report", "run/log.jsonl"],
];

fn interrupted() -> Project {
    let begin = "[ \"$trial\" = 3 ] && while [ ! -e go ]; do : > waits; sleep 0.02; done";
    let program = trainer(Protocol::Answered, begin, "");
    let project = Project::new(
        Protocol::Answered,
        &program,
        "grace = 1\nstop = { trials = 5 }",
    );
    let run = project.begin();
    project.wait_for("the fourth", |_| project.file("waits").exists());
    run.kill();
    project
}

/// The log is a pipe that nobody writes to, or a folder: an error that names it, and no waiting.
#[test]
fn pipes_in_the_directory() {
    let project = interrupted();
    let log = project.run().join("log.jsonl");
    let kept = project.file("kept");
    fs::rename(&log, &kept).unwrap();
    for make in ["mkfifo", "mkdir"] {
        done(make, &[log.to_str().unwrap()]);
        // A log that is named itself may well be a pipe that somebody writes to.
        let readers = READERS.len() - if make == "mkfifo" { 2 } else { 0 };
        for arguments in &READERS[..readers] {
            is_refused(&project, arguments, "log.jsonl");
        }
        done("rm", &["-r", log.to_str().unwrap()]);
    }
    fs::rename(&kept, &log).unwrap();
    project.write("go", "");
    project.resume();
}

/// So are other files of the run: a command ends, and a request that is none holds nothing up.
#[test]
fn pipes_in_the_directory_beside_the_log() {
    let project = interrupted();
    for name in ["experiment.toml", "clock", "lock"] {
        let path = project.run().join(name);
        let kept = project.file("kept");
        let was_there = fs::rename(&path, &kept).is_ok();
        done("mkfifo", &[path.to_str().unwrap()]);
        for arguments in [&["status", "run"][..], &["gc", "run"], &["pin", "0", "run"]] {
            let said = modestly(&project, arguments);
            assert!(
                matches!(said.code, Some(0 | 1)),
                "{name}, {arguments:?}: {said:?}"
            );
        }
        fs::remove_file(&path).expect(name);
        if was_there {
            fs::rename(&kept, &path).unwrap();
        }
    }
    let requests = project.run().join("requests");
    fs::create_dir_all(&requests).unwrap();
    let request = requests.join("1.request");
    done("mkfifo", &[request.to_str().unwrap()]);
    File::create(requests.join("2.request"))
        .unwrap()
        .set_len(3_000_000_000)
        .unwrap();
    project.write("go", "");
    let said = modestly(&project, &["resume", "run"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// A log of 3 GB that is no log, and one whose time is beyond all measure: refused at the line.
#[test]
fn pipes_in_the_directory_and_logs_that_are_none() {
    let project = interrupted();
    let log = project.run().join("log.jsonl");
    let whole = fs::read(&log).unwrap();
    let lines = runs::text(&whole).lines().count();
    let mut file = File::options().append(true).open(&log).unwrap();
    file.write_all(b"{\"event\":\"pin\",\"trial\":\"0\",\"elapsed\":1e308}\n")
        .unwrap();
    let at = format!("line {}", lines + 1);
    for arguments in READERS {
        is_refused(&project, arguments, &at);
    }
    file.set_len(3_000_000_000).unwrap();
    for arguments in READERS {
        is_refused(&project, arguments, "log.jsonl");
    }
    fs::write(&log, &whole).unwrap();
    project.write("go", "");
    project.resume();
}
