//! Which checkpoints of another tuner's run can go: from a table of the run, and nothing else.
//!
//! [`choose`] takes a [`RunTable`] of what each trial has reported so far, with the size and the path of its checkpoint if
//! there are any, and tells which checkpoints of paused trials to remove so that a budget is kept. It learns nothing and
//! keeps nothing: the same table and question give the same answer, and a removal callback that saw the same reports would
//! have removed the same.
//!
//! # How a table is read
//!
//! - Rows stand in the order in which they were reported. That matters for ties only: of equal metrics the later stands
//!   behind. Rows of a trial whose resources fall are put in order.
//! - A trial is recorded at each rung level that it has reached, with the first metric that it reported there or beyond, and
//!   waits at the highest of them. Below that it counts as promoted.
//! - A second row of a trial at a resource that it has reported already, as of one that trained again, changes no rank.
//! - [`Status`] tells who runs, waits or has ended. Where no row of a trial tells, one that has reported the max resource
//!   has ended, one whose last resource is no rung level is running, and all others wait.
//! - A waiting trial holds a checkpoint if the table lists a path for it; in a table without paths, if it lists its size;
//!   in a table without either, always. All its paths belong to its checkpoint.
//! - Rung levels that nobody tells are guessed: see [`LevelSource`].
//! - On a disk, a path at which nothing is any more is none, unless that holds for all of them: see [`choose_on`].
//! - Running trials count as holding one, and it is never removed. Trials that have ended do not count, and theirs are
//!   nobody's business here: they are results. Where all have ended, the best report is named.

mod ahead;
mod answer;
mod best;
mod decide;
mod disk;
mod ends;
mod found;
mod from_log;
mod levels;
mod negligible;
mod paths;
mod read;
mod status;
mod table;

pub use answer::{Chosen, Doomed, Tally};
pub use best::BestReport;
pub use decide::{ChooseError, Question, choose, choose_on};
pub use disk::Disk;
pub use from_log::LogTable;
pub use levels::LevelSource;
pub use paths::SharedPath;
pub use read::TableOptions;
pub use status::Status;
pub use table::{RunRow, RunTable};
