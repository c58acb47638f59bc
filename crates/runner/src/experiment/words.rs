//! What the reader of TOML found, in the words of the file's author.

use rungkeeper_tuner::known_names;

/// What is expected, as the reader says it, and in plain words.
const EXPECTED: [(&str, &str); 12] = [
    ("u64", "a whole number, 0 or more"),
    ("usize", "a whole number, 0 or more"),
    ("i64", "a whole number"),
    ("f64", "a number"),
    ("a boolean", "true or false"),
    ("a string", "text in quotes"),
    ("string", "text in quotes"),
    ("path string", "text in quotes"),
    ("a sequence", "a list"),
    ("a map", "a table"),
    ("map", "a table"),
    ("variant identifier", "text in quotes"),
];

/// Keys of which 0 is refused, and the least that is taken.
const LEAST: [(&str, &str); 9] = [
    ("workers", "1 or more"),
    ("max_resource", "2 or more"),
    ("grace_period", "1 or more"),
    ("reduction_factor", "2 or more"),
    ("brackets", "1 or more"),
    ("trials", "1 or more"),
    ("reports", "1 or more"),
    ("total_resource", "1 or more"),
    ("max_without_report", "1 or more"),
];

/// What the reader says of numbers that it cannot hold, and the same in plain words.
const TOO_LARGE: [(&str, &str); 2] = [
    ("integer number overflowed", BEYOND),
    (
        "floating-point number overflowed",
        "the number is too large: the largest one is some 1.8e308",
    ),
];

/// Of a whole number.
const BEYOND: &str = "it is beyond what there is: whole numbers go from -2^63 to 2^63 - 1";

/// A message of the reader about a value or a key.
pub(super) fn in_words(message: &str) -> String {
    let message = message.trim().replace('\n', "; ");
    if let Some((_, plain)) = TOO_LARGE.iter().find(|(as_read, _)| *as_read == message) {
        return (*plain).to_owned();
    }
    unknown(&message)
        .or_else(|| missing(&message))
        .or_else(|| wrong(&message))
        .unwrap_or(message)
}

/// What [`in_words`] says of the value of a key: of some keys a value of 0 is no better.
pub(super) fn of_key(key: &str, said: &str) -> String {
    match LEAST.iter().find(|(own, _)| *own == key) {
        Some((_, least)) => said.replace("0 or more", least),
        None => said.to_owned(),
    }
}

/// "unknown field `a`, expected one of `b`, `c`".
fn unknown(message: &str) -> Option<String> {
    let (what, rest) = match message.strip_prefix("unknown field ") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant ")?),
    };
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    let known = match known.as_slice() {
        [] => String::new(),
        known => known_names(name, known),
    };
    Some(format!("unknown {what} `{name}`{known}"))
}

/// The key that a message of [`in_words`] says may be meant.
pub(super) fn meant(words: &str) -> Option<&str> {
    let (_, meant) = words.split_once("; did you mean `")?;
    meant.split_once('`').map(|(meant, _)| meant)
}

/// "missing field `a`".
fn missing(message: &str) -> Option<String> {
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(format!("`{name}` is missing"))
}

/// "invalid type: string "a", expected u64".
fn wrong(message: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid type: ");
    let rest = rest.or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    if is_beyond(found) {
        let with_point = match expected {
            "f64" => "; write it with a point or as 1e20",
            _ => "",
        };
        return Some(format!("{BEYOND}{with_point}"));
    }
    let expected = match EXPECTED.iter().find(|(as_read, _)| *as_read == expected) {
        Some((_, plain)) => plain,
        None if expected.starts_with("struct ") => "a table",
        // Internally tagged tables and the like.
        None if expected.starts_with("internally tagged enum") => "a table with `type`",
        None => expected,
    };
    let found = match found.split_once(' ') {
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        Some(("string", text)) => format!("the text {text}"),
        Some((_, value)) if value.ends_with('`') => {
            value.rsplit('`').nth(1).unwrap_or(value).to_owned()
        }
        _ => found.to_owned(),
    };
    Some(format!("it is {found}, but must be {expected}"))
}

/// Whether a whole number was found that is no `i64`.
fn is_beyond(found: &str) -> bool {
    let number = found.strip_prefix("integer `");
    let number = number.and_then(|rest| rest.split('`').next());
    number.is_some_and(|number| number.parse::<i64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_not_offered() {
        let said = in_words("invalid type: string \"4\", expected u64");
        let of_workers = "it is the text \"4\", but must be a whole number, 1 or more";
        assert_eq!(of_key("workers", &said), of_workers);
        assert!(of_key("max_resource", &said).ends_with("2 or more"));
    }

    #[test]
    fn types_are_said_in_plain_words() {
        for (message, said) in [
            (
                "invalid type: string \"two\", expected u64",
                "it is the text \"two\", but must be a whole number, 0 or more",
            ),
            (
                "invalid value: integer `-1`, expected u64",
                "it is -1, but must be a whole number, 0 or more",
            ),
            (
                "invalid type: floating point `2.5`, expected i64",
                "it is 2.5, but must be a whole number",
            ),
            (
                "invalid type: boolean `true`, expected f64",
                "it is true, but must be a number",
            ),
            (
                "invalid type: sequence, expected struct Scheduler",
                "it is a list, but must be a table",
            ),
            ("missing field `high`", "`high` is missing"),
            (
                "unknown field `hihg`, expected `low` or `high`",
                "unknown key `hihg`; did you mean `high`? There are: low, high",
            ),
            (
                "unknown variant `zzz`, expected one of `min`, `max`",
                "unknown value `zzz`; there are: min, max",
            ),
            (
                "invalid type: integer `99999999999999999999` as i128, expected u64",
                BEYOND,
            ),
            (
                "invalid value: integer `9223372036854775808`, expected i64",
                BEYOND,
            ),
            ("integer number overflowed", BEYOND),
            (
                "floating-point number overflowed",
                "the number is too large: the largest one is some 1.8e308",
            ),
            ("something else", "something else"),
        ] {
            assert_eq!(in_words(message), said);
            assert_eq!(of_key("seed", said), said);
            assert_eq!(meant(said), said.contains("hihg").then_some("high"));
        }
    }
}
