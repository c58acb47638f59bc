//! What is wrong with an argument, in plain words.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ErrorKind};
use clap::{Command, Parser};

/// The arguments of this process; otherwise it says what is wrong and ends.
pub(crate) fn parse<A: Parser>() -> A {
    let arguments: Vec<OsString> = env::args_os().collect();
    let read = A::try_parse_from(&arguments);
    read.unwrap_or_else(|error| in_words(error, &mut A::command(), &arguments).exit())
}

/// The command that the arguments are for. The first of them is the program; options may stand between commands.
fn asked(command: &mut Command, arguments: &[OsString]) -> Command {
    command.build(); // a usage names the commands above it
    let is_option = |argument: &&OsString| argument.to_string_lossy().starts_with('-');
    let words = arguments.iter().skip(1).filter(|it| !is_option(it));
    let mut asked = &*command;
    for word in words {
        match asked.find_subcommand(word) {
            Some(found) => asked = found,
            None => break, // what that command is given
        }
    }
    asked.clone()
}

/// Readers of numbers say which digit they stumbled over; a person asks what goes there.
fn in_words(error: clap::Error, command: &mut Command, arguments: &[OsString]) -> clap::Error {
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
    asked(command, arguments).error(ErrorKind::ValueValidation, text)
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
        #[command(subcommand)]
        command: Option<Commands>,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Commands {
        Resume {
            folder: String,
            #[arg(long)]
            reports: Option<u64>,
        },
    }

    fn said(arguments: &[&str]) -> String {
        let arguments = ["program"].iter().chain(arguments);
        let arguments: Vec<OsString> = arguments.map(OsString::from).collect();
        let error = Arguments::try_parse_from(&arguments).unwrap_err();
        in_words(error, &mut Arguments::command(), &arguments).to_string()
    }

    #[test]
    fn the_usage_is_that_of_the_command() {
        for arguments in [
            &["resume", "run", "--reports", "x"][..],
            &["resume", "resume", "--reports=x"],
            &["--trials=3", "resume", "--reports", "x"],
        ] {
            let said = said(arguments);
            let usage = "Usage: rungkeeper resume [OPTIONS] <FOLDER>\n";
            assert!(said.contains(usage), "{arguments:?}: {said}");
        }
        let said = said(&["--trials", "x", "resume", "run"]);
        assert!(
            said.contains("Usage: rungkeeper [OPTIONS] [COMMAND]"),
            "{said}"
        );
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
