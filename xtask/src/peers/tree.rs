//! What a process and those that it started used, without some of them.
use std::{collections::HashMap, fs};

use crate::usage::{field, processor};

/// The processes of a tuner.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Seconds of each process, told by its number and start time.
    seconds: HashMap<(u32, String), f64>,
    /// Most memory at a time, in MB.
    most: f64,
}

/// A process as `/proc` shows it.
struct Process {
    id: u32,
    parent: u32,
    started: String,
    seconds: f64,
}

impl Tree {
    /// Looks at the processes that descend from `root`, itself included. Those that `without` names by their command line
    /// are left out, with all that they started.
    pub(super) fn look(&mut self, root: u32, without: impl Fn(&str) -> bool) {
        let all = processes();
        let mut left = vec![root];
        let mut memory = 0.0;
        while let Some(id) = left.pop() {
            let Some(process) = all.iter().find(|process| process.id == id) else {
                continue; // it has ended
            };
            if without(&command_line(id)) {
                continue;
            }
            let known = (id, process.started.clone());
            self.seconds.insert(known, process.seconds);
            memory += shared_memory(id).unwrap_or(0.0);
            let children = all.iter().filter(|process| process.parent == id);
            left.extend(children.map(|child| child.id));
        }
        self.most = self.most.max(memory);
    }

    /// Seconds of processor time of all of them.
    pub(super) fn processor(&self) -> f64 {
        self.seconds.values().sum()
    }

    /// Most memory at a time, in MB; pages that several share count once.
    pub(super) fn memory(&self) -> f64 {
        self.most
    }
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(process).collect()
}

fn process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(Process {
        id,
        parent: field(&stat, 3)?.parse().ok()?,
        started: field(&stat, 21)?.to_owned(),
        seconds: processor(&stat)?,
    })
}

/// Program and arguments, with spaces between them.
fn command_line(id: u32) -> String {
    let bytes = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Memory of a process in MB, of a page that several share its part.
fn shared_memory(id: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn descendants_are_found_and_some_left_out() {
        let script =
            "sh -c 'read -r line' program.py & sh -c 'read -r line' other & wait; read -r line";
        let mut child = Command::new("sh");
        child.args(["-c", script]).stdin(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut tree = Tree::default();
        tree.look(child.id(), |_| false);
        assert!(tree.memory() > 0.0);
        assert!(tree.seconds.keys().any(|(id, _)| *id == child.id()));
        let mut none = Tree::default();
        none.look(child.id(), |command| command.starts_with("sh -c"));
        assert!(none.seconds.is_empty() && none.memory() == 0.0);
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
