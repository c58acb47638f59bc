use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::Candidate;

use crate::choice::choose_in_order;
use crate::{Choice, Need, PolicyError, RemovalPolicy};

/// Baseline: gives up any candidate, all equally likely.
///
/// The stream of random numbers is its own (PCG 64, seeded), so the choice of this policy leaves
/// the schedule alone; one number is drawn per checkpoint given up. Bad metrics go before all
/// others.
///
/// ```
/// use rungkeeper_policies::{Candidate, Need, PromotionQuantile, Random, RemovalPolicy};
///
/// let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
/// let candidates: Vec<_> = ids.iter().zip(1..).map(|(trial_id, rank)| Candidate {
///     trial_id, level: 1, rank, num_better: rank - 1, rung_len: 100, promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
///     bad_metric: false, bytes: 1,
/// }).collect();
/// let need = Need { checkpoints: 10, bytes: 0 };
/// let chosen = Random::new(7).choose(&candidates, need, 1.0)?;
/// assert_eq!(chosen, Random::new(7).choose(&candidates, need, 1.0)?);
/// assert_ne!(chosen, Random::new(8).choose(&candidates, need, 1.0)?);
/// # Ok::<(), rungkeeper_policies::PolicyError>(())
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

    /// All the same: 0, the logarithm of 1.
    fn ln_losses(&self, candidates: &[Candidate<'_>], _: f64) -> Result<Vec<f64>, PolicyError> {
        Ok(vec![0.0; candidates.len()])
    }

    fn choose(
        &mut self,
        candidates: &[Candidate<'_>],
        need: Need,
        _: f64,
    ) -> Result<Vec<Choice>, PolicyError> {
        let (bad, mut good): (Vec<usize>, Vec<usize>) =
            (0..candidates.len()).partition(|&i| candidates[i].bad_metric);
        let drawn = std::iter::from_fn(|| {
            // u64 on every platform: usize would draw other numbers on 32 bits.
            let left = good.len() as u64;
            (left > 0).then(|| good.swap_remove(self.stream.random_range(0..left) as usize))
        });
        let order = bad.into_iter().chain(drawn);
        Ok(choose_in_order(candidates, order, need))
    }

    fn estimates_costs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use rungkeeper_rung_model::PromotionQuantile;

    use super::*;

    fn candidates(ids: &[String]) -> Vec<Candidate<'_>> {
        ids.iter()
            .zip(1..)
            .map(|(trial_id, rank)| Candidate {
                trial_id,
                level: 1,
                rank,
                num_better: rank - 1,
                rung_len: 50,
                promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
                bad_metric: false,
                bytes: 10,
            })
            .collect()
    }

    /// Chi-square over which of 5 candidates goes, 20,000 draws: 4 degrees of freedom, 23.5 is
    /// exceeded with probability 1e-4.
    #[test]
    fn all_candidates_are_equally_likely() {
        let ids: Vec<String> = (0..5).map(|i| i.to_string()).collect();
        let candidates = candidates(&ids);
        let (mut policy, mut counts) = (Random::new(1), [0u32; 5]);
        let need = Need {
            checkpoints: 1,
            bytes: 0,
        };
        for _ in 0..20_000 {
            counts[policy.choose(&candidates, need, 1.0).unwrap()[0].candidate] += 1;
        }
        let square = |&count: &u32| (f64::from(count) - 4_000.0).powi(2) / 4_000.0;
        let chi_square: f64 = counts.iter().map(square).sum();
        assert!(chi_square < 23.5, "{counts:?}");
    }

    #[test]
    fn stream_is_stable() {
        let ids: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        let candidates = candidates(&ids);
        let need = Need {
            checkpoints: 5,
            bytes: 0,
        };
        let chosen = Random::new(42).choose(&candidates, need, 1.0).unwrap();
        let places: Vec<usize> = chosen.iter().map(|choice| choice.candidate).collect();
        assert_eq!(places, GOLDEN);
    }

    const GOLDEN: [usize; 5] = [11, 49, 36, 24, 44];
}
