//! The rows of a file below its header.

use std::io::Read;
use std::vec::IntoIter;

use csv::StringRecord;

use super::fields::Columns;
use super::lines::Lines;
use super::{CurveError, Problem, ReadOptions};

/// How many rows are looked at to find the metric column.
const ROWS_TO_GUESS_BY: usize = 100;

/// A file whose header was read.
pub(crate) struct Sheet<'a, R> {
    pub(crate) columns: Columns,
    lines: Lines<'a, R>,
    /// The rows that were looked at.
    first: IntoIter<StringRecord>,
}

impl<'a, R: Read> Sheet<'a, R> {
    /// # Errors
    ///
    /// A file without a header, or a header without the columns that are needed.
    pub(crate) fn new(name: &'a str, source: R, options: &ReadOptions) -> Result<Self, CurveError> {
        let (header, lines) = Lines::new(name, source)?;
        let columns = Columns::new(name, &header, lines.decimal_comma(), options)?;
        Ok(Self {
            columns,
            lines,
            first: Vec::new().into_iter(),
        })
    }

    /// The metric column: the one that was asked for, or the one that can be it and is none of `others`.
    ///
    /// # Errors
    ///
    /// There is none, no row, or nothing tells which of several it is.
    pub(crate) fn find_metric(
        &mut self,
        asked: Option<&str>,
        others: &[Option<usize>],
    ) -> Result<usize, CurveError> {
        let columns = &self.columns;
        let asked = asked.map(|metric| columns.named(metric)).transpose()?;
        let first = self.lines.by_ref().take(ROWS_TO_GUESS_BY);
        let first: Vec<StringRecord> = first.collect::<Result<_, _>>()?;
        if first.is_empty() {
            return Err(CurveError::new(self.lines.whole(), Problem::Empty));
        }
        let metric = asked.map_or_else(|| columns.guess_metric(&first, others), Ok)?;
        self.first = first.into_iter();
        Ok(metric)
    }

    /// The next row that is no report of what was reported before.
    pub(crate) fn next_row(&mut self) -> Result<Option<StringRecord>, CurveError> {
        loop {
            let row = match self.first.next() {
                Some(row) => Some(row),
                None => self.lines.next().transpose()?,
            };
            if row.as_ref().is_none_or(|row| !self.columns.is_again(row)) {
                return Ok(row);
            }
        }
    }
}
