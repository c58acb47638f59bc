//! Runs whose programs crash, or cannot be started.
#![cfg(unix)]

mod small;

use rungkeeper_runner::{Outcome, ResumeOptions, Runner};
use rungkeeper_tuner_hooks::log::Event;

use small::{ANSWERED, BUDGET, Ended, Folder, Silent, check_log, run, stored};

/// 4 of the trials crash at once: no files of them are left, others go on.
#[test]
fn crashed_trial() {
    let crashing = ANSWERED.replace(
        "  echo \"$epoch\" >",
        "  [ \"$epoch\" = 1 ] && [ \"$trial\" -lt 4 ] && kill -9 $$\n  echo \"$epoch\" >",
    );
    let folder = Folder::new(&crashing, BUDGET);
    let Ended { outcome, watch, .. } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    let failed = watch
        .events
        .iter()
        .filter(|e| matches!(e, Event::Failed { .. }))
        .count();
    assert_eq!(failed, 4);
    assert_eq!(watch.notes.len(), 4, "{:?}", watch.notes);
    assert!(
        watch.notes[0].contains("crashed (signal: 9"),
        "{:?}",
        watch.notes
    );
    let there = stored(&folder.run());
    assert!(
        ["0", "1", "2", "3"]
            .iter()
            .all(|t| !there.contains(&(*t).to_owned()))
    );
}

#[test]
fn crashes_are_retried_as_often_as_allowed() {
    let crashing = ANSWERED.replace(
        "while [",
        "[ \"$trial\" = 2 ] && [ \"$(wc -l < began-2)\" -lt 3 ] && exit 7\nwhile [",
    );
    let folder = Folder::new(
        &crashing,
        &format!("failures = {{ retries = 2 }}\n{BUDGET}"),
    );
    let Ended { outcome, watch, .. } = run(&folder);
    assert_eq!(outcome, Outcome::Finished);
    check_log(&folder.run());
    assert!(
        watch
            .events
            .iter()
            .all(|e| !matches!(e, Event::Failed { .. }))
    );
    let restarts = watch
        .events
        .iter()
        .filter(|e| matches!(e, Event::Restart { .. }))
        .count();
    assert_eq!(restarts, 2);
}

#[test]
fn too_many_failures_stop_the_run() {
    let folder = Folder::new(
        "exit 1",
        &format!("failures = {{ max_failed_trials = 3, max_without_report = 99 }}\n{BUDGET}"),
    );
    let Ended { outcome, watch, .. } = run(&folder);
    let reason = match outcome {
        Outcome::GaveUp(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("max_failed_trials is 3"), "{reason}");
    let starts = |event: &&Event| matches!(event, Event::Start { .. });
    assert!(watch.events.iter().filter(starts).count() < 6);
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let folder = Folder::new("", BUDGET);
    folder.edit("\"sh\"", "\"./no-such-program\"");
    let error = Runner::create(&folder.experiment(), &folder.run(), &mut Silent).err();
    let error = error.unwrap().to_string();
    assert!(error.contains("./no-such-program"), "{error}");
    assert!(
        !folder.run().exists(),
        "nothing is made before that is known"
    );
    let options = ResumeOptions::default();
    let none = Runner::resume(folder.folder.path(), &options, &mut Silent).err();
    let none = none.unwrap().to_string();
    assert!(none.contains("holds no run"), "{none}");
}
