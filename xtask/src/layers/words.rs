//! One word for one thing, the one that readers know: turns of phrase that the project's texts do without.
use std::{ops::Range, path::Path};

use super::text::{Text, has_extension, words};
use crate::finding::Finding;

/// What is not written, in lower case, and what is written in its place.
const INSTEAD: [(&str, &str); 22] = [
    ("so many", "the number of them, or `n` if it is an argument"),
    (
        "is said",
        "who says it, and to whom: `is reported`, `is printed`, `the message names`",
    ),
    ("are said", "who says it, and to whom: `are reported`"),
    ("is no event", "`is not an event`"),
    ("are no events", "`are not events`"),
    ("but for", "`except`, `apart from`"),
    ("dear", "`expensive`, `costly`"),
    ("dearer", "`more expensive`"),
    ("dearest", "`the most expensive`"),
    ("one's own", "`your own`, `its own`, `custom`"),
    ("in times that of", "`relative to`"),
    ("in times those of", "`relative to`"),
    ("what comes of", "`the result of`"),
    ("what came of", "`the result of`"),
    ("comes of it", "`the result`"),
    ("came of it", "`the result`"),
    ("came of them", "`the results`"),
    ("checkpoint is given up", "`is removed`"),
    ("checkpoint was given up", "`was removed`"),
    ("checkpoints are given up", "`are removed`"),
    ("checkpoints given up", "`checkpoints removed`"),
    ("which of both", "`which of the two`"),
];

/// Files that people read: prose, and sources with their comments and messages.
const READ: [&str; 5] = ["md", "py", "pyi", "rs", "toml"];
/// This file has to name the phrases.
const ITSELF: &str = "xtask/src/layers/words.rs";

pub(super) fn findings(files: &[Text]) -> Vec<Finding> {
    let read = |file: &&Text| has_extension(&file.name, &READ) && file.name != Path::new(ITSELF);
    let files = files.iter().filter(read);
    files
        .flat_map(|file| found(&file.name, &file.text))
        .collect()
}

fn found(file: &Path, text: &str) -> Vec<Finding> {
    let running = Running::of(text);
    let mut findings = Vec::new();
    for (phrase, instead) in INSTEAD {
        for place in words(&running.text, phrase) {
            let message = format!("\"{phrase}\": write {instead}");
            findings.push(Finding::new(file, running.line(place), message));
        }
    }
    findings
}

/// A text in lower case, in which a phrase that goes on in the next line is found.
struct Running {
    text: String,
    /// Where each line is in it.
    lines: Vec<Range<usize>>,
}

impl Running {
    fn of(text: &str) -> Self {
        let (mut running, mut lines) = (String::new(), Vec::new());
        let mut before = "";
        for line in text.lines() {
            let (marker, line) = without_marker(line.trim_start());
            if marker != before {
                running.push('\n'); // a comment does not go on in code
            }
            before = marker;
            let start = running.len();
            // A string that goes on in the next line ends with a backslash.
            running.push_str(
                line.trim_end_matches('\\')
                    .trim_end()
                    .to_lowercase()
                    .as_str(),
            );
            running.push(' ');
            lines.push(start..running.len());
        }
        Self {
            text: running,
            lines,
        }
    }

    /// The number of the line at a place.
    fn line(&self, place: usize) -> usize {
        self.lines.partition_point(|line| line.end <= place) + 1
    }
}

/// What makes a line a comment, and the rest of the line.
fn without_marker(line: &str) -> (&str, &str) {
    let rest = line.trim_start_matches(['/', '!', '#']);
    let (marker, rest) = line.split_at(line.len() - rest.len());
    (marker, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let findings = found(Path::new("a.rs"), text);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_phrase_is_found_with_its_line_also_across_lines() {
        for (text, place) in [
            ("a\nAll But for one.\n", "a.rs:2: \"but for\""),
            ("/// All but\n    /// for one.\n", "a.rs:1: \"but for\""),
            ("x = \"all but \\\n    for one\";\n", "a.rs:1: \"but for\""),
            ("# Comes\n# of it.\n", "a.rs:1: \"comes of it\""),
            ("a\n\nThe dearest.\n", "a.rs:3: \"dearest\""),
        ] {
            let found = messages(text);
            assert!(
                found.len() == 1 && found[0].starts_with(place),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_one_passes() {
        for text in [
            "// as it is, but\nfor one in all {}\n",
            "dear_one so many_times endear\n",
            "not for this but also for that\n",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn phrases_are_in_lower_case() {
        for (phrase, instead) in INSTEAD {
            assert_eq!(phrase.to_lowercase(), phrase);
            assert!(!instead.is_empty());
        }
    }
}
