//! One simulated run.

use rungkeeper_rung_model::{Decision, TrialStatus};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{RemovalCallback, TrialResult, TunerCallback};

use crate::curves::{Curve, CurveTable};
use crate::optimum::Stay;
use crate::scheduler::{PromotionScheduler, Scheduler, Task};
use crate::search_space::Configuration;
use crate::simulation::clock::{Clock, Due, Job, seconds_to};
use crate::simulation::draw::Order;
use crate::simulation::record::{EventSink, Recorder};
use crate::simulation::setup::{MOST_UNASKED_TRIALS, Setup};
use crate::simulation::tally::Tally;
use crate::simulation::{
    Cell, CellResult, Conditions, CurveSearch, Curves, NextCurve, Retraining, Schedule,
    SimulationError,
};

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// What it came to. The optimum is not filled in, since that takes time.
    pub result: CellResult,
    /// Who waited when; only where the schedule is frozen.
    pub schedule: Option<Schedule>,
}

/// Simulates one run.
///
/// See the [module page](crate::simulation) for what a turn is. The result is a function of the
/// arguments: no clock is read, and all random numbers come from the seed.
///
/// # Errors
///
/// Settings that do not fit each other or the curves; with replacement, more than 10^7 trials, or more than
/// 10^5 if no limit of trials is given.
///
/// # Example
///
/// 90 trials with rungs at 1 and 3, two workers, room for 6 checkpoints.
///
/// ```
/// use rungkeeper_rung_model::Mode;
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
/// use rungkeeper_tuner::simulation::{Cell, Conditions, Curves, Levels, simulate};
/// use rungkeeper_tuner_hooks::PolicySpec;
///
/// let mut file = "trial,resource,loss,seconds\n".to_owned();
/// for trial in 0..90 {
///     let loss = trial * 37 % 90;
///     file += &format!("{trial},1,{loss},10\n{trial},3,{loss},20\n{trial},9,{loss},60\n");
/// }
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
/// let curves = Curves { table, mode: Mode::Min };
/// let cell = Cell {
///     levels: Levels::geometric(3),
///     workers: 2,
///     budget: 6,
///     seed: 0,
///     policy: PolicySpec::default(),
/// };
/// let result = simulate(&curves, &Conditions::default(), &cell)?.result;
/// assert_eq!(result.started, 90);
/// assert!(result.resumed >= 30 + 10); // a third of each rung, at least
/// assert!(result.cost_percent() < 10.0); // of the training
/// assert!(result.peak_checkpoints <= 6 + 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn simulate(
    curves: &Curves,
    conditions: &Conditions,
    cell: &Cell,
) -> Result<Simulated, SimulationError> {
    run(curves, conditions, cell, None, None)
}

/// Simulates one run, and hands on the events of its log as they happen, the header first.
///
/// # Errors
///
/// As [`simulate`]; also the error of the sink.
pub fn simulate_logged(
    curves: &Curves,
    conditions: &Conditions,
    cell: &Cell,
    sink: EventSink<'_>,
) -> Result<Simulated, SimulationError> {
    run(curves, conditions, cell, None, Some(sink))
}

/// Simulates one run whose new trials have the curves that a search chooses. Which ones may be chosen is its own matter: that
/// each curve comes once, for instance. Events go to a sink as well, if there is one.
///
/// # Errors
///
/// As [`simulate_logged`]; also the error of the search, and a search that waits for what cannot happen.
///
/// ```
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
/// use rungkeeper_tuner::simulation::{
///     Cell, Conditions, CurveSearch, Curves, Levels, NextCurve, simulate_searched,
/// };
/// use rungkeeper_tuner_hooks::log::Event;
/// use rungkeeper_tuner_hooks::{BoxError, PolicySpec};
///
/// /// The third curve, and that is all.
/// struct Third(bool);
///
/// impl CurveSearch for Third {
///     fn next(&mut self, _: &str) -> Result<NextCurve, BoxError> {
///         Ok(if std::mem::replace(&mut self.0, true) { NextCurve::End } else { NextCurve::Curve(2) })
///     }
///
///     fn happened(&mut self, _: &Event) {}
/// }
///
/// let file = "trial,resource,loss\na,1,0.8\na,4,0.6\nb,1,0.9\nb,4,0.8\nc,1,0.7\nc,4,0.5\n";
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
/// let curves = Curves::new(table, None);
/// let cell = Cell {
///     levels: Levels::geometric(2),
///     workers: 1,
///     budget: 2,
///     seed: 0,
///     policy: PolicySpec::default(),
/// };
/// let conditions = Conditions::default();
/// let run = simulate_searched(&curves, &conditions, &cell, Box::new(Third(false)), None)?;
/// assert_eq!(run.result.started, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn simulate_searched<'a>(
    curves: &'a Curves,
    conditions: &Conditions,
    cell: &Cell,
    search: Box<dyn CurveSearch>,
    sink: Option<EventSink<'a>>,
) -> Result<Simulated, SimulationError> {
    run(curves, conditions, cell, Some(search), sink)
}

pub(super) fn run<'a>(
    curves: &'a Curves,
    conditions: &Conditions,
    cell: &Cell,
    search: Option<Box<dyn CurveSearch>>,
    sink: Option<EventSink<'a>>,
) -> Result<Simulated, SimulationError> {
    Run::new(curves, conditions, cell, search, sink)?.run(cell)
}

/// What the simulation keeps of a trial.
#[derive(Debug)]
struct Trial {
    curve: usize,
    /// The highest resource it reached.
    reached: u64,
    /// The turn in which it was paused last.
    paused: u64,
}

struct Run<'a> {
    table: &'a CurveTable,
    setup: Setup,
    order: Order,
    /// Chooses in place of the order.
    search: Option<Box<dyn CurveSearch>>,
    /// It chooses no more.
    search_has_ended: bool,
    scheduler: PromotionScheduler,
    callback: RemovalCallback,
    clock: Clock<'a>,
    trials: Vec<Trial>,
    tally: Tally,
    schedule: Schedule,
    recorder: Recorder<'a>,
    turn: u64,
}

impl<'a> Run<'a> {
    fn new(
        curves: &'a Curves,
        conditions: &Conditions,
        cell: &Cell,
        search: Option<Box<dyn CurveSearch>>,
        sink: Option<EventSink<'a>>,
    ) -> Result<Self, SimulationError> {
        let setup = Setup::new(curves, conditions, cell)?;
        let callback = setup.callback()?;
        Ok(Self {
            table: &curves.table,
            order: Order::new(setup.draw, cell.seed, curves.table.len()),
            scheduler: setup.scheduler(search.is_some())?,
            search,
            search_has_ended: false,
            clock: Clock::new(cell.workers as usize),
            trials: Vec::new(),
            tally: Tally::new(callback.model().rungs()),
            schedule: Schedule::default(),
            recorder: Recorder::new(sink),
            turn: 0,
            setup,
            callback,
        })
    }

    fn run(mut self, cell: &Cell) -> Result<Simulated, SimulationError> {
        let header = self.setup.header().clone();
        let limits = header.limits;
        self.event(|| Event::Header(Box::new(header)))?;
        self.fill_workers()?;
        self.end_turn()?;
        while let Some(time) = self.clock.next_time() {
            if let Some(most) = limits.seconds.filter(|&most| time > most) {
                self.clock.advance_to(most);
                break;
            }
            self.clock.advance_to(time);
            while let Some((worker, job, due)) = self.clock.take_due() {
                self.report(worker, job, due)?;
                if limits.reached(&self.tally.progress(time)) {
                    return self.finish(cell);
                }
            }
            self.fill_workers()?;
            self.end_turn()?;
        }
        self.finish(cell)
    }

    fn report(&mut self, worker: usize, mut job: Job<'a>, due: Due) -> Result<(), SimulationError> {
        let (level, metric) = (due.resource, due.metric);
        let decision = self.scheduler.on_report(&job.id, level, metric)?.decision;
        let result = TrialResult {
            level,
            metric,
            decision,
        };
        self.callback.on_trial_result(&job.id, &result)?;
        let elapsed = self.clock.now();
        self.event(|| Event::Result {
            trial: job.id.clone(),
            level,
            metric,
            decision,
            elapsed,
        })?;
        self.count(&job, &due);
        job.advance(level);
        match decision {
            Decision::Continue if !job.has_ended() => {
                self.clock.occupy(worker, job);
                return Ok(());
            }
            Decision::Stop => {}
            // What has no curve left can be trained no further.
            _ if job.has_ended() => self.complete(&job)?,
            _ => self.trials[job.trial].paused = self.turn,
        }
        self.clock.release(worker);
        Ok(())
    }

    fn count(&mut self, job: &Job<'_>, due: &Due) {
        let trial = &mut self.trials[job.trial];
        let mut first_time = (0, 0.0);
        if due.resource > trial.reached {
            let before = seconds_to(&job.curve, trial.reached);
            first_time = (due.resource - trial.reached, due.elapsed - before);
            trial.reached = due.resource;
        }
        self.tally.reported(due.trained, first_time);
    }

    fn complete(&mut self, job: &Job<'_>) -> Result<(), SimulationError> {
        self.scheduler.on_complete(&job.id)?;
        self.callback.on_trial_complete(&job.id)?;
        let elapsed = self.clock.now();
        self.event(|| Event::Complete {
            trial: job.id.clone(),
            elapsed,
        })
    }

    fn fill_workers(&mut self) -> Result<(), SimulationError> {
        while let Some(worker) = self.clock.free_worker() {
            let job = match self.scheduler.next_task()? {
                Task::Start {
                    trial,
                    bracket,
                    milestone,
                    ..
                } => {
                    let curve = self.order.curve(self.trials.len());
                    self.start(trial, (bracket, milestone), curve)?
                }
                Task::Resume {
                    trial,
                    level,
                    milestone,
                } => self.resume(trial, level, milestone)?,
                Task::Propose {
                    trial,
                    bracket,
                    milestone,
                } => {
                    let Some(curve) = self.search(&trial)? else {
                        break;
                    };
                    let unknown = Configuration::default();
                    self.scheduler.adopt_start(&trial, bracket, &unknown)?;
                    self.start(trial, (bracket, milestone), curve)?
                }
                Task::Wait | Task::Exhausted => {
                    let started = self.trials.len() as u64;
                    if self.setup.header().limits.trials.is_none() && started >= MOST_UNASKED_TRIALS
                    {
                        return Err(SimulationError::NoEnd {
                            most: MOST_UNASKED_TRIALS,
                        });
                    }
                    break;
                }
            };
            self.clock.occupy(worker, job);
        }
        Ok(())
    }

    /// The curve that the search chooses for a new trial, if it has one now.
    fn search(&mut self, trial: &str) -> Result<Option<usize>, SimulationError> {
        let Some(search) = self.search.as_mut().filter(|_| !self.search_has_ended) else {
            return Ok(None);
        };
        match search.next(trial).map_err(SimulationError::Search)? {
            NextCurve::Curve(curve) => Ok(Some(curve)),
            NextCurve::Wait if self.clock.next_time().is_none() => {
                let trial = trial.to_owned();
                Err(SimulationError::SearchWaits { trial })
            }
            NextCurve::Wait => Ok(None),
            NextCurve::End => {
                self.search_has_ended = true;
                Ok(None)
            }
        }
    }

    /// Tells an event to whoever wants to know it.
    fn event(&mut self, event: impl FnOnce() -> Event) -> Result<(), SimulationError> {
        let Some(search) = &mut self.search else {
            return self.recorder.event(event);
        };
        let event = event();
        search.happened(&event);
        self.recorder.event(|| event)
    }

    fn start(
        &mut self,
        id: String,
        (bracket, milestone): (usize, u64),
        curve: usize,
    ) -> Result<Job<'a>, SimulationError> {
        let elapsed = self.clock.now();
        self.callback.on_start_trial(&id, bracket)?;
        self.event(|| Event::Start {
            trial: id.clone(),
            bracket,
            elapsed,
        })?;
        self.tally.started();
        let number = self.trials.len();
        self.trials.push(Trial {
            curve,
            reached: 0,
            paused: 0,
        });
        let curve = self.curve(number);
        Ok(Job::new((number, id), curve, (0, milestone), elapsed))
    }

    fn resume(
        &mut self,
        id: String,
        level: u64,
        milestone: u64,
    ) -> Result<Job<'a>, SimulationError> {
        let elapsed = self.clock.now();
        let lost = self.callback.model().status(&id) == Some(TrialStatus::PausedNoCheckpoint);
        self.callback.on_resume_trial(&id)?;
        self.event(|| Event::Resume {
            trial: id.clone(),
            elapsed,
        })?;
        let number: usize = id.parse().expect("the scheduler numbers its trials");
        let curve = self.curve(number);
        let Trial {
            reached, paused, ..
        } = self.trials[number];
        if lost {
            self.tally.lost(level, seconds_to(&curve, reached));
        }
        let from = match self.setup.retraining {
            Retraining::TakesTime if lost => 0,
            Retraining::TakesTime => reached,
            Retraining::Frozen => {
                self.schedule.stayed(Stay {
                    from: paused,
                    until: self.turn,
                    weight: level,
                });
                reached
            }
        };
        Ok(Job::new((number, id), curve, (from, milestone), elapsed))
    }

    fn curve(&self, trial: usize) -> Curve<'a> {
        let curve = self.table.curve(self.trials[trial].curve);
        curve.expect("curves are drawn from the table")
    }

    /// Removals come after the free workers were filled.
    fn end_turn(&mut self) -> Result<(), SimulationError> {
        let now = self.clock.now();
        let model = self.callback.model();
        self.tally.before_removals(model.num_with_checkpoint());
        if self.setup.retraining == Retraining::Frozen {
            let running = model.num_running() as u64;
            self.schedule.running_at(self.turn, running);
        }
        let plan = self.callback.plan(now)?;
        if !plan.removals.is_empty() {
            self.recorder.plan(&plan, &self.callback)?;
            self.callback.carry_out(&plan.removals)?;
            self.recorder.removed(&plan)?;
        }
        let held = self.callback.model().num_with_checkpoint();
        self.tally.after_removals(now, held);
        self.turn += 1;
        Ok(())
    }

    fn finish(mut self, cell: &Cell) -> Result<Simulated, SimulationError> {
        self.recorder.end(self.clock.now(), &self.callback)?;
        let name = self.table.name();
        let frozen = self.setup.retraining == Retraining::Frozen;
        Ok(Simulated {
            result: self.tally.into_result(name, cell, &self.callback),
            schedule: frozen.then_some(self.schedule),
        })
    }
}
