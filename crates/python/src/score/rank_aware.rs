//! The score of the rank-aware policy.

use numpy::PyArrayDyn;
use pyo3::prelude::*;
use rungkeeper_score::{RankAware, RankedPosition, ResumeProbability, ScoreError};

use super::rows::{
    NUM_BETTER, Problem, QUANTILES, Quantiles, RANKS, RUNG_LENS, Scoring, TIME_RATIO, count,
};
use super::{Logarithm, Rule};

/// Probabilities that paused trials are resumed before the run ends, by their ranks.
///
/// A new arrival falls into each of the gaps between the ranked trials with equal
/// chance, and how many are still to come is as uncertain as what came so far makes it.
/// So there is nothing to estimate and nothing to set.
///
/// The arrays are broadcast against each other. The interpreter's lock is released.
/// Trials of one rung that follow each other are scored faster.
///
/// Args:
///     ranks: Ranks, 1 for the best.
///     rung_lens: Numbers of entries of the trials' rungs, promoted ones included, up
///         to 2**30.
///     prom_quants: Promotion quantiles, in (0, 1]. A float stands for the simplest
///         fraction it is next to: 1 / 3 is one third.
///     time_ratio: What is left of the run over what is used, up to 1e9, or infinity.
///     num_better: Numbers of entries of the rungs that are strictly better, less than
///         the rank; by default the rank - 1, as without equals.
///     promotion_rule: How the scheduler promotes.
///     log: Whether to return natural logarithms. They keep their order where
///         probabilities are too small for a float; minus infinity stands for 0.
///
/// Returns:
///     The probabilities, of the common shape. Their relative error is at most 1e-12,
///     where they are at least 1e-300.
///
/// Raises:
///     ValueError: A value outside its range; the message names array and place.
///     TypeError: An array that holds no numbers.
///
/// Example:
///     >>> rank_aware_probabilities([2, 3, 4, 5], 6, 1 / 3, time_ratio=1.5).round(3)
///     array([1.   , 0.355, 0.051, 0.003])
#[pyfunction]
#[pyo3(
    signature = (
        ranks, rung_lens, prom_quants, time_ratio, *, num_better=None,
        promotion_rule=Rule::default(), log=Logarithm::default()
    ),
    text_signature = "(ranks, rung_lens, prom_quants, time_ratio, *, num_better=None, \
                      promotion_rule='top_fraction', log=False)"
)]
pub(crate) fn rank_aware_probabilities<'py>(
    ranks: &Bound<'py, PyAny>,
    rung_lens: &Bound<'py, PyAny>,
    prom_quants: &Bound<'py, PyAny>,
    time_ratio: &Bound<'py, PyAny>,
    num_better: Option<&Bound<'py, PyAny>>,
    promotion_rule: Rule,
    log: Logarithm,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let arrays = [ranks, rung_lens, prom_quants, time_ratio];
    compute(arrays, num_better, promotion_rule, log.of())
}

fn compute<'py>(
    arrays: [&Bound<'py, PyAny>; 4],
    num_better: Option<&Bound<'py, PyAny>>,
    rule: Rule,
    result: fn(ResumeProbability) -> f64,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let [ranks, rung_lens, prom_quants, time_ratio] = arrays;
    let ranks = (RANKS, ranks);
    let rung_lens = (RUNG_LENS, rung_lens);
    let prom_quants = (QUANTILES, prom_quants);
    let time_ratio = (TIME_RATIO, time_ratio);
    let scorer = move |position: &RankedPosition| position.scorer(rule.0);
    match num_better {
        None => Scoring {
            position: |&[rank, rest @ ..]: &[f64; 4], quantiles: &mut Quantiles| {
                position(rank, None, rest, quantiles)
            },
            share_a_rung,
            scorer,
            probability,
            result,
        }
        .of([ranks, rung_lens, prom_quants, time_ratio]),
        Some(num_better) => Scoring {
            position: |&[rank, better, rest @ ..]: &[f64; 5], quantiles: &mut Quantiles| {
                position(rank, Some(better), rest, quantiles)
            },
            share_a_rung,
            scorer,
            probability,
            result,
        }
        .of([
            ranks,
            (NUM_BETTER, num_better),
            rung_lens,
            prom_quants,
            time_ratio,
        ]),
    }
}

fn position(
    rank: f64,
    num_better: Option<f64>,
    [rung_len, quantile, time_ratio]: [f64; 3],
    quantiles: &mut Quantiles,
) -> Result<RankedPosition, Problem> {
    let rank = count(RANKS, rank)?;
    Ok(RankedPosition {
        rank,
        num_better: num_better.map_or(Ok(rank.saturating_sub(1)), |number| {
            count(NUM_BETTER, number)
        })?,
        rung_len: count(RUNG_LENS, rung_len)?,
        promotion_quantile: quantiles.of(quantile)?,
        time_ratio,
    })
}

fn share_a_rung(one: &RankedPosition, other: &RankedPosition) -> bool {
    let RankedPosition {
        rank, num_better, ..
    } = *other;
    RankedPosition {
        rank,
        num_better,
        ..*one
    } == *other
}

fn probability(
    scorer: &mut RankAware,
    position: &RankedPosition,
) -> Result<ResumeProbability, ScoreError> {
    scorer.probability(position.rank, position.num_better)
}
