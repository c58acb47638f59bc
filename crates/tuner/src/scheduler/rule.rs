//! When the best waiting trial of a rung is promoted.

use rungkeeper_rung_model::{MetricKey, Mode, Position, PromotionRule, Rung};

use crate::scheduler::PromotionSpec;

/// Decides about promotions, in integers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// b k <= a n for the trial of rank k in a rung of length n.
    TopFraction,
    /// b better <= a (n - 1), better being the number of entries with a better metric.
    ///
    /// The interpolated quantile lies between the metrics at ranks i and i + 1, i being
    /// floor(a (n - 1) / b) + 1, and falls on neither unless it falls on the first or both are
    /// equal. So a metric of the rung is not worse than the quantile exactly if it is not worse than
    /// the metric at rank i, that is if fewer than i entries are better. Equals of that metric
    /// all pass.
    LinearQuantile,
    /// The same, computed in doubles as Syne Tune 0.13 does, rounding included.
    LinearQuantileInDoubles(Mode),
}

impl Rule {
    pub(crate) fn new(spec: &PromotionSpec) -> Self {
        match (spec.rule, spec.reference_rounding) {
            (PromotionRule::LinearQuantile, false) => Self::LinearQuantile,
            (PromotionRule::LinearQuantile, true) => Self::LinearQuantileInDoubles(spec.model.mode),
            _ => Self::TopFraction,
        }
    }

    /// Whether the best waiting entry of a rung is to be promoted. Bad metrics never are.
    pub(crate) fn promotes(self, rung: &Rung, best: Position) -> bool {
        if best.metric().is_non_finite() {
            return false;
        }
        let may =
            |rule: PromotionRule, rank| rule.promotes(rank, rung.len(), rung.promotion_quantile());
        match self {
            Self::TopFraction => may(PromotionRule::TopFraction, rung.rank(best)),
            _ if rung.len() < 2 => false,
            Self::LinearQuantile => {
                let first_of_equals = rung.num_better(best.metric()) + 1;
                may(PromotionRule::LinearQuantile, first_of_equals)
            }
            Self::LinearQuantileInDoubles(mode) => match quantile_in_doubles(rung, mode) {
                Some(quantile) => match mode {
                    Mode::Min => best.metric().metric(mode) <= quantile,
                    Mode::Max => best.metric().metric(mode) >= quantile,
                },
                None => Self::LinearQuantile.promotes(rung, best),
            },
        }
    }
}

/// The linearly interpolated quantile of the rung's metrics in ascending order, with the steps that
/// Syne Tune 0.13 takes: for `max` it is the quantile 1 - alpha, computed from the other end. `None`
/// where a bad metric takes part.
fn quantile_in_doubles(rung: &Rung, mode: Mode) -> Option<f64> {
    let alpha = rung.promotion_quantile().value();
    let ascending = match mode {
        Mode::Min => alpha,
        Mode::Max => 1.0 - alpha,
    };
    let place = (rung.len() - 1) as f64 * ascending + 1.0;
    let index = place as u64;
    let fraction = place - index as f64;
    let (rank, weight) = match mode {
        Mode::Min => (index, fraction),
        Mode::Max => (rung.len() - index, 1.0 - fraction),
    };
    let finite = |key: MetricKey| (!key.is_non_finite()).then(|| key.metric(mode));
    let first = rung.metric_at(rank).and_then(finite)?;
    let second = rung.metric_at(rank + 1).and_then(finite)?;
    Some(weight * second + (1.0 - weight) * first)
}
