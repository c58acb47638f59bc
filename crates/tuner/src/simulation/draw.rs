//! Which curve a new trial has.

use crate::random::{Draws, Purpose};
use crate::simulation::Draw;

/// The curve of each trial: a function of the seed and the number of the trial alone.
#[derive(Debug)]
pub(super) enum Order {
    /// A permutation of the curves.
    Permutation(Vec<u32>),
    /// Independent draws from a number of curves.
    Independent { seed: u64, curves: usize },
    /// As they are.
    Identity,
}

impl Order {
    /// `curves` is at least 1.
    pub(super) fn new(draw: Draw, seed: u64, curves: usize) -> Self {
        match draw {
            Draw::WithoutReplacement => Self::Permutation(permutation(seed, curves)),
            Draw::WithReplacement => Self::Independent { seed, curves },
            Draw::InOrder => Self::Identity,
        }
    }

    /// Where each curve comes once, `trial` is less than the number of curves.
    pub(super) fn curve(&self, trial: usize) -> usize {
        match self {
            Self::Permutation(order) => order[trial] as usize,
            &Self::Independent { seed, curves } => {
                Draws::new(seed, trial as u64, Purpose::Curve).below(curves as u128) as usize
            }
            Self::Identity => trial,
        }
    }
}

/// A random permutation (Fisher and Yates 1938; Durstenfeld 1964).
fn permutation(seed: u64, length: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..length as u32).collect();
    for last in (1..length).rev() {
        let mut draws = Draws::new(seed, last as u64, Purpose::Curve);
        order.swap(last, draws.below(last as u128 + 1) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_replacement_each_curve_comes_once() {
        for seed in 0..20 {
            let mut order = permutation(seed, 100);
            assert_ne!(order, permutation(seed + 1, 100));
            assert!(!order.is_sorted());
            order.sort_unstable();
            assert!(order.into_iter().eq(0..100));
        }
        assert_eq!(permutation(0, 1), [0]);
    }

    /// Chi-square over where curve 0 of 6 stands, 6,000 seeds: 5 degrees of freedom, 25.7 is
    /// exceeded with probability 1e-4.
    #[test]
    fn all_places_are_equally_likely() {
        let mut counts = [0u32; 6];
        for seed in 0..6_000 {
            let order = permutation(seed, 6);
            counts[order.iter().position(|&curve| curve == 0).unwrap()] += 1;
        }
        let square = |&count: &u32| (f64::from(count) - 1_000.0).powi(2) / 1_000.0;
        let chi_square: f64 = counts.iter().map(square).sum();
        assert!(chi_square < 25.7, "{counts:?}");
    }

    #[test]
    fn with_replacement_curves_come_again() {
        let order = Order::new(Draw::WithReplacement, 3, 5);
        let drawn: Vec<usize> = (0..50).map(|trial| order.curve(trial)).collect();
        assert!((0..5).all(|curve| drawn.contains(&curve)));
        assert!(drawn.iter().all(|&curve| curve < 5));
    }

    #[test]
    fn in_order_curves_come_as_they_are() {
        let order = Order::new(Draw::InOrder, 3, 5);
        assert!((0..5).all(|trial| order.curve(trial) == trial));
    }

    #[test]
    fn orders_are_stable() {
        assert_eq!(permutation(1, 8), GOLDEN);
        let order = Order::new(Draw::WithReplacement, 1, 100);
        let drawn: Vec<usize> = (0..5).map(|trial| order.curve(trial)).collect();
        assert_eq!(drawn, GOLDEN_DRAWS);
    }

    const GOLDEN: [u32; 8] = [3, 5, 1, 2, 0, 7, 4, 6];
    const GOLDEN_DRAWS: [usize; 5] = [95, 46, 39, 59, 6];
}
