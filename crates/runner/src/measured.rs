//! What the guard of instruction counts repeats: the loop's own work on a report, without processes and without a store.

use std::collections::VecDeque;
use std::path::Path;

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner::scheduler::Task;
use rungkeeper_tuner::search_space;
use rungkeeper_tuner_hooks::TrialResult;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Map, Value, json};

use crate::books::{Books, Concluded, Standing};
use crate::clock::Clock;
use crate::experiment::Experiment;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::observer::Observer;
use crate::{RunError, parts};

const EXPERIMENT: &str = r#"
    name = "measured"
    command = ["none", "{x}", "{checkpoint_dir}"]
    metric = "loss"
    resource = "epoch"
    workers = 16
    budget = { max_checkpoints = 50 }
    stop = { trials = 8000 }
    space = { x = { type = "uniform", low = 0.0, high = 1.0 } }
    scheduler = { max_resource = 27 }
"#;

struct Nobody;

impl Observer for Nobody {}

/// Takes this number of reports at rungs, in a log of its own in a folder that is there: each is decided on and written
/// down with the checkpoint of its pause, the budget is kept, and the free worker gets its next task.
///
/// # Errors
///
/// The folder holds a log already, or it cannot be written.
pub fn reports(folder: &Path, number: u64) -> Result<(), RunError> {
    let experiment = Experiment::read(EXPERIMENT).map_err(|source| RunError::Experiment {
        path: folder.to_owned(),
        source,
    })?;
    let header = parts::header(&experiment);
    let journal = Journal::create(&folder.join("log.jsonl"), &header, &Map::new())?;
    let mut nobody = Nobody;
    let ledger = Ledger::new(
        journal,
        Clock::start(0.0, folder.join("clock")),
        &mut nobody,
    );
    let mut books = Books::new(ledger, Standing::new(&experiment, &header)?);
    let mut running = VecDeque::new();
    for _ in 0..experiment.workers {
        running.extend(begin(&mut books)?);
    }
    for _ in 0..number {
        let Some((trial, level, metric)) = running.pop_front() else {
            break;
        };
        report(&mut books, &trial, level, metric)?;
        books.keep_budget()?;
        running.extend(begin(&mut books)?);
        books.keep_budget()?;
        books.show(0);
    }
    Ok(())
}

/// The next task: its trial, the resource it trains to, and what it will report there.
fn begin(books: &mut Books<'_>) -> Result<Option<(String, u64, f64)>, RunError> {
    let task = books.next_task()?;
    let process = json!(books.next_process());
    let (trial, milestone, is_new) = match task {
        Task::Start {
            trial, milestone, ..
        } => (trial, milestone, true),
        Task::Resume {
            trial, milestone, ..
        } => (trial, milestone, false),
        _ => return Ok(None),
    };
    let elapsed = books.elapsed();
    let launch = Event::Launch {
        trial: trial.clone(),
        elapsed,
    };
    books.record_with(&launch, &[("process", process.clone())])?;
    let configuration = books.configuration(&trial);
    let loss = configuration.iter().find_map(|(_, value)| match value {
        search_space::Value::Float(x) => Some(*x),
        _ => None,
    });
    let metric = loss.unwrap_or(0.5) + 1.0 / milestone as f64;
    if is_new {
        let event = Event::Start {
            trial: trial.clone(),
            bracket: 0,
            elapsed,
        };
        let configuration = json!(configuration);
        books.record_with(
            &event,
            &[("process", process), ("configuration", configuration)],
        )?;
    } else {
        let trial = trial.clone();
        books.record_with(&Event::Resume { trial, elapsed }, &[("process", process)])?;
    }
    Ok(Some((trial, milestone, metric)))
}

fn report(books: &mut Books<'_>, trial: &str, level: u64, metric: f64) -> Result<(), RunError> {
    let named = || trial.to_owned();
    let reported = Event::Reported {
        trial: named(),
        level,
        metric,
        elapsed: books.elapsed(),
    };
    books.record_with(&reported, &[("checkpoint", Value::from(true))])?;
    let Ok(decision) = books.decide(trial, level, metric) else {
        return Ok(());
    };
    if decision == Decision::Pause {
        let checkpoint = Event::Checkpoint {
            trial: named(),
            level,
            bytes: 1000,
            elapsed: books.elapsed(),
        };
        books.record_with(&checkpoint, &[("sequence", json!(1))])?;
    }
    let concluded = Concluded {
        result: TrialResult {
            level,
            metric,
            decision,
        },
        checkpoint: true,
        values: Map::new(),
    };
    books.conclude(trial, concluded, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_one_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        reports(folder.path(), 500).unwrap();
        let (_, events) = Journal::read(&folder.path().join("log.jsonl")).unwrap();
        let events: Vec<Event> = events.map(|recorded| recorded.unwrap().0).collect();
        let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
        assert_eq!(count(|event| matches!(event, Event::Result { .. })), 500);
        assert!(count(|event| matches!(event, Event::Resume { .. })) > 50);
        assert!(count(|event| matches!(event, Event::Remove { .. })) > 200);
        assert!(reports(folder.path(), 1).is_err(), "never overwritten");
    }
}
