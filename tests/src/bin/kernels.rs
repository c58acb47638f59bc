//! Repeats a kernel, for counting its instructions: `kernels NAME REPETITIONS`. Without
//! arguments it lists the kernels with the repetitions to count with, one a line, tab between.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::process::ExitCode;

use rungkeeper_tests::benches::KERNELS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, repetitions] = arguments.as_slice() else {
        for kernel in KERNELS {
            println!("{}\t{}", kernel.name, kernel.repetitions);
        }
        return ExitCode::SUCCESS;
    };
    let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
    match (kernel, repetitions.parse()) {
        (Some(kernel), Ok(repetitions)) => (kernel.run)(repetitions),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}
