//! An attempt on a frozen run: what it loses.

use anyhow::Result;
use rungkeeper_policies::{Budget, Limits, Progress};
use rungkeeper_rung_model::{Decision, MetricKey, Mode, RungModel};
use rungkeeper_tuner_hooks::log::Event;

use crate::attempt::{Attempt, Candidate, Past, Running, View, number};
use crate::frozen::{Frozen, Turn};

/// What was lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Loss {
    /// Sum of the levels of trials that were resumed without their checkpoint.
    pub cost: u64,
    /// Number of those.
    pub misses: u64,
}

/// Feeds a frozen run to an attempt, which keeps the budget at the end of each turn.
///
/// `limits` is what is announced to end the run, which the time ratio comes from: the run's own, or
/// others where the announcement is wrong.
///
/// # Errors
///
/// As the attempt's; events that do not fit each other.
pub fn replay(
    frozen: &Frozen,
    limits: &Limits,
    budget: u64,
    attempt: &mut dyn Attempt,
) -> Result<Loss> {
    let mut state = State::new(frozen)?;
    for turn in &frozen.turns {
        state.take(turn, attempt)?;
        state.keep(budget, limits, attempt)?;
    }
    Ok(state.loss)
}

struct State {
    mode: Mode,
    model: RungModel,
    running: Vec<Running>,
    past: Past,
    progress: Progress,
    loss: Loss,
}

impl State {
    fn new(frozen: &Frozen) -> Result<Self> {
        let model = RungModel::new(&frozen.spec)?;
        let arrivals = vec![Vec::new(); model.rungs().len()];
        Ok(Self {
            mode: frozen.spec.mode,
            model,
            running: Vec::new(),
            past: Past {
                arrivals,
                ..Past::default()
            },
            progress: Progress::default(),
            loss: Loss::default(),
        })
    }

    fn take(&mut self, turn: &Turn, attempt: &mut dyn Attempt) -> Result<()> {
        self.progress.seconds = turn.elapsed;
        for event in &turn.events {
            match event {
                Event::Start { trial, bracket, .. } => self.start(trial, *bracket)?,
                Event::Resume { trial, .. } => self.resume(trial)?,
                Event::Complete { trial, .. } => self.model.complete(trial)?,
                Event::Result { .. } => self.result(event, attempt)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn start(&mut self, trial: &str, bracket: usize) -> Result<()> {
        self.model.start(trial, bracket)?;
        self.progress.trials += 1;
        let rungs = self.model.rungs().len();
        self.past.standings.push(vec![None; rungs]);
        self.running.push(Running {
            trial: number(trial),
            next_rung: bracket,
            metric: None,
        });
        Ok(())
    }

    fn resume(&mut self, trial: &str) -> Result<()> {
        let resumed = self.model.resume(trial)?;
        if resumed.lost_checkpoint {
            self.loss.cost += resumed.level.unwrap_or(0);
            self.loss.misses += 1;
        }
        let trial = number(trial);
        let standings = &self.past.standings[trial];
        let highest = standings.iter().rposition(Option::is_some);
        self.running.push(Running {
            trial,
            next_rung: highest.map_or(0, |rung| rung + 1),
            metric: highest.and_then(|rung| standings[rung]),
        });
        Ok(())
    }

    fn result(&mut self, event: &Event, attempt: &mut dyn Attempt) -> Result<()> {
        let Event::Result {
            trial,
            level,
            metric,
            decision,
            ..
        } = event
        else {
            return Ok(());
        };
        let report = self.model.report(trial, *level, *metric, *decision)?;
        self.progress.reports += 1;
        self.progress.resource += report.trained;
        self.past.reports += 1;
        if let Some(data) = &report.data {
            attempt.observe(data)?;
        }
        let place = self.running.iter().position(|r| r.trial == number(trial));
        let place = place.expect("trials that report are running");
        let metric = MetricKey::new(*metric, self.mode);
        if report.recorded.is_some() {
            let Running {
                trial, next_rung, ..
            } = self.running[place];
            self.past.arrivals[next_rung].push(self.past.reports);
            self.past.standings[trial][next_rung] = Some(metric);
            self.running[place].next_rung += 1;
        }
        if *decision == Decision::Continue {
            self.running[place].metric = Some(metric);
        } else {
            self.running.swap_remove(place);
        }
        Ok(())
    }

    fn keep(&mut self, budget: u64, limits: &Limits, attempt: &mut dyn Attempt) -> Result<()> {
        let held = self.model.num_with_checkpoint();
        let need = Budget::of_checkpoints(budget).need(held, 0);
        if need.is_none() {
            return Ok(());
        }
        let candidates = Candidate::all(&self.model);
        let view = View {
            model: &self.model,
            candidates: &candidates,
            running: &self.running,
            time_ratio: limits.time_ratio(&self.progress),
            past: &self.past,
        };
        let chosen = attempt.choose(&view, need)?;
        let chosen: Vec<String> = chosen
            .iter()
            .map(|&place| candidates[place].trial_id.to_owned())
            .collect();
        for trial in chosen {
            self.model.remove_checkpoint(&trial)?;
        }
        Ok(())
    }
}
