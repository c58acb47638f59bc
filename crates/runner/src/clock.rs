//! Seconds of a run, interruptions left out.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::whole;

/// Time between two notes of how late it is: a kill loses at most this much of a run's time.
const BETWEEN: Duration = Duration::from_secs(1);

/// The clock of a run. As long as it lives a file beside the log is rewritten every second, so that time without
/// events counts too.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Seconds of the run before this process.
    before: f64,
    begin: Instant,
    /// Dropped with the clock, which ends the thread that writes.
    _ends_the_thread: Sender<()>,
}

impl Clock {
    /// Goes on from `before` seconds, and writes to `file` how late it is.
    pub(crate) fn start(before: f64, file: PathBuf) -> Self {
        let (sender, ended) = channel::<()>();
        let begin = Instant::now();
        // A run whose clock is not written counts time by its events alone.
        let _ = thread::Builder::new()
            .name("rungkeeper-clock".to_owned())
            .spawn(move || {
                while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
                    write(&file, before + begin.elapsed().as_secs_f64());
                }
            });
        Self {
            before,
            begin,
            _ends_the_thread: sender,
        }
    }

    /// Seconds of the run, in milliseconds, as the log has them.
    pub(crate) fn elapsed(&self) -> f64 {
        let now = self.before + self.begin.elapsed().as_secs_f64();
        (now * 1e3).round() / 1e3
    }
}

/// What a clock wrote last; `None` where there is nothing of use.
pub(crate) fn read(file: &Path) -> Option<f64> {
    let seconds: f64 = whole::read_text(file).ok()?.trim().parse().ok()?;
    (0.0..=1e12).contains(&seconds).then_some(seconds)
}

/// A disk that is full is noticed where it matters.
fn write(file: &Path, seconds: f64) {
    let _ = whole::write(file, format!("{seconds:.3}\n").as_bytes(), None);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn time_without_events_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock::start(10.0, file.clone());
        let begin = Instant::now();
        while read(&file).is_none() && begin.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(20));
        }
        let written = read(&file).unwrap();
        assert!((11.0..=clock.elapsed()).contains(&written), "{written}");
    }

    #[test]
    fn garbage_is_no_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        for text in ["", "soon", "-1", "NaN", "1e308"] {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file), None, "{text}");
        }
        fs::write(&file, "2.5\n").unwrap();
        assert_eq!(read(&file), Some(2.5));
    }
}
