//! Parameters: from the arguments of the program, or from a file of JSON.
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::TrialError;

/// Where parameters are looked for.
#[derive(Debug)]
pub(crate) struct Parameters {
    arguments: Vec<String>,
    /// Of the variable `RUNGKEEPER_CONFIG`.
    file: Option<PathBuf>,
}

impl Parameters {
    pub(crate) fn new(arguments: Vec<String>, file: Option<PathBuf>) -> Self {
        Self { arguments, file }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str, default: T) -> Result<T, TrialError> {
        if let Some(argument) = argument(&self.arguments, name) {
            return typed(name, argument);
        }
        // Another kind of file is the program's own affair.
        let named = argument(&self.arguments, "config").and_then(Argument::json_file);
        let Some(file) = named.or_else(|| self.file.clone()) else {
            return Ok(default);
        };
        let text = std::fs::read_to_string(&file).map_err(TrialError::of(&file))?;
        let object = serde_json::from_str::<Map<String, Value>>(&text);
        let mut object = object.map_err(|_| TrialError::ConfigurationFile(file.clone()))?;
        match object.remove(name) {
            None => Ok(default),
            Some(value) => serde_json::from_value(value.clone()).map_err(|_| {
                let problem = must_be::<T>(&value.to_string());
                TrialError::Configuration {
                    name: name.to_owned(),
                    file,
                    problem,
                }
            }),
        }
    }
}

/// What stands behind the name of an argument.
#[derive(Clone, Copy)]
enum Argument<'a> {
    Value(&'a str),
    Nothing,
}

impl Argument<'_> {
    fn json_file(self) -> Option<PathBuf> {
        match self {
            Self::Value(path) if Path::new(path).extension()? == "json" => Some(path.into()),
            _ => None,
        }
    }
}

/// An argument of the program; the last one of its name counts.
fn argument<'a>(arguments: &'a [String], name: &str) -> Option<Argument<'a>> {
    let same = |key: &str| key.replace('-', "_") == name.replace('-', "_");
    let mut found = None;
    let mut rest = arguments.iter().map(String::as_str).peekable();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            break;
        }
        let Some(argument) = argument.strip_prefix("--") else {
            continue;
        };
        match argument.split_once('=') {
            Some((key, value)) if same(key) => found = Some(Argument::Value(value)),
            None if same(argument) => {
                let value = rest.peek().copied().filter(|next| !next.starts_with("--"));
                found = Some(value.map_or(Argument::Nothing, Argument::Value));
            }
            None if argument.strip_prefix("no-").is_some_and(same) => {
                found = Some(Argument::Value("false"));
            }
            _ => {}
        }
    }
    found
}

/// The text as what is asked for. Without one it is a flag, which is there.
fn typed<T: DeserializeOwned>(name: &str, argument: Argument<'_>) -> Result<T, TrialError> {
    let (value, problem) = match argument {
        // Text needs no quotes.
        Argument::Value(text) => (
            serde_json::from_str(text).or_else(|_| serde_json::from_value(text.into())),
            must_be::<T>(&format!("{text:?}")),
        ),
        Argument::Nothing => (
            serde_json::from_value(Value::Bool(true)),
            "needs a value".to_owned(),
        ),
    };
    value.map_err(|_| TrialError::Argument {
        name: name.to_owned(),
        problem,
    })
}

/// What is wrong with a value, in the words of who writes it.
fn must_be<T>(value: &str) -> String {
    let kind = match std::any::type_name::<T>() {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "bool" => "true or false",
        _ => return format!("is {value}, which this program cannot use"),
    };
    format!("is {value}, but must be {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Parameters {
        Parameters::new(line.split(' ').map(str::to_owned).collect(), None)
    }

    #[test]
    fn arguments_are_read_as_what_is_asked_for() {
        let given = of("--learning-rate 1e-3 --width=8 --name 12 --flag --no-other --width=9 -x");
        assert_eq!(given.get("learning_rate", 0.1).unwrap(), 1e-3);
        assert_eq!(given.get("width", 1).unwrap(), 9);
        assert_eq!(given.get("name", String::new()).unwrap(), "12");
        assert!(given.get("flag", false).unwrap());
        assert!(!given.get("other", true).unwrap());
        assert_eq!(given.get("absent", 7).unwrap(), 7);
        assert_eq!(of("a -- --width 3").get("width", 1).unwrap(), 1);
        assert_eq!(of("--shift -3").get("shift", 0).unwrap(), -3);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let message = |line: &str| of(line).get("width", 1_u64).unwrap_err().to_string();
        let must_be = "but must be a whole number, 0 or more";
        assert_eq!(
            message("--width 0.5"),
            format!("--width is \"0.5\", {must_be}")
        );
        assert_eq!(message("--width"), "--width needs a value");
        assert_eq!(message("--width --other"), "--width needs a value");
    }

    #[test]
    fn a_configuration_file_counts_behind_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trial.json");
        std::fs::write(&file, r#"{"rate": 1, "width": 3}"#).unwrap();
        let line = format!("--config {} --width 4", file.display());
        let (named, variable) = (of(&line), Parameters::new(Vec::new(), Some(file.clone())));
        assert_eq!(named.get("rate", 0.5).unwrap(), 1.0);
        assert_eq!(named.get("width", 1).unwrap(), 4);
        assert_eq!(variable.get("width", 1).unwrap(), 3);
        assert_eq!(of("--config own.yaml").get("width", 1).unwrap(), 1);
        let wrong = variable.get("width", true).unwrap_err().to_string();
        assert!(wrong.starts_with("width in "), "{wrong}");
        assert!(
            wrong.ends_with(" is 3, but must be true or false"),
            "{wrong}"
        );
        std::fs::write(&file, "[]").unwrap();
        let wrong = variable.get("width", 1).unwrap_err().to_string();
        assert!(wrong.ends_with("holds no JSON object, from names to values"));
    }
}
