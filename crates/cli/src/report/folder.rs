//! The files of a run as the report needs them: read, never written.

use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::trial_name;
use rungkeeper_runner::experiment::{Experiment, StorePlace};
#[cfg(unix)]
use rungkeeper_runner::run::worked_on_by;

/// A run's directory, or an event log by itself.
#[derive(Debug)]
pub(crate) struct RunFolder {
    /// None for a log by itself.
    directory: Option<PathBuf>,
    log: PathBuf,
    /// The experiment, where its file is there and can be read.
    experiment: Option<Experiment>,
}

/// Where a checkpoint lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Its files are in this folder.
    Folder(PathBuf),
    /// In the store at this address.
    Store(String),
    /// It should be in this folder, but is not.
    Missing(PathBuf),
    /// The log does not tell.
    Unknown,
}

impl RunFolder {
    /// Looks at what is named on the command line.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            let log = path.join("log.jsonl");
            anyhow::ensure!(
                log.exists(),
                "{} holds no run: {} is not there",
                path.display(),
                log.display()
            );
            let experiment = std::fs::read_to_string(path.join("experiment.toml"));
            return Ok(Self {
                directory: Some(path.to_owned()),
                log,
                experiment: experiment
                    .ok()
                    .and_then(|text| Experiment::read(&text).ok()),
            });
        }
        anyhow::ensure!(
            path.exists(),
            "{} is not there: give the directory of a run, or an event log",
            path.display()
        );
        Ok(Self {
            directory: None,
            log: path.to_owned(),
            experiment: None,
        })
    }

    /// The event log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Where the page goes unless it is said.
    pub(crate) fn default_page(&self) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join("report.html"),
            None => self.log.with_extension("report.html"),
        }
    }

    /// A process works on the run at this moment.
    #[cfg(unix)]
    pub(crate) fn is_worked_on(&self) -> bool {
        let directory = self.directory.as_ref();
        directory.is_some_and(|directory| worked_on_by(directory).is_some())
    }

    /// A process works on the run at this moment: not without the runner.
    #[cfg(not(unix))]
    #[allow(clippy::unused_self)] // as where there is a runner
    pub(crate) fn is_worked_on(&self) -> bool {
        false
    }

    /// What the run is called.
    pub(crate) fn name(&self) -> String {
        if let Some(experiment) = &self.experiment {
            return experiment.name.clone();
        }
        let name = match &self.directory {
            Some(directory) => {
                let full = directory.canonicalize().ok();
                full.and_then(|full| Some(full.file_name()?.to_owned()))
            }
            None => self.log.file_stem().map(ToOwned::to_owned),
        };
        let name = name.unwrap_or_else(|| self.log.clone().into_os_string());
        name.to_string_lossy().into_owned()
    }

    /// What the metric is called.
    pub(crate) fn metric(&self) -> &str {
        self.experiment
            .as_ref()
            .map_or("metric", |experiment| &experiment.names.metric)
    }

    /// What the resource is called.
    pub(crate) fn resource(&self) -> &str {
        self.experiment
            .as_ref()
            .map_or("resource", |experiment| &experiment.names.resource)
    }

    /// Where the checkpoint of a trial lies, which it has by the log.
    pub(crate) fn checkpoint(&self, trial: &str) -> Place {
        let (Some(directory), Some(experiment)) = (&self.directory, &self.experiment) else {
            return Place::Unknown;
        };
        let StorePlace::Folder { folder: store, .. } = &experiment.store else {
            return Place::Store(experiment.store.name());
        };
        let store = directory.join(store).join("checkpoints");
        let folder = store.join(trial_name(trial));
        match newest(&folder) {
            Some(place) => Place::Folder(place),
            None => Place::Missing(folder),
        }
    }
}

/// The data of the checkpoint that was committed last: names begin with a number of fixed width.
fn newest(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let newest = names.filter(|name| name.contains(".level-")).max()?;
    let data = folder.join(newest).join("data");
    data.is_dir().then_some(data)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const EXPERIMENT: &str = r#"
        name = "digits"
        command = ["train", "{x}", "{checkpoint_dir}"]
        metric = "loss"
        resource = "epoch"
        stop = { trials = 3 }
        [space]
        x = { type = "uniform", low = 0.0, high = 1.0 }
        [scheduler]
        max_resource = 9
    "#;

    #[test]
    fn checkpoints_are_found_where_the_experiment_says() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.jsonl"), "").unwrap();
        fs::write(folder.path().join("experiment.toml"), EXPERIMENT).unwrap();
        let run = RunFolder::open(folder.path()).unwrap();
        assert_eq!((run.metric(), run.resource()), ("loss", "epoch"));
        assert_eq!(run.name(), "digits");
        let trial = folder.path().join("checkpoints/checkpoints/7");
        assert_eq!(run.checkpoint("7"), Place::Missing(trial.clone()));
        for name in ["0000000002.level-1", "0000000010.level-9"] {
            fs::create_dir_all(trial.join(name).join("data")).unwrap();
        }
        let expected = trial.join("0000000010.level-9/data");
        assert_eq!(run.checkpoint("7"), Place::Folder(expected));
    }

    #[test]
    fn a_log_by_itself_tells_no_places() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("trace.jsonl");
        fs::write(&log, "").unwrap();
        let run = RunFolder::open(&log).unwrap();
        assert_eq!(run.checkpoint("7"), Place::Unknown);
        assert_eq!((run.metric(), run.resource()), ("metric", "resource"));
        assert_eq!(run.name(), "trace");
        let page = folder.path().join("trace.report.html");
        assert_eq!(run.default_page(), page);
    }

    #[test]
    fn what_is_no_run_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = RunFolder::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("holds no run"), "{error}");
        let nowhere = folder.path().join("nowhere");
        let error = RunFolder::open(&nowhere).unwrap_err().to_string();
        assert!(error.contains("is not there"), "{error}");
    }
}
