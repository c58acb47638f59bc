//! The error budget of every public function, each measured against exact values. A public function without an entry
//! fails `every_public_function_has_a_budget`.

mod common;
mod rank_aware_values;

use common::{DENOMINATOR_OF_P, Method, exact, position, quantile, settings};
use rungkeeper_score::{
    PausedPosition, PromotionRule, RankedPosition, ResumeProbability, Rung, ScoreError,
    ScoreSettings, arrivals_left, expected_cost, first_passage_arrivals, ln_expected_cost,
    methods::{closed_form, quadratic, step_wise},
    promotable, rank_aware_probability, resume_probability,
};

/// A function, the error it may have (of a logarithm the absolute one, relative where that is below -1), and the worst one
/// found. Budget 0: exact.
struct Entry {
    function: &'static str,
    budget: f64,
    worst: fn() -> f64,
}

const TABLE: [Entry; 13] = [
    Entry {
        function: "arrivals_left",
        budget: 0.0,
        worst: of_arrivals_left,
    },
    Entry {
        function: "first_passage_arrivals",
        budget: 0.0,
        worst: of_first_passage_arrivals,
    },
    Entry {
        function: "promotable",
        budget: 0.0,
        worst: of_promotable,
    },
    Entry {
        function: "closed_form",
        budget: 1e-12,
        worst: || of_method(closed_form, true),
    },
    Entry {
        function: "quadratic",
        budget: 1e-12,
        worst: || of_method(quadratic, false),
    },
    Entry {
        function: "step_wise",
        budget: 1e-12,
        worst: || of_method(step_wise, false),
    },
    Entry {
        function: "resume_probability",
        budget: 1e-12,
        worst: || of_method(resume_probability, false),
    },
    Entry {
        function: "Bernoulli::probability",
        budget: 1e-12,
        worst: || of_method(by_scorer, false),
    },
    Entry {
        function: "expected_cost",
        budget: 1e-12,
        worst: of_expected_cost,
    },
    // Absolute, as it is the relative error of the cost.
    Entry {
        function: "ln_expected_cost",
        budget: 1e-12,
        worst: of_ln_expected_cost,
    },
    // Of the logarithm, against values of long arithmetic.
    Entry {
        function: "rank_aware_probability",
        budget: 1e-12,
        worst: || rank_aware_values::worst(rank_aware_probability),
    },
    Entry {
        function: "RankAware::probability",
        budget: 1e-12,
        worst: || rank_aware_values::worst(|position, rule| by_ranks(position, rule, None)),
    },
    // By how much it is too large, where next to nothing is enough.
    Entry {
        function: "RankAware::probability_up_to",
        budget: 1e-12,
        worst: || {
            rank_aware_values::most_above(|position, rule| {
                by_ranks(position, rule, Some(ResumeProbability::NEVER))
            })
        },
    },
];

/// By the scorer of its rung.
fn by_ranks(
    position: &RankedPosition,
    rule: PromotionRule,
    most: Option<ResumeProbability>,
) -> Result<ResumeProbability, ScoreError> {
    let (rank, num_better) = (position.rank, position.num_better);
    let rung = Rung::new(position.rung_len, position.promotion_quantile, rule)?;
    let mut scorer = rung.rank_aware(position.time_ratio)?;
    match most {
        None => scorer.probability(rank, num_better),
        Some(most) => scorer.probability_up_to(rank, num_better, most),
    }
}

#[test]
fn every_function_is_within_its_budget() {
    for Entry {
        function,
        budget,
        worst,
    } in &TABLE
    {
        let worst = worst();
        assert!(worst <= *budget, "{function}: {worst:e}, budget {budget:e}");
    }
}

#[test]
fn every_public_function_has_a_budget() {
    let mut functions = vec![
        "Bernoulli::probability",
        "RankAware::probability",
        "RankAware::probability_up_to",
    ];
    for exports in [
        include_str!("../src/lib.rs"),
        include_str!("../src/methods.rs"),
    ] {
        let lines = exports.lines();
        for line in lines.filter_map(|line| line.strip_prefix("pub use ")) {
            let (_, exported) = line.split_once("::").expect("exports name their module");
            let names = exported.split(['{', '}', ',', ';', ' ']);
            functions.extend(names.filter(|name| name.starts_with(|c: char| c.is_lowercase())));
        }
    }
    let in_table = |name: &&str| TABLE.iter().any(|entry| entry.function == *name);
    let missing: Vec<_> = functions.iter().filter(|name| !in_table(name)).collect();
    assert!(missing.is_empty(), "{missing:?} have no error budget");
    assert_eq!(functions.len(), TABLE.len());
}

/// Positions with exact values: rank, rung length, alpha, p in sixteenths, time ratio, cut-off.
type Row = (u64, u64, (u64, u64), u64, f64, Option<u32>);

const POSITIONS: [Row; 8] = [
    (4, 10, (1, 3), 5, 2.0, Some(25)),
    (5, 10, (1, 3), 1, 2.0, Some(2)),
    (11, 20, (1, 2), 8, 1.25, None),
    (20, 20, (1, 2), 3, 1.25, None),
    (6, 20, (1, 4), 15, 1.25, Some(3)),
    (9, 20, (2, 5), 7, 1.0, None),
    (12, 12, (3, 4), 15, 2.0, Some(25)),
    (10, 20, (3, 7), 2, 1.25, Some(4)),
];

fn by_scorer(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    Rung::new(
        position.rung_len,
        position.promotion_quantile,
        settings.promotion_rule,
    )?
    .bernoulli(
        position.p,
        position.time_ratio,
        settings.horizon,
        settings.approx_steps,
    )?
    .probability(position.rank)
}

fn of_method(method: Method, unit_only: bool) -> f64 {
    let mut worst = 0.0_f64;
    for (rank, rung_len, (a, b), sixteenths, time_ratio, approx_steps) in POSITIONS {
        if unit_only && a != 1 {
            continue;
        }
        let p = sixteenths as f64 / DENOMINATOR_OF_P as f64;
        let position = position(rank, rung_len, quantile(a, b), p, time_ratio);
        let settings = settings(approx_steps);
        let arrivals = arrivals_left(rung_len, time_ratio) as u32;
        let (probability, complement) = exact(&position, &settings, sixteenths, arrivals);
        let value = method(&position, &settings).expect("a valid position");
        let ln = if complement < 0.5 {
            libm::log1p(-complement)
        } else {
            libm::log(probability)
        };
        worst = worst.max((value.probability() / probability - 1.0).abs());
        worst = worst.max((value.ln_probability() - ln).abs() / ln.abs().max(1.0));
    }
    worst
}

/// Against fractions: with time ratios m / 2^s, ceil(n m / 2^s).
fn of_arrivals_left() -> f64 {
    let mut worst = 0.0_f64;
    for rung_len in (1..2000u64).chain([1_000_003, (1 << 53) - 1]) {
        for (m, s) in [
            (1u64, 3),
            (5, 2),
            (7, 0),
            (1023, 20),
            ((1 << 53) - 1, 53),
            ((1 << 53) - 1, 40),
        ] {
            let exact = (u128::from(rung_len) * u128::from(m)).div_ceil(1 << s);
            let value = arrivals_left(rung_len, m as f64 / 2f64.powi(s));
            worst = worst.max(u128::from(value).abs_diff(exact.min(u128::from(u64::MAX))) as f64);
        }
    }
    worst
}

/// Against the definition of the rule, arrival by arrival.
fn of_first_passage_arrivals() -> f64 {
    let mut worst = 0.0_f64;
    for (rank, rung_len, (a, b), ..) in POSITIONS {
        for better in 0..10 {
            let position = position(rank, rung_len, quantile(a, b), 0.5, 1.0);
            let first = (0..10_000)
                .find(|l| (rank + better) * b <= a * (rung_len + l))
                .expect("in the end");
            let value = first_passage_arrivals(&position, PromotionRule::TopFraction, better)
                .expect("a valid position");
            worst = worst.max(value.expect("not promotable now").abs_diff(first) as f64);
        }
    }
    worst
}

/// Against counting: rank k is promotable if the whole number of trials promoted out of n, floor(alpha n), reaches it.
fn of_promotable() -> f64 {
    let mut wrong = 0;
    for (a, b) in [(1, 2), (1, 3), (2, 5), (81, 100), (1, 1)] {
        for n in 1..300u64 {
            let (top, linear) = (a * n / b, a * (n - 1) / b + 1);
            for k in 1..=n {
                wrong += u32::from(
                    promotable(k, n, quantile(a, b), PromotionRule::TopFraction) != (k <= top),
                );
                wrong += u32::from(
                    promotable(k, n, quantile(a, b), PromotionRule::LinearQuantile)
                        != (k <= linear),
                );
            }
        }
    }
    f64::from(wrong)
}

const LEVELS: [u64; 4] = [1, 9, 243, 1_000_000];

/// exp(-n ln 2) = 2^-n exactly.
fn of_expected_cost() -> f64 {
    let mut worst = 0.0_f64;
    for level in LEVELS {
        for halvings in [0, 1, 10, 300, 900] {
            let half = ResumeProbability::from_ln(f64::from(-halvings) * core::f64::consts::LN_2)
                .expect("a logarithm");
            let exact = level as f64 * 2f64.powi(-halvings);
            worst = worst.max((expected_cost(level, half) / exact - 1.0).abs());
        }
    }
    worst
}

fn of_ln_expected_cost() -> f64 {
    let mut worst = 0.0_f64;
    for level in LEVELS {
        for ln in [0.0, -1e-20, -1.0, -600.0] {
            let probability = ResumeProbability::from_ln(ln).expect("a logarithm");
            let exact = (level as f64).ln() + ln;
            worst = worst.max((ln_expected_cost(level, probability) - exact).abs());
        }
    }
    worst
}
