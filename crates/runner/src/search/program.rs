//! The process of a search program: started, written to and listened to beside the loop.

use std::io::{self, Read, Write};
use std::process::{ChildStdin, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::messages::Answer;
use crate::process::{Group, Invocation, LONGEST_LINE, Lines, Part};

/// Time between two looks at a process whose end is waited for.
const BETWEEN: Duration = Duration::from_millis(5);

/// How a search program is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: Invocation,
    /// Time between a request to end and the kill.
    pub(crate) grace: Duration,
}

/// What was heard of a search program.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It printed a line: an answer, or why it is none.
    Line(Result<Answer, String>),
    /// It prints no more.
    Nothing,
    /// It could not be started.
    NotStarted(io::Error),
}

/// A search program.
#[derive(Debug)]
pub(crate) struct Program {
    process: Arc<Mutex<State>>,
    /// What is to be written; nothing once its input is closed.
    lines: Option<Sender<String>>,
    grace: Duration,
    /// When patience with its end is over.
    deadline: Option<Instant>,
    asked_to_end: bool,
    ended: Option<(ExitStatus, Instant)>,
}

#[derive(Debug)]
enum State {
    NotStarted,
    Runs(Group),
    /// It has ended, or is not started any more.
    Over,
}

impl Program {
    /// Starts a program by a thread of its own; what it prints is sent to `to`.
    pub(crate) fn start<M>(launch: Launch, to: SyncSender<M>) -> Self
    where
        M: From<Heard> + Send + 'static,
    {
        let process = Arc::new(Mutex::new(State::NotStarted));
        let (lines, written) = channel();
        let program = Self {
            process: Arc::clone(&process),
            lines: Some(lines),
            grace: launch.grace,
            deadline: None,
            asked_to_end: false,
            ended: None,
        };
        let failed = to.clone();
        let run = move || {
            if let Err(error) = run(&launch, &process, written, &to) {
                let _ = to.send(Heard::NotStarted(error).into());
            }
        };
        let builder = thread::Builder::new().name("rungkeeper-search".to_owned());
        if let Err(error) = builder.spawn(run) {
            // The queue has room: nothing of this program is in it, and what others said is read soon.
            let _ = failed.try_send(Heard::NotStarted(error).into());
        }
        program
    }

    /// Has a line written. Nobody waits for that.
    pub(crate) fn write(&self, line: String) {
        if let Some(lines) = &self.lines {
            let _ = lines.send(line); // its end is noticed by itself
        }
    }

    /// How it ended and when that was noticed, once it has.
    pub(crate) fn ended(&mut self) -> Option<(ExitStatus, Instant)> {
        if self.ended.is_none() {
            // While it is being started there is nothing to see.
            let mut state = match self.process.try_lock() {
                Ok(state) => state,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            if let State::Runs(group) = &mut *state
                && let Ok(Some(status)) = group.ended()
            {
                *state = State::Over;
                self.ended = Some((status, Instant::now()));
            }
        }
        self.ended
    }

    /// From now on it is expected to end: its input is closed once all is written.
    pub(crate) fn end(&mut self) {
        if self.lines.take().is_some() {
            self.deadline = Instant::now().checked_add(self.grace);
        }
    }

    /// Asks it to end by a signal, now.
    pub(crate) fn end_now(&mut self) {
        self.end();
        if !self.asked_to_end {
            self.ask_to_end();
        }
    }

    fn ask_to_end(&mut self) {
        self.asked_to_end = true;
        if let State::Runs(group) = &*self.state() {
            group.terminate();
        }
        self.deadline = Instant::now().checked_add(self.grace);
    }

    /// One that was to end and goes on is asked by a signal, and killed after that.
    pub(crate) fn insist(&mut self) {
        let over = |deadline| Instant::now() >= deadline;
        if self.ended().is_some() || !self.deadline.is_some_and(over) {
            return;
        }
        if self.asked_to_end {
            self.kill();
        } else {
            self.ask_to_end();
        }
    }

    fn kill(&self) {
        if let State::Runs(group) = &*self.state() {
            group.kill();
        }
    }

    /// Waits until it has ended, which it is made to. One that is not started yet is not started any more.
    pub(crate) fn wait_for_the_end(&mut self) {
        self.end();
        {
            let mut state = self.state();
            if matches!(*state, State::NotStarted) {
                *state = State::Over;
            }
        }
        while matches!(*self.state(), State::Runs(_)) && self.ended().is_none() {
            self.insist();
            thread::sleep(BETWEEN);
        }
    }

    /// Waits while it is being started, which takes a moment.
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.process)
    }
}

impl Drop for Program {
    /// Nothing that was started outlives the runner.
    fn drop(&mut self) {
        *self.state() = State::Over;
    }
}

fn lock(process: &Mutex<State>) -> MutexGuard<'_, State> {
    // Each change is whole before anything that could panic.
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the program, and hears it until it prints no more.
fn run<M: From<Heard>>(
    launch: &Launch,
    process: &Mutex<State>,
    lines: Receiver<String>,
    to: &SyncSender<M>,
) -> io::Result<()> {
    let stdout = {
        let mut state = lock(process);
        if !matches!(*state, State::NotStarted) {
            return Ok(());
        }
        let mut group = launch.program.spawn()?;
        let (input, stdout) = group.take_pipes();
        *state = State::Runs(group);
        if let Some(input) = input {
            let builder = thread::Builder::new().name("rungkeeper-tell".to_owned());
            builder.spawn(move || write_all(input, &lines))?;
        }
        stdout
    };
    if let Some(stdout) = stdout {
        listen(stdout, to);
    }
    Ok(())
}

/// Writes lines until there are no more, or nobody reads them.
fn write_all(mut input: ChildStdin, lines: &Receiver<String>) {
    for line in lines {
        if input.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// Hands on what a program prints until that ends, or until nobody listens.
fn listen<M: From<Heard>>(stdout: impl Read, to: &SyncSender<M>) {
    let mut lines = Lines::new(stdout);
    while let Some((part, bytes)) = lines.next() {
        let heard = match part {
            Part::Line => Answer::read(bytes),
            Part::Beginning => Err(format!("a line is longer than {} kB", LONGEST_LINE >> 10)),
            Part::Rest => continue, // of a line that was told
        };
        if to.send(Heard::Line(heard).into()).is_err() {
            return;
        }
    }
    let _ = to.send(Heard::Nothing.into());
}
