//! Processes that a runner left behind, found and ended.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::DirEntryExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Every process of a run carries its mark in this variable, children included: what a runner that was killed left
/// behind is found by it, whatever session it is in.
pub(crate) const MARK: &str = "RUNGKEEPER_RUN";
/// The number of the process in the run.
pub(crate) const NUMBER: &str = "RUNGKEEPER_PROCESS";

/// Time between two looks for processes that were told to end.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long processes that were killed are waited for; the kernel takes a moment.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// Ends all processes that carry the mark of a run, whatever group or session they are in: they are asked, and killed
/// after the grace. Returns how many there were.
pub(crate) fn end_marked(mark: &str, grace: Duration) -> usize {
    let run = format!("{MARK}={mark}");
    end(grace, || marked(&[&run], &HashSet::new()))
}

/// The processes that descend from a run's programs.
#[derive(Debug)]
pub(crate) struct Descendants {
    mark: String,
    /// Processes that were there before any program was started, by their number and the inode of their folder, which
    /// another process of the same number does not have. None of them is a descendant, so a pause does not look at
    /// them again.
    before: HashSet<(u32, u64)>,
}

impl Descendants {
    /// No program has been started yet.
    pub(crate) fn new(mark: &str) -> Self {
        Self {
            mark: format!("{MARK}={mark}"),
            before: processes().collect(),
        }
    }

    /// Kills what is left of the processes that one of the programs started.
    pub(crate) fn end(&self, number: u64) {
        let number = format!("{NUMBER}={number}");
        end(Duration::ZERO, || {
            marked(&[&self.mark, &number], &self.before)
        });
    }
}

fn end(grace: Duration, left: impl Fn() -> Vec<u32>) -> usize {
    let found = left();
    if found.is_empty() {
        return 0;
    }
    if !grace.is_zero() {
        signal(&found, Signal::TERM);
        signal(&found, Signal::CONT); // one that is stopped hears it only now
        let begin = Instant::now();
        while begin.elapsed() < grace && !left().is_empty() {
            sleep(BETWEEN);
        }
    }
    let begin = Instant::now();
    loop {
        let left = left();
        if left.is_empty() || begin.elapsed() > AFTER_KILL {
            return found.len();
        }
        signal(&left, Signal::KILL);
        sleep(BETWEEN);
    }
}

/// All processes but this one: number, and inode of the folder. None where there is no `/proc`.
fn processes() -> impl Iterator<Item = (u32, u64)> {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.ino())));
    all.filter(move |&(id, _)| id != own)
}

/// The processes whose environment holds all of these variables, some left out.
fn marked(variables: &[&str], left_out: &HashSet<(u32, u64)>) -> Vec<u32> {
    // Its length is not known before it is read, and this is long enough for nearly all.
    let mut environment = Vec::with_capacity(1 << 14);
    let carries = |id: &u32| {
        environment.clear();
        // That of another user's process cannot be read, and that of one that has ended is empty.
        let file = fs::File::open(format!("/proc/{id}/environ"));
        if file
            .and_then(|mut file| file.read_to_end(&mut environment))
            .is_err()
        {
            return false;
        }
        let has = |variable: &&str| {
            environment
                .split(|&byte| byte == 0)
                .any(|entry| entry == variable.as_bytes())
        };
        variables.iter().all(has)
    };
    let others = processes().filter(|process| !left_out.contains(process));
    others.map(|(id, _)| id).filter(carries).collect()
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
    // A long run leaves the numbers of many, of which hardly one is there: those that are not are never looked at.
    let there: HashSet<u32> = self::processes().map(|(id, _)| id).collect();
    let mut left: Vec<_> = processes.filter(|(id, _)| there.contains(id)).collect();
    left.retain(|(id, started)| is_same(*id, *started));
    let signal_all = |left: &[(u32, Option<&str>)], signal: Signal| {
        for (id, _) in left {
            if let Some(group) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, signal);
            }
        }
    };
    if !grace.is_zero() {
        signal_all(&left, Signal::TERM);
        signal_all(&left, Signal::CONT);
    }
    let begin = Instant::now();
    while begin.elapsed() < grace && !left.is_empty() {
        sleep(BETWEEN);
        left.retain(|(id, started)| is_same(*id, *started));
    }
    signal_all(&left, Signal::KILL);
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
        let descendants = Descendants::new(&mark);
        let script = "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & sleep 0.3";
        let start = || {
            let mut leader = Command::new("sh");
            leader
                .args(["-c", script])
                .env(MARK, &mark)
                .env(NUMBER, "4");
            leader.spawn().unwrap().wait().unwrap();
        };
        let run = format!("{MARK}={mark}");
        let left = || marked(&[&run], &HashSet::new());
        start();
        descendants.end(5);
        assert_eq!(end_marked("other", Duration::ZERO), 0);
        assert!(!left().is_empty());
        descendants.end(4);
        assert!(left().is_empty());
        start();
        assert!(end_marked(&mark, Duration::from_millis(100)) > 0);
        assert!(left().is_empty());
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
