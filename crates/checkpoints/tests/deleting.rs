//! Deletions that fail, take long, or come twice.

mod common;

use std::fs;
use std::io::ErrorKind;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use common::{commit, resume, write};
use rungkeeper_checkpoints::{
    Deleter, DeleterSettings, DeletionEvent, DirectoryStore, Fault, Faults, FaultyStore, Operation,
    Request, Step, Steps, Store,
};

/// Tries again at once, so that no test waits.
fn eager() -> DeleterSettings {
    DeleterSettings {
        threads: 2,
        first_delay: Duration::from_millis(1),
        longest_delay: Duration::from_millis(2),
    }
}

const LONG: Duration = Duration::from_secs(60);

/// A store with one checkpoint of 8 bytes, its faults, and a deleter for it.
struct Deleting {
    store: Arc<FaultyStore<DirectoryStore>>,
    faults: Faults,
    deleter: Deleter,
    events: Receiver<DeletionEvent>,
    _folder: tempfile::TempDir,
}

impl Deleting {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let store = DirectoryStore::open_with(folder.path(), "run", faults.steps()).unwrap();
        let store = Arc::new(FaultyStore::new(store, faults.clone()));
        commit(&*store, "7", 3, b"four");
        let (deleter, events) = Deleter::new(store.clone(), eager());
        Self {
            store,
            faults,
            deleter,
            events,
            _folder: folder,
        }
    }
}

/// EBUSY, ENOTEMPTY, EACCES once, then always: moved aside first so that nothing resumes from it,
/// tried again, its bytes still counted, warned once; another goes in its place; listed at the end.
#[test]
fn delete_fails() {
    for kind in [
        ErrorKind::ResourceBusy,
        ErrorKind::DirectoryNotEmpty,
        ErrorKind::PermissionDenied,
    ] {
        removing_fails_once(kind);
        removing_fails_always(kind);
        moving_fails(kind);
    }
}

fn removing_fails_once(kind: ErrorKind) {
    let run = Deleting::new();
    run.faults.at(Operation::Purge, 1, Fault::Error(kind));
    run.deleter.delete("7", 8);
    assert_eq!(run.deleter.drain(LONG), []);
    assert_eq!(run.deleter.pending_bytes(), 0);
    assert_eq!(run.faults.calls(Operation::Purge), 2);
    let events: Vec<DeletionEvent> = run.events.try_iter().collect();
    assert!(matches!(
        &events[0],
        DeletionEvent::Failed {
            bytes: 8,
            level: Some(3),
            ..
        }
    ));
    assert!(matches!(
        &events[1],
        DeletionEvent::Deleted {
            bytes: 8,
            level: Some(3),
            request: Request::Delete,
            ..
        }
    ));
    assert_eq!(events.len(), 2);
}

fn removing_fails_always(kind: ErrorKind) {
    let run = Deleting::new();
    run.faults.always_at(Operation::Purge, Fault::Error(kind));
    run.deleter.delete("7", 8);
    assert_eq!(resume(&*run.store, "7"), None);
    assert!(matches!(
        run.events.recv().unwrap(),
        DeletionEvent::Failed { .. }
    ));
    // Tried again and again, and warned of once.
    while run.faults.calls(Operation::Purge) < 5 {
        std::thread::yield_now();
    }
    assert_eq!(run.events.try_recv(), Err(mpsc::TryRecvError::Empty));
    assert_eq!(
        (run.deleter.pending_bytes(), run.deleter.stuck().len()),
        (8, 1)
    );
    // What is stuck counts, so the caller lets another go in its place; that one is not held up.
    commit(run.store.inner(), "8", 1, b"next");
    run.deleter.delete("8", 8);
    assert_eq!(resume(&*run.store, "8"), None);
    assert_eq!(run.deleter.pending_bytes(), 16);
    run.faults.clear();
    assert_eq!(run.deleter.drain(LONG), []);
    let deleted = |event: &DeletionEvent| matches!(event, DeletionEvent::Deleted { .. });
    assert_eq!(run.events.try_iter().filter(deleted).count(), 2);

    run.faults.always_at(Operation::Purge, Fault::Error(kind));
    commit(run.store.inner(), "8", 1, b"next");
    run.deleter.delete("8", 8);
    let left = run.deleter.drain(Duration::from_millis(20));
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].trial.as_str(), left[0].level, left[0].bytes),
        ("8", Some(1), 8)
    );
    assert!(left[0].failures >= 1);
    assert!(left[0].error.as_ref().unwrap().contains(&kind.to_string()));
    // The next process takes it.
    drop(run.deleter);
    assert_eq!(run.store.inner().sweep().unwrap().aside, 1);
}

fn moving_fails(kind: ErrorKind) {
    let run = Deleting::new();
    run.faults
        .always_at_step(Step::SettingAside, Fault::Error(kind));
    run.deleter.delete("7", 8);
    assert!(matches!(
        run.events.recv().unwrap(),
        DeletionEvent::Failed {
            level: None,
            bytes: 8,
            ..
        }
    ));
    assert_eq!(
        (run.deleter.pending_bytes(), run.deleter.stuck().len()),
        (8, 1)
    );
    // The trial trains from scratch and commits while the old one is still to go.
    let staging = run.store.begin("7").unwrap();
    write(&staging, "weights", b"new");
    write(&staging, "optimizer/state", b"new");
    let committed = run.store.commit("7", 1, 2).unwrap();
    assert!(committed.warning.is_some());
    assert_eq!(run.store.list().unwrap().len(), 2);
    run.faults.clear();
    assert_eq!(run.deleter.drain(LONG), []);
    assert_eq!(resume(&*run.store, "7"), Some((1, "new".to_owned())));
    assert_eq!(run.store.list().unwrap().len(), 1);
    let events: Vec<DeletionEvent> = run.events.try_iter().collect();
    assert!(matches!(
        &events[..],
        [DeletionEvent::Deleted {
            level: Some(3),
            bytes: 8,
            ..
        }]
    ));
}

/// Deletions that take longer than everything else: the loop is not held up; the queue is shown and
/// drained at the end. A gate stands for the time they take.
#[test]
fn slow_delete() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let closed = Arc::clone(&gate);
    let steps = Steps::new(move |step| {
        if step == Step::Purging {
            let (open, changed) = &*closed;
            let waiting = changed.wait_while(open.lock().unwrap(), |open| !*open);
            drop(waiting.unwrap());
        }
        Ok(())
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(DirectoryStore::open_with(folder.path(), "run", steps).unwrap());
    let (deleter, events) = Deleter::new(store.clone(), DeleterSettings::default());
    for trial in 0..10 {
        let trial = trial.to_string();
        commit(&*store, &trial, 1, b"four");
        deleter.delete(&trial, 8);
        // The loop goes on, and nothing resumes from what is to go.
        assert_eq!(resume(&*store, &trial), None);
    }
    assert!(store.list().unwrap().is_empty());
    assert_eq!(deleter.pending().len(), 10);
    assert_eq!(deleter.pending_bytes(), 80);
    assert_eq!(deleter.stuck(), []); // slow is not stuck
    assert_eq!(deleter.drain(Duration::ZERO).len(), 10);
    assert_eq!(events.try_iter().count(), 0);

    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(deleter.drain(LONG), []);
    assert_eq!(events.try_iter().count(), 10);
    assert_eq!(
        fs::read_dir(folder.path().join("trash")).unwrap().count(),
        0
    );
}

/// What nobody is told of twice: a deletion of nothing, a checkpoint that a newer one replaced, and
/// what a crashed trial left.
#[test]
fn each_request_to_delete_is_answered() {
    let run = Deleting::new();
    run.deleter.delete("unknown", 0);
    let staging = run.store.begin("7").unwrap();
    write(&staging, "weights", b"more");
    let committed = run.store.commit("7", 9, 2).unwrap();
    for aside in committed.superseded {
        run.deleter.purge(aside);
    }
    write(&run.store.begin("7").unwrap(), "weights", b"half");
    let left = run.store.discard("7").unwrap().unwrap();
    run.deleter.purge(left);
    assert_eq!(run.deleter.drain(LONG), []);
    let mut answers: Vec<(String, Option<u64>, u64, Request)> = Vec::new();
    for event in run.events.try_iter() {
        match event {
            DeletionEvent::Deleted {
                trial,
                level,
                bytes,
                request,
            } => {
                answers.push((trial, level, bytes, request));
            }
            other => panic!("{other:?}"),
        }
    }
    answers.sort_by_key(|answer| (answer.0.clone(), answer.1));
    let seven = "7".to_owned();
    let expected = [
        (seven.clone(), None, 4, Request::Purge),
        (seven, Some(3), 8, Request::Purge),
        ("unknown".to_owned(), None, 0, Request::Delete),
    ];
    assert_eq!(answers, expected);
    assert_eq!(run.store.list().unwrap().len(), 1);
}
