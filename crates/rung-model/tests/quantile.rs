//! The promotion quantile: what is refused, and how doubles find their fraction.

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
