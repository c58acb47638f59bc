//! Simulated runs: the scheduler on tabulated curves under a virtual clock, with any removal
//! policy, one run or a whole grid.
//!
//! [`simulate`] answers for one run, [`Grid`] for all combinations of curves, reduction factors,
//! workers, budgets, seeds and policies, and [`summarize`] says what they came to. A run of 400
//! trials takes milliseconds, so the question how many checkpoints to keep can be answered before a
//! machine is paid for.
//!
//! # What is simulated
//!
//! A trial has a curve of the file, drawn as [`Draw`] says. A worker trains it for the seconds that
//! the file lists. It reports at every resource that the file lists, up to the milestone (the next
//! rung level or the max resource), and at the milestone; where that lies between two resources
//! listed, the metric is the one listed last, and the seconds are in proportion to the resource. A
//! trial whose curve ends before the max resource is complete when it has reported its last point.
//! Pausing, resuming and writing checkpoints take no time.
//!
//! # Turns
//!
//! The loop goes from one report to the next, in virtual time. A *turn* takes all reports that are
//! due at the earliest time, lower workers first; then each free worker resumes what can be
//! promoted, or starts a new trial; then the removal callback removes checkpoints until the budget
//! is kept. So at the end of each turn no more checkpoints are held than the budget allows, and
//! within a turn at most one a worker more.
//!
//! A paused trial is taken to hold a checkpoint at once, of which only the number counts. The
//! callback is [`RemovalCallback`](rungkeeper_tuner_hooks::RemovalCallback), as in a real run, and
//! the events of the run are those of a real one: a log of [`simulate_logged`] can be replayed and
//! checked.
//!
//! # Cost
//!
//! A trial that is resumed without its checkpoint must train up to its rung level again: that many
//! resource units, and the seconds its curve lists for them, are the cost. Whether the schedule is
//! held up by it is [`Retraining`]. On a frozen schedule all policies see the same events except for
//! the removals, and [`Schedule::optimum`] is the floor to measure them against.

mod clock;
mod conditions;
mod cut_off;
mod draw;
mod error;
mod grid;
mod held;
mod levels;
mod nearest;
mod record;
mod result;
mod run;
mod schedule;
mod search;
mod setup;
mod summary;
mod tally;

pub use crate::curves::metric_names::usual_mode;
pub use conditions::{Cell, Conditions, Curves, Draw, Retraining};
pub use cut_off::{CutCurves, CutOff, UnknownCutOff};
pub use error::SimulationError;
pub use grid::{BoxedSink, Grid, GridObserver};
pub use levels::Levels;
pub use nearest::{Nearest, NearestError};
pub use record::EventSink;
pub use result::{CellResult, LevelLosses};
pub use run::{Simulated, simulate, simulate_logged, simulate_searched};
pub use schedule::Schedule;
pub use search::{CurveSearch, NextCurve};
pub use summary::{
    Spread, SummaryRow, geometric_mean_over_optimum, geometric_mean_ratio, smallest_budget,
    summarize,
};
