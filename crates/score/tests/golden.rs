//! A golden value per path through the code, from sums of 300-bit floats (closed form; counts of walks for general
//! quantiles), printed to 20 digits and rounded to doubles.

mod common;

use common::{BUDGET, Method, position, quantile, settings};
use rungkeeper_score::{
    methods::{closed_form, quadratic, step_wise},
    resume_probability,
};

struct Golden {
    name: &'static str,
    rank: u64,
    rung_len: u64,
    quantile: (u64, u64),
    p: f64,
    time_ratio: f64,
    approx_steps: Option<u32>,
    ln_probability: f64,
}

#[allow(clippy::too_many_arguments)] // a row of a table
const fn row(
    name: &'static str,
    rank: u64,
    rung_len: u64,
    quantile: (u64, u64),
    p: f64,
    time_ratio: f64,
    approx_steps: Option<u32>,
    ln_probability: f64,
) -> Golden {
    Golden {
        name,
        rank,
        rung_len,
        quantile,
        p,
        time_ratio,
        approx_steps,
        ln_probability,
    }
}

#[rustfmt::skip]
const GOLDEN: [Golden; 20] = [
    row("few ratios", 700, 1000, (1, 3), 0.4, 2.0, Some(25), -491.805_491_353_513_9),
    row("far tail", 9000, 20_000, (1, 3), 0.35, 1.0, Some(25), -2_899.689_750_826_213),
    row("below the range of doubles", 15_000, 20_000, (1, 2), 0.45, 1.0, None, -1_717.700_575_519_585_8),
    row("complement by ratios", 334, 1000, (1, 3), 0.01, 1.0, Some(25), -1.191_574_958_659_160_7e-33),
    row("complement next to nothing", 11, 30, (1, 3), 1e-09, 4.0, Some(1), -1.199_999_997_100_000_1e-17),
    row("complement, falling to the root", 351, 1050, (1, 3), 0.333_333_4, 500.0, Some(2000), -0.022_082_943_423_746_518),
    row("many ratios", 120, 300, (1, 4), 0.2, 8.0, None, -4.308_811_489_461_620_6e-05),
    row("integral around the mode", 450_000, 1_000_000, (1, 3), 0.3, 1.0, None, -17_605.275_898_246_226),
    row("integral next to criticality", 500_200, 1_000_000, (1, 2), 0.5, 1.0, None, -0.372_286_624_953_390_5),
    row("integral cut off", 500_200, 1_000_000, (1, 2), 0.49, 1.0, Some(20_000), -0.013_015_154_531_754_992),
    row("complement by integral", 500_020, 1_000_000, (1, 2), 0.4999, 4.0, None, -0.009_334_124_406_486_054),
    row("ratios overflow", 400_000, 1_000_000, (1, 3), 0.9, 4.0, Some(500), -459_377.148_762_857_5),
    row("large eta", 3000, 1_000_000, (1, 1000), 0.0015, 5.0, None, -1_754.995_700_990_329_9),
    row("large eta cut off", 2000, 1_000_000, (1, 1000), 0.0012, 5.0, Some(25), -1_110.799_886_970_302_6),
    row("eta of a million", 5, 1_000_000, (1, 1_000_000), 1e-06, 40.0, Some(25), -0.795_700_840_461_428_3),
    row("two fifths", 150, 300, (2, 5), 0.35, 2.0, Some(25), -11.332_252_449_138_421),
    row("two fifths, no cut-off", 150, 300, (2, 5), 0.42, 2.0, None, -7.342_737_761_642_466),
    row("81 of 100", 900, 1000, (81, 100), 0.6, 1.0, None, -7.452_546_383_439_381e-16),
    row("wide gaps", 5, 1000, (3, 1000), 0.004, 20.0, Some(25), -1.250_535_787_845_645),
    row("general complement", 125, 300, (2, 5), 0.05, 2.0, Some(25), -6.861_832_830_600_86e-16),
];

fn check(golden: &Golden, method: Method) {
    let alpha = quantile(golden.quantile.0, golden.quantile.1);
    let position = position(
        golden.rank,
        golden.rung_len,
        alpha,
        golden.p,
        golden.time_ratio,
    );
    let value = method(&position, &settings(golden.approx_steps)).expect("a valid position");
    let ln = value.ln_probability();
    let error = (ln - golden.ln_probability).abs();
    // Absolute error in ln P, which is the relative one in P, where that is at least 1e-300, and relative below.
    let allowed = BUDGET * if ln > -690.0 { 1.0 } else { ln.abs() };
    assert!(
        error <= allowed,
        "{}: {ln} instead of {}",
        golden.name,
        golden.ln_probability
    );
}

#[test]
fn entry_point() {
    for golden in &GOLDEN {
        check(golden, resume_probability);
    }
}

#[test]
fn closed_forms() {
    for golden in GOLDEN.iter().filter(|golden| golden.quantile.0 == 1) {
        check(golden, closed_form);
    }
}

/// The tables, where they are small enough for a test.
#[test]
fn tables() {
    let small = |golden: &&Golden| golden.rung_len <= 1100 || golden.approx_steps == Some(25);
    for golden in GOLDEN.iter().filter(small) {
        check(golden, step_wise);
        if golden.quantile.1 < 1000 || golden.approx_steps == Some(25) {
            check(golden, quadratic);
        }
    }
}
