//! Processes: what outlives its runner, and runs that meet another one of themselves.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::runs;
use crate::runs::commands::Running;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{alive, done, signal, wait_until};

/// Programs that outlive their runner, by the ways in which they escape it. Each writes its number
/// into `left`, and tells in `told` that it had a TERM before a KILL.
const ESCAPES: [(&str, &str); 4] = [
    // The runner dies between starting it and writing the line that says so.
    (
        "before the line",
        r#"trap 'echo told >> told; exit 1' TERM; kill -9 "$PPID"; echo $$ >> left
while :; do sleep 0.02; done"#,
    ),
    // Its leader is gone, a child in its group goes on.
    (
        "a child in the group",
        r#"sh -c 'trap "echo told >> told; exit 1" TERM; echo $$ >> left
while :; do sleep 0.02; done' < /dev/null > /dev/null 2>&1 &
sleep 0.2; kill -9 "$PPID" $$"#,
    ),
    // It has made a session of its own, as torchrun does.
    (
        "a session of its own",
        r#"setsid sh -c 'trap "echo told >> told; exit 1" TERM; echo $$ >> left
while :; do sleep 0.02; done' < /dev/null > /dev/null 2>&1 &
sleep 0.2; kill -9 "$PPID"; while :; do sleep 0.02; done"#,
    ),
    // That, and the leader is gone as well.
    (
        "a session without a leader",
        r#"setsid sh -c 'trap "echo told >> told; exit 1" TERM; echo $$ >> left
while :; do sleep 0.02; done' < /dev/null > /dev/null 2>&1 &
sleep 0.2; kill -9 "$PPID" $$"#,
    ),
];

/// A runner is killed; whatever it started is ended by `resume`, by TERM first, and only then does
/// the trial go on.
#[test]
fn two_lives() {
    for protocol in BOTH {
        for (way, escape) in ESCAPES {
            let begin = format!(
                r#"if [ ! -e once ]; then : > once; {escape}; fi
for pid in $(cat left); do
  [ -d "/proc/$pid" ] && ! grep -q "^State:.*Z" "/proc/$pid/status" && echo "$pid" >> both
done"#
            );
            let more = "grace = 3\nstop = { trials = 4 }\nfailures = { retries = 1 }";
            let project = Project::new(protocol, &trainer(protocol, &begin, ""), more);
            let said = project.begin().ends();
            assert_eq!(said.signal, Some(9), "{way}: {}", said.all());
            wait_until("it has told its number", || {
                !project.read("left").is_empty()
            });
            let left: Vec<u32> = project
                .read("left")
                .lines()
                .map(|l| l.parse().unwrap())
                .collect();
            assert!(left.iter().all(|&pid| alive(pid)), "{way}: nobody is left");
            project.resume();
            assert!(
                !left.iter().any(|&pid| alive(pid)),
                "{way}, {protocol:?}: {left:?}"
            );
            assert_eq!(project.read("both"), "", "{way}, {protocol:?}: both lived");
            assert_eq!(project.read("told"), "told\n", "{way}, {protocol:?}");
            project.nothing_is_lost(9);
            project.agrees();
        }
    }
}

/// What a run starts can be told from all else, down to the processes of its processes.
#[test]
fn two_lives_are_told_by_a_mark() {
    for protocol in BOTH {
        let begin = r#"sh -c 'echo "$RUNGKEEPER_RUN $RUNGKEEPER_TRIAL"' >> "marks-$trial""#;
        let more = "stop = { trials = 3 }";
        let project = Project::new(protocol, &trainer(protocol, begin, ""), more);
        project.finish();
        let other = Project::new(protocol, &trainer(protocol, begin, ""), more);
        other.finish();
        let mark = |project: &Project, trial: &str| {
            let marks = project.read(&format!("marks-{trial}"));
            let mark = marks.lines().next().unwrap().to_owned();
            assert!(marks.lines().all(|line| line == mark), "{marks}");
            let (run, of) = mark.split_once(' ').unwrap();
            assert_eq!(of, trial);
            run.to_owned()
        };
        let run = mark(&project, "0");
        assert!(!run.is_empty());
        assert_eq!(run, mark(&project, "1"));
        assert_ne!(run, mark(&other, "0"));
    }
}

/// A process that nothing tells from a stranger works in the folder of a program whose start was
/// not written down yet when its runner was killed. It goes on across the resume, and what it
/// writes comes into nobody's checkpoint; one that can be told and writes by the path is ended.
#[test]
fn number_given_twice() {
    let begin = r#"if [ ! -e once ]; then
  : > once; kill -STOP "$PPID"
  env -i PATH="$PATH" setsid sh -c "cd '$dir'; while sleep 0.005; do
    echo intruder > intruder; done; sleep 60" > /dev/null 2>&1 &
  setsid sh -c "while sleep 0.005; do
    echo intruder > '$dir/intruder'; done; sleep 60" > /dev/null 2>&1 &
  sleep 0.1; kill -9 "$PPID"; sleep 60
fi
echo "$trial" > "$dir/owner""#;
    for protocol in BOTH {
        let more = "grace = 1\nworkers = 2\nstop = { trials = 12 }";
        let program = trainer(protocol, begin, "sleep 0.02");
        let project = Project::new(protocol, &program, more);
        let said = project.begin().ends();
        assert_eq!(said.signal, Some(9), "{}", said.all());
        project.resume();
        assert!(project.stored().len() >= 10);
        for trial in project.stored() {
            let folder = project.checkpoint(&trial);
            let owner = fs::read_to_string(folder.join("owner")).unwrap();
            assert_eq!(owner.trim(), trial);
            let intruded = folder.join("intruder").exists();
            assert!(!intruded, "{trial} was written into");
        }
        project.agrees();
    }
}

/// A program that checks what it is given: 300 lines of its trial and epoch, and its state. Runner,
/// programs and groups are killed at random; what a trial finds is always one whole epoch of its own.
#[test]
fn number_given_twice_under_kills() {
    let begin = r#"if [ "$epoch" != 0 ] || [ -e "$dir/lines" ]; then
  [ "$(sort -u "$dir/lines")" = "$trial $epoch" ] && [ "$(wc -l < "$dir/lines")" = 300 ] ||
    { echo "$trial $epoch: $(sort "$dir/lines" | uniq -c)" >> mixed; }
fi"#;
    let each = r#"yes "$trial $epoch" | head -n 150 > "$dir/lines"
  [ -e fast ] || sleep 0.03; yes "$trial $epoch" | head -n 150 >> "$dir/lines""#;
    let mut draws = runs::Draws(0x5EED);
    let failures = "failures = { retries = 1000000, max_without_report = 1000000 }";
    let more = format!("grace = 1\nworkers = 3\nstop = {{ trials = 40 }}\n{failures}");
    let program = trainer(Protocol::Answered, begin, each);
    let mut project = Project::new(Protocol::Answered, &program, &more);
    project.set("EPOCH_TIME", "0.02");
    let mut arguments = vec!["run", "e.toml", "--dir", "run"];
    for _ in 0..25 {
        let run = project.start(&arguments);
        sleep(Duration::from_millis(50 + draws.below(250)));
        let what = draws.below(3);
        if what > 0 {
            for program in project.programs() {
                // Some of them, or all of them before their runner.
                let hit = what == 1 || draws.below(2) == 0;
                hit.then(|| signal(program, "KILL"));
            }
            sleep(Duration::from_millis(draws.below(30)));
        }
        run.kill();
        if project.run().join("log.jsonl").exists() {
            arguments = vec!["resume", "run"];
        }
    }
    project.write("fast", "");
    project.resume();
    assert_eq!(project.read("mixed"), "");
    for trial in project.stored() {
        let folder = project.checkpoint(&trial);
        let epoch = fs::read_to_string(folder.join("epoch")).unwrap();
        let lines = fs::read_to_string(folder.join("lines")).unwrap();
        let line = format!("{trial} {}", epoch.trim());
        assert_eq!(lines.lines().filter(|l| *l == line).count(), 300, "{lines}");
        assert_eq!(lines.lines().count(), 300);
    }
    assert_eq!(project.log().of("failed").len(), 0);
    project.agrees();
}

/// A copy of a run that goes on knows that it is one: no command on it touches a process of the
/// original or a store that lies outside, and it says so.
#[test]
fn copy_of_a_run() {
    for protocol in BOTH {
        for outside in [false, true] {
            let more = "grace = 1\nworkers = 4\nstop = { trials = 12 }";
            let hold = "while [ -e hold ]; do sleep 0.02; done";
            let project = Project::new(protocol, &trainer(protocol, hold, hold), more);
            if outside {
                let store = format!(
                    "grace = 1\nstore = {{ location = \"{}/store\" }}",
                    project.text()
                );
                project.edit("e.toml", "grace = 1", &store);
            }
            let run = project.begin();
            project.wait_for("reports", |log| log.of("checkpoint").len() >= 4);
            project.write("hold", "");
            project.wait_for("all of them wait", |_| project.programs().len() >= 4);
            sleep(Duration::from_millis(800));
            let programs = leaders(&project);
            assert!(programs.len() >= 4, "{programs:?}");
            done(
                "cp",
                &[
                    "-r",
                    &format!("{}/run", project.text()),
                    &format!("{}/copy", project.text()),
                ],
            );
            let mut told = String::new();
            for arguments in [
                &["gc", "copy"][..],
                &["pin", "0", "copy"],
                &["gc", "--orphans", "--delete", "copy"],
            ] {
                let said = project.say(arguments);
                assert!(!outside || said.code == Some(1), "{}", said.all());
                assert!(!outside || said.notes.contains("copy"), "{}", said.notes);
                assert!(programs.iter().all(|&pid| alive(pid)), "{arguments:?}");
                told += &said.notes;
            }
            let mut resumed = project.start(&["resume", "copy"]);
            sleep(Duration::from_millis(700));
            assert!(programs.iter().all(|&pid| alive(pid)), "resume killed them");
            assert!(
                !outside || resumed.is_over(),
                "it goes on in the original's store"
            );
            resumed.signal("INT");
            sleep(Duration::from_millis(50));
            resumed.signal("INT");
            told += &resumed.ends().notes;
            assert!(told.contains("copy"), "it does not know: {told}");
            fs::remove_file(project.file("hold")).unwrap();
            run.ends().finished();
            project.nothing_is_lost(9);
            if !outside {
                project.agrees();
            }
        }
    }
}

/// The programs that a runner started itself: they have the trial's number at their end.
fn leaders(project: &Project) -> Vec<u32> {
    let is = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        // A child of the shell has the same line until it has become another program.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let behind_the_name = stat.rsplit(") ").next().unwrap_or_default();
        let group = behind_the_name.split(' ').nth(2);
        line.starts_with(b"sh\0train.sh\0") && group == Some(&pid.to_string())
    };
    project.programs().into_iter().filter(is).collect()
}

/// `lock` is removed while a run goes on: a second one is refused, and the log stays whole.
#[test]
fn lock_removed() {
    for protocol in BOTH {
        let more = "grace = 1\nworkers = 2\nstop = { trials = 100 }";
        let program = trainer(protocol, "", "[ -e fast ] || sleep 0.05");
        let project = Project::new(protocol, &program, more);
        let run = project.begin();
        for number in 1..=4 {
            project.wait_for("a report", |log| log.of("result").len() >= 4 * number);
            // A second run may have made another one.
            fs::remove_file(project.run().join("lock")).unwrap();
            for arguments in [
                &["resume", "run"][..],
                &["gc", "--max-checkpoints", "1", "run"],
            ] {
                let said = project.say(arguments);
                assert_eq!(said.code, Some(1), "{arguments:?}: {}", said.all());
            }
            if !project.run().join("lock").exists() {
                fs::write(project.run().join("lock"), "").unwrap();
            }
        }
        project.write("fast", "");
        run.ends().finished();
        project.nothing_is_lost(9);
        assert_eq!(project.log().of("start").len(), 100);
        project.agrees();
    }
}

/// Somebody else has written into the log of a run that goes on: it stops, and writes no more.
#[test]
fn lock_removed_and_a_longer_log() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 100 }";
        let project = Project::new(protocol, &trainer(protocol, "", "sleep 0.02"), more);
        let run: Running = project.begin();
        project.wait_for("a report", |log| log.of("result").len() >= 2);
        let line = "{\"event\":\"pin\",\"trial\":\"0\",\"elapsed\":1000.0}\n";
        let script = format!("printf '%s\\n' '{}' >> run/log.jsonl", line.trim());
        let folder = project.text();
        done("sh", &["-c", &format!("cd {folder} && {script}")]);
        run.ends().refused(&["log.jsonl"]);
        let log = project.read("run/log.jsonl");
        assert!(log.ends_with(line), "it wrote on");
    }
}
