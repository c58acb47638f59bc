//! What the benchmarks work on, the same in each run.

mod arrivals;
mod curves;
mod kernels;
mod positions;
mod run;
#[cfg(feature = "benches")]
mod rungs;

pub use arrivals::{ORDERS, metric, spread};
pub use curves::{cell, curves};
pub use kernels::{KERNELS, Kernel};
pub use positions::{no_cut_off, positions, ranked, score, score_by_ranks, settings};
pub use run::Run;
#[cfg(feature = "benches")]
pub use rungs::{rung, tree};
