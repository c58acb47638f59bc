//! Hostile input through the same doors as a user's: nothing panics, aborts, hangs or takes a
//! gigabyte of memory, every refusal says something, and nothing outside of a run's directory
//! changes.
//!
//! A case follows from a seed and its number, so that it can be repeated alone. [`drive`] has them
//! tried by processes of their own, whose memory is limited and which are waited for so long and no
//! longer: see `src/bin/fuzz.rs`.

mod doors;
mod driver;
mod ground;

use std::fmt;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

pub use driver::{Failure, Order, Tally, drive};
pub use ground::{Ground, REPORT, TAG, TRAINER, listing};

/// What hostile input comes through.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Door {
    /// A line of a training program, in both protocols.
    Line,
    /// An experiment file.
    Experiment,
    /// An event log, read as `status` and `resume` read it.
    Log,
    /// A manifest of a checkpoint that is restored.
    Manifest,
    /// An event log, given to `replay`, `report` and `status`.
    LogFile,
    /// Files of a run's directory, given to `status`, `gc` and `resume`.
    Directory,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Line,
        Self::Experiment,
        Self::Log,
        Self::Manifest,
        Self::LogFile,
        Self::Directory,
    ];

    /// The door of a case: of a thousand, four start several processes each.
    #[must_use]
    pub fn of(case: u64) -> Self {
        match case % 1000 {
            0..600 => Self::Line,
            600..850 => Self::Experiment,
            850..980 => Self::Log,
            980..994 => Self::Manifest,
            994..997 => Self::LogFile,
            _ => Self::Directory,
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Experiment => "experiment file",
            Self::Log => "log",
            Self::Manifest => "manifest",
            Self::LogFile => "log for the commands",
            Self::Directory => "directory",
        })
    }
}

/// What became of a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was taken for good input.
    Accepted,
    /// It was refused, with a reason.
    Refused,
    /// It is no input of ours: a line that is no report.
    Passed,
}

/// Tries a case.
///
/// # Panics
///
/// What it finds is wrong.
#[must_use]
pub fn attempt(ground: &Ground, seed: u64, case: u64) -> Outcome {
    // Neighbouring seeds give unlike streams once they are spread.
    let spread = (seed ^ case.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = Pcg64Mcg::seed_from_u64(spread);
    match Door::of(case) {
        Door::Line => doors::line(&mut random),
        Door::Experiment => doors::experiment(&mut random),
        Door::Log => doors::log(ground, &mut random),
        Door::Manifest => doors::manifest(ground, &mut random),
        Door::LogFile => ground.commands_on_a_log(&mut random),
        Door::Directory => ground.commands_on_a_directory(&mut random),
    }
}
