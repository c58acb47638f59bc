//! Promotion-type successive halving without a machine: learning curves from a table, and the least
//! loss that any choice of checkpoints could have had.
//!
//! - [`choose`]: which checkpoints of somebody else's run can go, from a table of it.
//! - [`curves`]: tabulated learning curves, read from CSV.
//! - [`optimum`]: on a finished run, the cheapest choice of checkpoints to keep, by a min-cost
//!   flow.
//! - [`replay`]: an event log fed to the removal callback, whose decisions are compared with the recorded ones.
//! - [`scheduler`]: promotion-type asynchronous successive halving and Hyperband, behind one trait.
//! - [`search_space`]: hyper-parameters and what they are drawn from.
//! - [`simulation`]: the scheduler on tabulated curves under a virtual clock, for a whole grid of
//!   policies and budgets.
//! - [`nearest_name`], [`known_names`]: what somebody may have meant by a name that is not there.
//!
//! Nothing reads a clock, a file or a process. What is drawn depends on the seed and the number of the trial alone.
//!
//! # Features
//!
//! - `serde` (off by default): `Deserialize` for search spaces, `Serialize` and `Deserialize` for
//!   configurations and for the results of simulated runs.
#![warn(missing_docs)]

pub mod choose;
pub mod curves;
mod names;
pub mod optimum;
mod random;
pub mod replay;
pub mod scheduler;
pub mod search_space;
pub mod simulation;

pub use names::{known_names, nearest_name};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
