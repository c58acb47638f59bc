use std::fmt;
use std::str::FromStr;

/// What a trial is doing, as far as a table tells.
///
/// ```
/// use rungkeeper_tuner::choose::Status;
///
/// assert_eq!("PAUSED".parse(), Ok(Status::Paused));
/// assert_eq!("TrialState.COMPLETE".parse(), Ok(Status::Ended)); // as Optuna writes it
/// assert!("tired".parse::<Status>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It trains, or is about to: its checkpoint is needed.
    Running,
    /// It waits for a promotion.
    Paused,
    /// It waits, and its checkpoint is gone.
    Removed,
    /// It waits, and its checkpoint stays whatever it costs.
    Pinned,
    /// It was completed, stopped or has failed.
    Ended,
}

impl Status {
    /// What can be read, in lower case and without `-` and `_`: the words of this project, Syne Tune, Ray Tune, Optuna,
    /// W&B, Orion, SMAC3 and `NePS`.
    const WORDS: &[(&'static str, Self)] = &[
        ("running", Self::Running),
        ("intraining", Self::Running),
        ("inprogress", Self::Running),
        ("pending", Self::Running),
        ("started", Self::Running),
        ("reserved", Self::Running),
        ("new", Self::Running),
        ("evaluating", Self::Running),
        ("stopping", Self::Running),
        ("resumed", Self::Running),
        ("paused", Self::Paused),
        ("waiting", Self::Paused),
        ("pausedwithcp", Self::Paused),
        ("suspended", Self::Paused),
        ("interrupted", Self::Paused),
        ("removed", Self::Removed),
        ("lost", Self::Removed),
        ("pausednocp", Self::Removed),
        ("pinned", Self::Pinned),
        ("ended", Self::Ended),
        ("endedbyitself", Self::Ended),
        ("endedearly", Self::Ended),
        ("complete", Self::Ended),
        ("completed", Self::Ended),
        ("stoppedcompleted", Self::Ended),
        ("finished", Self::Ended),
        ("done", Self::Ended),
        ("success", Self::Ended),
        ("stopped", Self::Ended),
        ("terminated", Self::Ended),
        ("pruned", Self::Ended),
        ("killed", Self::Ended),
        ("crashed", Self::Ended),
        ("failed", Self::Ended),
        ("fail", Self::Ended),
        ("error", Self::Ended),
        ("broken", Self::Ended),
        ("timeout", Self::Ended),
        ("memout", Self::Ended),
        ("corrupted", Self::Ended),
    ];
}

/// A word that is no status.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no status: it is running, paused, removed, pinned or ended")]
pub struct UnknownStatus(String);

impl FromStr for Status {
    type Err = UnknownStatus;

    /// In any case; words of several tuners are known.
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        // Enumerations of Python are written with the name of their class.
        let word = text.rsplit('.').next().unwrap_or(text);
        let kept = word.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        let word: String = kept.flat_map(char::to_lowercase).collect();
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found
            .map(|&(_, status)| status)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Removed => "removed",
            Self::Pinned => "pinned",
            Self::Ended => "ended",
        })
    }
}
