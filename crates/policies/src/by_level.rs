use alloc::vec::Vec;

use rungkeeper_rung_model::RungView;

use crate::choice::{choose_in_order, tie};
use crate::{Choice, Need, PolicyError, RemovalPolicy};

/// Baseline: removes the lowest level first, and at a level the worst rank.
///
/// What is never promoted, its metric being no finite number, goes before all others. As `by_level` in Syne Tune 0.13.
///
/// ```
/// use rungkeeper_policies::{ByLevel, Candidate, Need, PromotionQuantile, RemovalPolicy, RungView};
///
/// let waits = |trial_id, rank| {
///     Candidate { trial_id, rank, num_better: rank - 1, bytes: 1, metric: Some(0.5) }
/// };
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let (high, low) = ([waits("a", 9)], [waits("c", 8), waits("b", 4)]);
/// let rungs = [RungView::new(3, 9, third, &high)?, RungView::new(1, 9, third, &low)?];
/// let need = Need { checkpoints: 3, bytes: 0 };
/// let chosen = ByLevel.choose(&rungs, need, 1.0)?;
/// let ids: Vec<_> = chosen.iter().map(|choice| choice.candidate.trial_id).collect();
/// assert_eq!(ids, ["c", "b", "a"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "HyperbandRemoveCheckpointsBaselineCallback")]
pub struct ByLevel;

impl RemovalPolicy for ByLevel {
    fn name(&self) -> &'static str {
        "by_level"
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        _: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        // Of a rung the worst go first, so no more of them than must go are looked at.
        let most = match need.bytes {
            0 => usize::try_from(need.checkpoints).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let worst = |(place, rung): (usize, &RungView<'m>)| {
            rung.worst_first().take(most).map(move |it| (place, it))
        };
        let mut order: Vec<_> = rungs.iter().enumerate().flat_map(worst).collect();
        order.sort_unstable_by_key(|&(place, candidate)| tie(rungs[place].level(), &candidate));
        Ok(choose_in_order(order, need))
    }
}
