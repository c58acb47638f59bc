use rungkeeper_rung_model::{Brackets, ModelSpec, PromotionRule, SpecError};

/// Most rung levels. Each is looked at whenever a worker is free.
const MOST_LEVELS: usize = 1_000;

/// Most rungs over all brackets, for the same reason.
const MOST_RUNGS: u64 = 10_000;

/// What a [`crate::scheduler::PromotionScheduler`] is built from.
///
/// ```
/// use rungkeeper_rung_model::{Brackets, Mode};
/// use rungkeeper_tuner::scheduler::PromotionSpec;
///
/// let mut spec = PromotionSpec::geometric(1, 3, 81)?; // rungs at 1, 3, 9, 27
/// spec.model.mode = Mode::Max;
/// spec.model.brackets = Brackets { number: 3, own_rungs: false };
/// spec.max_trials = Some(200);
/// spec.seed = 7;
/// # Ok::<(), rungkeeper_rung_model::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PromotionSpec {
    /// Mode, rungs and brackets. The other fields of the model, which concern checkpoints, ties and
    /// estimators, do not matter here.
    pub model: ModelSpec,
    /// Resource at which a trial stops, above all rung levels.
    pub max_resource: u64,
    /// When a paused trial is promoted.
    pub rule: PromotionRule,
    /// Whether [`PromotionRule::LinearQuantile`] computes the quantile in doubles, step by step as
    /// Syne Tune 0.13 does. Rounding may then put the quantile beside the metric that it falls on,
    /// and leave that trial out: with alpha = 1/3 and mode `max` this happens at most of the rung
    /// lengths 3 m + 1. Only for repeating its runs.
    pub reference_rounding: bool,
    /// Most trials to be started; `None`: no limit.
    pub max_trials: Option<u64>,
    /// Seed of brackets and configurations.
    pub seed: u64,
}

impl PromotionSpec {
    /// One bracket over explicit rung levels below the max resource, with the defaults: mode `min`,
    /// top fraction, no limit, seed 0. The promotion quantile of a level is level / next level.
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::from_levels`]; also for more than 1,000 levels.
    pub fn from_levels(levels: &[u64], max_resource: u64) -> Result<Self, SpecError> {
        check_levels(levels.len())?;
        let model = ModelSpec::from_levels(levels, max_resource)?;
        Ok(Self::with_defaults(model, max_resource))
    }

    /// One bracket with rung levels `grace_period * reduction_factor^i` below the max resource, with
    /// the defaults of [`PromotionSpec::from_levels`].
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::geometric`].
    pub fn geometric(
        grace_period: u64,
        reduction_factor: u64,
        max_resource: u64,
    ) -> Result<Self, SpecError> {
        let model = ModelSpec::geometric(grace_period, reduction_factor, max_resource)?;
        Ok(Self::with_defaults(model, max_resource))
    }

    fn with_defaults(model: ModelSpec, max_resource: u64) -> Self {
        Self {
            model,
            max_resource,
            rule: PromotionRule::TopFraction,
            reference_rounding: false,
            max_trials: None,
            seed: 0,
        }
    }

    /// Refuses what no scheduler can be built from.
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::check`]; also when the max resource is not above all rung levels, for more than
    /// 1,000 levels, and for brackets with rungs of their own that have more than 10,000 in all.
    pub fn check(&self) -> Result<(), SpecError> {
        let levels = self.model.rungs.len();
        check_levels(levels)?;
        self.model.check()?;
        let Brackets { number, own_rungs } = self.model.brackets;
        // Bracket s has all levels except for the first s.
        let (of_all, of_none) = (levels as u64, (levels - number) as u64);
        let rungs = (of_all * (of_all + 1) - of_none * (of_none + 1)) / 2;
        if own_rungs && rungs > MOST_RUNGS {
            let most = MOST_RUNGS;
            return Err(SpecError::TooManyRungs {
                number,
                rungs,
                most,
            });
        }
        match self.model.rungs.last() {
            Some(last) if last.level >= self.max_resource => Err(SpecError::MaxResource {
                last: last.level,
                max_resource: self.max_resource,
            }),
            _ => Ok(()),
        }
    }
}

fn check_levels(levels: usize) -> Result<(), SpecError> {
    if levels <= MOST_LEVELS {
        return Ok(());
    }
    let most = MOST_LEVELS;
    Err(SpecError::TooManyLevels { levels, most })
}
