//! Tuning a real training program on this machine, within a budget of checkpoints.
//!
//! - [`experiment`]: the experiment file.
//! - [`protocol`]: what programs print and are answered.
//! - [`journal`]: the event log as a file, with recovery.
//! - [`plain`]: text of others made fit to be shown.
//! - [`Runner`]: a run. It starts training processes, pauses and promotes them as the scheduler says, keeps their
//!   checkpoints in a store within the budget, and writes everything down before it counts. The event log is the state:
//!   after a crash at any moment [`Runner::resume`] goes on where the log ends.
//!
//! ```no_run
//! use std::path::Path;
//! use rungkeeper_runner::{Observer, Runner};
//!
//! /// Watches nothing and never asks the run to stop.
//! struct Quiet;
//! impl Observer for Quiet {}
//!
//! let (experiment, directory) = (Path::new("experiment.toml"), Path::new("runs/digits"));
//! let mut quiet = Quiet;
//! let mut runner = Runner::create(experiment, directory, &mut quiet)?;
//! runner.run()?;
//! println!("{} checkpoints were removed", runner.extra_results().num_checkpoints_removed);
//! # Ok::<(), rungkeeper_runner::RunError>(())
//! ```
//!
//! Without `policy` in the experiment file the policy is `rank_aware`.
//!
//! # What it is not
//!
//! It is neither a scheduler (`rungkeeper-tuner`) nor a policy (`rungkeeper-policies`). It does not listen to signals: the
//! program that calls it does, see [`Observer::stop`]. It works on one machine.
//!
//! # How it works
//!
//! The loop of a run never waits for a disk. Folders are made, checkpoints restored, hashed, committed and deleted, and
//! programs started, by threads of their own; a result comes back as a message and is written before it counts. A trial
//! waits for its own checkpoint, and no other trial does.
//!
//! The run's directory holds `experiment.toml`, `log.jsonl`, `origin.json`, `lock`, `clock`, what people ask of the run
//! under `requests/`, the output of each trial under `output/`, and the checkpoints unless they are elsewhere.
//!
//! The parts, and what each owns:
//!
//! | part | owns |
//! |---|---|
//! | `Runner` | the loop |
//! | `Ledger` | the log, the clock, the observer: what is written before it counts |
//! | `Books` | what the events add up to: scheduler, removal callback, the best trial, pins, crashes |
//! | `Trials` | what becomes of a trial as its program starts, reports and ends |
//! | `Slots` | training processes, and what they said |
//! | `Search` | the program that proposes configurations, if there is one |
//! | `Desk` | the store, and the threads that work on it |
//! | `RunDirectory` | the files of the run, its locks, and where it comes from |
//!
//! # Features
//!
//! All off by default.
//!
//! - `object-store`, `aws`, `gcp`, `azure`, `cloud`: checkpoints in a bucket.
#![cfg(unix)]

mod before;
mod books;
mod clock;
mod collection;
mod desk;
mod directory;
mod error;
pub mod experiment;
pub mod journal;
mod ledger;
mod lock;
#[doc(hidden)]
pub mod measured;
mod message;
mod observer;
mod origin;
mod parts;
pub mod plain;
mod process;
pub mod protocol;
mod recovery;
mod requests;
mod runner;
mod search;
mod slots;
mod storage;
mod trials;
mod whole;

pub use before::{check, read};
pub use collection::{Collected, Doomed, Orphans, orphans, what_would_go};
pub use directory::{RunDirectory, worked_on_by};
pub use error::RunError;
pub use observer::{Best, Observer, Outcome, Stop, View};
pub use origin::working_directory;
pub use recovery::ResumeOptions;
pub use requests::{Request, ask};
pub use runner::Runner;
pub use search::{SearchOnCurves, SimulatedRun};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
