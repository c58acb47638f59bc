//! Tests of what ordinary life does to runs, as the page tells it.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Decision, Limits};

use super::ladder::levels;
use super::sample::{Log, folder, run};
use super::tests::{fact, header_of, page_of};
use super::{Clock, View};

/// A program that does not read its checkpoint: the cost is told, and that it is not the budget's.
#[test]
fn ignores_its_checkpoint() {
    let mut log = Log::new(None);
    log.start("a");
    log.report("a", 1, 0.5, Decision::Continue);
    log.pause("a", 3, 0.4);
    log.resume("a");
    log.report("a", 1, 0.5, Decision::Continue);
    let page = page_of(&log);
    let said = "3\u{a0}resource units had to be trained again, <strong>100\u{a0}% of the training</strong>, \
                3 of it by trials that had their checkpoint.";
    assert!(header_of(&page).contains(said), "{}", header_of(&page));
}

/// What could not be deleted takes room: the budget is not called kept.
#[test]
fn deletion_refused() {
    let mut log = run();
    log.undeleted("b", 1000);
    log.undeleted("c<i>", 500);
    let history = log.history();
    let taken = history.room_taken().unwrap();
    assert_eq!(
        taken.sentence(),
        "2 checkpoints could not be deleted and take 1.5\u{a0}kB: trials b and c<i>"
    );
    let page = page_of(&log);
    let header = header_of(&page);
    assert!(!header.contains("<strong>kept</strong>"), "{header}");
    assert!(header.contains("was kept, except for what could not be deleted"));
    assert!(header.contains(
        "<strong>2\u{a0}checkpoints could not be deleted</strong> and take 1.5\u{a0}kB of room: \
         trials b and c&lt;i&gt;."
    ));
    assert_eq!(fact(&page, "not deleted"), "2 (1.5\u{a0}kB)");
    for trial in ["b", "c<i>"] {
        log.event(|elapsed| Event::Removed {
            trial: trial.into(),
            elapsed,
        });
    }
    assert_eq!(log.history().room_taken(), None);
    let page = page_of(&log);
    assert!(header_of(&page).contains("was <strong>kept</strong>"));
    assert!(!page.contains("not deleted"));
}

/// A program that ends before max resource competes for the best, and stands on its rung.
#[test]
fn ends_by_itself() {
    let mut log = Log::new(None);
    log.start("early");
    log.report("early", 1, 0.3, Decision::Continue);
    log.report("early", 2, 0.05, Decision::Continue);
    log.start("far");
    log.report("far", 1, 0.2, Decision::Continue);
    log.report("far", 3, 0.2, Decision::Continue);
    log.report("far", 9, 0.1, Decision::Stop);
    log.event(|elapsed| Event::Complete {
        trial: "early".into(),
        elapsed,
    });
    let history = log.history();
    let best = history.best().map(|(trial, metric)| (&*trial.id, metric));
    assert_eq!(best, Some(("early", 0.05)));
    let page = page_of(&log);
    let said = "<strong>trial early</strong> with a metric of <strong>0.05</strong>, where it ended by itself.";
    assert!(header_of(&page).contains(said), "{}", header_of(&page));
    assert!(page.contains("at resource 2, where it ended by itself."));
    assert!(page.contains("<td>ended by itself</td>"));
    let folder = folder().1;
    let view = View {
        history: &history,
        folder: &folder,
        clock: Clock::of(1.0),
    };
    let levels = levels(&view);
    let ended = |at: usize| (levels[at].reached, levels[at].ended);
    assert_eq!([ended(0), ended(1), ended(2)], [(2, 1), (1, 0), (1, 1)]);
}

/// A finished run goes on with more to do, and a failed trial is tried again.
#[test]
fn more_trials_and_a_second_try() {
    let mut log = run();
    log.start("d");
    log.event(|elapsed| Event::Failed {
        trial: "d".into(),
        elapsed,
    });
    log.end();
    assert!(log.history().ended && log.history().trials[3].failed);
    log.event(|elapsed| Event::Limits {
        limits: Limits {
            seconds: Some(100.0),
            ..Limits::default()
        },
        elapsed,
    });
    let history = log.history();
    assert!(!history.ended);
    assert_eq!(history.limits().seconds, Some(100.0));
    log.event(|elapsed| Event::Retry {
        trial: "d".into(),
        elapsed,
    });
    assert!(!log.history().trials[3].failed);
    assert!(!header_of(&page_of(&log)).contains("failed"));
}

/// A run that has ended is not begun again by what a person asks for afterwards.
#[test]
fn a_pin_after_the_end_changes_nothing() {
    let mut log = run();
    log.event(|elapsed| Event::Unpin {
        trial: "a".into(),
        elapsed,
    });
    assert!(log.history().ended);
    assert!(page_of(&log).contains("Checkpoint: not kept."));
    log.resume("b");
    assert!(!log.history().ended);
}
