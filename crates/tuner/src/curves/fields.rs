//! The header, and the fields of a row.

use csv::StringRecord;
use std::borrow::Cow;

use super::lines::line_of;
use super::metric_names::{BEFORE_PARAMETERS, is_no_metric, is_usual_metric};
use super::{CurveError, Place, Problem, ReadOptions};
use crate::nearest_name;

/// The Jaro-Winkler similarity above which a name may have been meant: it lets `trial_id` and
/// `Trials` stand for `trial`, but not `epoch` for `resource`.
const SIMILAR: f64 = 0.8;

/// What other programs call the resource and the trial, the likeliest first.
const OTHER_NAMES: [(&str, &[&str]); 2] = [
    (
        "trial",
        &[
            "trial_id",
            "trial_number",
            "config_id",
            "run_id",
            "number",
            "id",
            "name",
            "run",
        ],
    ),
    (
        "resource",
        &[
            "epoch",
            "epochs",
            "iteration",
            "training_iteration",
            "iter",
            "step",
            "_step",
            "global_step",
            "fidelity",
            "budget",
            "round",
            "level",
        ],
    ),
];

/// Columns with which `rungkeeper export` begins each table, in this order; that of the metric comes in at
/// [`EXPORTED_METRIC`].
pub const EXPORTED: [&str; 7] = [
    "trial", "resource", "seconds", "elapsed", "decision", "again", "status",
];

/// The place of the metric in such a table, from 0.
pub const EXPORTED_METRIC: usize = 2;

/// A file's header, and which of its columns are read.
#[derive(Debug)]
pub(crate) struct Columns {
    file: String,
    header_line: u64,
    names: Vec<String>,
    trial: usize,
    resource: usize,
    seconds: Option<usize>,
    /// Where it says whether a resource was reported before.
    again: Option<usize>,
    decimal_comma: bool,
}

/// What a row says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) trial: &'a str,
    pub(crate) resource: u64,
    /// NaN for all bad metrics.
    pub(crate) metric: f64,
    /// `None` without the column.
    pub(crate) seconds: Option<f64>,
}

impl Columns {
    pub(crate) fn new(
        file: &str,
        header: &StringRecord,
        decimal_comma: bool,
        options: &ReadOptions,
    ) -> Result<Self, CurveError> {
        let names: Vec<String> = header.iter().map(ToOwned::to_owned).collect();
        let again = names.iter().position(|name| name == "again");
        let (file, header_line) = (file.to_owned(), line_of(header));
        let mut columns = Self {
            file,
            header_line,
            names,
            trial: 0,
            resource: 0,
            seconds: None,
            again,
            decimal_comma,
        };
        columns.trial = columns.named(options.trial.as_deref().unwrap_or("trial"))?;
        columns.resource = match (&options.resource, &options.other_resource) {
            (None, Some(other)) if columns.find("resource")?.is_none() => columns.named(other)?,
            (asked, _) => columns.named(asked.as_deref().unwrap_or("resource"))?,
        };
        columns.seconds = columns.optional(options.seconds.as_deref(), "seconds")?;
        Ok(columns)
    }

    /// Whether a row is a report of a trial that trained again what it had reported before.
    pub(crate) fn is_again(&self, row: &StringRecord) -> bool {
        let again = self.again.and_then(|column| row.get(column));
        again.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn name(&self, column: usize) -> &str {
        &self.names[column]
    }

    pub(crate) fn resource_name(&self) -> &str {
        self.name(self.resource)
    }

    /// The column of this name; there must be one.
    pub(crate) fn named(&self, name: &str) -> Result<usize, CurveError> {
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

    /// The column of a hyper-parameter.
    pub(crate) fn of_parameter(&self, name: &str) -> Result<usize, CurveError> {
        for before in [""].into_iter().chain(BEFORE_PARAMETERS) {
            if let Some(column) = self.find(&format!("{before}{name}"))? {
                return Ok(column);
            }
        }
        self.named(name)
    }

    /// The column that was asked for, which must be there; otherwise that of the usual name, if there is one.
    pub(crate) fn optional(
        &self,
        asked: Option<&str>,
        usual: &str,
    ) -> Result<Option<usize>, CurveError> {
        match asked {
            Some(name) => self.named(name).map(Some),
            None => self.find(usual),
        }
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

    /// The column whose name is most similar, if it is similar at all, or that other programs call so.
    fn nearest(&self, name: &str) -> Option<String> {
        let names = || self.names.iter().map(|column| column.to_lowercase());
        let others = OTHER_NAMES.iter().find(|(usual, _)| *usual == name);
        let mut others = others.iter().flat_map(|(_, others)| others.iter());
        let nearest = nearest_name(&name.to_lowercase(), names(), SIMILAR)
            .or_else(|| others.find_map(|other| names().position(|column| column == *other)))?;
        Some(self.names[nearest].clone())
    }

    /// The column that is the metric, judged by its name and some rows.
    pub(crate) fn guess_metric(
        &self,
        rows: &[StringRecord],
        others: &[Option<usize>],
    ) -> Result<usize, CurveError> {
        if let Some(metric) = self.exported_metric() {
            return Ok(metric);
        }
        let found: Vec<usize> = (0..self.names.len())
            .filter(|column| self.can_be_metric(*column, rows, others))
            .collect();
        let usual = found.iter().filter(|&&it| is_usual_metric(&self.names[it]));
        let usual: Vec<usize> = usual.copied().collect();
        let problem = match (&*found, &*usual) {
            ([only], _) | (_, [only]) => return Ok(*only),
            ([], _) => Problem::NoMetric {
                columns: self.names.clone(),
            },
            _ => Problem::SeveralMetrics {
                columns: found.iter().map(|&it| self.names[it].clone()).collect(),
            },
        };
        Err(CurveError::new(self.line(self.header_line), problem))
    }

    /// The metric of a table that `rungkeeper export` wrote.
    fn exported_metric(&self) -> Option<usize> {
        let others = self.names.iter().enumerate();
        let mut others = others.filter(|(place, _)| *place != EXPORTED_METRIC);
        let is_next = |expected: &&str| others.next().is_some_and(|(_, name)| name == expected);
        EXPORTED.iter().all(is_next).then_some(EXPORTED_METRIC)
    }

    /// Whether a column holds numbers, and nothing tells that they are no metric.
    fn can_be_metric(
        &self,
        column: usize,
        rows: &[StringRecord],
        others: &[Option<usize>],
    ) -> bool {
        let reserved = [Some(self.trial), Some(self.resource), self.seconds];
        if reserved.contains(&Some(column)) || others.contains(&Some(column)) {
            return false;
        }
        let name = &self.names[column];
        let mut others = OTHER_NAMES.iter().flat_map(|(_, names)| names.iter());
        if is_no_metric(name) || others.any(|it| name.eq_ignore_ascii_case(it)) {
            return false;
        }
        let mut finite = false;
        let numbers = rows.iter().all(|row| {
            let value = row.get(column).and_then(|text| self.metric(text));
            finite |= value.is_some_and(f64::is_finite);
            value.is_some()
        });
        numbers && finite
    }

    /// Reads a row of the right length.
    pub(crate) fn fields<'a>(
        &self,
        row: &'a StringRecord,
        metric_column: usize,
    ) -> Result<Fields<'a>, CurveError> {
        let resource = if self.whole(&row[self.resource]) == Some(0) {
            "a positive whole number: count from 1"
        } else {
            "a positive whole number"
        };
        Ok(Fields {
            trial: self.field(row, self.trial, "the name of a trial", |text| {
                (!text.is_empty()).then_some(text)
            })?,
            resource: self.field(row, self.resource, resource, |text| {
                self.whole(text).filter(|&resource| resource > 0)
            })?,
            metric: self.field(
                row,
                metric_column,
                "a number (or empty, nan or inf for a bad metric)",
                |text| self.metric(text),
            )?,
            seconds: self
                .seconds
                .map(|column| {
                    self.field(
                        row,
                        column,
                        "a finite number of seconds, 0 or more",
                        |text| self.seconds(text),
                    )
                })
                .transpose()?,
        })
    }

    /// Reads one field; `expected` tells what it must be.
    pub(crate) fn field<'a, T>(
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
    pub(crate) fn line(&self, line: u64) -> Place {
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
    pub(crate) fn resource_at(&self, line: u64) -> Place {
        self.at(line, self.resource)
    }
}

/// How text is read as a number.
impl Columns {
    fn number(&self, text: &str) -> Option<f64> {
        self.with_point(text).parse().ok()
    }

    /// A number that has a decimal comma, with a point; other text as it is.
    pub(crate) fn with_point<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        if self.decimal_comma && !is_number(text) {
            let with_point = text.replacen(',', ".", 1);
            if is_number(&with_point) {
                return with_point.into();
            }
        }
        text.into()
    }

    /// A whole number, 0 or more. `1.0` is one, as tables with a gap in a column have it.
    pub(crate) fn whole(&self, text: &str) -> Option<u64> {
        text.parse().ok().or_else(|| {
            let number = self.number(text)?;
            // Above 2^53 a number with a point no longer tells which whole number was meant.
            let is_whole =
                (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
            is_whole.then_some(number as u64)
        })
    }

    /// A finite number, or NaN for a bad metric; `None` for other text.
    fn metric(&self, text: &str) -> Option<f64> {
        if text.is_empty() {
            return Some(f64::NAN);
        }
        let value = self.number(text)?;
        Some(if value.is_finite() { value } else { f64::NAN })
    }

    fn seconds(&self, text: &str) -> Option<f64> {
        // `+ 0.0` turns a negative zero into zero.
        self.number(text)
            .filter(|seconds| *seconds >= 0.0 && seconds.is_finite())
            .map(|seconds| seconds + 0.0)
    }
}
