//! What can be wrong with a file of curves.

use std::fmt;

/// Why a file of curves was refused: where, and what is wrong there.
///
/// The message begins with the place and says what is expected:
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
///
/// let file = "trial,resource,accuracy\na,1,0.5\na,two,0.6\n";
/// let error = CurveTable::read(file.as_bytes(), "curves.csv", &ReadOptions::new()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "curves.csv, line 3, column 2 (`resource`): `two` is not a positive whole number",
/// );
/// assert_eq!(error.place().line, Some(3));
/// ```
#[derive(Debug)]
pub struct CurveError(Box<(Place, Problem)>);

impl CurveError {
    pub(crate) fn new(place: Place, problem: Problem) -> Self {
        Self(Box::new((place, problem)))
    }

    /// Where it was found.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.0.0
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.1
    }
}

impl fmt::Display for CurveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.problem())
    }
}

impl std::error::Error for CurveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.problem())
    }
}

/// A place in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The name of the file, as given by the caller.
    pub file: String,
    /// The line, from 1, unless the file as a whole is to blame.
    pub line: Option<u64>,
    /// The column's position, from 1, and its name, unless the line as a whole is to blame.
    pub column: Option<(usize, String)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some((number, name)) = &self.column {
            write!(f, ", column {number} (`{name}`)")?;
        }
        Ok(())
    }
}

/// What is wrong at a [`Place`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be opened.
    #[error("the file cannot be opened")]
    Open(#[source] std::io::Error),
    /// Reading failed.
    #[error("the file cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// A line that is not UTF-8.
    #[error("the line `{}` is not UTF-8; expected text in that encoding", short(.text))]
    NotUtf8 {
        /// The fields of the line, with U+FFFD for what cannot be read.
        text: String,
    },
    /// A quoted field that goes on to the end of the file.
    #[error("a quote is opened and never closed; expected a second one at the end of the field")]
    OpenQuote,
    /// There are no rows below the header, or not even a header.
    #[error(
        "there are no rows; expected a header line that names the columns trial, resource, a \
         metric and (optionally) seconds, and below it a line for each trial and resource"
    )]
    Empty,
    /// A column that is needed is not there.
    #[error(
        "no column is named `{column}`{}; the columns are {}",
        hint(.nearest.as_deref()), list(.columns)
    )]
    MissingColumn {
        /// The name looked for.
        column: String,
        /// The most similar name among the columns, if one is similar.
        nearest: Option<String>,
        /// All columns there are.
        columns: Vec<String>,
    },
    /// No metric was named, and no column can be one.
    #[error(
        "no column holds a metric; expected one with numbers besides trial, resource and seconds, \
         but the columns are {}", list(.columns)
    )]
    NoMetric {
        /// All columns there are.
        columns: Vec<String>,
    },
    /// No metric was named, and several columns can be it.
    #[error("which column is the metric: {}? It has to be named", list(.columns))]
    SeveralMetrics {
        /// Those columns.
        columns: Vec<String>,
    },
    /// Two columns have a name that is needed.
    #[error("column {first} has this name too; a column that is read needs a name of its own")]
    RepeatedColumn {
        /// The position of the first, from 1.
        first: usize,
    },
    /// A row is longer or shorter than the header.
    #[error("the number of fields is {found}; expected {expected}, as in the header")]
    FieldCount {
        /// The number of fields of the row.
        found: usize,
        /// The number of columns.
        expected: usize,
    },
    /// A field holds something that cannot be used.
    #[error("`{}` is not {expected}", short(.text))]
    Field {
        /// Its text.
        text: String,
        /// What is allowed there.
        expected: &'static str,
    },
    /// Two rows for one trial and resource.
    #[error(
        "trial `{trial}` has a row for resource {resource} already, on line {first}; \
         expected one only"
    )]
    Duplicate {
        /// The trial.
        trial: String,
        /// The resource.
        resource: u64,
        /// The line of the first row.
        first: u64,
    },
    /// Seconds that count from the start of a trial go back.
    #[error(
        "trial `{trial}` has {seconds} seconds after {before} at a lower resource; expected seconds \
         since its start, which never fall"
    )]
    SecondsFall {
        /// The trial.
        trial: String,
        /// Its seconds in this row.
        seconds: f64,
        /// Its seconds in the row of the resource before.
        before: f64,
    },
    /// A trial skips a resource that is needed.
    #[error(
        "trial `{trial}` has a row for resource {next} but none for {missing}; expected one for \
         each resource that is needed, up to where the curve ends"
    )]
    Gap {
        /// The trial.
        trial: String,
        /// The resource of the row after the gap.
        next: u64,
        /// The first resource left out.
        missing: u64,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!(" (did you mean `{name}`?)"))
}

/// Most columns that are named: a table may have hundreds.
const MOST_NAMED: usize = 8;

/// Most characters of a field that are shown.
const MOST_SHOWN: usize = 40;

fn list(names: &[String]) -> String {
    let named = names.iter().take(MOST_NAMED);
    let named: Vec<String> = named.map(|name| format!("`{}`", short(name))).collect();
    match names.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
