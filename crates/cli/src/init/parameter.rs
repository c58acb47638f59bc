//! A parameter as it is written on a command line.

use serde_json::Value;

/// A parameter, and its line in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    pub(super) name: String,
    /// What stands behind `=` in the file.
    pub(super) value: String,
    /// It is a flag: an argument by itself.
    pub(super) is_flag: bool,
}

/// The types, with their keys and how many of them must be given; `true`: the values are whole numbers.
const TYPES: [(&str, &[&str], usize, bool); 6] = [
    ("uniform", &["low", "high", "step"], 2, false),
    ("loguniform", &["low", "high"], 2, false),
    ("int", &["low", "high", "step"], 2, true),
    ("logint", &["low", "high"], 2, true),
    ("normal", &["mean", "sd"], 2, false),
    ("lognormal", &["mean", "sd"], 2, false),
];

/// Reads `NAME=TYPE:...`.
pub(super) fn read(text: &str) -> Result<Parameter, String> {
    let example = "write it as lr=loguniform:1e-4:1, act=choice:relu:tanh or epochs=81";
    let (name, value) = text.split_once('=').ok_or(example)?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || value.is_empty() {
        return Err(example.to_owned());
    }
    let mut parts = value.split(':');
    let kind = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    let value = match (kind, parts.as_slice()) {
        ("flag", []) => "{ type = \"flag\" }".to_owned(),
        ("flag", _) => return Err("a flag has no values: write it as nesterov=flag".to_owned()),
        ("choice", []) => return Err("name the values: act=choice:relu:tanh".to_owned()),
        ("choice", values) => {
            let values: Vec<String> = values.iter().map(|value| plain_value(value)).collect();
            format!("{{ type = \"choice\", values = [{}] }}", values.join(", "))
        }
        (kind, parts) => match TYPES.iter().find(|(name, ..)| *name == kind) {
            Some(&(_, keys, least, whole)) => numbers(kind, keys, least, whole, parts)?,
            None if parts.is_empty() => plain_value(kind),
            None => {
                let mut names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
                names.extend(["choice", "flag"]);
                let known = rungkeeper_tuner::known_names(kind, &names);
                return Err(format!("there is no type `{kind}`{known}"));
            }
        },
    };
    Ok(Parameter {
        name: name.to_owned(),
        value,
        is_flag: kind == "flag",
    })
}

fn numbers(
    kind: &str,
    keys: &[&str],
    least: usize,
    whole: bool,
    parts: &[&str],
) -> Result<String, String> {
    if parts.len() < least || parts.len() > keys.len() {
        let keys = keys.join(":");
        return Err(format!(
            "a parameter of type {kind} is written {kind}:{keys}"
        ));
    }
    let mut entries = vec![format!("type = \"{kind}\"")];
    for (key, part) in keys.iter().zip(parts) {
        let number = if whole {
            part.parse::<i64>().ok().map(|number| number.to_string())
        } else {
            let number = part.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| format!("{number:?}"))
        };
        let must_be = if whole { "a whole number" } else { "a number" };
        let number = number.ok_or_else(|| format!("{key} is {part}, but must be {must_be}"))?;
        entries.push(format!("{key} = {number}"));
    }
    Ok(format!("{{ {} }}", entries.join(", ")))
}

/// A value as TOML reads it: true or false, a number, otherwise text.
fn plain_value(text: &str) -> String {
    if let Ok(number) = text.parse::<i64>() {
        return number.to_string();
    }
    match (text.parse::<bool>(), text.parse::<f64>()) {
        (Ok(value), _) => value.to_string(),
        (_, Ok(number)) if number.is_finite() => format!("{number:?}"),
        _ => quoted(text),
    }
}

/// Text in quotes: what JSON escapes, TOML reads as well.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A key as it stands before `=`.
pub(super) fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read() {
        for (text, value) in [
            (
                "lr=loguniform:1e-4:1",
                "{ type = \"loguniform\", low = 0.0001, high = 1.0 }",
            ),
            (
                "w = int:16:256:16",
                "{ type = \"int\", low = 16, high = 256, step = 16 }",
            ),
            (
                "x=normal:0:.5",
                "{ type = \"normal\", mean = 0.0, sd = 0.5 }",
            ),
            (
                "a=choice:relu:2:0.5:true",
                "{ type = \"choice\", values = [\"relu\", 2, 0.5, true] }",
            ),
            ("n=flag", "{ type = \"flag\" }"),
            ("e=81", "81"),
            ("p=../data", "\"../data\""),
        ] {
            assert_eq!(read(text).unwrap().value, value);
        }
        for (text, why) in [
            ("lr", "write it as lr=loguniform:1e-4:1"),
            ("lr=loguniform:1", "is written loguniform:low:high"),
            (
                "lr=log:1:2",
                "there is no type `log`; did you mean `logint`?",
            ),
            ("w=int:1.5:2", "low is 1.5, but must be a whole number"),
            ("a=choice", "name the values"),
            ("n=flag:x", "a flag has no values"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert_eq!([key("a-b"), key("a.b")], ["a-b", "\"a.b\""]);
    }
}
