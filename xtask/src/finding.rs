//! What a check has to say: the place, the rule and why the rule is there.
use std::{fmt, path::Path};

use anyhow::{Result, bail};

/// A broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    message: String,
}

impl Finding {
    /// `message` about `line` (the first is 1; 0 stands for the file as a whole) of `file`, a path from the root.
    pub(crate) fn new(file: &Path, line: usize, message: impl Into<String>) -> Self {
        let file = file.display().to_string();
        Self {
            file,
            line,
            message: message.into(),
        }
    }
}

/// The first line of `text` that contains `what`; 0, the file as a whole, if none does.
pub(crate) fn line_of(text: &str, what: &str) -> usize {
    let found = text.lines().position(|line| line.contains(what));
    found.map_or(0, |index| index + 1)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            message,
        } = self;
        match line {
            0 => write!(f, "{file}: {message}"),
            _ => write!(f, "{file}:{line}: {message}"),
        }
    }
}

/// An error that lists the findings, sorted by place, unless there are none.
pub(crate) fn none_of(mut findings: Vec<Finding>) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort();
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    bail!("{} broken rules:\n{}", lines.len(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found() {
        assert_eq!(line_of("a\nb = 1\nb\n", "b"), 2);
        assert_eq!(line_of("a\n", "b"), 0);
    }

    #[test]
    fn findings_are_listed_by_place() {
        let (a, b) = (Path::new("a.rs"), Path::new("b.rs"));
        let findings = vec![
            Finding::new(b, 0, "third"),
            Finding::new(a, 10, "second"),
            Finding::new(a, 9, "first"),
        ];
        let error = none_of(findings).unwrap_err().to_string();
        assert_eq!(
            error,
            "3 broken rules:\na.rs:9: first\na.rs:10: second\nb.rs: third"
        );
        assert!(none_of(Vec::new()).is_ok());
    }
}
