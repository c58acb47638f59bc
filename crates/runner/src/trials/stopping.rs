//! Whether, why and how a run stops.

use crate::{Outcome, RunError, Stop};

/// Whether and why a run stops.
#[derive(Default)]
pub(crate) struct Stopping {
    /// What somebody asked for.
    pub(crate) asked: Stop,
    /// Why the run stops by itself; the first reason counts.
    pub(crate) halt: Option<Halt>,
}

/// Why a run stops by itself.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A limit is reached.
    Limit,
    /// It makes no sense to go on, for this reason.
    GaveUp(String),
    /// Something does not work.
    Failed(RunError),
}

impl Stopping {
    /// How the run stops.
    pub(crate) fn how(&self) -> Stop {
        let by_itself = match &self.halt {
            None => Stop::No,
            // Each report would count, and there may be no more of them.
            Some(Halt::Limit) => Stop::Now,
            Some(Halt::GaveUp(_) | Halt::Failed(_)) => Stop::Cleanly,
        };
        self.asked.max(by_itself)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.how() != Stop::No
    }

    /// The run stops by itself. An end that was reached as it should be is none if something then fails.
    pub(crate) fn halt(&mut self, why: Halt) {
        if matches!(
            (&self.halt, &why),
            (None, _) | (Some(Halt::Limit), Halt::Failed(_))
        ) {
            self.halt = Some(why);
        }
    }
    /// How a run ends that stopped so, or had nothing left to do.
    pub(crate) fn take_outcome(&mut self) -> Result<Outcome, RunError> {
        match self.halt.take() {
            Some(Halt::Failed(error)) => Err(error),
            Some(Halt::GaveUp(reason)) => Ok(Outcome::GaveUp(reason)),
            None if self.asked != Stop::No => Ok(Outcome::Stopped),
            Some(Halt::Limit) | None => Ok(Outcome::Finished),
        }
    }
}
