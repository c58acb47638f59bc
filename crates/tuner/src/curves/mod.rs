//! Tabulated learning curves: what a trial would report at each resource, and how long it would
//! take.
//!
//! # File format
//!
//! CSV with a header line, fields separated by commas, semicolons or tabs (of which the header has most), UTF-8:
//!
//! ```text
//! trial,learner,resource,accuracy,seconds
//! 0,SVC_linear,1,0.7472,0.0029
//! 0,SVC_linear,2,0.8302,0.0028
//! ```
//!
//! | column | what it holds |
//! |---|---|
//! | `trial` | any text but the empty one; all rows with the same text are one trial |
//! | `resource` | positive whole number (`1.0` is one): epochs, examples, whatever the levels count |
//! | metric | a number, or a *bad metric* as a diverged run has it |
//! | `seconds` | time from the resource listed before (or 0) to this one: finite, not negative |
//!
//! Bad metrics are the empty field, `nan` and infinite values; all are read as NaN. Without the
//! column `seconds` each unit of resource takes 1 second. Where semicolons separate the fields, a number may have a decimal
//! comma. [`ReadOptions`] name other columns, and say whether seconds count from the start of the trial.
//!
//! Columns may stand in any order, and so may rows: trials are numbered in the order in which they
//! first appear, and the rows of a trial are sorted by resource. White space around fields is
//! ignored, and so are blank lines and further columns. Names are case-sensitive.
//!
//! The metric column can be [named](ReadOptions::metric). Otherwise it is the only column that can be it: one that is none
//! of the others, no hyper-parameter as tuners write it (`config_lr`), and holds numbers (in the first 100 rows nothing but
//! numbers and bad metrics, and at least one finite number). Of several it is the only one with the name of a usual metric,
//! such as `val_loss`; where that does not tell either, it has to be named. In what `rungkeeper export` wrote it is the third.
//!
//! Rows whose column `again` says `true` are left out: the trial had reported that resource before, and trained again.
//!
//! # What is refused
//!
//! A file that is read is one that can be relied on; everything else is a [`CurveError`] with file,
//! line and column. A curve may end early: that the trial was never trained further is a fact. But
//! a *gap* is an error: a resource that other trials list, that lies below the last one of this
//! trial, and that this trial does not list. A lost row would take its seconds with it unnoticed.
//! Where trials list different resources on purpose, name the [resources that are
//! needed](ReadOptions::needed); gaps elsewhere do not matter then.

mod cut;
mod error;
pub(crate) mod fields;
mod lines;
pub(crate) mod metric_names;
mod read;
mod rows;
pub(crate) mod sheet;

pub use error::{CurveError, Place, Problem};
pub use fields::{EXPORTED, EXPORTED_METRIC};
pub use read::ReadOptions;
pub use rows::{Row, Rows};
pub use rungkeeper_rung_model::Mode;

/// One row of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Units of resource since the start of the trial.
    pub resource: u64,
    /// The metric reported there; NaN stands for all bad metrics, and no value is infinite.
    pub metric: f64,
    /// Seconds from the point before (or from the start) to this one.
    pub seconds: f64,
    /// Seconds from the start: the sum of `seconds` up to and including this point.
    pub elapsed: f64,
}

/// A trial of a [`CurveTable`]: a view of its rows, with resources that rise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve<'a> {
    id: &'a str,
    points: &'a [Point],
    parameters: &'a [Box<str>],
}

impl<'a> Curve<'a> {
    /// The text in the `trial` column.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// The texts of the [hyper-parameters](ReadOptions::parameters) that were asked for, in that order; empty ones where no
    /// row of the trial has any.
    #[must_use]
    pub fn parameters(&self) -> &'a [Box<str>] {
        self.parameters
    }

    /// All points, at least one.
    #[must_use]
    pub fn points(&self) -> &'a [Point] {
        self.points
    }

    /// The largest resource listed.
    #[must_use]
    pub fn max_resource(&self) -> u64 {
        self.points[self.points.len() - 1].resource
    }

    /// The point at exactly this resource, if it is listed. Takes logarithmic time.
    #[must_use]
    pub fn point_at(&self, resource: u64) -> Option<&'a Point> {
        self.last_point_by(resource)
            .filter(|point| point.resource == resource)
    }

    /// The last point at or before this resource: what is known by then. `None` before the first
    /// point. Takes logarithmic time.
    #[must_use]
    pub fn last_point_by(&self, resource: u64) -> Option<&'a Point> {
        let after = self
            .points
            .partition_point(|point| point.resource <= resource);
        self.points[..after].last()
    }

    /// Seconds from the start to this resource; between two points (or the start and the first
    /// point) in proportion to the resource. `None` beyond the last point. Takes logarithmic time.
    ///
    /// Training from resource `a` on to `b` takes `elapsed_at(b) - elapsed_at(a)`.
    #[must_use]
    pub fn elapsed_at(&self, resource: u64) -> Option<f64> {
        let next = self
            .points
            .partition_point(|point| point.resource < resource);
        let Point {
            resource: end,
            seconds,
            elapsed,
            ..
        } = *self.points.get(next)?;
        let start = next
            .checked_sub(1)
            .map_or(0, |before| self.points[before].resource);
        Some(elapsed - seconds * ((end - resource) as f64 / (end - start) as f64))
    }
}

/// Learning curves of many trials, from one file.
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
///
/// let file = "\
/// trial,resource,loss,seconds
/// big,1,0.9,10
/// big,3,nan,25
/// small,1,0.7,2
/// ";
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
/// assert_eq!((table.metric(), table.len(), table.max_resource()), ("loss", 2, 3));
/// assert_eq!(table.resources(), [1, 3]);
///
/// let big = table.curve(0).unwrap();
/// assert_eq!(big.id(), "big");
/// assert!(big.point_at(3).unwrap().metric.is_nan());
/// assert_eq!(big.elapsed_at(3), Some(35.0));
///
/// let small = table.curve(1).unwrap();
/// assert_eq!(small.point_at(3), None); // this curve ends early
/// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
/// ```
///
/// All points stand in one list, so that a million trials cost little more than their points: 32
/// bytes each, and per trial 24 bytes and the text of its identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveTable {
    name: String,
    metric: String,
    ids: Vec<Box<str>>,
    /// The points of trial `i` are `points[ends[i - 1]..ends[i]]`, from 0 for the first.
    ends: Vec<usize>,
    points: Vec<Point>,
    resources: Vec<u64>,
    /// Of each trial the texts of its hyper-parameters, one trial after the other.
    parameters: Vec<Box<str>>,
}

impl CurveTable {
    /// The name given when the table was read: a file name, usually.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the metric column.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The number of trials, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no table is empty")]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The trial at this position; trials are in the order of their first rows.
    #[must_use]
    pub fn curve(&self, index: usize) -> Option<Curve<'_>> {
        (index < self.len()).then(|| self.view(index))
    }

    /// All trials, in order.
    #[must_use]
    pub fn curves(&self) -> impl ExactSizeIterator<Item = Curve<'_>> {
        (0..self.len()).map(|index| self.view(index))
    }

    fn view(&self, index: usize) -> Curve<'_> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Curve {
            id: &self.ids[index],
            points: &self.points[start..self.ends[index]],
            parameters: self.parameters_of(index),
        }
    }

    fn parameters_of(&self, index: usize) -> &[Box<str>] {
        let number = self.parameters.len() / self.len();
        &self.parameters[index * number..][..number]
    }

    /// All resources that a trial lists, rising.
    #[must_use]
    pub fn resources(&self) -> &[u64] {
        &self.resources
    }

    /// The largest resource that a trial lists.
    #[must_use]
    pub fn max_resource(&self) -> u64 {
        self.resources[self.resources.len() - 1]
    }
}
