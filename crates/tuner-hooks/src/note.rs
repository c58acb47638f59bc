use std::fmt;

/// Something a person should know, though nothing failed.
///
/// ```
/// use rungkeeper_tuner_hooks::Note;
///
/// let note = Note::SkippedRung { trial: "7".to_owned(), resource: 5, level: 4 };
/// assert_eq!(note.to_string(), "trial \"7\" reported 5 without 4: recorded at rung 4");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum Note {
    /// A report passed a rung level: it is recorded there.
    SkippedRung {
        trial: String,
        resource: u64,
        level: u64,
    },
    /// A metric is no finite number. Said once per trial.
    NonFinite { trial: String, level: u64 },
    /// A trial was resumed with its checkpoint, but reports from a resource that the checkpoint
    /// holds already. Said once per trial.
    IgnoresCheckpoint {
        trial: String,
        saved_at: u64,
        from: u64,
        units: u64,
    },
    /// A trial was resumed with a checkpoint that was saved before its pause. Said once per trial.
    SavedBefore {
        trial: String,
        saved_at: u64,
        paused_at: u64,
        units: u64,
    },
    /// A checkpoint was removed, but could not be deleted. Said once per checkpoint.
    NotDeleted { trial: String, error: String },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SkippedRung {
                trial,
                resource,
                level,
            } => write!(
                f,
                "trial \"{trial}\" reported {resource} without {level}: recorded at rung {level}"
            ),
            Self::NonFinite { trial, level } => write!(
                f,
                "trial \"{trial}\" reported no finite metric at rung {level}: it ranks behind all \
                 others and is never promoted"
            ),
            Self::IgnoresCheckpoint {
                trial,
                saved_at,
                from,
                units,
            } => write!(
                f,
                "trial \"{trial}\" was resumed from level {saved_at} but reports {from}: it ignores \
                 its checkpoint; {} trained again and counted",
                in_units(*units)
            ),
            Self::SavedBefore {
                trial,
                saved_at,
                paused_at,
                units,
            } => write!(
                f,
                "the checkpoint of trial \"{trial}\" was saved at {saved_at}, but the trial was \
                 paused at {paused_at}: {} trained again and counted",
                in_units(*units)
            ),
            Self::NotDeleted { trial, error } => write!(
                f,
                "the checkpoint of trial \"{trial}\" could not be deleted ({error}): it still takes \
                 room, and is tried again"
            ),
        }
    }
}

fn in_units(units: u64) -> String {
    match units {
        1 => "1 unit is".to_owned(),
        _ => format!("{units} units are"),
    }
}
