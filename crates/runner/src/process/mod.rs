//! A training process: started in a group of its own, listened to, ended as a whole group.

mod group;
mod invocation;
mod launch;
mod lines;
mod listen;
mod marked;
mod output;

use std::io::{self, Write};
use std::process::{ChildStdin, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use listen::Listener;

pub(crate) use group::Group;
pub(crate) use invocation::Invocation;
pub(crate) use launch::{Launch, ProcessId};
pub(crate) use lines::{LONGEST_LINE, Lines, Part};
pub(crate) use listen::{Heard, LastLine, Said, Unheard};
pub(crate) use marked::{Descendants, MARK, NUMBER, end_left_behind, end_marked, start_time};
pub(crate) use output::Output;

/// The variable that has Python hand on each line at once: a report or an answer that waits in a buffer is none.
pub(crate) fn unbuffered() -> (String, String) {
    ("PYTHONUNBUFFERED".to_owned(), "1".to_owned())
}

/// A running training process.
#[derive(Debug)]
pub(crate) struct Process {
    group: Group,
    input: Option<ChildStdin>,
    last_line: LastLine,
    output: Arc<Output>,
}

impl Process {
    /// Starts a process in a group of its own; what it reports is sent to `to`.
    pub(crate) fn spawn<M>(launch: &Launch, to: &SyncSender<M>) -> io::Result<Self>
    where
        M: From<Said> + Send + 'static,
    {
        // From here on whatever goes wrong ends it.
        let mut group = launch.program.spawn()?;
        let (input, stdout) = group.take_pipes();
        let process = Self {
            group,
            input,
            last_line: LastLine::default(),
            output: Arc::clone(&launch.program.output),
        };
        if let Some(input) = &process.input {
            let flags = fcntl_getfl(input)?;
            fcntl_setfl(input, flags | OFlags::NONBLOCK)?;
        }
        if let Some(stdout) = stdout {
            let last_line = process.last_line.clone();
            let listener = Listener::new(launch, process.group.id(), to.clone(), last_line);
            // Where there may be no more threads this is reported as a program that cannot be started.
            let builder = thread::Builder::new().name("rungkeeper-hear".to_owned());
            builder.spawn(move || listener.listen(stdout))?;
        }
        Ok(process)
    }

    /// Number of the process, and of its group.
    pub(crate) fn id(&self) -> u32 {
        self.group.id().as_raw_pid().unsigned_abs()
    }

    /// The last line that was no report.
    pub(crate) fn last_line(&self) -> Option<Unheard> {
        self.last_line.get()
    }

    /// Keeps its output within bounds, beside the loop.
    pub(crate) fn bound_its_output(&self) {
        self.output.bound();
    }

    /// Sends an answer. That the process no longer reads is no error: its end will be noticed. One
    /// that reads none of its answers gets no more once the pipe is full: nobody waits for it.
    pub(crate) fn answer(&mut self, text: &str) {
        let written = self.input.as_mut().map(|input| {
            input.write_all(text.as_bytes())?;
            input.flush()
        });
        if let Some(Err(_)) = written {
            self.input = None;
        }
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&self) {
        self.group.terminate();
    }

    /// Ends the whole group at once.
    pub(crate) fn kill(&self) {
        self.group.kill();
    }

    /// The status of the process if it has ended. Then nothing of its group is left.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.group.ended()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::protocol::{Protocol, ReportNames};

    const ID: ProcessId = ProcessId { slot: 3, number: 9 };

    fn shell(script: &str, folder: &Path) -> (Process, Receiver<Said>) {
        let (to, said) = sync_channel(10);
        let launch = Launch {
            id: ID,
            program: Invocation {
                command: ["sh", "-c", script].map(str::to_owned).into(),
                directory: folder.to_owned(),
                environment: BTreeMap::new(),
                output: Arc::new(Output::new(folder.join("output.log"), 1 << 20)),
            },
            folder: folder.to_owned(),
            protocol: Protocol::Answered,
            names: ReportNames {
                metric: "loss".to_owned(),
                resource: "epoch".to_owned(),
            },
        };
        (Process::spawn(&launch, &to).unwrap(), said)
    }

    fn wait(process: &mut Process) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = process.ended().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !holds() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn reports_and_answers() {
        let folder = tempfile::tempdir().unwrap();
        let report = r#"{\"epoch\": 1, \"loss\": 0.5}"#;
        let script =
            format!("echo one; echo \"{report}\"; read x; echo \"got $x\"; echo oops >&2; exit 3");
        let (mut process, said) = shell(&script, folder.path());
        let first = said.recv().unwrap();
        assert_eq!(first.process, ID);
        assert!(matches!(first.heard, Heard::Report(ref report, _) if report.resource == 1));
        process.answer("continue\n");
        let last = said.recv().unwrap();
        assert!(matches!(last.heard, Heard::Nothing));
        let last = process.last_line().map(|line| line.text);
        assert_eq!(last.as_deref(), Some("got continue"));
        assert_eq!(wait(&mut process).code(), Some(3));
        wait_until("its output is kept", || {
            let output = std::fs::read_to_string(folder.path().join("output.log"));
            output.is_ok_and(|output| output.contains("one\n") && output.contains("oops\n"))
        });
    }

    #[test]
    fn nobody_waits_for_a_process_that_does_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (mut process, _said) = shell("exec sleep 600", folder.path());
        for _ in 0..100_000 {
            process.answer("continue\n");
        }
        assert!(process.input.is_none());
    }

    /// The whole group goes: a grandchild that ignores TERM does not survive.
    #[test]
    fn the_whole_group_ends() {
        let folder = tempfile::tempdir().unwrap();
        let script = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait";
        let (mut process, _said) = shell(script, folder.path());
        wait_until("it says its number", || process.last_line().is_some());
        let grandchild: u32 = process.last_line().unwrap().text.parse().unwrap();
        assert!(start_time(grandchild).is_some());
        process.terminate();
        wait(&mut process);
        wait_until("the grandchild ends", || start_time(grandchild).is_none());
    }

    #[test]
    fn only_the_same_process_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (mut process, _said) = shell("sleep 600", folder.path());
        let started = start_time(process.id()).unwrap();
        let end = |id, started| end_left_behind([(id, started)].into_iter(), Duration::ZERO);
        end(process.id(), Some("1"));
        end(process.id(), None);
        assert!(process.ended().unwrap().is_none());
        end(process.id(), Some(&started));
        assert!(wait(&mut process).code().is_none());
    }
}
