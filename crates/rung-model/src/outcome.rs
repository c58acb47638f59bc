/// What a report changed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Where the trial was recorded, if the report reached its next rung.
    pub recorded: Option<Recorded>,
    /// What the report tells of the chance that an arrival ranks better.
    pub data: Option<ArrivalData>,
    /// Resource units trained since the report before, or since the resume.
    pub trained: u64,
    /// The report passed the level of the rung it is recorded at: some resource was skipped.
    pub skipped: bool,
    /// The report changed no rank because the trial stands in that rung already, or because the
    /// same resource was reported before.
    pub repeated: bool,
    /// The metric is no finite number, for the first time in this trial.
    pub first_non_finite: bool,
    /// The first report after a resume with a checkpoint, if it is about a resource that was trained
    /// before.
    pub trained_again: Option<TrainedAgain>,
}

/// Training that is done again although a trial was resumed with its checkpoint.
///
/// ```
/// use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};
///
/// let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
/// model.start("7", 0)?;
/// model.report("7", 1, 0.5, Decision::Continue)?;
/// model.report("7", 3, 0.4, Decision::Pause)?;
/// model.commit_checkpoint("7", 3, 1_000)?;
/// model.resume("7")?;
/// let again = model.report("7", 1, 0.5, Decision::Continue)?.trained_again.unwrap();
/// assert!(again.ignores_the_checkpoint());
/// assert_eq!(again.units(), 3); // 1, 2 and 3
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TrainedAgain {
    /// Resource at which the trial was paused.
    pub paused_at: u64,
    /// Level of the checkpoint it was resumed from. Where no level was told it is taken from the
    /// report: the one before it, or `paused_at` for a program that begins at 1.
    pub saved_at: u64,
    /// Resource of its first report since, at most `paused_at`.
    pub from: u64,
}

impl TrainedAgain {
    /// Resource units that are trained a second time: all from the first report up to the pause.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.paused_at - self.from + 1
    }

    /// Whether the checkpoint holds what is trained again: the program does not read it. Otherwise
    /// the checkpoint was saved before the pause, and the program goes on from where it could.
    #[must_use]
    pub fn ignores_the_checkpoint(&self) -> bool {
        self.from <= self.saved_at
    }
}

/// Where a report was recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// The rung level.
    pub level: u64,
    /// The trial's rank there, 1 for the best.
    pub rank: u64,
    /// Number of entries of the rung, this one included.
    pub rung_len: u64,
}

/// What an arrival at a rung tells of p: of the other trials paused there with a checkpoint (and a
/// finite metric), how many it is not worse than.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ArrivalData {
    /// The rung level.
    pub level: u64,
    /// Trials the arrival is not worse than; a tie counts.
    pub num_one: u64,
    /// Trials it was compared with.
    pub num_total: u64,
}

impl From<(u64, (u64, u64))> for ArrivalData {
    fn from((level, (num_one, num_total)): (u64, (u64, u64))) -> Self {
        Self {
            level,
            num_one,
            num_total,
        }
    }
}

/// What a resume found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resumed {
    /// The highest rung level the trial is recorded at: what is to be trained again if the
    /// checkpoint is lost. `None` if the trial stands in no rung.
    pub level: Option<u64>,
    /// Whether the trial has no checkpoint that is known of, and trains from scratch.
    pub lost_checkpoint: bool,
}
