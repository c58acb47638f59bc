//! Runs in a storm of kills and signals: runner, programs and groups, in the middle of `run`,
//! `resume`, `gc` and `pin`. Nothing that is needed is lost, no trial fails or ends by it, nobody
//! lives on, and the log says what happened.
//!
//! 60 blows by default, with a fixed seed; `RUNGKEEPER_KILLS=1000` makes it longer, and
//! `RUNGKEEPER_SEED` other. With `RUNGKEEPER_KEEP` the folder of a run that failed stays.
#![cfg(target_os = "linux")]

mod binary;
mod runs;
mod storm;

use storm::{Weather, from_environment, rages};

/// One of six storms: its share of the blows, with a seed of its own.
fn storm(number: u64, protocol: &'static str, crashes: bool, refused: bool) {
    let blows = from_environment("RUNGKEEPER_KILLS", 60).div_ceil(6);
    let seed = from_environment("RUNGKEEPER_SEED", 0x5EED);
    let weather = Weather {
        protocol,
        crashes,
        refused,
    };
    rages(weather, blows, seed.wrapping_add(number));
}

#[test]
fn answered_programs_that_crash_too() {
    storm(1, "answered", true, false);
}

#[test]
fn programs_that_are_not_answered_and_crash_too() {
    storm(2, "one_way", true, false);
}

/// No crash is forgiven: what the storm does must not count as one.
#[test]
fn answered_programs_without_retries() {
    storm(3, "answered", false, false);
}

#[test]
fn programs_that_are_not_answered_without_retries() {
    storm(4, "one_way", false, false);
}

#[test]
fn answered_programs_where_deletions_fail() {
    storm(5, "answered", true, true);
}

#[test]
fn programs_that_are_not_answered_where_deletions_fail() {
    storm(6, "one_way", true, true);
}
