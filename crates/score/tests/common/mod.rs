//! Exact values by another method, and what the tests have in common.
#![allow(dead_code)] // each test file uses a part

use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, ScoreError,
    ScoreSettings,
};

/// The signature of the methods.
pub(crate) type Method =
    fn(&PausedPosition, &ScoreSettings) -> Result<ResumeProbability, ScoreError>;

/// Error allowed in the logarithm of a probability: absolute, relative where that is below -1.
pub(crate) const BUDGET: f64 = 1e-12;

pub(crate) fn quantile(numerator: u64, denominator: u64) -> PromotionQuantile {
    PromotionQuantile::new(numerator, denominator).expect("a promotion quantile")
}

pub(crate) fn position(
    rank: u64,
    rung_len: u64,
    quantile: PromotionQuantile,
    p: f64,
    time_ratio: f64,
) -> PausedPosition {
    PausedPosition {
        rank,
        rung_len,
        promotion_quantile: quantile,
        p,
        time_ratio,
    }
}

pub(crate) fn settings(approx_steps: Option<u32>) -> ScoreSettings {
    ScoreSettings {
        approx_steps,
        ..ScoreSettings::default()
    }
}

pub(crate) const RULES: [PromotionRule; 2] =
    [PromotionRule::TopFraction, PromotionRule::LinearQuantile];

pub(crate) const HORIZONS: [Horizon; 2] = [Horizon::Hard, Horizon::FirstTermKept];

/// The difference allowed between two logarithms of probabilities that are each within their budget, times two: absolute
/// where the probability is the tighter one, relative below 1e-300.
pub(crate) fn ln_tolerance(x: f64, y: f64) -> f64 {
    let size = x.abs().max(y.abs());
    let relative_to = if size < 690.0 { 1.0 } else { size };
    4.0 * BUDGET * relative_to
}

/// Whether two probabilities agree.
pub(crate) fn agree(x: ResumeProbability, y: ResumeProbability) -> bool {
    let (x, y) = (x.ln_probability(), y.ln_probability());
    x == y || (x - y).abs() <= ln_tolerance(x, y)
}

/// Whether x <= y up to rounding errors.
pub(crate) fn not_above(x: ResumeProbability, y: ResumeProbability) -> bool {
    let (x, y) = (x.ln_probability(), y.ln_probability());
    x <= y || x - y <= ln_tolerance(x, y)
}

/// p = `sixteenths` / 16.
pub(crate) const DENOMINATOR_OF_P: u64 = 16;

/// The most arrivals for which 16^n' fits.
pub(crate) const MOST_ARRIVALS: u32 = 28;

/// Both P and 1 - P of a walk with p = `sixteenths` / 16, as doubles next to exact rational numbers: walks are counted in
/// integers with the rule taken from its definition, weighted by 16^n' times their probability.
pub(crate) fn exact(
    position: &PausedPosition,
    settings: &ScoreSettings,
    sixteenths: u64,
    arrivals: u32,
) -> (f64, f64) {
    assert!(arrivals <= MOST_ARRIVALS);
    let most_better = settings.approx_steps.map_or(u64::MAX, u64::from);
    let (better, worse) = (
        u128::from(sixteenths),
        u128::from(DENOMINATOR_OF_P - sixteenths),
    );
    let mut resumed = 0;
    // weights[j]: of the walks with j better arrivals so far that have not met the rule, times 16^l
    let mut weights = vec![0u128; arrivals as usize + 2];
    weights[0] = 1;
    for l in 0..=arrivals {
        for j in 0..=u64::from(l) {
            if j <= most_better && meets_rule(position, settings.promotion_rule, u64::from(l), j) {
                resumed += weights[j as usize] << (4 * (arrivals - l));
                weights[j as usize] = 0;
            }
        }
        if l < arrivals {
            for j in (0..=l as usize + 1).rev() {
                let from_below = if j > 0 { weights[j - 1] * better } else { 0 };
                weights[j] = weights[j] * worse + from_below;
            }
        }
    }
    let all = 1u128 << (4 * arrivals);
    (
        resumed as f64 / all as f64,
        (all - resumed) as f64 / all as f64,
    )
}

/// The promotion rule as it is written down, after l arrivals of which j are better.
fn meets_rule(position: &PausedPosition, rule: PromotionRule, l: u64, j: u64) -> bool {
    let quantile = position.promotion_quantile;
    let (rank, rung_len) = match rule {
        PromotionRule::LinearQuantile => (position.rank + j - 1, position.rung_len + l - 1),
        _ => (position.rank + j, position.rung_len + l),
    };
    rank * quantile.denominator() <= quantile.numerator() * rung_len
}

/// Compares a value with the exact P and 1 - P; the message says what is wrong.
pub(crate) fn compare(
    value: ResumeProbability,
    (exact, complement): (f64, f64),
) -> Result<(), String> {
    let ln = value.ln_probability();
    if exact == 0.0 {
        return if ln == f64::NEG_INFINITY {
            Ok(())
        } else {
            Err(format!("ln {ln} instead of minus infinity"))
        };
    }
    let exact_ln = if complement < 0.5 {
        libm::log1p(-complement)
    } else {
        libm::log(exact)
    };
    let in_probability = (value.probability() - exact).abs() / exact;
    let in_ln = (ln - exact_ln).abs() / exact_ln.abs().max(1.0);
    if in_probability <= BUDGET && in_ln <= BUDGET {
        Ok(())
    } else {
        Err(format!(
            "P {} against {exact}, ln {ln} against {exact_ln}",
            value.probability()
        ))
    }
}
