//! The laws of the score without p. They hold exactly, by coupling the arrivals; the tolerance is that of two values
//! within their error budgets.

mod common;

use common::quantile;
use proptest::prelude::*;
use rungkeeper_score::{
    PromotionQuantile, PromotionRule, RankAware, RankedPosition, ResumeProbability, Rung,
    promotable, rank_aware_probability,
};

fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..=high.ln()).prop_map(f64::exp)
}

fn unit_fraction() -> impl Strategy<Value = PromotionQuantile> {
    prop_oneof![
        4 => (2..=5u64).prop_map(|eta| quantile(1, eta)),
        1 => (2..=1000u64).prop_map(|eta| quantile(1, eta)),
    ]
}

fn rule() -> impl Strategy<Value = PromotionRule> {
    prop_oneof![
        Just(PromotionRule::TopFraction),
        Just(PromotionRule::LinearQuantile)
    ]
}

/// Any place in a rung, more of them next to the promotable ones.
fn placed(
    alpha: impl Strategy<Value = PromotionQuantile>,
    longest: f64,
    time_ratios: (f64, f64),
) -> impl Strategy<Value = RankedPosition> {
    (
        alpha,
        log_uniform(1.0, longest),
        log_uniform(time_ratios.0, time_ratios.1),
        0.0..1.0f64,
        0.0..3.0f64,
        prop_oneof![2 => Just(0.0), 1 => 0.0..=1.0f64],
    )
        .prop_map(
            |(promotion_quantile, rung_len, time_ratio, share, power, equals)| {
                let rung_len = rung_len as u64;
                let first = (rung_len as f64 * promotion_quantile.value()) as u64;
                let behind = ((rung_len - first) as f64 * share.powf(1.0 + power)) as u64;
                let rank = (first + behind).clamp(1, rung_len);
                RankedPosition {
                    rank,
                    num_better: ((rank - 1) as f64 * (1.0 - equals)) as u64,
                    rung_len,
                    promotion_quantile,
                    time_ratio,
                }
            },
        )
}

fn any_position() -> impl Strategy<Value = RankedPosition> {
    prop_oneof![
        5 => placed(unit_fraction(), 1e5, (1e-6, 1e4)),
        1 => placed(unit_fraction(), 1e9, (1e-9, 1e9)),
        2 => placed(
            (2..=12u64).prop_flat_map(|b| (1..b).prop_map(move |a| quantile(a, b))),
            300.0,
            (1e-4, 4.0),
        ),
    ]
}

fn of(position: &RankedPosition, rule: PromotionRule) -> ResumeProbability {
    rank_aware_probability(position, rule).unwrap_or_else(|error| panic!("{position:?}: {error}"))
}

fn scorer(position: &RankedPosition, rule: PromotionRule) -> RankAware {
    let rung = Rung::new(position.rung_len, position.promotion_quantile, rule);
    rung.and_then(|rung| rung.rank_aware(position.time_ratio))
        .expect("a valid position")
}

/// Whether x <= y up to rounding errors, which next to 1 are absolute.
fn not_above(x: ResumeProbability, y: ResumeProbability) -> bool {
    const BUDGET: f64 = 1e-12;
    let (x, y) = (x.ln_probability(), y.ln_probability());
    x <= y || x - y <= 2.0 * BUDGET * y.abs().max(1.0)
}

proptest! {
    #[test]
    fn does_not_increase_with_the_rank(position in any_position(), rule in rule(), worse in 1u64..100) {
        let worse = (position.rank + worse).min(position.rung_len);
        let other = RankedPosition { rank: worse, ..position };
        prop_assert!(not_above(of(&other, rule), of(&position, rule)));
    }

    #[test]
    fn does_not_increase_with_the_share_that_is_over(position in any_position(), rule in rule(), factor in 0.01..1.0f64) {
        let later = RankedPosition { time_ratio: position.time_ratio * factor, ..position };
        prop_assert!(not_above(of(&later, rule), of(&position, rule)));
    }

    #[test]
    fn does_not_increase_with_the_number_of_better_ones(
        position in any_position(), rule in rule(), share in 0.0..=1.0f64,
    ) {
        let fewer = (position.num_better as f64 * share) as u64;
        let other = RankedPosition { num_better: fewer, ..position };
        prop_assert!(not_above(of(&position, rule), of(&other, rule)));
    }

    #[test]
    fn does_not_decrease_with_the_rung_length(position in any_position(), rule in rule(), more in 1u64..100) {
        let longer = RankedPosition { rung_len: position.rung_len + more, ..position };
        prop_assert!(not_above(of(&position, rule), of(&longer, rule)));
    }

    #[test]
    fn does_not_decrease_with_the_promotion_quantile(
        position in placed(unit_fraction(), 300.0, (1e-4, 4.0)), rule in rule(), b in 2..12u64, part in 0.0..1.0f64,
    ) {
        let a = 1 + (part * (b - 1) as f64) as u64;
        let other = RankedPosition { promotion_quantile: quantile(a, b), ..position };
        let (small, large) = if other.promotion_quantile.value() < position.promotion_quantile.value() {
            (other, position)
        } else {
            (position, other)
        };
        prop_assert!(not_above(of(&small, rule), of(&large, rule)));
    }

    /// A scorer gives each trial what it would get alone, bit for bit, and worse ones no more than better ones.
    #[test]
    fn a_whole_rung_at_once(
        position in placed(unit_fraction(), 5e3, (1e-3, 1e2)), rule in rule(), every in 1..20usize, some in 0.0..1.0f64,
    ) {
        let mut scorer = scorer(&position, rule);
        let ranks: Vec<u64> = (1..=position.rung_len).step_by(every).collect();
        let all: Vec<_> = ranks.iter().map(|&rank| scorer.probability(rank, rank - 1).expect("a rank")).collect();
        for (pair, ranks) in all.windows(2).zip(&ranks) {
            prop_assert!(not_above(pair[1], pair[0]), "{ranks:?} {pair:?}");
        }
        let one = (some * ranks.len() as f64) as usize;
        let single = RankedPosition { rank: ranks[one], num_better: ranks[one] - 1, ..position };
        prop_assert_eq!(all[one], of(&single, rule));
    }

    /// It is the probability itself up to the limit, and above it something between the two.
    #[test]
    fn what_is_above_a_limit_need_not_be_known(position in any_position(), rule in rule(), part in 0.0..2.0f64) {
        let whole = of(&position, rule);
        let limit = ResumeProbability::from_ln(whole.ln_probability() * part).unwrap_or(ResumeProbability::NEVER);
        let found = scorer(&position, rule)
            .probability_up_to(position.rank, position.num_better, limit)
            .expect("a valid position");
        if whole <= limit {
            prop_assert_eq!(found, whole);
        } else {
            prop_assert!(limit < found && found <= whole, "{limit:?} {found:?} {whole:?}");
        }
    }

    #[test]
    fn certain_where_promotable_and_only_there(position in any_position(), rule in rule()) {
        let is_promotable = promotable(position.rank, position.rung_len, position.promotion_quantile, rule);
        let is_certain = of(&position, rule) == ResumeProbability::CERTAIN;
        prop_assert!(is_certain || !is_promotable);
        // With many equals before it, the probability may be 1 up to less than a rounding error.
        let distinct = RankedPosition { num_better: position.rank - 1, ..position };
        prop_assert_eq!(of(&distinct, rule) == ResumeProbability::CERTAIN, is_promotable);
    }
}
