//! Promotion-type successive halving without a machine: learning curves from a table, and the least
//! loss that any choice of checkpoints could have had.
//!
//! - [`choose`]: which checkpoints of another tuner's run can go, from a table of it.
//! - [`curves`]: tabulated learning curves, read from CSV.
//! - `log`, with the feature `serde`: the event log as lines of text.
//! - [`optimum`]: on a finished run, the cheapest choice of checkpoints to keep, by a min-cost
//!   flow.
//! - [`replay`]: an event log fed to the removal callback, whose decisions are compared with the recorded ones.
//! - [`scheduler`]: promotion-type asynchronous successive halving and Hyperband, behind one trait.
//! - [`search_space`]: hyper-parameters and what they are drawn from.
//! - [`simulation`]: the scheduler on tabulated curves under a virtual clock, for a whole grid of
//!   policies and budgets.
//! - [`nearest_name`], [`known_names`]: what somebody may have meant by a name that is not there.
//!
//! ```
//! use rungkeeper_rung_model::Mode;
//! use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
//! use rungkeeper_tuner::simulation::{Conditions, Curves, Grid, Levels};
//! use rungkeeper_tuner_hooks::PolicySpec;
//!
//! // 40 curves with two reports each; how much is trained again with 4 and with 8 checkpoints?
//! let rows = (0..40).map(|i| format!("{i},1,{},3\n{i},2,{},3\n", i % 7, i % 5));
//! let file = format!("trial,resource,loss,seconds\n{}", rows.collect::<String>());
//! let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
//! let grid = Grid {
//!     curves: vec![Curves { table, mode: Mode::Min }],
//!     levels: vec![Levels::geometric(2)],
//!     workers: vec![2],
//!     budgets: vec![4, 8],
//!     seeds: vec![0],
//!     policies: vec![PolicySpec::default()], // rank_aware
//!     conditions: Conditions::default(),
//!     threads: None,
//! };
//! let runs = grid.run(&())?;
//! assert!(runs[1].cost_resources <= runs[0].cost_resources);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is not
//!
//! It is not a policy: the optimum knows the future, and which checkpoints go during a run is decided in
//! `rungkeeper-policies`. It is not a model of learning curves: except where `simulate` completes curves that a tuner cut off,
//! the table is taken as it is. It runs no programs: that is `rungkeeper-runner`.
//!
//! Nothing reads a clock, a file or a process. What is drawn depends on the seed and the number of the trial alone.
//!
//! # Features
//!
//! - `serde` (off by default): the event log as lines of text, `Deserialize` for search spaces, `Serialize` and
//!   `Deserialize` for configurations and for the results of simulated runs.
#![warn(missing_docs)]

pub mod choose;
pub mod curves;
#[cfg(feature = "serde")]
pub mod log;
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
