//! What the system is asked for: signals, mounted disks, patience.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What a command may take before it counts as hanging.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The text of a file; empty where there is none.
pub(crate) fn read_lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Sends a signal; whether there was somebody.
pub(crate) fn signal(pid: u32, name: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([format!("-{name}"), pid.to_string()]);
    kill.stderr(Stdio::null()).status().unwrap().success()
}

/// Whether a process is there and not just waiting to be noticed as ended.
pub(crate) fn alive(pid: u32) -> bool {
    let status = read_lossy(Path::new(&format!("/proc/{pid}/status")));
    let state = status.lines().find(|line| line.starts_with("State:"));
    state.is_some_and(|state| !state.contains('Z'))
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < LIMIT, "not after {LIMIT:?}: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A command of the system that has to work.
pub(crate) fn done(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
}

/// A folder that something is mounted on, until the guard goes.
pub(crate) struct Mounted(pub(crate) PathBuf);

impl Mounted {
    /// A disk in memory.
    pub(crate) fn disk(at: &Path, options: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let place = at.to_str().unwrap();
        done("mount", &["-t", "tmpfs", "-o", options, "tmpfs", place]);
        Self(at.to_owned())
    }

    /// A folder at another place, which keeps what is in it.
    pub(crate) fn folder(folder: &Path, at: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        fs::create_dir_all(at).unwrap();
        let [from, to] = [folder, at].map(|path| path.to_str().unwrap());
        done("mount", &["--bind", from, to]);
        Self(at.to_owned())
    }

    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        done("mount", &["-o", &options, self.0.to_str().unwrap()]);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        done("umount", &["-l", self.0.to_str().unwrap()]);
    }
}
