use std::cmp::Reverse;

use rungkeeper_rung_model::{CheckpointTracking, Decision, ModelSpec, Rung, RungModel, SpecError};

use crate::scheduler::configurations::Configurations;
use crate::scheduler::rule::Rule;
use crate::scheduler::{
    BracketDistribution, PromotionSpec, Scheduler, SchedulerError, Task, Verdict,
};
use crate::search_space::{Configuration, SearchSpace};

/// Promotion-type asynchronous successive halving (ASHA, Li et al. 2020), with Hyperband's brackets.
///
/// A trial that gets to a rung is paused there, always, and stopped at the max resource. A free
/// worker looks for a trial to promote, highest rung level first (of several rung systems, of equal
/// levels that of the lower bracket first): the best of the rung's waiting trials, if the rule
/// lets it pass. Otherwise the worker starts a new trial. Trials are numbered: ids are "0", "1", ...
///
/// # Rules
///
/// With promotion quantile alpha, the trial of rank k in a rung of length n is promoted when
///
/// - *top fraction* (Li et al. 2020; the default): k <= alpha n. Promoted trials keep their place,
///   so at the time of a promotion at most floor(alpha n) of the trials that were ever promoted
///   rank as high as the one promoted, itself included. Over the whole run more than that may be
///   promoted, because better ones may arrive later;
/// - *linear quantile* (Syne Tune 0.13; rungs of at least 2): its metric is not worse than the
///   linearly interpolated quantile of all metrics, that is at most alpha (n - 1) entries are
///   strictly better. Equals pass together, so with ties there is no upper limit.
///
/// Both are decided in integers. A metric that is no finite number is the worst and never promoted;
/// it counts in the length. Rungs, ranks, ties, odd reports: see [`RungModel`].
///
/// # Brackets
///
/// The bracket of a new trial is drawn, see [`BracketDistribution`]. Unlike in Syne Tune, where a
/// bracket is drawn for each free worker and only its rungs are looked at, all rungs are: no worker
/// starts a new trial while any trial can be promoted.
///
/// # Time
///
/// A report and a task take logarithmic time in the number of trials. A rung in which nothing could
/// be promoted is not looked at again before the next arrival, since nothing else makes a
/// trial promotable.
///
/// ```
/// use rungkeeper_rung_model::Decision;
/// use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
/// use rungkeeper_tuner::search_space::SearchSpace;
///
/// let spec = PromotionSpec::geometric(1, 3, 9)?;
/// let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default())?;
/// for (number, loss) in [0.5, 0.3, 0.4].into_iter().enumerate() {
///     let trial = number.to_string();
///     assert!(matches!(scheduler.next_task()?, Task::Start { .. }));
///     assert_eq!(scheduler.on_report(&trial, 1, loss)?.decision, Decision::Pause);
/// }
/// let promoted = Task::Resume { trial: "1".to_owned(), level: 1, milestone: 3 };
/// assert_eq!(scheduler.next_task()?, promoted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PromotionScheduler {
    model: RungModel,
    rule: Rule,
    configurations: Configurations,
    brackets: BracketDistribution,
    /// First rung level of each bracket.
    first_levels: Vec<u64>,
    rungs: Vec<RungState>,
    /// Places in `rungs`, in the order in which they are looked at.
    order: Vec<usize>,
    max_resource: u64,
    max_trials: u64,
    seed: u64,
    /// Whether the configurations of new trials come from elsewhere.
    proposals: bool,
}

/// What the scheduler keeps of a rung of the model.
#[derive(Clone, Copy, Debug)]
struct RungState {
    level: u64,
    /// The next rung level of the same system, or the max resource.
    milestone: u64,
    /// Length of the rung when nothing in it could be promoted.
    searched_at: u64,
}

impl PromotionScheduler {
    /// A scheduler of a run that has not begun.
    ///
    /// # Errors
    ///
    /// As [`PromotionSpec::check`].
    pub fn new(spec: &PromotionSpec, space: SearchSpace) -> Result<Self, SpecError> {
        spec.check()?;
        let model = RungModel::new(&ModelSpec {
            checkpoints: CheckpointTracking::Assumed,
            promoted_behind_equals: false,
            ..spec.model.clone()
        })?;
        let rungs = rung_states(&model, spec.max_resource);
        let mut order: Vec<usize> = (0..rungs.len()).collect();
        order.sort_by_key(|&rung| Reverse(rungs[rung].level));
        let first_levels = spec.model.rungs.iter().map(|rung| rung.level).collect();
        Ok(Self {
            model,
            rule: Rule::new(spec),
            configurations: Configurations::new(space, spec.seed),
            brackets: BracketDistribution::new(&spec.model)?,
            first_levels,
            rungs,
            order,
            max_resource: spec.max_resource,
            max_trials: spec.max_trials.unwrap_or(u64::MAX),
            seed: spec.seed,
            proposals: false,
        })
    }

    /// The same scheduler for configurations that somebody else proposes: where it would draw one, it gives
    /// [`Task::Propose`]. Given configurations ([`SearchSpace::with_given`]) come first, as ever.
    ///
    /// ```
    /// use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
    /// use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};
    ///
    /// let domain = Domain::Uniform { low: 0.0, high: 1.0 };
    /// let space = SearchSpace::new([("x".to_owned(), domain)])?;
    /// let spec = PromotionSpec::geometric(1, 3, 9)?;
    /// let mut scheduler = PromotionScheduler::new(&spec, space)?.with_proposals();
    /// let Task::Propose { trial, bracket, .. } = scheduler.next_task()? else {
    ///     panic!("a new trial is next");
    /// };
    /// let proposed: Configuration = [("x", Value::Float(0.25))].into_iter().collect();
    /// scheduler.adopt_start(&trial, bracket, &proposed)?;
    /// assert_eq!(scheduler.configuration(0), proposed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_proposals(mut self) -> Self {
        self.proposals = true;
        self
    }

    /// Trials and rungs as the scheduler sees them: promoted trials keep their place among equals.
    /// It knows nothing of checkpoints.
    #[must_use]
    pub fn model(&self) -> &RungModel {
        &self.model
    }

    /// The hyper-parameters of a trial that was started, by its number. They depend on the search
    /// space, the seed and the number, and on what was adopted. For a trial that was not started, it
    /// is what [`SearchSpace::configuration`] draws, which another trial may have already.
    #[must_use]
    pub fn configuration(&self, number: u64) -> Configuration {
        self.configurations.get(number)
    }

    /// Whether each configuration of the search space was tried, so that no further trial is started.
    ///
    /// It is known of spaces with at most 10^6 configurations, that is of choices, small whole
    /// numbers and plain values; a space in which nothing varies is never used up.
    ///
    /// ```
    /// use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
    /// use rungkeeper_tuner::search_space::{Domain, SearchSpace};
    ///
    /// let space = SearchSpace::new([("layers".to_owned(), Domain::Int { low: 1, high: 3 })])?;
    /// let mut scheduler = PromotionScheduler::new(&PromotionSpec::geometric(1, 3, 9)?, space)?;
    /// for _ in 0..3 {
    ///     assert!(matches!(scheduler.next_task()?, Task::Start { .. }));
    /// }
    /// assert!(scheduler.space_is_used_up());
    /// assert_eq!(scheduler.next_task()?, Task::Wait); // three trials run
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn space_is_used_up(&self) -> bool {
        self.configurations.are_used_up()
    }

    /// Sets how many trials may be started in all, those that were started already included; `None`:
    /// no limit. With fewer than were started, no further one is.
    ///
    /// ```
    /// use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
    /// use rungkeeper_tuner::search_space::SearchSpace;
    ///
    /// let mut spec = PromotionSpec::geometric(1, 3, 9)?;
    /// spec.max_trials = Some(1);
    /// let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default())?;
    /// assert!(matches!(scheduler.next_task()?, Task::Start { .. }));
    /// assert_eq!(scheduler.next_task()?, Task::Wait);
    /// scheduler.set_max_trials(Some(2));
    /// assert!(matches!(scheduler.next_task()?, Task::Start { .. }));
    /// assert_eq!(scheduler.next_task()?, Task::Wait);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_max_trials(&mut self, max_trials: Option<u64>) {
        self.max_trials = max_trials.unwrap_or(u64::MAX);
    }

    /// The [`Task::Resume`] that [`Scheduler::next_task`] would give now, if it would give one. It has
    /// not begun: for tuners that start new trials themselves, [`Scheduler::adopt_resume`] begins it.
    pub fn next_promotion(&mut self) -> Option<Task> {
        let (place, trial) = self.promotable()?;
        let RungState {
            level, milestone, ..
        } = self.rungs[place];
        Some(Task::Resume {
            trial,
            level,
            milestone,
        })
    }

    /// The best trial that can be promoted, with the place of its rung.
    fn promotable(&mut self) -> Option<(usize, String)> {
        for &place in &self.order {
            let rung = &self.model.rungs()[place];
            let state = &mut self.rungs[place];
            if state.searched_at == rung.len() {
                continue;
            }
            match rung.best_waiting() {
                Some((position, trial)) if self.rule.promotes(rung, position) => {
                    return Some((place, self.model.trial_id(trial)?.to_owned()));
                }
                _ => state.searched_at = rung.len(),
            }
        }
        None
    }

    fn start(&mut self) -> Result<Task, SchedulerError> {
        let number = self.model.num_trials() as u64;
        if number >= self.max_trials || self.space_is_used_up() {
            return Ok(match self.model.num_running() {
                0 => Task::Exhausted,
                _ => Task::Wait,
            });
        }
        let trial = number.to_string();
        let bracket = self.brackets.bracket(self.seed, number);
        if self.proposals && number >= self.configurations.num_given() {
            return Ok(Task::Propose {
                trial,
                bracket,
                milestone: self.first_levels[bracket],
            });
        }
        self.model.start(&trial, bracket)?;
        // There is one: the space is not used up.
        let configuration = self.configurations.take(number).unwrap_or_default();
        Ok(Task::Start {
            trial,
            bracket,
            configuration,
            milestone: self.first_levels[bracket],
        })
    }
}

impl Scheduler for PromotionScheduler {
    fn next_task(&mut self) -> Result<Task, SchedulerError> {
        let Some(task) = self.next_promotion() else {
            return self.start();
        };
        if let Task::Resume { trial, .. } = &task {
            self.model.resume(trial)?;
        }
        Ok(task)
    }

    fn on_report(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
    ) -> Result<Verdict, SchedulerError> {
        let max_resource = self.max_resource;
        let (report, decision) =
            self.model
                .report_and_decide(trial, resource, metric, |report| {
                    if resource >= max_resource {
                        Decision::Stop
                    } else if report.recorded.is_some() {
                        Decision::Pause
                    } else {
                        Decision::Continue
                    }
                })?;
        Ok(Verdict { decision, report })
    }

    fn on_restart(&mut self, trial: &str) -> Result<(), SchedulerError> {
        Ok(self.model.restart(trial)?)
    }

    fn on_complete(&mut self, trial: &str) -> Result<(), SchedulerError> {
        Ok(self.model.complete(trial)?)
    }

    fn on_failed(&mut self, trial: &str) -> Result<(), SchedulerError> {
        Ok(self.model.fail(trial)?)
    }

    fn on_retry(&mut self, trial: &str) -> Result<(), SchedulerError> {
        Ok(self.model.retry(trial)?)
    }

    fn adopt_start(
        &mut self,
        trial: &str,
        bracket: usize,
        configuration: &Configuration,
    ) -> Result<(), SchedulerError> {
        let number = self.model.num_trials() as u64;
        let expected = number.to_string();
        if trial != expected {
            return Err(SchedulerError::AdoptedOutOfOrder {
                trial: trial.to_owned(),
                expected,
            });
        }
        self.model.start(trial, bracket)?;
        self.configurations.adopt(number, configuration);
        Ok(())
    }

    fn adopt_resume(&mut self, trial: &str) -> Result<(), SchedulerError> {
        self.model.resume(trial)?;
        Ok(())
    }
}

/// Levels and milestones of the model's rungs. Rung systems follow each other, and each ends at the
/// same level, so the next level is higher exactly if it belongs to the same system.
fn rung_states(model: &RungModel, max_resource: u64) -> Vec<RungState> {
    let levels: Vec<u64> = model.rungs().iter().map(Rung::level).collect();
    let next = levels.iter().skip(1).map(Some).chain([None]);
    levels
        .iter()
        .zip(next)
        .map(|(&level, next)| RungState {
            level,
            milestone: match next {
                Some(&next) if next > level => next,
                _ => max_resource,
            },
            searched_at: 0,
        })
        .collect()
}
