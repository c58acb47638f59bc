use std::fmt;
use std::ops::Range;

/// Something wrong in an experiment file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    pub(super) fn at(text: &str, span: &Range<usize>, message: String) -> Self {
        let before = &text[..floor_char_boundary(text, span.start)];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// All that is wrong in an experiment file, in the order of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExperimentError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ExperimentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ExperimentError {}

/// What the TOML reader found, with the nearest valid name where a name is unknown.
pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> ExperimentError {
    let span = error.span().unwrap_or(0..0);
    let mut message = error.message().trim().replace('\n', "; ");
    if let Some(nearest) = nearest_in(&message) {
        message = format!("{message}; did you mean `{nearest}`?");
    }
    ExperimentError {
        problems: vec![Problem::at(text, &span, message)],
    }
}

/// Serde lists what it expected: "unknown field `a`, expected one of `b`, `c`".
fn nearest_in(message: &str) -> Option<String> {
    let unknown = message.strip_prefix("unknown ")?;
    let mut quoted = unknown.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    let expected: Vec<&str> = quoted.collect();
    nearest(name, expected.iter().copied()).map(str::to_owned)
}

/// The name most like another one, if some is.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |candidate: &str| strsim::jaro_winkler(name, candidate);
    names
        .filter(|candidate| likeness(candidate) > 0.75)
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
}
