//! Scores of the rows that arrays make when they are broadcast, and what is wrong with a row.

use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rungkeeper_score::{PromotionQuantile, RankAware, ResumeProbability, ScoreError};

use crate::arguments::{LARGEST, refused};
use crate::arrays::{Broadcast, place};

pub(super) const RANKS: &str = "ranks";
pub(super) const RUNG_LENS: &str = "rung_lens";
pub(super) const QUANTILES: &str = "prom_quants";
pub(super) const P_VALS: &str = "p_vals";
pub(super) const TIME_RATIO: &str = "time_ratio";
pub(super) const NUM_BETTER: &str = "num_better";

/// A result for each row, in the common shape of the arrays; the interpreter's lock is released.
///
/// `position` makes what is scored of a row. Neighbours that `share_a_rung` share the scorer that is made for the first of
/// them.
pub(super) fn score<'py, const N: usize, P, S>(
    arrays: [(&'static str, &Bound<'py, PyAny>); N],
    position: impl Fn(&[f64; N], &mut Quantiles) -> Result<P, Problem> + Sync,
    share_a_rung: fn(&P, &P) -> bool,
    scorer: impl Fn(&P) -> Result<S, ScoreError> + Sync,
    probability: fn(&mut S, &P) -> Result<ResumeProbability, ScoreError>,
    result: fn(ResumeProbability) -> f64,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let py = arrays[0].1.py();
    let names = arrays.map(|(name, _)| name);
    let arrays = Broadcast::new(arrays)?;
    let rows = arrays.rows();
    let scored = py.detach(|| {
        let mut quantiles = Quantiles::default();
        let mut positions = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            positions.push(position(row, &mut quantiles).map_err(|problem| (index, problem))?);
        }
        let mut scored = Vec::with_capacity(rows.len());
        for rung in positions.chunk_by(share_a_rung) {
            let at = |index| move |error| (index, Problem::Score(error));
            let mut scorer = scorer(&rung[0]).map_err(at(scored.len()))?;
            for position in rung {
                scored.push(probability(&mut scorer, position).map_err(at(scored.len()))?);
            }
        }
        Ok(scored)
    });
    let scored = scored.map_err(|(index, problem): (usize, Problem)| {
        problem.at(&names, &rows[index], &place(index, arrays.shape()))
    })?;
    let values: Vec<f64> = scored.into_iter().map(result).collect();
    values.into_pyarray(py).reshape(arrays.shape())
}

/// A whole number that is exact as a double.
pub(super) fn count(array: &'static str, value: f64) -> Result<u64, Problem> {
    if value >= 0.0 && value <= LARGEST as f64 && value.fract() == 0.0 {
        Ok(value as u64)
    } else {
        Err(Problem::NoCount(array))
    }
}

/// Exact quantiles of doubles; the last one is remembered, since those of a rung are the same.
#[derive(Default)]
pub(super) struct Quantiles {
    last: Option<(f64, PromotionQuantile)>,
}

impl Quantiles {
    pub(super) fn of(&mut self, value: f64) -> Result<PromotionQuantile, Problem> {
        match self.last {
            Some((last, quantile)) if last == value => Ok(quantile),
            _ => {
                let quantile = PromotionQuantile::from_f64(value)
                    .map_err(|error| Problem::Score(error.into()))?;
                self.last = Some((value, quantile));
                Ok(quantile)
            }
        }
    }
}

/// What is wrong with a row.
pub(super) enum Problem {
    /// No whole number in this array.
    NoCount(&'static str),
    Score(ScoreError),
}

impl Problem {
    /// The error that names the array, the place, the value and what is allowed.
    fn at(&self, names: &[&str], row: &[f64], place: &str) -> PyErr {
        let (array, allowed) = match self {
            Self::NoCount(array) => (*array, "a whole number from 0 to 2**53".to_owned()),
            Self::Score(ScoreError::ZeroApproxSteps) => {
                let message = "approx_steps is 0, but must be at least 1, or None for no cut-off";
                return PyValueError::new_err(message);
            }
            Self::Score(error) => match out_of_range(error, names) {
                Some(found) => found,
                None => return refused(error),
            },
        };
        let column = names.iter().position(|name| *name == array);
        let value = column.map_or(f64::NAN, |column| row[column]);
        PyValueError::new_err(format!("{array}{place} is {value}, but must be {allowed}"))
    }
}

/// The array that an error is about, and what is allowed in it.
fn out_of_range(error: &ScoreError, names: &[&str]) -> Option<(&'static str, String)> {
    let (array, allowed) = match error {
        ScoreError::InvalidRank { rung_len, .. } => {
            let allowed = format!("at least 1 and at most the rung length {rung_len}");
            return Some((RANKS, allowed));
        }
        ScoreError::InvalidNumBetter { rank, .. } => {
            return Some((NUM_BETTER, format!("less than the rank {rank}")));
        }
        ScoreError::InvalidRungLen { .. } => (RUNG_LENS, "at least 1"),
        ScoreError::Quantile(_) => (
            QUANTILES,
            "in (0, 1] and (next to) a fraction with a denominator of at most 2**31",
        ),
        ScoreError::InvalidProbability { .. } => (P_VALS, "greater than 0 and less than 1"),
        ScoreError::InvalidTimeRatio { .. } => (TIME_RATIO, "at least 0 (infinity is allowed)"),
        ScoreError::BeyondRange { time_ratio, .. }
            if time_ratio.is_finite() && *time_ratio > RankAware::MAX_TIME_RATIO =>
        {
            (TIME_RATIO, "at most 1e9, or infinity")
        }
        ScoreError::BeyondRange { .. } => (RUNG_LENS, "at most 2**30"),
        // Where there is a chance p there is a cut-off too, as the error itself says.
        ScoreError::TooManySteps { .. } if !names.contains(&P_VALS) => (
            TIME_RATIO,
            "smaller: where a quantile is not 1/eta the sum has too many terms",
        ),
        _ => return None,
    };
    Some((array, allowed.to_owned()))
}
