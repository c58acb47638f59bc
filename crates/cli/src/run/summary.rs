//! The summary that is printed when a run is over.

use std::io::{self, Write};

use rungkeeper_runner::Outcome;

use crate::page::numbers;
use crate::plain::{message, plain};
use crate::report::folder::RunFolder;
use crate::report::history::History;
use crate::report::words;

/// How the run ended, its best trial so far, what was in the store, and what the budget cost.
pub(super) fn write(
    history: &History,
    folder: &RunFolder,
    outcome: &Outcome,
    out: &mut impl Write,
) -> io::Result<()> {
    let elapsed = history.elapsed;
    match outcome {
        Outcome::Finished => writeln!(out, "finished after {elapsed:.1} s")?,
        Outcome::GaveUp(reason) => {
            writeln!(out, "stopped after {elapsed:.1} s: {}", message(reason))?;
        }
        _ => writeln!(out, "stopped after {elapsed:.1} s")?,
    }
    // Otherwise the reason says so.
    if history.nothing_worked() && !matches!(outcome, Outcome::GaveUp(_)) {
        let what = if history.progress().reports == 0 {
            "no trial reported anything"
        } else {
            "every trial failed"
        };
        writeln!(out, "  {what}")?;
    }
    writeln!(out, "  {}", words::best(history, folder))?;
    if let Some((trial, _)) = history.best() {
        let checkpoint = words::its_checkpoint(history, folder, trial);
        writeln!(out, "    {checkpoint}")?;
        for (name, value) in trial.configuration.iter() {
            writeln!(out, "    {} = {}", plain(name), plain(value))?;
        }
    }
    if let Some(line) = words::better_so_far(history, folder) {
        writeln!(out, "  {line}")?;
    }
    let results = history.extra_results();
    let counted = [
        (history.trials.len() as u64, "trial"),
        (results.num_trials_resumed, "promotion"),
        (results.num_checkpoints_removed, "checkpoint"),
    ];
    let [trials, promotions, given_up] = counted.map(|(number, noun)| words::of(number, noun));
    let failed = words::failed(history);
    writeln!(out, "  {trials}{failed}; {promotions}; {given_up} removed")?;
    for line in words::store_and_budget(history) {
        writeln!(out, "  {line}")?;
    }
    writeln!(
        out,
        "  cost: {} trained again, {} of all{}",
        words::of(results.cost_resources, "resource unit"),
        words::plain_spaces(numbers::percent(history.cost_percent())),
        history.of_it_with_checkpoint()
    )
}
