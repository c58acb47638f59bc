//! What is wrong with an argument, in plain words.

use std::error::Error;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ErrorKind};
use clap::{Command, Parser};

/// The arguments of this process; otherwise it says what is wrong and ends.
pub(crate) fn parse<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| in_words(error, &mut A::command()).exit())
}

/// Readers of numbers say which digit they stumbled over; a person asks what goes there.
fn in_words(error: clap::Error, command: &mut Command) -> clap::Error {
    let Some(allowed) = allowed(&error) else {
        return error;
    };
    let named = |kind| error.get(kind).map(ToString::to_string);
    let (Some(argument), Some(value)) = (
        named(ContextKind::InvalidArg),
        named(ContextKind::InvalidValue),
    ) else {
        return error;
    };
    let text = format!("'{argument}' is {value:?}, but must be {allowed}");
    command.error(ErrorKind::ValueValidation, text)
}

fn allowed(error: &clap::Error) -> Option<&'static str> {
    let source = error.source()?;
    if source.is::<ParseIntError>() {
        return Some("a whole number, 0 or more");
    }
    source.is::<ParseFloatError>().then_some("a number")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[arg(long)]
        trials: Option<u64>,
        #[arg(long)]
        ratio: Option<f64>,
    }

    fn said(arguments: &[&str]) -> String {
        let arguments = ["program"].iter().chain(arguments);
        let error = Arguments::try_parse_from(arguments).unwrap_err();
        in_words(error, &mut Arguments::command()).to_string()
    }

    #[test]
    fn numbers_are_asked_for() {
        for value in ["x", "", "-1", "1.5", "99999999999999999999"] {
            let said = said(&[&format!("--trials={value}")]);
            let expected =
                format!("'--trials <TRIALS>' is {value:?}, but must be a whole number, 0 or more");
            assert!(said.contains(&expected), "{said}");
        }
        let said = said(&["--ratio", "much"]);
        assert!(said.contains("\"much\", but must be a number"), "{said}");
    }

    #[test]
    fn other_mistakes_are_left_to_clap() {
        assert!(said(&["--trial", "3"]).contains("'--trials'"));
    }
}
