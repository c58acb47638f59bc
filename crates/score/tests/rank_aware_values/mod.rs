//! Values of 50-digit arithmetic for the score without p: far tails, long rungs, long horizons, ties.

use rungkeeper_score::PromotionRule::{LinearQuantile, TopFraction};
use rungkeeper_score::{
    PromotionQuantile, PromotionRule, RankedPosition, ResumeProbability, ScoreError,
};

/// Rank, number of strictly better ones, rung length, promotion quantile, time ratio, rule, ln P.
pub(crate) type Value = (u64, u64, u64, (u64, u64), f64, PromotionRule, f64);

/// For alpha = 1/eta from the closed form with log-gamma functions, w being added up from its far end; otherwise from
/// the urn arrival by arrival.
#[rustfmt::skip]
#[allow(clippy::unreadable_literal, clippy::excessive_precision)] // as they were computed
pub(crate) const VALUES: [Value; 36] = [
    (340, 339, 1000, (1, 3), 1.0, TopFraction, -0.62724351450580205888),
    (500, 499, 1000, (1, 3), 1.0, TopFraction, -126.72707876252157902),
    (900, 899, 1000, (1, 3), 0.01, TopFraction, -7472.635636959449118),
    (1000, 999, 1000, (1, 3), 1.0, TopFraction, -1945.5739365361316971),
    (33400, 33399, 100000, (1, 3), 0.5, TopFraction, -0.82306024310139486022),
    (40000, 39999, 100000, (1, 3), 0.001, TopFraction, -93293.955245690303927),
    (5, 4, 5, (1, 3), 1000.0, TopFraction, -4.90862777465164392),
    (30, 29, 50, (1, 2), 0.0625, LinearQuantile, -11.815197835947245648),
    (26, 25, 50, (1, 2), 3.0, LinearQuantile, -0.13882151235309700339),
    (30, 29, 50, (1, 2), 300.0, TopFraction, -1.6624451227190001964),
    (13, 12, 200, (1, 16), 1.0, TopFraction, -0.16465881315443428639),
    (100, 99, 200, (1, 16), 10.0, TopFraction, -184.9396902293387471),
    (3, 2, 200, (1, 100), 1.0, TopFraction, -1.0684186778944761988),
    (170, 169, 200, (1, 100), 5.0, LinearQuantile, -3186.1761858860822255),
    (8, 7, 17, (1, 4), 2.127, TopFraction, -3.8834971763709079617),
    (256, 255, 1000, (1, 4), 0.0001, TopFraction, -116.84342982885064269),
    (400, 399, 1000, (1, 4), 1e-06, TopFraction, -7461.3023545457772251),
    (1, 0, 1, (1, 4), 20000.0, TopFraction, -0.96378490075163571455),
    (7, 6, 7, (1, 3), 1e-05, TopFraction, -161.18116184185992019),
    (2000, 1999, 2000, (1, 2), 0.25, TopFraction, -3583.3367168343703204),
    (45, 44, 100, (2, 5), 1.0, TopFraction, -1.8379851654536025836),
    (90, 89, 100, (2, 5), 0.25, TopFraction, -188.18859165338048317),
    (19, 18, 20, (3, 4), 2.0, LinearQuantile, -4.1697893723546245797),
    (82, 81, 100, (81, 100), 0.5, TopFraction, -0.48981844666204998055),
    (60, 59, 64, (8, 27), 0.125, LinearQuantile, -291.83905320722503116),
    (5, 4, 5, (2, 5), 20.0, TopFraction, -4.2400181758912931224),
    (500, 0, 1000, (1, 3), 1.0, TopFraction, -2.7678227840064382109e-37),
    (500, 300, 1000, (1, 3), 1.0, TopFraction, -25.38936201055622384),
    (340, 320, 1000, (1, 3), 0.5, TopFraction, -0.36518141931548630742),
    (17, 1, 30, (1, 4), 2.0, LinearQuantile, -0.24672846974339081526),
    (1000, 0, 1000, (1, 2), 3.0, TopFraction, -1.6358656408119283452e-47),
    (40000, 20000, 100000, (1, 3), 0.25, TopFraction, -1034.4076066007354033),
    (9, 0, 9, (1, 3), 1000.0, TopFraction, -0.0211160436336426881),
    (50, 10, 100, (2, 5), 1.0, TopFraction, -0.00036792131326451996318),
    (30, 0, 64, (8, 27), 0.5, LinearQuantile, -1.235719065877207782),
    (90, 40, 100, (3, 4), 0.25, TopFraction, -3.1386867206088521074),
];

/// The largest error of ln P by a method over all values: absolute, relative where ln P is below -1.
pub(crate) fn worst(
    method: impl Fn(&RankedPosition, PromotionRule) -> Result<ResumeProbability, ScoreError>,
) -> f64 {
    let error = |value: &Value| excess(&method, value).abs() / value.6.abs().max(1.0);
    VALUES.iter().map(error).fold(0.0, f64::max)
}

/// By how much ln P of a method is too large at most; 0 if it nowhere is.
pub(crate) fn most_above(
    method: impl Fn(&RankedPosition, PromotionRule) -> Result<ResumeProbability, ScoreError>,
) -> f64 {
    let error = |value: &Value| excess(&method, value);
    VALUES.iter().map(error).fold(0.0, f64::max)
}

/// What ln P of a method is above the true one.
fn excess(
    method: &impl Fn(&RankedPosition, PromotionRule) -> Result<ResumeProbability, ScoreError>,
    &(rank, num_better, rung_len, (a, b), time_ratio, rule, ln): &Value,
) -> f64 {
    let position = RankedPosition {
        rank,
        num_better,
        rung_len,
        promotion_quantile: PromotionQuantile::new(a, b).expect("a promotion quantile"),
        time_ratio,
    };
    let found = method(&position, rule).expect("a valid position");
    found.ln_probability() - ln
}
