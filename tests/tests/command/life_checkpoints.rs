//! What a checkpoint is: the files as the program left them, at the level where it left them.

use std::fs;

use crate::runs;
use crate::runs::life::{BOTH, Project, Protocol, trainer};

/// Nine trials with the metric 0.TRIAL: the first is promoted, to the end at last.
const BY_NUMBER: &str = "x=0.$trial";

/// Modes, times, hard links inside, holes: a restored checkpoint is what the program left.
#[test]
fn as_it_was_left() {
    let listing = r#"(cd "$dir" && find . -mindepth 1 ! -name epoch ! -name new \
    -printf '%P %y %m %T@ %n %s\n' | sort; cat text second)"#;
    let begin = format!(
        r#"{BY_NUMBER}
[ "$epoch" = 1 ] && {{ {listing} > "seen-$trial"; stat -c %b "$dir/sparse" > "blocks-$trial"; }}"#
    );
    let each = format!(
        r#"if [ "$epoch" = 1 ]; then
    echo secret > "$dir/key"; chmod 600 "$dir/key"
    echo text > "$dir/text"; chmod 755 "$dir/text"; ln "$dir/text" "$dir/second"
    truncate -s 200000000 "$dir/sparse"; echo end >> "$dir/sparse"
    mkdir "$dir/later" "$dir/empty"; echo a > "$dir/later/b"; chmod 700 "$dir/later"
    touch -d '2020-02-03 04:05:06.789' "$dir/key"
    touch -d '2019-02-03 04:05:06.123456789' "$dir/text"
    touch -d '2021-02-03 04:05:06' "$dir/later/b"
    touch -d '2018-02-03 04:05:06' "$dir/later" "$dir/empty"
    {listing} > "left-$trial"
  fi"#
    );
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 4 }";
        let project = Project::new(protocol, &trainer(protocol, &begin, &each), more);
        project.finish();
        let seen = project.read("seen-0");
        assert_eq!(seen, project.read("left-0"), "{protocol:?}");
        assert!(
            seen.contains("key f 600 ") && seen.contains("second f 755 "),
            "{seen}"
        );
        let blocks: u64 = project.read("blocks-0").trim().parse().unwrap();
        assert!(
            blocks * 512 < 2_000_000,
            "a hole was filled: {blocks} blocks"
        );
        // So is what lies in the store.
        let kept = fs::metadata(project.checkpoint("1").join("sparse")).unwrap();
        let blocks = std::os::unix::fs::MetadataExt::blocks(&kept);
        assert!(
            blocks * 512 < 2_000_000,
            "a hole was filled: {blocks} blocks"
        );
        project.nothing_is_lost(9);
    }
}

/// A link by the absolute path of a file in the folder is kept, and points to the restored file.
#[test]
fn absolute_link() {
    let begin = format!(
        r#"{BY_NUMBER}
if [ "$epoch" != 0 ]; then
  [ "$(cat "$dir/last")" = "$epoch" ] || echo "last of $trial at $epoch" >> wrong
  [ "$(readlink -f "$dir/last")" = "$(readlink -f "$dir")/model-$epoch" ] ||
    echo "$(readlink "$dir/last")" >> wrong
  echo "$trial" >> looked
fi"#
    );
    let each = r#"echo "$epoch" > "$dir/model-$epoch"; ln -sfn "$dir/model-$epoch" "$dir/last""#;
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 9 }";
        let project = Project::new(protocol, &trainer(protocol, &begin, each), more);
        let said = project.finish();
        assert_eq!(project.read("wrong"), "", "{protocol:?}: {}", said.notes);
        assert!(project.read("looked").lines().count() >= 3);
        project.nothing_is_lost(9);
        project.agrees();
    }
}

/// What cannot be kept is left out, with one note that names it; the rest is kept.
#[test]
fn absolute_link_to_the_outside() {
    let begin = format!("{BY_NUMBER}\n[ \"$epoch\" != 0 ] && ls \"$dir\" > \"seen-$trial\"");
    let each = r#"ln -sfn /etc/hostname "$dir/outside"; ln -sfn epoch "$dir/inside"
  [ -p "$dir/pipe" ] || mkfifo "$dir/pipe""#;
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 4 }";
        let project = Project::new(protocol, &trainer(protocol, &begin, each), more);
        let said = project.finish();
        project.nothing_is_lost(9);
        project.agrees();
        assert_eq!(project.read("seen-0"), "epoch\ninside\n", "{}", said.notes);
        for name in ["outside", "pipe"] {
            for trial in 0..4 {
                let number = format!("\"{trial}\"");
                let told = said.notes_with(&[name, &number]).len();
                assert!(told <= 1, "{name} of {trial}: {}", said.notes);
            }
            assert!(
                !said.notes_with(&[name]).is_empty(),
                "{name}: {}",
                said.notes
            );
        }
    }
}

/// `{checkpoint_dir}` of a trial is the same at each start of it: after a pause, a crash, a kill of
/// the runner, Ctrl-C.
#[test]
fn same_path() {
    let begin = format!(
        r#"{BY_NUMBER}
echo "$dir" >> "path-$trial"
[ "$trial" = 1 ] && [ ! -e crashed ] && : > crashed && exit 1
[ "$trial" = 3 ] && [ ! -e killed ] && : > killed && kill -9 "$PPID"
[ "$trial" = 5 ] && [ ! -e told ] && : > told && kill -INT "$PPID""#
    );
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 9 }\nfailures = { retries = 1 }";
        let project = Project::new(protocol, &trainer(protocol, &begin, "sleep 0.02"), more);
        assert_eq!(project.begin().ends().signal, Some(9));
        assert_eq!(project.say(&["resume", "run"]).code, Some(130));
        project.resume();
        for trial in 0..9 {
            let paths = project.read(&format!("path-{trial}"));
            let first = paths.lines().next().unwrap();
            assert!(paths.lines().all(|path| path == first), "{paths}");
        }
        for trial in [0, 1, 3] {
            let paths = project.read(&format!("path-{trial}"));
            assert!(paths.lines().count() >= 2, "{trial} was started once");
        }
    }
}

/// What a program has at its pause is not to be had (it is larger than the budget): its folder stays
/// under it, and what it leaves at its end is taken instead.
#[test]
fn live_folder() {
    let program = r#"
dir=$1; trial=$3
[ -f "$dir/small" ] && cat "$dir/small" > "restored-$trial"
head -c 200000 /dev/zero > "$dir/large"
echo "{\"epoch\": 1, \"loss\": 0.$trial, \"checkpoint\": true}"
read -r answer
sleep 0.5
rm "$dir/large" && echo "$trial" > "$dir/small" || echo "$trial" >> gone
exit 0
"#;
    let more = "budget = { max_bytes = \"100 kB\" }\nstop = { trials = 3 }";
    let scheduler = "max_resource = 100\nlevels = [1]";
    let project = Project::with_scheduler(Protocol::Answered, program, more, scheduler);
    let said = project.finish();
    assert_eq!(project.read("gone"), "", "{}", said.notes);
    assert_eq!(project.stored(), ["0", "1", "2"], "{}", said.notes);
    for trial in project.stored() {
        let folder = project.checkpoint(&trial);
        assert_eq!(runs::names(&folder), ["small"]);
    }
    project.agrees();
}

/// A program that says at each fifth epoch only that its checkpoint is complete: at the rung at 9
/// it is one of level 5, the way from there is counted as cost, and it is told once.
#[test]
fn saved_at_another_epoch() {
    for protocol in BOTH {
        let program = trainer(protocol, BY_NUMBER, "")
            .replace(
                "echo \"$epoch\" > \"$dir/new\" && mv",
                "complete=false; [ $((epoch % 5)) = 0 ] && complete=true\n  \
                 [ $complete = false ] || echo \"$epoch\" > \"$dir/new\" && $complete && mv",
            )
            .replace("\"$dir/epoch\" || exit 1", "\"$dir/epoch\"")
            .replace("\\\"checkpoint\\\": true", "\\\"checkpoint\\\": $complete");
        let more = "grace = 1\nstop = { trials = 3 }";
        let scheduler = "max_resource = 27\nlevels = [9]";
        let mut project = Project::with_scheduler(protocol, &program, more, scheduler);
        project.set("MAX", "27");
        let said = project.finish();
        let log = project.log();
        for trial in ["0", "1", "2"] {
            let level = &log.of_trial("checkpoint", trial)[0]["level"];
            assert_eq!(*level, 5, "{protocol:?}: {}", said.notes);
        }
        let first = log.0.iter().skip_while(|event| event["event"] != "resume");
        let mut first = first.filter(|event| event["event"] == "result" && event["trial"] == "0");
        assert_eq!(first.next().unwrap()["level"], 6);
        let end = log.of("end").pop().unwrap();
        assert_eq!(
            end["extra_results"]["cost_resources"],
            9 - 5,
            "{}",
            said.all()
        );
        assert_eq!(
            said.notes_with(&["\"0\"", "5", "9"]).len(),
            1,
            "{}",
            said.notes
        );
        project.agrees();
    }
}

/// A crash at 26 of 27, complete checkpoints at each epoch before: it starts again from the last.
#[test]
fn crash_between_rungs() {
    let begin = format!("{BY_NUMBER}\necho \"$epoch\" >> \"began-$trial\"");
    let each = "[ \"$epoch\" = 27 ] && [ ! -e crashed ] && : > crashed && exit 1";
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 3 }\nfailures = { retries = 1 }";
        let scheduler = "max_resource = 27\nlevels = [9]";
        let program = trainer(protocol, &begin, each);
        let mut project = Project::with_scheduler(protocol, &program, more, scheduler);
        project.set("MAX", "27");
        project.set("EPOCH_TIME", "0.02");
        let said = project.finish();
        assert_eq!(
            project.read("began-0"),
            "0\n9\n26\n",
            "{protocol:?}: {}",
            said.all()
        );
        let end = project.log().of("end").pop().cloned().unwrap();
        assert_eq!(end["extra_results"]["cost_resources"], 0);
        project.nothing_is_lost(27);
        project.agrees();
    }
}

/// A file of the checkpoint has another name outside, or is open in a process that has left the
/// program: what is written to it later does not reach the checkpoint.
#[test]
fn hard_linked_elsewhere() {
    let ways = [
        r#"ln -f "$dir/weights" "weights-$trial""#,
        r#"setsid sh -c 'exec 3>> "$0"; while [ ! -e enough ]; do sleep 0.05; echo changed >&3; done' \
    "$dir/weights" < /dev/null > /dev/null 2>&1 & sleep 0.1"#,
    ];
    for protocol in BOTH {
        for (number, way) in ways.into_iter().enumerate() {
            let each = format!(
                "[ -e \"$dir/weights\" ] || {{ echo original > \"$dir/weights\"; {way}; }}"
            );
            let begin = r#"[ "$trial" = 3 ] && while [ ! -e go ]; do : > waits; sleep 0.02; done"#;
            let more = "grace = 1\nstop = { trials = 4 }";
            let scheduler = "max_resource = 100\nlevels = [1]";
            let program = trainer(protocol, begin, &each);
            let project = Project::with_scheduler(protocol, &program, more, scheduler);
            let run = project.begin();
            project.wait_for("three pauses", |_| project.file("waits").exists());
            project.wait_for("their checkpoints", |log| log.of("checkpoint").len() >= 3);
            let read = |trial: &str| {
                let file = project.checkpoint(trial).join("weights");
                fs::read_to_string(file).unwrap()
            };
            let before = ["0", "1", "2"].map(read);
            if number == 0 {
                for trial in ["0", "1", "2"] {
                    project.write(&format!("weights-{trial}"), "changed\n");
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert_eq!(["0", "1", "2"].map(read), before, "{protocol:?}: {way}");
            assert!(before.iter().all(|text| text.starts_with("original\n")));
            project.write("go", "");
            run.ends().finished();
            project.write("enough", "");
            // What was committed is what its hash says.
            let said = project.resume();
            assert_eq!(said.notes_with(&["broken"]).len(), 0, "{}", said.notes);
            project.nothing_is_lost(100);
        }
    }
}
