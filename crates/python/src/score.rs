//! The probability of being resumed, on arrays.

use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, ScoreError,
    ScoreSettings, resume_probabilities,
};

use crate::arguments::{self, LARGEST, refused};
use crate::arrays::{Broadcast, place};

/// The arrays, in the order of a row.
const ARRAYS: [&str; 5] = ["ranks", "rung_lens", "prom_quants", "p_vals", "time_ratio"];

type Row = [f64; ARRAYS.len()];

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
        promotion_rule=Rule::default(), horizon=HorizonName::default()
    ),
    text_signature = "(ranks, rung_lens, prom_quants, p_vals, time_ratio, approx_steps=25, *, \
                      promotion_rule='top_fraction', horizon='first_term_kept')"
)]
#[expect(clippy::too_many_arguments, reason = "those of the reference, and two")]
pub(crate) fn compute_probabilities_of_getting_resumed<'py>(
    ranks: &Bound<'py, PyAny>,
    rung_lens: &Bound<'py, PyAny>,
    prom_quants: &Bound<'py, PyAny>,
    p_vals: &Bound<'py, PyAny>,
    time_ratio: &Bound<'py, PyAny>,
    approx_steps: Steps,
    promotion_rule: Rule,
    horizon: HorizonName,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let arrays = [ranks, rung_lens, prom_quants, p_vals, time_ratio];
    let settings = settings(approx_steps, promotion_rule, horizon);
    compute(arrays, settings, ResumeProbability::probability)
}

/// Natural logarithms of `compute_probabilities_of_getting_resumed`.
///
/// They keep their order where probabilities are too small for a float, and their
/// distance to 0 where these are next to 1. Minus infinity stands for probability 0.
#[pyfunction]
#[pyo3(
    signature = (
        ranks, rung_lens, prom_quants, p_vals, time_ratio, approx_steps=Steps::default(), *,
        promotion_rule=Rule::default(), horizon=HorizonName::default()
    ),
    text_signature = "(ranks, rung_lens, prom_quants, p_vals, time_ratio, approx_steps=25, *, \
                      promotion_rule='top_fraction', horizon='first_term_kept')"
)]
#[expect(clippy::too_many_arguments, reason = "those of the reference, and two")]
pub(crate) fn compute_ln_probabilities_of_getting_resumed<'py>(
    ranks: &Bound<'py, PyAny>,
    rung_lens: &Bound<'py, PyAny>,
    prom_quants: &Bound<'py, PyAny>,
    p_vals: &Bound<'py, PyAny>,
    time_ratio: &Bound<'py, PyAny>,
    approx_steps: Steps,
    promotion_rule: Rule,
    horizon: HorizonName,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let arrays = [ranks, rung_lens, prom_quants, p_vals, time_ratio];
    let settings = settings(approx_steps, promotion_rule, horizon);
    compute(arrays, settings, ResumeProbability::ln_probability)
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

/// A promotion rule by its name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rule(PromotionRule);

impl FromPyObject<'_, '_> for Rule {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        rule("promotion_rule", &value).map(Self)
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

/// A promotion rule.
pub(crate) fn rule(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PromotionRule> {
    arguments::named(name, value, "'top_fraction' or 'linear_quantile'")
}

/// A horizon.
pub(crate) fn horizon(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Horizon> {
    arguments::named(name, value, "'hard' or 'first_term_kept'")
}

fn settings(approx_steps: Steps, rule: Rule, horizon: HorizonName) -> ScoreSettings {
    ScoreSettings {
        promotion_rule: rule.0,
        horizon: horizon.0,
        approx_steps: approx_steps.0,
    }
}

fn compute<'py>(
    arrays: [&Bound<'py, PyAny>; ARRAYS.len()],
    settings: ScoreSettings,
    result: fn(ResumeProbability) -> f64,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let py = arrays[0].py();
    let mut place = 0;
    let arrays = Broadcast::new(arrays.map(|array| {
        place += 1;
        (ARRAYS[place - 1], array)
    }))?;
    let rows = arrays.rows();
    let computed = py.detach(|| compute_rows(&rows, &settings));
    let probabilities = computed.map_err(|error| error.at(&rows, arrays.shape()))?;
    let values: Vec<f64> = probabilities.into_iter().map(result).collect();
    values.into_pyarray(py).reshape(arrays.shape())
}

fn compute_rows(
    rows: &[Row],
    settings: &ScoreSettings,
) -> Result<Vec<ResumeProbability>, RowError> {
    let mut positions = Vec::with_capacity(rows.len());
    let mut quantiles = Quantiles::default();
    for (index, &[rank, rung_len, quantile, p, time_ratio]) in rows.iter().enumerate() {
        let at = |problem| RowError { index, problem };
        positions.push(PausedPosition {
            rank: count(rank).ok_or_else(|| at(Problem::NoCount(0)))?,
            rung_len: count(rung_len).ok_or_else(|| at(Problem::NoCount(1)))?,
            promotion_quantile: quantiles
                .of(quantile)
                .map_err(|error| at(Problem::Score(error)))?,
            p,
            time_ratio,
        });
    }
    let mut probabilities = Vec::new();
    resume_probabilities(&positions, settings, &mut probabilities).map_err(|error| RowError {
        index: error.index,
        problem: Problem::Score(error.source),
    })?;
    Ok(probabilities)
}

/// A whole number that is exact as a double.
fn count(value: f64) -> Option<u64> {
    (value >= 0.0 && value <= LARGEST as f64 && value.fract() == 0.0).then_some(value as u64)
}

/// Exact quantiles of doubles; the last one is remembered, since those of a rung are the same.
#[derive(Default)]
struct Quantiles {
    last: Option<(f64, PromotionQuantile)>,
}

impl Quantiles {
    fn of(&mut self, value: f64) -> Result<PromotionQuantile, ScoreError> {
        match self.last {
            Some((last, quantile)) if last == value => Ok(quantile),
            _ => {
                let quantile = PromotionQuantile::from_f64(value)?;
                self.last = Some((value, quantile));
                Ok(quantile)
            }
        }
    }
}

/// What is wrong with a row.
struct RowError {
    index: usize,
    problem: Problem,
}

enum Problem {
    /// No whole number in this column.
    NoCount(usize),
    Score(ScoreError),
}

impl RowError {
    /// The error that names the array, the place, the value and what is allowed.
    fn at(&self, rows: &[Row], shape: &[usize]) -> PyErr {
        let row = &rows[self.index];
        let (column, allowed) = match &self.problem {
            Problem::NoCount(column) => (*column, "a whole number from 0 to 2**53".to_owned()),
            Problem::Score(error) => match error {
                ScoreError::InvalidRank { rung_len, .. } => (
                    0,
                    format!("at least 1 and at most the rung length {rung_len}"),
                ),
                ScoreError::InvalidRungLen { .. } => (1, "at least 1".to_owned()),
                ScoreError::InvalidQuantile { .. } | ScoreError::InvalidQuantileValue { .. } => {
                    let allowed = "in (0, 1] and (next to) a fraction with a denominator of at \
                                   most 2**31";
                    (2, allowed.to_owned())
                }
                ScoreError::InvalidProbability { .. } => {
                    (3, "greater than 0 and less than 1".to_owned())
                }
                ScoreError::InvalidTimeRatio { .. } => {
                    (4, "at least 0 (infinity is allowed)".to_owned())
                }
                ScoreError::ZeroApproxSteps => {
                    let message =
                        "approx_steps is 0, but must be at least 1, or None for no cut-off";
                    return PyValueError::new_err(message);
                }
                other => return refused(other),
            },
        };
        let (name, value) = (ARRAYS[column], row[column]);
        let place = place(self.index, shape);
        PyValueError::new_err(format!("{name}{place} is {value}, but must be {allowed}"))
    }
}
