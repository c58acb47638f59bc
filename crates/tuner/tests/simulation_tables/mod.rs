//! Curves and settings for tests of simulated runs.
#![allow(dead_code)] // each test file uses its part

use std::fmt::Write;
use std::path::PathBuf;

use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::replay::{Comparison, Replay};
use rungkeeper_tuner::simulation::{
    Cell, CellResult, Conditions, Curves, Levels, Retraining, Simulated, simulate, simulate_logged,
};
use rungkeeper_tuner_hooks::log::{EndOfRun, Event, Header};

pub(crate) const POLICIES: [&str; 4] = rungkeeper_tuner_hooks::PolicySpec::NAMES;

/// Curves from the rows of a file, without its header.
pub(crate) fn curves(rows: &str, mode: Mode) -> Curves {
    let file = format!("trial,resource,metric,seconds\n{rows}");
    let options = ReadOptions::new().metric("metric"); // all may be bad ones
    let table = CurveTable::read(file.as_bytes(), "curves", &options).unwrap();
    Curves { table, mode }
}

/// Curves that cross, have ties, and take different times: trials on resources 1, 3, 9, 27.
pub(crate) fn crossing(trials: u64) -> Curves {
    let mut rows = String::new();
    for trial in 0..trials {
        for (place, resource) in [1u64, 3, 9, 27].into_iter().enumerate() {
            let mixed = (trial * 7919 + 13) * (place as u64 * 31 + 17) % 97;
            let loss = mixed as f64 / 97.0 + 1.0 / resource as f64;
            let seconds = (trial % 5 + 1) * resource;
            writeln!(rows, "{trial},{resource},{loss},{seconds}").unwrap();
        }
    }
    curves(&rows, Mode::Min)
}

/// The curves that the project ships, and those in the folder `RUNGKEEPER_CURVES` if it is set:
/// CSV files with an accuracy.
pub(crate) fn real_curves() -> Vec<Curves> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("crates/cli/curves/openml_41150.csv")];
    if let Some(folder) = std::env::var_os("RUNGKEEPER_CURVES") {
        let paths = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "csv")));
    }
    files.sort();
    let read = |path: PathBuf| Curves {
        table: CurveTable::from_path(path, &ReadOptions::new()).unwrap(),
        mode: Mode::Max,
    };
    files.into_iter().map(read).collect()
}

pub(crate) fn cell(policy: &str, eta: u64, workers: u64, budget: u64) -> Cell {
    Cell {
        levels: Levels::geometric(eta),
        workers,
        budget,
        seed: 1,
        policy: policy.parse().unwrap(),
    }
}

pub(crate) fn frozen() -> Conditions {
    Conditions {
        retraining: Retraining::Frozen,
        ..Conditions::default()
    }
}

pub(crate) fn result(curves: &Curves, conditions: &Conditions, cell: &Cell) -> CellResult {
    simulate(curves, conditions, cell).unwrap().result
}

/// A run with the events of its log.
pub(crate) fn logged(
    curves: &Curves,
    conditions: &Conditions,
    cell: &Cell,
) -> (Simulated, Vec<Event>) {
    let mut events = Vec::new();
    let simulated = simulate_logged(curves, conditions, cell, &mut |event| {
        events.push(event.clone());
        Ok(())
    });
    (simulated.unwrap(), events)
}

pub(crate) fn header(events: &[Event]) -> &Header {
    let Event::Header(header) = &events[0] else {
        panic!("the first event is no header")
    };
    header
}

pub(crate) fn end(events: &[Event]) -> &EndOfRun {
    let Some(Event::End(end)) = events.last() else {
        panic!("the last event is no end")
    };
    end
}

/// What `replay --check` finds.
pub(crate) fn checked(events: &[Event]) -> Comparison {
    let mut replay = Replay::checked(header(events)).unwrap();
    for (line, event) in events.iter().enumerate().skip(1) {
        replay.feed(line + 1, event).unwrap();
    }
    replay.finish().unwrap();
    replay.comparison()
}

/// The removals of a log, in order.
pub(crate) fn removals(events: &[Event]) -> Vec<(String, u64, u64)> {
    let removal = |event: &Event| match event {
        Event::Remove { removal, .. } => Some((removal.trial.clone(), removal.level, removal.rank)),
        _ => None,
    };
    events.iter().filter_map(removal).collect()
}

/// What the scheduler did and saw: all but the removals, and what follows from them.
pub(crate) fn schedule(events: &[Event]) -> Vec<Event> {
    let is_schedule = |event: &&Event| {
        matches!(
            event,
            Event::Start { .. }
                | Event::Resume { .. }
                | Event::Result { .. }
                | Event::Complete { .. }
        )
    };
    events.iter().filter(is_schedule).cloned().collect()
}

/// Rows of trials 0, 1, ..., one text each.
pub(crate) fn rows_of(trials: u64, rows: impl Fn(u64) -> String) -> String {
    (0..trials).map(rows).collect()
}
