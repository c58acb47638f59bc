//! `cargo xtask`: what the project asks of itself, one file per command.
//!
//! This file only dispatches. A new command is a file with an `Args` struct and a `run` function, and a line in [`Command`].
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner reports to the terminal"
)]

mod bench;
mod debian;
mod fuzz;
mod growth;
mod layers;
mod long_run;
mod mutants;
mod overhead;
mod peers;
mod props;
mod python;
mod quality;
mod test;
mod usage;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Tests, property tests, benchmarks and checks of the workspace"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything a change must pass; with --core, what a change to the core must pass, in minutes
    Test(test::Args),
    /// The property tests, with many cases and in release mode
    Props(props::Args),
    /// The benchmarks, or the instructions of their kernels
    Bench(bench::Args),
    /// Time and memory of the callback against the number of trials, beside Syne Tune 0.13's: a table and two plots
    Growth(growth::Args),
    /// What the runner itself costs: time, memory and how long trials wait for it, on real processes (Linux)
    Overhead(overhead::Args),
    /// A million hostile lines, files, logs and directories through the doors of a user's (Unix)
    Fuzz(fuzz::Args),
    /// Changes to the crates that decide which their tests must notice (mutation testing; hours)
    Mutants(mutants::Args),
    /// The Python package: environments, wheel, stubs, linter, tests
    Python(python::Args),
    /// The wheel for Linux systems from 2014 on, with the command inside, tested on the oldest and newest Python here (Linux)
    Wheel(python::WheelArgs),
    /// What each removal policy loses, on the same runs: writes docs/decision-quality.md
    Quality(quality::Args),
    /// Speed against Syne Tune 0.13, and the results of both, in one process
    CompareReference(python::CompareArgs),
    /// What `status`, `resume`, `gc` and `pin` take for a run of 100,000 trials, which is made first (Linux)
    LongRun(long_run::Args),
    /// A run of a trivial program by this project, Syne Tune's local backend and Ray Tune: speed, memory, disk (Linux)
    ComparePeers(peers::Args),
    /// The layer checks: direction, purity, manifests, tidiness, words, links of documents
    Layers,
}

fn main() -> ExitCode {
    // What is built below is then what a shell builds, and nothing is built twice.
    #[cfg(unix)]
    if let Some(mut again) = workspace::as_from_a_shell() {
        let error = std::os::unix::process::CommandExt::exec(&mut again);
        eprintln!("error: xtask cannot start anew: {error}");
        return ExitCode::FAILURE;
    }
    let result = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Props(args) => props::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Growth(args) => growth::run(&args),
        Command::Overhead(args) => overhead::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Python(args) => python::run(&args),
        Command::Wheel(args) => python::wheel(&args),
        Command::Quality(args) => quality::run(&args),
        Command::CompareReference(args) => python::compare(&args),
        Command::LongRun(args) => long_run::run(&args),
        Command::ComparePeers(args) => peers::run(&args),
        Command::Layers => layers::run(),
    };
    // Printed here and not returned: the chain of causes says all, a backtrace of xtask nothing.
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
