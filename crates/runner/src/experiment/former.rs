//! The best configurations of another run.

use std::collections::HashMap;
use std::path::Path;

use rungkeeper_tuner::search_space::{Configuration, SearchSpace};
use rungkeeper_tuner_hooks::RemovalCallback;
use rungkeeper_tuner_hooks::log::Event;

use crate::books::Ranking;
use crate::directory::RunDirectory;
use crate::journal::{Journal, configuration};

/// The configurations of the best trials of a run, the best first: as many as are asked for, or as there are.
/// Parameters that the space has not are left out, since a value of theirs has no meaning here.
pub(super) fn best(
    run: &Path,
    number: u64,
    space: &SearchSpace,
) -> Result<Vec<Configuration>, String> {
    let shown = run.display();
    let refused = |why: &str| format!("cannot take the best of {shown}: {why}");
    if number == 0 {
        return Err(refused("best is 0, but must be at least 1"));
    }
    let directory = RunDirectory::look_at(run).map_err(|error| refused(&error.to_string()))?;
    let ranked = ranked(&directory.log()).map_err(|error| refused(&error))?;
    if ranked.is_empty() {
        return Err(refused("no trial of it has reported a number"));
    }
    let mut given = Vec::new();
    for (trial, configuration) in ranked {
        let known: Configuration = configuration
            .iter()
            .filter(|(name, _)| space.domain(name).is_some())
            .map(|(name, value)| (name, value.clone()))
            .collect();
        if known.is_empty() {
            let why = format!(
                "its trial {trial} has none of the parameters {}",
                space.names().join(", ")
            );
            return Err(refused(&why));
        }
        let accepted = space.accept(known);
        let accepted = accepted.map_err(|error| refused(&format!("trial {trial}: {error}")))?;
        // Trials of an endless space have different ones; of a part of it they may have the same.
        if !given.contains(&accepted) {
            given.push(accepted);
        }
        if given.len() as u64 == number {
            break;
        }
    }
    Ok(given)
}

/// Trials with their configurations, the best first.
fn ranked(log: &Path) -> Result<Vec<(String, Configuration)>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let (header, events) = Journal::read(log).map_err(|error| said(&error))?;
    let mut callback = RemovalCallback::of_header(&header).map_err(|error| said(&error))?;
    let mut ranking = Ranking::new(header.rungs.iter().map(|rung| rung.level));
    let mut configurations: HashMap<String, Configuration> = HashMap::new();
    for recorded in events {
        let (event, fields) = recorded.map_err(|error| said(&error))?;
        callback.apply(&event).map_err(|error| said(&error))?;
        ranking.happened(&event, callback.model());
        if let Event::Start { trial, .. } = event {
            configurations.insert(trial, configuration(&fields));
        }
    }
    let all = ranking.all(callback.model()).into_iter();
    let known = all.filter_map(|trial| configurations.remove_entry(trial));
    Ok(known.collect())
}
