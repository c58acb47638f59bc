//! What training programs print, and what they are answered.
//!
//! Two protocols, told apart by the experiment:
//!
//! - [`Protocol::Answered`]: the program prints one JSON object for each report, at the end of a
//!   line, and reads one line back, `continue` or `pause`; on `pause` it ends at a clean point.
//! - [`Protocol::OneWay`]: lines as Syne Tune's `Reporter` prints them,
//!   `[tune-metric]: {"epoch": 3, "loss": 0.25}`; the program is paused by a signal.
//!
//! Everything else a program prints is its own: it is no report and gets no answer.

mod find;
mod line;
#[cfg(test)]
mod tests;
mod variables;
mod why;

pub use line::{Line, Printed, ReportNames};
pub use variables::{CHECKPOINT_DIR, CONFIG, variables};
pub use why::why_no_report;
pub(crate) use why::{quoted, why_too_long};

use rungkeeper_rung_model::Decision;

/// How a training program and the tuner talk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// One JSON line a report, one line back.
    #[default]
    Answered,
    /// Report lines as Syne Tune's `Reporter` prints them; nothing is sent back.
    OneWay,
}

impl Protocol {
    /// Its name in an experiment file, and in the variable `RUNGKEEPER_PROTOCOL` of a program.
    ///
    /// ```
    /// use rungkeeper_runner::protocol::Protocol;
    ///
    /// assert_eq!(Protocol::OneWay.name(), "one_way");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::OneWay => "one_way",
        }
    }

    /// What is sent back for a report, with the line end. Nothing in the one-way protocol.
    ///
    /// A trial that is to stop is told to pause: what becomes of it is not the program's business.
    ///
    /// ```
    /// use rungkeeper_rung_model::Decision;
    /// use rungkeeper_runner::protocol::Protocol;
    ///
    /// assert_eq!(Protocol::Answered.answer(Decision::Continue), Some("continue\n"));
    /// assert_eq!(Protocol::Answered.answer(Decision::Stop), Some("pause\n"));
    /// assert_eq!(Protocol::OneWay.answer(Decision::Pause), None);
    /// ```
    #[must_use]
    pub fn answer(self, decision: Decision) -> Option<&'static str> {
        match (self, decision) {
            (Self::OneWay, _) => None,
            (Self::Answered, Decision::Continue) => Some("continue\n"),
            (Self::Answered, Decision::Pause | Decision::Stop) => Some("pause\n"),
        }
    }
}
