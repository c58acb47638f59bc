//! The seven recorded runs of the reference, replayed through the removal callback.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use rungkeeper_tuner::log::{read_lines, to_line};
use rungkeeper_tuner::replay::{Checked, CheckedLoopEnd, Comparison, Replay, Verdict};
use rungkeeper_tuner_hooks::log::{Event, Header};

fn trace(name: &str) -> Vec<(usize, Event)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle/traces");
    let file = File::open(folder.join(name)).unwrap();
    read_lines(BufReader::new(file))
        .map(Result::unwrap)
        .collect()
}

fn header(events: &[(usize, Event)]) -> Header {
    match &events[0].1 {
        Event::Header(header) => (**header).clone(),
        other => panic!("{other:?}"),
    }
}

fn check(header: &Header, events: &[(usize, Event)]) -> (Comparison, Vec<CheckedLoopEnd>) {
    let mut replay = Replay::checked(header).unwrap();
    let mut loop_ends = Vec::new();
    for (line, event) in &events[1..] {
        loop_ends.extend(replay.feed(*line, event).unwrap().checked);
    }
    replay.finish().unwrap();
    (replay.comparison(), loop_ends)
}

/// `worse` 0, everything at the end matches, at least 98 % agree or tie; the others are better, and
/// by more than rounding: the recorded score of the reference is the one that is wrong.
fn agrees(name: &str, expected: (u64, u64, u64)) {
    let events = trace(name);
    let (found, loop_ends) = check(&header(&events), &events);
    assert_eq!((found.agree, found.tied, found.better), expected, "{name}");
    assert_eq!(found.worse, 0, "{name}");
    assert!(
        100 * (found.agree + found.tied) >= 98 * found.loop_ends,
        "{name}"
    );
    assert_eq!(found.extra_results_match, Some(true), "{name}");
    assert_eq!(found.resumed_match, Some(true), "{name}");
    assert_eq!(found.estimators_match, Some(true), "{name}");
    for end in loop_ends
        .iter()
        .filter(|end| end.verdict == Verdict::Better)
    {
        let cost = |checked: &Checked| checked.ln_cost.unwrap().exp();
        let loss = |list: &[Checked]| -> f64 { list.iter().map(cost).sum() };
        assert!(loss(&end.own) < loss(&end.recorded), "{name}: {end:?}");
        // Where the choices differ, the reference's own score of what it removed is off.
        let off = |checked: &Checked| {
            let score = checked.recorded_score.unwrap();
            (score - cost(checked)).abs() > 1e-3 * cost(checked)
        };
        assert!(end.recorded.iter().any(off), "{name}: {end:?}");
    }
}

#[test]
fn asha_by_level() {
    agrees("asha_by_level.jsonl", (456, 0, 0));
}

#[test]
fn asha_eta2_deep() {
    agrees("asha_eta2_deep.jsonl", (470, 0, 0));
}

#[test]
fn asha_eta3_max() {
    agrees("asha_eta3_max.jsonl", (353, 0, 4));
}

#[test]
fn asha_eta3_min() {
    agrees("asha_eta3_min.jsonl", (409, 0, 3));
}

#[test]
fn asha_steps5() {
    agrees("asha_steps5.jsonl", (532, 0, 3));
}

#[test]
fn asha_tight_budget() {
    agrees("asha_tight_budget.jsonl", (252, 0, 0));
}

#[test]
fn asha_uneven_rungs() {
    agrees("asha_uneven_rungs.jsonl", (260, 0, 0));
}

/// Without the compatible setting repeated reports are no data, and the estimators differ: the
/// setting does something, and it is on in logs of the reference only.
#[test]
fn repeated_reports_count_only_under_the_compatible_setting() {
    let events = trace("asha_eta3_min.jsonl");
    let mut header = header(&events);
    assert!(header.model_spec().repeated_reports_are_data);
    header.source = "another tuner".to_owned();
    assert!(!header.model_spec().repeated_reports_are_data);
    let (found, _) = check(&header, &events);
    assert_eq!(found.estimators_match, Some(false));
}

/// Written and read again, a trace gives the same comparison.
#[test]
fn traces_survive_being_written_again() {
    let events = trace("asha_tight_budget.jsonl");
    let text: String = events
        .iter()
        .map(|(_, event)| to_line(event) + "\n")
        .collect();
    let again: Vec<_> = read_lines(text.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(
        check(&header(&again), &again).0,
        check(&header(&events), &events).0
    );
}

/// The mode decides nothing else: a mirrored trace gives the same removals.
#[test]
fn min_is_max_mirrored() {
    let events = trace("asha_eta3_max.jsonl");
    let mirrored: Vec<(usize, Event)> = events.iter().cloned().map(mirror).collect();
    let (one, ends) = check(&header(&events), &events);
    let (other, mirrored_ends) = check(&header(&mirrored), &mirrored);
    assert_eq!(one, other);
    assert_eq!(ends, mirrored_ends);
}

fn mirror((line, mut event): (usize, Event)) -> (usize, Event) {
    match &mut event {
        Event::Header(header) => header.mode = rungkeeper_tuner_hooks::Mode::Min,
        Event::Result { metric, .. } => *metric = 1.0 - *metric,
        _ => {}
    }
    (line, event)
}
