//! A search program whose proposals are answered with curves.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use rungkeeper_runner::experiment::{self, Experiment};
use rungkeeper_runner::{SearchOnCurves, SimulatedRun};
use rungkeeper_tuner::curves::ReadOptions;
use rungkeeper_tuner::simulation::{
    Cell, Conditions, CurveSearch, Curves, Draw, Nearest, SimulationError,
};
use rungkeeper_tuner_hooks::{BoxError, Mode};

use crate::input;
use crate::plain::path;
use crate::simulate::Arguments;

/// The experiment whose search takes part.
pub(super) struct Search {
    experiment: Experiment,
    /// Its file, as it is shown.
    file: String,
    /// The folder of its file.
    base: PathBuf,
    /// Where the programs' errors are kept while the runs go on.
    output: tempfile::TempDir,
    started: AtomicUsize,
}

impl Search {
    pub(super) fn of(arguments: &Arguments) -> anyhow::Result<Option<Self>> {
        arguments.search.as_deref().map(Self::read).transpose()
    }

    fn read(file: &Path) -> anyhow::Result<Self> {
        input::check_experiment(file)?;
        let experiment = rungkeeper_runner::read(file)?;
        anyhow::ensure!(
            matches!(experiment.search, experiment::Search::Program { .. }),
            "{}: it has no search program; [search] with a command names one",
            path(file)
        );
        let base = match file.parent() {
            Some(folder) if folder != Path::new("") => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Ok(Self {
            experiment,
            file: path(file),
            base,
            output: tempfile::Builder::new()
                .prefix("rungkeeper-search-")
                .tempdir()
                .context("cannot make a folder for the search")?,
            started: AtomicUsize::new(0),
        })
    }

    /// How its file is called in messages.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Resource and metric are those of the experiment, unless others were named.
    pub(super) fn columns(&self, options: ReadOptions) -> ReadOptions {
        let names = &self.experiment.names;
        options
            .or_columns(&names.resource, &names.metric)
            .parameters(Nearest::names(&self.experiment.space))
    }

    pub(super) fn mode(&self) -> Mode {
        self.experiment.scheduler.model.mode
    }

    /// Whether each curve has its hyper-parameters.
    pub(super) fn check(&self, curves: &Curves) -> anyhow::Result<()> {
        Nearest::new(&curves.table, &self.experiment.space, false)?;
        Ok(())
    }

    /// The search of one run.
    pub(super) fn of_run(
        &self,
        curves: &Curves,
        conditions: &Conditions,
        cell: &Cell,
    ) -> Result<Option<Box<dyn CurveSearch>>, BoxError> {
        let spec = conditions.scheduler(curves, cell);
        let again = conditions.draw == Draw::WithReplacement;
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let run = SimulatedRun {
            scheduler: spec.map_err(|error: SimulationError| error.to_string())?,
            workers: cell.workers,
            nearest: Nearest::new(&curves.table, &self.experiment.space, again)?,
            output: self.output.path().join(format!("{number}.log")),
        };
        let search = SearchOnCurves::new(&self.experiment, &self.base, run);
        Ok(search.map(|search| Box::new(search) as Box<dyn CurveSearch>))
    }

    /// An error without the place of more of it, which is gone in a moment.
    pub(super) fn without_place(&self, error: &str) -> String {
        let folder = self.output.path().display().to_string();
        match error.split_once(", see ") {
            Some((text, place)) if place.starts_with(&folder) => text.to_owned(),
            _ => error.to_owned(),
        }
    }
}
