//! From the log back to the run.

mod left_open;
mod names;
mod set_right;

use std::io;
use std::path::{Path, PathBuf};

use rungkeeper_policies::Limits;
use rungkeeper_tuner_hooks::log::{Event, Header};
use serde_json::json;

use crate::books::{Books, Standing};
use crate::clock;
use crate::directory::{RunDirectory, read_experiment};
use crate::error::file_error;
use crate::experiment::{Experiment, changes, changes_before_reports, table_of_header};
use crate::journal::{Journal, JournalError};
use crate::origin::{Origin, Whereabouts};
use crate::parts::{Obstacles, Parts};
use crate::process::{end_left_behind, end_marked};
use crate::protocol::ReportNames;
use crate::trials::Trials;
use crate::{RunError, storage};
use left_open::LeftOpen;
use names::Names;

/// How a run is resumed.
#[derive(Clone, Debug, Default)]
pub struct ResumeOptions {
    /// The folder that the experiment's paths are relative to from now on; as before unless given.
    pub base: Option<PathBuf>,
}

/// What is still to be set right, once the parts are together.
pub(crate) struct Unsettled {
    left: LeftOpen,
    /// The run of which this is a copy.
    copied_from: Option<PathBuf>,
    limits_of_the_file: Limits,
    /// What metric and resource are called from now on, if that was changed.
    names: Option<ReportNames>,
}

impl Unsettled {
    /// Ends what was begun, notes what a person should know, and takes the limits of the file.
    pub(crate) fn settle(self, trials: &mut Trials<'_>) -> Result<(), RunError> {
        if let Some(original) = self.copied_from {
            trials.books.note(&format!(
                "this is a copy of the run in {}: its programs and checkpoints are left alone, and from now on this is a \
                 run of its own",
                original.display()
            ));
        }
        trials.set_right(&self.left)?;
        if let Some(names) = self.names {
            names::record(&mut trials.books, &names)?;
        }
        take_limits_of_the_file(&mut trials.books, self.limits_of_the_file)
    }
}

/// The parts of a run as its log leaves it. Programs that it left behind are ended.
pub(crate) fn recover(
    path: &Path,
    options: &ResumeOptions,
) -> Result<(Parts, Unsettled), RunError> {
    let directory = RunDirectory::open(path)?;
    let (experiment, _) = read_experiment(&directory.experiment()).map_err(told_to_put_back)?;
    let (journal, header, events) = match Journal::recover(&directory.log()) {
        Err(JournalError::Locked { .. }) => return Err(RunError::Locked(path.to_owned())),
        recovered => recovered?,
    };
    let Followed {
        experiment,
        taken: changed,
        names,
    } = follow_the_file(&directory, &header, experiment)?;
    let (mut origin, whereabouts) = directory.origin()?;
    let before = origin.clone();
    let (mut notes, mut obstacles) = (changed, Obstacles::default());
    match origin.find_base(directory.path(), &whereabouts, options.base.as_deref()) {
        Ok(note) => notes.extend(note),
        Err(error) => obstacles.error = Some(error),
    }
    obstacles.notes = notes;
    let mut standing = Standing::new(&experiment, &header)?;
    let mut left = LeftOpen::default();
    let (mut elapsed, mut has_checkpoints) = (0.0_f64, false);
    events.try_each(|event, fields| {
        elapsed = event.elapsed().unwrap_or(elapsed).max(elapsed);
        has_checkpoints |= matches!(event, Event::Checkpoint { .. });
        left.happened(event, fields);
        standing.replay(event, fields)
    })?;
    let store = storage::open(
        &directory,
        &origin,
        &whereabouts,
        &experiment,
        has_checkpoints,
    )?;
    standing.begin_counting_failures_anew();
    // Time without events counts too, as far as it was written down.
    elapsed = clock::read(&directory.clock()).map_or(elapsed, |late| late.max(elapsed));
    // The programs of the original are none of a copy's business.
    if !matches!(whereabouts, Whereabouts::Copied(_)) {
        end_marked(&origin.mark, experiment.grace);
        // Others cleared their environment. In the log of a copy there are numbers of the original's programs too; they
        // go with its mark, and those of runs of the first versions with none.
        let first_version = !Origin::is_written(directory.path());
        let own = left
            .processes
            .values()
            .filter(|process| match &process.mark {
                Some(mark) => *mark == origin.mark,
                None => first_version,
            });
        let numbers = own.map(|process| (process.id, process.started.as_deref()));
        end_left_behind(numbers, experiment.grace);
    }
    origin.settle(directory.path(), &whereabouts);
    if origin != before || !Origin::is_written(directory.path()) {
        origin.write(directory.path())?; // on a disk that is full nothing is written without need
    }
    let unsettled = Unsettled {
        left,
        copied_from: match whereabouts {
            Whereabouts::Copied(original) => Some(original),
            _ => None,
        },
        limits_of_the_file: experiment.limits,
        names,
    };
    let parts = Parts {
        experiment,
        directory,
        origin,
        store,
        journal,
        standing,
        elapsed,
        obstacles,
    };
    Ok((parts, unsettled))
}

/// Without its experiment file a run cannot go on, and only a person can have taken it away.
fn told_to_put_back(error: RunError) -> RunError {
    match error {
        RunError::File { path, source } if source.kind() == io::ErrorKind::NotFound => {
            let reason = "the run's copy of its experiment file is gone; put it back as it was, from the file that the \
                          run was begun with";
            file_error(&path, io::Error::new(io::ErrorKind::NotFound, reason))
        }
        error => error,
    }
}

/// The experiment as the run goes on with it.
struct Followed {
    experiment: Experiment,
    /// What was changed, a sentence each.
    taken: Vec<String>,
    /// What metric and resource are called from now on, if that was changed.
    names: Option<ReportNames>,
}

/// What was changed in the experiment file since the run began is taken over where that can be, and said.
fn follow_the_file(
    directory: &RunDirectory,
    header: &Header,
    experiment: Experiment,
) -> Result<Followed, RunError> {
    let mut fields = Journal::header_fields(&directory.log())?;
    let begun = fields.remove("experiment");
    let names = Names::of(&directory.log())?;
    let begun = names.in_table(begun.unwrap_or_else(|| table_of_header(header)));
    let experiment = experiment.with_configurations_of(&begun);
    let changes = if names.are_in_use {
        changes(&begun, &experiment)
    } else {
        changes_before_reports(&begun, &experiment)
    };
    if changes.refused.is_empty() {
        let other = names::differ(&begun, &experiment.names);
        return Ok(Followed {
            taken: changes.taken,
            names: other.then(|| experiment.names.clone()),
            experiment,
        });
    }
    Err(RunError::Changed {
        path: directory.experiment(),
        reasons: changes.refused,
    })
}

/// Limits that were changed in the file since they were last taken from it.
fn take_limits_of_the_file(books: &mut Books<'_>, limits: Limits) -> Result<(), RunError> {
    if books.limits_of_the_file() == limits {
        return Ok(());
    }
    books.set_limits(limits, &[("from_the_file", json!(true))])
}
