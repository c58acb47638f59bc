//! Processes that try cases, and what is found by how they end.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::Door;

/// Failures after which no more are looked for.
const ENOUGH: usize = 10;
/// Lines of what a process said that are told.
const LAST_LINES: usize = 12;

/// What is to be tried, and by whom.
#[derive(Clone, Debug)]
pub struct Order {
    /// The binary of the command line.
    pub binary: PathBuf,
    /// The one of `src/bin/fuzz.rs`, which tries cases.
    pub worker: PathBuf,
    /// Number of the first case, and the one behind the last.
    pub cases: std::ops::Range<u64>,
    /// From which all cases follow.
    pub seed: u64,
    /// Processes at a time.
    pub workers: u64,
    /// Longest time for one case.
    pub patience: Duration,
}

/// A case that went wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Its number.
    pub case: u64,
    /// How it showed, with the last lines that were said.
    pub how: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, how } = self;
        write!(f, "case {case} ({}): {how}", Door::of(*case))
    }
}

/// What became of all cases: how many through each door were accepted, refused and passed over.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Accepted, refused, passed over.
    pub doors: BTreeMap<Door, [u64; 3]>,
    /// What went wrong, by number.
    pub failures: Vec<Failure>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (door, counts) in other.doors {
            let all = self.doors.entry(door).or_default();
            for (sum, count) in all.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        self.failures.extend(other.failures);
    }
}

/// Has all cases tried.
///
/// # Panics
///
/// A process cannot be started.
#[must_use]
pub fn drive(order: &Order) -> Tally {
    let workers = (0..order.workers).map(|worker| {
        let order = order.clone();
        thread::spawn(move || Worker::new(&order, worker).all())
    });
    let workers: Vec<_> = workers.collect();
    let mut tally = Tally::default();
    for worker in workers {
        tally.add(worker.join().expect("a worker that can be started"));
    }
    tally.failures.sort_by_key(|failure| failure.case);
    tally
}

/// One of the processes at a time: it tries each `workers`-th case.
struct Worker<'o> {
    order: &'o Order,
    next: u64,
    tally: Tally,
    errors: tempfile::TempDir,
}

impl<'o> Worker<'o> {
    fn new(order: &'o Order, number: u64) -> Self {
        Self {
            order,
            next: order.cases.start + number,
            tally: Tally::default(),
            errors: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Tries all that are its own; after one that went wrong another process goes on behind it.
    fn all(mut self) -> Tally {
        while self.next < self.order.cases.end && self.tally.failures.len() < ENOUGH {
            let (mut child, lines) = self.start();
            let how = self.listen(&lines);
            // The group: commands, and programs of their runs.
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let ended = match how {
                Some(_) => None,
                None => Some(child.wait().expect("a child that is waited for once")),
            };
            if let Some(group) = group {
                // Nobody is left where all went well.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let how = match (how, ended) {
                (Some(how), _) => {
                    child.wait().expect("a child that is waited for once");
                    Some(how)
                }
                (None, Some(status)) => (!status.success()).then(|| status.to_string()),
                (None, None) => None,
            };
            if let Some(how) = how {
                let how = format!("{how}\n{}", last_lines(&self.errors.path().join("errors")));
                let case = self.next;
                self.tally.failures.push(Failure { case, how });
                self.next += self.order.workers;
            }
        }
        self.tally
    }

    fn start(&self) -> (Child, Receiver<String>) {
        let Order {
            binary,
            worker,
            cases,
            seed,
            workers,
            ..
        } = self.order;
        let errors = File::create(self.errors.path().join("errors")).expect("a file");
        let mut command = Command::new(worker);
        command
            .arg("--try")
            .arg("--binary")
            .arg(binary)
            .args([
                "--seed",
                &seed.to_string(),
                "--from",
                &self.next.to_string(),
            ])
            .args([
                "--to",
                &cases.end.to_string(),
                "--step",
                &workers.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0);
        let mut child = command.spawn().expect("a worker that can be started");
        let output = child.stdout.take().expect("a pipe");
        let (to, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        (child, lines)
    }

    /// Counts what a door answers to each case, until there is no more. Tells if it took too long.
    fn listen(&mut self, lines: &Receiver<String>) -> Option<String> {
        loop {
            match lines.recv_timeout(self.order.patience) {
                Ok(line) => self.heard(&line),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    return Some(format!("not over in {:?}", self.order.patience));
                }
            }
        }
    }

    fn heard(&mut self, line: &str) {
        let place = match line {
            "accepted" => 0,
            "refused" => 1,
            "passed" => 2,
            // That it is ready.
            _ => return,
        };
        self.tally.doors.entry(Door::of(self.next)).or_default()[place] += 1;
        self.next += self.order.workers;
    }
}

fn last_lines(file: &Path) -> String {
    let said = fs::read(file).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<String> = said
        .lines()
        .map(|line| line.chars().take(300).collect())
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
