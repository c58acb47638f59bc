//! A scanner for Rust sources: the code without comments, literals and test items, and the paths it names.
//!
//! It knows just enough of the grammar that a word in a comment, a string or a doc example is never taken for a use.

/// A word or a punctuation mark (`::` is one mark).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// How a path stands in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `a::b`, also inside a `use`, spelled out
    Path,
    /// `a!(…)`
    Macro,
    /// `x.a(…)`
    Method,
}

/// A path and its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    pub(super) path: Vec<&'a str>,
    pub(super) form: Form,
    pub(super) line: usize,
}

/// Splits the source; comments and literals leave no token.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut rest = source;
    let mut line = 1;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = next(rest, first);
        let (text, after) = rest.split_at(length);
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length of what `rest` begins with, and whether it is a token.
fn next(rest: &str, first: char) -> (usize, bool) {
    if let Some(length) = comment(rest).or_else(|| literal(rest)) {
        return (length, false);
    }
    if rest.starts_with("::") {
        return (2, true);
    }
    let word = word(rest.strip_prefix("r#").unwrap_or(rest));
    if word > 0 {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        return (raw + word, true);
    }
    (first.len_utf8(), !first.is_whitespace())
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(two) = rest.as_bytes().get(at..at + 2) {
        match two {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// A string, character, lifetime or number.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r"]
        .into_iter()
        .find(|p| rest.starts_with(p))
        .unwrap_or("");
    let body = &rest[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if prefix.ends_with('r') && body[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = prefix.len() + hashes + 1;
        let found = rest[start..].find(&end);
        return Some(found.map_or(rest.len(), |at| start + at + end.len()));
    }
    if body.starts_with('"') {
        return Some(prefix.len() + quoted(body, '"'));
    }
    if body.starts_with('\'') {
        return Some(prefix.len() + character_or_lifetime(body));
    }
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then(|| number(rest))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn character_or_lifetime(text: &str) -> usize {
    let mut inside = text[1..].chars();
    match (inside.next(), inside.next()) {
        (Some('\\'), _) | (_, Some('\'')) => quoted(text, '\''),
        _ => 1 + word(&text[1..]),
    }
}

fn number(text: &str) -> usize {
    let whole = word(text);
    let fraction = text[whole..].strip_prefix('.');
    match fraction.filter(|f| f.starts_with(|c: char| c.is_ascii_digit())) {
        Some(fraction) => whole + 1 + word(fraction),
        None => whole,
    }
}

/// Drops each item under `#[cfg(test)]`.
pub(super) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let window = tokens[at..].iter().map(|token| token.text);
        if window.take(ATTRIBUTE.len()).eq(ATTRIBUTE) {
            at = end_of_item(tokens, at + ATTRIBUTE.len());
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// The index after the item that starts at `at`: after its `;` or its braces.
fn end_of_item(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text, ";" | "}") {
            break;
        }
    }
    at
}

/// The names of the functions that the code defines.
pub(super) fn functions<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let pairs = tokens.windows(2);
    pairs
        .filter(|pair| pair[0].text == "fn" && is_word(pair[1].text))
        .map(|pair| pair[1].text)
        .collect()
}

/// All paths that the code names.
pub(super) fn mentions<'a>(tokens: &[Token<'a>]) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let follows = tokens.get(at + 1).map_or("", |token| token.text);
        if token.text == "use" && follows != "<" {
            at = use_tree(tokens, at + 1, &[], &mut found);
        } else if is_word(token.text) {
            let (path, end) = plain_path(tokens, at);
            let form = form(tokens, at, end);
            found.push(Mention {
                path,
                form,
                line: token.line,
            });
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn plain_path<'a>(tokens: &[Token<'a>], start: usize) -> (Vec<&'a str>, usize) {
    let mut path = vec![tokens[start].text];
    let mut at = start + 1;
    while let [separator, word, ..] = &tokens[at.min(tokens.len())..] {
        if separator.text != "::" || !is_word(word.text) {
            break;
        }
        path.push(word.text);
        at += 2;
    }
    (path, at)
}

fn form(tokens: &[Token<'_>], start: usize, end: usize) -> Form {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    if text(end) == "!" && matches!(text(end + 1), "(" | "[" | "{") {
        Form::Macro
    } else if start > 0 && text(start - 1) == "." && matches!(text(end), "(" | "::") {
        Form::Method
    } else {
        Form::Path
    }
}

/// Spells out one branch of a `use` and returns the index after it.
fn use_tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    found: &mut Vec<Mention<'a>>,
) -> usize {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "::" => {}
            "as" => at += 1,
            "{" => {
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = use_tree(tokens, at, &path, found);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.text == ","));
                }
                return at + 1;
            }
            "," | "}" | ";" => {
                at -= 1;
                break;
            }
            word => path.push(word),
        }
    }
    if path.len() > prefix.len() {
        let line = tokens[at - 1].line;
        found.push(Mention {
            path,
            form: Form::Path,
            line,
        });
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> String {
        tokens(source)
            .iter()
            .map(|token| token.text)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn paths(source: &str, form: Form) -> Vec<String> {
        let tokens = tokens(source);
        let wanted = mentions(&tokens)
            .into_iter()
            .filter(|mention| mention.form == form);
        wanted.map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn comments_leave_no_token() {
        assert_eq!(
            texts("a // b\n/// c\nd /* e /* f */ g */ h /* open"),
            "a d h"
        );
    }

    #[test]
    fn literals_leave_no_token() {
        assert_eq!(
            texts(r#"a "b // \" c" d b"e" c"f" 'g' '\'' '"' b'h' '\u{1F600}' i"#),
            "a d i"
        );
        assert_eq!(
            texts("a r\"b\\\" c r#\"d \" e\"# br##\"f \"# g\"## h"),
            "a c h"
        );
        assert_eq!(texts("a 1.5e-3 2..3 4.0_f64.ln() 0xff"), "a - . . . ln ( )");
        assert_eq!(texts("a \"open"), "a");
    }

    #[test]
    fn words_are_not_taken_for_literals() {
        assert_eq!(
            texts("fn f<'a>(x: &'a str) -> &'static str"),
            "fn f < > ( x : & str ) - > & str"
        );
        assert_eq!(
            texts("r#use crate::brief::r::b"),
            "r#use crate :: brief :: r :: b"
        );
        assert_eq!(texts("é::ß"), "é :: ß");
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let source = "a\n\"b\nc\"\n/* d\n*/ e\nr\"f\n\" g";
        let lines: Vec<_> = tokens(source)
            .iter()
            .map(|token| (token.text, token.line))
            .collect();
        assert_eq!(lines, [("a", 1), ("e", 5), ("g", 7)]);
    }

    #[test]
    fn test_items_are_dropped() {
        let source = "a; #[cfg(test)] mod t { fn f() { g(); } } b; #[cfg(test)] #[path = \"x\"] mod u; \
                      #[cfg(test)] const C: [u8; 2] = [1; 2]; c; #[cfg(not(test))] mod d;";
        let all = tokens(source);
        let kept: Vec<_> = without_tests(&all).iter().map(|token| token.text).collect();
        assert_eq!(
            kept.join(" "),
            "a ; b ; c ; # [ cfg ( not ( test ) ) ] mod d ;"
        );
    }

    #[test]
    fn defined_functions_are_named() {
        let tokens = tokens("pub fn a(f: fn(u8)) {} // fn b()\nimpl C { const fn d() { e(); } }");
        assert_eq!(functions(&tokens), ["a", "d"]);
    }

    #[test]
    fn use_trees_are_spelled_out() {
        let source = "use std::{fs::{self, File}, io as i, collections::*,}; use ::log::info; pub use a; b::c()";
        let expected = [
            "std::fs::self",
            "std::fs::File",
            "std::io",
            "std::collections::*",
            "log::info",
            "pub",
            "a",
            "b::c",
        ];
        let mut found = paths(source, Form::Path);
        found.sort_by_key(|path| expected.iter().position(|e| e == path));
        assert_eq!(found, expected);
    }

    #[test]
    fn each_branch_of_a_use_has_its_line() {
        let tokens = tokens("use std::{\n    fmt,\n    fs,\n};");
        let lines: Vec<_> = mentions(&tokens)
            .iter()
            .map(|m| (m.path[1], m.line))
            .collect();
        assert_eq!(lines, [("fmt", 2), ("fs", 3)]);
    }

    #[test]
    fn macros_methods_and_paths_are_told_apart() {
        let source = "a::b!(c.d(), e.f, g != h, i.j::<k>(), l!{}) impl m + use<'n> {}";
        assert_eq!(paths(source, Form::Macro), ["a::b", "l"]);
        assert_eq!(paths(source, Form::Method), ["d", "j"]);
        let rest = paths(source, Form::Path);
        assert!(
            ["c", "f", "g", "h"]
                .iter()
                .all(|name| rest.iter().any(|path| path == name)),
            "{rest:?}"
        );
    }
}
