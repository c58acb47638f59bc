//! Text of others, made fit to be shown.
//!
//! What a program prints, what a file holds and what a name is made of can be anything: control
//! characters that move the cursor or set the title of a terminal, characters that turn the order of
//! a line around, megabytes of it, passwords in an address. Whoever quotes it for a person passes it
//! through here first.

/// The text in one line, without characters that do more than being seen, and cut to about `most`
/// characters.
///
/// Control characters, line ends and characters that change the direction of writing are written
/// as in Rust, `\u{1b}` for example. What is longer is cut at its end, which `...` shows.
///
/// ```
/// use rungkeeper_runner::plain::escaped;
///
/// assert_eq!(escaped("loss \u{1b}[31m0.5\n", 80), r"loss \u{1b}[31m0.5\n");
/// assert_eq!(escaped("aaaaaaaaaa", 4), "aaaa...");
/// ```
#[must_use]
pub fn escaped(text: &str, most: usize) -> String {
    let end = text
        .char_indices()
        .nth(most)
        .map_or(text.len(), |(at, _)| at);
    let mut escaped = String::with_capacity(end);
    push_escaped(&mut escaped, &text[..end]);
    if end < text.len() {
        escaped.push_str("...");
    }
    escaped
}

/// As [`escaped`], but what is too long is cut in its middle: for sentences that quote something
/// and end with what to do.
///
/// ```
/// use rungkeeper_runner::plain::escaped_sentence;
///
/// let sentence = format!("x is {}, but must be a number", "9".repeat(1_000));
/// let shown = escaped_sentence(&sentence, 60);
/// assert!(shown.starts_with("x is 999") && shown.ends_with("99, but must be a number"));
/// assert!(shown.contains(" ... ") && shown.len() <= 70);
/// ```
#[must_use]
pub fn escaped_sentence(text: &str, most: usize) -> String {
    let half = most / 2;
    let head = text
        .char_indices()
        .nth(half)
        .map_or(text.len(), |(at, _)| at);
    let mut from_the_end = text.char_indices().rev();
    let tail = match half.checked_sub(1) {
        Some(before) => from_the_end.nth(before).map_or(0, |(at, _)| at),
        None => text.len(),
    };
    let mut escaped = String::new();
    if head >= tail {
        push_escaped(&mut escaped, text);
    } else {
        push_escaped(&mut escaped, &text[..head]);
        escaped.push_str(" ... ");
        push_escaped(&mut escaped, &text[tail..]);
    }
    escaped
}

fn push_escaped(escaped: &mut String, text: &str) {
    for c in text.chars() {
        // Quotes and backslashes are harmless, and doubled they would be hard to read.
        if matches!(c, '"' | '\'' | '\\') {
            escaped.push(c);
        } else {
            escaped.extend(c.escape_debug());
        }
    }
}

/// The text with `***` in place of what an address in it may keep secret: user and password, and
/// the query, in which signatures and keys stand.
///
/// ```
/// use rungkeeper_runner::plain::without_secrets;
///
/// assert_eq!(without_secrets("s3://me:pw@bucket/runs?sig=5"), "s3://***@bucket/runs?***");
/// assert_eq!(without_secrets("abfss://box@account.net/runs"), "abfss://box@account.net/runs");
/// assert_eq!(without_secrets("cannot reach gs://bucket/a"), "cannot reach gs://bucket/a");
/// ```
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + "://".len());
        shown.push_str(before);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>');
        let end = behind.find(ends).unwrap_or(behind.len());
        push_address(&mut shown, scheme_of(before), &behind[..end]);
        rest = &behind[end..];
    }
    shown.push_str(rest);
    shown
}

/// The scheme that stands right before `://`.
fn scheme_of(before: &str) -> &str {
    let before = before.trim_end_matches("://");
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let kept = before.trim_end_matches(part).len();
    &before[kept..]
}

/// An address behind its scheme and `://`.
fn push_address(shown: &mut String, scheme: &str, address: &str) {
    let authority = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
    let port = authority.split_once(':').map(|(_, port)| port);
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A password that was not encoded may hold any of the characters that end an authority. A colon
    // without a port behind it is that of a password.
    let user = if authority.contains('@') || port.is_none_or(is_port) {
        authority.rfind('@')
    } else {
        address.rfind('@')
    };
    let mut rest = address;
    if let Some(at) = user {
        let azure = matches!(scheme, "abfs" | "abfss");
        // Azure writes container@account, which is no secret.
        if azure && !address[..at].contains(':') {
            shown.push_str(&address[..at]);
        } else {
            shown.push_str("***");
        }
        rest = &address[at..];
    }
    match rest.find(['?', '#']) {
        Some(at) => {
            shown.push_str(&rest[..=at]);
            shown.push_str("***");
        }
        None => shown.push_str(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_terminal_raw() {
        let hostile = "\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}x\u{0}\u{2028}\t";
        for shown in [escaped(hostile, 80), escaped_sentence(hostile, 80)] {
            assert!(shown.is_ascii(), "{shown}");
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
        }
        assert_eq!(escaped("größe \"x\" \\", 80), "größe \"x\" \\");
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(escaped("äöü", 3), "äöü");
        assert_eq!(escaped("äöüß", 3), "äöü...");
        assert_eq!(escaped_sentence("äöüß", 4), "äöüß");
        assert_eq!(escaped_sentence("äöüßé", 4), "äö ... ßé");
        assert_eq!(escaped_sentence("", 4), "");
        assert!(escaped(&"\u{1b}".repeat(1_000_000), 80).len() < 600);
    }

    #[test]
    fn secrets_of_addresses_are_hidden() {
        for (address, expected) in [
            ("s3://bucket/a@b", "s3://bucket/a@b"),
            ("s3://bucket", "s3://bucket"),
            ("http://host:9000/bucket", "http://host:9000/bucket"),
            ("http://host:9000/a@b", "http://host:9000/a@b"),
            ("s3://key:se/cr@et@bucket/a", "s3://***@bucket/a"),
            ("s3://key:sec?ret@bucket/a", "s3://***@bucket/a"),
            ("s3://key@bucket/a", "s3://***@bucket/a"),
            ("abfss://box:pw@account/a", "abfss://***@account/a"),
            ("s3://bucket/a#X-Sig=5", "s3://bucket/a#***"),
            ("/data/kept@home?x", "/data/kept@home?x"),
        ] {
            assert_eq!(without_secrets(address), expected);
        }
        let said = without_secrets("GET \"https://a:b@c/d?e\" failed: s3://k:s@c is gone?");
        assert_eq!(
            said,
            "GET \"https://***@c/d?***\" failed: s3://***@c is gone?"
        );
    }
}
