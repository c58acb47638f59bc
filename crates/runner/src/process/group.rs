//! A process in a group of its own, which is ended as a whole group.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A process that leads a group of its own.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    id: Pid,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        Ok(Self {
            id: Pid::from_child(&child),
            child,
        })
    }

    /// Number of the process, and of its group.
    pub(crate) fn id(&self) -> Pid {
        self.id
    }

    /// The ends of its pipes, each once: its input, and what it prints.
    pub(crate) fn take_pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>) {
        (self.child.stdin.take(), self.child.stdout.take())
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&self) {
        // No such group: it has ended already. One that is stopped hears it once it goes on.
        let _ = kill_process_group(self.id, Signal::TERM);
        let _ = kill_process_group(self.id, Signal::CONT);
    }

    /// Ends the whole group at once.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(self.id, Signal::KILL);
    }

    /// The status of the process if it has ended. Then nothing of its group is left.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        // Looked at without being collected, its number stays taken, so the group that is killed
        // cannot be somebody else's.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(self.id), look)?.is_none() {
            return Ok(None);
        }
        self.kill();
        self.child.try_wait()
    }
}

impl Drop for Group {
    /// Nothing that was started outlives the runner, whatever made it end.
    fn drop(&mut self) {
        if !matches!(self.ended(), Ok(Some(_))) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}
