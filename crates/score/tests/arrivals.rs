//! Numbers of arrivals at their borders, and what is no probability.

use rungkeeper_score::{ResumeProbability, arrivals_left};

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
