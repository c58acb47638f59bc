//! All methods against exact rational numbers: every short rung, and two promotion rules, horizons, cut-offs.

mod common;

use common::{
    BUDGET, DENOMINATOR_OF_P, HORIZONS, MOST_ARRIVALS, Method, RULES, compare, exact, position,
    quantile, settings,
};
use rungkeeper_score::{
    Horizon, PausedPosition, PromotionRule, ScoreSettings, arrivals_left, first_passage_arrivals,
    methods::{closed_form, quadratic, step_wise},
    resume_probability,
};

/// Rungs of 1 to 12, four promotion quantiles, p from 1/16 to 15/16, at most 28 arrivals.
fn for_every_short_rung(mut check: impl FnMut(&PausedPosition, &ScoreSettings, (f64, f64))) {
    for (numerator, denominator) in [(1, 2), (1, 3), (2, 5), (3, 4)] {
        let alpha = quantile(numerator, denominator);
        for rung_len in 1..=12u64 {
            for rank in 1..=rung_len {
                for (sixteenths, time_ratio) in [(1, 2.25), (5, 1.0), (8, 2.0), (15, 2.25)] {
                    let position = position(
                        rank,
                        rung_len,
                        alpha,
                        sixteenths as f64 / DENOMINATOR_OF_P as f64,
                        time_ratio,
                    );
                    for promotion_rule in RULES {
                        for approx_steps in [None, Some(1), Some(3)] {
                            let settings = ScoreSettings {
                                promotion_rule,
                                ..settings(approx_steps)
                            };
                            let arrivals = arrivals_left(rung_len, time_ratio) as u32;
                            assert!(arrivals <= MOST_ARRIVALS);
                            check(
                                &position,
                                &settings,
                                exact(&position, &settings, sixteenths, arrivals),
                            );
                        }
                    }
                }
            }
        }
    }
}

fn check_method(method: Method, unit_only: bool) {
    let mut count = 0;
    for_every_short_rung(|position, settings, exact| {
        if unit_only && position.promotion_quantile.numerator() != 1 {
            return;
        }
        let value = method(position, settings).expect("a valid position");
        compare(value, exact).unwrap_or_else(|error| panic!("{position:?}, {settings:?}: {error}"));
        count += 1;
    });
    assert!(count > 3000, "{count}");
}

#[test]
fn entry_point_is_exact_for_short_rungs() {
    check_method(resume_probability, false);
}

#[test]
fn closed_form_is_exact_for_short_rungs() {
    check_method(closed_form, true);
}

#[test]
fn quadratic_is_exact_for_short_rungs() {
    check_method(quadratic, false);
}

#[test]
fn step_wise_is_exact_for_short_rungs() {
    check_method(step_wise, false);
}

#[test]
fn first_term_kept_adds_the_first_term_only_where_it_is_late() {
    let mut late = 0;
    for_every_short_rung(|position, settings, (probability, _)| {
        let settings = ScoreSettings {
            horizon: Horizon::FirstTermKept,
            ..*settings
        };
        let kept = resume_probability(position, &settings)
            .expect("a valid position")
            .probability();
        let first =
            first_passage_arrivals(position, settings.promotion_rule, 0).expect("a valid position");
        let expected = match first {
            Some(first) if first > arrivals_left(position.rung_len, position.time_ratio) => {
                late += 1;
                (1.0 - position.p).powi(first as i32)
            }
            _ => probability,
        };
        assert!(
            (kept - expected).abs() <= BUDGET * expected,
            "{position:?}: {kept} {expected}"
        );
    });
    assert!(late > 100, "{late}");
}

/// All 2^12 orders in which twelve arrivals can come, one by one.
#[test]
fn orders_of_arrival_one_by_one() {
    const ARRIVALS: u32 = 12;
    for (numerator, denominator) in [(1, 3), (1, 4), (3, 7)] {
        let alpha = quantile(numerator, denominator);
        for (promotion_rule, rank) in RULES
            .into_iter()
            .flat_map(|rule| (1..=6).map(move |rank| (rule, rank)))
        {
            let position = position(rank, 6, alpha, 0.5, 2.0);
            let is_resumed =
                |order: u32| (0..=ARRIVALS).any(|l| meets(&position, promotion_rule, order, l));
            let resumed = (0..1u32 << ARRIVALS)
                .filter(|&order| is_resumed(order))
                .count();
            let settings = ScoreSettings {
                promotion_rule,
                approx_steps: None,
                ..ScoreSettings::default()
            };
            for horizon in HORIZONS {
                let value = resume_probability(
                    &position,
                    &ScoreSettings {
                        horizon,
                        ..settings
                    },
                )
                .expect("a valid position");
                let expected = resumed as f64 / f64::from(1 << ARRIVALS);
                if horizon == Horizon::Hard || expected > 0.0 {
                    assert!(
                        (value.probability() - expected).abs() <= BUDGET * expected,
                        "{position:?}: {expected}"
                    );
                }
            }
        }
    }
}

/// Whether the trial may be promoted after the first l arrivals of an order (a bit of 1: better).
fn meets(position: &PausedPosition, rule: PromotionRule, order: u32, l: u32) -> bool {
    let better = u64::from((order & ((1 << l) - 1)).count_ones());
    rungkeeper_score::promotable(
        position.rank + better,
        position.rung_len + u64::from(l),
        position.promotion_quantile,
        rule,
    )
}
