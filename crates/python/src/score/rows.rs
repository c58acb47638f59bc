//! Scores of the rows that arrays make when they are broadcast, and what is wrong with a row.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rungkeeper_score::{PromotionQuantile, RankAware, ResumeProbability, ScoreError};

use crate::arguments::{LARGEST, refused};
use crate::arrays::{Broadcast, Rows, place};
use crate::interrupt::{Patience, beside};

pub(super) const RANKS: &str = "ranks";
pub(super) const RUNG_LENS: &str = "rung_lens";
pub(super) const QUANTILES: &str = "prom_quants";
pub(super) const P_VALS: &str = "p_vals";
pub(super) const TIME_RATIO: &str = "time_ratio";
pub(super) const NUM_BETTER: &str = "num_better";

/// Rows that are scored at a time; the user can interrupt between any two of these blocks.
const BLOCK: usize = 1 << 15;

/// How rows are scored.
pub(super) struct Scoring<const N: usize, P, S, M, R> {
    /// Makes what is scored of a row.
    pub(super) position: M,
    /// Neighbours that share a rung share the scorer that is made for the first of them.
    pub(super) share_a_rung: fn(&P, &P) -> bool,
    pub(super) scorer: R,
    pub(super) probability: fn(&mut S, &P) -> Result<ResumeProbability, ScoreError>,
    /// What is returned of a probability.
    pub(super) result: fn(ResumeProbability) -> f64,
}

impl<const N: usize, P, S, M, R> Scoring<N, P, S, M, R>
where
    P: 'static,
    S: 'static,
    M: Fn(&[f64; N], &mut Quantiles) -> Result<P, Problem> + Send + Sync + 'static,
    R: Fn(&P) -> Result<S, ScoreError> + Send + Sync + 'static,
{
    /// A result for each row, in the common shape of the arrays; the interpreter's lock is released.
    pub(super) fn of<'py>(
        self,
        arrays: [(&'static str, &Bound<'py, PyAny>); N],
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let py = arrays[0].1.py();
        let names = arrays.map(|(name, _)| name);
        let arrays = Broadcast::new(arrays)?;
        let (views, total) = (arrays.views(), arrays.shape().iter().product());
        let mut rows = Rows::new(&views, arrays.shape());
        let scoring = Arc::new(self);
        let (mut scored, mut patience) = (Vec::with_capacity(total), Patience::new());
        while scored.len() < total {
            patience.ask()?;
            let first = scored.len();
            let block = rows.take(BLOCK.min(total - first));
            let results = if block.iter().any(|row| may_take_long(&names, row)) {
                let scoring = scoring.clone();
                beside(py, move |stop| scoring.score(&block, &mut || stop.ask()))?
            } else {
                py.detach(|| scoring.score(&block, &mut || patience.tick()))
            };
            scored.extend(results.map_err(|halt| match halt {
                Halt::Interrupted(interrupt) => interrupt,
                Halt::Refused(index, row, problem) => {
                    problem.at(&names, &row, &place(first + index, arrays.shape()))
                }
            })?);
        }
        scored.into_pyarray(py).reshape(arrays.shape())
    }

    fn score(
        &self,
        rows: &[[f64; N]],
        ask: &mut dyn FnMut() -> PyResult<()>,
    ) -> Result<Vec<f64>, Halt<N>> {
        let mut quantiles = Quantiles::default();
        let mut positions = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            positions.push((self.position)(row, &mut quantiles).map_err(Halt::at(index, row))?);
        }
        let mut scored = Vec::with_capacity(rows.len());
        for rung in positions.chunk_by(self.share_a_rung) {
            let first = Halt::at(scored.len(), &rows[scored.len()]);
            let mut scorer = (self.scorer)(&rung[0]).map_err(|error| first(error.into()))?;
            for position in rung {
                ask()?;
                let halt = Halt::at(scored.len(), &rows[scored.len()]);
                let probability = (self.probability)(&mut scorer, position);
                scored.push((self.result)(
                    probability.map_err(|error| halt(error.into()))?,
                ));
            }
        }
        Ok(scored)
    }
}

/// Why the rest is not scored.
enum Halt<const N: usize> {
    Interrupted(PyErr),
    /// A row, by its index.
    Refused(usize, [f64; N], Problem),
}

impl<const N: usize> Halt<N> {
    fn at(index: usize, row: &[f64; N]) -> impl FnOnce(Problem) -> Self {
        let row = *row;
        move |problem| Self::Refused(index, row, problem)
    }
}

impl<const N: usize> From<PyErr> for Halt<N> {
    fn from(interrupt: PyErr) -> Self {
        Self::Interrupted(interrupt)
    }
}

/// Whether this row alone may take seconds: where the quantile is not 1/eta, sums have up to 2^31 terms.
fn may_take_long(names: &[&str], row: &[f64]) -> bool {
    let column = names.iter().position(|name| *name == QUANTILES);
    column.is_some_and(|column| {
        let eta = 1.0 / row[column];
        (eta - eta.round()).abs() > 1e-9 * eta
    })
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

impl From<ScoreError> for Problem {
    fn from(error: ScoreError) -> Self {
        Self::Score(error)
    }
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
