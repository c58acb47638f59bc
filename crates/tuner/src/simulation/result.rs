/// What a simulated run came to.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CellResult {
    /// Name of the curves: the file.
    pub curves: String,
    /// Name of the policy.
    pub policy: String,
    /// Most checkpoints, those of running trials included.
    pub budget: u64,
    /// Seed of the run.
    pub seed: u64,
    /// Reduction factor; 0 where the rung levels were given as a list.
    pub eta: u64,
    /// Number of workers.
    pub workers: u64,
    /// Trials started.
    pub started: u64,
    /// Times a paused trial was resumed, with or without its checkpoint.
    pub resumed: u64,
    /// Checkpoints removed.
    pub removed: u64,
    /// Times a trial was resumed whose checkpoint had been removed.
    pub resumed_without_checkpoint: u64,
    /// Resource units to be trained again because of that: the sum of the rung levels.
    pub cost_resources: u64,
    /// Seconds needed for it.
    pub cost_seconds: f64,
    /// On a frozen schedule, the least `cost_resources` that any choice of checkpoints could have
    /// had.
    pub optimum: Option<u64>,
    /// Reports of all trials.
    pub reports: u64,
    /// Resource units trained, each unit of a trial counted once: what the run would have trained
    /// without losses.
    pub trained_resources: u64,
    /// Seconds of training for those, over all workers.
    pub trained_seconds: f64,
    /// Most checkpoints at any time, before removals at the end of a turn: at most the budget plus
    /// the number of workers.
    pub peak_checkpoints: u64,
    /// Checkpoints held after the turns, as (seconds of the run, number); thinned to at most 400
    /// points so that the largest and smallest stay.
    pub held_over_time: Vec<(f64, u64)>,
    /// What was lost at each rung level, lowest first.
    pub losses_by_level: Vec<LevelLosses>,
}

/// What was lost at a rung level.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LevelLosses {
    /// The level.
    pub level: u64,
    /// Trials resumed from it without their checkpoint.
    pub trials: u64,
    /// Resource units to be trained again: trials times level.
    pub resources: u64,
}

impl CellResult {
    /// Resource units to be trained again in percent of those trained, 0 where none were.
    #[must_use]
    pub fn cost_percent(&self) -> f64 {
        match self.trained_resources {
            0 => 0.0,
            trained => 100.0 * self.cost_resources as f64 / trained as f64,
        }
    }
}
