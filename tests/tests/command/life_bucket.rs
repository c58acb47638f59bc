//! A bucket that lies, refuses or hangs up: what the log holds is sacred there as well.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use rungkeeper_tests::s3::Server;

use crate::runs;
use crate::runs::check_log;
use crate::runs::life::{BOTH, Project, Protocol, trainer};

/// A project whose checkpoints go to a bucket.
struct Place {
    project: Project,
    server: Server,
}

impl Place {
    fn new(protocol: Protocol, begin: &str, more: &str, scheduler: &str) -> Self {
        let program = trainer(protocol, begin, "");
        let store = "store = { location = \"s3://bucket/runs\", timeout = 3 }";
        let more = format!("grace = 1\n{store}\n{more}");
        let mut project = Project::with_scheduler(protocol, &program, &more, scheduler);
        let server = Server::start(&project.file("server"), &["bucket"]);
        for (name, value) in server.options() {
            project.set(&name, &value);
        }
        Self { project, server }
    }

    /// Trials that have a checkpoint in the bucket.
    fn in_bucket(&self) -> Vec<String> {
        let folder: PathBuf = self.server.bucket("bucket").join("runs/case/checkpoints");
        let mut trials = runs::names(&folder);
        // The server may leave a folder without an object.
        trials.retain(|trial| {
            let stamps = fs::read_dir(folder.join(trial)).unwrap().flatten();
            stamps.into_iter().any(|stamp| {
                let data = stamp.path().join("data");
                fs::read_dir(data).is_ok_and(|mut data| data.next().is_some())
            })
        });
        trials
    }

    /// The bucket and the local copy hold what the log owns, and nothing else.
    fn agrees(&self) {
        let (_, owned) = check_log(&self.project.run());
        assert_eq!(self.in_bucket(), owned);
        self.project.agrees();
    }
}

const FIVE: &str = "[ \"$trial\" = 5 ] && while [ ! -e go ]; do : > waits; sleep 0.02; done";
const ONE_LEVEL: &str = "max_resource = 100\nlevels = [1]";

/// One listing is answered with 200 and no entries; then all of them are. What the log holds is
/// asked for by its key, and a local copy is used.
#[test]
fn listing_lies() {
    for protocol in BOTH {
        for lies in [1, 1_000_000] {
            for with_gc in [true, false] {
                lied_to(protocol, lies, with_gc, true);
            }
        }
    }
}

/// The same, without a local copy.
#[test]
fn listing_lies_without_a_local_copy() {
    for protocol in BOTH {
        for lies in [1, 1_000_000] {
            lied_to(protocol, lies, false, false);
        }
    }
}

fn lied_to(protocol: Protocol, lies: usize, with_gc: bool, local: bool) {
    let place = Place::new(protocol, FIVE, "stop = { trials = 8 }", ONE_LEVEL);
    let project = &place.project;
    let run = project.begin();
    project.wait_for("five checkpoints", |log| {
        log.of("checkpoint").len() >= 5 && project.file("waits").exists()
    });
    run.kill();
    if !local {
        fs::remove_dir_all(project.run().join("checkpoints")).unwrap();
    }
    let faults = place.server.faults();
    faults.empty_listings.store(lies, Ordering::SeqCst);
    if with_gc {
        for arguments in [
            &["gc", "run"][..],
            &["pin", "3", "run"],
            &["gc", "--orphans", "--delete", "run"],
        ] {
            project.say(arguments).finished();
            project.nothing_is_lost(100);
        }
    }
    project.write("go", "");
    project.resume();
    faults.empty_listings.store(0, Ordering::SeqCst);
    project.nothing_is_lost(100);
    let (_, owned) = check_log(&project.run());
    assert_eq!(owned.len(), 8);
    assert_eq!(place.in_bucket(), owned);
    if local {
        place.agrees();
    }
}

/// A connection is reset at a DELETE, some times: it is tried again, and nobody notices.
#[test]
fn deletion_refused_by_a_reset_connection() {
    for protocol in BOTH {
        let more = "budget = { max_checkpoints = 3 }\nstop = { trials = 12 }";
        let place = Place::new(protocol, "", more, ONE_LEVEL);
        let faults = place.server.faults();
        faults.cut_deletions.store(3, Ordering::SeqCst);
        place.project.finish();
        assert_eq!(faults.cut_deletions.load(Ordering::SeqCst), 0);
        place.project.nothing_is_lost(100);
        let log = place.project.log();
        // No more is removed than without the fault.
        assert_eq!(log.of("remove").len(), 12 - 3);
        assert!(log.of("undeleted").is_empty(), "{:?}", log.of("undeleted"));
        place.agrees();
    }
}

/// A bucket without the right to delete: what is still there is in the log, no more is removed for
/// it, and the room that it takes is named.
#[test]
fn deletion_refused_by_the_bucket() {
    for protocol in BOTH {
        let more = "budget = { max_checkpoints = 3, pin_best = false }\nstop = { trials = 10 }";
        let place = Place::new(protocol, "", more, ONE_LEVEL);
        let project = &place.project;
        let faults = place.server.faults();
        faults.no_deletions.store(true, Ordering::SeqCst);
        let said = project.begin().ends();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let log = project.log();
        // Of what could not be deleted one counts as held.
        let given_up = log.of("remove").len();
        assert!((10 - 3..=10 - 3 + 1).contains(&given_up), "{}", said.all());
        assert!(!log.of("undeleted").is_empty());
        assert_eq!(place.in_bucket().len(), 10);
        project
            .say(&["replay", "--check", "run/log.jsonl"])
            .finished();
        let status = project.say(&["status", "run"]).finished();
        let report = project.say(&["report", "run"]).finished();
        for told in [said.all(), status.all(), report.all()] {
            let told = told.to_lowercase();
            assert!(
                !told.contains("budget was kept") && !told.contains("budget kept"),
                "{told}"
            );
            assert!(told.contains("delete"), "the room is not named: {told}");
        }
        // With the right to it, the next command deletes what was removed.
        faults.no_deletions.store(false, Ordering::SeqCst);
        project.say(&["gc", "run"]).finished();
        place.agrees();
    }
}
