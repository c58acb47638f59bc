use alloc::vec::Vec;

use crate::{Mode, PromotionQuantile, SpecError};

/// A rung level and its promotion quantile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RungSpec {
    /// Resource at which trials are recorded and paused, at least 1.
    pub level: u64,
    /// alpha = a / b in (0, 1]: the top share of the rung that is promoted.
    pub promotion_quantile: PromotionQuantile,
}

/// How brackets share rungs.
///
/// Bracket `s` starts at the `s`-th rung level: its trials are recorded from there on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Brackets {
    /// Number of brackets, at least 1 and at most the number of rungs.
    pub number: usize,
    /// Whether each bracket has a rung system of its own. Otherwise all of them share one.
    pub own_rungs: bool,
}

impl Default for Brackets {
    /// One bracket.
    fn default() -> Self {
        Self {
            number: 1,
            own_rungs: false,
        }
    }
}

/// When a paused trial is taken to hold a checkpoint; spelled in lower case in serialized form.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum CheckpointTracking {
    /// Only what was committed ([`crate::RungModel::commit_checkpoint`]) can be removed.
    #[default]
    Committed,
    /// A trial holds its checkpoint as soon as it is paused: for tuners (and logs) that do not
    /// tell when a checkpoint is complete.
    Assumed,
}

/// What a [`crate::RungModel`] is built from.
///
/// ```
/// use rungkeeper_rung_model::ModelSpec;
///
/// let spec = ModelSpec::geometric(1, 3, 27)?;
/// let rungs: Vec<_> = spec.rungs.iter().map(|r| (r.level, r.promotion_quantile.given())).collect();
/// assert_eq!(rungs, [(1, [1, 3]), (3, [3, 9]), (9, [9, 27])]);
/// # Ok::<(), rungkeeper_rung_model::SpecError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModelSpec {
    /// Whether small or large metrics are good.
    pub mode: Mode,
    /// Rungs with strictly ascending levels.
    pub rungs: Vec<RungSpec>,
    /// Brackets.
    pub brackets: Brackets,
    /// When a paused trial holds a checkpoint.
    pub checkpoints: CheckpointTracking,
    /// Whether a report at a rung in which the trial already stands counts as data for the
    /// estimators of p. Syne Tune 0.13 does so; the model of independent arrivals does not.
    pub repeated_reports_are_data: bool,
    /// Whether a promoted entry is moved behind its equals, as Syne Tune 0.13 does. Otherwise it
    /// keeps its place, as [`crate::Rung::end_wait`] leaves it: a top-fraction rule promotes no more than the top
    /// fraction only then, because trials that tie with promoted ones do not move up.
    pub promoted_behind_equals: bool,
    /// Whether a report not above the resource at which a trial was paused with its checkpoint is
    /// told as training done again ([`crate::Report::trained_again`]), and what is trained counts
    /// from the level of the checkpoint. Syne Tune 0.13 and logs of earlier releases leave both out.
    pub retraining_is_counted: bool,
}

impl ModelSpec {
    /// One bracket over explicit levels below the max resource: the promotion quantile of a level is
    /// level / next level, of the last level / max resource.
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::check`]; also when the last level is not below the max resource, and for a
    /// promotion quantile with a denominator, in lowest terms, above 2^31.
    pub fn from_levels(levels: &[u64], max_resource: u64) -> Result<Self, SpecError> {
        if let Some(&last) = levels.last()
            && last >= max_resource
        {
            return Err(SpecError::MaxResource { last, max_resource });
        }
        check_order(levels.iter().copied())?;
        let next = levels.iter().skip(1).chain([&max_resource]);
        let rungs = levels.iter().zip(next).map(|(&level, &next)| {
            let too_fine = |_| SpecError::QuantileTooFine {
                level,
                a: level,
                b: next,
            };
            Ok(RungSpec {
                level,
                promotion_quantile: PromotionQuantile::new(level, next).map_err(too_fine)?,
            })
        });
        let rungs = rungs.collect::<Result<_, SpecError>>()?;
        let spec = Self {
            mode: Mode::Min,
            rungs,
            brackets: Brackets::default(),
            checkpoints: CheckpointTracking::default(),
            repeated_reports_are_data: false,
            promoted_behind_equals: true,
            retraining_is_counted: true,
        };
        spec.check()?;
        Ok(spec)
    }

    /// One bracket of successive halving: levels `grace_period * reduction_factor^i` below the max
    /// resource.
    ///
    /// # Errors
    ///
    /// A grace period of 0, a reduction factor below 2, a max resource not above the grace period.
    pub fn geometric(
        grace_period: u64,
        reduction_factor: u64,
        max_resource: u64,
    ) -> Result<Self, SpecError> {
        if reduction_factor < 2 {
            return Err(SpecError::ReductionFactor(reduction_factor));
        }
        if grace_period == 0 {
            return Err(SpecError::Level(0));
        }
        if grace_period >= max_resource {
            return Err(SpecError::MaxResource {
                last: grace_period,
                max_resource,
            });
        }
        let next = |level: &u64| level.checked_mul(reduction_factor);
        let levels: Vec<u64> = core::iter::successors(Some(grace_period), next)
            .take_while(|&level| level < max_resource)
            .collect();
        Self::from_levels(&levels, max_resource)
    }

    /// Refuses what no model can be built from.
    ///
    /// # Errors
    ///
    /// No rungs, a level 0, levels that do not ascend strictly, no bracket or more brackets than
    /// rungs.
    pub fn check(&self) -> Result<(), SpecError> {
        check_order(self.rungs.iter().map(|rung| rung.level))?;
        let Brackets { number, .. } = self.brackets;
        if number == 0 || number > self.rungs.len() {
            return Err(SpecError::Brackets {
                number,
                rungs: self.rungs.len(),
            });
        }
        Ok(())
    }
}

/// Levels start at 1 and ascend strictly.
fn check_order(levels: impl Iterator<Item = u64>) -> Result<(), SpecError> {
    let mut before = None;
    for next in levels {
        match before {
            None if next == 0 => return Err(SpecError::Level(0)),
            Some(level) if level >= next => return Err(SpecError::Order { level, next }),
            _ => before = Some(next),
        }
    }
    before.map(|_| ()).ok_or(SpecError::NoRungs)
}
