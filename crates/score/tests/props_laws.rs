//! The laws of the model. They hold exactly; the tolerance is that of two values within their error budgets.

mod common;

use common::{agree, not_above, position, quantile};
use proptest::prelude::*;
use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, ScoreSettings,
    arrivals_left, first_passage_arrivals, promotable, resume_probability,
};

/// Log-uniform between two positive numbers.
fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..=high.ln()).prop_map(f64::exp)
}

fn chance() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => 0.001..0.999,
        1 => log_uniform(1e-12, 0.1),
        1 => log_uniform(1e-12, 0.1).prop_map(|x| 1.0 - x),
    ]
}

/// 1/eta, or a/b with gaps short enough for tables.
fn any_quantile() -> impl Strategy<Value = PromotionQuantile> {
    prop_oneof![
        2 => (2..=5u64).prop_map(|eta| quantile(1, eta)),
        1 => (2..=1000u64).prop_map(|eta| quantile(1, eta)),
        2 => (2..=20u64).prop_flat_map(|b| (1..b).prop_map(move |a| quantile(a, b))),
        1 => (3..=100u64).prop_flat_map(|b| (b / 3 + 1..b).prop_map(move |a| quantile(a, b))),
    ]
}

fn rung_len() -> impl Strategy<Value = u64> {
    log_uniform(1.0, 1e6).prop_map(|n| n as u64)
}

/// Ranks from the first that is not promotable on, more of them near it.
fn place(alpha: PromotionQuantile, rung_len: u64) -> impl Strategy<Value = (u64, u64)> {
    let first = rung_len * alpha.numerator() / alpha.denominator() + 1;
    let worst = rung_len.max(first);
    prop_oneof![
        1 => (first..=worst).boxed(),
        2 => log_uniform(1.0, (worst - first + 1) as f64).prop_map(move |x| first - 1 + x as u64).boxed(),
        1 => (1..=first).boxed(),
    ]
    .prop_map(move |rank| (rank.clamp(1, rung_len), rung_len))
}

fn any_position() -> impl Strategy<Value = PausedPosition> {
    (any_quantile(), rung_len(), chance(), log_uniform(1e-6, 1e6)).prop_flat_map(
        |(alpha, rung_len, p, time_ratio)| {
            place(alpha, rung_len)
                .prop_map(move |(rank, rung_len)| position(rank, rung_len, alpha, p, time_ratio))
        },
    )
}

fn any_settings() -> impl Strategy<Value = ScoreSettings> {
    let rule = prop_oneof![
        Just(PromotionRule::TopFraction),
        Just(PromotionRule::LinearQuantile)
    ];
    let horizon = prop_oneof![Just(Horizon::Hard), Just(Horizon::FirstTermKept)];
    let steps = prop_oneof![2 => (1..=200u32).prop_map(Some), 1 => Just(Some(25)), 1 => Just(None)];
    (rule, horizon, steps).prop_map(|(promotion_rule, horizon, approx_steps)| ScoreSettings {
        promotion_rule,
        horizon,
        approx_steps,
    })
}

/// Without a cut-off, tables are for short rungs: others get one.
fn bounded(positions: &[PausedPosition], settings: ScoreSettings) -> ScoreSettings {
    let is_closed = |position: &PausedPosition| position.promotion_quantile.numerator() == 1;
    if settings.approx_steps.is_some() || positions.iter().all(is_closed) {
        return settings;
    }
    ScoreSettings {
        approx_steps: Some(100),
        ..settings
    }
}

fn score(position: &PausedPosition, settings: &ScoreSettings) -> ResumeProbability {
    resume_probability(position, settings).unwrap_or_else(|error| panic!("{position:?}: {error}"))
}

/// `less` has no greater probability than `more`.
fn ordered(
    less: PausedPosition,
    more: PausedPosition,
    settings: ScoreSettings,
) -> Result<(), TestCaseError> {
    let settings = bounded(&[less, more], settings);
    let (small, large) = (score(&less, &settings), score(&more, &settings));
    prop_assert!(
        not_above(small, large),
        "{less:?}: {small:?}, {more:?}: {large:?}, {settings:?}"
    );
    Ok(())
}

proptest! {
    #[test]
    fn not_increasing_in_rank(position in any_position(), settings in any_settings(), share in 0.0..=1.0) {
        let better = PausedPosition { rank: 1 + (share * (position.rank - 1) as f64) as u64, ..position };
        ordered(position, better, settings)?;
        if position.rank > 1 {
            ordered(position, PausedPosition { rank: position.rank - 1, ..position }, settings)?;
        }
    }

    #[test]
    fn not_increasing_in_p(position in any_position(), settings in any_settings(), other in chance(), near in 0.99..1.0) {
        let with = |p| PausedPosition { p, ..position };
        ordered(with(position.p.max(other)), with(position.p.min(other)), settings)?;
        ordered(position, with(position.p * near), settings)?;
    }

    #[test]
    fn not_decreasing_in_rung_length(position in any_position(), settings in any_settings(), more in log_uniform(1.0, 1e5)) {
        let with = |rung_len| PausedPosition { rung_len, ..position };
        ordered(position, with(position.rung_len + 1), settings)?;
        ordered(position, with(position.rung_len + more as u64), settings)?;
    }

    #[test]
    fn not_decreasing_in_alpha(position in any_position(), settings in any_settings(), other in any_quantile()) {
        let with = |promotion_quantile| PausedPosition { promotion_quantile, ..position };
        let (mut low, mut high) = (position.promotion_quantile, other);
        if low.numerator() * high.denominator() > high.numerator() * low.denominator() {
            (low, high) = (high, low);
        }
        ordered(with(low), with(high), settings)?;
    }

    #[test]
    fn not_decreasing_in_time_ratio(position in any_position(), settings in any_settings(), factor in log_uniform(1.0, 1e3)) {
        let with = |time_ratio| PausedPosition { time_ratio, ..position };
        ordered(position, with(position.time_ratio * factor), settings)?;
        ordered(position, with(f64::INFINITY), ScoreSettings { approx_steps: settings.approx_steps.or(Some(100)), ..settings })?;
    }

    #[test]
    fn not_decreasing_in_approx_steps(position in any_position(), settings in any_settings(), more in 1..200u32) {
        let Some(steps) = settings.approx_steps else { return Ok(()) };
        let few = score(&position, &settings);
        let many = score(&position, &ScoreSettings { approx_steps: Some(steps + more), ..settings });
        prop_assert!(not_above(few, many), "{few:?} {many:?}");
        if position.promotion_quantile.numerator() == 1 {
            let all = score(&position, &ScoreSettings { approx_steps: None, ..settings });
            prop_assert!(not_above(many, all), "{many:?} {all:?}");
        }
    }

    #[test]
    fn first_term_kept_is_never_less(position in any_position(), settings in any_settings()) {
        let settings = bounded(&[position], settings);
        let hard = score(&position, &ScoreSettings { horizon: Horizon::Hard, ..settings });
        let kept = score(&position, &ScoreSettings { horizon: Horizon::FirstTermKept, ..settings });
        prop_assert!(kept == hard || hard == ResumeProbability::NEVER);
        prop_assert!(kept > ResumeProbability::NEVER);
    }

    #[test]
    fn certain_when_promotable_now_and_only_then(position in any_position(), settings in any_settings()) {
        let settings = bounded(&[position], settings);
        let now = promotable(position.rank, position.rung_len, position.promotion_quantile, settings.promotion_rule);
        let first = first_passage_arrivals(&position, settings.promotion_rule, 0).unwrap();
        prop_assert_eq!(now, first.is_none());
        if now {
            prop_assert_eq!(score(&position, &settings), ResumeProbability::CERTAIN);
        }
    }

    #[test]
    fn never_when_the_first_passage_is_too_late(position in any_position(), settings in any_settings()) {
        let settings = ScoreSettings { horizon: Horizon::Hard, ..bounded(&[position], settings) };
        let first = first_passage_arrivals(&position, settings.promotion_rule, 0).unwrap();
        let late = first.is_some_and(|first| first > arrivals_left(position.rung_len, position.time_ratio));
        prop_assert_eq!(late, score(&position, &settings) == ResumeProbability::NEVER);
    }

    #[test]
    fn first_passages_meet_the_rule_for_the_first_time(position in any_position(), settings in any_settings(), better in 0..100u64) {
        let rule = settings.promotion_rule;
        let meets = |l: u64| promotable(position.rank + better, position.rung_len + l, position.promotion_quantile, rule);
        if let Some(l) = first_passage_arrivals(&position, rule, better).unwrap() {
            prop_assert!(meets(l) && !meets(l - 1));
        }
    }

    #[test]
    fn endless_horizon_is_the_root(eta in 2..=40u64, excess in 1.2..4.0f64, rank in 1..2000u64, p_share in 0.0..1.0f64) {
        let alpha = quantile(1, eta);
        let settings = ScoreSettings { approx_steps: None, ..ScoreSettings::default() };
        let rung_len = rank * eta / 2 + rank;
        prop_assume!(rank <= rung_len);
        let d = (eta * rank) as f64 - rung_len as f64;
        prop_assume!(d > 0.0);
        // p <= 1/eta: the walk comes down for sure.
        let below = position(rank, rung_len, alpha, (p_share / eta as f64).max(1e-12), f64::INFINITY);
        prop_assert_eq!(score(&below, &settings), ResumeProbability::CERTAIN);
        // p > 1/eta: x^d, x by iteration from below.
        let p = (excess / eta as f64).min(0.95);
        prop_assume!(p * eta as f64 >= 1.2);
        let mut x = 0.0f64;
        for _ in 0..1000 {
            x = 1.0 - p + p * x.powi(eta as i32);
        }
        let expected = ResumeProbability::from_ln(d * x.ln()).unwrap();
        let value = score(&position(rank, rung_len, alpha, p, f64::INFINITY), &settings);
        // The iteration knows x to a few units in the last place, amplified by 1 / (1 - eta p x^(eta - 1)).
        let (value, expected) = (value.ln_probability(), expected.ln_probability());
        prop_assert!((value - expected).abs() <= 1e-12 * (1.0 + expected.abs()) + d * 1e-14, "{value} {expected}");
    }

    #[test]
    fn logarithm_and_probability_agree(position in any_position(), settings in any_settings()) {
        let value = score(&position, &bounded(&[position], settings));
        prop_assert!(value.ln_probability() <= 0.0);
        prop_assert_eq!(value.probability(), libm::exp(value.ln_probability()));
        prop_assert!(agree(value, ResumeProbability::from_ln(value.ln_probability()).unwrap()));
    }
}
