use rungkeeper_policies::{Budget, Limits, PolicyError, PolicySpec, SpeculativeSettings};
use rungkeeper_rung_model::{Brackets, CheckpointTracking, Mode, ModelSpec, RungSpec};

/// Version of the event log that is written.
pub const VERSION: u32 = 1;

/// `source` of logs of Syne Tune 0.13: its trials start over at level 1 when they are resumed, and
/// repeated reports count as data.
const REFERENCE: &str = "reference run";

/// Whether a log tells when checkpoints are complete.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum CheckpointEvents {
    /// It does not: a paused trial holds a checkpoint.
    #[default]
    Assumed,
    /// By `checkpoint` events: a paused trial holds what they name.
    Committed,
}

/// Settings of a run: the first line of its event log.
///
/// All that the removal callback needs is in it, so a log can be replayed by itself.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// Version of the format; [`VERSION`] where the line does not say.
    #[cfg_attr(feature = "serde", serde(default = "version"))]
    pub version: u32,
    /// What wrote the log: `run`, `simulate`, `reference run`, or another tuner's name.
    pub source: String,
    /// Name of the policy.
    pub policy: String,
    /// Seed of the random policy's stream.
    #[cfg_attr(feature = "serde", serde(default))]
    pub policy_seed: u64,
    /// Most checkpoints.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_num_checkpoints: Option<u64>,
    /// Most bytes of checkpoints.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_bytes: Option<u64>,
    /// Seconds after which the run ends.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_wallclock_time: Option<f64>,
    /// Trials started after which the run ends.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_num_trials: Option<u64>,
    /// Reports after which the run ends.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_num_reports: Option<u64>,
    /// Resource units after which the run ends.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_total_resource: Option<u64>,
    /// Whether small or large metrics are good.
    pub mode: Mode,
    /// Settings of the policy `speculative`, of which `rank_aware` takes the promotion rule.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub settings: SpeculativeSettings,
    /// Resource at which a trial stops.
    pub max_resource: u64,
    /// Rungs, lowest level first.
    pub rungs: Vec<RungSpec>,
    /// Brackets; one where the line does not say.
    #[cfg_attr(feature = "serde", serde(default))]
    pub brackets: Brackets,
    /// Whether `checkpoint` events tell what is complete.
    #[cfg_attr(feature = "serde", serde(default))]
    pub checkpoints: CheckpointEvents,
    /// Whether repeated reports count as data; where the line does not say, only in logs of the
    /// reference.
    #[cfg_attr(feature = "serde", serde(default))]
    pub repeated_reports_are_data: Option<bool>,
    /// Whether a promoted entry is moved behind its equals; true where the line does not say.
    #[cfg_attr(feature = "serde", serde(default = "promoted_behind_equals"))]
    pub promoted_behind_equals: bool,
    /// Whether a resumed trial that reports what it had reported before its pause costs that
    /// training again; false where the line does not say, as in logs of the reference and of earlier
    /// releases.
    #[cfg_attr(feature = "serde", serde(default))]
    pub retraining_is_counted: bool,
    /// Number of workers.
    #[cfg_attr(feature = "serde", serde(default))]
    pub workers: u64,
    /// Seed of the run.
    #[cfg_attr(feature = "serde", serde(default))]
    pub seed: u64,
}

#[cfg(feature = "serde")]
fn version() -> u32 {
    VERSION
}

#[cfg(feature = "serde")]
fn promoted_behind_equals() -> bool {
    true
}

impl Header {
    /// A header with the default policy, for a run of the given rungs.
    #[must_use]
    pub fn new(source: &str, spec: &ModelSpec, max_resource: u64) -> Self {
        Self {
            version: VERSION,
            source: source.to_owned(),
            policy: PolicySpec::default().to_string(),
            policy_seed: 0,
            max_num_checkpoints: None,
            max_bytes: None,
            max_wallclock_time: None,
            max_num_trials: None,
            max_num_reports: None,
            max_total_resource: None,
            mode: spec.mode,
            settings: SpeculativeSettings::default(),
            max_resource,
            rungs: spec.rungs.clone(),
            brackets: spec.brackets,
            checkpoints: match spec.checkpoints {
                CheckpointTracking::Assumed => CheckpointEvents::Assumed,
                CheckpointTracking::Committed => CheckpointEvents::Committed,
            },
            repeated_reports_are_data: Some(spec.repeated_reports_are_data),
            promoted_behind_equals: spec.promoted_behind_equals,
            retraining_is_counted: spec.retraining_is_counted,
            workers: 0,
            seed: 0,
        }
    }

    /// Rungs, brackets and conventions for a rung model.
    #[must_use]
    pub fn model_spec(&self) -> ModelSpec {
        ModelSpec {
            mode: self.mode,
            rungs: self.rungs.clone(),
            brackets: self.brackets,
            checkpoints: match self.checkpoints {
                CheckpointEvents::Assumed => CheckpointTracking::Assumed,
                CheckpointEvents::Committed => CheckpointTracking::Committed,
            },
            repeated_reports_are_data: self
                .repeated_reports_are_data
                .unwrap_or(self.source == REFERENCE),
            promoted_behind_equals: self.promoted_behind_equals,
            retraining_is_counted: self.retraining_is_counted,
        }
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget {
            max_checkpoints: self.max_num_checkpoints,
            max_bytes: self.max_bytes,
        }
    }

    /// What ends the run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            seconds: self.max_wallclock_time,
            trials: self.max_num_trials,
            reports: self.max_num_reports,
            resource: self.max_total_resource,
        }
    }

    /// The policy, as it was at the start.
    ///
    /// # Errors
    ///
    /// An unknown name.
    pub fn policy_spec(&self) -> Result<PolicySpec, PolicyError> {
        PolicySpec::named(&self.policy, self.settings, self.policy_seed)
    }

    /// Names another policy, with its settings. Settings that it does not have stay as they were.
    ///
    /// ```
    /// use rungkeeper_tuner_hooks::log::Header;
    /// use rungkeeper_tuner_hooks::{ModelSpec, PolicySpec};
    ///
    /// let mut header = Header::new("example", &ModelSpec::geometric(1, 3, 27)?, 27);
    /// header.set_policy(PolicySpec::Random { policy_seed: 7 });
    /// assert_eq!((header.policy.as_str(), header.policy_seed), ("random", 7));
    /// assert_eq!(header.policy_spec()?, PolicySpec::Random { policy_seed: 7 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_policy(&mut self, policy: PolicySpec) {
        policy.name().clone_into(&mut self.policy);
        match policy {
            PolicySpec::RankAware { promotion_rule } => {
                self.settings.promotion_rule = promotion_rule;
            }
            PolicySpec::Speculative(settings) => self.settings = settings,
            PolicySpec::Random { policy_seed } => self.policy_seed = policy_seed,
            _ => {}
        }
    }
}
