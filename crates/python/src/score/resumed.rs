//! The score of Syne Tune 0.13, under its names.

use numpy::PyArrayDyn;
use pyo3::prelude::*;
use rungkeeper_score::{Bernoulli, Horizon, PausedPosition, ResumeProbability, ScoreSettings};

use super::rows::{P_VALS, QUANTILES, Quantiles, RANKS, RUNG_LENS, Scoring, TIME_RATIO, count};
use super::{Logarithm, Rule, horizon};
use crate::arguments;

/// Probabilities that paused trials are resumed before the run ends.
///
/// The arrays are broadcast against each other. The interpreter's lock is released.
///
/// Args:
///     ranks: Ranks, 1 for the best.
///     rung_lens: Numbers of entries of the trials' rungs.
///     prom_quants: Promotion quantiles, in (0, 1]. A float stands for the simplest
///         fraction it is next to: 1 / 3 is one third.
///     p_vals: Chances that an arrival ranks better, in (0, 1).
///     time_ratio: What is left of the run over what is used.
///     approx_steps: Most better arrivals that are followed; None for no cut-off.
///     promotion_rule: How the scheduler promotes.
///     horizon: Whether the first term always counts ("first_term_kept", as in Syne
///         Tune 0.13), or the model is taken at its word ("hard").
///     log: Whether to return natural logarithms. They keep their order where
///         probabilities are too small for a float; minus infinity stands for 0.
///
/// Returns:
///     The probabilities, of the common shape. Their relative error is below 1e-12.
///
/// Raises:
///     ValueError: A value outside its range; the message names array and place.
///     TypeError: An array that holds no numbers.
#[pyfunction]
#[pyo3(
    signature = (
        ranks, rung_lens, prom_quants, p_vals, time_ratio, approx_steps=Steps::default(), *,
        promotion_rule=Rule::default(), horizon=HorizonName::default(), log=Logarithm::default()
    ),
    text_signature = "(ranks, rung_lens, prom_quants, p_vals, time_ratio, approx_steps=25, *, \
                      promotion_rule='top_fraction', horizon='first_term_kept', log=False)"
)]
#[expect(
    clippy::too_many_arguments,
    reason = "those of the reference, and three"
)]
pub(crate) fn compute_probabilities_of_getting_resumed<'py>(
    ranks: &Bound<'py, PyAny>,
    rung_lens: &Bound<'py, PyAny>,
    prom_quants: &Bound<'py, PyAny>,
    p_vals: &Bound<'py, PyAny>,
    time_ratio: &Bound<'py, PyAny>,
    approx_steps: Steps,
    promotion_rule: Rule,
    horizon: HorizonName,
    log: Logarithm,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let arrays = [ranks, rung_lens, prom_quants, p_vals, time_ratio];
    let settings = settings(approx_steps, promotion_rule, horizon);
    compute(arrays, settings, log.of())
}

/// The cut-off; `None` for none.
#[derive(Clone, Copy)]
pub(crate) struct Steps(Option<u32>);

impl Default for Steps {
    fn default() -> Self {
        Self(ScoreSettings::default().approx_steps)
    }
}

impl FromPyObject<'_, '_> for Steps {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        arguments::optional("approx_steps", &value, arguments::small).map(Self)
    }
}

/// A horizon by its name.
#[derive(Clone, Copy)]
pub(crate) struct HorizonName(Horizon);

impl Default for HorizonName {
    fn default() -> Self {
        Self(Horizon::FirstTermKept)
    }
}

impl FromPyObject<'_, '_> for HorizonName {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        horizon("horizon", &value).map(Self)
    }
}

fn settings(approx_steps: Steps, rule: Rule, horizon: HorizonName) -> ScoreSettings {
    ScoreSettings {
        promotion_rule: rule.0,
        horizon: horizon.0,
        approx_steps: approx_steps.0,
    }
}

fn compute<'py>(
    arrays: [&Bound<'py, PyAny>; 5],
    settings: ScoreSettings,
    result: fn(ResumeProbability) -> f64,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let [ranks, rung_lens, prom_quants, p_vals, time_ratio] = arrays;
    Scoring {
        position: |&[rank, rung_len, quantile, p, time_ratio]: &[f64; 5],
                   quantiles: &mut Quantiles| {
            Ok(PausedPosition {
                rank: count(RANKS, rank)?,
                rung_len: count(RUNG_LENS, rung_len)?,
                promotion_quantile: quantiles.of(quantile)?,
                p,
                time_ratio,
            })
        },
        share_a_rung: |one: &PausedPosition, other| {
            PausedPosition {
                rank: other.rank,
                ..*one
            } == *other
        },
        scorer: move |position: &PausedPosition| position.scorer(&settings),
        probability: |scorer: &mut Bernoulli, position| scorer.probability(position.rank),
        result,
    }
    .of([
        (RANKS, ranks),
        (RUNG_LENS, rung_lens),
        (QUANTILES, prom_quants),
        (P_VALS, p_vals),
        (TIME_RATIO, time_ratio),
    ])
}
