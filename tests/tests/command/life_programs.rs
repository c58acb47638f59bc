//! The program's own ways: it ends early, goes its own way, says nothing, or says it strangely.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{done, wait_until};

const BY_NUMBER: &str = "x=0.$trial";

/// A program ends with exit 0 before the end of the ladder: early stopping, or fewer epochs than
/// that. It is a finished trial, whose last checkpoint competes and is kept.
#[test]
fn ends_by_itself() {
    for protocol in BOTH {
        for budget in ["", "budget = { max_checkpoints = 3 }"] {
            let more = format!("grace = 1\n{budget}\nstop = {{ trials = 9 }}");
            let program = trainer(protocol, BY_NUMBER, "");
            let mut project = Project::new(protocol, &program, &more);
            project.set("MAX", "5");
            let said = project.finish();
            let log = project.log();
            assert_eq!(log.last_level("0"), 5);
            assert_eq!(log.of_trial("complete", "0").len(), 1);
            let checkpoint = log.of_trial("checkpoint", "0").pop().unwrap();
            assert_eq!(checkpoint["level"], 5, "{protocol:?}: {}", said.notes);
            assert!(said.out.contains("best: trial 0 with 0"), "{}", said.out);
            let epoch = fs::read_to_string(project.checkpoint("0").join("epoch")).unwrap();
            assert_eq!(epoch, "5\n");
            let told = said
                .notes
                .lines()
                .filter(|line| line.contains("trial 0 ") || line.contains("trial \"0\""));
            let told: Vec<&str> = told.filter(|line| line.contains("end")).collect();
            assert!(told.iter().any(|line| line.contains('5')), "{}", said.notes);
            let status = project.say(&["status", "run"]).finished().out;
            assert!(status.contains("best: trial 0 with 0"), "{status}");
            project.agrees();
        }
    }
}

/// It ends early in its first rung, all do: nothing is lost, and the best of them is the best.
#[test]
fn ends_by_itself_below_the_first_rung() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 5 }";
        let scheduler = "max_resource = 9\nlevels = [3]";
        let program = trainer(protocol, BY_NUMBER, "");
        let mut project = Project::with_scheduler(protocol, &program, more, scheduler);
        project.set("MAX", "2");
        let said = project.finish();
        assert!(said.out.contains("best: trial 0 with 0"), "{}", said.out);
        assert!(project.stored().contains(&"0".to_owned()));
        assert_eq!(project.log().of("failed").len(), 0);
        project.agrees();
    }
}

/// A program that never looks at its checkpoint: a note for each trial that was resumed, and what
/// is trained again is counted.
#[test]
fn ignores_its_checkpoint() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 9 }";
        let begin = format!("{BY_NUMBER}; epoch=0");
        let project = Project::new(protocol, &trainer(protocol, &begin, ""), more);
        let said = project.finish();
        let log = project.log();
        let (mut cost, mut resumed) = (0, Vec::new());
        for (place, event) in log.0.iter().enumerate() {
            if event["event"] == "resume" {
                let mine = |of: &&Value| of["trial"] == event["trial"] && of["event"] == "result";
                let last = log.0[..place].iter().rfind(mine).unwrap();
                let next = log.0[place..].iter().find(mine).unwrap();
                assert_eq!(next["level"], 1);
                cost += last["level"].as_u64().unwrap();
                resumed.push(event["trial"].as_str().unwrap().to_owned());
            }
        }
        assert!(cost > 0);
        let end = log.of("end").pop().unwrap();
        assert_eq!(
            end["extra_results"]["cost_resources"],
            cost,
            "{}",
            said.all()
        );
        assert!(
            said.out
                .contains(&format!("{cost} resource units trained again"))
        );
        resumed.sort();
        resumed.dedup();
        for trial in resumed {
            let told = said.notes_with(&[&format!("\"{trial}\""), "checkpoint"]);
            assert_eq!(told.len(), 1, "{}", said.notes);
        }
        project.agrees();
    }
}

/// A program that goes on reporting after `pause`, or does not mind a TERM: it is ended after the
/// grace, an answered one with a note; the run goes on.
#[test]
fn ignores_pause() {
    let answered = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 1000 ]; do
  epoch=$((epoch + 1))
  [ -e "$dir/epoch" ] || echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer
  sleep 0.05
done
"#;
    for protocol in BOTH {
        let program = match protocol {
            Protocol::Answered => answered.to_owned(),
            Protocol::OneWay => trainer(protocol, "trap '' TERM; MAX=1000", ""),
        };
        let more = "grace = 1\nstop = { trials = 3 }";
        let scheduler = "max_resource = 100\nlevels = [1]";
        let project = Project::with_scheduler(protocol, &program, more, scheduler);
        let said = project.finish();
        let log = project.log();
        assert_eq!(
            log.of("result").len(),
            3,
            "what was said after the pause counts"
        );
        assert!(project.programs().is_empty());
        assert_eq!(project.stored().len(), 3);
        project.nothing_is_lost(100);
        if protocol == Protocol::Answered {
            for trial in ["\"0\"", "\"1\"", "\"2\""] {
                let ended = said.notes_with(&[trial, "although it was told to pause"]);
                assert_eq!(ended.len(), 1, "{}", said.notes);
            }
            let advice = said.notes_with(&["after it was told to pause: end when"]);
            assert_eq!(advice.len(), 1, "{}", said.notes);
        }
    }
}

/// Whatever a launcher, a progress bar or a logger puts before the object of a report, it is one.
#[test]
fn report_not_recognised_but_for_what_stands_before_it() {
    let tag = |protocol| match protocol {
        Protocol::Answered => "",
        Protocol::OneWay => "[tune-metric]: ",
    };
    for protocol in BOTH {
        for before in [
            "[rank0]: ",
            "2026-11-29 12:00:00,123 INFO train: ",
            "Epoch 1:  45%|####5     | 9/20 [00:01<00:01,  8.5it/s]",
            "{'lr': 0.1} ",
            "\\033[32m",
            "half\\r",
        ] {
            let written = format!("echo \"{}{{", tag(protocol));
            let instead = format!(
                "printf '{}'; {written}",
                before.replace('\'', "\"").replace('%', "%%")
            );
            let program = trainer(protocol, "", "");
            assert!(program.contains(&written));
            let program = program.replace(&written, &instead);
            let more = "grace = 1\nstop = { trials = 4 }";
            let project = Project::new(protocol, &program, more);
            let said = project
                .begin()
                .ends_within(Duration::from_secs(20))
                .finished();
            assert!(
                project.log().of("result").len() >= 6,
                "{before}: {}",
                said.notes
            );
            project.nothing_is_lost(9);
        }
    }
}

/// What cannot be made out as a report gets a note after a while, with the line and why it is none;
/// and Ctrl-C ends the run.
#[test]
fn report_not_recognised() {
    let program = "echo \"$PYTHONUNBUFFERED\" > unbuffered\n\
                   echo 'epoch=1 loss=0.25'\nread -r answer; sleep 60";
    for protocol in BOTH {
        let more = "grace = 1\nfailures = { silence = 1 }";
        let project = Project::new(protocol, program, more);
        let run = project.begin();
        wait_until("a note", || run.notes().contains("note: "));
        run.signal("INT");
        let said = run.ends_within(Duration::from_secs(10));
        assert_eq!(said.code, Some(130), "{}", said.all());
        let told = said.notes_with(&["\"0\"", "epoch=1 loss=0.25"]);
        assert_eq!(told.len(), 1, "{}", said.notes);
        assert_eq!(project.read("unbuffered"), "1\n");
    }
}

/// The first report lacks the metric, or the resource: the run stops, and says which keys there
/// are. An object with neither is no report.
#[test]
fn metric_is_missing() {
    for protocol in BOTH {
        for (written, instead, wrong, right) in [
            ("metric = \"loss\"", "metric = \"los\"", "los", "loss"),
            (
                "resource = \"epoch\"",
                "resource = \"epochs\"",
                "epochs",
                "epoch",
            ),
        ] {
            let more = "grace = 1\nstop = { trials = 9 }";
            let begin = "echo '{\"rate\": 0.1}'; echo '[tune-metric]: {\"rate\": 0.1}'";
            let program = trainer(protocol, begin, "");
            let project = Project::new(protocol, &program, more);
            project.edit("e.toml", written, instead);
            let said = project.begin().ends_within(Duration::from_secs(20));
            let said = said.refused(&["epoch", "loss"]).all();
            let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric()).collect();
            assert!(words.contains(&wrong) && words.contains(&right), "{said}");
            assert_eq!(project.log().of("start").len(), 1);
            // Mended, it is a run.
            project.edit("e.toml", instead, written);
            fs::rename(project.run(), project.file("before")).unwrap();
            project.finish();
            project.nothing_is_lost(9);
        }
    }
}

/// 1,000 refused lines: the first few, and a count.
#[test]
fn flood() {
    let lines = |tag: &str, key: &str, read: &str| {
        format!(
            "number=0; while [ $number -lt 1000 ]; do number=$((number + 1))\n\
             echo '{tag}{{\"epoch\": {key}, \"loss\": 0.5}}'; {read}; done"
        )
    };
    for protocol in BOTH {
        let (tag, read) = match protocol {
            Protocol::Answered => ("", "read -r answer"),
            Protocol::OneWay => ("[tune-metric]: ", "true"),
        };
        for key in ["0", "-1", "1.5"] {
            let begin = format!(
                "[ \"$trial\" = 0 ] && [ \"$epoch\" = 0 ] && {{ {}; }}",
                lines(tag, key, read)
            );
            let more = "grace = 1\nstop = { trials = 3 }";
            let project = Project::new(protocol, &trainer(protocol, &begin, ""), more);
            let said = project.finish();
            let told = said.notes_with(&["\"0\""]);
            assert!((2..=20).contains(&told.len()), "{} notes", told.len());
            let counts = |line: &&&str| {
                let numbers = line.split(|c: char| !c.is_ascii_digit());
                numbers
                    .filter_map(|n| n.parse::<u64>().ok())
                    .any(|n| (900..=1000).contains(&n))
            };
            assert!(
                told.iter().any(|line| counts(&line)),
                "no count: {}",
                said.notes
            );
            project.nothing_is_lost(9);
        }
    }
}

/// Three configurations, twelve trials: each is tried once, and a note tells that there are no more.
#[test]
fn space_used_up() {
    for protocol in BOTH {
        let more = "grace = 1\nworkers = 2\nstop = { trials = 12 }";
        let project = Project::new(protocol, &trainer(protocol, BY_NUMBER, ""), more);
        let written = "{ type = \"uniform\", low = 0.0, high = 1.0 }";
        project.edit(
            "e.toml",
            written,
            "{ type = \"choice\", values = [1, 2, 3] }",
        );
        let said = project.finish();
        let log = project.log();
        let tried = log
            .of("start")
            .into_iter()
            .map(|event| event["configuration"]["x"].to_string());
        let mut tried: Vec<String> = tried.collect();
        tried.sort();
        assert_eq!(tried, ["1", "2", "3"], "{}", said.all());
        let told = said
            .all()
            .lines()
            .filter(|line| line.contains("space"))
            .count();
        assert_eq!(told, 1, "{}", said.all());
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// A program that replaces its folder by a link, or has it no more, fails itself and not the run;
/// nothing is written through the link.
#[test]
fn parent_becomes_a_link() {
    let ways = [
        "rm -rf \"$dir\"; ln -s \"$PWD/precious\" \"$dir\"",
        "mv \"$dir\" \"$dir.moved\"; ln -s \"$dir.moved\" \"$dir\"",
        "rm -rf \"$dir\"; echo file > \"$dir\"",
    ];
    for protocol in BOTH {
        for way in ways {
            let each = format!("[ \"$trial\" = 1 ] && {{ {way}; }}");
            let more = "grace = 1\nworkers = 2\nstop = { trials = 6 }";
            let project = Project::new(protocol, &trainer(protocol, "", &each), more);
            done("mkdir", &[&format!("{}/precious", project.text())]);
            project.write("precious/thesis.txt", "four years");
            project.finish();
            assert_eq!(project.read("precious/thesis.txt"), "four years");
            let log = project.log();
            assert_eq!(log.of("start").len(), 6);
            let others = |event: &&Value| event["trial"] != "1";
            assert_eq!(log.of("failed").into_iter().filter(others).count(), 0);
            for trial in project.stored() {
                let data = project.checkpoint(&trial);
                assert!(!data.join("thesis.txt").exists(), "it was taken over");
                assert!(!data.is_symlink());
            }
            project
                .say(&["replay", "--check", "run/log.jsonl"])
                .finished();
        }
    }
}
