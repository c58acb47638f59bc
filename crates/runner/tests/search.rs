//! Configurations that a program proposes: real search programs, good ones and others.
#![cfg(unix)]

mod proposer;
mod small;

use std::fs;
use std::time::Duration;

use rungkeeper_runner::{Observer, Outcome, Runner, Stop};
use serde_json::{Value, json};

use proposer::{TRIALS, asked, folder, heard, proposed, proposer, reason, started, told, write};
use small::{Folder, Watch, check_log, resume, run, to_the_end};

#[test]
fn a_program_proposes() {
    let folder = folder(&proposer("answer"), TRIALS);
    let ended = run(&folder);
    assert_eq!(ended.outcome, Outcome::Finished);
    assert_eq!(started(&folder), proposed(0..9));
    assert_eq!(ended.best.as_deref(), Some("0"));
    check_log(&folder.run());
    let heard = heard(&folder);
    assert_eq!(
        heard[0],
        json!({
            "version": 1, "name": "small", "metric": "loss", "mode": "min", "resource": "epoch", "max_resource": 9,
            "levels": [1, 3], "seed": 0, "workers": 2, "trials": 9,
            "space": {"x": {"type": "uniform", "low": 0.0, "high": 1.0}},
        })
    );
    assert_eq!(asked(&heard), (0..9).collect::<Vec<_>>());
    assert_eq!(*heard.last().unwrap(), json!("end"), "its input was closed");
    let of_the_best: Vec<_> = told(&heard)
        .into_iter()
        .filter(|tell| tell.0 == 0)
        .collect();
    let expected = [
        ("running", 0),
        ("paused", 1),
        ("running", 1),
        ("paused", 3),
        ("running", 3),
        ("complete", 9),
    ];
    let expected = expected.map(|(status, resource)| (0, status.to_owned(), resource));
    assert_eq!(of_the_best, expected);
    let complete = heard.iter().find(|line| line["status"] == "complete");
    let complete = complete.unwrap();
    assert_eq!(complete["parameters"], json!({"x": 0.01}));
    assert_eq!(complete["metric"], json!(0.01));
}

/// They are told as any other trial.
#[test]
fn given_configurations_come_first() {
    let more = format!("configurations = [{{ x = 0.5 }}, {{ x = 0.75 }}]\n{TRIALS}");
    let folder = folder(&proposer("answer"), &more);
    assert_eq!(run(&folder).outcome, Outcome::Finished);
    let given = [("0".to_owned(), 0.5), ("1".to_owned(), 0.75)];
    assert_eq!(started(&folder), [&given[..], &proposed(2..9)].concat());
    let heard = heard(&folder);
    assert_eq!(asked(&heard), (2..9).collect::<Vec<_>>());
    assert_eq!(heard[1]["parameters"], json!({"x": 0.5}));
    check_log(&folder.run());
}

/// What a program cannot be used for ends the run in order, and once it is mended the run goes on.
#[test]
fn a_program_that_cannot_be_used_stops_the_run() {
    let propose = |answer: &str| format!("[ $n = 3 ] && echo '{answer}' || answer");
    let x = |value: &str| {
        propose(&format!(
            r#"{{"trial": 3, "parameters": {{"x": {value}}}}}"#
        ))
    };
    let long = "[ $n = 3 ] && head -c 70000 /dev/zero | tr '\\0' x && echo || answer";
    let cases = [
        (
            "[ $n = 3 ] && exit 7; answer".to_owned(),
            "it ended (exit status: 7)",
        ),
        (
            "[ $n = 3 ] && kill -9 $$; answer".to_owned(),
            "it ended (signal: 9",
        ),
        (
            propose("loading the model"),
            "a line is no JSON object: loading",
        ),
        (propose("{}"), "an answer has no object \"parameters\""),
        (
            propose(r#"{"parameters": {"x": 0.5}}"#),
            "an answer has no \"trial\"",
        ),
        (
            propose(r#"{"trial": 2, "parameters": {"x": 0.5}}"#),
            "an answer is for trial 2, but 3 was asked for",
        ),
        (
            propose(r#"{"trial": 3, "parameters": {"y": 0.5}}"#),
            "there is no parameter \"y\"; there are: x",
        ),
        (
            propose(r#"{"trial": 3, "parameters": {}}"#),
            "parameter \"x\" is missing; it must be a number from 0.0 to 1.0",
        ),
        (x("2"), "x is 2, but must be a number from 0.0 to 1.0"),
        (x("\"a\""), "x is a, but must be a number"),
        (x("null"), "x is null, but must be a number, text"),
        (
            "answer; [ $n = 3 ] && answer".to_owned(),
            "an answer came though nothing was asked",
        ),
        (long.to_owned(), "a line is longer than 64 kB"),
    ];
    std::thread::scope(|scope| {
        for (ask, told) in cases {
            scope.spawn(move || stops_and_goes_on(&ask, told));
        }
    });
}

/// A run is stopped by what its search program does, and goes on with another one.
fn stops_and_goes_on(ask: &str, told: &str) {
    let folder = folder(&proposer(ask), TRIALS);
    let ended = run(&folder);
    let said = reason(&ended.outcome);
    assert!(said.contains(told), "{ask}: {said}");
    assert!(started(&folder).len() <= 4);
    check_log(&folder.run());

    write(&folder, &proposer("answer"));
    let mut watch = Watch::default();
    let (outcome, ..) = to_the_end(resume(&folder.run(), &mut watch));
    assert_eq!(outcome, Outcome::Finished, "{ask}");
    assert_eq!(started(&folder), proposed(0..9), "{ask}");
    check_log(&folder.run());
}

#[test]
fn a_program_that_does_not_answer_stops_the_run() {
    for (silent, told) in [
        (
            proposer(":"),
            "no answer for trial 0 within 0.2 s, the timeout of [search], see ",
        ),
        (
            "exec > /dev/null; exec cat".to_owned(),
            "the timeout of [search] (it has closed its output), see ",
        ),
    ] {
        let folder = folder(&silent, TRIALS);
        folder.edit("\"search.sh\"] }", "\"search.sh\"], timeout = 0.2 }");
        let ended = run(&folder);
        let said = reason(&ended.outcome);
        assert!(said.contains(told), "{said}");
        assert!(started(&folder).is_empty());
    }
}

/// It was there when the run was begun, and is gone when it is needed.
#[test]
fn a_program_that_cannot_be_started_stops_the_run() {
    let folder = folder("", TRIALS);
    let file = folder.experiment();
    folder.edit("[\"sh\", \"search.sh\"]", "[\"./search\"]");
    let mut watch = Watch::default();
    let missing = Runner::create(&file, &folder.run(), &mut watch);
    let said = missing.err().unwrap().to_string();
    assert!(
        said.contains("[search]: the program ./search cannot be started"),
        "{said}"
    );
    assert!(!folder.run().exists());

    let program = folder.folder.path().join("search");
    std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
    // No file may be there under the name of its output.
    let mut runner = Runner::create(&file, &folder.run(), &mut watch).unwrap();
    fs::create_dir(folder.run().join("output/search.log")).unwrap();
    let outcome = runner.run().unwrap();
    let said = reason(&outcome);
    assert!(
        said.contains("cannot start ./search: its output, "),
        "{said}"
    );
}

/// In generations of three: nothing is proposed before the trials of the last one are at a rung.
#[test]
fn a_program_may_wait_for_results() {
    let ask = r#"[ "$n" -gt 0 ] && [ $((n % 3)) = 0 ] && [ "${told:-0}" -lt "$n" ] && echo '{"wait": true}' || answer"#;
    let folder = folder(&proposer(ask), TRIALS);
    assert_eq!(run(&folder).outcome, Outcome::Finished);
    assert_eq!(started(&folder), proposed(0..9));
    check_log(&folder.run());
}

/// It says that it waits when what it waits for has happened, and was told behind the question.
#[test]
fn what_crosses_an_answer_is_waited_for_no_more() {
    let ask = r#"
if [ "$n" = 2 ] && [ "${told:-0}" -lt 2 ]; then
  while [ "$(grep -c '"PAUSE"' run/log.jsonl)" -lt 2 ]; do sleep 0.05; done
  sleep 0.3
  echo '{"wait": true}'
else
  answer
fi"#;
    let folder = folder(&proposer(ask), TRIALS);
    assert_eq!(run(&folder).outcome, Outcome::Finished);
    assert_eq!(started(&folder), proposed(0..9));
}

#[test]
fn a_program_that_waits_for_nothing_stops_the_run() {
    let ask = r#"[ "$n" = 2 ] && echo '{"wait": true}' || answer"#;
    let folder = folder(&proposer(ask), "stop = { trials = 9 }");
    let ended = run(&folder);
    let Outcome::GaveUp(said) = ended.outcome else {
        panic!("{:?}", ended.outcome);
    };
    assert!(
        said.contains("nothing for trial 2 before it is told more, and no trial runs"),
        "{said}"
    );
    check_log(&folder.run());
}

/// By a message, at its last answer or by its end.
#[test]
fn a_program_may_propose_no_more() {
    for ask in [
        r#"[ "$n" = 4 ] && echo '{"end": true}' || answer"#,
        r#"answer; [ "$n" = 3 ] && echo '{"end": true}'"#,
        r#"answer; [ "$n" = 3 ] && exit 0"#,
    ] {
        let folder = folder(&proposer(ask), TRIALS);
        let ended = run(&folder);
        assert_eq!(ended.outcome, Outcome::Finished, "{ask}");
        assert_eq!(started(&folder), proposed(0..4), "{ask}");
        let notes = &ended.watch.notes;
        let said = notes
            .iter()
            .filter(|note| note.contains("proposes no more"));
        assert_eq!(said.count(), 1, "{notes:?}");
        check_log(&folder.run());
    }
}

/// A later session's program is told what the log holds, in order, and asked for the next trial that is not in it.
#[test]
fn a_resumed_run_tells_its_history() {
    let folder = folder(&proposer("answer"), TRIALS);
    let mut sessions = 0;
    for stop in [Stop::Cleanly, Stop::Now, Stop::Cleanly, Stop::No] {
        let mut watch = Watch {
            stop_after: Some((14, stop)),
            ..Watch::default()
        };
        let outcome = if sessions == 0 {
            let mut runner =
                Runner::create(&folder.experiment(), &folder.run(), &mut watch).unwrap();
            runner.run().unwrap()
        } else {
            to_the_end(resume(&folder.run(), &mut watch)).0
        };
        sessions += 1;
        if outcome == Outcome::Finished {
            break;
        }
    }
    assert!(sessions > 1);
    check_log(&folder.run());
    assert_eq!(started(&folder), proposed(0..9));
    let all = heard(&folder);
    let mut last: Vec<Vec<Value>> = Vec::new();
    for line in all {
        if line["version"] == 1 {
            last.push(Vec::new());
        }
        last.last_mut().unwrap().push(line);
    }
    let whole = told(last.last().unwrap());
    let (mut next, sessions) = (0, last.len());
    for session in &last[..sessions - 1] {
        // What an earlier session was told is how the last one begins.
        let told = told(session);
        assert_eq!(told, whole[..told.len()]);
    }
    for session in &last {
        for number in asked(session) {
            assert!(
                number == next || number + 1 == next,
                "{number} after {next}"
            );
            next = number + 1;
        }
    }
    assert_eq!(next, 9);
}

/// Whoever stops the run tells its programs too: that the search program ends by it is no failure.
#[test]
fn an_end_at_a_stop_is_no_failure() {
    struct Watching<'f>(&'f Folder);
    impl Observer for Watching<'_> {
        fn stop(&mut self) -> Stop {
            let gone = self.0.folder.path().join("gone").exists();
            if gone { Stop::Cleanly } else { Stop::No }
        }
    }
    let folder = folder(
        &proposer("[ $n = 3 ] && : > gone && exit 143; answer"),
        TRIALS,
    );
    let mut watch = Watching(&folder);
    let mut runner = Runner::create(&folder.experiment(), &folder.run(), &mut watch).unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Stopped);
    check_log(&folder.run());
}

/// A program that neither its closed input nor TERM ends is killed, with its group.
#[test]
fn nothing_of_a_program_outlives_the_run() {
    let search = format!(
        "trap '' TERM\n(while :; do sleep 0.02; done) & echo $! > pid\n{}\nwhile :; do sleep 0.02; done",
        proposer("answer")
    );
    let folder = folder(&search, "stop = { trials = 2 }");
    folder.edit("grace = 2", "grace = 0.1");
    assert_eq!(run(&folder).outcome, Outcome::Finished);
    let pid = fs::read_to_string(folder.folder.path().join("pid")).unwrap();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    for _ in 0..1000 {
        if stat().is_empty() || stat().contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it lives on: {}", stat());
}
