//! A training program's side of rungkeeper: its parameters, where it goes on from, its checkpoints and its reports.
//!
//! `rungkeeper run` starts a program for each trial, pauses it at its report of a rung level, and starts it again when
//! the trial is promoted. With [`Trial`] a program is the same under both protocols, and by itself: then it runs with
//! its defaults, keeps its checkpoint in the folder `checkpoints`, prints its reports, and nobody tells it to pause.
//!
//! ```no_run
//! use rungkeeper_trial::Trial;
//!
//! let mut trial = Trial::from_environment()?;
//! let rate: f64 = trial.parameter("rate", 0.1)?;
//! let mut weight: f64 = match trial.saved("weight") {
//!     Some(path) => std::fs::read_to_string(path)?.parse()?,
//!     None => 0.0,
//! };
//! for epoch in trial.epochs(27) {
//!     weight += rate * (1.0 - weight);
//!     trial.save(epoch, |folder| std::fs::write(folder.join("weight"), weight.to_string()))?;
//!     if !trial.report(epoch, &[("loss", 1.0 - weight)])? {
//!         break;
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a runner tells a program, and how it is answered, is in the project's `docs/running.md`.

mod checkpoint;
mod error;
mod parameters;
mod report;
mod trial;

pub use error::TrialError;
pub use trial::Trial;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
