//! What the callback decides, and the figures of a run.

use rungkeeper_policies::{Choice, Need, RemovalReason};
use rungkeeper_rung_model::RungView;

/// What a loop end decided: which checkpoints are removed, and on what grounds.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RemovalPlan {
    /// Seconds of the run.
    pub elapsed: f64,
    /// What must go.
    pub need: Need,
    /// Number of candidates.
    pub candidates: usize,
    /// What is left of the run over what is used.
    pub time_ratio: f64,
    /// First to go first.
    pub removals: Vec<Removal>,
}

/// A checkpoint that is removed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Removal {
    /// The trial.
    pub trial: String,
    /// The rung level it waits at.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of entries of the rung.
    pub rung_len: u64,
    /// Size of the checkpoint.
    pub bytes: u64,
    /// What losing it costs in expectation, in resource units, where the policy estimates it.
    pub expected_cost: Option<f64>,
    /// Natural logarithm of that, which keeps its order where the cost itself is too small for a
    /// double; none, or null in JSON, also for a cost of 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ln_expected_cost: Option<f64>,
    /// Which budget made it go.
    pub reason: RemovalReason,
}

/// Figures of a run that can be appended to its results; keys as in Syne Tune 0.13.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExtraResults {
    /// Checkpoints removed.
    pub num_checkpoints_removed: u64,
    /// Trials resumed, with or without their checkpoint.
    pub num_trials_resumed: u64,
    /// Resource units trained again: the sum of the rung levels of trials resumed without their
    /// checkpoint, and what trials resumed with it reported a second time.
    pub cost_resources: u64,
}

impl ExtraResults {
    /// The keys, in the order of the fields.
    pub const KEYS: [&'static str; 3] = [
        "num_checkpoints_removed",
        "num_trials_resumed",
        "cost_resources",
    ];
}

impl Removal {
    pub(super) fn new(rung: RungView<'_>, choice: &Choice<'_>) -> Self {
        let (candidate, ln_cost) = (&choice.candidate, choice.ln_expected_cost);
        Self {
            trial: candidate.trial_id.to_owned(),
            level: rung.level(),
            rank: candidate.rank,
            rung_len: rung.len(),
            bytes: candidate.bytes,
            expected_cost: ln_cost.map(libm::exp),
            ln_expected_cost: ln_cost.filter(|ln| ln.is_finite()),
            reason: choice.reason,
        }
    }
}
