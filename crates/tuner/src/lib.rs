//! Promotion-type successive halving without a machine: learning curves from a table, and the least
//! loss that any choice of checkpoints could have had.
//!
//! - [`curves`]: tabulated learning curves, read from CSV.
//! - [`optimum`]: on a finished run, the cheapest choice of checkpoints to keep, by a min-cost
//!   flow.
//! - [`scheduler`]: promotion-type asynchronous successive halving and Hyperband, behind one trait.
//! - [`search_space`]: hyper-parameters and what they are drawn from.
//! - [`simulation`]: the scheduler on tabulated curves under a virtual clock, for a whole grid of
//!   policies and budgets.
//!
//! With the feature `run` also training programs on this machine:
//!
#![cfg_attr(feature = "run", doc = "- [`experiment`]: the experiment file.")]
#![cfg_attr(
    feature = "run",
    doc = "- [`protocol`]: what programs print and are answered."
)]
#![cfg_attr(
    feature = "run",
    doc = "- [`journal`]: the event log as a file, with recovery."
)]
#![cfg_attr(
    feature = "run",
    doc = "- [`runner`]: processes, checkpoints, the run loop."
)]
//!
//! Nothing but the runner reads a clock. What is drawn depends on the seed and the number of the trial alone.
//!
//! # Features
//!
//! - `serde` (off by default): `Deserialize` for search spaces, `Serialize` and `Deserialize` for
//!   configurations and for the results of simulated runs.
//! - `run` (off by default): experiment files, training processes and their journal.
#![warn(missing_docs)]

pub mod curves;
#[cfg(feature = "run")]
pub mod experiment;
#[cfg(feature = "run")]
pub mod journal;
pub mod optimum;
#[cfg(feature = "run")]
pub mod protocol;
mod random;
#[cfg(all(feature = "run", unix))]
pub mod runner;
pub mod scheduler;
pub mod search_space;
pub mod simulation;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
