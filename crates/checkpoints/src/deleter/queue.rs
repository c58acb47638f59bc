use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::{DeleterSettings, DeletionEvent, Pending, Request};
use crate::{Aside, Store, StoreError};

pub(super) struct Queue {
    store: Arc<dyn Store>,
    settings: DeleterSettings,
    events: Sender<DeletionEvent>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// By the order they came.
    jobs: BTreeMap<u64, Job>,
    next: u64,
    stopped: bool,
}

#[derive(Clone)]
enum Task {
    /// Move aside what a trial had before this number, then remove it.
    Condemn {
        trial: String,
        before: u64,
        bytes: u64,
    },
    /// Remove what is aside.
    Purge(Aside, Request),
}

struct Job {
    task: Task,
    failures: u32,
    error: Option<String>,
    running: bool,
    due: Instant,
    delays: ExponentialBackoff,
}

/// What a try came to: what has been moved aside, and what went wrong then.
struct Outcome {
    aside: Vec<Aside>,
    error: Option<StoreError>,
}

impl Queue {
    pub(super) fn new(
        store: Arc<dyn Store>,
        settings: DeleterSettings,
        events: Sender<DeletionEvent>,
    ) -> Self {
        Self {
            store,
            settings,
            events,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn delete(&self, trial: &str, bytes: u64) {
        let before = self.store.sequence();
        let outcome = self.set_aside(trial, before);
        let task = Task::Condemn {
            trial: trial.to_owned(),
            before,
            bytes,
        };
        let mut state = self.state();
        let id = state.push(self.job(task));
        self.settle(&mut state, id, outcome);
        self.changed.notify_all();
    }

    pub(super) fn purge(&self, aside: Aside) {
        let job = self.job(Task::Purge(aside, Request::Purge));
        self.state().push(job);
        self.changed.notify_all();
    }

    pub(super) fn pending(&self) -> Vec<Pending> {
        self.state().jobs.values().map(Job::pending).collect()
    }

    pub(super) fn drain(&self, deadline: Option<Instant>) {
        let mut state = self.state();
        let now = Instant::now();
        for job in state.jobs.values_mut() {
            job.due = now;
        }
        self.changed.notify_all();
        while !state.jobs.is_empty() {
            let now = Instant::now();
            match deadline {
                Some(deadline) if deadline <= now => break,
                Some(deadline) => state = self.wait(state, Some(deadline - now)),
                None => state = self.wait(state, None),
            }
        }
    }

    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// What each thread does until the queue is stopped.
    pub(super) fn work(&self) {
        let mut state = self.state();
        while !state.stopped {
            let now = Instant::now();
            match state.first_waiting() {
                Some((id, due)) if due <= now => {
                    if let Some(task) = state.start(id) {
                        drop(state);
                        let outcome = self.attempt(&task);
                        state = self.state();
                        self.settle(&mut state, id, outcome);
                        self.changed.notify_all();
                    }
                }
                Some((_, due)) => state = self.wait(state, Some(due - now)),
                None => state = self.wait(state, None),
            }
        }
    }

    fn attempt(&self, task: &Task) -> Outcome {
        match task {
            Task::Condemn { trial, before, .. } => self.set_aside(trial, *before),
            Task::Purge(aside, _) => Outcome {
                aside: Vec::new(),
                error: self.store.purge(aside).err(),
            },
        }
    }

    fn set_aside(&self, trial: &str, before: u64) -> Outcome {
        let mut aside = Vec::new();
        loop {
            match self.store.set_aside(trial, before) {
                Ok(Some(one)) => aside.push(one),
                Ok(None) => return Outcome { aside, error: None },
                Err(error) => {
                    return Outcome {
                        aside,
                        error: Some(error),
                    };
                }
            }
        }
    }

    fn settle(&self, state: &mut State, id: u64, outcome: Outcome) {
        let warned = state.jobs.get(&id).is_some_and(|job| job.failures > 0);
        let goes_on = !outcome.aside.is_empty();
        for aside in outcome.aside {
            let mut job = self.job(Task::Purge(aside, Request::Delete));
            // What was warned of while it could not be moved is not warned of again.
            job.failures = u32::from(warned);
            state.push(job);
        }
        if let Some(error) = outcome.error {
            self.fail(state, id, &error);
        } else if let Some(job) = state.jobs.remove(&id)
            && !goes_on
        {
            self.tell(job.deleted());
        }
    }

    fn fail(&self, state: &mut State, id: u64, error: &StoreError) {
        let Some(job) = state.jobs.get_mut(&id) else {
            return;
        };
        let delay = job.delays.next().unwrap_or(self.settings.longest_delay);
        let now = Instant::now();
        job.due = now.checked_add(delay).unwrap_or(now);
        job.running = false;
        job.failures = job.failures.saturating_add(1);
        job.error = Some(error.to_string());
        if job.failures == 1 {
            let pending = job.pending();
            self.tell(DeletionEvent::Failed {
                trial: pending.trial,
                level: pending.level,
                bytes: pending.bytes,
                error: error.to_string(),
            });
        }
    }

    fn tell(&self, event: DeletionEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    fn job(&self, task: Task) -> Job {
        let delays = ExponentialBuilder::new()
            .with_min_delay(self.settings.first_delay)
            .with_max_delay(self.settings.longest_delay)
            .with_factor(2.0)
            .without_max_times()
            .build();
        Job {
            task,
            failures: 0,
            error: None,
            running: false,
            due: Instant::now(),
            delays,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        at_most: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        if let Some(time) = at_most {
            let waited = self.changed.wait_timeout(state, time);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            let waited = self.changed.wait(state);
            waited.unwrap_or_else(PoisonError::into_inner)
        }
    }
}

impl State {
    fn push(&mut self, job: Job) -> u64 {
        let id = self.next;
        self.next += 1;
        self.jobs.insert(id, job);
        id
    }

    fn first_waiting(&self) -> Option<(u64, Instant)> {
        let waiting = self.jobs.iter().filter(|(_, job)| !job.running);
        let first = waiting.min_by_key(|(id, job)| (job.due, **id));
        first.map(|(id, job)| (*id, job.due))
    }

    fn start(&mut self, id: u64) -> Option<Task> {
        let job = self.jobs.get_mut(&id)?;
        job.running = true;
        Some(job.task.clone())
    }
}

impl Job {
    fn deleted(&self) -> DeletionEvent {
        let pending = self.pending();
        DeletionEvent::Deleted {
            trial: pending.trial,
            level: pending.level,
            bytes: pending.bytes,
            request: match self.task {
                Task::Condemn { .. } => Request::Delete,
                Task::Purge(_, request) => request,
            },
        }
    }

    fn pending(&self) -> Pending {
        let (trial, level, bytes) = match &self.task {
            Task::Condemn { trial, bytes, .. } => (trial, None, *bytes),
            Task::Purge(aside, _) => (&aside.trial, aside.level, aside.bytes),
        };
        Pending {
            trial: trial.clone(),
            level,
            bytes,
            failures: self.failures,
            error: self.error.clone(),
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
