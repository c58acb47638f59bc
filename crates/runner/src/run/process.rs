//! A training process: started in a group of its own, listened to, ended as a whole group.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Longest line that is listened to, with its end; what is longer is no report. It bounds the
/// memory that lines in the queue take.
const LONGEST_LINE: u64 = 1 << 16;

/// How a training process is started.
pub(super) struct Launch<'a> {
    /// Program and arguments.
    pub(super) command: &'a [String],
    /// Folder it runs in.
    pub(super) directory: &'a Path,
    /// Variables added to the tuner's own environment.
    pub(super) environment: &'a BTreeMap<String, String>,
    /// File its output goes to as well.
    pub(super) output: &'a Path,
}

/// Something a training process printed, or the end of its output.
#[derive(Debug)]
pub(super) struct Said {
    /// The worker's number.
    pub(super) slot: usize,
    /// Which process of the run it was: what an old one printed is never taken for a new one's.
    pub(super) process: u64,
    /// A line without its end; `None`: it prints no more.
    pub(super) line: Option<String>,
}

/// A running training process.
pub(super) struct Process {
    child: Child,
    group: Pid,
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts a process in a group of its own; what it prints comes over the channel.
    pub(super) fn spawn(
        launch: &Launch<'_>,
        slot: usize,
        process: u64,
        to: SyncSender<Said>,
    ) -> io::Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(launch.output)?;
        let (program, arguments) = launch
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(launch.directory)
            .envs(launch.environment)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output.try_clone()?)
            .spawn()?;
        let input = child.stdin.take();
        if let Some(input) = &input {
            let flags = fcntl_getfl(input)?;
            fcntl_setfl(input, flags | OFlags::NONBLOCK)?;
        }
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || listen(stdout, output, slot, process, &to));
        }
        let group = Pid::from_child(&child);
        Ok(Self {
            child,
            group,
            input,
        })
    }

    /// Number of the process, and of its group.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends an answer. That the process no longer reads is no error: its end will be noticed. One
    /// that reads none of its answers gets no more once the pipe is full: nobody waits for it.
    pub(super) fn answer(&mut self, text: &str) {
        let written = self.input.as_mut().map(|input| {
            input.write_all(text.as_bytes())?;
            input.flush()
        });
        if let Some(Err(_)) = written {
            self.input = None;
        }
    }

    /// Asks the whole group to end.
    pub(super) fn terminate(&self) {
        // No such group: it has ended already.
        let _ = kill_process_group(self.group, Signal::TERM);
    }

    /// Ends the whole group at once.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    /// The status of the process if it has ended. Then nothing of its group is left.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        // Looked at without being collected, its number stays taken, so the group that is killed
        // cannot be somebody else's.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(self.group), look)?.is_none() {
            return Ok(None);
        }
        self.kill();
        self.child.try_wait()
    }
}

impl Drop for Process {
    /// Nothing that was started outlives the runner, whatever made it end.
    fn drop(&mut self) {
        if !matches!(self.ended(), Ok(Some(_))) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// Hands on what a process prints until it prints no more.
fn listen(stdout: impl Read, mut copy: File, slot: usize, process: u64, to: &SyncSender<Said>) {
    let mut reader = BufReader::new(stdout);
    let mut bytes = Vec::new();
    let mut within_a_line = false;
    loop {
        bytes.clear();
        let read = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes);
        let line = match read {
            Ok(0) | Err(_) => None,
            Ok(_) => {
                // The copy is for people; a full disk is noticed where it matters.
                let _ = copy.write_all(&bytes);
                let complete = bytes.ends_with(b"\n");
                let too_long = within_a_line || (!complete && bytes.len() as u64 == LONGEST_LINE);
                within_a_line = !complete;
                if too_long {
                    continue;
                }
                let text = String::from_utf8_lossy(&bytes);
                Some(text.trim_end_matches(['\n', '\r']).to_owned())
            }
        };
        let ended = line.is_none();
        let said = Said {
            slot,
            process,
            line,
        };
        if to.send(said).is_err() || ended {
            return;
        }
    }
}

/// Ends a process group that a killed runner left behind, if the process with that number is still
/// the one that was started: its start time is compared.
pub(super) fn end_left_behind(id: u32, started: Option<&str>) {
    let same = started.is_some() && start_time(id).as_deref() == started;
    let group = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let (true, Some(group)) = (same, group) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// When a process was started, in the kernel's own count; `None` where that cannot be told.
pub(super) fn start_time(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the name in brackets, which may hold anything; 20 fields later comes the
    // start time.
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str, folder: &Path, to: SyncSender<Said>) -> Process {
        let command = ["sh", "-c", script].map(str::to_owned);
        let launch = Launch {
            command: &command,
            directory: folder,
            environment: &BTreeMap::new(),
            output: &folder.join("output.log"),
        };
        Process::spawn(&launch, 3, 9, to).unwrap()
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

    #[test]
    fn lines_and_answers() {
        let folder = tempfile::tempdir().unwrap();
        let (to, said) = sync_channel(10);
        let script = "echo one; read x; echo \"got $x\"; echo oops >&2; printf last; exit 3";
        let mut process = shell(script, folder.path(), to);
        let first = said.recv().unwrap();
        assert_eq!(
            (first.slot, first.process, first.line.as_deref()),
            (3, 9, Some("one"))
        );
        process.answer("continue\n");
        let rest: Vec<_> = said.iter().map(|said| said.line).collect();
        let expected = [
            Some("got continue".to_owned()),
            Some("last".to_owned()),
            None,
        ];
        assert_eq!(rest, expected);
        assert_eq!(wait(&mut process).code(), Some(3));
        let output = std::fs::read_to_string(folder.path().join("output.log")).unwrap();
        assert!(output.contains("one\n") && output.contains("oops\n"));
    }

    /// A line that is too long is none, and neither is any part of it.
    #[test]
    fn parts_of_a_line_are_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        let (to, said) = sync_channel(10);
        let script = format!(
            "head -c {LONGEST_LINE} /dev/zero; echo end; echo short; head -c {LONGEST_LINE} /dev/zero"
        );
        let mut process = shell(&script, folder.path(), to);
        let lines: Vec<_> = said.iter().map(|said| said.line).collect();
        assert_eq!(lines, [Some("short".to_owned()), None]);
        wait(&mut process);
    }

    #[test]
    fn nobody_waits_for_a_process_that_does_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (to, _said) = sync_channel(10);
        let mut process = shell("exec sleep 600", folder.path(), to);
        for _ in 0..100_000 {
            process.answer("continue\n");
        }
        assert!(process.input.is_none());
    }

    /// The whole group goes: a grandchild that ignores TERM does not survive.
    #[test]
    fn the_whole_group_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (to, said) = sync_channel(10);
        let script = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait";
        let mut process = shell(script, folder.path(), to);
        let grandchild: u32 = said.recv().unwrap().line.unwrap().parse().unwrap();
        assert!(start_time(grandchild).is_some());
        process.terminate();
        wait(&mut process);
        let begin = Instant::now();
        while start_time(grandchild).is_some() {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "the grandchild lives on"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn only_the_same_process_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (to, _said) = sync_channel(10);
        let mut process = shell("sleep 600", folder.path(), to);
        let started = start_time(process.id()).unwrap();
        end_left_behind(process.id(), Some("1"));
        end_left_behind(process.id(), None);
        assert!(process.ended().unwrap().is_none());
        end_left_behind(process.id(), Some(&started));
        assert!(wait(&mut process).code().is_none());
    }
}
