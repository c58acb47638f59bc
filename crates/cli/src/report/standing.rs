//! How a trial and its checkpoint stand, in the words of pages, terminals and tables.

use rungkeeper_tuner_hooks::{RemovalReason, TrialStatus};

use super::folder::{Place, RunFolder};
use super::history::History;
use super::trials::Trial;

/// How a trial stands at the end of the log.
pub(crate) fn status(history: &History, trial: &Trial) -> &'static str {
    match history.model().status(&trial.id) {
        _ if trial.failed => "failed",
        _ if trial.by_itself => "ended by itself",
        _ if trial.finished.is_some() => "finished",
        Some(TrialStatus::Running) => "in training",
        Some(TrialStatus::StoppedOrCompleted) => "ended early",
        _ => "paused",
    }
}

/// What became of a trial's checkpoint.
pub(crate) fn checkpoint(history: &History, folder: &RunFolder, trial: &Trial) -> &'static str {
    let model = history.model();
    if holds_checkpoint(history, &trial.id) {
        return match folder.is_missing(&trial.id) {
            true => "missing",
            false if model.is_pinned(&trial.id) => "pinned",
            false => "kept",
        };
    }
    let mut gone = history.given_up.all().iter().rev();
    let gone = gone.find(|gone| gone.removal.trial == trial.id);
    match (model.status(&trial.id), gone) {
        (Some(TrialStatus::PausedNoCheckpoint), Some(gone)) => match gone.removal.reason {
            RemovalReason::Lost => "lost",
            _ => "removed",
        },
        (Some(TrialStatus::StoppedOrCompleted), _) => "not kept",
        _ => "none yet",
    }
}

/// Whether the trial has a checkpoint to go on from.
pub(crate) fn holds_checkpoint(history: &History, trial: &str) -> bool {
    let model = history.model();
    let paused = model.status(trial) == Some(TrialStatus::PausedWithCheckpoint);
    paused || model.checkpoint(trial).is_some()
}

/// Where the checkpoint of a trial lies, if it has one that is there.
pub(crate) fn place(history: &History, folder: &RunFolder, trial: &str) -> Option<Place> {
    let place = holds_checkpoint(history, trial).then(|| folder.checkpoint(trial))?;
    (!matches!(place, Place::Missing(_) | Place::Unknown)).then_some(place)
}
