//! What the log and the store say of each trial is made one again.
//!
//! What the log holds is sacred: it is asked for by its key before it is called lost, and what was called lost and turns
//! up whole is taken up again. Only what a decision removed, and what nobody needs, is deleted.

use std::collections::BTreeMap;

use rungkeeper_checkpoints::{Stored, size_of_files};
use rungkeeper_rung_model::TrialStatus;
use rungkeeper_tuner_hooks::TrialResult;
use rungkeeper_tuner_hooks::log::Event;

use super::LeftOpen;
use super::left_open::LeftReport;
use crate::RunError;
use crate::books::Concluded;
use crate::desk::Job;
use crate::protocol::Protocol;
use crate::storage::{is_emptied, is_there};
use crate::trials::Trials;

/// The newest checkpoint of each trial that is in the store, as far as a look tells that it is whole.
type InStore = BTreeMap<String, Stored>;

impl Trials<'_> {
    /// Sets right what an interruption left open.
    pub(super) fn set_right(&mut self, left: &LeftOpen) -> Result<(), RunError> {
        // What was ready to be committed when the store or the runner failed is not lost.
        self.desk.store().finish_commits()?;
        let (mut in_store, emptied) = self.look_into_the_store(left)?;
        for (trial, report) in &left.reported {
            self.catch_up(trial, report, in_store.get(trial))?;
        }
        let trials: Vec<(String, TrialStatus)> = self
            .books
            .model()
            .trials()
            .map(|(id, status)| (id.to_owned(), status))
            .collect();
        // Somebody removed the files and left their folder: nothing is lost with it.
        let mut needless: Vec<(String, u64)> = emptied.into_iter().map(|id| (id, 0)).collect();
        needless.retain(|(trial, _)| !in_store.contains_key(trial));
        for (trial, status) in &trials {
            if self.set_trial_right(trial, *status, left, &mut in_store)?
                && let Some(stored) = in_store.get(trial)
            {
                needless.push((trial.clone(), stored.bytes));
            }
        }
        self.interrupted.reverse(); // oldest first, as they are taken from the end
        self.sweep(&in_store)?;
        // Only now: calls of a store that concern one trial must not overlap, and threads do these.
        for (trial, bytes) in needless {
            self.desk.ask(&trial, Job::Remove { bytes });
        }
        self.let_former_best_go()?;
        self.go_on_with_promotions()
    }

    /// What is there. What the log names and the listing does not is asked for by its key: a listing may be incomplete.
    /// Trials whose checkpoint was emptied come with it.
    fn look_into_the_store(&self, left: &LeftOpen) -> Result<(InStore, Vec<String>), RunError> {
        let store = self.desk.store();
        let (mut found, mut emptied) = (InStore::new(), Vec::new());
        for stored in store.list()? {
            if is_there(store, &stored) {
                found.insert(stored.trial.clone(), stored);
            } else if is_emptied(store, &stored) {
                emptied.push(stored.trial);
            }
        }
        let model = self.books.model();
        for (trial, _) in model.trials() {
            let Some(held) = model.checkpoint(trial) else {
                continue;
            };
            if !found.contains_key(trial) {
                let sequence = left.sequences.get(trial).copied();
                let asked = store.find(trial, held.level, sequence)?;
                found.extend(
                    asked
                        .filter(|stored| is_there(store, stored))
                        .map(|stored| (trial.to_owned(), stored)),
                );
            }
        }
        Ok((found, emptied))
    }

    /// Whether nobody needs what the store holds of the trial.
    fn set_trial_right(
        &mut self,
        trial: &str,
        status: TrialStatus,
        left: &LeftOpen,
        in_store: &mut InStore,
    ) -> Result<bool, RunError> {
        let stored = in_store.get(trial).cloned();
        let was_removed = stored
            .as_ref()
            .is_some_and(|stored| left.was_removed(stored));
        match status {
            TrialStatus::Running => {
                self.interrupted.push(trial.to_owned());
                let kept = left.reported_since.contains(trial)
                    && self.keep_what_it_wrote(trial, in_store)?;
                match stored {
                    _ if kept || was_removed => return Ok(was_removed && !kept),
                    // Committed at a stop, and the run was killed before that was in the log.
                    Some(stored) if !self.is_known(left, &stored) => self.adopt(&stored)?,
                    _ => {}
                }
            }
            TrialStatus::PausedWithCheckpoint => self.check_paused(trial, left, in_store)?,
            TrialStatus::PausedNoCheckpoint => match stored {
                // It was called lost, or its pause was not complete, and here it is.
                Some(stored) if !was_removed => self.adopt(&stored)?,
                stored => return Ok(stored.is_some()),
            },
            TrialStatus::StoppedOrCompleted if self.books.model().is_pinned(trial) => {
                self.check_pinned(trial, in_store)?;
            }
            TrialStatus::StoppedOrCompleted => return Ok(stored.is_some()),
        }
        Ok(false)
    }

    /// Whether a checkpoint in the store is the one that the log holds.
    fn is_known(&self, left: &LeftOpen, stored: &Stored) -> bool {
        let trial = &stored.trial;
        let known = self.books.model().checkpoint(trial);
        let sequence = left.sequences.get(trial);
        known.is_some_and(|known| known.level == stored.level)
            && sequence.is_none_or(|sequence| *sequence == stored.sequence)
    }

    /// In the one-way protocol what a program wrote is complete at any moment: it is a checkpoint of its last report.
    fn keep_what_it_wrote(
        &mut self,
        trial: &str,
        in_store: &mut InStore,
    ) -> Result<bool, RunError> {
        if self.experiment.protocol != Protocol::OneWay {
            return Ok(false);
        }
        let Some((resource, _)) = self.books.last_report(trial) else {
            return Ok(false);
        };
        let store = self.desk.store();
        let wrote = store.live(trial)?.filter(|live| size_of_files(live) > 0);
        let newer = in_store
            .get(trial)
            .is_none_or(|stored| stored.level <= resource);
        if wrote.is_none() || !newer {
            return Ok(false);
        }
        let number = self.books.next_process();
        let committed = match store.commit(trial, resource, number) {
            Ok(committed) => committed,
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(error) => {
                self.books
                    .note(&format!("the checkpoint of trial \"{trial}\": {error}"));
                return Ok(false);
            }
        };
        in_store.insert(trial.to_owned(), committed.stored.clone());
        self.committed(trial, committed)?;
        Ok(true)
    }

    /// The run was cut short between a report and its result. If the checkpoint of that moment is
    /// there, the trial would go on behind it, so the report counts; otherwise it is made again.
    fn catch_up(
        &mut self,
        trial: &str,
        report: &LeftReport,
        stored: Option<&Stored>,
    ) -> Result<(), RunError> {
        let (level, metric) = (report.level, report.metric);
        let Some(stored) = stored.filter(|stored| stored.level == level) else {
            return Ok(());
        };
        let known = self.books.model().checkpoint(trial);
        if known.is_none_or(|known| known.level != level) {
            self.adopt(stored)?;
        }
        let Ok(decision) = self.books.decide(trial, level, metric) else {
            return Ok(());
        };
        let result = TrialResult {
            level,
            metric,
            decision,
        };
        let concluded = Concluded {
            result,
            checkpoint: true,
            values: report.values.clone(),
        };
        self.books
            .conclude(trial, concluded, self.experiment.pin_best)
    }

    /// A paused trial has a checkpoint as far as the log knows: does it?
    fn check_paused(
        &mut self,
        trial: &str,
        left: &LeftOpen,
        in_store: &mut InStore,
    ) -> Result<(), RunError> {
        let model = self.books.model();
        let level = model.trial_information(trial).map_or(0, |t| t.level);
        let known = model.checkpoint(trial);
        let of_the_pause =
            known.is_some_and(|known| known.level >= level) || !left.unsettled.contains(trial);
        let stored = in_store.get(trial).cloned();
        match stored {
            Some(stored) if self.is_known(left, &stored) && of_the_pause => Ok(()),
            Some(stored) if !self.is_known(left, &stored) && stored.level >= level => {
                self.adopt(&stored)
            }
            stored => {
                if self.keep_what_it_wrote(trial, in_store)? {
                    return Ok(());
                }
                // One from before the pause spares a part of the training.
                if let Some(older) = stored {
                    self.adopt(&older)?;
                    self.books.note(&format!(
                        "trial \"{trial}\" left no checkpoint at its pause: it keeps the one at level {}",
                        older.level
                    ));
                    return Ok(());
                }
                self.books.lose(trial)?;
                self.books.note(&match known {
                    Some(known) => format!(
                        "the checkpoint of trial \"{trial}\" at level {} is gone or damaged: the trial trains from \
                         scratch if it is promoted",
                        known.level
                    ),
                    None => format!("trial \"{trial}\" left no checkpoint at its pause"),
                });
                Ok(())
            }
        }
    }

    /// What was to be kept whatever the policy says may have been removed by hand: then a note tells it, and it does not count.
    fn check_pinned(&mut self, trial: &str, in_store: &mut InStore) -> Result<(), RunError> {
        let known = self.books.model().checkpoint(trial);
        match (known, in_store.get(trial).cloned()) {
            (None, Some(stored)) => self.adopt(&stored),
            (Some(known), None) => {
                self.books.note(&format!(
                    "the checkpoint of trial \"{trial}\" at level {} was to be kept and is gone: somebody removed it, or \
                     its files; it no longer counts in the budget",
                    known.level
                ));
                self.books.unpin(trial).map(drop)
            }
            (None, None) => self.keep_what_it_wrote(trial, in_store).map(drop),
            (Some(_), Some(_)) => Ok(()),
        }
    }

    /// Clears up what nobody needs. What could not be deleted before and is gone now is written down.
    fn sweep(&mut self, in_store: &InStore) -> Result<(), RunError> {
        let swept = self.desk.store().sweep()?;
        let mut stuck: Vec<String> = Vec::new();
        for (aside, error) in swept.failed {
            self.books
                .note(&format!("left over of trial \"{}\": {error}", aside.trial));
            stuck.push(aside.trial.clone());
            self.desk.purge([aside]);
        }
        let undeleted = self.books.undeleted();
        for trial in undeleted {
            if !in_store.contains_key(&trial) && !stuck.contains(&trial) {
                let elapsed = self.books.elapsed();
                self.books.record(&Event::Removed { trial, elapsed })?;
            }
        }
        Ok(())
    }
}
