//! From CSV to a table of a run.

use std::io::Read;

use csv::StringRecord;

use super::table::RunTable;
use crate::choose::{RunRow, Status};
use crate::curves::fields::Columns;
use crate::curves::sheet::Sheet;
use crate::curves::{CurveError, ReadOptions};

/// Which columns are read: as of curves, and what a trial holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TableOptions {
    /// The columns of the reports.
    pub reports: ReadOptions,
    /// The column of sizes; `None`: `bytes`, if there is one.
    pub bytes: Option<String>,
    /// The column of paths; `None`: `path`, if there is one.
    pub path: Option<String>,
    /// The column of what trials are doing; `None`: `status`, if there is one.
    pub status: Option<String>,
}

impl RunTable {
    /// Reads a table as CSV, as [curves](crate::curves) are, with further columns for what each trial holds: `bytes`, `path`
    /// and `status`, each of which may be missing, or empty in a row. `name` stands for the file in errors.
    ///
    /// ```
    /// use rungkeeper_tuner::choose::{RunTable, TableOptions};
    ///
    /// let file = "trial,resource,loss,bytes,path,status\na,1,0.5,900,a.pt,paused\nb,1,0.4,,,running\n";
    /// let table = RunTable::read(file.as_bytes(), "run.csv", &TableOptions::default())?;
    /// assert_eq!((table.metric(), table.num_trials(), table.has_paths()), ("loss", 2, true));
    /// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`CurveTable::read`](crate::curves::CurveTable::read), except that gaps and repeated rows are allowed.
    pub fn read(reader: impl Read, name: &str, options: &TableOptions) -> Result<Self, CurveError> {
        let mut sheet = Sheet::new(name, reader, &options.reports)?;
        let holdings = Holdings::new(&sheet.columns, options)?;
        let asked = options.reports.metric.as_deref();
        let metric = sheet.find_metric(asked, &holdings.columns())?;

        let mut table = Self::new(name, sheet.columns.name(metric));
        table.resource = Some(sheet.columns.resource_name().to_owned());
        table.cumulative = options.reports.cumulative;
        table.has_paths = holdings.path.is_some();
        table.has_bytes = holdings.bytes.is_some();
        while let Some(row) = sheet.next_row()? {
            let columns = &sheet.columns;
            let fields = columns.fields(&row, metric)?;
            table.push(&RunRow {
                trial: fields.trial,
                resource: fields.resource,
                metric: fields.metric,
                seconds: fields.seconds,
                bytes: holdings.bytes(&row, columns)?,
                path: holdings.path(&row),
                status: holdings.status(&row, columns)?,
            });
        }
        Ok(table)
    }
}

/// Where it stands what a trial holds.
struct Holdings {
    bytes: Option<usize>,
    path: Option<usize>,
    status: Option<usize>,
}

impl Holdings {
    fn new(columns: &Columns, options: &TableOptions) -> Result<Self, CurveError> {
        Ok(Self {
            bytes: columns.optional(options.bytes.as_deref(), "bytes")?,
            path: columns.optional(options.path.as_deref(), "path")?,
            status: columns.optional(options.status.as_deref(), "status")?,
        })
    }

    fn columns(&self) -> [Option<usize>; 3] {
        [self.bytes, self.path, self.status]
    }

    fn bytes(&self, row: &StringRecord, columns: &Columns) -> Result<Option<u64>, CurveError> {
        let Some(column) = self.bytes.filter(|&column| !is_missing(&row[column])) else {
            return Ok(None);
        };
        let expected = "a number of bytes, a whole one";
        columns
            .field(row, column, expected, |text| columns.whole(text))
            .map(Some)
    }

    fn path<'a>(&self, row: &'a StringRecord) -> Option<&'a str> {
        let path = self.path.map(|column| &row[column]);
        path.filter(|path| !is_missing(path))
    }

    fn status(&self, row: &StringRecord, columns: &Columns) -> Result<Option<Status>, CurveError> {
        let Some(column) = self.status.filter(|&column| !is_missing(&row[column])) else {
            return Ok(None);
        };
        let expected = "a status: running, paused, removed, pinned or ended";
        columns
            .field(row, column, expected, |text| text.parse().ok())
            .map(Some)
    }
}

/// Empty, or as tables write what they do not have.
fn is_missing(text: &str) -> bool {
    text.is_empty()
        || ["nan", "none", "null", "na", "<na>"]
            .iter()
            .any(|it| text.eq_ignore_ascii_case(it))
}
