//! A callback that threads share, and that says what a person should know.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rungkeeper_tuner_hooks::HookError;

use super::recorded::Recorded;
use crate::arguments::refused;
use crate::interrupt;
use crate::note::say;

/// Most threads that ask the policy of a callback at once. More are threads that a policy starts, which ask it again.
const MOST_ASKING: usize = 64;

/// A callback behind a lock.
///
/// The lock is taken only while the interpreter's is released, so that threads that share a callback never wait for each
/// other in a circle.
pub(super) struct Shared {
    recorded: Mutex<Recorded>,
    /// The thread that has the lock, as [`this_thread`] numbers them, or 0.
    worker: AtomicU64,
    /// Threads that ask the policy, which they do without the lock.
    asking: Mutex<Vec<u64>>,
}

impl Shared {
    pub(super) fn new(recorded: Recorded) -> Self {
        Self {
            recorded: Mutex::new(recorded),
            worker: AtomicU64::new(0),
            asking: Mutex::new(Vec::new()),
        }
    }

    /// Has a policy asked, which must not come back to this callback on the same thread.
    pub(super) fn asking<T>(&self, ask: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        let this = this_thread();
        {
            let mut asking = unpoisoned(&self.asking);
            if asking.len() >= MOST_ASKING {
                return Err(PyRuntimeError::new_err(format!(
                    "{MOST_ASKING} threads ask the policy at once: it must not start threads that have \
                     its callback ask it again"
                )));
            }
            asking.push(this);
        }
        let asked = ask();
        unpoisoned(&self.asking).retain(|&thread| thread != this);
        asked
    }

    fn is_busy_on(&self, thread: u64) -> bool {
        self.worker.load(Ordering::Relaxed) == thread || unpoisoned(&self.asking).contains(&thread)
    }

    /// Works on what is inside, without the interpreter; then says what should be known.
    pub(super) fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Recorded) -> T + Send,
    ) -> PyResult<T> {
        let this = this_thread();
        if self.is_busy_on(this) {
            return Err(PyRuntimeError::new_err(
                "a call of the callback within another one of it, by its policy or by the handler of \
                 a signal: it is not done with that yet",
            ));
        }
        let (done, notes) = py.detach(|| {
            let mut recorded = unpoisoned(&self.recorded);
            self.worker.store(this, Ordering::Relaxed);
            let _ends = Ends(&self.worker);
            (work(&mut recorded), recorded.untold())
        });
        for note in notes {
            say(py, &note);
        }
        Ok(done)
    }

    /// As [`Self::with`], for what can be refused: by an exception of Python, if there was one.
    pub(super) fn try_with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Recorded) -> Result<T, HookError> + Send,
    ) -> PyResult<T> {
        interrupt::taken();
        self.with(py, work)?
            .map_err(|error| interrupt::taken().unwrap_or_else(|| refused(error)))
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of this thread, from 1.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    }
    NUMBER.with(|number| *number)
}

/// Says that no thread works any more, also when one panics.
struct Ends<'a>(&'a AtomicU64);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
