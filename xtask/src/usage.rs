//! What the system says that a process used.
use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// Ticks of `/proc/PID/stat` in a second: the same on all architectures that Rust runs on.
const TICKS: f64 = 100.0;

/// What a process used, its own threads alone.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Seconds since its start.
    pub(crate) seconds: f64,
    /// Seconds of processor time.
    pub(crate) processor: f64,
    /// Most memory, in MB.
    pub(crate) memory: f64,
}

impl Usage {
    /// Runs a program and looks at it now and then until it has ended; `see` is told each time, and first at once.
    pub(crate) fn of(
        program: &mut Command,
        between: Duration,
        mut see: impl FnMut(&Self) -> Result<()>,
    ) -> Result<Self> {
        let (begin, mut usage) = (Instant::now(), Self::default());
        let child = program.spawn();
        let mut child = child.with_context(|| format!("cannot run {program:?}"))?;
        loop {
            usage.look(child.id());
            usage.seconds = begin.elapsed().as_secs_f64();
            see(&usage)?;
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "{program:?}: {status}");
                return Ok(usage);
            }
            thread::sleep(between);
        }
    }

    /// Looks at a process. One that has ended leaves the figures as they are.
    fn look(&mut self, id: u32) {
        let read = |what| fs::read_to_string(format!("/proc/{id}/{what}")).unwrap_or_default();
        // User and system time, the 14th and 15th field.
        let seconds = seconds(&read("stat"), 14).unwrap_or(0.0);
        self.processor = self.processor.max(seconds);
        self.memory = self.memory.max(memory(&read("status")).unwrap_or(0.0));
    }

    /// The processor time, as percent of one core.
    pub(crate) fn share(&self) -> f64 {
        100.0 * self.processor / self.seconds
    }
}

/// Seconds of processor time of all processes that this one started and waited for, the 16th and 17th field.
pub(crate) fn of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    seconds(&stat, 16).context("/proc/self/stat has no times of children")
}

/// The sum of two fields of `/proc/PID/stat`, of which the first has this number. The second field is the name in
/// brackets, which may hold anything.
fn seconds(stat: &str, number: usize) -> Option<f64> {
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let mut ticks = fields.skip(number - 3).map(str::parse::<f64>);
    Some((ticks.next()?.ok()? + ticks.next()?.ok()?) / TICKS)
}

/// The high-water mark of what is resident.
fn memory(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 200 0 0 150 50 900 800 20 0 3 0 12345";
        assert_eq!(
            (seconds(stat, 14), seconds(stat, 16)),
            (Some(2.0), Some(17.0))
        );
        assert_eq!(seconds("7 (a) S 1", 14), None);
        assert_eq!(
            memory("Name:\ta\nVmPeak:\t  900 kB\nVmHWM:\t   20000 kB\n"),
            Some(20.48)
        );
    }
}
