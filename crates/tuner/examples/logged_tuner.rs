//! A small tuner that may be killed at any time: it writes an event log, and goes on from it.
//!
//! An event is applied, then written, then acted on. So one that is refused is not in the log, and of what was begun the log
//! knows.
#![allow(clippy::print_stdout)]
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rungkeeper_tuner::log::{read_lines, to_line};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
use rungkeeper_tuner::search_space::{Configuration, SearchSpace};
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{BoxError, Budget, Decision, RemovalCallback, TrialStatus};

/// One worker, 30 trials, rungs 1 and 3, four checkpoints.
pub(crate) struct Tuner {
    folder: PathBuf,
    log: File,
    scheduler: PromotionScheduler,
    callback: RemovalCallback,
    /// Seconds of the run; here a unit of training takes one.
    elapsed: f64,
}

impl Tuner {
    /// Begins a run in a folder, or goes on with the one that is there.
    pub(crate) fn open(folder: &Path) -> Result<Self, BoxError> {
        fs::create_dir_all(folder)?;
        let path = folder.join("log.jsonl");
        let mut log = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        // A line that a kill cut off was not acted on.
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        log.set_len(text.len() as u64)?;
        let mut spec = PromotionSpec::from_levels(&[1, 3], 9)?;
        spec.max_trials = Some(30);
        if text.is_empty() {
            let mut header = Header::new("logged tuner", &spec.model, spec.max_resource);
            header.budget = Budget::of_checkpoints(4);
            text = to_line(&Event::Header(Box::new(header))) + "\n";
            log.write_all(text.as_bytes())?;
        }
        let mut lines = read_lines(text.as_bytes());
        let Some((_, Event::Header(header))) = lines.next().transpose()? else {
            return Err("a log begins with a header".into());
        };
        let mut scheduler = PromotionScheduler::new(&spec, SearchSpace::default())?;
        let mut replay = Replay::recorded(RemovalCallback::of_header(&header)?);
        let (mut elapsed, mut removed) = (0.0, BTreeSet::new());
        for line in lines {
            let (line, event) = line?;
            elapsed = event.elapsed().unwrap_or(elapsed);
            match &event {
                Event::Start { trial, bracket, .. } => {
                    scheduler.adopt_start(trial, *bracket, &Configuration::default())?;
                }
                Event::Resume { trial, .. } => scheduler.adopt_resume(trial)?,
                Event::Result {
                    trial,
                    level,
                    metric,
                    ..
                } => {
                    scheduler.on_report(trial, *level, *metric)?;
                }
                Event::Remove { removal, .. } => _ = removed.insert(removal.trial.clone()),
                _ => {}
            }
            replay.feed(line, &event)?;
        }
        let callback = replay.into_callback()?;
        let tuner = Self {
            folder: folder.to_owned(),
            log,
            scheduler,
            callback,
            elapsed,
        };
        // Whether what was removed last is gone nobody knows. What has ended since is no candidate: its files stay.
        for trial in removed {
            if tuner.callback.model().status(&trial) == Some(TrialStatus::PausedNoCheckpoint) {
                tuner.delete(&trial)?;
            }
        }
        Ok(tuner)
    }

    pub(crate) fn run(&mut self) -> Result<(), BoxError> {
        // Whose training the kill ended begins again from the checkpoint that the log holds.
        let mut trials = self.callback.model().trials();
        let running = trials.find(|trial| trial.1 == TrialStatus::Running);
        let mut trial = running.map(|(trial, _)| trial.to_owned());
        drop(trials);
        if let Some(trial) = trial.clone() {
            self.tell(&Event::Restart {
                trial,
                elapsed: self.elapsed,
            })?;
        }
        loop {
            if let Some(trial) = &trial {
                self.train(trial)?;
            }
            trial = self.begin()?; // first the free workers are filled: what runs is no candidate
            self.loop_end()?;
            if trial.is_none() {
                let end = Event::End(self.callback.end_of_run(self.elapsed));
                return self.tell(&end);
            }
        }
    }

    fn begin(&mut self) -> Result<Option<String>, BoxError> {
        let elapsed = self.elapsed;
        let (event, trial) = match self.scheduler.next_task()? {
            Task::Start { trial, bracket, .. } => (
                Event::Start {
                    trial: trial.clone(),
                    bracket,
                    elapsed,
                },
                trial,
            ),
            Task::Resume { trial, .. } => (
                Event::Resume {
                    trial: trial.clone(),
                    elapsed,
                },
                trial,
            ),
            _ => return Ok(None),
        };
        self.tell(&event)?;
        Ok(Some(trial))
    }

    /// Trains from the checkpoint, or from the beginning, up to the next rung or to the end.
    fn train(&mut self, id: &str) -> Result<(), BoxError> {
        let model = self.callback.model();
        let level = match model
            .trial_information(id)
            .map_or(0, |standing| standing.level)
        {
            0 => 1,
            1 => 3,
            _ => 9,
        };
        let from = model
            .checkpoint(id)
            .map_or(0, |checkpoint| checkpoint.level);
        self.elapsed += (level - from) as f64;
        fs::create_dir_all(self.checkpoint(id))?;
        fs::write(self.checkpoint(id).join("level"), level.to_string())?;
        let (trial, elapsed) = (id.to_owned(), self.elapsed);
        // Before the result: one that stops a trial would leave nothing to commit.
        self.tell(&Event::Checkpoint {
            trial: trial.clone(),
            level,
            bytes: 1_000_000,
            elapsed,
        })?;
        let metric = (0.7 * id.parse::<f64>()?).sin() + 1.0 / level as f64;
        let decision = self.scheduler.on_report(id, level, metric)?.decision;
        assert_ne!(decision, Decision::Continue);
        self.tell(&Event::Result {
            trial,
            level,
            metric,
            decision,
            elapsed,
        })
    }

    fn loop_end(&mut self) -> Result<(), BoxError> {
        let plan = self.callback.plan(self.elapsed)?;
        if plan.removals.is_empty() {
            return Ok(());
        }
        for removal in plan.removals.clone() {
            self.write(&Event::Remove {
                removal,
                elapsed: self.elapsed,
            })?;
        }
        self.write(&Event::LoopEnd(self.callback.loop_end(&plan)))?;
        self.callback.carry_out(&plan.removals)?;
        plan.removals
            .iter()
            .try_for_each(|removal| self.delete(&removal.trial))
    }

    fn tell(&mut self, event: &Event) -> Result<(), BoxError> {
        self.callback.apply(event)?;
        self.write(event)
    }

    fn write(&mut self, event: &Event) -> Result<(), BoxError> {
        Ok(self.log.write_all((to_line(event) + "\n").as_bytes())?)
    }

    fn checkpoint(&self, trial: &str) -> PathBuf {
        self.folder.join("checkpoints").join(trial)
    }

    fn delete(&self, trial: &str) -> Result<(), BoxError> {
        match fs::remove_dir_all(self.checkpoint(trial)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()), // that there is none is no error
        }
    }
}

fn main() -> Result<(), BoxError> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("give the folder of the run")?;
    let mut tuner = Tuner::open(folder.as_ref())?;
    tuner.run()?;
    println!("{:?}", tuner.callback.extra_results());
    Ok(())
}
