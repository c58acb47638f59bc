//! Work that takes long and is interrupted by Ctrl-C, and errors of Python that pass through Rust.
//!
//! Python notes a signal and handles it between two of its own instructions, so whatever works for longer in Rust has
//! to ask. It asks on the thread that it works on: only on the main thread of the interpreter is there ever anything.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyList;

/// How long work goes on without asking. A person takes 0.1 seconds for at once.
const PATIENCE: Duration = Duration::from_millis(20);

thread_local! {
    /// The exception for which work on this thread was given up.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Keeps an exception of Python while the work that it ends returns an error of Rust.
pub(crate) fn keep(error: PyErr) {
    RAISED.with(|raised| *raised.borrow_mut() = Some(error));
}

/// The exception that was kept on this thread, once.
pub(crate) fn taken() -> Option<PyErr> {
    RAISED.with(|raised| raised.borrow_mut().take())
}

/// What Python answered, or `None` where it raised an error. An interrupt or an exit is no answer, and passes on.
///
/// An error that PyO3 makes itself, of a value of another type, asks Python for that type's name here, and an interrupt of
/// that moment is lost: who reads many values looks at their type first.
pub(crate) fn answered<T>(py: Python<'_>, result: PyResult<T>) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the user has interrupted.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method itself is not general enough"
)]
pub(crate) fn signals() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

/// Asks now and then whether the user has interrupted.
pub(crate) struct Patience {
    ends: Instant,
    calls: u32,
}

impl Patience {
    /// Calls of [`Patience::tick`] for one look at the clock.
    const EVERY: u32 = 16;

    pub(crate) fn new() -> Self {
        Self {
            ends: Instant::now() + PATIENCE,
            calls: 0,
        }
    }

    /// To be called once for each piece of work that takes microseconds at most.
    pub(crate) fn tick(&mut self) -> PyResult<()> {
        self.calls += 1;
        if self.calls < Self::EVERY {
            return Ok(());
        }
        self.ask()
    }

    /// To be called once for each piece of work that may take longer.
    pub(crate) fn ask(&mut self) -> PyResult<()> {
        self.calls = 0;
        let now = Instant::now();
        if now < self.ends {
            return Ok(());
        }
        self.ends = now + PATIENCE;
        signals()
    }
}

/// A list of what is made of each item, a point at which the user can interrupt being between any two.
pub(crate) fn to_list<'py, T>(
    py: Python<'py>,
    items: impl IntoIterator<Item = T>,
    make: impl Fn(T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let (list, mut patience) = (PyList::empty(py), Patience::new());
    for item in items {
        list.append(make(item)?)?;
        patience.tick()?;
    }
    Ok(list)
}

/// Whether work that nobody waits for any more should end.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// An error, which nobody sees, once it should.
    pub(crate) fn ask(&self) -> PyResult<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(PyKeyboardInterrupt::new_err(()));
        }
        Ok(())
    }
}

/// Works on another thread, while this one looks out for the user's interrupt.
///
/// After an interrupt nobody waits for the work: a single step of it may take seconds. It ends where it asks for its
/// [`Stop`], so it must change nothing that others see.
pub(crate) fn beside<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Stop) -> T + Send + 'static,
) -> PyResult<T> {
    let stop = Stop::default();
    let (done, results) = mpsc::channel();
    let theirs = stop.clone();
    let working = std::thread::Builder::new().spawn(move || {
        let _ = done.send(work(theirs)); // nobody may wait any more
    });
    working.map_err(PyErr::from)?;
    py.detach(move || {
        loop {
            match results.recv_timeout(PATIENCE) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("a thread broke down as it worked"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(interrupt) = signals() {
                        stop.0.store(true, Ordering::Relaxed);
                        return Err(interrupt);
                    }
                }
            }
        }
    })
}
