//! A second try: a run that did not start, one that is to go on further, one that was changed.

use std::fs;

use crate::runs;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::done;

/// A misspelt program or a missing folder is found before anything is made.
#[test]
fn first_start_fails() {
    for protocol in BOTH {
        for (written, instead, word) in [
            ("[\"sh\",", "[\"shh-is-no-program\",", "shh-is-no-program"),
            ("grace = 1", "grace = 1\ndirectory = \"nowhere\"", "nowhere"),
        ] {
            let more = "grace = 1\nstop = { trials = 4 }";
            let project = Project::new(protocol, &trainer(protocol, "", ""), more);
            project.edit("e.toml", written, instead);
            let before = runs::names(project.path());
            project.begin().ends().refused(&[word]);
            assert_eq!(runs::names(project.path()), before, "something was made");
            project.edit("e.toml", instead, written);
            project.finish();
            project.nothing_is_lost(9);
        }
    }
}

/// A run in which no trial has started yet is simply begun anew, by the file as it is now.
#[test]
fn first_start_fails_and_left_a_header() {
    for protocol in BOTH {
        for arguments in [&["run", "e.toml", "--dir", "run"][..], &["resume", "run"]] {
            let more = "grace = 1\nstop = { trials = 4 }";
            let project = Project::new(protocol, &trainer(protocol, "", ""), more);
            project.finish();
            let log = project.read("run/log.jsonl");
            let header = log.lines().next().unwrap();
            project.write("run/log.jsonl", &format!("{header}\n"));
            fs::remove_dir_all(project.run().join("checkpoints")).unwrap();
            project.say(arguments).finished();
            assert_eq!(project.log().of("start").len(), 4);
            project.agrees();
        }
    }
}

/// Limits that are changed in the file and then on the command line: the later change holds, also at the next start.
#[test]
fn limits_of_the_file_and_then_of_an_option() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 4 }";
        let project = Project::new(protocol, &trainer(protocol, "", ""), more);
        project.finish();
        project.edit("run/experiment.toml", "trials = 4", "trials = 5");
        for (arguments, trials) in [
            (&["resume", "run"][..], 5),
            (&["resume", "run", "--trials", "6"], 6),
            (&["resume", "run"], 6),
        ] {
            project.say(arguments).finished();
            assert_eq!(project.log().of("start").len(), trials);
        }
        assert_eq!(project.log().of("limits").len(), 2);
        project.agrees();
    }
}

/// A run whose log is gone is not begun anew over its checkpoints.
#[test]
fn a_log_that_is_gone() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 6 }";
        let project = Project::new(protocol, &trainer(protocol, "", ""), more);
        project.finish();
        let log = project.read("run/log.jsonl");
        let stored = project.stored();
        assert!(!stored.is_empty());
        let cut = &log[..log.find('\n').unwrap() / 2];
        let zeros = "\0".repeat(log.len());
        for left in [None, Some(""), Some(cut), Some(zeros.as_str())] {
            match left {
                None => fs::remove_file(project.file("run/log.jsonl")).unwrap(),
                Some(left) => project.write("run/log.jsonl", left),
            }
            let refused = project.begin().ends();
            refused.refused(&[
                "run",
                if left.unwrap_or("").is_empty() {
                    "log.jsonl"
                } else {
                    "resume"
                },
            ]);
            assert_eq!(project.stored(), stored, "{left:?}");
        }
        project.write("run/log.jsonl", &log);
        project.nothing_is_lost(9);
    }
}

/// A budget of bytes below the largest checkpoint would empty the store: it is refused, with the smallest that works.
#[test]
fn a_slip_in_a_size() {
    let more = "grace = 1\nstop = { trials = 6 }";
    let project = Project::new(
        Protocol::Answered,
        &trainer(Protocol::Answered, "", ""),
        more,
    );
    project.finish();
    let stored = project.stored();
    let resumed = project.say(&["resume", "run", "--max-bytes", "1"]);
    resumed.refused(&["max_bytes is 1", "the smallest that works is "]);
    assert_eq!(project.stored(), stored);
}

/// A finished run goes on with a wider limit, and the rest of what it has counts from the new end.
#[test]
fn more_trials() {
    for protocol in BOTH {
        for (limit, flag, value) in [
            ("trials = 10", "--trials", "20"),
            ("reports = 30", "--reports", "60"),
            ("total_resource = 30", "--total-resource", "60"),
            ("wall_clock = 1.5", "--wall-clock", "3 s"),
        ] {
            let more =
                format!("grace = 1\nstop = {{ {limit} }}\nbudget = {{ max_checkpoints = 4 }}");
            let program = trainer(protocol, "", "sleep 0.02");
            let project = Project::new(protocol, &program, &more);
            project.finish();
            let before = project.log();
            project.say(&["resume", "run", flag, value]).finished();
            let log = project.log();
            let (starts, results) = (log.of("start").len(), log.of("result").len());
            match flag {
                "--trials" => assert_eq!(starts, 20),
                "--wall-clock" => assert!(results > before.of("result").len()),
                // What is trained again counts as well, and its units are no reports of their own.
                "--total-resource" => assert!((40..=60).contains(&results), "{results}"),
                _ => assert_eq!(results, 60, "{flag}, {protocol:?}"),
            }
            assert_eq!(log.of("limits").len(), 1, "{flag}");
            let after = &log.0[before.0.len()..];
            let ratios = after.iter().filter(|event| event["event"] == "loop_end");
            let ratios: Vec<f64> = ratios.filter_map(|e| e["time_ratio"].as_f64()).collect();
            assert!(
                ratios.first().is_some_and(|ratio| *ratio > 0.2),
                "{ratios:?}"
            );
            assert_eq!(log.of("failed").len(), 0);
            project.agrees();
            let status = project.say(&["status", "run"]).finished().out;
            assert!(status.starts_with("finished, "), "{status}");
        }
    }
}

/// An interrupted project: four trials were started, and the fifth waits for `go`.
fn interrupted(protocol: Protocol, more: &str) -> Project {
    let begin = "[ \"$trial\" = 4 ] && while [ ! -e go ]; do : > waits; sleep 0.02; done";
    let more = format!("{more}\ngrace = 1\nstop = {{ trials = 8 }}");
    let project = Project::new(protocol, &trainer(protocol, begin, ""), &more);
    let run = project.begin();
    project.wait_for("the fifth", |_| project.file("waits").exists());
    run.kill();
    project.write("go", "");
    project
}

/// The copy in the run's folder was changed by hand: what the decisions depend on is refused, with
/// what to do, and the log is left alone.
#[test]
fn edited_by_hand() {
    let project = interrupted(
        Protocol::Answered,
        "budget = { max_checkpoints = 5 }\nmode = \"min\"",
    );
    for (written, instead, word) in [
        ("mode = \"min\"", "mode = \"max\"", "mode"),
        ("max_resource = 9", "max_resource = 27", "max_resource"),
        (
            "max_resource = 9",
            "max_resource = 9\nlevels = [2]",
            "levels",
        ),
        ("metric = \"loss\"", "metric = \"error\"", "metric"),
        ("high = 1.0", "high = 2.0", "space"),
        ("max_checkpoints = 5", "max_checkpoints = 6", "max"),
        (
            "max_checkpoints = 5",
            "max_checkpoints = 5, policy = \"random\"",
            "policy",
        ),
    ] {
        let log = project.read("run/log.jsonl");
        project.edit("run/experiment.toml", written, instead);
        let said = project.say(&["resume", "run"]).refused(&[word]);
        assert!(said.notes.contains("experiment.toml"), "{}", said.notes);
        assert_eq!(project.read("run/log.jsonl"), log, "{word}");
        project.edit("run/experiment.toml", instead, written);
    }
    project.resume();
    project.nothing_is_lost(9);
    project.agrees();
}

/// A name that no report had may be corrected where the run is: it goes on, and then keeps the name.
#[test]
fn a_wrong_name_is_corrected() {
    for protocol in BOTH {
        for (right, wrong) in [
            ("metric = \"loss\"", "metric = \"los\""),
            ("resource = \"epoch\"", "resource = \"epochs\""),
        ] {
            let more = "grace = 1\nstop = { trials = 9 }";
            let project = Project::new(protocol, &trainer(protocol, "", ""), more);
            project.edit("e.toml", right, wrong);
            let said = project.begin().ends();
            said.refused(&["run/experiment.toml", "go on with: rungkeeper resume run"]);
            // Nothing was corrected, so the message is the same.
            project
                .say(&["resume", "run"])
                .refused(&["the first report cannot be used"]);
            let begun = project.read("run/log.jsonl");
            project.edit("run/experiment.toml", wrong, right);
            // Whoever looks after the run takes it over as well.
            project.say(&["gc", "run"]).finished();
            let said = project.resume();
            assert!(!said.all().contains("is now"), "{}", said.all());
            let log = project.read("run/log.jsonl");
            assert!(log.starts_with(&begun), "what was written stays");
            let events = project.log();
            let limits = events.of("limits");
            assert_eq!(limits.len(), 1);
            assert_eq!(
                (&limits[0]["metric"], &limits[0]["resource"]),
                (&"loss".into(), &"epoch".into())
            );
            project.nothing_is_lost(9);
            project.agrees();
            // From then on reports have it.
            project.edit("run/experiment.toml", right, wrong);
            project.say(&["resume", "run"]).refused(&["cannot change"]);
            assert_eq!(project.read("run/log.jsonl"), log);
        }
    }
}

/// What no decision depends on is taken over, and a note tells it.
#[test]
fn edited_by_hand_and_taken_over() {
    for protocol in BOTH {
        let project = interrupted(protocol, "workers = 1");
        for (written, instead) in [
            (
                "workers = 1",
                "workers = 2\nenvironment = { MARK = \"taken\" }",
            ),
            ("trials = 8", "trials = 10"),
            ("grace = 1", "grace = 2\nfailures = { retries = 2 }"),
            ("\"{trial}\"]", "\"{trial}\", \"more\"]"),
        ] {
            project.edit("run/experiment.toml", written, instead);
        }
        project.edit("train.sh", "dir=$1;", "echo \"$4 $MARK\" >> marks; dir=$1;");
        let said = project.resume();
        let said = said.all();
        for word in [
            "workers",
            "trials",
            "grace",
            "failures",
            "command",
            "environment",
        ] {
            assert!(said.contains(word), "{word} is not said: {said}");
        }
        assert_eq!(project.log().of("start").len(), 10);
        let marks = project.read("marks");
        assert!(marks.lines().all(|line| line == "more taken") && !marks.is_empty());
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// The script is mended after too many failures: the run goes on, its count begins anew, and what
/// had failed is tried again where that is asked for.
#[test]
fn after_too_many_failures() {
    for protocol in BOTH {
        for again in [false, true] {
            let each = "[ -e broken ] && [ \"$trial\" -gt 2 ] && exit 1";
            let more = "grace = 1\nstop = { trials = 9 }\nfailures = { max_failed_trials = 2 }";
            let project = Project::new(protocol, &trainer(protocol, "", each), more);
            project.write("broken", "");
            let said = project.begin().ends();
            assert_eq!(said.code, Some(1), "{}", said.all());
            let failed = project.log().of("failed").len();
            assert_eq!(failed, 3);
            fs::remove_file(project.file("broken")).unwrap();
            let arguments = ["resume", "run", "--retry-failed"];
            let number = if again { 3 } else { 2 };
            project.say(&arguments[..number]).finished();
            let log = project.log();
            assert_eq!(log.of("start").len(), 9);
            assert_eq!(log.of("failed").len(), 3);
            assert_eq!(log.of("retry").len(), if again { 3 } else { 0 });
            if again {
                for event in log.of("failed") {
                    assert!(log.last_level(event["trial"].as_str().unwrap()) > 0);
                }
            }
            project.agrees();
        }
    }
}

/// The project's folder was moved, or copied and its script changed there: what goes on is the
/// script beside the run, never one of the old folder without a word.
#[test]
fn moved() {
    for protocol in BOTH {
        for copied in [false, true] {
            let project = interrupted(protocol, "");
            let other = project.file("other");
            fs::create_dir(&other).unwrap();
            let command = if copied { "cp -a" } else { "mv" };
            let script = format!("{command} train.sh e.toml run go other/");
            done("sh", &["-c", &format!("cd {} && {script}", project.text())]);
            let text = fs::read_to_string(other.join("train.sh")).unwrap();
            let marked = text.replace("dir=$1;", "pwd >> here; dir=$1;");
            fs::write(other.join("train.sh"), marked).unwrap();
            let log = project.read("run/log.jsonl");
            let said = project.say(&["resume", "other/run"]);
            assert_eq!(said.code, Some(0), "{}", said.all());
            let here = fs::read_to_string(other.join("here")).unwrap_or_default();
            let place = other.canonicalize().unwrap();
            assert!(
                here.lines().count() > 0,
                "the old script was run: {}",
                said.all()
            );
            assert!(
                here.lines().all(|line| line == place.to_str().unwrap()),
                "{here}"
            );
            assert_eq!(
                project.read("run/log.jsonl"),
                log,
                "the original was touched"
            );
        }
    }
}

/// Only the run's folder was moved: it says what is not there, and `--base` names the place.
#[test]
fn moved_without_its_project() {
    for protocol in BOTH {
        let project = interrupted(protocol, "");
        let script = "mkdir far away && mv run far/run && mv train.sh e.toml go away/";
        done("sh", &["-c", &format!("cd {} && {script}", project.text())]);
        let log = project.read("far/run/log.jsonl");
        project.say(&["resume", "far/run"]).refused(&["--base"]);
        assert_eq!(project.read("far/run/log.jsonl"), log);
        project
            .say(&["resume", "far/run", "--base", "away"])
            .finished();
        assert!(
            project
                .read("far/run/log.jsonl")
                .contains("\"event\":\"end\"")
        );
    }
}

/// A folder with files of the user's is no place for a run: refused before anything is written.
#[test]
fn not_our_folder() {
    let program = trainer(Protocol::Answered, "", "");
    let project = Project::new(Protocol::Answered, &program, "stop = { trials = 2 }");
    for name in ["experiment.toml", "base", "lock", "clock", "origin.json"] {
        fs::create_dir(project.file("mine")).unwrap();
        project.write(&format!("mine/{name}"), "mine");
        let said = project.say(&["run", "e.toml", "--dir", "mine"]);
        assert_eq!(said.code, Some(1), "beside {name}: {}", said.all());
        assert_eq!(project.read(&format!("mine/{name}")), "mine");
        assert_eq!(runs::names(&project.file("mine")), [name]);
        fs::remove_dir_all(project.file("mine")).unwrap();
    }
    let before = runs::names(project.path());
    let said = project.say(&["run", "e.toml", "--dir", "."]);
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert_eq!(runs::names(project.path()), before);
    // An empty one is.
    fs::create_dir(project.run()).unwrap();
    project.finish();
}

/// Nothing is written through a link that lies where the run writes.
#[test]
fn links_in_the_directory() {
    for name in [
        "lock",
        "report.html",
        "experiment.toml",
        "clock",
        "origin.json",
        "output/4.log",
        "log.jsonl",
    ] {
        let project = interrupted(Protocol::Answered, "");
        let precious = project.file("precious");
        let path = project.run().join(name);
        let text = fs::read(&path).unwrap_or_else(|_| b"four years".to_vec());
        fs::write(&precious, &text).unwrap();
        // There may be none of this name.
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        for arguments in [&["resume", "run"][..], &["report", "run"], &["gc", "run"]] {
            let said = project.say(arguments);
            assert!(matches!(said.code, Some(0 | 1)), "{name}: {}", said.all());
        }
        assert_eq!(
            fs::read(&precious).unwrap(),
            text,
            "{name} was written through"
        );
    }
}
