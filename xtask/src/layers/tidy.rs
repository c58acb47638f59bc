//! Tidiness of all text files: what a reader of the project should never meet.
use std::path::Path;

use super::text::{Text, has_extension, is_part_of_word, occurrences, words};
use crate::finding::Finding;

const LONGEST_SOURCE: usize = 1_000;

// Written in halves, so that this file passes its own check.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

pub(super) fn findings(files: &[Text]) -> Vec<Finding> {
    let files = files.iter();
    files
        .flat_map(|file| untidy(&file.name, &file.text))
        .collect()
}

fn untidy(file: &Path, text: &str) -> Vec<Finding> {
    let mut broken = Vec::new();
    for (line, number) in text.split('\n').zip(1..) {
        if line.ends_with(char::is_whitespace) {
            broken.push((
                number,
                "whitespace at the end of the line, which only clutters changes",
            ));
        }
        if MACHINE_PATHS.iter().any(|path| names_path(line, path)) {
            broken.push((number, "a path of one machine, which nobody else has"));
        }
        if MARKS.iter().any(|mark| words(line, mark).next().is_some()) {
            broken.push((number, "a note of work left open: do it, or file an issue"));
        }
    }
    let lines = text.lines().count();
    if !text.is_empty() && !text.ends_with('\n') {
        broken.push((
            lines,
            "no newline at the end of the file, which many tools demand",
        ));
    }
    if lines > LONGEST_SOURCE && has_extension(file, &["rs"]) {
        broken.push((0, "more than 1,000 lines: one subject per file"));
    }
    broken
        .into_iter()
        .map(|(line, message)| Finding::new(file, line, message))
        .collect()
}

/// Whether the line names an absolute path that starts so.
fn names_path(line: &str, path: &str) -> bool {
    occurrences(line, path, |before, _| {
        !is_part_of_word(before) && before != Some('.')
    })
    .next()
    .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(file: &str, text: &str) -> Vec<String> {
        untidy(Path::new(file), text)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn tidy_text_passes() {
        let part_of_a_path = concat!("net/wo", "rk/a ./wo", "rk/b TODOS mytodo!\n");
        let passing = ["", "a\n", "a\n\nb\n", part_of_a_path];
        for text in passing {
            assert_eq!(messages("a.md", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn each_rule_names_the_line() {
        for (text, expected) in [
            ("a\nb \nc\n", "a.rs:2: whitespace"),
            ("a\nb\r\n", "a.rs:2: whitespace"),
            ("a\nb", "a.rs:2: no newline"),
            (concat!("a\n`/wo", "rk/x`\n"), "a.rs:2: a path"),
            (concat!("file:///ro", "ot/x\n"), "a.rs:1: a path"),
            (concat!("// TO", "DO: b\n"), "a.rs:1: a note"),
            (concat!("// (FIX", "ME)\n"), "a.rs:1: a note"),
        ] {
            let found = messages("a.rs", text);
            assert!(
                found.len() == 1 && found[0].starts_with(expected),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn long_sources_are_refused_other_files_not() {
        let text = "a\n".repeat(LONGEST_SOURCE);
        assert_eq!(messages("a.rs", &text), [""; 0]);
        let longer = text + "a\n";
        assert_eq!(
            messages("a.rs", &longer),
            ["a.rs: more than 1,000 lines: one subject per file"]
        );
        assert_eq!(messages("a.csv", &longer), [""; 0]);
    }
}
