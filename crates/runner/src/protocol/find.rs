//! Where the JSON object of a report is in a line.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Arrays and objects in a line that is read as JSON5, whose reader has no limit of its own to how
/// deep they may stand in each other. That of the JSON reader is the same.
const MOST_NESTED: usize = 128;

/// The line without what sets colours in a terminal, moves its cursor or names its window.
pub(super) fn without_colours(text: &str) -> Cow<'_, str> {
    if text.contains('\u{1b}') {
        Cow::Owned(anstream::adapter::strip_str(text).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

/// The JSON object that a line ends with, whatever stands before it.
///
/// At most two places are read: the whole line, and from the brace that the last one closes. So it
/// takes time in proportion to the length of the line.
pub(super) fn object_at_end(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim_matches(is_blank);
    object(text).or_else(|| match start_of_object(text) {
        None | Some(0) => None,
        Some(start) => object(&text[start..]),
    })
}

/// What may stand around a line and is not seen.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Where the object begins that ends at the end of the text, in bytes.
///
/// Read backwards, since what stands before the object may hold braces and quotes of any number. It
/// works because in JSON a quote within a string has an odd number of backslashes before it, and one
/// that begins a string has none.
pub(super) fn start_of_object(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.ends_with(b"}") {
        return None;
    }
    let (mut at, mut depth) = (bytes.len(), 0usize);
    while at > 0 {
        at -= 1;
        match bytes[at] {
            b'"' => at = start_of_string(&bytes[..at])?,
            b'}' | b']' => depth += 1,
            b'{' | b'[' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return (bytes[at] == b'{').then_some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the string begins that ends right behind these bytes.
fn start_of_string(mut bytes: &[u8]) -> Option<usize> {
    loop {
        let quote = bytes.iter().rposition(|&byte| byte == b'"')?;
        bytes = &bytes[..quote];
        let backslashes = bytes.iter().rev().take_while(|&&byte| byte == b'\\');
        if backslashes.count() % 2 == 0 {
            return Some(quote);
        }
    }
}

/// A JSON object; with the `NaN` and `Infinity` that Python writes as null.
fn object(text: &str) -> Option<Map<String, Value>> {
    if !(text.starts_with('{') && text.ends_with('}')) {
        return None;
    }
    if let Ok(object) = serde_json::from_str(text) {
        return Some(object);
    }
    let nested = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if nested.count() > MOST_NESTED {
        return None;
    }
    json5::from_str(text).ok()
}
