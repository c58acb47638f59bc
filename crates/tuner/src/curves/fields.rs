//! The header, and the fields of a row.

use csv::StringRecord;

use super::lines::line_of;
use super::{CurveError, Place, Problem};
use crate::nearest_name;

/// The Jaro-Winkler similarity above which a name may have been meant: it lets `trial_id` and
/// `Trials` stand for `trial`, but not `epoch` for `resource`.
const SIMILAR: f64 = 0.8;

/// A file's header, and which of its columns are read.
#[derive(Debug)]
pub(super) struct Columns {
    file: String,
    header_line: u64,
    names: Vec<String>,
    trial: usize,
    resource: usize,
    seconds: Option<usize>,
}

/// What a row says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) trial: &'a str,
    pub(super) resource: u64,
    /// NaN for all bad metrics.
    pub(super) metric: f64,
    /// `None` without the column.
    pub(super) seconds: Option<f64>,
}

impl Columns {
    pub(super) fn new(file: &str, header: &StringRecord) -> Result<Self, CurveError> {
        let names = header.iter().map(ToOwned::to_owned).collect();
        let (file, header_line) = (file.to_owned(), line_of(header));
        let mut columns = Self {
            file,
            header_line,
            names,
            trial: 0,
            resource: 0,
            seconds: None,
        };
        columns.trial = columns.named("trial")?;
        columns.resource = columns.named("resource")?;
        columns.seconds = columns.find("seconds")?;
        Ok(columns)
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn name(&self, column: usize) -> &str {
        &self.names[column]
    }

    /// The column of this name; there must be one.
    pub(super) fn named(&self, name: &str) -> Result<usize, CurveError> {
        self.find(name)?.ok_or_else(|| {
            let (nearest, columns) = (self.nearest(name), self.names.clone());
            let problem = Problem::MissingColumn {
                column: name.to_owned(),
                nearest,
                columns,
            };
            CurveError::new(self.line(self.header_line), problem)
        })
    }

    /// The column of this name, if there is one; never two.
    fn find(&self, name: &str) -> Result<Option<usize>, CurveError> {
        let mut found = (0..self.names.len()).filter(|&column| self.names[column] == name);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(CurveError::new(
                self.at(self.header_line, second),
                Problem::RepeatedColumn { first: first + 1 },
            )),
            (first, _) => Ok(first),
        }
    }

    /// The column whose name is most similar, if it is similar at all.
    fn nearest(&self, name: &str) -> Option<String> {
        let names = self.names.iter().map(|column| column.to_lowercase());
        let nearest = nearest_name(&name.to_lowercase(), names, SIMILAR)?;
        Some(self.names[nearest].clone())
    }

    /// The first column that can be the metric, judged by some rows.
    pub(super) fn guess_metric(&self, rows: &[StringRecord]) -> Result<usize, CurveError> {
        let reserved = [Some(self.trial), Some(self.resource), self.seconds];
        let is_metric = |&column: &usize| {
            let mut finite = false;
            let numbers = rows.iter().all(|row| {
                let value = row.get(column).and_then(metric);
                finite |= value.is_some_and(f64::is_finite);
                value.is_some()
            });
            !reserved.contains(&Some(column)) && numbers && finite
        };
        let no_metric = || {
            CurveError::new(
                self.line(self.header_line),
                Problem::NoMetric {
                    columns: self.names.clone(),
                },
            )
        };
        (0..self.names.len()).find(is_metric).ok_or_else(no_metric)
    }

    /// Refuses a row that is longer or shorter than the header.
    pub(super) fn check_count(&self, row: StringRecord) -> Result<StringRecord, CurveError> {
        let (found, expected) = (row.len(), self.names.len());
        if found == expected {
            return Ok(row);
        }
        Err(CurveError::new(
            self.line(line_of(&row)),
            Problem::FieldCount { found, expected },
        ))
    }

    /// Reads a row of the right length.
    pub(super) fn fields<'a>(
        &self,
        row: &'a StringRecord,
        metric_column: usize,
    ) -> Result<Fields<'a>, CurveError> {
        Ok(Fields {
            trial: self.field(row, self.trial, "the name of a trial", |text| {
                (!text.is_empty()).then_some(text)
            })?,
            resource: self.field(row, self.resource, "a positive integer", positive)?,
            metric: self.field(
                row,
                metric_column,
                "a number (or empty, nan or inf for a bad metric)",
                metric,
            )?,
            seconds: self
                .seconds
                .map(|column| {
                    self.field(
                        row,
                        column,
                        "a finite number of seconds, 0 or more",
                        seconds,
                    )
                })
                .transpose()?,
        })
    }

    fn field<'a, T>(
        &self,
        row: &'a StringRecord,
        column: usize,
        expected: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, CurveError> {
        let text = &row[column];
        let refuse = || {
            let problem = Problem::Field {
                text: text.to_owned(),
                expected,
            };
            CurveError::new(self.at(line_of(row), column), problem)
        };
        parse(text).ok_or_else(refuse)
    }

    /// A line as a whole.
    pub(super) fn line(&self, line: u64) -> Place {
        Place {
            file: self.file.clone(),
            line: Some(line),
            column: None,
        }
    }

    /// A field of a line.
    fn at(&self, line: u64, column: usize) -> Place {
        Place {
            column: Some((column + 1, self.names[column].clone())),
            ..self.line(line)
        }
    }

    /// The resource field of a line.
    pub(super) fn resource_at(&self, line: u64) -> Place {
        self.at(line, self.resource)
    }
}

fn positive(text: &str) -> Option<u64> {
    text.parse().ok().filter(|&resource| resource > 0)
}

/// A finite number, or NaN for a bad metric; `None` for other text.
fn metric(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(f64::NAN);
    }
    let value: f64 = text.parse().ok()?;
    Some(if value.is_finite() { value } else { f64::NAN })
}

fn seconds(text: &str) -> Option<f64> {
    // `+ 0.0` turns a negative zero into zero.
    text.parse()
        .ok()
        .filter(|seconds: &f64| *seconds >= 0.0 && seconds.is_finite())
        .map(|seconds| seconds + 0.0)
}
