//! Being stopped: a stop is never a failure, and never an end of a trial.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binary;
use crate::runs::commands::Running;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{signal, wait_until};

/// How a program takes a TERM.
const WAYS: [&str; 3] = [
    "",
    "trap 'echo \"$epoch\" > \"$dir/epoch\"; exit 0' TERM",
    "trap 'echo \"$epoch\" > \"$dir/epoch\"; exit 143' TERM",
];

/// TERM to the runner and to all programs, as SLURM, systemd and a shutdown send it, in either
/// order; the programs die by it, or save and exit with 0 or 143. All go on, and no start is
/// counted as one after a crash: there are none to be had.
fn everyone_is_told(protocol: Protocol) {
    for way in WAYS {
        for runner_first in [true, false] {
            let more = "workers = 4\nstop = { trials = 12 }\nfailures = { retries = 0 }";
            let mut project = Project::new(protocol, &trainer(protocol, way, ""), more);
            project.set("EPOCH_TIME", "0.1");
            let run = project.begin();
            project.wait_for("some reports", |log| log.of("result").len() >= 8);
            if runner_first {
                run.signal("TERM");
            }
            for program in project.programs() {
                signal(program, "TERM");
            }
            if !runner_first {
                sleep(Duration::from_millis(100));
                run.signal("TERM");
            }
            let said = run.ends();
            assert_eq!(said.code, Some(143), "{}", said.all());
            project.nothing_is_lost(9);
            assert!(
                project.log().of("remove").is_empty(),
                "no budget, no removal"
            );
            project.write("fast", "");
            project.resume();
            project.nothing_is_lost(9);
            assert_eq!(project.log().of("start").len(), 12);
            project.agrees();
        }
    }
}

#[test]
fn everyone_is_told_answered() {
    everyone_is_told(Protocol::Answered);
}

#[test]
fn everyone_is_told_one_way() {
    everyone_is_told(Protocol::OneWay);
}

/// One TERM to all, again and again: no number of stops uses up what is meant for crashes.
#[test]
fn everyone_is_told_again_and_again() {
    for protocol in BOTH {
        let more = "workers = 4\nstop = { trials = 40 }\nfailures = { retries = 1 }";
        let mut project = Project::new(protocol, &trainer(protocol, "", ""), more);
        project.set("EPOCH_TIME", "0.1");
        let mut arguments = vec!["run", "e.toml", "--dir", "run"];
        for _ in 0..4 {
            let run = project.start(&arguments);
            wait_until("four programs", || project.programs().len() >= 4);
            sleep(Duration::from_millis(150));
            for program in project.programs() {
                signal(program, "TERM");
            }
            run.signal("TERM");
            assert_eq!(run.ends().code, Some(143));
            arguments = vec!["resume", "run"];
        }
        project.write("fast", "");
        project.resume();
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// A program with retries left crashes between the first Ctrl-C and its next report: it goes on at
/// `resume`, from the checkpoint it has.
#[test]
fn crash_after_ctrl_c() {
    let each = r#"[ "$epoch" = 2 ] && while [ ! -e go ]; do
    echo "$trial" > waits; sleep 0.02; [ -e crash ] && exit 1; done"#;
    let begin = r#"echo "$epoch" >> "began-$trial""#;
    for protocol in BOTH {
        for retries in [0, 3] {
            let more = format!("stop = {{ trials = 4 }}\nfailures = {{ retries = {retries} }}");
            let project = Project::new(protocol, &trainer(protocol, begin, each), &more);
            let run = project.begin();
            wait_until("one is promoted", || project.file("waits").exists());
            run.signal("INT");
            if protocol == Protocol::Answered {
                // A one-way program has been told by TERM, and is gone.
                sleep(Duration::from_millis(100));
            }
            project.write("crash", "");
            let said = run.ends();
            assert_eq!(said.code, Some(130), "{}", said.all());
            assert!(!said.all().contains("started again"), "{}", said.all());
            project.nothing_is_lost(9);
            std::fs::remove_file(project.file("crash")).unwrap();
            project.write("go", "");
            let began = format!("began-{}", project.read("waits").trim());
            project.resume();
            project.nothing_is_lost(9);
            project.agrees();
            assert!(project.read(&began).starts_with("0\n1\n1\n"), "{began}");
        }
    }
}

/// A signal that was ignored at the start stays ignored: `nohup`.
#[test]
fn nohup() {
    for protocol in BOTH {
        let more = "workers = 2\nstop = { trials = 6 }";
        let project = Project::new(protocol, &trainer(protocol, "", "sleep 0.05"), more);
        for arguments in [&["run", "e.toml", "--dir", "run"][..], &["resume", "run"]] {
            let mut command = Command::new("sh");
            let script = "trap '' HUP; exec \"$0\" \"$@\"";
            command.args(["-c", script]).arg(binary::path());
            command.args(arguments).current_dir(project.path());
            let run = Running::start(command);
            let before = project.log().of("result").len();
            project.wait_for("a report", |log| log.of("result").len() > before);
            assert!(signal(run.id(), "HUP"));
            project.wait_for("reports after the HUP", |log| {
                log.of("result").len() > before + 2 || !log.of("end").is_empty()
            });
            if arguments[0] == "run" {
                run.kill();
            } else {
                run.ends().finished();
            }
        }
        project.agrees();
    }
}

/// Seconds that `status` gives a run.
fn seconds(project: &Project) -> f64 {
    let said = project.say(&["status", "run"]).finished().out;
    let second = said.split(", ").nth(1).unwrap();
    second.trim_end_matches(" s").parse().expect(&said)
}

/// Time passes also where nothing is written down: epochs that are longer than the sessions, which
/// end by a kill or by Ctrl-C twice. The wall clock ends the run when it is over.
#[test]
fn time_without_events() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { wall_clock = \"6 s\" }";
        let project = Project::new(protocol, &trainer(protocol, "", "sleep 60"), more);
        let mut total = 0.0;
        let mut arguments = vec!["run", "e.toml", "--dir", "run"];
        for by_kill in [true, false] {
            let run = project.start(&arguments);
            wait_until("a program", || !project.programs().is_empty());
            let begin = Instant::now();
            sleep(Duration::from_millis(2_200));
            let told = seconds(&project);
            let passed = total + begin.elapsed().as_secs_f64();
            assert!((told - passed).abs() < 2.0, "{told} s of {passed} s");
            if by_kill {
                run.kill();
            } else {
                run.signal("INT");
                sleep(Duration::from_millis(200));
                run.signal("INT");
                assert_eq!(run.ends().code, Some(130));
            }
            total += begin.elapsed().as_secs_f64();
            let told = seconds(&project);
            assert!((told - total).abs() < 2.0, "{told} s of {total} s");
            arguments = vec!["resume", "run"];
        }
        let begin = Instant::now();
        let said = project.say(&["resume", "run"]);
        // No trial has reported anything, so nothing has worked.
        assert_eq!(said.code, Some(1), "{}", said.all());
        assert!(said.out.starts_with("finished after "), "{}", said.all());
        let left = 6.0 - total;
        let took = begin.elapsed().as_secs_f64();
        assert!(
            (took - left).abs() < 3.0,
            "{took} s where {left} s were left"
        );
    }
}

/// Limits of reports and of resource units stop a run in the middle of a trial, at once.
#[test]
fn limits_in_the_middle() {
    let scheduler = "max_resource = 300\nlevels = [100]";
    for protocol in BOTH {
        for (limit, reports) in [
            ("total_resource = 310", 310),
            ("total_resource = 37", 37),
            ("reports = 41", 41),
        ] {
            let more = format!("grace = 1\nstop = {{ {limit} }}");
            let mut project =
                Project::with_scheduler(protocol, &trainer(protocol, "", ""), &more, scheduler);
            project.set("MAX", "300");
            project.set("EPOCH_TIME", "0.002");
            project.finish();
            let log = project.log();
            // Of one worker, whose reports are one resource unit each.
            assert_eq!(log.of("result").len(), reports, "{limit}, {protocol:?}");
            assert_eq!(log.of("end").len(), 1);
            project.agrees();
        }
    }
}

/// A run that was interrupted says so to whoever started it, by the signal's exit code.
#[test]
fn exit_code() {
    for protocol in BOTH {
        let more = "workers = 2\ngrace = 2\nstop = { trials = 6 }";
        let mut project = Project::new(protocol, &trainer(protocol, "", ""), more);
        project.set("EPOCH_TIME", "0.2");
        let mut arguments = vec!["run", "e.toml", "--dir", "run"];
        for (signal, twice, code) in [
            ("INT", false, 130),
            ("TERM", false, 143),
            ("HUP", false, 143),
            ("INT", true, 130),
            ("TERM", true, 143),
        ] {
            let run = project.start(&arguments);
            wait_until("two programs", || project.programs().len() >= 2);
            run.signal(signal);
            if twice {
                sleep(Duration::from_millis(50));
                run.signal(signal);
            }
            let said = run.ends();
            assert_eq!(said.code, Some(code), "{signal}: {}", said.all());
            let status = project.say(&["status", "run"]).finished().out;
            assert!(status.starts_with("interrupted, "), "{status}");
            assert!(status.contains(" to be started again, "), "{status}");
            arguments = vec!["resume", "run"];
        }
        project.write("fast", "");
        project.resume();
        project.nothing_is_lost(9);
    }
}

/// Whoever reads what a run says may stop reading: the run goes on, and ends as soon as it is told to, twice.
#[test]
fn nobody_reads() {
    for protocol in BOTH {
        for json in [false, true] {
            let more = "workers = 2\ngrace = 1\nbudget = { max_checkpoints = 4 }";
            let project = Project::new(protocol, &trainer(protocol, "", ""), more);
            let mut command = project.command(&["run", "e.toml", "--dir", "run"]);
            let (unread, mut full) = std::io::pipe().unwrap();
            full.write_all(&vec![b'.'; 65_000]).unwrap(); // next to what a pipe holds
            if json {
                command.arg("--json").stdout(full).stderr(Stdio::null());
            } else {
                command.stdout(Stdio::null()).stderr(full);
            }
            let mut run = command.spawn().unwrap();
            project.wait_for("100 trials", |log| log.of("start").len() >= 100);
            assert!(signal(run.id(), "TERM"));
            project.wait_for("a pause of all", |_| project.programs().is_empty());
            assert!(signal(run.id(), "TERM"));
            assert_eq!(run.wait().unwrap().code(), Some(143), "{protocol:?}");
            drop(unread);
            project.agrees();
        }
    }
}
