//! Ctrl-C: once to pause all trials, twice to end them now.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use rungkeeper_runner::run::Stop;

/// How often a person (or the system) asked for an end.
#[derive(Clone, Debug)]
pub(super) struct Interrupts(Arc<AtomicUsize>);

impl Interrupts {
    /// Counts from now on, in place of ending the program.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let counter = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&counter);
        ctrlc::set_handler(move || {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .context("cannot listen to Ctrl-C")?;
        Ok(Self(counter))
    }

    pub(super) fn stop(&self) -> Stop {
        match self.0.load(Ordering::Relaxed) {
            0 => Stop::No,
            1 => Stop::Cleanly,
            _ => Stop::Now,
        }
    }
}
