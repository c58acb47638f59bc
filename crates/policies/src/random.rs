use alloc::vec::Vec;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::RungView;

use crate::choice::choose_in_order;
use crate::{Choice, Need, PolicyError, RemovalPolicy};

/// Baseline: removes any candidate, all equally likely.
///
/// The stream of random numbers is its own (PCG 64, seeded), so the choice of this policy leaves the schedule alone; one
/// number is drawn per checkpoint removed. What is never promoted, its metric being no finite number, goes before all
/// others.
///
/// ```
/// use rungkeeper_policies::{Candidate, Need, PromotionQuantile, Random, RemovalPolicy, RungView};
///
/// let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
/// let candidates: Vec<_> = ids.iter().zip((1..=100).rev()).map(|(trial_id, rank)| {
///     Candidate { trial_id, rank, num_better: rank - 1, bytes: 1, metric: Some(0.5) }
/// }).collect();
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let rungs = [RungView::new(1, 100, third, &candidates)?];
/// let need = Need { checkpoints: 10, bytes: 0 };
/// let chosen = Random::new(7).choose(&rungs, need, 1.0)?;
/// assert_eq!(chosen, Random::new(7).choose(&rungs, need, 1.0)?);
/// assert_ne!(chosen, Random::new(8).choose(&rungs, need, 1.0)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    stream: Pcg64,
}

impl Random {
    /// A policy with a stream of random numbers of its own.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            stream: Pcg64::seed_from_u64(seed),
        }
    }
}

impl RemovalPolicy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        _: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        let mut all = Vec::new();
        for (place, rung) in rungs.iter().enumerate() {
            let start = all.len();
            all.extend(rung.worst_first().map(|candidate| (place, candidate)));
            all[start..].reverse(); // best first, as the draws always counted them
        }
        let (bad, mut good): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.1.metric.is_none());
        let drawn = core::iter::from_fn(|| {
            // u64 on every platform: usize would draw other numbers on 32 bits.
            let left = good.len() as u64;
            (left > 0).then(|| good.swap_remove(self.stream.random_range(0..left) as usize))
        });
        Ok(choose_in_order(bad.into_iter().chain(drawn), need))
    }
}
