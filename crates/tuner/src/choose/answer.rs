use rungkeeper_rung_model::Mode;

/// What can go, and what is there.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Chosen {
    /// The metric by which trials are ranked.
    pub metric: String,
    /// Whether small or large values of it are good.
    pub mode: Mode,
    /// Rung levels that were used, rising.
    pub levels: Vec<u64>,
    /// Whether nothing tells those levels: they go from the first resource on in steps of 4.
    pub levels_guessed: bool,
    /// Resource at which trials end.
    pub max_resource: u64,
    /// The trials.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub trials: Tally,
    /// Checkpoints held that count: those of running, waiting and pinned trials.
    pub held: usize,
    /// Bytes of those whose size is told.
    pub held_bytes: u64,
    /// Checkpoints that could go.
    pub candidates: usize,
    /// Held checkpoints whose size is not told though the table has sizes: they count as 0 bytes.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub unsized_checkpoints: usize,
    /// What is freed, in bytes.
    pub freed_bytes: u64,
    /// Checkpoints too many that are left although all candidates go.
    pub checkpoints_over: u64,
    /// Bytes too many that are left although all candidates go.
    pub bytes_over: u64,
    /// First to go first.
    #[cfg_attr(feature = "serde", serde(rename = "remove"))]
    pub removals: Vec<Doomed>,
}

/// Numbers of trials by what they do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tally {
    /// They train.
    pub running: usize,
    /// They wait and hold a checkpoint.
    pub waiting: usize,
    /// They wait and hold none.
    pub without_checkpoint: usize,
    /// They have ended.
    pub ended: usize,
}

/// A checkpoint that can go.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Doomed {
    /// The trial.
    pub trial: String,
    /// The rung level it waits at.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of trials that have reached that level.
    pub rung_len: u64,
    /// The probability that it is resumed in the time that is left; `None` where the policy estimates none.
    pub chance: Option<f64>,
    /// What losing it costs in expectation, in resource units: the level times the chance.
    pub expected_cost: Option<f64>,
    /// The same in seconds, where the table tells those.
    pub expected_seconds: Option<f64>,
    /// Its size, 0 where that is not told.
    pub bytes: u64,
    /// Where it lies.
    pub paths: Vec<String>,
}
