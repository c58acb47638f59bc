use std::fmt;
use std::ops::Range;

use rungkeeper_tuner::nearest_name;

use super::words::{in_words, of_key};
use crate::plain::{escaped_sentence, without_secrets};

/// Most characters of a message: what a file holds may be long, and is quoted in some.
const MESSAGE: usize = 800;

/// Something wrong in an experiment file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what would be right; in one line, without control characters.
    pub message: String,
}

impl Problem {
    pub(super) fn at(text: &str, span: &Range<usize>, message: &str) -> Self {
        let before = &text[..floor_char_boundary(text, span.start)];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let message = escaped_sentence(&without_secrets(message), MESSAGE);
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

/// Collects problems with their places.
pub(super) struct Problems<'t> {
    text: &'t str,
    found: Vec<Problem>,
}

impl<'t> Problems<'t> {
    /// None so far, of a file with this text.
    pub(super) fn new(text: &'t str) -> Self {
        let found = Vec::new();
        Self { text, found }
    }

    pub(super) fn add(&mut self, span: &Range<usize>, message: impl AsRef<str>) {
        self.found
            .push(Problem::at(self.text, span, message.as_ref()));
    }

    /// What the TOML reader found.
    pub(super) fn add_reading(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let mut message = in_words(error.message());
        if let Some(key) = key_before(self.text, span.start) {
            message = of_key(key, &message);
            if !message.contains(key) {
                message = format!("{key}: {message}");
            }
        }
        self.add(&span, message);
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// All of them in the order of the file.
    pub(super) fn into_error(mut self) -> ExperimentError {
        self.found
            .sort_by_key(|problem| (problem.line, problem.column));
        self.found.dedup();
        let problems = self.found;
        ExperimentError { problems }
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

/// The name most like another one, if some is.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let names: Vec<&str> = names.collect();
    nearest_name(name, &names, 0.75).map(|place| names[place])
}

/// The key whose value stands at a place: the name before the last `=` of the line.
fn key_before(text: &str, place: usize) -> Option<&str> {
    let before = text.get(..place)?;
    let line = before.rsplit('\n').next()?;
    let (before, _) = line.rsplit_once('=')?;
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = before.trim_end().rsplit(|c| !name(c)).next()?;
    (!key.is_empty()).then_some(key)
}
