//! What no text of the project holds: what a reader should never meet, and turns of phrase. One word for one thing, the
//! one that readers know.
use std::path::Path;

use regex::Regex;

use super::text::Text;

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
/// Between two words of a phrase: it may go on in the next line of a comment, or of a string, which then ends with a
/// backslash.
const SPACE: &str = r"(?:[ \t]+|[ \t]*\\?\n[ \t]*[/!#]*[ \t]*)";

/// What no text holds, as a pattern, and why. Written so that this file passes its own check.
const UNTIDY: [(&str, &str); 4] = [
    (
        r"(?m)[^\S\n]$",
        "whitespace at the end of the line, which only clutters changes",
    ),
    (
        r"(?m)(?:^|[^\w.\n-])/(?:wor[k]|roo[t])/",
        "a path of one machine, which nobody else has",
    ),
    (
        r"(?-u:\b)(?:TOD[O]|FIXM[E])(?-u:\b)",
        "a note of work left open: do it, or file an issue",
    ),
    (
        r"[^\n]\z",
        "no newline at the end of the file, which many tools demand",
    ),
];
const LONGEST_SOURCE: usize = 1_000;

pub(super) fn broken(files: &[Text]) -> Vec<String> {
    let pattern = |pattern: &str| Regex::new(pattern).expect("a pattern can be read");
    let untidy = UNTIDY.map(|(it, message)| (pattern(it), message.to_owned()));
    let phrases = INSTEAD.map(|(phrase, instead)| {
        let words = phrase.replace(' ', SPACE);
        let message = format!("\"{phrase}\": write {instead}");
        (pattern(&format!(r"(?i)(?-u:\b){words}(?-u:\b)")), message)
    });
    let mut broken = Vec::new();
    for file in files {
        let name = file.name.display();
        let is_read = file.has_extension(&READ) && file.name != Path::new(ITSELF);
        let phrases = phrases.iter().filter(|_| is_read);
        for (pattern, message) in untidy.iter().chain(phrases) {
            let places = pattern.find_iter(&file.text);
            broken.extend(places.map(|it| format!("{name}:{}: {message}", file.line(it.start()))));
        }
        if file.has_extension(&["rs"]) && file.text.lines().count() > LONGEST_SOURCE {
            broken.push(format!(
                "{name}: more than 1,000 lines: one subject per file"
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let (name, text) = ("a.rs".into(), text.to_owned());
        broken(&[Text { name, text }])
    }

    #[test]
    fn each_rule_names_the_line() {
        for (text, expected) in [
            ("a\nb \nc\n", "a.rs:2: whitespace"),
            ("a\nb\r\n", "a.rs:2: whitespace"),
            ("a\nb", "a.rs:2: no newline"),
            (concat!("a\n`/wo", "rk/x`\n"), "a.rs:2: a path"),
            (concat!("a\n/ro", "ot/x\n"), "a.rs:2: a path"),
            (concat!("// TO", "DO: b\n"), "a.rs:1: a note"),
            (concat!("// (FIX", "ME)\n"), "a.rs:1: a note"),
            (&"a\n".repeat(1_001), "a.rs: more than 1,000 lines"),
            ("a\nAll But for one.\n", "a.rs:2: \"but for\""),
            ("/// All but\n    /// for one.\n", "a.rs:1: \"but for\""),
            ("x = \"all but \\\n    for one\";\n", "a.rs:1: \"but for\""),
            ("# Comes\n# of it.\n", "a.rs:1: \"comes of it\""),
            ("a\n\nThe dearest.\n", "a.rs:3: \"dearest\""),
        ] {
            let found = messages(text);
            assert!(
                found.len() == 1 && found[0].starts_with(expected),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn tidy_text_passes() {
        let part_of_a_path = concat!("net/wo", "rk/a ./wo", "rk/b TODOS mytodo!\n");
        let only_looks_like_it =
            "not for this but also for that: dear_one, so many_times, endear\n";
        let longest = "a\n".repeat(1_000);
        for text in ["", "a\n\nb\n", part_of_a_path, only_looks_like_it, &longest] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }
}
