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
///     Candidate { trial_id, rank, num_better: rank - 1, bytes: 1, non_finite: false }
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
        let (bad, mut good): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.1.non_finite);
        let drawn = core::iter::from_fn(|| {
            // u64 on every platform: usize would draw other numbers on 32 bits.
            let left = good.len() as u64;
            (left > 0).then(|| good.swap_remove(self.stream.random_range(0..left) as usize))
        });
        Ok(choose_in_order(bad.into_iter().chain(drawn), need))
    }
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::{Candidate, PromotionQuantile};

    use super::*;

    /// Numbers of the trials that are chosen, of so many trials at ranks 1, 2, ... with the numbers 0, 1, ...
    fn chosen(policy: &mut Random, trials: u64, checkpoints: u64) -> Vec<usize> {
        let ids: Vec<String> = (0..trials).rev().map(|i| i.to_string()).collect();
        let candidates: Vec<_> = ids
            .iter()
            .zip((1..=trials).rev())
            .map(|(trial_id, rank)| Candidate {
                trial_id,
                rank,
                num_better: rank - 1,
                bytes: 10,
                non_finite: false,
            })
            .collect();
        let third = PromotionQuantile::from_reduction_factor(3).unwrap();
        let rungs = [RungView::new(1, 50, third, &candidates).unwrap()];
        let need = Need {
            checkpoints,
            bytes: 0,
        };
        let chosen = policy.choose(&rungs, need, 1.0).unwrap();
        let number = |choice: &Choice<'_>| choice.candidate.trial_id.parse().unwrap();
        chosen.iter().map(number).collect()
    }

    /// Chi-square over which of 5 candidates goes, 20,000 draws: 4 degrees of freedom, 23.5 is
    /// exceeded with probability 1e-4.
    #[test]
    fn all_candidates_are_equally_likely() {
        let (mut policy, mut counts) = (Random::new(1), [0u32; 5]);
        for _ in 0..20_000 {
            counts[chosen(&mut policy, 5, 1)[0]] += 1;
        }
        let square = |&count: &u32| (f64::from(count) - 4_000.0).powi(2) / 4_000.0;
        let chi_square: f64 = counts.iter().map(square).sum();
        assert!(chi_square < 23.5, "{counts:?}");
    }

    #[test]
    fn stream_is_stable() {
        assert_eq!(chosen(&mut Random::new(42), 50, 5), [11, 49, 36, 24, 44]);
    }
}
