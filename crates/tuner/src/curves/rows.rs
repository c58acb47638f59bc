//! The rows of a table whose columns are somebody else's business.

use std::fmt;
use std::io::Read;

use super::lines::{Lines, line_of};
use super::{CurveError, Place};

/// The rows of a CSV file as text, read as a file of curves is: with commas, semicolons or tabs between the fields, white
/// space around them left out, and blank lines passed over.
///
/// Each row that cannot be read is an error; those behind it still come.
///
/// ```
/// use rungkeeper_tuner::curves::Rows;
///
/// let mut rows = Rows::new("first.csv", "lr;layers\n0,1;3\n0,2\n".as_bytes())?;
/// assert_eq!(rows.names(), ["lr", "layers"]);
/// assert!(rows.decimal_comma());
/// let first = rows.next().unwrap()?;
/// assert_eq!((first.line, first.cells), (2, vec!["0,1".to_owned(), "3".to_owned()]));
/// let error = rows.next().unwrap().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "first.csv, line 3: the number of fields is 1; expected 2, as in the header",
/// );
/// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
/// ```
pub struct Rows<'a, R> {
    lines: Lines<'a, R>,
    header_line: u64,
    names: Vec<String>,
}

/// A row of a table, with as many cells as there are columns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What stands in each column.
    pub cells: Vec<String>,
}

impl<R> fmt::Debug for Rows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Rows");
        shown.field("names", &self.names).finish_non_exhaustive()
    }
}

impl<'a, R: Read> Rows<'a, R> {
    /// Reads the header; `name` stands for the file in messages.
    ///
    /// # Errors
    ///
    /// A source that cannot be read, or holds nothing.
    pub fn new(name: &'a str, source: R) -> Result<Self, CurveError> {
        let (header, lines) = Lines::new(name, source)?;
        Ok(Self {
            lines,
            header_line: line_of(&header),
            names: header.iter().map(ToOwned::to_owned).collect(),
        })
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether numbers may have a decimal comma: where a semicolon separates the fields.
    #[must_use]
    pub fn decimal_comma(&self) -> bool {
        self.lines.decimal_comma()
    }

    /// A cell, for a message.
    #[must_use]
    pub fn place(&self, line: u64, column: usize) -> Place {
        Place {
            line: Some(line),
            column: Some((column + 1, self.names[column].clone())),
            ..self.lines.whole()
        }
    }

    /// The name of a column, for a message.
    #[must_use]
    pub fn place_of_name(&self, column: usize) -> Place {
        self.place(self.header_line, column)
    }
}

impl<R: Read> Iterator for Rows<'_, R> {
    type Item = Result<Row, CurveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.lines.next()?;
        Some(row.map(|row| Row {
            line: line_of(&row),
            cells: row.iter().map(ToOwned::to_owned).collect(),
        }))
    }
}
