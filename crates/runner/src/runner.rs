//! The loop of a run.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::Pending;
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Budget, ExtraResults, Limits};

use crate::before::check;
use crate::experiment::Experiment;
use crate::message::Message;
use crate::observer::{Observer, Outcome, Stop, View};
use crate::parts::{Obstacles, Parts};
use crate::requests::{self, Inbox, Request};
use crate::trials::{Halt, Trials};
use crate::{Collected, Orphans, ResumeOptions, RunError, collection, recovery};

/// How long the loop sleeps when no message comes and it waits for something that sends none.
const TICK: Duration = Duration::from_millis(20);

/// How long it sleeps otherwise: signals, requests and the end of patience are noticed that late.
const IDLE: Duration = Duration::from_millis(100);

/// Messages that training programs and the store may be ahead of the loop before they have to wait.
const MESSAGES_AHEAD: usize = 4096;

/// Time for deletions at the end of a run before what is left is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long work on the store is waited for, beyond the grace of programs, when all is to end now.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);

/// A run on this machine.
pub struct Runner<'o> {
    trials: Trials<'o>,
    obstacles: Obstacles,
    messages: Receiver<Message>,
    inbox: Inbox,
    /// When processes were last looked at.
    looked: Instant,
    /// Since when all is to end now.
    hurried: Option<Instant>,
}

impl<'o> Runner<'o> {
    /// A new run in a directory of its own, which must be new or empty. All that can be checked is checked before
    /// anything is made.
    ///
    /// # Errors
    ///
    /// The experiment has problems, its program cannot be started, the directory holds a run or something else, or the
    /// store cannot be used.
    pub fn create(
        experiment_file: &Path,
        directory: &Path,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, RunError> {
        let (experiment, text) = check(experiment_file)?;
        Self::begin(experiment, &text, experiment_file, directory, observer)
    }

    /// A run of one trial that ends after its first report, to see whether program and experiment file fit each other:
    /// one worker, no budget, and checkpoints in the run's directory. It stops by itself if the program ends without a
    /// report; an observer that sees a report which pauses nobody has to stop it.
    ///
    /// # Errors
    ///
    /// As [`Runner::create`].
    pub fn try_out(
        experiment_file: &Path,
        directory: &Path,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, RunError> {
        let (experiment, text) = check(experiment_file)?;
        let experiment = experiment.for_one_report()?;
        Self::begin(experiment, &text, experiment_file, directory, observer)
    }

    fn begin(
        experiment: Experiment,
        text: &str,
        experiment_file: &Path,
        directory: &Path,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, RunError> {
        let parts = Parts::create(experiment, text, experiment_file, directory)?;
        Ok(Self::build(parts, observer))
    }

    /// An interrupted or finished run, brought back from its log. Processes it left behind are ended.
    ///
    /// # Errors
    ///
    /// The directory holds no run, another process works on it, the log is damaged, the experiment file was changed
    /// where the run cannot follow, or the store is not there.
    pub fn resume(
        directory: &Path,
        options: &ResumeOptions,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, RunError> {
        let (parts, unsettled) = recovery::recover(directory, options)?;
        let mut runner = Self::build(parts, observer);
        unsettled.settle(&mut runner.trials)?;
        Ok(runner)
    }

    fn build(parts: Parts, observer: &'o mut dyn Observer) -> Self {
        let (to, messages) = sync_channel(MESSAGES_AHEAD);
        let inbox = Inbox::new(parts.directory.requests());
        let (trials, obstacles) = parts.into_trials(observer, &to);
        Self {
            trials,
            obstacles,
            messages,
            inbox,
            looked: Instant::now(),
            hurried: None,
        }
    }

    /// Keeps another budget from now on; a smaller one is reached at once, in the order of the policy.
    ///
    /// # Errors
    ///
    /// The budget is too small for the workers and what is pinned, or for the largest checkpoint so far, or the log cannot be written.
    pub fn set_budget(&mut self, budget: Budget) -> Result<(), RunError> {
        let experiment = &self.trials.experiment;
        let kept = self.trials.books.num_kept(None, experiment.pin_best);
        budget.check_workers(experiment.workers, kept)?;
        budget.check_size(self.trials.books.largest())?;
        let event = Event::Budget {
            budget,
            elapsed: self.trials.books.elapsed(),
        };
        self.trials.books.record(&event)
    }

    /// From now on these limits end the run, and the time ratio counts from them.
    ///
    /// # Errors
    ///
    /// A limit that is not positive, or the log cannot be written.
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), RunError> {
        self.trials.books.set_limits(limits, &[])
    }

    /// Trials that failed are tried again, from the beginning. Returns how many there are.
    ///
    /// # Errors
    ///
    /// The log cannot be written.
    pub fn retry_failed(&mut self) -> Result<usize, RunError> {
        self.trials.retry_failed()
    }

    /// The budget that is kept.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.trials.books.budget()
    }

    /// What ends the run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.trials.books.limits()
    }

    /// Hyper-parameters of a trial.
    #[must_use]
    pub fn configuration(&self, trial: &str) -> Configuration {
        self.trials.books.configuration(trial)
    }

    /// The removal callback's figures.
    #[must_use]
    pub fn extra_results(&self) -> ExtraResults {
        self.trials.books.extra_results()
    }

    /// What there is to see now.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.trials.books.view(self.trials.desk.num_deleting())
    }

    /// Runs until a limit is reached, nothing is left to train, or the observer stops it.
    ///
    /// # Errors
    ///
    /// The log or the store fails: the run stops with nothing lost, and can be resumed.
    pub fn run(&mut self) -> Result<Outcome, RunError> {
        let Obstacles { notes, error } = std::mem::take(&mut self.obstacles);
        for note in notes {
            self.trials.books.note(&note);
        }
        error.map_or(Ok(()), Err)?;
        self.trials.check_command()?;
        // Whoever watches knows what was before anything happens.
        self.trials.show();
        loop {
            self.look_whether_to_stop();
            self.listen()?;
            if self.looked.elapsed() >= TICK {
                self.looked = Instant::now();
                self.trials.look_after_slots()?;
            }
            self.hear_requests()?;
            self.trials.keep_budget()?;
            self.trials.note_deletions()?;
            let idle = self.trials.fill()?;
            // Trials that were started count as well.
            self.trials.keep_budget()?;
            self.trials.show();
            if (idle && self.trials.slots.are_empty()) || self.nobody_waits() {
                return self.finish();
            }
        }
    }

    fn look_whether_to_stop(&mut self) {
        let asked = self.trials.books.ledger.asks_to_stop();
        let stopping = &mut self.trials.stopping;
        stopping.asked = stopping.asked.max(asked);
        if stopping.asked == Stop::Now && self.hurried.is_none() {
            self.hurried = Some(Instant::now());
            self.trials.desk.hurry();
        }
        self.halt_at_a_limit();
        if self.trials.stopping.is_under_way() {
            self.trials.desk.start_nothing();
            self.trials.end_search();
        }
    }

    /// Whether a limit is reached, which ends the run.
    fn halt_at_a_limit(&mut self) -> bool {
        let trials = &self.trials;
        let reached = trials.books.limit_is_reached(trials.slots.unwritten());
        if reached {
            self.trials.stopping.halt(Halt::Limit);
        }
        reached
    }

    /// Whether all was to end now, and had its time.
    fn nobody_waits(&self) -> bool {
        let patience = self.trials.experiment.grace + SHORT_PATIENCE;
        self.hurried
            .is_some_and(|since| since.elapsed() >= patience)
    }

    /// Takes what came, waiting a moment for the first.
    fn listen(&mut self) -> Result<(), RunError> {
        let waits = self.trials.wait_for_something();
        let moment = if waits { TICK } else { IDLE };
        let mut next = self.messages.recv_timeout(moment).ok();
        // No more than there is room for, so that a talkative program cannot hold up the loop.
        for _ in 0..MESSAGES_AHEAD {
            match next {
                None => break,
                Some(Message::Said(said)) => self.trials.heard(said)?,
                Some(Message::Done(done)) => self.trials.done(done)?,
                Some(Message::Search(heard)) => self.trials.heard_of_search(heard),
            }
            // A limit that is reached by a report is reached before the next one.
            if self.halt_at_a_limit() {
                self.trials.look_after_slots()?;
            }
            next = self.messages.try_recv().ok();
        }
        Ok(())
    }

    /// Takes up what people asked since the last look.
    fn hear_requests(&mut self) -> Result<(), RunError> {
        for (path, request) in self.inbox.look() {
            let outcome = request.and_then(|request| self.fulfil(&request));
            let answered = match outcome {
                // What keeps the log from being written ends the run as anywhere else.
                Err(error @ (RunError::Journal(_) | RunError::Store(_))) => return Err(error),
                Err(error) => {
                    self.trials.books.note(&format!("refused: {error}"));
                    requests::refuse(&path, &error)
                }
                Ok(()) => requests::done(&path),
            };
            // Nobody's run ends because of somebody's file.
            if let Err(error) = answered {
                let note = self.inbox.leave_alone(path, &error);
                self.trials.books.note(&note);
            }
        }
        Ok(())
    }

    /// Does what a request asks for.
    ///
    /// # Errors
    ///
    /// As [`Runner::pin`], [`Runner::unpin`] and [`Runner::unpin_best`].
    pub fn fulfil(&mut self, request: &Request) -> Result<(), RunError> {
        match request {
            Request::Pin(trial) => self.pin(trial),
            Request::Unpin(trial) => self.unpin(trial),
            Request::UnpinBest(trial) => self.unpin_best(trial),
        }
    }

    /// Keeps the checkpoint of a trial because a person asks for it.
    ///
    /// # Errors
    ///
    /// The trial is unknown or has no checkpoint; the budget has no room for another one that is kept; or the log cannot
    /// be written.
    pub fn pin(&mut self, trial: &str) -> Result<(), RunError> {
        self.trials.pin(trial)
    }

    /// Ends a pin; the checkpoint of a trial that has ended goes.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not pinned; it is the best one, which the run keeps; or the log cannot be written.
    pub fn unpin(&mut self, trial: &str) -> Result<(), RunError> {
        self.trials.unpin(trial, false)
    }

    /// As [`Runner::unpin`], for the best trial too, whose checkpoint goes.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not pinned, or the log cannot be written.
    pub fn unpin_best(&mut self, trial: &str) -> Result<(), RunError> {
        self.trials.unpin(trial, true)
    }

    /// Makes room: removes checkpoints until `budget` is kept this once, in the order of the policy, and waits until
    /// they are gone.
    ///
    /// # Errors
    ///
    /// The log cannot be written, or the store cannot be read.
    pub fn collect(&mut self, budget: Budget) -> Result<Collected, RunError> {
        let gone = collection::collect(&mut self.trials, budget)?;
        let left = self.settle()?;
        let model = self.trials.books.model();
        let best = self.trials.kept_as_best();
        Ok(Collected::new(gone, left, model, budget).with_best(best))
    }

    /// Removes the checkpoints in the store that this run committed and its log does not own. What
    /// the run did not make is left alone.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a checkpoint cannot be removed.
    pub fn collect_orphans(&mut self) -> Result<Orphans, RunError> {
        collection::collect_orphans(&mut self.trials)
    }

    fn finish(&mut self) -> Result<Outcome, RunError> {
        let hurried = self.hurried.is_some();
        self.trials.wait_for_the_end_of_search();
        // Nothing that was started outlives the run, whatever session it is in.
        self.trials.slots.clear();
        self.trials.desk.end_programs();
        if !hurried {
            for Pending { trial, error, .. } in self.settle()? {
                let error = error.unwrap_or_default();
                let note = format!("the checkpoint of trial \"{trial}\" is still there: {error}");
                self.trials.books.note(&note);
            }
        }
        let outcome = self.trials.stopping.take_outcome();
        if matches!(outcome, Ok(Outcome::Finished)) {
            self.trials.books.end()?;
        }
        if !hurried {
            self.trials.books.ledger.sync()?;
        }
        outcome
    }

    /// Waits until what was removed is gone, and writes that down. What could not be deleted comes
    /// back; the next [`Runner::resume`] tries again.
    ///
    /// # Errors
    ///
    /// The log cannot be written.
    pub fn settle(&mut self) -> Result<Vec<Pending>, RunError> {
        let left = self.trials.desk.drain(PATIENCE);
        self.trials.note_deletions()?;
        self.trials.books.ledger.sync()?;
        Ok(left)
    }
}
