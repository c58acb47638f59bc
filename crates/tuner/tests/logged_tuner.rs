//! The example that goes on after a kill, killed everywhere.
#![cfg(feature = "serde")]
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::TrialStatus::{PausedNoCheckpoint, PausedWithCheckpoint};
use rungkeeper_tuner_hooks::log::Event;

#[expect(dead_code, reason = "of the example all but `main` is used")]
#[path = "../examples/logged_tuner.rs"]
mod logged_tuner;

use logged_tuner::Tuner;

/// The log of a finished run, which a checked replay finds nothing wrong with.
fn run(folder: &Path) -> String {
    let mut tuner = Tuner::open(folder).unwrap();
    tuner.run().unwrap();
    let text = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let mut lines = read_lines(text.as_bytes());
    let Some((_, Event::Header(header))) = lines.next().transpose().unwrap() else {
        panic!("no header");
    };
    let mut replay = Replay::checked(&header).unwrap();
    for line in lines {
        let (line, event) = line.unwrap();
        replay.feed(line, &event).unwrap();
    }
    let comparison = replay.comparison();
    assert!(
        comparison.passes() && comparison.loop_ends > 5,
        "{comparison:?}"
    );
    let model = replay.callback().model();
    assert_eq!(model.num_trials(), 30);
    // What is paused has its files where the log says so, and only there.
    for (trial, status) in model.trials() {
        let is_there = folder.join("checkpoints").join(trial).exists();
        match status {
            PausedWithCheckpoint => assert!(is_there, "{trial}"),
            PausedNoCheckpoint => assert!(!is_there, "{trial}"),
            _ => {}
        }
    }
    text
}

#[test]
fn goes_on_after_a_kill_at_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&folder.path().join("whole"));
    let metrics = |text: &str| -> BTreeSet<(String, u64)> {
        let events = read_lines(text.as_bytes()).map(|line| line.unwrap().1);
        let results = events.filter_map(|event| match event {
            Event::Result { trial, level, .. } => Some((trial, level)),
            _ => None,
        });
        results.collect()
    };
    for cut in (0..whole.len()).step_by(457) {
        let again = folder.path().join(cut.to_string());
        fs::create_dir_all(&again).unwrap();
        fs::write(again.join("log.jsonl"), &whole[..cut]).unwrap();
        // Checkpoints of the finished run stand for those of the time of the kill, deletions having come to nothing.
        for number in 0..30 {
            fs::create_dir_all(again.join("checkpoints").join(number.to_string())).unwrap();
        }
        assert_eq!(metrics(&run(&again)), metrics(&whole), "cut at byte {cut}");
        fs::remove_dir_all(again).unwrap();
    }
}
