//! Tries hostile input: what `cargo xtask fuzz` runs.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a driver reports to the terminal"
)]

#[cfg(unix)]
mod unix {
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::time::Duration;

    use clap::Parser;
    use rungkeeper_tests::fuzz::{Ground, Order, Outcome, attempt, drive};
    use rustix::process::{Resource, Rlimit, setrlimit};

    /// Most memory of a process, in bytes of its address space.
    const MEMORY: u64 = 1 << 30;

    /// Hostile input through the doors of a user's.
    #[derive(Parser)]
    struct Arguments {
        /// The binary of the command line
        #[arg(long)]
        binary: PathBuf,
        /// Number of cases
        #[arg(long, default_value_t = 1_000_000)]
        cases: u64,
        /// From which all cases follow
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only this case
        #[arg(long)]
        case: Option<u64>,
        /// Seconds that one case may take
        #[arg(long, default_value_t = 60)]
        patience: u64,
        /// Try cases in this process, and print what becomes of each
        #[arg(long = "try", hide = true)]
        attempt: bool,
        #[arg(long, hide = true, default_value_t = 0)]
        from: u64,
        #[arg(long, hide = true, default_value_t = 0)]
        to: u64,
        #[arg(long, hide = true, default_value_t = 1)]
        step: usize,
    }

    pub(crate) fn main() -> ExitCode {
        let arguments = Arguments::parse();
        if arguments.attempt {
            return match try_all(&arguments) {
                Ok(()) => ExitCode::SUCCESS,
                // Whoever wanted to know is gone.
                Err(_) => ExitCode::FAILURE,
            };
        }
        let cases = match arguments.case {
            Some(case) => case..case + 1,
            None => 0..arguments.cases,
        };
        let binary = match arguments.binary.canonicalize() {
            Ok(binary) => binary,
            Err(error) => {
                eprintln!("error: {}: {error}", arguments.binary.display());
                return ExitCode::FAILURE;
            }
        };
        let order = Order {
            worker: std::env::current_exe().expect("the place of this program"),
            binary,
            workers: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
            patience: Duration::from_secs(arguments.patience),
            seed: arguments.seed,
            cases,
        };
        println!("seed {}", order.seed);
        let tally = drive(&order);
        for (door, [accepted, refused, passed]) in &tally.doors {
            println!("{door}: {accepted} accepted, {refused} refused, {passed} no input of ours");
        }
        for failure in &tally.failures {
            eprintln!("{failure}");
            eprintln!(
                "again: cargo xtask fuzz --seed {} --case {}",
                order.seed, failure.case
            );
        }
        println!("{} cases went wrong", tally.failures.len());
        ExitCode::from(u8::from(!tally.failures.is_empty()))
    }

    fn try_all(arguments: &Arguments) -> io::Result<()> {
        let most = Some(MEMORY);
        let limit = Rlimit {
            current: most,
            maximum: most,
        };
        setrlimit(Resource::As, limit)?;
        let ground = Ground::new(&arguments.binary);
        let mut out = io::stdout().lock();
        writeln!(out, "ready")?;
        for case in (arguments.from..arguments.to).step_by(arguments.step) {
            let outcome = match attempt(&ground, arguments.seed, case) {
                Outcome::Accepted => "accepted",
                Outcome::Refused => "refused",
                Outcome::Passed => "passed",
            };
            writeln!(out, "{outcome}")?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    eprintln!("runs need a Unix system");
}
