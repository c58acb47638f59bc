//! How a training process is started, and how it is told from others.

use std::path::PathBuf;

use super::invocation::Invocation;
use crate::protocol::{Protocol, ReportNames};

/// Which process it is: what an old one printed is never taken for a new one's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ProcessId {
    /// The worker's number.
    pub(crate) slot: usize,
    /// Counts the processes of a run.
    pub(crate) number: u64,
}

/// How a training process is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) id: ProcessId,
    /// What is started. What it prints goes to its output as well.
    pub(crate) program: Invocation,
    /// Where it writes its checkpoints.
    pub(crate) folder: PathBuf,
    pub(crate) protocol: Protocol,
    pub(crate) names: ReportNames,
}
