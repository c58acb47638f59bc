//! Numbers of arrivals at their borders, and what is no probability.

use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, Rung,
    arrivals_left, first_passage_arrivals,
};

#[test]
fn arrivals_left_is_exact() {
    assert_eq!(arrivals_left(30, 1e-4), 1);
    assert_eq!(arrivals_left(3, 1.0 / 3.0), 1); // the double is below 1/3
    assert_eq!(arrivals_left(3, 1.0 / 3.0 + f64::EPSILON), 2);
    assert_eq!(arrivals_left(1, 5e-324), 1);
    assert_eq!(arrivals_left(1 << 53, 2f64.powi(-53)), 1);
    assert_eq!(arrivals_left(1 << 53, 1.0 + f64::EPSILON), (1 << 53) + 2);
    assert_eq!(arrivals_left(7, 2f64.powi(60)), 7 << 60);
    assert_eq!(arrivals_left(u64::MAX, 1.0), u64::MAX);
}

#[test]
fn arrivals_left_at_the_borders() {
    assert_eq!(arrivals_left(0, 1.0), 0);
    assert_eq!(arrivals_left(5, 0.0), 0);
    assert_eq!(arrivals_left(5, -1.0), 0);
    assert_eq!(arrivals_left(5, f64::NAN), 0);
    assert_eq!(arrivals_left(5, f64::MAX), u64::MAX);
    assert_eq!(arrivals_left(16, 2f64.powi(60)), u64::MAX);
    assert_eq!(arrivals_left(15, 2f64.powi(60)), 15 << 60);
}

#[test]
fn refuses_what_is_no_logarithm_of_a_probability() {
    assert!(ResumeProbability::from_ln(f64::NAN).is_err());
    assert!(ResumeProbability::from_ln(1e-300).is_err());
    assert_eq!(
        ResumeProbability::from_ln(f64::NEG_INFINITY),
        Ok(ResumeProbability::NEVER)
    );
}

/// The last of n trials is d = (b - a) n / a worse arrivals away from its promotion: they come in time or they do not,
/// beyond 2^64 too.
#[test]
fn in_time_or_not() {
    for bits in [0, 10, 40, 50] {
        for (a, b) in [
            (1, 2),
            (1, 1 << 10),
            (1, 1 << 26),
            (4, 9),
            (2, (1 << 26) + 1),
        ] {
            let quantile = PromotionQuantile::new(a, b).expect("a promotion quantile");
            let len = 4 << bits;
            let rung = Rung::new(len, quantile, PromotionRule::TopFraction).expect("a rung");
            let enough = (b - a) as f64 / a as f64;
            // One arrival less, or as many as a double can tell apart.
            let short = enough - (1.0 / len as f64).max(1e-15 * enough);
            let p = 1e-30 / (enough * len as f64);
            for (time_ratio, ln) in [(short, f64::NEG_INFINITY), (enough, -1e-30)] {
                let scorer = rung.bernoulli(p, time_ratio, Horizon::Hard, Some(1));
                let found = scorer.expect("a chance").probability(len).expect("a rank");
                let found = found.ln_probability();
                let is_right = found == ln || (found / ln - 1.0).abs() < 1e-12;
                let place = (len, a, b, time_ratio);
                assert!(is_right, "{place:?}: {found} {ln}");
            }
        }
    }
}

/// The last of n = 2^50 needs (b - a) n / a arrivals, although (b - a) n is beyond 2^64.
#[test]
fn passages_are_exact_beyond_64_bits() {
    let (a, b) = (1 << 20, (1 << 21) + 1);
    let position = PausedPosition {
        rank: 1 << 50,
        rung_len: 1 << 50,
        promotion_quantile: PromotionQuantile::new(a, b).expect("a promotion quantile"),
        p: 0.5,
        time_ratio: 1.0,
    };
    let first = first_passage_arrivals(&position, PromotionRule::TopFraction, 0);
    assert_eq!(first, Ok(Some((1 << 50) + (1 << 30))));
}
