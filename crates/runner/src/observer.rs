//! Who watches a run, and what there is to see.

use rungkeeper_tuner_hooks::RungModel;
use rungkeeper_tuner_hooks::log::Event;

/// Someone who watches a run.
pub trait Observer {
    /// An event was written to the log.
    fn event(&mut self, _event: &Event) {}

    /// The same event as it stands in the log: a line of JSON without its end, with the fields that a
    /// run adds to those of the event. The header of a new run is written before anybody watches.
    fn line(&mut self, _line: &str) {}

    /// Something a person should know, though the run goes on.
    fn note(&mut self, _text: &str) {}

    /// A turn of the loop is over.
    fn turn(&mut self, _run: &View<'_>) {}

    /// Asked once per turn: whether the run shall stop.
    fn stop(&mut self) -> Stop {
        Stop::No
    }
}

/// Whether a run shall stop.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stop {
    /// It goes on.
    #[default]
    No,
    /// Running trials are paused at their next report, then the run stops and can be resumed.
    Cleanly,
    /// Running trials are ended at once; they train again from their last checkpoint.
    Now,
}

/// What an observer sees of a run.
#[non_exhaustive]
pub struct View<'r> {
    /// Seconds of the run.
    pub elapsed: f64,
    /// Trials, rungs and checkpoints.
    pub model: &'r RungModel,
    /// The best trial so far, finished or not; `None`: none has reported a number yet.
    pub best: Option<Best<'r>>,
    /// Number of checkpoints that were removed and whose files are not deleted yet.
    pub deleting: usize,
}

/// A trial that is the best so far, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best<'r> {
    /// The trial.
    pub trial: &'r str,
    /// Its metric there.
    pub metric: f64,
    /// The resource that the metric was reported at. Of a trial that has not finished it is the
    /// highest rung that it got to, or its last report where it is below all rungs.
    pub resource: u64,
    /// It has ended, at the max resource or by itself. A finished trial comes before all that have
    /// not finished; of those a higher rung comes before a better metric, since metrics of different
    /// resources say little of each other.
    pub finished: bool,
}

/// Why a run ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// A limit was reached, or there is nothing left to train.
    Finished,
    /// It was asked to stop, and can be resumed.
    Stopped,
    /// It stopped by itself, for this reason, and can be resumed once that is mended.
    GaveUp(String),
}
