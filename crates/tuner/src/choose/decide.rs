//! From a table to the checkpoints that can go.

use std::path::PathBuf;

use rungkeeper_policies::{Choice, Need, PolicyError, RankAware};
use rungkeeper_rung_model::{
    CheckpointTracking, Decision, EventError, Mode, ModelSpec, Report, RungModel, RungView,
    SpecError, TrialStatus,
};
use rungkeeper_tuner_hooks::{Budget, PolicySpec, SetupError};
use thiserror::Error;

use super::paths::{self, SharedPath};
use super::table::{Row, Trial};
use super::{levels, negligible};
use crate::choose::{Chosen, Disk, Doomed, LevelSource, RunTable, Status, Tally};
use crate::simulation::{Levels, usual_mode};

/// What is asked of a table.
///
/// ```
/// use rungkeeper_tuner::choose::Question;
/// use rungkeeper_tuner_hooks::Budget;
///
/// let question = Question { time_ratio: 0.5, ..Question::new(Budget::of_checkpoints(16)) };
/// assert_eq!(question.policy.name(), "rank_aware");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What may be kept.
    pub budget: Budget,
    /// What is left of the run over what is used: 1 in the middle of it, and where that is not known.
    pub time_ratio: f64,
    /// Whether small or large metrics are good; `None`: as the metric's name says.
    pub mode: Option<Mode>,
    /// Rung levels; `None`: those that the table suggests. They are all resources that it lists, if each is at least twice
    /// the one before; otherwise a guess, as [`LevelSource`] tells.
    pub levels: Option<Levels>,
    /// Resource at which trials end; `None`: the largest of the table.
    pub max_resource: Option<u64>,
    /// By what the checkpoints are chosen. One that learns has nothing to learn from here.
    pub policy: PolicySpec,
    /// Whether a promoted trial stands behind its equals, as in Syne Tune 0.13. It matters for ties only.
    pub promoted_behind_equals: bool,
}

impl Question {
    /// With defaults for all but the budget: in the middle of the run, by the default policy.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            time_ratio: 1.0,
            mode: None,
            levels: None,
            max_resource: None,
            policy: PolicySpec::default(),
            promoted_behind_equals: false,
        }
    }
}

/// Why nothing could be chosen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChooseError {
    /// There are no rows.
    #[error("there are no rows, so there is nothing to choose from")]
    Empty,
    /// All rows are at one resource.
    #[error(
        "all rows are at resource {0}, so how far trials go is unknown: the max resource must be given"
    )]
    OneResource(u64),
    /// A byte budget needs sizes.
    #[error(
        "a budget of bytes needs the size of each checkpoint, but the table tells none: add a column \
         of bytes"
    )]
    NoBytes,
    /// A byte budget needs sizes, which a disk would tell if the paths were there.
    #[error(
        "a budget of bytes needs the size of each checkpoint: the table tells none, and none of the {paths} paths is there, \
         seen from {}",
        .directory.display()
    )]
    NoPathThere {
        /// How many paths the table lists.
        paths: usize,
        /// Where relative ones begin.
        directory: PathBuf,
    },
    /// Time left that is none.
    #[error(
        "the time left is {0}, but must be a number from 0 on: what is left of the run over what is used"
    )]
    TimeRatio(f64),
    /// What would be deleted is needed by others.
    #[error(transparent)]
    SharedPath(#[from] SharedPath),
    /// The rung levels.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A row that no model takes.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] SetupError),
}

/// Chooses the checkpoints to remove, so that the budget is kept.
///
/// ```
/// use rungkeeper_tuner::choose::{Question, RunRow, RunTable, choose};
/// use rungkeeper_tuner_hooks::Budget;
///
/// let mut table = RunTable::new("my run", "loss");
/// for (trial, loss) in [("a", 0.5), ("b", 0.3), ("c", 0.4), ("d", 0.7)] {
///     table.push(&RunRow::new(trial, 1, loss));
/// }
/// let question = Question {
///     max_resource: Some(27),
///     ..Question::new(Budget::of_checkpoints(3))
/// };
/// let chosen = choose(&table, &question)?;
/// assert_eq!(chosen.removals[0].trial, "d"); // rank 4 of 4
/// assert!(chosen.removals[0].chance < Some(0.1));
/// # Ok::<(), rungkeeper_tuner::choose::ChooseError>(())
/// ```
///
/// Of paths only the text is looked at; who deletes files calls [`choose_on`].
///
/// # Errors
///
/// A table from which nothing can be told, or a question that does not go with it.
pub fn choose(table: &RunTable, question: &Question) -> Result<Chosen, ChooseError> {
    let mut text_only = Disk {
        working_directory: PathBuf::new(),
        read_link: &mut |_| None,
        is_there: &mut |_| true,
        size: &mut |_| None,
    };
    choose_on(table, question, &mut text_only)
}

/// The same, where paths of the table lie on a disk: two of them may lead to the same place, and what is not there any more
/// is not chosen again. Where no path is there, the table speaks of another machine and is taken at its word, and
/// [`Chosen::absent_paths`] says so.
///
/// ```
/// use std::path::Path;
///
/// use rungkeeper_tuner::choose::{Disk, Question, RunRow, RunTable, choose_on};
/// use rungkeeper_tuner_hooks::Budget;
///
/// let mut table = RunTable::new("my run", "loss");
/// for (trial, loss, path) in [("a", 0.5, "/ck/a"), ("b", 0.3, "b"), ("c", 0.7, "../ck/b")] {
///     table.push(&RunRow { path: Some(path), ..RunRow::new(trial, 1, loss) });
/// }
/// let question = Question {
///     max_resource: Some(27),
///     ..Question::new(Budget::of_checkpoints(2))
/// };
/// let mut disk = Disk {
///     working_directory: "/ck".into(),
///     read_link: &mut |path: &Path| path.read_link().ok(),
///     is_there: &mut |path: &Path| path.symlink_metadata().is_ok(),
///     size: &mut |_| None,
/// };
/// let refused = choose_on(&table, &question, &mut disk).unwrap_err();
/// assert!(refused.to_string().contains("`../ck/b` could go, but the one of trial `b`"));
/// ```
///
/// # Errors
///
/// As of [`choose`].
pub fn choose_on(
    table: &RunTable,
    question: &Question,
    disk: &mut Disk<'_>,
) -> Result<Chosen, ChooseError> {
    let time_ratio = question.time_ratio;
    if !(time_ratio >= 0.0 && time_ratio.is_finite()) {
        return Err(ChooseError::TimeRatio(time_ratio));
    }
    let needs_sizes = question.budget.max_bytes.is_some();
    let (found, absent_paths) = table.as_found(disk, needs_sizes);
    if needs_sizes && !found.has_bytes {
        return Err(match absent_paths {
            0 => ChooseError::NoBytes,
            paths => ChooseError::NoPathThere {
                paths,
                directory: disk.working_directory.clone(),
            },
        });
    }
    // What is not there keeps its place all the same: its trial may be about to write there.
    let (listed, table) = (table, &*found);
    let (spec, levels_from) =
        levels::scheduler(table, question.levels.as_ref(), question.max_resource)?;
    spec.check()?;
    let max_resource = spec.max_resource;
    let model_spec = ModelSpec {
        mode: question.mode.unwrap_or_else(|| usual_mode(table.metric())),
        checkpoints: CheckpointTracking::Assumed,
        promoted_behind_equals: question.promoted_behind_equals,
        ..spec.model
    };
    let mut run = Run {
        table,
        mode: model_spec.mode,
        levels_from,
        levels: model_spec.rungs.iter().map(|rung| rung.level).collect(),
        max_resource,
        model: RungModel::new(&model_spec)?,
        next: vec![None; table.num_trials()],
    };
    let rows = table.in_order();
    for row in &rows {
        run.report(row)?;
    }
    let trials = run.settle()?;
    let mut chosen = run.answer(question, trials)?;
    table.add_seconds(&rows, &mut chosen.removals);
    paths::check(listed, &chosen.removals, disk)?;
    table.measure(&mut chosen.removals, disk);
    chosen.freed_bytes = sum(chosen.removals.iter().map(|doomed| doomed.bytes));
    chosen.absent_paths = absent_paths;
    if chosen.trials.ended == table.num_trials() {
        chosen.best = listed.best(table, chosen.mode);
    }
    Ok(chosen)
}

/// Sum of the sizes that are known; `None` where there are some, and none is.
fn sum(sizes: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut sizes = sizes.peekable();
    if sizes.peek().is_none() {
        return Some(0);
    }
    sizes.flatten().reduce(u64::saturating_add)
}

/// Chooses by the policy. The default one does not work out costs of 0, and shares the others among all cores: of a long rung
/// each takes some microseconds.
fn choose_by<'m>(
    spec: PolicySpec,
    rungs: &[RungView<'m>],
    need: Need,
    time_ratio: f64,
) -> Result<Vec<Choice<'m>>, PolicyError> {
    if let PolicySpec::RankAware { promotion_rule } = spec {
        let cost = RankAware::new(promotion_rule);
        return negligible::choose(cost, rungs, need, time_ratio);
    }
    spec.build()?.choose(rungs, need, time_ratio)
}

/// The run that a table tells of.
struct Run<'t> {
    table: &'t RunTable,
    mode: Mode,
    levels: Vec<u64>,
    levels_from: LevelSource,
    max_resource: u64,
    model: RungModel,
    /// Of each trial the place of the next level that it can reach; `None` before its first report.
    next: Vec<Option<usize>>,
}

impl Run<'_> {
    /// Reports a row at each level that it reaches, as if the trial were paused there and resumed.
    fn report(&mut self, row: &Row) -> Result<(), ChooseError> {
        let trial = &*self.table.trials[row.trial as usize].id;
        let next = &mut self.next[row.trial as usize];
        let is_new = next.is_none();
        let reached = self.levels.partition_point(|&level| level <= row.resource);
        let first = next.unwrap_or(0);
        *next = Some(first.max(reached));
        if is_new {
            self.model.start(trial, 0)?;
        } else {
            self.go_on(trial)?;
        }
        for place in first..reached.saturating_sub(1) {
            self.model
                .report(trial, self.levels[place], row.metric, Decision::Pause)?;
            self.go_on(trial)?;
        }
        let pause_at_rung = |report: &Report| match report.recorded {
            Some(_) => Decision::Pause,
            None => Decision::Continue,
        };
        self.model
            .report_and_decide(trial, row.resource, row.metric, pause_at_rung)?;
        Ok(())
    }

    /// The trial runs, and may report any resource: one that trains again begins anew.
    fn go_on(&mut self, trial: &str) -> Result<(), EventError> {
        match self.model.status(trial) {
            Some(TrialStatus::Running) => self.model.restart(trial),
            _ => self.model.resume(trial).map(|_| ()),
        }
    }

    /// What a trial is doing: as the table tells, or as its reports suggest.
    fn status(&self, trial: &Trial, is_running: bool) -> Status {
        match trial.status {
            Some(told) => told,
            None if trial.highest >= self.max_resource => Status::Ended,
            None if is_running => Status::Running,
            None => Status::Paused,
        }
    }

    /// Brings each trial to where the table says that it is, with what it holds.
    fn settle(&mut self) -> Result<Tally, ChooseError> {
        let mut tally = Tally::default();
        for trial in &self.table.trials {
            let id = &*trial.id;
            let known = self.model.status(id);
            if known.is_none() {
                self.model.start(id, 0)?; // it has not reported yet
            }
            let is_running = known.is_none_or(|it| it == TrialStatus::Running);
            let status = self.status(trial, is_running);
            let is_held = status != Status::Removed && self.table.holds(trial);
            match status {
                Status::Ended => {
                    self.model.complete(id)?;
                    tally.ended += 1;
                    continue;
                }
                Status::Running if is_running => {}
                Status::Running => self.model.resume(id).map(|_| ())?,
                // It was promoted where it stands, and was interrupted on its way: it goes on from there for sure.
                Status::Paused | Status::Removed | Status::Pinned if is_running => {
                    self.model
                        .report(id, trial.highest.max(1), f64::NAN, Decision::Pause)?;
                }
                Status::Paused | Status::Removed | Status::Pinned => {}
            }
            if is_held {
                let bytes = trial.size().unwrap_or(0);
                self.model.commit_checkpoint(id, trial.highest, bytes)?;
            }
            if status == Status::Running {
                tally.running += 1;
                tally.beyond_levels += usize::from(trial.status.is_none());
            } else if !is_held {
                self.model.remove_checkpoint(id)?;
                tally.without_checkpoint += 1;
            } else {
                tally.waiting += 1;
            }
            if status == Status::Pinned {
                self.model.pin(id)?;
            }
        }
        Ok(tally)
    }

    fn answer(&self, question: &Question, trials: Tally) -> Result<Chosen, ChooseError> {
        let held = self.model.num_with_checkpoint();
        let bytes = self.model.checkpoint_bytes();
        let need = question.budget.need(held, bytes);
        let rungs: Vec<RungView<'_>> = self.model.rung_views().collect();
        let chosen = choose_by(question.policy, &rungs, need, question.time_ratio)
            .map_err(SetupError::from)?;
        let mut removals = Vec::with_capacity(chosen.len());
        for choice in &chosen {
            let (rung, candidate) = (rungs[choice.rung], choice.candidate);
            let level = rung.level() as f64;
            // Rounding may leave a logarithm of a chance a little above that of 1.
            let chance = choice
                .ln_expected_cost
                .map(|ln_cost| libm::exp(ln_cost - libm::log(level)).min(1.0));
            let trial = self.table.find(candidate.trial_id);
            let paths = trial.into_iter().flat_map(|trial| &trial.paths);
            removals.push(Doomed {
                trial: candidate.trial_id.to_owned(),
                level: rung.level(),
                rank: candidate.rank,
                rung_len: rung.len(),
                chance,
                expected_cost: choice.ln_expected_cost.map(libm::exp),
                expected_seconds: None,
                bytes: trial.and_then(Trial::size),
                paths: paths.map(|(path, _)| path.to_string()).collect(),
            });
        }
        let freed_bytes = sum(removals.iter().map(|doomed| doomed.bytes));
        Ok(Chosen {
            metric: self.table.metric().to_owned(),
            mode: self.mode,
            levels: self.levels.clone(),
            levels_guessed: self.levels_from.is_guess(),
            levels_from: self.levels_from,
            max_resource: self.max_resource,
            trials,
            held,
            held_bytes: self.held_bytes(),
            candidates: self.model.num_candidates(),
            unsized_checkpoints: self.unsized_checkpoints(),
            checkpoints_over: need.checkpoints.saturating_sub(removals.len() as u64),
            freed_bytes,
            bytes_over: need.bytes.saturating_sub(freed_bytes.unwrap_or(0)),
            absent_paths: 0,
            best: None,
            removals,
        })
    }

    /// Bytes of the held checkpoints, if the size of any is told.
    fn held_bytes(&self) -> Option<u64> {
        let is_told = |trial: &Trial| {
            let status = self.model.status(&trial.id);
            let holds = [TrialStatus::Running, TrialStatus::PausedWithCheckpoint];
            trial.size().is_some() && status.is_some_and(|status| holds.contains(&status))
        };
        let is_known =
            self.model.num_with_checkpoint() == 0 || self.table.trials.iter().any(is_told);
        is_known.then(|| self.model.checkpoint_bytes())
    }

    /// Held checkpoints whose size the table does not tell, though it tells others.
    fn unsized_checkpoints(&self) -> usize {
        let is_unsized = |trial: &&Trial| {
            let status = self.model.status(&trial.id);
            status == Some(TrialStatus::PausedWithCheckpoint) && trial.size().is_none()
        };
        if self.table.has_bytes {
            self.table.trials.iter().filter(is_unsized).count()
        } else {
            0
        }
    }
}
