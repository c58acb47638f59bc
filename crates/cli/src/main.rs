//! `rungkeeper`: keeps the checkpoints of a pause-and-resume tuning run within a budget.

mod ahead;
#[cfg(unix)]
mod check;
mod choose;
mod columns;
#[cfg(unix)]
mod init;
mod input;
mod output;
mod page;
mod plain;
mod replay;
mod report;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod schema;
mod score;
mod shell;
mod simulate;
mod typed;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rungkeeper_runner::plain::without_secrets;

/// Keeps the checkpoints of a pause-and-resume tuning run within a budget, and removes the ones
/// that would cost least to train again.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(unix)]
    Init(Box<init::Arguments>),
    #[cfg(unix)]
    Check(check::Arguments),
    #[cfg(unix)]
    Schema(schema::Arguments),
    Score(score::Arguments),
    Replay(replay::Arguments),
    Report(report::Arguments),
    Simulate(Box<simulate::Arguments>),
    Choose(Box<choose::Arguments>),
    #[cfg(unix)]
    Run(run::RunArguments),
    #[cfg(unix)]
    Resume(run::ResumeArguments),
    #[cfg(unix)]
    Status(run::StatusArguments),
    #[cfg(unix)]
    Best(run::BestArguments),
    #[cfg(unix)]
    Export(run::ExportArguments),
    #[cfg(unix)]
    Gc(run::GcArguments),
    #[cfg(unix)]
    Pin(run::PinArguments),
    #[cfg(unix)]
    Unpin(run::UnpinArguments),
    Completions(shell::CompletionArguments),
    Man(shell::ManArguments),
}

fn main() -> ExitCode {
    let outcome = match usage::parse::<Arguments>().command {
        #[cfg(unix)]
        Command::Init(arguments) => init::run(&arguments),
        #[cfg(unix)]
        Command::Check(arguments) => check::run(&arguments),
        #[cfg(unix)]
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Choose(arguments) => choose::run(&arguments),
        #[cfg(unix)]
        Command::Run(arguments) => run::run(&arguments),
        #[cfg(unix)]
        Command::Resume(arguments) => run::resume(&arguments),
        #[cfg(unix)]
        Command::Status(arguments) => run::status(&arguments),
        #[cfg(unix)]
        Command::Best(arguments) => run::best(&arguments),
        #[cfg(unix)]
        Command::Export(arguments) => run::export(&arguments),
        #[cfg(unix)]
        Command::Gc(arguments) => run::gc(&arguments),
        #[cfg(unix)]
        Command::Pin(arguments) => run::pin(&arguments),
        #[cfg(unix)]
        Command::Unpin(arguments) => run::unpin(&arguments),
        Command::Completions(arguments) => shell::completions::<Arguments>(&arguments),
        Command::Man(arguments) => shell::man::<Arguments>(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let said = without_secrets(&in_words(&error));
            let _ = writeln!(std::io::stderr(), "error: {}", plain::message(said));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, each once: many messages hold that of their cause already.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if cause.contains(&words) {
            words = cause; // which file, for example
        } else if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

/// `rungkeeper score | head` is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let csv = cause.downcast_ref::<csv::Error>();
        let io = match csv.map(csv::Error::kind) {
            Some(csv::ErrorKind::Io(io)) => Some(io),
            _ => cause.downcast_ref(),
        };
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Arguments, is_broken_pipe};

    /// Whatever wrote the lines.
    #[test]
    fn a_reader_that_is_gone_is_no_failure() {
        let broken = |kind| std::io::Error::from(kind);
        let pipe = std::io::ErrorKind::BrokenPipe;
        assert!(is_broken_pipe(&broken(pipe).into()));
        assert!(is_broken_pipe(&csv::Error::from(broken(pipe)).into()));
        let full = csv::Error::from(broken(std::io::ErrorKind::StorageFull));
        assert!(!is_broken_pipe(&full.into()));
    }

    /// What fits on the line before has been left on it, or the lines are those of the source.
    #[test]
    fn help_fits_into_80_columns_and_is_not_ragged() {
        let mut command = Arguments::command();
        command.build();
        for command in command.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            let name = command.get_name();
            assert!(
                help.lines().all(|line| line.chars().count() <= 80),
                "{name}: {help}"
            );
            let about = help.split("Usage:").next().unwrap_or_default();
            for paragraph in about.split("\n\n") {
                let lines: Vec<&str> = paragraph.trim().lines().collect();
                for pair in lines.windows(2) {
                    let next = pair[1].split(' ').next().unwrap_or_default();
                    let together = pair[0].chars().count() + 1 + next.chars().count();
                    assert!(together > 80, "{name}: {paragraph}");
                }
            }
        }
    }
}
