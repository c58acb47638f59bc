//! From CSV to a table of curves.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use super::fields::Columns;
use super::lines::line_of;
use super::sheet::Sheet;
use super::{CurveError, CurveTable, Place, Point, Problem};

/// What to read from a file of curves, and how strictly.
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
///
/// let file = "run;epoch;loss;clock\na;1.0;0,9;10\na;2.0;0,7;25\n";
/// let options =
///     ReadOptions::new().trial_column("run").resource_column("epoch").seconds_column("clock");
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &options.cumulative_seconds(true))?;
/// let points = table.curve(0).unwrap().points();
/// assert_eq!((points[1].resource, points[1].metric, points[1].seconds), (2, 0.7, 15.0));
/// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReadOptions {
    pub(crate) trial: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) metric: Option<String>,
    pub(crate) seconds: Option<String>,
    pub(crate) cumulative: bool,
    needed: Option<BTreeSet<u64>>,
    /// The column of resources if there is none of the usual name.
    pub(crate) other_resource: Option<String>,
    parameters: Vec<String>,
}

impl ReadOptions {
    /// Finds the metric by itself, and allows no gaps.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the metric column. Any column may be named.
    #[must_use]
    pub fn metric(mut self, column: impl Into<String>) -> Self {
        self.metric = Some(column.into());
        self
    }

    /// Names the column of trials, `trial` otherwise.
    #[must_use]
    pub fn trial_column(mut self, column: impl Into<String>) -> Self {
        self.trial = Some(column.into());
        self
    }

    /// Names the column of resources, `resource` otherwise.
    #[must_use]
    pub fn resource_column(mut self, column: impl Into<String>) -> Self {
        self.resource = Some(column.into());
        self
    }

    /// Names the column of seconds, which must then be there; `seconds` otherwise, which need not be.
    #[must_use]
    pub fn seconds_column(mut self, column: impl Into<String>) -> Self {
        self.seconds = Some(column.into());
        self
    }

    /// Whether seconds count from the start of the trial, instead of from the resource listed before.
    #[must_use]
    pub fn cumulative_seconds(mut self, cumulative: bool) -> Self {
        self.cumulative = cumulative;
        self
    }

    /// Names the columns of resources and metric, unless others were named or, of resources, there is one of the usual name.
    #[must_use]
    pub fn or_columns(mut self, resource: &str, metric: &str) -> Self {
        self.other_resource = Some(resource.to_owned());
        self.metric.get_or_insert_with(|| metric.to_owned());
        self
    }

    /// Hyper-parameters, each a column of its name or of one such as `config_NAME`, as tuners write it. The table keeps the
    /// first text of each trial that is not empty: see [`Curve::parameters`](super::Curve::parameters). None of them is taken
    /// for the metric.
    ///
    /// ```
    /// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
    ///
    /// let file = "trial,resource,lr,loss\na,1,0.1,0.9\na,2,,0.7\n";
    /// let table = CurveTable::read(file.as_bytes(), "t.csv", &ReadOptions::new().parameters(["lr"]))?;
    /// assert_eq!((table.metric(), &*table.curve(0).unwrap().parameters()[0]), ("loss", "0.1"));
    /// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
    /// ```
    #[must_use]
    pub fn parameters(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.parameters = names.into_iter().map(Into::into).collect();
        self
    }

    /// The resources that each curve must list up to its end, instead of all that any curve lists:
    /// for instance the rung levels.
    #[must_use]
    pub fn needed(mut self, resources: impl IntoIterator<Item = u64>) -> Self {
        self.needed = Some(resources.into_iter().collect());
        self
    }
}

impl CurveTable {
    /// Reads curves from a file. Its path as given is the [name](Self::name) of the table.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, and what [`read`](Self::read) refuses.
    pub fn from_path(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, CurveError> {
        let name = path.as_ref().display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::read(file, &name, options),
            Err(source) => Err(CurveError::new(
                Place {
                    file: name,
                    line: None,
                    column: None,
                },
                Problem::Open(source),
            )),
        }
    }

    /// Reads curves in the [file format](crate::curves); `name` stands for the file in errors.
    /// The reader need not be buffered.
    ///
    /// # Errors
    ///
    /// A [`CurveError`] for the first thing found that is not as it should be: first in the header,
    /// then in the rows, then duplicates and gaps, trial by trial.
    pub fn read(reader: impl Read, name: &str, options: &ReadOptions) -> Result<Self, CurveError> {
        let mut sheet = Sheet::new(name, reader, options)?;
        let parameters = options.parameters.iter();
        let parameters = parameters.map(|name| sheet.columns.of_parameter(name));
        let parameters: Vec<usize> = parameters.collect::<Result<_, _>>()?;
        let others: Vec<Option<usize>> = parameters.iter().copied().map(Some).collect();
        let metric = sheet.find_metric(options.metric.as_deref(), &others)?;
        let mut rows = Rows {
            columns_of_parameters: parameters,
            ..Rows::default()
        };
        while let Some(row) = sheet.next_row()? {
            rows.push(&row, &sheet.columns, metric)?;
        }
        rows.into_table(&sheet.columns, metric, options)
    }
}

/// All rows of a file, as they come.
#[derive(Debug, Default)]
struct Rows {
    /// The number of each trial, by its text.
    numbers: HashMap<Box<str>, usize>,
    all: Vec<Row>,
    columns_of_parameters: Vec<usize>,
    /// Of each trial the texts of those columns, one trial after the other.
    parameters: Vec<Box<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    trial: usize,
    resource: u64,
    line: u64,
    metric: f64,
    seconds: Option<f64>,
}

impl Rows {
    fn push(
        &mut self,
        row: &StringRecord,
        columns: &Columns,
        metric: usize,
    ) -> Result<(), CurveError> {
        let fields = columns.fields(row, metric)?;
        let trial = self.numbers.get(fields.trial).copied().unwrap_or_else(|| {
            let next = self.numbers.len();
            self.numbers.insert(fields.trial.into(), next);
            let length = self.numbers.len() * self.columns_of_parameters.len();
            self.parameters.resize(length, "".into());
            next
        });
        let number = self.columns_of_parameters.len();
        let of_trial = &mut self.parameters[trial * number..][..number];
        for (text, &column) in of_trial.iter_mut().zip(&self.columns_of_parameters) {
            if text.is_empty() {
                *text = columns.with_point(&row[column]).into();
            }
        }
        let (metric, seconds) = (fields.metric, fields.seconds);
        self.all.push(Row {
            trial,
            resource: fields.resource,
            line: line_of(row),
            metric,
            seconds,
        });
        Ok(())
    }

    fn into_table(
        mut self,
        columns: &Columns,
        metric: usize,
        options: &ReadOptions,
    ) -> Result<CurveTable, CurveError> {
        self.all
            .sort_unstable_by_key(|row| (row.trial, row.resource, row.line));
        let ids = ids_in_order(self.numbers);
        let resources: BTreeSet<u64> = self.all.iter().map(|row| row.resource).collect();
        let needed = options.needed.as_ref();
        let needed: Vec<u64> = needed.unwrap_or(&resources).iter().copied().collect();

        let mut points = Vec::with_capacity(self.all.len());
        let mut ends = Vec::with_capacity(ids.len());
        for rows in self.all.chunk_by_mut(|a, b| a.trial == b.trial) {
            check_duplicates(rows, &ids, columns)?;
            check_gaps(rows, &needed, &ids, columns)?;
            if options.cumulative {
                count_from_row_to_row(rows, &ids, columns)?;
            }
            push_points(rows, &mut points);
            ends.push(points.len());
        }
        Ok(CurveTable {
            name: columns.file().to_owned(),
            metric: columns.name(metric).to_owned(),
            ids,
            ends,
            points,
            resources: resources.into_iter().collect(),
            parameters: self.parameters,
        })
    }
}

fn ids_in_order(numbers: HashMap<Box<str>, usize>) -> Vec<Box<str>> {
    let mut ids: Vec<(Box<str>, usize)> = numbers.into_iter().collect();
    ids.sort_unstable_by_key(|&(_, number)| number);
    ids.into_iter().map(|(id, _)| id).collect()
}

/// `rows` are those of one trial, by resource.
fn check_duplicates(rows: &[Row], ids: &[Box<str>], columns: &Columns) -> Result<(), CurveError> {
    let Some(pair) = rows
        .windows(2)
        .find(|pair| pair[0].resource == pair[1].resource)
    else {
        return Ok(());
    };
    let Row {
        trial,
        resource,
        line: first,
        ..
    } = pair[0];
    let problem = Problem::Duplicate {
        trial: ids[trial].to_string(),
        resource,
        first,
    };
    Err(CurveError::new(columns.resource_at(pair[1].line), problem))
}

/// Each resource of `needed` below the last of the trial has to be among its rows; both rise.
fn check_gaps(
    rows: &[Row],
    needed: &[u64],
    ids: &[Box<str>],
    columns: &Columns,
) -> Result<(), CurveError> {
    let mut needed = needed.iter().copied().peekable();
    for &Row {
        trial,
        resource: next,
        line,
        ..
    } in rows
    {
        if let Some(missing) = needed.next_if(|&needed| needed < next) {
            let problem = Problem::Gap {
                trial: ids[trial].to_string(),
                next,
                missing,
            };
            return Err(CurveError::new(columns.resource_at(line), problem));
        }
        needed.next_if_eq(&next);
    }
    Ok(())
}

/// Seconds that count from the start of the trial become those from the row before.
fn count_from_row_to_row(
    rows: &mut [Row],
    ids: &[Box<str>],
    columns: &Columns,
) -> Result<(), CurveError> {
    let mut before = 0.0;
    for row in rows {
        let Some(seconds) = row.seconds else {
            continue;
        };
        if seconds < before {
            let trial = ids[row.trial].to_string();
            let problem = Problem::SecondsFall {
                trial,
                seconds,
                before,
            };
            return Err(CurveError::new(columns.resource_at(row.line), problem));
        }
        row.seconds = Some(seconds - before);
        before = seconds;
    }
    Ok(())
}

fn push_points(rows: &[Row], points: &mut Vec<Point>) {
    let (mut before, mut elapsed) = (0, 0.0);
    for &Row {
        resource,
        metric,
        seconds,
        ..
    } in rows
    {
        let seconds = seconds.unwrap_or((resource - before) as f64);
        elapsed += seconds;
        before = resource;
        points.push(Point {
            resource,
            metric,
            seconds,
            elapsed,
        });
    }
}
