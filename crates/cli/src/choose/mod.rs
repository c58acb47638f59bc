//! `rungkeeper choose`: which checkpoints of another tuner's run can go.

mod arguments;
mod show;

use std::env;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use rungkeeper_checkpoints::size_at;
use rungkeeper_tuner::choose::{Chosen, Disk, RunTable, choose_on};
use rungkeeper_tuner::simulation::Levels;

pub(crate) use arguments::Arguments;

use crate::columns::{self, Reports};
use crate::input;
use crate::plain::wrapped;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = input::name(&arguments.table);
    let mut question = arguments.question();
    let table = match columns::open(&arguments.table)? {
        Reports::Csv(file) => {
            RunTable::read(file, &name, &arguments.columns()).map_err(columns::explained)?
        }
        Reports::Log(log, header) => {
            anyhow::ensure!(
                !arguments.paths0,
                "{name}: --paths0 needs the path of each checkpoint, but an event log tells none\n\
                 `rungkeeper resume DIR --max-checkpoints N` keeps a run of this project within a budget"
            );
            let levels = header.rungs.iter().map(|rung| rung.level).collect();
            question.mode = question.mode.or(Some(header.mode));
            question.levels = question.levels.or(Some(Levels::List(levels)));
            question.max_resource = question.max_resource.or(Some(header.max_resource));
            question.promoted_behind_equals = header.promoted_behind_equals;
            log.table(&name)
        }
    };
    let mut disk = Disk {
        working_directory: env::current_dir().unwrap_or_default(),
        read_link: &mut |path: &Path| path.read_link().ok(),
        is_there: &mut |path: &Path| path.symlink_metadata().is_ok(),
        size: &mut size_at,
    };
    let chosen = choose_on(&table, &question, &mut disk)
        .map_err(|error| arguments.explained(error))
        .with_context(|| name.clone())?;
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.paths0 {
        paths0(&table, &chosen, &mut out).with_context(|| name)?;
    } else if arguments.json {
        show::json(&chosen, &mut out)?;
    } else {
        show::text(&table, &chosen, &mut out)?;
    }
    if chosen.absent_paths > 0 {
        note(&show::absent(chosen.absent_paths, &disk.working_directory));
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Tells somebody whose program reads the answer. Nobody may be there to read it.
fn note(text: &str) {
    let _ = wrapped(&format!("note: {text}"), &mut io::stderr());
}

/// The paths of what can go, each with a NUL behind it: paths may hold line ends.
fn paths0(table: &RunTable, chosen: &Chosen, out: &mut impl Write) -> anyhow::Result<()> {
    anyhow::ensure!(
        table.has_paths(),
        "--paths0 needs the path of each checkpoint, but the table has no column `path`\n\
         --path-column NAME says which column it is"
    );
    note(&show::ranked_by(chosen));
    if chosen.trials.ended == table.num_trials() {
        note(show::ALL_ENDED);
        if let Some(best) = &chosen.best {
            let _ = writeln!(io::stderr(), "note: {}", show::best(table, best));
        }
    }
    for path in chosen.removals.iter().flat_map(|doomed| &doomed.paths) {
        // To the program that gets it, it must not look like an option.
        let before = if path.starts_with('-') { "./" } else { "" };
        write!(out, "{before}{path}\0")?;
    }
    if chosen.checkpoints_over > 0 || chosen.bytes_over > 0 {
        note(&show::shortfall(chosen));
    }
    for doubt in show::doubts(chosen) {
        note(&doubt);
    }
    Ok(())
}
