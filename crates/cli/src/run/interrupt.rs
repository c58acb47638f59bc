//! Signals that ask for an end: once to pause all trials, twice to end them now.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use anyhow::Context;
use rungkeeper_runner::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
use signal_hook::iterator::Signals;

/// Each of them would end the program and leave what it started behind. Batch systems warn by one of the last three that
/// time is nearly over.
const HEARD: [i32; 7] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU];

/// How often a person (or the system) asked for an end, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupts {
    number: Arc<AtomicUsize>,
    /// The first signal that came; 0: none.
    first: Arc<AtomicI32>,
}

impl Interrupts {
    /// Counts from now on, in place of ending the program. What was ignored when the program was started (by `nohup`,
    /// or in the background of a script) stays ignored.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let heard = HEARD.into_iter().filter(|&signal| !is_ignored(signal));
        let mut signals = Signals::new(heard).context("cannot listen to signals")?;
        let interrupts = Self::default();
        let told = interrupts.clone();
        thread::Builder::new()
            .name("rungkeeper-signals".to_owned())
            .spawn(move || {
                for signal in &mut signals {
                    told.tell(signal);
                }
            })
            .context("cannot listen to signals")?;
        Ok(interrupts)
    }

    fn tell(&self, signal: i32) {
        let first = self
            .first
            .compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // A terminal that closes is told by the system and by its shell: that is one request.
        // The system repeats a warning that is not followed, and one who asks twice does so by other signals.
        if first || matches!(signal, SIGINT | SIGTERM | SIGQUIT) {
            self.number.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stop(&self) -> Stop {
        match self.number.load(Ordering::Relaxed) {
            0 => Stop::No,
            1 => Stop::Cleanly,
            _ => Stop::Now,
        }
    }

    /// What a program ends with that such a signal interrupted: 128 and the number of Ctrl-C or of TERM.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.first.load(Ordering::Relaxed) {
            SIGINT => 130,
            _ => 143,
        })
    }
}

/// Whether a signal is ignored, as far as the system tells.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The mask of ignored signals: bit 0 is signal 1.
fn ignored(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000000001\n"), Some(1));
        assert_eq!(ignored("Name:\tx\n"), None);
    }

    #[test]
    fn a_closed_terminal_is_one_request() {
        let interrupts = Interrupts::default();
        assert_eq!(interrupts.stop(), Stop::No);
        interrupts.tell(SIGHUP);
        interrupts.tell(SIGHUP);
        interrupts.tell(SIGXCPU);
        assert_eq!(interrupts.stop(), Stop::Cleanly);
        interrupts.tell(SIGTERM);
        assert_eq!(interrupts.stop(), Stop::Now);
    }
}
