//! Work that takes long and is interrupted by Ctrl-C, and errors of Python that pass through Rust.
//!
//! Python notes a signal and handles it between two of its own instructions, so whatever works for longer in Rust has
//! to ask. It asks on the thread that it works on: only on the main thread of the interpreter is there ever anything.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long work goes on without asking. A person takes 0.1 seconds for at once.
const PATIENCE: Duration = Duration::from_millis(50);

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
    const EVERY: u32 = 256;

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
