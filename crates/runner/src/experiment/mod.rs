//! The experiment file: what to run, what to tune, within which budget.
//!
//! A TOML file, checked as a whole before anything starts: every error is reported with its line,
//! and an unknown name with the nearest one that exists.
//!
//! ```
//! use rungkeeper_runner::experiment::Experiment;
//!
//! let experiment = Experiment::read(r#"
//!     name = "digits"
//!     command = ["./train", "--lr", "{lr}", "--checkpoints", "{checkpoint_dir}"]
//!     metric = "loss"
//!     resource = "epoch"
//!     workers = 2
//!
//!     [space]
//!     lr = { type = "loguniform", low = 1e-4, high = 1.0 }
//!
//!     [scheduler]
//!     max_resource = 27
//!
//!     [budget]
//!     max_checkpoints = 8
//!     max_bytes = "20 GB"
//!
//!     [stop]
//!     wall_clock = "10 min"
//! "#)?;
//! assert_eq!(experiment.budget.max_bytes, Some(20_000_000_000));
//! assert_eq!(experiment.limits.seconds, Some(600.0));
//!
//! let error = Experiment::read("name = \"digits\"\nwokers = 2\n").unwrap_err();
//! assert!(error.to_string().contains("line 2"));
//! assert!(error.to_string().contains("did you mean `workers`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod changes;
mod check;
mod command;
mod configurations;
mod described;
mod environment;
mod error;
mod file;
mod former;
mod lenient;
#[cfg(test)]
mod limit_tests;
mod placeholders;
#[cfg(unix)]
mod program;
mod schema;
#[cfg(test)]
mod schema_tests;
mod search;
mod shape;
mod space;
#[cfg(test)]
mod space_tests;
mod store;
#[cfg(test)]
mod tests;
mod units;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rungkeeper_policies::{Budget, Limits, PolicySpec};
use rungkeeper_rung_model::SpecError;

use crate::protocol::{Protocol, ReportNames};
use rungkeeper_tuner::scheduler::PromotionSpec;
use rungkeeper_tuner::search_space::SearchSpace;

pub(crate) use changes::changes_before_reports;
pub use changes::{Changes, changes, table_of_header};
pub use configurations::Source;
use error::Problems;
pub(crate) use error::nearest;
pub use error::{ExperimentError, Problem};
pub use placeholders::{Filling, Placeholder, fill, uses_config};
#[cfg(unix)]
pub use program::find_program;
pub use schema::schema;
pub use search::Search;
pub use store::StorePlace;

/// Most rung levels of a trial that is only tried.
const MOST_LEVELS: usize = 1_000;

/// Somebody sits before a trial that is only tried, and is told earlier that nothing came.
const SILENCE_OF_A_TRY: Duration = Duration::from_secs(10);

/// An experiment, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// The training command: program and arguments, with placeholders.
    pub command: Vec<String>,
    /// Folder the command runs in, relative to the experiment file.
    pub directory: PathBuf,
    /// Environment variables for every trial.
    pub environment: BTreeMap<String, String>,
    /// Environment variables per slot; a worker has the slot of its number.
    pub slots: Vec<BTreeMap<String, String>>,
    /// How the program and the tuner talk.
    pub protocol: Protocol,
    /// Keys of metric and resource in reports.
    pub names: ReportNames,
    /// Trials that run at a time.
    pub workers: u64,
    /// Hyper-parameters, and the configurations that are tried first.
    pub space: SearchSpace,
    /// Where the configurations come from that are tried first.
    pub configurations: Source,
    /// Where the configurations of new trials come from.
    pub search: Search,
    /// Rungs, brackets, promotion rule, seed.
    pub scheduler: PromotionSpec,
    /// The removal policy. The promotion rule of the scheduler and `policy_seed` hold for it, too.
    pub policy: PolicySpec,
    /// Seed of the random policy.
    pub policy_seed: u64,
    /// Most checkpoints and bytes.
    pub budget: Budget,
    /// Whether the checkpoint of the best finished trial is kept.
    pub pin_best: bool,
    /// What ends the run.
    pub limits: Limits,
    /// Where checkpoints are kept.
    pub store: StorePlace,
    /// Times a trial is started again after a crash before it counts as failed.
    pub retries: u64,
    /// Failed trials after which the run stops; `None`: it goes on.
    pub max_failed_trials: Option<u64>,
    /// Trials that end one after the other without any report, whether they crash or not, after
    /// which the run stops; at least 1.
    pub max_without_report: u64,
    /// Time after which a trial that has said nothing recognisable gets a note.
    pub silence: Duration,
    /// Time between a request to end and the kill.
    pub grace: Duration,
    /// Most bytes of output that are kept for each trial, its head and its tail; at least 64,000.
    pub output: u64,
}

impl Experiment {
    /// Reads and checks the text of an experiment file, without the files that it names:
    /// configurations that are somewhere else are left out.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with its place.
    pub fn read(text: &str) -> Result<Self, ExperimentError> {
        Self::read_from(text, None)
    }

    /// As [`Experiment::read`], with the configurations of another file or run; `folder` is what their
    /// paths are relative to.
    ///
    /// # Errors
    ///
    /// As [`Experiment::read`], and what is wrong with those configurations.
    pub fn read_in(text: &str, folder: &Path) -> Result<Self, ExperimentError> {
        Self::read_from(text, Some(folder))
    }

    /// The configurations that a run began with where they do not stand in its file: the other file, or the other run,
    /// may be changed or gone. `begun` is what [`Experiment::table`] gave then.
    #[must_use]
    pub fn with_configurations_of(mut self, begun: &serde_json::Value) -> Self {
        if self.configurations == Source::Listed {
            return self;
        }
        let given = begun.get("configurations").cloned().unwrap_or_default();
        let given = serde_json::from_value(given).unwrap_or_default();
        if let Ok(space) = self.space.clone().with_given(given) {
            self.space = space;
        }
        self
    }

    /// The same for one trial that is paused at its first report, without anything that other trials need.
    pub(crate) fn for_one_report(mut self) -> Result<Self, SpecError> {
        let max = self.scheduler.max_resource;
        // Which resource is reported first is not known.
        let levels: Vec<u64> = (1..max).take(MOST_LEVELS).collect();
        let mut scheduler = PromotionSpec::from_levels(&levels, max)?;
        scheduler.model.mode = self.scheduler.model.mode;
        scheduler.seed = self.scheduler.seed;
        scheduler.max_trials = Some(1);
        self.scheduler = scheduler;
        self.workers = 1;
        self.slots.truncate(1);
        self.budget = Budget::default();
        self.limits = Limits {
            trials: Some(1),
            ..Limits::default()
        };
        self.store = StorePlace::default();
        self.retries = 0;
        self.max_without_report = 1;
        self.silence = self.silence.min(SILENCE_OF_A_TRY);
        Ok(self)
    }

    fn read_from(text: &str, folder: Option<&Path>) -> Result<Self, ExperimentError> {
        let mut problems = Problems::new(text);
        let experiment = lenient::read(text, &mut problems)
            .and_then(|(file, unread)| check::check(file, &unread, folder, &mut problems));
        match experiment {
            Some(experiment) if problems.len() == 0 => Ok(experiment),
            _ => Err(problems.into_error()),
        }
    }
}
