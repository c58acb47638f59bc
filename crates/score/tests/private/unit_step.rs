//! What the recurrences rest on, and the other way to sum.

use super::{BLOCK, BetaBinomial, FirstPassages, NegativeBinomial};
use crate::long_sum::{Summable, long_sum};

/// Rank, better gaps, rung length, eta.
fn places() -> impl Iterator<Item = (u64, u64, u64, u64)> {
    let lengths = (1..40u64).chain([100, 333, 1_000, 5_000]);
    lengths.flat_map(|n| {
        (2..=6u64).flat_map(move |eta| {
            let ranks = (1..=n).step_by(n.div_ceil(40) as usize);
            let waiting = ranks.filter(move |k| eta * k > n);
            waiting.flat_map(move |k| [k, k.div_ceil(2)].map(|gaps| (k, gaps, n, eta)))
        })
    })
}

fn passages(
    (k, gaps, n, eta): (u64, u64, u64, u64),
    to_come: &NegativeBinomial,
) -> FirstPassages<'_> {
    FirstPassages {
        eta,
        d: eta * k - n,
        urn: BetaBinomial {
            gaps: gaps as f64,
            rung_len: n as f64,
        },
        to_come,
        left_to_eta: to_come.left().to_the(eta),
    }
}

#[test]
fn ratios_stay_within_their_bounds() {
    for place in places() {
        for time_ratio in [0.01, 1.0, 50.0] {
            let to_come = NegativeBinomial::new(time_ratio);
            let passages = passages(place, &to_come);
            let term = |r: u64| passages.term((r as f64).into()).ln();
            let mut before = f64::INFINITY;
            for r in (0..10).chain((4..20).map(|i| i * i)) {
                let bound = passages.later_ratio(place.3, r as f64);
                let ratio = term(r + 1) - term(r);
                let place = (place, time_ratio, r);
                assert!(ratio <= libm::log(bound) + 1e-9, "{place:?}: {ratio}");
                assert!(bound <= before * (1.0 + 1e-14), "{place:?}");
                before = bound;
            }
        }
    }
}

#[test]
fn both_ways_to_sum_agree() {
    let mut short = 0;
    for place in places() {
        for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
            let to_come = NegativeBinomial::new(time_ratio);
            let passages = passages(place, &to_come);
            let Some(found) = passages.sum_down(place.3, f64::INFINITY) else {
                continue;
            };
            short += 1;
            let long = long_sum(&passages, 0.0.into(), f64::INFINITY.into()).ln();
            let tolerance = 5e-13 * long.abs().max(1.0);
            let place = (place, time_ratio);
            assert!(
                (found - long).abs() <= tolerance,
                "{place:?}: {found} {long}"
            );
        }
    }
    assert!(short > 5_000, "{short}");
}

#[test]
fn the_recurrence_gives_the_terms() {
    for place in places() {
        for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
            let to_come = NegativeBinomial::new(time_ratio);
            let passages = passages(place, &to_come);
            let last = passages.last(place.3).expect("few terms");
            let (first_term, mut terms) = passages.begin(place.3, last);
            let place = (place, time_ratio);
            let term = |r: f64| passages.term(r.into()).ln();
            let tolerance = 2e-14 * first_term.abs().max(1.0);
            assert!((first_term - term(last)).abs() <= tolerance, "{place:?}");
            let steps = passages.steps(place.0.3, last);
            for i in 0..BLOCK.min(last as usize) {
                terms.go_down(&steps, i);
                let expected = term(last - (i + 1) as f64) - first_term;
                let error = (terms.last.ln() - expected).abs();
                assert!(error <= tolerance, "{place:?} {i}: {error}");
            }
        }
    }
}

/// e^(-38) of the largest one, by the bound on their ratios that says so; to a tenth, and to whole terms.
#[test]
fn terms_are_negligible_from_the_last_on_and_not_much_before() {
    for place in places() {
        for time_ratio in [1e-3, 0.3, 2.0, 20.0] {
            let to_come = NegativeBinomial::new(time_ratio);
            let passages = passages(place, &to_come);
            let last = passages.last(place.3).expect("few terms");
            let fall = |end: f64| {
                let falls = (0..end as u64).map(|r| -passages.later_ratio(place.3, r as f64).ln());
                falls.filter(|fall| *fall > 0.0).sum::<f64>()
            };
            assert!(fall(last) > 35.0, "{place:?} {time_ratio}: {last}");
            // The recurrence may not begin before the mean of N'.
            let mean = to_come.mean(passages.urn.rung_len + 1.0);
            if passages.arrivals((last - 1.0).into()).high > mean {
                assert!(fall(last - 1.0) < 47.0, "{place:?} {time_ratio}: {last}");
            }
        }
    }
}
