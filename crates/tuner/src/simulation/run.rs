//! One simulated run.

use rungkeeper_rung_model::{Decision, TrialStatus};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{RemovalCallback, TrialResult, TunerCallback};

use crate::curves::{Curve, CurveTable};
use crate::optimum::Stay;
use crate::scheduler::{PromotionScheduler, Scheduler, Task};
use crate::simulation::clock::{Clock, Due, Job, seconds_to};
use crate::simulation::draw::Order;
use crate::simulation::record::{EventSink, Recorder};
use crate::simulation::setup::{MOST_UNASKED_TRIALS, Setup};
use crate::simulation::tally::Tally;
use crate::simulation::{
    Cell, CellResult, Conditions, Curves, Retraining, Schedule, SimulationError,
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
    Run::new(curves, conditions, cell, None)?.run(cell)
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
    Run::new(curves, conditions, cell, Some(sink))?.run(cell)
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
        sink: Option<EventSink<'a>>,
    ) -> Result<Self, SimulationError> {
        let setup = Setup::new(curves, conditions, cell)?;
        let callback = setup.callback()?;
        Ok(Self {
            table: &curves.table,
            order: Order::new(setup.draw, cell.seed, curves.table.len()),
            scheduler: setup.scheduler()?,
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
        let header = self.setup.header();
        self.recorder
            .event(|| Event::Header(Box::new(header.clone())))?;
        let limits = header.limits;
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
        self.recorder.event(|| Event::Result {
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
        self.recorder.event(|| Event::Complete {
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
                } => self.start(trial, bracket, milestone)?,
                Task::Resume {
                    trial,
                    level,
                    milestone,
                } => self.resume(trial, level, milestone)?,
                // It draws its configurations itself, so it has none proposed.
                Task::Propose { .. } | Task::Wait | Task::Exhausted => {
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

    fn start(
        &mut self,
        id: String,
        bracket: usize,
        milestone: u64,
    ) -> Result<Job<'a>, SimulationError> {
        let elapsed = self.clock.now();
        self.callback.on_start_trial(&id, bracket)?;
        self.recorder.event(|| Event::Start {
            trial: id.clone(),
            bracket,
            elapsed,
        })?;
        self.tally.started();
        let number = self.trials.len();
        self.trials.push(Trial {
            curve: self.order.curve(number),
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
        self.recorder.event(|| Event::Resume {
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
