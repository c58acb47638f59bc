//! Text from outside, made fit for a terminal.
//!
//! Trial ids, names, paths, metrics as text and lines of training programs come from logs and files
//! that anybody may have written. A terminal obeys control characters: they could clear the screen,
//! forge lines, or turn the reading direction. So everything from outside passes through here before
//! it is printed: control characters are made visible, and what is long is cut.

use std::fmt::{Display, Write};
use std::io;

/// Columns of a terminal.
pub(crate) const WIDTH: usize = 80;

/// Most characters of a value within a line.
const VALUE: usize = 200;

/// Most characters of a line of a message: a path may be 4096 bytes long, and must stay whole to be
/// of use.
const LINE: usize = 5_000;

/// Most lines of a message.
const LINES: usize = 60;

/// A value on one line: a trial's id, a name, a path, a number as text.
///
/// Control characters become escapes such as `\u{1b}`, line ends included; behind 200 characters it
/// is cut, with a mark that says how many are left out.
pub(crate) fn plain(value: impl Display) -> String {
    cut(&value.to_string(), VALUE)
}

/// A path on one line; it is not cut unless it is longer than any path can be.
pub(crate) fn path(path: &std::path::Path) -> String {
    cut(&path.display().to_string(), LINE)
}

/// A message that may have several lines, of an error for example. Its line ends stay.
pub(crate) fn message(text: impl Display) -> String {
    let text = text.to_string();
    let mut lines = text.split('\n');
    let mut kept: Vec<String> = lines
        .by_ref()
        .take(LINES)
        .map(|line| cut(line.strip_suffix('\r').unwrap_or(line), LINE))
        .collect();
    match lines.count() {
        0 => {}
        1 => kept.push("… and 1 more line".to_owned()),
        more => kept.push(format!("… and {more} more lines")),
    }
    kept.join("\n")
}

/// A whole document, nothing of it cut: line ends and tabs stay, all other control characters are
/// made visible.
pub(crate) fn visible(text: String) -> String {
    let is_layout = |c: char| c == '\n' || c == '\t';
    if !text.contains(|c: char| is_obeyed(c) && !is_layout(c)) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_layout(c) {
            shown.push(c);
        } else {
            push(&mut shown, c);
        }
    }
    shown
}

/// Writes a paragraph in lines of at most 80 columns.
pub(crate) fn wrapped(text: &str, out: &mut impl io::Write) -> io::Result<()> {
    wrapped_behind("", "", text, out)
}

/// As [`wrapped()`], two columns in, and what does not fit into the first line four.
pub(crate) fn indented(text: &str, out: &mut impl io::Write) -> io::Result<()> {
    wrapped_behind("  ", "    ", text, out)
}

fn wrapped_behind(
    first: &str,
    others: &str,
    text: &str,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            others.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

fn cut(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    let mut characters = text.chars();
    for c in characters.by_ref().take(most) {
        push(&mut shown, c);
    }
    match characters.count() {
        0 => {}
        more => _ = write!(shown, "… ({more} more characters)"),
    }
    shown
}

fn push(shown: &mut String, c: char) {
    if is_obeyed(c) {
        shown.extend(c.escape_default());
    } else {
        shown.push(c);
    }
}

/// Control characters of both blocks, and what turns the reading direction or breaks a line.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever goes in, a terminal finds nothing to obey.
    #[test]
    fn escapes() {
        let all = (0..0x3000)
            .chain(0xfe00..0x1_0000)
            .filter_map(char::from_u32);
        for c in all {
            let shown = plain(c);
            assert!(!shown.contains(is_obeyed), "{:?}", c as u32);
            assert_eq!(shown == c.to_string(), !is_obeyed(c));
            assert!(!message(c).replace('\n', "").contains(is_obeyed));
        }
        assert_eq!(
            plain("a\u{1b}[2Jb\r\nc\u{9b}31m\u{202e}"),
            "a\\u{1b}[2Jb\\r\\nc\\u{9b}31m\\u{202e}"
        );
        assert_eq!(plain("größe λ → 日本"), "größe λ → 日本");
        assert_eq!(message("one\r\ntwo\u{7}"), "one\ntwo\\u{7}");
        assert_eq!(visible("\t<b>\n".to_owned()), "\t<b>\n");
        assert_eq!(visible("\t\u{0}\n".to_owned()), "\t\\u{0}\n");
    }

    #[test]
    fn what_is_long_is_cut() {
        let long = "x".repeat(100_000);
        assert_eq!(
            plain(&long),
            format!("{}… (99800 more characters)", &long[..200])
        );
        assert_eq!(plain(&long[..200]), long[..200]);
        let escapes = "\u{1b}".repeat(1_000_000);
        assert!(plain(&escapes).len() < 2_000);
        assert!(message(&long).len() < 6_000);
        let many = "line\n".repeat(1000);
        let shown = message(&many);
        assert_eq!(shown.lines().count(), 61);
        assert!(shown.ends_with("line\n… and 941 more lines"), "{shown}");
        let deep = std::path::Path::new(&long[..4000]);
        assert_eq!(path(deep).len(), 4000);
    }

    #[test]
    fn paragraphs_are_80_wide() {
        let mut out = Vec::new();
        wrapped(&"word ".repeat(50), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.len() <= 80) && text.lines().count() == 4);
        let mut out = Vec::new();
        indented(&"word ".repeat(30), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("  word word") && text.contains("\n    word"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
