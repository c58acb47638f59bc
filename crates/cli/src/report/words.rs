//! Sentences on a run that several commands say.

use rungkeeper_tuner_hooks::{CheckpointTracking, Mode};

use super::folder::RunFolder;
use super::history::History;
use super::standing;
use super::trials::Trial;
use crate::page::numbers;
use crate::plain::{path, plain};

/// A metric on a terminal: four digits.
pub(crate) fn metric(value: f64) -> String {
    if value.is_finite() {
        numbers::significant(value, 4)
    } else {
        "a bad metric".to_owned()
    }
}

/// Which values of a metric are good.
pub(crate) fn good(mode: Mode) -> &'static str {
    match mode {
        Mode::Min => "small",
        Mode::Max => "large",
    }
}

/// "trial 7 with 0.1234 at epoch 27, not finished".
pub(crate) fn best_trial(trial: &Trial, value: f64, folder: &RunFolder) -> String {
    let (id, metric) = (plain(&trial.id), metric(value));
    let resource = trial.highest().map_or(0, |highest| highest.0);
    let unit = match folder.resource() {
        "resource" => "level".to_owned(),
        name => plain(name),
    };
    let how = match (trial.finished, trial.by_itself) {
        _ if trial.failed => ", then it failed",
        (None, _) => ", not finished",
        (_, true) => ", where it ended by itself",
        _ => "",
    };
    format!("trial {id} with {metric} at {unit} {resource}{how}")
}

/// The line on the best trial so far.
pub(crate) fn best(history: &History, folder: &RunFolder) -> String {
    match history.best() {
        Some((trial, value)) => format!("best: {}", best_trial(trial, value, folder)),
        None => "best: none yet, no trial has reported a number".to_owned(),
    }
}

/// The line on a trial that has not finished and is better than the best, which has.
pub(crate) fn better_so_far(history: &History, folder: &RunFolder) -> Option<String> {
    let (trial, value) = history.better_unfinished()?;
    let trial = best_trial(trial, value, folder);
    Some(format!("better so far: {trial}"))
}

/// ", 9 failed" behind a number of trials; empty where none did.
pub(crate) fn failed(history: &History) -> String {
    match history.num_failed() {
        0 => String::new(),
        number => format!(", {number} failed"),
    }
}

/// The line that tells how failed trials are tried again, where there are any. A log by itself is no run to go on with.
pub(crate) fn try_again(history: &History, folder: &RunFolder) -> Option<String> {
    let directory = folder.directory().filter(|_| history.num_failed() > 0)?;
    let directory = path(directory);
    Some(format!(
        "try what failed again: rungkeeper resume {directory} --retry-failed"
    ))
}

/// What became of the checkpoint of a trial, as the end of a line.
pub(crate) fn its_checkpoint(history: &History, folder: &RunFolder, trial: &Trial) -> String {
    match standing::checkpoint(history, folder, trial) {
        "missing" => "its checkpoint is not there any more".to_owned(),
        "kept" | "pinned" => "its checkpoint is kept".to_owned(),
        "none yet" => "it has no checkpoint yet".to_owned(),
        state => format!("its checkpoint is {state}"),
    }
}

/// Places of the budget that trials take which run, or are to be started again, and have no checkpoint yet.
pub(crate) fn places(history: &History) -> usize {
    let model = history.model();
    model
        .num_with_checkpoint()
        .saturating_sub(committed(history))
}

/// Checkpoints that are complete. Logs of others tell what is held, and not what is complete.
fn committed(history: &History) -> usize {
    match history.header.checkpoints {
        CheckpointTracking::Committed => history.model().num_committed(),
        CheckpointTracking::Assumed => history.model().num_with_checkpoint(),
    }
}

/// What was in the store, and what the budget is and whether it was kept.
pub(crate) fn store_and_budget(history: &History) -> Vec<String> {
    let holdings = &history.holdings;
    let model = history.model();
    let now = committed(history);
    let size = if holdings.bytes.most() == 0 {
        String::new()
    } else {
        format!(
            ", {}",
            plain_spaces(numbers::bytes(model.checkpoint_bytes()))
        )
    };
    let held = holdings.checkpoints.at_most(|number| number.to_string());
    let mut lines = vec![
        format!("in the store: {}{size}", of(now as u64, "checkpoint")),
        format!("checkpoints held: at most {held}"),
    ];
    if holdings.bytes.most() > 0 {
        let bytes = holdings.bytes.at_most(numbers::bytes);
        lines.push(format!("bytes held: at most {}", plain_spaces(bytes)));
    }
    let budget = holdings.budget();
    if budget == rungkeeper_tuner_hooks::Budget::default() {
        lines.push("budget: none".to_owned());
    } else {
        let counts = match budget.max_checkpoints {
            Some(_) if budget.max_bytes.is_none() => ", running trials included",
            _ => "",
        };
        let allowed = plain_spaces(numbers::budget(budget));
        let kept = match holdings.exceeded {
            Some(time) => format!("exceeded at {time:.1} s"),
            None if history.room_taken().is_some() => {
                "kept, except for what could not be deleted".to_owned()
            }
            None => "kept".to_owned(),
        };
        lines.push(format!("budget: at most {allowed}{counts}: {kept}"));
    }
    lines.extend(history.room_taken().map(|taken| taken.sentence()));
    lines
}

/// "1 trial", "2 trials".
pub(crate) fn of(number: u64, noun: &str) -> String {
    plain_spaces(numbers::of(number, noun))
}

/// As [`of`], in digits that are not grouped.
pub(crate) fn checkpoints(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} checkpoint{plural}")
}

/// On a terminal spaces are spaces: a person looks for what is shown, and copies it.
pub(crate) fn plain_spaces(text: impl AsRef<str>) -> String {
    text.as_ref().replace(['\u{a0}', '\u{202f}'], " ")
}
