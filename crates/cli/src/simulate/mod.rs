//! `rungkeeper simulate`: policies and budgets on tabulated learning curves.

mod arguments;
mod curves;
mod json;
mod observer;
#[cfg_attr(not(unix), path = "no_search.rs")]
mod search;
mod table;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use rungkeeper_tuner::simulation::{Grid, Retraining, SimulationError};

use crate::page;
use crate::page::simulation::Settings;
use crate::typed;

pub(crate) use arguments::Arguments;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let search = search::Search::of(arguments)?;
    let (curves, notes) = curves::read(arguments, search.as_ref())?;
    let grid = Grid {
        curves,
        levels: arguments.levels(),
        workers: arguments.workers(),
        budgets: arguments.budgets(),
        seeds: (0..arguments.seeds).collect(),
        policies: arguments.policies(),
        conditions: arguments.conditions(),
        threads: arguments.threads(),
    };
    grid.check().map_err(typed::simulation)?;
    for note in notes {
        curves::note(&note);
    }
    let observer = observer::Observer::new(&grid, arguments.log.as_deref(), search.as_ref())?;
    let results = grid
        .run(&observer)
        .map_err(|error| match (error, &search) {
            (SimulationError::Search(error), Some(search)) => {
                anyhow::anyhow!(search.without_place(&error.to_string()))
            }
            (error, _) => typed::simulation(error),
        })?;
    observer.finish();
    if let Some(path) = &arguments.html {
        let settings = Settings {
            command_line: command_line(),
            frozen: grid.conditions.retraining == Retraining::Frozen,
        };
        page::simulation::write(path, &results, &settings)?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        json::write(&results, &mut out)?;
    } else {
        table::write(&grid, &results, search.as_ref(), &mut out)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The command as one can paste it into a shell.
fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| quoted(&word));
    let words: Vec<String> = std::iter::once("rungkeeper".to_owned())
        .chain(words)
        .collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_can_be_pasted() {
        assert_eq!(quoted("--budget=8,16"), "--budget=8,16");
        assert_eq!(quoted("my curves.csv"), "'my curves.csv'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
