//! Values of 50-digit arithmetic for the score without p: far tails, long rungs, long horizons.

use rungkeeper_score::PromotionRule::{LinearQuantile, TopFraction};
use rungkeeper_score::{
    PromotionQuantile, PromotionRule, RankedPosition, ResumeProbability, ScoreError,
};

/// Rank, rung length, promotion quantile, time ratio, rule, ln P.
pub(crate) type Value = (u64, u64, (u64, u64), f64, PromotionRule, f64);

/// For alpha = 1/eta from the closed form with log-gamma functions, w being added up from its far end; otherwise from
/// the urn arrival by arrival.
#[rustfmt::skip]
#[allow(clippy::unreadable_literal, clippy::excessive_precision)] // as they were computed
pub(crate) const VALUES: [Value; 26] = [
    (340, 1000, (1, 3), 1.0, TopFraction, -0.62724351450580205888),
    (500, 1000, (1, 3), 1.0, TopFraction, -126.72707876252157902),
    (900, 1000, (1, 3), 0.01, TopFraction, -7472.635636959449118),
    (1000, 1000, (1, 3), 1.0, TopFraction, -1945.5739365361316971),
    (33400, 100000, (1, 3), 0.5, TopFraction, -0.82306024310139486022),
    (40000, 100000, (1, 3), 0.001, TopFraction, -93293.955245690303927),
    (5, 5, (1, 3), 1000.0, TopFraction, -4.90862777465164392),
    (30, 50, (1, 2), 0.0625, LinearQuantile, -11.815197835947245648),
    (26, 50, (1, 2), 3.0, LinearQuantile, -0.13882151235309700339),
    (30, 50, (1, 2), 300.0, TopFraction, -1.6624451227190001964),
    (13, 200, (1, 16), 1.0, TopFraction, -0.16465881315443428639),
    (100, 200, (1, 16), 10.0, TopFraction, -184.9396902293387471),
    (3, 200, (1, 100), 1.0, TopFraction, -1.0684186778944761988),
    (170, 200, (1, 100), 5.0, LinearQuantile, -3186.1761858860822255),
    (8, 17, (1, 4), 2.127, TopFraction, -3.8834971763709079617),
    (256, 1000, (1, 4), 0.0001, TopFraction, -116.84342982885064269),
    (400, 1000, (1, 4), 1e-06, TopFraction, -7461.3023545457772251),
    (1, 1, (1, 4), 20000.0, TopFraction, -0.96378490075163571455),
    (7, 7, (1, 3), 1e-05, TopFraction, -161.18116184185992019),
    (2000, 2000, (1, 2), 0.25, TopFraction, -3583.3367168343703204),
    (45, 100, (2, 5), 1.0, TopFraction, -1.8379851654536025836),
    (90, 100, (2, 5), 0.25, TopFraction, -188.18859165338048317),
    (19, 20, (3, 4), 2.0, LinearQuantile, -4.1697893723546245797),
    (82, 100, (81, 100), 0.5, TopFraction, -0.48981844666204998055),
    (60, 64, (8, 27), 0.125, LinearQuantile, -291.83905320722503116),
    (5, 5, (2, 5), 20.0, TopFraction, -4.2400181758912931224),
];

/// The largest error of ln P by a method over all values: absolute, relative where ln P is below -1.
pub(crate) fn worst(
    method: impl Fn(&RankedPosition, PromotionRule) -> Result<ResumeProbability, ScoreError>,
) -> f64 {
    let error = |&(rank, rung_len, (a, b), time_ratio, rule, ln): &Value| {
        let position = RankedPosition {
            rank,
            rung_len,
            promotion_quantile: PromotionQuantile::new(a, b).expect("a promotion quantile"),
            time_ratio,
        };
        let found = method(&position, rule).expect("a valid position");
        (found.ln_probability() - ln).abs() / ln.abs().max(1.0)
    };
    VALUES.iter().map(error).fold(0.0, f64::max)
}
