//! The store: what the log holds is sacred until the runner itself has removed it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::runs;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{Mounted, done, wait_until};

/// Nobody is promoted: each trial pauses at 1.
const ONE_LEVEL: &str = "max_resource = 100\nlevels = [1]";

/// The trial with this number waits until there is a file `go`.
fn waits_at(trial: u32) -> String {
    format!("[ \"$trial\" = {trial} ] && while [ ! -e go ]; do : > waits; sleep 0.02; done")
}

/// A run whose first eight trials are paused with a checkpoint, and which was interrupted then.
fn eight(protocol: Protocol, more: &str) -> Project {
    let program = trainer(protocol, &waits_at(8), "");
    let more = format!("{more}\ngrace = 1\nstop = {{ trials = 10 }}");
    Project::with_scheduler(protocol, &program, &more, ONE_LEVEL)
}

fn interrupt_after_eight(project: &Project) {
    let run = project.begin();
    project.wait_for("eight checkpoints", |log| {
        log.of("checkpoint").len() >= 8 && project.file("waits").exists()
    });
    run.kill();
}

/// The commands that need the store, each refused with the place in the error.
fn all_refused(project: &Project, place: &Path) {
    let log = fs::read(project.run().join("log.jsonl")).unwrap();
    let place = place.to_str().unwrap();
    for arguments in [
        &["gc", "run"][..],
        &["gc", "--max-checkpoints", "2", "run"],
        &["gc", "--orphans", "--delete", "run"],
        &["pin", "3", "run"],
        &["resume", "run"],
    ] {
        let said = project.say(arguments);
        assert_eq!(said.code, Some(1), "{arguments:?}: {}", said.all());
        assert!(said.all().contains(place), "{arguments:?}: {}", said.all());
    }
    let after = fs::read(project.run().join("log.jsonl")).unwrap();
    assert_eq!(after, log, "something was written down");
}

fn ends_with_all(project: &Project, store: &Path) {
    project.write("go", "");
    project.resume();
    project.nothing_is_lost(100);
    assert_eq!(runs::names(&store.join("checkpoints")).len(), 10);
}

/// A disk that is not mounted for some commands: no new store is made where one has been.
#[test]
fn disk_not_mounted() {
    for protocol in BOTH {
        let project = eight(protocol, "store = { location = \"mnt/store\" }");
        let (disk, mount) = (project.file("disk"), project.file("mnt"));
        let mounted = Mounted::folder(&disk, &mount);
        // Relative to the experiment file or to the run, as documented: it is told where.
        project.edit(
            "e.toml",
            "\"mnt/store\"",
            &format!("{:?}", mount.join("store")),
        );
        interrupt_after_eight(&project);
        drop(mounted);
        all_refused(&project, &mount);
        assert!(runs::names(&mount).is_empty(), "a store was made");
        let _mounted = Mounted::folder(&disk, &mount);
        ends_with_all(&project, &mount.join("store"));
    }
}

/// A store's folder that was moved away for a moment; then one that is there but empty.
#[test]
fn disk_not_mounted_but_a_folder_moved_away() {
    let project = eight(Protocol::Answered, "");
    interrupt_after_eight(&project);
    let (store, away) = (project.run().join("checkpoints"), project.file("away"));
    fs::rename(&store, &away).unwrap();
    // The store's place is told relative to the run as well as in full.
    all_refused(&project, Path::new("checkpoints"));
    assert!(!store.exists() || runs::names(&store).is_empty());
    fs::create_dir_all(&store).unwrap();
    all_refused(&project, Path::new("checkpoints"));
    fs::remove_dir(&store).expect("nothing was made in it");
    fs::rename(&away, &store).unwrap();
    ends_with_all(&project, &store);
}

/// A program that leaves a read-only folder in its checkpoint, in a run that is not root's.
#[test]
fn deletion_refused() {
    let each = r#"[ -d "$dir/fixed" ] && chmod 755 "$dir/fixed"
  mkdir -p "$dir/fixed" && echo "$epoch" > "$dir/fixed/file" && chmod 555 "$dir/fixed""#;
    for protocol in BOTH {
        let more = "grace = 1\nbudget = { max_checkpoints = 4 }\nstop = { trials = 20 }";
        let mut project = Project::new(protocol, &trainer(protocol, "", each), more);
        project.without_privileges();
        let said = project.finish();
        project.nothing_is_lost(9);
        let log = project.log();
        assert!(log.of("remove").len() >= 12, "{}", said.all());
        assert!(log.of("undeleted").is_empty(), "{:?}", log.of("undeleted"));
        project.agrees();
    }
}

/// Files that are not to be had: they belong to somebody else. What is still there is in the log,
/// nothing more is removed for it, and the room that it takes is named.
#[test]
fn deletion_refused_for_good() {
    let program = trainer(Protocol::Answered, &waits_at(4), "");
    let more = "budget = { max_checkpoints = 4, pin_best = false }\nstop = { trials = 12 }\n\
                store = { location = \"checkpoints\", timeout = 1 }";
    let mut project = Project::with_scheduler(Protocol::Answered, &program, more, ONE_LEVEL);
    project.without_privileges();
    let run = project.begin();
    project.wait_for("a full budget", |log| {
        log.of("result").len() >= 4 && project.file("waits").exists()
    });
    // The waiting one is the fourth; what was removed for it is gone by then.
    wait_until("three are left", || project.stored().len() == 3);
    let first = project.stored();
    for trial in &first {
        let data = project.checkpoint(trial);
        done("chown", &["-R", "0:0", data.to_str().unwrap()]);
        done("chmod", &["-R", "a-w", data.to_str().unwrap()]);
    }
    project.write("go", "");
    let said = run.ends();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let log = project.log();
    // Of what could not be deleted one counts as held.
    let given_up = log.of("remove").len();
    assert!((12 - 4..=12 - 4 + 1).contains(&given_up), "{}", said.all());
    let there = log.of("undeleted");
    assert!(!there.is_empty());
    for event in &there {
        let trial = event["trial"].as_str().unwrap().to_owned();
        // Nothing resumes from it any more, and its files are there.
        let trash = runs::names(&project.run().join("checkpoints/trash"));
        let mut aside = trash.iter().map(|name| name.split('@').next().unwrap());
        assert!(aside.any(|name| name == trial) && first.contains(&trial));
    }
    project
        .say(&["replay", "--check", "run/log.jsonl"])
        .finished();
    // Summary, status and report: not "kept", and the trials whose files are there.
    let status = project.say(&["status", "run"]).finished();
    let report = project.say(&["report", "run"]).finished();
    let page = project.read("run/report.html");
    for told in [said.all(), status.all(), report.all(), page] {
        let told = told.to_lowercase();
        assert!(
            !told.contains("budget was kept") && !told.contains("budget kept"),
            "{told}"
        );
        assert!(told.contains("delete"), "the room is not named: {told}");
    }
}

/// Level 9 was committed, its data cut in half by a fault; level 3 is still beside it, as after a
/// kill between the two. It is looked into the newer one before the older one is swept.
#[test]
fn older_level_is_there() {
    let begin = r#"echo "$epoch" >> "began-$trial"
while [ "$trial" = 1 ] && [ ! -e go1 ]; do : > waits1; sleep 0.02; done
while [ "$trial" = 3 ] && [ ! -e go3 ]; do : > waits3; sleep 0.02; done
x=0.$trial"#;
    for protocol in BOTH {
        let program = trainer(protocol, begin, "");
        let more = "grace = 1\nstop = { trials = 9 }";
        let scheduler = "max_resource = 27\nlevels = [3, 9]";
        let mut project = Project::with_scheduler(protocol, &program, more, scheduler);
        project.set("MAX", "27");
        let run = project.begin();
        project.wait_for("level 3", |_| project.file("waits1").exists());
        let saved = project.file("saved");
        let place = project.run().join("checkpoints/checkpoints/0");
        done(
            "cp",
            &["-a", place.to_str().unwrap(), saved.to_str().unwrap()],
        );
        project.write("go1", "");
        project.wait_for("level 9", |_| project.file("waits3").exists());
        run.kill();
        let log = project.log();
        let newest = log.of_trial("checkpoint", "0").last().unwrap()["level"].clone();
        assert_eq!(newest, 9);
        let file = project.checkpoint("0").join("epoch");
        fs::write(&file, "").expect("half of two bytes, cut");
        let older = runs::names(&saved).remove(0);
        let from = saved.join(&older);
        done(
            "cp",
            &["-a", from.to_str().unwrap(), place.to_str().unwrap()],
        );
        project.write("go3", "");
        let said = project.resume();
        // It goes on from 3, with a note, and not from scratch.
        assert_eq!(project.read("began-0"), "0\n3\n3\n", "{}", said.all());
        assert!(!said.notes_with(&["\"0\""]).is_empty(), "{}", said.notes);
        assert_eq!(project.log().of("failed").len(), 0);
        project.agrees();
    }
}

/// A checkpoint was removed by hand, another one emptied, the run being stopped: a note tells it of
/// both, they do not count, and nothing lists what is not there.
#[test]
fn removed_by_hand() {
    let project = eight(Protocol::Answered, "budget = { max_checkpoints = 9 }");
    interrupt_after_eight(&project);
    project.say(&["pin", "5", "run"]).finished();
    let store = project.run().join("checkpoints/checkpoints");
    for trial in ["2", "5"] {
        fs::remove_dir_all(store.join(trial)).unwrap();
    }
    fs::remove_dir_all(project.checkpoint("3")).unwrap();
    let gone = ["2", "3", "5"];
    let mine = |told: &str, trial: &str| told.contains(&format!("trial {trial}: "));
    let dry = project.say(&["gc", "--dry-run", "--max-checkpoints", "0", "run"]);
    let dry = dry.finished().out;
    assert!(mine(&dry, "0"), "{dry}");
    assert!(gone.iter().all(|trial| !mine(&dry, trial)), "{dry}");
    project.write("go", "");
    let said = project.resume();
    for trial in gone {
        let told = said.notes_with(&[&format!("\"{trial}\"")]);
        assert!(!told.is_empty(), "trial {trial}: {}", said.notes);
        assert!(!project.stored().contains(&trial.to_owned()));
    }
    project.agrees();
    let status = project.say(&["status", "run"]).finished().out;
    assert!(status.contains("checkpoints: 7 of 9; "), "{status}");
}

/// The same, after the end: the best of a finished run is not said to be kept.
#[test]
fn removed_by_hand_the_best() {
    for protocol in BOTH {
        let more = "grace = 1\nstop = { trials = 9 }";
        let project = Project::new(protocol, &trainer(protocol, "", ""), more);
        project.finish();
        let log = project.log();
        let pinned: Vec<&Value> = log.of("pin");
        let best = pinned.last().expect("the best is pinned")["trial"].as_str();
        let best = best.unwrap().to_owned();
        let folder = project.run().join("checkpoints/checkpoints").join(&best);
        fs::remove_dir_all(folder).unwrap();
        let dry = project.say(&["gc", "--dry-run", "--max-checkpoints", "0", "run"]);
        let dry = dry.finished().out;
        assert!(!dry.contains(&format!("trial {best}: ")), "{dry}");
        let said = project.resume();
        assert!(
            !said.all().contains("its checkpoint is kept"),
            "{}",
            said.all()
        );
        assert!(
            !said.notes_with(&[&format!("\"{best}\"")]).is_empty(),
            "{}",
            said.all()
        );
        project.agrees();
    }
}
