//! Schedulers: which trial a free worker trains next, and what becomes of a trial that reports.
//!
//! [`Scheduler`] is what a run loop needs of one; it is small, so that others can plug in theirs.
//! [`PromotionScheduler`] is promotion-type asynchronous successive halving, with one bracket (ASHA)
//! or several (Hyperband).
//!
//! A scheduler is a function of the calls it gets: it reads no clock, and what it draws depends on
//! the search space, the seed and the number of the trial alone. So the same calls give the same tasks, and after an
//! interruption it is brought back by telling it what happened: [`Scheduler::adopt_start`] and
//! [`Scheduler::adopt_resume`] in place of [`Scheduler::next_task`], all reports again.
//!
//! # Sources
//!
//! - Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar (2020), "A System for Massively Parallel Hyperparameter Tuning": asynchronous successive
//!   halving, the top-fraction rule.
//! - Li, Jamieson, `DeSalvo`, Rostamizadeh and Talwalkar (2018), "Hyperband: A Novel
//!   Bandit-Based Approach to Hyperparameter Optimization": brackets and their sizes.
//! - Syne Tune 0.13: the linear-quantile rule, a bracket drawn for each trial, shared rung systems.

mod bracket;
mod configurations;
mod error;
mod promotion;
mod rule;
mod spec;

pub use bracket::BracketDistribution;
pub use error::SchedulerError;
pub use promotion::PromotionScheduler;
pub use rungkeeper_score::PromotionRule;
pub use spec::PromotionSpec;

use rungkeeper_rung_model::{Decision, Report};

use crate::search_space::Configuration;

/// What a free worker is to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Task {
    /// Train a new trial from the beginning.
    Start {
        /// Its id.
        trial: String,
        /// Its bracket, 0 where there is only one.
        bracket: usize,
        /// Its hyper-parameters.
        configuration: Configuration,
        /// Resource at which it will be paused or stopped.
        milestone: u64,
    },
    /// Train a paused trial further: it is promoted.
    Resume {
        /// Its id.
        trial: String,
        /// The rung level it is paused at.
        level: u64,
        /// Resource at which it will be paused again or stopped.
        milestone: u64,
    },
    /// Train a new trial, whose configuration comes from elsewhere. It has not begun:
    /// [`Scheduler::adopt_start`] begins it, and until then the answer stays the same. Only of a
    /// scheduler that was told so, see [`PromotionScheduler::with_proposals`].
    Propose {
        /// Its id.
        trial: String,
        /// Its bracket, 0 where there is only one.
        bracket: usize,
        /// Resource at which it will be paused or stopped.
        milestone: u64,
    },
    /// Nothing now: ask again when a running trial was paused or ended.
    Wait,
    /// Nothing ever: no trial runs, none can be promoted, and no new one will come, because of the
    /// limit to their number or because the search space is used up.
    Exhausted,
}

/// What becomes of a trial that reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it goes on, is paused, or ends.
    pub decision: Decision,
    /// Where it was recorded, and what was odd about the report.
    pub report: Report,
}

/// Decides what free workers train, and when trials are paused.
///
/// Trials are named by text. Every call that is refused leaves the scheduler as it was, so the run
/// can go on. The trait can be used as `dyn Scheduler`.
///
/// A run loop calls [`Scheduler::next_task`] for each free worker and [`Scheduler::on_report`] for
/// each report, frees the worker when the decision is to pause or to stop, and says when a trial
/// ended in another way:
///
/// ```
/// use rungkeeper_rung_model::Decision;
/// use rungkeeper_tuner::scheduler::{
///     PromotionScheduler, PromotionSpec, Scheduler, SchedulerError, Task,
/// };
/// use rungkeeper_tuner::search_space::SearchSpace;
///
/// /// One worker, which trains up to each milestone and reports there. Returns resource units spent.
/// fn run(scheduler: &mut dyn Scheduler) -> Result<u64, SchedulerError> {
///     let mut spent = 0;
///     loop {
///         let (trial, from, to) = match scheduler.next_task()? {
///             Task::Start { trial, milestone, .. } => (trial, 0, milestone),
///             Task::Resume { trial, level, milestone } => (trial, level, milestone),
///             _ => return Ok(spent),
///         };
///         spent += to - from;
///         let loss = 1.0 / to as f64;
///         assert_ne!(scheduler.on_report(&trial, to, loss)?.decision, Decision::Continue);
///     }
/// }
///
/// let mut spec = PromotionSpec::geometric(1, 3, 9)?;
/// spec.max_trials = Some(9);
/// let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default())?;
/// // Nine trials to resource 1, three of them on to 3, one of those on to 9.
/// assert_eq!(run(&mut scheduler)?, 9 + 3 * 2 + 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Scheduler {
    /// What a free worker is to do. The task counts as begun.
    ///
    /// # Errors
    ///
    /// No further trial can be numbered.
    fn next_task(&mut self) -> Result<Task, SchedulerError>;

    /// A running trial reports a metric at a resource.
    ///
    /// NaN and infinite metrics are the worst, whether small or large metrics are good.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not running, or the resource is 0 or went back.
    fn on_report(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
    ) -> Result<Verdict, SchedulerError>;

    /// The training program of a running trial was started again, after a crash of its own or of
    /// the tuner: its resources may begin anew.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not running.
    fn on_restart(&mut self, trial: &str) -> Result<(), SchedulerError>;

    /// A trial ended by itself. What it was recorded with stays in the rungs; it is never promoted.
    ///
    /// # Errors
    ///
    /// The trial is unknown. For one that has ended nothing changes.
    fn on_complete(&mut self, trial: &str) -> Result<(), SchedulerError>;

    /// A trial failed for good. What it was recorded with stays in the rungs: it did report that. It
    /// is never promoted.
    ///
    /// # Errors
    ///
    /// The trial is unknown. For one that has ended nothing changes.
    fn on_failed(&mut self, trial: &str) -> Result<(), SchedulerError>;

    /// A trial that had failed runs again, from the beginning: its resources begin anew. What it was
    /// recorded with stays in the rungs, and it is not paused there again: it goes on to where it was
    /// promoted to. On recovery it is told in the same way.
    ///
    /// # Errors
    ///
    /// The trial is unknown, or did not fail.
    fn on_retry(&mut self, trial: &str) -> Result<(), SchedulerError>;

    /// On recovery: a trial was started, as a [`Task::Start`] of the run before said. It keeps that
    /// configuration, whatever would be drawn for it now; an empty one is taken for not known.
    ///
    /// # Errors
    ///
    /// It is not the trial that would have been started next, or there is no such bracket.
    fn adopt_start(
        &mut self,
        trial: &str,
        bracket: usize,
        configuration: &Configuration,
    ) -> Result<(), SchedulerError>;

    /// On recovery: a paused trial was resumed, as a [`Task::Resume`] of the run before said.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not paused.
    fn adopt_resume(&mut self, trial: &str) -> Result<(), SchedulerError>;
}
