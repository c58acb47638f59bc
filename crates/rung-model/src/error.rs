use alloc::{borrow::ToOwned, format, string::String};

use thiserror::Error;

use crate::TrialStatus;

/// Why no model can be built from a specification.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum SpecError {
    /// The list of rungs is empty.
    #[error("there is no rung: at least one rung level is needed")]
    NoRungs,
    /// A rung level is 0.
    #[error("a rung level is {0}, but levels start at 1")]
    Level(u64),
    /// Levels do not ascend strictly.
    #[error("rung levels must ascend, but {next} follows {level}")]
    Order { level: u64, next: u64 },
    /// The reduction factor is too small.
    #[error("reduction_factor is {0}, but must be at least 2")]
    ReductionFactor(u64),
    /// The max resource leaves no room above the last rung.
    #[error("max_resource is {max_resource}, but must be above the rung level {last}")]
    MaxResource { last: u64, max_resource: u64 },
    /// No bracket, or more of them than rungs.
    #[error("the number of brackets is {number}, but must be 1 to {rungs}, the number of rungs")]
    Brackets { number: usize, rungs: usize },
    /// A promotion quantile that is no simple fraction.
    #[error(
        "the promotion quantile of rung {level} is {a}/{b}, but its denominator in lowest terms must \
         be at most 2^31: choose levels that are nearer to each other, or multiples of each other"
    )]
    QuantileTooFine { level: u64, a: u64, b: u64 },
    /// More rung levels than a run is made for.
    #[error("there are {levels} rung levels, but there must be at most {most}")]
    TooManyLevels { levels: usize, most: usize },
    /// More rungs, over all brackets, than a run is made for.
    #[error(
        "{number} brackets with rungs of their own have {rungs} rungs, but there must be at most \
         {most}: ask for fewer brackets, or let them share their rungs"
    )]
    TooManyRungs {
        number: usize,
        rungs: u64,
        most: u64,
    },
    /// The mode is neither `min` nor `max`.
    #[error("mode is \"{0}\", but must be \"min\" or \"max\"")]
    Mode(String),
    /// A rung was made by hand, and this candidate does not stand in it, or not at its place.
    #[error(
        "trial \"{trial}\" at level {level} has rank {rank} and {num_better} better ones: candidates are \
         listed worst first, with ranks from 1 to the length of their rung"
    )]
    Candidate {
        trial: String,
        level: u64,
        rank: u64,
        num_better: u64,
    },
    /// No promotion rule has this name.
    #[error("promotion rule {0:?}: must be one of top_fraction, linear_quantile")]
    PromotionRule(String),
}

/// Why an event was refused. The model is then as before.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum EventError {
    /// The trial is not known.
    #[error("trial \"{0}\" was never started")]
    UnknownTrial(String),
    /// The trial is known already.
    #[error("trial \"{0}\" was started before")]
    StartedTwice(String),
    /// There is no such bracket.
    #[error("trial \"{trial}\" belongs to bracket {bracket}, but {}", only_brackets(*number))]
    Bracket {
        trial: String,
        bracket: usize,
        number: usize,
    },
    /// The trial's status does not allow the event.
    #[error("trial \"{trial}\" is {status}: {event} is not possible {}", until(*status))]
    Status {
        trial: String,
        status: TrialStatus,
        event: &'static str,
    },
    /// A trial that did not fail was to be tried again.
    #[error("trial \"{trial}\" is {status}: only a trial that failed can be tried again")]
    NotFailed { trial: String, status: TrialStatus },
    /// Resource 0 was reported.
    #[error("trial \"{0}\" reported resource 0, but resources start at 1")]
    ResourceZero(String),
    /// A resource below the last one of the same attempt was reported.
    #[error(
        "trial \"{trial}\" reported resource {resource} after {last}: refused, resources must not go back"
    )]
    ResourceDecreased {
        trial: String,
        resource: u64,
        last: u64,
    },
    /// The checkpoint of a pinned trial was to be removed.
    #[error("trial \"{0}\" is pinned: its checkpoint is not removed")]
    Pinned(String),
    /// The sizes of all checkpoints do not fit in 64 bits.
    #[error(
        "a checkpoint of {bytes} bytes is refused: all of them would come to 2^64 bytes or more"
    )]
    TooManyBytes { bytes: u64 },
    /// There are as many trials as the model can number.
    #[error("no more than {} trials are possible", u32::MAX)]
    TooManyTrials,
}

/// What must come before an event that a status does not allow.
fn until(status: TrialStatus) -> &'static str {
    match status {
        TrialStatus::Running => "before it is paused",
        TrialStatus::PausedWithCheckpoint | TrialStatus::PausedNoCheckpoint => {
            "before it is resumed"
        }
        TrialStatus::StoppedOrCompleted => "after its end",
    }
}

/// Brackets are numbered from 0, which a person who asks for the last one may not know.
fn only_brackets(number: usize) -> String {
    match number {
        1 => "there is only bracket 0".to_owned(),
        _ => format!("there are only brackets 0 to {}", number - 1),
    }
}
