//! What must not come out: secrets, control characters of others; and pins of what is not there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::runs;
use crate::runs::life::{BOTH, Project, Protocol, trainer};

/// Who may not read the experiment file may not read its copy, nor a password in an address.
#[test]
fn secrets() {
    let program = trainer(Protocol::Answered, "", "");
    let project = Project::new(Protocol::Answered, &program, "stop = { trials = 2 }");
    let mode = |name: &str| {
        fs::metadata(project.file(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    fs::set_permissions(project.file("e.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    project.finish();
    assert_eq!(mode("run/experiment.toml"), 0o600);
    for name in runs::names(&project.run()) {
        let text = project.read(&format!("run/{name}"));
        let secret = text.contains("train.sh");
        assert!(!secret || mode(&format!("run/{name}")) == 0o600, "{name}");
    }
    for address in [
        "s3://me:hunter2@bucket/place",
        "ftp://me:hunter2@host/place",
        "az://me:hunter2@box/place",
    ] {
        let more = format!("stop = {{ trials = 2 }}\nstore = {{ location = \"{address}\" }}");
        let project = Project::new(Protocol::Answered, &program, &more);
        for arguments in [
            &["run", "e.toml", "--dir", "run"][..],
            &["check", "e.toml"],
            &["status", "run"],
        ] {
            let said = project.say(arguments).all();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

/// No control character of a stranger, except for the end of a line.
fn is_plain(said: &str) {
    let raw = said.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(raw, None, "{said:?}");
}

/// What a program prints is quoted plain, and cut: in notes, and as the last lines of an error.
#[test]
fn escapes() {
    let long = "head -c 1000000 /dev/zero | tr '\\0' 'o'; echo";
    for protocol in BOTH {
        let tag = if protocol == Protocol::OneWay {
            "[tune-metric]: "
        } else {
            ""
        };
        let begin = format!(
            "printf '\\033[2J\\033]0;owned\\007\\033[31m'; {long}\n\
             printf '{tag}{{\"epoch\": \"\\033[2J\", \"loss\": 1}}\\n'"
        );
        let answer = if protocol == Protocol::Answered {
            "read -r answer"
        } else {
            ""
        };
        let more = "grace = 1\nstop = { trials = 2 }";
        let program = trainer(protocol, &format!("{begin}\n{answer}"), "");
        let project = Project::new(protocol, &program, more);
        let said = project.begin().ends().all();
        is_plain(&said);
        assert!(said.len() < 20_000, "{} bytes", said.len());
        let crashes =
            format!("printf '\\033[2Jno such \\033[31mmodule\\n' >&2; {{ {long}; }} >&2; exit 1");
        let project = Project::new(protocol, &crashes, "grace = 1");
        let said = project.begin().ends();
        assert_eq!(said.code, Some(1));
        is_plain(&said.all());
        assert!(said.all().len() < 20_000, "{} bytes", said.all().len());
    }
}

/// Likewise names: of an experiment, of a trial in a log, of a file, of an argument.
#[test]
fn escapes_in_names() {
    let program = trainer(Protocol::Answered, "", "");
    let project = Project::new(Protocol::Answered, &program, "stop = { trials = 3 }");
    project.edit("e.toml", "name = \"case\"", "name = \"a\\u001b[31m\"");
    for arguments in [&["run", "e.toml"][..], &["run", "e.toml", "--dir", "run"]] {
        is_plain(&project.say(arguments).all());
    }
    let _ = fs::remove_dir_all(project.run());
    project.edit("e.toml", "name = \"a\\u001b[31m\"", "name = \"case\"");
    project.finish();
    let log = project
        .read("run/log.jsonl")
        .replace("\"trial\":\"1\"", "\"trial\":\"\\u001b[2J\\u009b1\"");
    project.write("log.jsonl", &log);
    let strange = "no\u{1b}[31m-such\u{7}-run";
    project.write("bad\u{1b}[31m.toml", "name = 1\n\u{1b}[31m = 2");
    for arguments in [
        &["replay", "log.jsonl"][..],
        &["replay", "--check", "-v", "log.jsonl"],
        &["report", "log.jsonl"],
        &["status", strange],
        &["pin", strange, "run"],
        &["run", "bad\u{1b}[31m.toml"],
    ] {
        is_plain(&project.say(arguments).all());
    }
    project.write("run/log.jsonl", &log);
    for arguments in [
        &["status", "run"][..],
        &["gc", "--dry-run", "--max-checkpoints", "0", "run"],
        &["report", "run"],
    ] {
        is_plain(&project.say(arguments).all());
    }
}

/// A trial without a checkpoint cannot be pinned: it failed, it has lost it, or it is not there.
#[test]
fn pin_of_nothing() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 8 }\nbudget = { max_checkpoints = 3 }";
        let begin = "[ \"$trial\" = 1 ] && exit 1";
        let project = Project::new(protocol, &trainer(protocol, begin, ""), more);
        project.finish();
        let stored = project.stored();
        let log = project.read("run/log.jsonl");
        let without: Vec<String> = (0..8).map(|trial| trial.to_string()).collect();
        let without = without.into_iter().filter(|trial| !stored.contains(trial));
        let without: Vec<String> = without.collect();
        assert!(without.len() >= 4 && without.contains(&"1".to_owned()));
        for trial in &without {
            project
                .say(&["pin", trial, "run"])
                .refused(&[trial, "checkpoint"]);
        }
        assert_eq!(project.read("run/log.jsonl"), log);
        for trial in &stored {
            project.say(&["pin", trial, "run"]);
        }
        project.agrees();
    }
}
