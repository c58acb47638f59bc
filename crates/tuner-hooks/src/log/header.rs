use rungkeeper_policies::{Budget, Limits, PolicyError, PolicySpec, SpeculativeSettings};
use rungkeeper_rung_model::{Brackets, CheckpointTracking, Mode, ModelSpec, RungSpec};

/// Version of the event log that is written.
pub const VERSION: u32 = 1;

/// `source` of logs of Syne Tune 0.13: its trials start over at level 1 when they are resumed, and
/// repeated reports count as data.
const REFERENCE: &str = "reference run";

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
    /// The budget; `max_num_checkpoints` and `max_bytes` on the line.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub budget: Budget,
    /// What ends the run; `max_wallclock_time`, `max_num_trials`, `max_num_reports` and
    /// `max_total_resource` on the line.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub limits: Limits,
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
    /// Whether `checkpoint` events tell what is complete; assumed where the line does not say.
    #[cfg_attr(feature = "serde", serde(default = "checkpoints"))]
    pub checkpoints: CheckpointTracking,
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
fn checkpoints() -> CheckpointTracking {
    CheckpointTracking::Assumed
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
            budget: Budget::default(),
            limits: Limits::default(),
            mode: spec.mode,
            settings: SpeculativeSettings::default(),
            max_resource,
            rungs: spec.rungs.clone(),
            brackets: spec.brackets,
            checkpoints: spec.checkpoints,
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
            checkpoints: self.checkpoints,
            repeated_reports_are_data: self
                .repeated_reports_are_data
                .unwrap_or(self.source == REFERENCE),
            promoted_behind_equals: self.promoted_behind_equals,
            retraining_is_counted: self.retraining_is_counted,
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
