//! The files of a run as the report needs them: read, never written.

use std::fs;
use std::path::{Path, PathBuf};

use rungkeeper_runner::experiment::Experiment;
#[cfg(unix)]
use rungkeeper_runner::worked_on_by;
use rungkeeper_tuner_hooks::log::MOST_SECONDS;

/// Larger files are no experiment of the run's, in bytes.
const LARGEST_EXPERIMENT: u64 = 1 << 20;
/// Larger files are no manifest, in bytes: a checkpoint of a million files stays below it.
const LARGEST_MANIFEST: u64 = 1 << 28;

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
            let experiment = regular(&path.join("experiment.toml"), LARGEST_EXPERIMENT);
            return Ok(Self {
                directory: Some(path.to_owned()),
                log,
                experiment: experiment.and_then(|text| Experiment::read(&text).ok()),
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

    /// The run's directory, as it was named; none for a log by itself.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The event log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The experiment, where its file is there and can be read.
    pub(crate) fn experiment(&self) -> Option<&Experiment> {
        self.experiment.as_ref()
    }

    /// Where the page goes unless a place is given.
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

    /// Bytes of what programs printed, and the most that is kept of each trial.
    pub(crate) fn output(&self) -> Option<(u64, u64)> {
        let (directory, experiment) = (self.directory.as_ref()?, self.experiment.as_ref()?);
        let files = fs::read_dir(directory.join("output")).ok()?.flatten();
        let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
        Some((sizes.sum(), experiment.output))
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

    /// Whether it is known where checkpoints lie: not of a log by itself.
    pub(crate) fn knows_places(&self) -> bool {
        self.directory.is_some() && self.experiment.is_some()
    }

    /// Where the checkpoint of a trial lies, which it has by the log.
    pub(crate) fn checkpoint(&self, trial: &str) -> Place {
        let (Some(directory), Some(experiment)) = (&self.directory, &self.experiment) else {
            return Place::Unknown;
        };
        let Some(folder) = experiment.store.checkpoints_of(directory, trial) else {
            return Place::Store(experiment.store.name());
        };
        match newest(&folder) {
            Some(place) => Place::Folder(place),
            None => Place::Missing(folder),
        }
    }

    /// A checkpoint that a trial has by the log is not there: it was removed or emptied by hand, or
    /// its disk is not mounted. Not known of a bucket, which is not asked.
    pub(crate) fn is_missing(&self, trial: &str) -> bool {
        matches!(self.checkpoint(trial), Place::Missing(_))
    }

    /// Seconds of the run as the process that works on it writes them down every second, if it does:
    /// events may be far apart.
    pub(crate) fn clock(&self) -> Option<f64> {
        let path = self.directory.as_ref()?.join("clock");
        let text = regular(&path, 100)?;
        let seconds: f64 = text.trim().parse().ok()?;
        (0.0..=MOST_SECONDS).contains(&seconds).then_some(seconds)
    }
}

/// The text of a file of at most `most` bytes. Not through a link, and no pipe: that would wait for
/// a writer.
fn regular(path: &Path, most: u64) -> Option<String> {
    let found = fs::symlink_metadata(path).ok()?;
    let fits = found.is_file() && found.len() <= most;
    fits.then(|| fs::read_to_string(path).ok())?
}

/// The data of the whole checkpoint that was committed last: names begin with a number of fixed
/// width.
fn newest(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.contains(".level-")).collect();
    names.sort_unstable();
    let mut newest_first = names.iter().rev().map(|name| folder.join(name));
    newest_first.find_map(|checkpoint| has_its_files(&checkpoint).then(|| checkpoint.join("data")))
}

/// Whether the files that a checkpoint's manifest names are there, with their sizes. Their hashes
/// are left to the run, which reads the files in any case.
fn has_its_files(checkpoint: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Entry {
        path: String,
        bytes: u64,
    }
    #[derive(serde::Deserialize)]
    struct Manifest {
        files: Vec<Entry>,
    }
    let data = checkpoint.join("data");
    let text = regular(&checkpoint.join("manifest.jsonl"), LARGEST_MANIFEST).unwrap_or_default();
    let manifest = text.lines().next().map(serde_json::from_str::<Manifest>);
    let is_there = |file: &Entry| {
        let found = fs::symlink_metadata(data.join(&file.path));
        found.is_ok_and(|found| found.is_file() && found.len() == file.bytes)
    };
    match manifest {
        Some(Ok(manifest)) => data.is_dir() && manifest.files.iter().all(is_there),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
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
            let checkpoint = trial.join(name);
            fs::create_dir_all(checkpoint.join("data/deep")).unwrap();
            fs::write(checkpoint.join("data/deep/weights"), "0.25").unwrap();
            let manifest = r#"{"level": 1, "files": [{"path": "deep/weights", "bytes": 4}]}"#;
            fs::write(
                checkpoint.join("manifest.jsonl"),
                format!("{manifest}\n{{}}\n"),
            )
            .unwrap();
        }
        let newest = trial.join("0000000010.level-9");
        assert_eq!(run.checkpoint("7"), Place::Folder(newest.join("data")));
        // Emptied by hand: the older one is what is left, then nothing.
        fs::write(newest.join("data/deep/weights"), "0.").unwrap();
        let older = trial.join("0000000002.level-1");
        assert_eq!(run.checkpoint("7"), Place::Folder(older.join("data")));
        assert!(!run.is_missing("7"));
        fs::remove_dir_all(older.join("data")).unwrap();
        assert!(run.is_missing("7"));
    }

    /// What a run writes every second counts; garbage, links and pipes do not.
    #[test]
    fn time_without_events() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.jsonl"), "").unwrap();
        let run = RunFolder::open(folder.path()).unwrap();
        let clock = folder.path().join("clock");
        assert_eq!(run.clock(), None);
        for (text, seconds) in [
            ("12.25\n", Some(12.25)),
            ("30", Some(30.0)),
            ("", None),
            ("NaN", None),
            ("-1", None),
            ("inf", None),
            ("1e308", None),
            ("soon", None),
        ] {
            fs::write(&clock, text).unwrap();
            assert_eq!(run.clock(), seconds, "{text}");
        }
        fs::write(&clock, "1".repeat(1000)).unwrap();
        assert_eq!(run.clock(), None);
        #[cfg(unix)]
        {
            fs::write(folder.path().join("other"), "5").unwrap();
            fs::remove_file(&clock).unwrap();
            std::os::unix::fs::symlink("other", &clock).unwrap();
            assert_eq!(run.clock(), None);
        }
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
