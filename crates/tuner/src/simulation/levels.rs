//! Rung levels for a file of curves.

use rungkeeper_rung_model::SpecError;

use crate::curves::CurveTable;
use crate::scheduler::PromotionSpec;
use crate::simulation::SimulationError;

/// Where the rung levels are.
///
/// Levels need not be resources that the file lists. At a level between two of them a trial reports
/// the metric listed last, and the seconds are shared out in proportion to the resource. So with
/// resources that are powers of two the reduction factors 2, 4 and 8 need nothing made up, and 3
/// does.
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
/// use rungkeeper_tuner::simulation::Levels;
///
/// let file = "trial,resource,loss\n0,2,0.9\n0,4,0.7\n0,8,0.6\n0,16,0.5\n";
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
/// let levels = |levels: Levels| -> Result<Vec<u64>, Box<dyn std::error::Error>> {
///     let spec = levels.scheduler(&table, None)?;
///     Ok(spec.model.rungs.iter().map(|rung| rung.level).collect())
/// };
/// assert_eq!(levels(Levels::geometric(2))?, [2, 4, 8]); // from the first resource listed
/// assert_eq!(levels(Levels::Geometric { grace_period: Some(4), reduction_factor: 3 })?, [4, 12]);
/// assert_eq!(levels(Levels::List(vec![2, 8]))?, [2, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Levels {
    /// `grace_period * reduction_factor^i` below the max resource.
    Geometric {
        /// The first level; `None`: the first resource that the file lists.
        grace_period: Option<u64>,
        /// Factor from a level to the next, at least 2.
        reduction_factor: u64,
    },
    /// These, which rise and lie below the max resource.
    List(Vec<u64>),
}

impl Levels {
    /// Levels from the first resource of the file on.
    #[must_use]
    pub fn geometric(reduction_factor: u64) -> Self {
        Self::Geometric {
            grace_period: None,
            reduction_factor,
        }
    }

    /// The reduction factor, 0 for a list of levels.
    #[must_use]
    pub fn reduction_factor(&self) -> u64 {
        match *self {
            Self::Geometric {
                reduction_factor, ..
            } => reduction_factor,
            Self::List(_) => 0,
        }
    }

    /// A scheduler with these levels, up to the max resource (the largest that the file lists,
    /// unless another is given) and otherwise with the defaults of [`PromotionSpec::from_levels`].
    ///
    /// # Errors
    ///
    /// A max resource beyond the file's, a first level below the first resource of the file, or
    /// levels that [`PromotionSpec`] refuses.
    pub fn scheduler(
        &self,
        table: &CurveTable,
        max_resource: Option<u64>,
    ) -> Result<PromotionSpec, SimulationError> {
        let (first, last) = (table.resources()[0], table.max_resource());
        let max_resource = max_resource.unwrap_or(last);
        if max_resource > last {
            return Err(SimulationError::MaxResource {
                curves: table.name().to_owned(),
                max_resource,
                last,
            });
        }
        let spec = match self {
            Self::Geometric {
                grace_period,
                reduction_factor,
            } => PromotionSpec::geometric(
                grace_period.unwrap_or(first),
                *reduction_factor,
                max_resource,
            ),
            Self::List(levels) => PromotionSpec::from_levels(levels, max_resource),
        }?;
        match spec.model.rungs.first() {
            None => Err(SpecError::NoRungs.into()),
            Some(rung) if rung.level < first => Err(SimulationError::FirstLevel {
                curves: table.name().to_owned(),
                level: rung.level,
                first,
            }),
            Some(_) => Ok(spec),
        }
    }
}
