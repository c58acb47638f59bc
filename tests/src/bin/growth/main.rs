//! How time and memory of the removal callback grow with the number of trials.
//!
//! - `growth TRIALS` prints a line: trials, microseconds a report with the next task and the loop end, and twice the bytes
//!   of the callback, since it keeps its rungs itself.
//! - `growth rungs` prints the bytes an entry of rungs and of the B-tree of the crate `indexset`.
//! - `growth plot TABLE FOLDER` draws such lines, each behind the name of its callback.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod measure;
mod plot;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["plot", table, folder] => plot::draw(table.as_ref(), folder.as_ref()),
        ["rungs"] => {
            println!("{}", measure::bytes_an_entry());
            Ok(())
        }
        [trials] => {
            let trials = trials.parse()?;
            let (microseconds, bytes) = (measure::microseconds(trials), measure::bytes(trials));
            println!("{trials},{microseconds:.4},{bytes},{bytes}");
            Ok(())
        }
        _ => {
            Err("what is to be done? growth TRIALS, growth rungs, growth plot TABLE FOLDER".into())
        }
    }
}
