//! The stream of the random policy.

use rungkeeper_policies::{
    Candidate, Choice, Need, PromotionQuantile, Random, RemovalPolicy, RungView,
};

/// Numbers of the trials that are chosen, of `trials` trials at ranks 1, 2, ... with the numbers 0, 1, ...
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
            metric: Some(0.5),
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
