//! `rungkeeper report`: the results of a run, as a page.

pub(crate) mod estimates;
pub(crate) mod folder;
pub(crate) mod given_up;
pub(crate) mod history;
pub(crate) mod holdings;
pub(crate) mod standing;
pub(crate) mod trials;
pub(crate) mod words;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::page::numbers;
use crate::plain::path;
use crate::{output, page};
use folder::RunFolder;
use history::History;

/// Write a page about a run: its best configurations, and what its budget cost
///
/// The page is one file that needs no network. It shows how the run ended, the best configurations
/// and where their checkpoints lie, checkpoints and bytes against the budget over time, the rungs,
/// each checkpoint that was removed and whether it was needed again, and the estimates behind it.
/// A run that goes on can be looked at as well.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run, or an event log by itself.
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// Where the page is written; `report.html` in the run's directory unless given, and
    /// `NAME.report.html` beside a log called `NAME.jsonl`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.run)?;
    let history = History::read(folder.log())?;
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => folder.default_page(),
    };
    let page = page::report::page(&history, &folder);
    if arguments.out.is_some() {
        output::write(&out, &page)?;
    } else {
        output::write_in_folder(&out, &page)?;
    }
    summary(&history, &folder, &out, &mut io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn summary(
    history: &History,
    folder: &RunFolder,
    page: &Path,
    out: &mut impl Write,
) -> io::Result<()> {
    let state = if history.ended {
        "finished"
    } else {
        "not finished"
    };
    let trials = numbers::of(history.trials.len() as u64, "trial");
    writeln!(out, "{state}, {trials}{}", words::failed(history))?;
    writeln!(out, "  {}", words::best(history, folder))?;
    if let Some(line) = words::better_so_far(history, folder) {
        writeln!(out, "  {line}")?;
    }
    let results = history.extra_results();
    writeln!(
        out,
        "  {} removed, {} of them needed again",
        numbers::of(results.num_checkpoints_removed, "checkpoint"),
        history.given_up.regretted()
    )?;
    writeln!(
        out,
        "  {} trained again{}",
        numbers::of(results.cost_resources, "resource unit"),
        history.of_it_with_checkpoint()
    )?;
    if let Some(taken) = history.room_taken() {
        writeln!(out, "  {}", taken.sentence())?;
    }
    if let Some(line) = words::try_again(history, folder) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "wrote {}", path(page))
}
