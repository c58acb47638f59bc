//! `rungkeeper gc`: room on request.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use bytesize::ByteSize;
use rungkeeper_checkpoints::Orphan;
use rungkeeper_runner::{
    Collected, Doomed, Orphans, ResumeOptions, RunError, Runner, orphans, what_would_go,
};

use super::budget::BudgetArguments;
use super::notes::Notes;
use crate::plain::{path, plain};
use crate::report::history::trials_in_words;
use crate::report::words;

/// Make room: remove checkpoints until the budget is kept, in the order of the policy
///
/// The run must not be going on, except for --dry-run and --orphans, which change nothing. With a
/// budget of its own that budget is kept this once; `rungkeeper resume` takes one for good.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run.
    dir: PathBuf,
    /// Only say what would go.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    budget: BudgetArguments,
    /// List what lies in the store though the log does not own it.
    #[arg(long, conflicts_with_all = ["max_checkpoints", "max_bytes"])]
    orphans: bool,
    /// With --orphans: remove the checkpoints among them that this run made.
    #[arg(long, requires = "orphans")]
    delete: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let (dir, dry_run) = (&arguments.dir, arguments.dry_run);
    if arguments.orphans {
        let delete = arguments.delete && !dry_run;
        let orphans = if delete {
            open(dir, &mut Notes)?.collect_orphans()?
        } else {
            orphans(dir)?
        };
        show_orphans(&orphans, dir, delete, &mut out)?;
        return Ok(ExitCode::SUCCESS);
    }
    if dry_run {
        let collected = what_would_go(dir, |budget| arguments.budget.change(budget))?;
        let (number, size) = sum(&collected.gone);
        writeln!(out, "would go: {number}, {size}; nothing was changed")?;
        show(&collected.gone, dir, &mut out)?;
        show_kept(&collected, dir, &mut out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut notes = Notes;
    let mut runner = open(dir, &mut notes)?;
    let budget = arguments.budget.change(runner.budget());
    let collected = runner.collect(budget)?;
    let (number, size) = sum(&collected.gone);
    let held = words::checkpoints(collected.held as u64);
    let bytes = ByteSize(collected.bytes).display().si();
    writeln!(out, "gone: {number}, {size}; held: {held}, {bytes}")?;
    show(&collected.gone, dir, &mut out)?;
    show_kept(&collected, dir, &mut out)?;
    for pending in &collected.left {
        let error = pending.error.as_deref().unwrap_or("not done yet");
        writeln!(
            out,
            "still there: trial {}: {}",
            plain(&pending.trial),
            plain(error)
        )?;
    }
    Ok(if collected.left.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The run, as long as no other process works on it.
fn open<'o>(dir: &Path, notes: &'o mut Notes) -> anyhow::Result<Runner<'o>> {
    let opened = Runner::resume(dir, &ResumeOptions::default(), notes);
    opened.map_err(|error| match error {
        RunError::Locked(_) => anyhow!(
            "{error}\nwhat would go can be asked while it goes on: rungkeeper gc --dry-run {}",
            path(dir)
        ),
        error => error.into(),
    })
}

/// Why more is held than the budget allows: what a trial that is pinned, or is to be started again, holds stays.
fn show_kept(collected: &Collected, dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let words = |trials: &[String]| trials_in_words(trials.iter().map(String::as_str));
    let Collected {
        pinned,
        best,
        to_go_on,
        ..
    } = collected;
    let others = pinned.iter().filter(|trial| best.as_ref() != Some(*trial));
    let others: Vec<String> = others.cloned().collect();
    if !others.is_empty() {
        let (are, it, trial) = match others.as_slice() {
            [trial] => ("is", "it", plain(trial)),
            _ => ("are", "each", "TRIAL".to_owned()),
        };
        let trials = words(&others);
        writeln!(out, "more than the budget: {trials} {are} pinned")?;
        writeln!(
            out,
            "  let {it} go with: rungkeeper unpin {trial} {}",
            path(dir)
        )?;
    }
    if let Some(best) = best {
        let best = plain(best);
        writeln!(
            out,
            "more than the budget: trial {best} is the best, and its checkpoint is kept"
        )?;
    }
    if !to_go_on.is_empty() {
        let trials = words(to_go_on);
        writeln!(out, "more than the budget: {trials} will go on from there")?;
    }
    Ok(())
}

fn sum(doomed: &[Doomed]) -> (String, String) {
    let bytes = doomed.iter().map(|doomed| doomed.removal.bytes).sum();
    let size = ByteSize(bytes).display().si().to_string();
    (words::checkpoints(doomed.len() as u64), size)
}

/// A line on the trial and one with the place, which may be long.
fn show(doomed: &[Doomed], dir: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    for Doomed { removal, location } in doomed {
        let cost = removal
            .expected_cost
            .map_or(String::new(), |cost| format!(", expected cost {cost:.3}"));
        writeln!(
            out,
            "  trial {}: level {}, rank {} of {}, {}{cost}\n    {}",
            plain(&removal.trial),
            removal.level,
            removal.rank,
            removal.rung_len,
            ByteSize(removal.bytes).display().si(),
            place(location, dir)
        )?;
    }
    Ok(())
}

fn show_orphans(
    orphans: &Orphans,
    dir: &Path,
    deleted: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    if orphans.found.is_empty() {
        return writeln!(out, "no orphans: the log owns all that is in the store");
    }
    for orphan in &orphans.found {
        match orphan {
            Orphan::Checkpoint(stored) => writeln!(
                out,
                "{}: trial {}, level {}, {}\n    {}",
                if deleted { "removed" } else { "orphan" },
                plain(&stored.trial),
                stored.level,
                ByteSize(stored.bytes).display().si(),
                place(&stored.location, dir)
            )?,
            Orphan::Foreign { location, bytes } => writeln!(
                out,
                "not made by this run, left alone: {}\n    {}",
                ByteSize(*bytes).display().si(),
                place(location, dir)
            )?,
            _ => {}
        }
    }
    if !deleted {
        writeln!(out, "nothing was changed; --delete removes this run's own")?;
    }
    Ok(())
}

/// Places in the run's directory are shown relative to it.
fn place(location: &str, dir: &Path) -> String {
    let base = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    match Path::new(location).strip_prefix(&base) {
        Ok(inside) => path(inside),
        Err(_) => path(Path::new(location)),
    }
}
