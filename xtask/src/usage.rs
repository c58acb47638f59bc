//! What the system says that a process used.
use std::{
    fs,
    process::{Child, ExitStatus},
    thread,
    time::Duration,
};

use anyhow::Result;

/// Ticks of `/proc/PID/stat` in a second: the same on all architectures that Rust runs on.
const TICKS: f64 = 100.0;

/// What a process used, its own threads alone.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Seconds of processor time.
    pub(crate) processor: f64,
    /// Most memory, in MB.
    pub(crate) memory: f64,
}

impl Usage {
    /// Looks at a process. One that has ended leaves the figures as they are.
    pub(crate) fn look(&mut self, id: u32) {
        let read = |what: &str| fs::read_to_string(format!("/proc/{id}/{what}")).ok();
        if let Some(seconds) = read("stat").as_deref().and_then(processor) {
            self.processor = self.processor.max(seconds);
        }
        if let Some(memory) = read("status").as_deref().and_then(memory) {
            self.memory = self.memory.max(memory);
        }
    }
}

/// Looks at a process now and then until it has ended; the first look is at once.
pub(crate) fn watch(
    mut child: Child,
    between: Duration,
    mut look: impl FnMut(u32) -> Result<()>,
) -> Result<ExitStatus> {
    loop {
        look(child.id())?;
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(between);
    }
}

/// Seconds of processor time of all processes that this one started and waited for.
pub(crate) fn of_children() -> std::io::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let ticks = |number| field(&stat, number)?.parse::<f64>().ok();
    let seconds = ticks(15)
        .zip(ticks(16))
        .map(|(user, system)| (user + system) / TICKS);
    seconds.ok_or_else(|| std::io::Error::other("/proc/self/stat has no times of children"))
}

/// User and system time, the 14th and 15th field.
pub(crate) fn processor(stat: &str) -> Option<f64> {
    let ticks = |number| field(stat, number)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / TICKS)
}

/// A field of `/proc/PID/stat`, numbered from 0, behind the second, which is the name in brackets and may hold anything.
pub(crate) fn field(stat: &str, number: usize) -> Option<&str> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    fields.nth(number.checked_sub(2)?)
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
        assert_eq!(processor(stat), Some(2.0));
        assert_eq!(processor("7 (a) S 1"), None);
        assert_eq!(
            (field(stat, 3), field(stat, 21)),
            (Some("1"), Some("12345"))
        );
        assert_eq!(field(stat, 1), None, "the name");
        let status = "Name:\ta\nVmPeak:\t  900 kB\nVmHWM:\t   20000 kB\n";
        assert_eq!(memory(status), Some(20.48));
        assert_eq!(memory("Name:\ta\n"), None);
    }
}
