//! The processes of a run, found by a mark in their environment as long as any of them lives.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Variable that everything that a storm starts inherits, whatever group or session it is in.
pub(crate) const MARK: &str = "RUNGKEEPER_STORM";

/// A living process.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Marked {
    pub(crate) id: i32,
    group: i32,
    /// When it started, so that a number that is given again is told apart.
    started: String,
    pub(crate) command: String,
}

impl Marked {
    /// Whether it leads the group of a training program.
    pub(crate) fn is_program(&self) -> bool {
        self.id == self.group && self.command.contains("train.sh")
    }
}

/// All that live and have inherited a mark.
pub(crate) fn marked(mark: &str) -> Vec<Marked> {
    let variable = format!("{MARK}={mark}");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: i32| {
        // A process that has ended since, or is ending, has no environment any more.
        let environment = fs::read(format!("/proc/{id}/environ")).ok()?;
        let mut variables = environment.split(|&byte| byte == 0);
        variables.find(|one| *one == variable.as_bytes())?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // Behind the name, which may hold anything: state, parent, group; the start is 20th.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let command = fs::read(format!("/proc/{id}/cmdline")).ok()?;
        (fields[0] != "Z").then(|| Marked {
            id,
            group: fields[2].parse().unwrap(),
            started: fields[19].to_owned(),
            command: String::from_utf8_lossy(&command).replace('\0', " "),
        })
    })
    .collect()
}

/// Sends a signal to the group of each training program.
pub(crate) fn signal_programs(programs: &[Marked], signal: Signal) {
    for program in programs {
        deliver(kill_process_group(pid(program.id), signal));
    }
}

/// Sends a signal to one process.
pub(crate) fn signal(id: u32, signal: Signal) {
    deliver(kill_process(pid(i32::try_from(id).unwrap()), signal));
}

/// Ends all that have a mark.
pub(crate) fn end_all(mark: &str) {
    for process in marked(mark) {
        deliver(kill_process(pid(process.id), Signal::KILL));
    }
}

fn pid(id: i32) -> Pid {
    Pid::from_raw(id).expect("the number of a process is not 0")
}

/// Who has ended by itself in the meantime gets no signal.
fn deliver(sent: Result<(), Errno>) {
    assert!(matches!(sent, Ok(()) | Err(Errno::SRCH)), "{sent:?}");
}
