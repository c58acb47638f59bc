//! What a replay compares, and what it refuses.
#![cfg(feature = "serde")]

use rungkeeper_tuner::log::parse_line;
use rungkeeper_tuner::replay::{Replay, ReplayError};
use rungkeeper_tuner_hooks::log::{Event, Header};

const HEADER: &str = r#"{"event": "header", "source": "test", "policy": "speculative", "max_num_checkpoints": 2, "mode": "min", "max_resource": 27, "rungs": [{"level": 1, "promotion_quantile": [1, 3]}]}"#;

fn header() -> Header {
    match parse_line(1, HEADER).unwrap() {
        Event::Header(header) => *header,
        other => panic!("{other:?}"),
    }
}

fn replay(text: &str) -> Result<Replay, ReplayError> {
    let mut replay = Replay::checked(&header())?;
    for (number, line) in text.lines().enumerate() {
        let line = parse_line(number + 2, line).unwrap();
        replay.feed(number + 2, &line)?;
    }
    replay.finish()?;
    Ok(replay)
}

const PAUSED: &str = r#"{"event": "start", "trial": "0", "elapsed": 1}
{"event": "result", "trial": "0", "level": 1, "metric": 0.9, "decision": "PAUSE", "elapsed": 1}
{"event": "start", "trial": "1", "elapsed": 1}
{"event": "result", "trial": "1", "level": 1, "metric": 0.1, "decision": "PAUSE", "elapsed": 1}
{"event": "start", "trial": "2", "elapsed": 1}
"#;

fn loop_end(trial: &str, rank: u64) -> String {
    format!(
        r#"{PAUSED}{{"event": "loop_end", "elapsed": 1, "num_to_remove": 1, "candidates": 2, "removed": [{{"trial": "{trial}", "level": 1, "rank": {rank}, "rung_len": 2}}]}}"#
    )
}

#[test]
fn worse_choices_and_other_states_are_found() {
    let verdicts = |text: &str| {
        let comparison = replay(text).unwrap().comparison();
        (
            comparison.agree,
            comparison.better,
            comparison.tied,
            comparison.worse,
        )
    };
    assert_eq!(verdicts(&loop_end("0", 2)), (1, 0, 0, 0));
    // Removing the better one costs more: own choice is better.
    assert_eq!(verdicts(&loop_end("1", 1)), (0, 1, 0, 0));
    // The recorded rank is not the one that follows from the events.
    assert_eq!(verdicts(&loop_end("0", 1)), (0, 0, 0, 1));
    let wrong_number = loop_end("0", 2).replace("\"candidates\": 2", "\"candidates\": 3");
    assert_eq!(verdicts(&wrong_number), (0, 0, 0, 1));
}

#[test]
fn ends_that_do_not_match_are_found() {
    let end = |removed: u64| {
        format!(
            "{}\n{}",
            loop_end("0", 2),
            format_args!(
                r#"{{"event": "end", "elapsed": 2, "extra_results": {{"num_checkpoints_removed": {removed}, "num_trials_resumed": 0, "cost_resources": 0}}, "trials_resumed_without_checkpoint": [], "estimators": [{{"level": 1, "num_one": 1, "num_total": 1}}]}}"#
            )
        )
    };
    let comparison = replay(&end(1)).unwrap().comparison();
    assert!(comparison.passes());
    assert_eq!(comparison.estimators_match, Some(true));
    let comparison = replay(&end(2)).unwrap().comparison();
    assert!(!comparison.passes());
    assert_eq!(comparison.extra_results_match, Some(false));
}

#[test]
fn events_that_do_not_fit_are_said_with_their_line() {
    let twice = format!("{PAUSED}{}", PAUSED.lines().next().unwrap());
    let error = replay(&twice).err().unwrap().to_string();
    assert_eq!(error, "line 7: trial \"0\" was started before");
    let unknown = loop_end("9", 1);
    let error = replay(&unknown).err().unwrap().to_string();
    assert_eq!(error, "line 7: trial \"9\" was never started");
}

#[test]
fn removals_outside_of_a_loop_end_are_applied() {
    let remove = r#"{"event": "remove", "trial": "0", "level": 1, "rank": 2, "rung_len": 2, "bytes": 5, "expected_cost": null, "reason": "asked", "elapsed": 1}"#;
    let resume = r#"{"event": "resume", "trial": "0", "elapsed": 2}"#;
    let replay = replay(&format!("{PAUSED}{remove}\n{resume}")).unwrap();
    let resumed = replay.callback().trials_resumed_without_checkpoint();
    assert_eq!(resumed, [("0".to_owned(), 1)]);
}

/// A free replay decides itself, at the end of each group of events of one time.
#[test]
fn free_replay_decides_by_itself() {
    let mut replay = Replay::free(&header()).unwrap();
    for (number, line) in loop_end("1", 1).lines().enumerate() {
        let event = parse_line(number + 2, line).unwrap();
        assert_eq!(replay.feed(number + 2, &event).unwrap().plan, None);
    }
    let plan = replay.finish().unwrap().plan.unwrap();
    assert_eq!(plan.removals[0].trial, "0");
}
