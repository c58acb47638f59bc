//! Processes that a runner left behind, found and ended.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{MARK, NUMBER};

/// Time between two looks for processes that were told to end.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long processes that were killed are waited for; the kernel takes a moment.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// Ends all processes that carry the mark of a run, or that of one of its processes, whatever group or session they are
/// in: they are asked, and killed after the grace. Returns how many there were.
pub(crate) fn end_marked(mark: &str, number: Option<u64>, grace: Duration) -> usize {
    let found = marked(mark, number);
    if found.is_empty() {
        return 0;
    }
    let number_found = found.len();
    if !grace.is_zero() {
        signal(&found, Signal::TERM);
        signal(&found, Signal::CONT); // one that is stopped hears it only now
        wait_until_gone(mark, number, grace);
    }
    let begin = Instant::now();
    loop {
        let left = marked(mark, number);
        if left.is_empty() || begin.elapsed() > AFTER_KILL {
            return number_found;
        }
        signal(&left, Signal::KILL);
        sleep(BETWEEN);
    }
}

fn wait_until_gone(mark: &str, number: Option<u64>, patience: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < patience && !marked(mark, number).is_empty() {
        sleep(BETWEEN);
    }
}

/// The processes whose environment carries a mark, this one left out. None where there is no `/proc`.
fn marked(mark: &str, number: Option<u64>) -> Vec<u32> {
    let own = std::process::id();
    let run = format!("{MARK}={mark}");
    let number = number.map(|number| format!("{NUMBER}={number}"));
    let carries = |id: &u32| {
        // That of another user's process cannot be read, and that of one that has ended is empty.
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let has = |variable: &str| {
            environment
                .split(|&byte| byte == 0)
                .any(|entry| entry == variable.as_bytes())
        };
        has(&run) && number.as_deref().is_none_or(has)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|&id| id != own).filter(carries).collect()
}

fn signal(ids: &[u32], signal: Signal) {
    for id in ids {
        if let Some(id) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, signal);
        }
    }
}

/// Ends the groups of processes that a killed runner left behind, by their numbers: for those that carry no mark, since
/// they clear their environment, as containers do, or are of a former version. A process that is not the one that was
/// started is told by its start time. They are asked, and killed after the grace.
pub(crate) fn end_left_behind<'p>(
    processes: impl Iterator<Item = (u32, Option<&'p str>)>,
    grace: Duration,
) {
    let processes: Vec<_> = processes.collect();
    let left = || {
        processes
            .iter()
            .filter(|(id, started)| is_same(*id, *started))
    };
    let signal_all = |signal: Signal| {
        for (id, _) in left() {
            if let Some(group) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, signal);
            }
        }
    };
    if !grace.is_zero() {
        signal_all(Signal::TERM);
        signal_all(Signal::CONT);
    }
    let begin = Instant::now();
    while begin.elapsed() < grace && left().next().is_some() {
        sleep(BETWEEN);
    }
    signal_all(Signal::KILL);
}

fn is_same(id: u32, started: Option<&str>) -> bool {
    started.is_some() && start_time(id).as_deref() == started
}

/// When a process was started, in the kernel's own count; `None` where that cannot be told.
pub(crate) fn start_time(id: u32) -> Option<String> {
    let (state, start) = stat(id)?;
    // One that has ended and that nobody has collected, as in a container without an init, does nothing any more.
    (state != "Z").then_some(start)
}

/// State and start time of a process.
fn stat(id: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the name in brackets, which may hold anything; then come the state and, 19 fields later, the
    // time.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = fields.next()?.to_owned();
    Some((state, fields.nth(18)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// In a session of its own, deaf to TERM, started by a process that is gone.
    #[test]
    fn what_carries_the_mark_is_found_in_any_session() {
        let mark = format!("test-{}", std::process::id());
        let script = "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & sleep 0.3";
        let mut leader = Command::new("sh")
            .args(["-c", script])
            .env(MARK, &mark)
            .env(NUMBER, "4")
            .spawn()
            .unwrap();
        leader.wait().unwrap();
        assert!(!marked(&mark, Some(4)).is_empty());
        assert!(marked(&mark, Some(5)).is_empty() && marked("other", None).is_empty());
        assert!(end_marked(&mark, None, Duration::from_millis(100)) > 0);
        assert!(marked(&mark, None).is_empty());
    }

    /// In a container without an init nobody collects a runner that was killed.
    #[test]
    fn what_has_ended_and_is_not_collected_is_not_there() {
        let mut ended = Command::new("true").spawn().unwrap();
        let begin = Instant::now();
        while stat(ended.id()).unwrap().0 != "Z" {
            assert!(begin.elapsed() < Duration::from_secs(20));
            sleep(BETWEEN);
        }
        assert_eq!(start_time(ended.id()), None);
        ended.wait().unwrap();
    }
}
