//! The methods, which have little in common, agree.

mod common;

use common::{
    DENOMINATOR_OF_P, MOST_ARRIVALS, agree, compare, exact, position, quantile, settings,
};
use proptest::prelude::*;
use rungkeeper_score::{
    PausedPosition, PromotionQuantile, PromotionRule, Rung, ScoreSettings, arrivals_left,
    methods::{closed_form, quadratic, step_wise},
    resume_probability,
};

fn any_quantile() -> impl Strategy<Value = PromotionQuantile> {
    prop_oneof![
        (2..=6u64).prop_map(|eta| quantile(1, eta)),
        (7..=100u64).prop_map(|eta| quantile(1, eta)),
        (2..=30u64).prop_flat_map(|b| (1..b).prop_map(move |a| quantile(a, b))),
    ]
}

fn chance() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => 0.01..0.99,
        1 => (-12.0..-1.0f64).prop_map(|x| 10f64.powf(x)),
        1 => (-12.0..-1.0f64).prop_map(|x| 1.0 - 10f64.powf(x)),
    ]
}

fn any_rule() -> impl Strategy<Value = PromotionRule> {
    prop_oneof![
        Just(PromotionRule::TopFraction),
        Just(PromotionRule::LinearQuantile)
    ]
}

/// Ranks from the first that is not promotable on, in rungs of up to `longest`.
fn any_position(longest: u64, most_time: f64) -> impl Strategy<Value = PausedPosition> {
    (
        any_quantile(),
        2..=longest,
        0.0..1.0f64,
        chance(),
        0.01..most_time,
    )
        .prop_map(|(alpha, rung_len, share, p, time_ratio)| {
            let first = rung_len * alpha.numerator() / alpha.denominator() + 1;
            let rank =
                first + ((rung_len - first.min(rung_len)) as f64 * share * share * share) as u64;
            position(rank.min(rung_len), rung_len, alpha, p, time_ratio)
        })
}

fn all_agree(position: &PausedPosition, settings: &ScoreSettings) -> Result<(), TestCaseError> {
    let by_arrival = quadratic(position, settings).unwrap();
    let by_gap = step_wise(position, settings).unwrap();
    let entry = resume_probability(position, settings).unwrap();
    prop_assert!(agree(by_arrival, by_gap), "{by_arrival:?} {by_gap:?}");
    prop_assert!(agree(by_arrival, entry), "{by_arrival:?} {entry:?}");
    if position.promotion_quantile.numerator() == 1 {
        let closed = closed_form(position, settings).unwrap();
        prop_assert!(agree(by_arrival, closed), "{by_arrival:?} {closed:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn cubic_is_quadratic_is_closed_form(position in any_position(5000, 4.0), rule in any_rule(), steps in 1..=60u32) {
        all_agree(&position, &ScoreSettings { promotion_rule: rule, ..settings(Some(steps)) })?;
    }

    #[test]
    fn cubic_is_quadratic_is_closed_form_without_cut_off(position in any_position(300, 2.0), rule in any_rule()) {
        all_agree(&position, &ScoreSettings { promotion_rule: rule, ..settings(None) })?;
    }

    #[test]
    fn quadratic_is_closed_form_for_many_terms(
        rung_len in 1000..4000u64, eta in 2..=3u64, share in 0.0..0.2f64, p in 0.2..0.6f64
    ) {
        let alpha = quantile(1, eta);
        let rank = rung_len / eta + 1 + (share * share * rung_len as f64) as u64;
        let position = position(rank, rung_len, alpha, p, 1.0);
        let (table, closed) = (quadratic(&position, &settings(None)).unwrap(), closed_form(&position, &settings(None)).unwrap());
        prop_assert!(agree(table, closed), "{table:?} {closed:?}");
    }

    #[test]
    fn methods_are_exact_for_few_arrivals(
        position in any_position(20, 1.4), sixteenths in 1..DENOMINATOR_OF_P, rule in any_rule(), steps in prop::option::of(1..12u32)
    ) {
        let position = PausedPosition { p: sixteenths as f64 / DENOMINATOR_OF_P as f64, ..position };
        let settings = ScoreSettings { promotion_rule: rule, ..settings(steps) };
        let arrivals = arrivals_left(position.rung_len, position.time_ratio) as u32;
        prop_assert!(arrivals <= MOST_ARRIVALS);
        let exact = exact(&position, &settings, sixteenths, arrivals);
        for method in [resume_probability, quadratic, step_wise] {
            let result = compare(method(&position, &settings).unwrap(), exact);
            prop_assert!(result.is_ok(), "{result:?}");
        }
    }

    /// A scorer keeps memory from one trial to the next, and gives each what it would get alone, bit for bit.
    #[test]
    fn a_scorer_is_one_by_one(first in any_position(1000, 2.0), ranks in prop::collection::vec(0.0..=1.0f64, 0..20), rule in any_rule()) {
        let settings = ScoreSettings { promotion_rule: rule, ..ScoreSettings::default() };
        let rung = Rung::new(first.rung_len, first.promotion_quantile, rule).unwrap();
        let mut scorer = rung.bernoulli(first.p, first.time_ratio, settings.horizon, settings.approx_steps).unwrap();
        for share in ranks {
            let rank = 1 + (share * (first.rung_len - 1) as f64) as u64;
            let single = resume_probability(&PausedPosition { rank, ..first }, &settings).unwrap();
            prop_assert_eq!(scorer.probability(rank).unwrap(), single);
        }
    }
}
