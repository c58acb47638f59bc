//! The promotion quantile: what is refused, and how doubles find their fraction.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use rungkeeper_rung_model::{PromotionQuantile, QuantileError};

#[test]
fn refuses_what_is_no_quantile() {
    for (numerator, denominator) in [(0, 1), (0, 0), (1, 0), (2, 1), (1, (1 << 31) + 1)] {
        assert_eq!(
            PromotionQuantile::new(numerator, denominator),
            Err(QuantileError::Fraction {
                numerator,
                denominator
            })
        );
    }
    for value in [
        f64::NAN,
        0.0,
        -0.5,
        1.0 + f64::EPSILON,
        f64::INFINITY,
        1e-12,
        1.234_567_89e-9,
    ] {
        assert!(PromotionQuantile::from_f64(value).is_err(), "{value}");
    }
}

#[test]
fn doubles_find_their_fraction() {
    for denominator in 1..=400 {
        for numerator in 1..=denominator {
            let quantile = PromotionQuantile::new(numerator, denominator).unwrap();
            let value = quantile.value();
            assert_eq!(PromotionQuantile::from_f64(value), Ok(quantile));
        }
    }
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    assert_eq!(PromotionQuantile::from_f64(1.0 - 2.0 / 3.0), Ok(third));
    let small = PromotionQuantile::from_reduction_factor(1 << 31).unwrap();
    assert_eq!(PromotionQuantile::from_f64(small.value()), Ok(small));
}

/// Fractions of one value are one quantile, and of no other; each says how it was given.
#[test]
fn quantiles_are_equal_as_their_values_are() {
    let mut known = HashSet::new();
    for denominator in 1..=30u64 {
        for numerator in 1..=denominator {
            let quantile = PromotionQuantile::new(numerator, denominator).unwrap();
            for times in 1..=3 {
                let given = [times * numerator, times * denominator];
                let same = PromotionQuantile::try_from(given).unwrap();
                assert_eq!((same, <[u64; 2]>::from(same)), (quantile, given));
            }
            // Of those before, the ones with the same value and no others.
            let cross = |it: &&PromotionQuantile| {
                it.numerator() * denominator == numerator * it.denominator()
            };
            let before: Vec<_> = known.iter().filter(cross).collect();
            assert_eq!(known.contains(&quantile), !before.is_empty());
            assert!(known.iter().filter(|it| **it == quantile).eq(before));
            known.insert(quantile);
        }
    }
    // The fractions up to a denominator of 30 in lowest terms: the sum of Euler's function.
    assert_eq!(known.len(), 278);
    let state = RandomState::new();
    let hashes: HashSet<u64> = known.iter().map(|it| state.hash_one(it)).collect();
    assert!(hashes.len() > 270, "{}", hashes.len());
}
