//! What happens while a grid is simulated: a progress bar and event logs.

use std::collections::HashSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rungkeeper_tuner::log::to_line;
use rungkeeper_tuner::simulation::{
    BoxedSink, Cell, CellResult, Conditions, CurveSearch, Curves, Grid, GridObserver, Levels,
};
use rungkeeper_tuner_hooks::BoxError;
use rungkeeper_tuner_hooks::log::Event;

use crate::simulate::search::Search;

pub(super) struct Observer<'s> {
    bar: ProgressBar,
    folder: Option<PathBuf>,
    search: Option<&'s Search>,
}

impl<'s> Observer<'s> {
    /// The bar is shown on the standard error where that is a terminal.
    pub(super) fn new(
        grid: &Grid,
        folder: Option<&Path>,
        search: Option<&'s Search>,
    ) -> anyhow::Result<Self> {
        if let Some(folder) = folder {
            check_names(&grid.curves)?;
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let bar = ProgressBar::new(grid.num_cells() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left")
        {
            bar.set_style(style);
        }
        Ok(Self {
            bar,
            folder: folder.map(Path::to_path_buf),
            search,
        })
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl GridObserver for Observer<'_> {
    fn log(&self, curves: &Curves, cell: &Cell) -> Result<Option<BoxedSink>, BoxError> {
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let path = folder.join(log_name(curves, cell));
        let file = crate::output::create(&path);
        let wrong = move |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = BufWriter::new(file.map_err(&wrong)?);
        Ok(Some(Box::new(move |event| {
            writeln!(file, "{}", to_line(event)).map_err(&wrong)?;
            if matches!(event, Event::End(_)) {
                file.flush().map_err(&wrong)?; // dropping it would hide the error
            }
            Ok(())
        })))
    }

    fn search(
        &self,
        curves: &Curves,
        conditions: &Conditions,
        cell: &Cell,
    ) -> Result<Option<Box<dyn CurveSearch>>, BoxError> {
        let search = self
            .search
            .map(|search| search.of_run(curves, conditions, cell));
        Ok(search.transpose()?.flatten())
    }

    fn done(&self, _: &CellResult) {
        self.bar.inc(1);
    }
}

/// Logs are named after the files without their folders, so those must differ.
fn check_names(curves: &[Curves]) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for curves in curves {
        let stem = stem(curves);
        anyhow::ensure!(
            seen.insert(stem.clone()),
            "with --log the names of the files must differ, but two are called {stem:?}"
        );
    }
    Ok(())
}

fn stem(curves: &Curves) -> String {
    let stem = Path::new(curves.table.name()).file_stem();
    stem.unwrap_or_default().to_string_lossy().into_owned()
}

fn log_name(curves: &Curves, cell: &Cell) -> String {
    let levels = match &cell.levels {
        Levels::List(_) => "levels".to_owned(),
        Levels::Geometric {
            reduction_factor, ..
        } => format!("eta{reduction_factor}"),
    };
    let Cell {
        workers,
        budget,
        seed,
        policy,
        ..
    } = cell;
    let stem = stem(curves);
    format!("{stem}-{levels}-workers{workers}-budget{budget}-seed{seed}-{policy}.jsonl")
}
