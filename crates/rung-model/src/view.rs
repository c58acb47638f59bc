//! A rung at one moment, as policies are shown it.

use crate::{PromotionQuantile, Rung, RungModel, SpecError};
use alloc::borrow::ToOwned;

/// A paused trial whose checkpoint can be removed, as it stands in its rung.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'m> {
    /// The trial's id.
    pub trial_id: &'m str,
    /// Its rank in the rung, 1 for the best.
    pub rank: u64,
    /// Number of entries of the rung with a strictly better metric: `rank - 1`, unless it has equals before it.
    pub num_better: u64,
    /// Size of its checkpoint, 0 where sizes are not known.
    pub bytes: u64,
    /// Its metric as it was reported; `None` where that is no finite number: it is never promoted.
    pub metric: Option<f64>,
}

/// A rung at one moment, with the paused trials that wait there and whose checkpoint can be removed.
///
/// [`RungModel::rung_views`] hands them out; [`RungView::new`] makes one by hand. Candidates are looked up only as far as
/// they are asked for, so the worst ones of a long rung cost no more than those of a short one.
///
/// ```
/// use rungkeeper_rung_model::{CheckpointTracking, Decision, ModelSpec, RungModel};
///
/// let checkpoints = CheckpointTracking::Assumed;
/// let mut model = RungModel::new(&ModelSpec { checkpoints, ..ModelSpec::geometric(1, 3, 9)? })?;
/// for (trial, loss) in [("a", 0.3), ("b", 0.1), ("c", 0.2)] {
///     model.start(trial, 0)?;
///     model.report(trial, 1, loss, Decision::Pause)?;
/// }
/// let rung = model.rung_views().last().unwrap();
/// assert_eq!((rung.level(), rung.len(), rung.promotion_quantile().value()), (1, 3, 1.0 / 3.0));
/// let ids: Vec<_> = rung.worst_first().map(|candidate| candidate.trial_id).collect();
/// assert_eq!(ids, ["a", "c", "b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RungView<'m> {
    level: u64,
    len: u64,
    promotion_quantile: PromotionQuantile,
    candidates: Candidates<'m>,
}

/// Where the candidates come from.
#[derive(Clone, Copy, Debug)]
enum Candidates<'m> {
    Waiting(&'m RungModel, &'m Rung),
    Listed(&'m [Candidate<'m>]),
}

impl<'m> RungView<'m> {
    pub(crate) fn of(model: &'m RungModel, rung: &'m Rung) -> Self {
        Self {
            level: rung.level(),
            len: rung.len(),
            promotion_quantile: rung.promotion_quantile(),
            candidates: Candidates::Waiting(model, rung),
        }
    }

    /// A rung of `len` entries at a resource level, some of which are candidates, given worst first.
    ///
    /// ```
    /// use rungkeeper_rung_model::{Candidate, PromotionQuantile, RungView};
    ///
    /// let candidate = |trial_id, rank| {
    ///     Candidate { trial_id, rank, num_better: rank - 1, bytes: 1_000, metric: Some(0.5) }
    /// };
    /// let third = PromotionQuantile::from_reduction_factor(3)?;
    /// let candidates = [candidate("a", 9), candidate("b", 4)];
    /// assert!(RungView::new(3, 12, third, &candidates).is_ok());
    /// assert!(RungView::new(3, 8, third, &candidates).is_err()); // no rank 9 of 8
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SpecError::Candidate`] for the first candidate that does not stand in the rung, at a better rank than the one
    /// before it and, if its metric is no finite number, behind another such one only.
    pub fn new(
        level: u64,
        len: u64,
        promotion_quantile: PromotionQuantile,
        candidates: &'m [Candidate<'m>],
    ) -> Result<Self, SpecError> {
        let mut before = (len.saturating_add(1), true);
        for it in candidates {
            let (behind, may_have_none) = before;
            if it.num_better >= it.rank
                || it.rank >= behind
                || it.metric.is_none() && !may_have_none
            {
                return Err(SpecError::Candidate {
                    trial: it.trial_id.to_owned(),
                    level,
                    rank: it.rank,
                    num_better: it.num_better,
                });
            }
            before = (it.rank, it.metric.is_none());
        }
        Ok(Self {
            level,
            len,
            promotion_quantile,
            candidates: Candidates::Listed(candidates),
        })
    }

    /// The rung level, in resource units: what is trained again where a checkpoint was removed.
    #[must_use]
    pub fn level(self) -> u64 {
        self.level
    }

    /// The rung length: number of entries, promoted ones included.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // an empty rung has no candidates, which is what matters
    pub fn len(self) -> u64 {
        self.len
    }

    /// The share of the rung that is promoted.
    #[must_use]
    pub fn promotion_quantile(self) -> PromotionQuantile {
        self.promotion_quantile
    }

    /// The candidates, worst first: those whose metric is no finite number, then by descending rank. Each step takes time
    /// logarithmic in the rung length.
    pub fn worst_first(self) -> impl Iterator<Item = Candidate<'m>> {
        let (mut waiting, mut listed) = match self.candidates {
            Candidates::Waiting(model, rung) => {
                (Some((model, rung, rung.waiting().rev())), [].iter())
            }
            Candidates::Listed(candidates) => (None, candidates.iter()),
        };
        core::iter::from_fn(move || match &mut waiting {
            Some((model, rung, worst_first)) => {
                worst_first.find_map(|(position, trial)| model.candidate(rung, position, trial))
            }
            None => listed.next().copied(),
        })
    }
}
