//! Jobs of trials, in their order.

use std::collections::{HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Job;

/// Jobs that wait, and the trials whose jobs are being done.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is a job to do, or there will be none any more.
    work: Condvar,
    /// Something was done, or there is no more time. Not the same as `work`: each job would wake all threads that wait
    /// for one.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(String, Job)>,
    busy: HashSet<String>,
    /// Removals that wait or are being done.
    removals: usize,
    /// Programs that are being started at this moment.
    starting: usize,
    /// Programs that were started so far.
    started: u64,
    starts_nothing: bool,
    hurries: bool,
    closed: bool,
}

impl Queue {
    pub(super) fn push(&self, trial: &str, job: Job) {
        let mut state = self.state();
        state.removals += usize::from(job.is_removal());
        state.waiting.push_back((trial.to_owned(), job));
        self.work.notify_one();
    }

    /// The next job of a trial whose earlier ones are done; none once the queue is closed. It is done when
    /// [`Queue::done`] says so.
    pub(super) fn next(&self) -> Option<(String, Job)> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            let State { waiting, busy, .. } = &mut *state;
            let place = waiting.iter().position(|(trial, _)| !busy.contains(trial));
            if let Some((trial, job)) = place.and_then(|place| waiting.remove(place)) {
                busy.insert(trial.clone());
                return Some((trial, job));
            }
            let waited = self.work.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn done(&self, trial: &str, was_removal: bool) {
        let mut state = self.state();
        state.busy.remove(trial);
        state.removals -= usize::from(was_removal);
        if state.waiting.iter().any(|(waiting, _)| waiting == trial) {
            self.work.notify_one();
        }
        self.changed.notify_all();
    }

    pub(super) fn num_removals(&self) -> usize {
        self.state().removals
    }

    /// Starts a program, unless nothing is to be started any more.
    pub(super) fn starting<T>(&self, start: impl FnOnce() -> T) -> Option<T> {
        let mut state = self.state();
        if state.starts_nothing {
            return None;
        }
        state.starting += 1;
        state.started += 1;
        drop(state);
        let started = start();
        self.state().starting -= 1;
        self.changed.notify_all();
        Some(started)
    }

    /// From now on nothing is started.
    pub(super) fn start_nothing(&self) {
        self.state().starts_nothing = true;
    }

    pub(super) fn starts_nothing(&self) -> bool {
        self.state().starts_nothing
    }

    /// Waits for the programs that are being started at this moment, and says whether there was ever one.
    pub(super) fn wait_for_starts(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.state();
        while state.starting > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.wait(state, left);
        }
        state.started > 0
    }

    pub(super) fn hurry(&self) {
        self.state().hurries = true;
        self.changed.notify_all();
    }

    /// Waits until that time is over, or until nobody has time to wait; whether there is time.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = self.state();
        while !state.hurries && !state.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.wait(state, left);
        }
        false
    }

    pub(super) fn wait_until_idle(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.state();
        while !(state.waiting.is_empty() && state.busy.is_empty()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.wait(state, left);
        }
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_all();
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, at_most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal() -> Job {
        Job::Remove { bytes: 1 }
    }

    #[test]
    fn jobs_of_a_trial_wait_for_each_other_and_for_nobody_else() {
        let queue = Queue::default();
        for trial in ["a", "a", "b"] {
            queue.push(trial, removal());
        }
        assert_eq!(queue.next().unwrap().0, "a");
        assert_eq!(queue.next().unwrap().0, "b");
        queue.done("a", true);
        assert_eq!(queue.next().unwrap().0, "a");
        assert_eq!(queue.num_removals(), 2);
        queue.close();
        assert!(queue.next().is_none());
    }

    #[test]
    fn nothing_is_started_behind_the_end() {
        let queue = std::sync::Arc::new(Queue::default());
        assert!(!queue.wait_for_starts(Duration::ZERO));
        let (begun, told) = std::sync::mpsc::channel();
        let starter = std::sync::Arc::clone(&queue);
        let slow = std::thread::spawn(move || {
            starter.starting(|| {
                begun.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            })
        });
        told.recv().unwrap();
        queue.start_nothing();
        assert!(queue.wait_for_starts(Duration::from_secs(60)));
        assert_eq!(queue.state().starting, 0);
        assert_eq!(slow.join().unwrap(), Some(()));
        assert_eq!(queue.starting(|| ()), None);
    }

    #[test]
    fn nobody_waits_in_a_hurry() {
        let queue = Queue::default();
        assert!(queue.pause(Duration::from_millis(1)));
        queue.hurry();
        assert!(!queue.pause(Duration::from_secs(600)));
    }
}
