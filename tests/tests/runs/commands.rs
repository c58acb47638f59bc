//! Commands that were started, what they said, and the log that a run wrote.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::system::{LIMIT, read_lossy, signal};

/// A command that goes on; it is killed where the test ends before.
pub(crate) struct Running {
    child: Child,
    output: tempfile::TempDir,
}

impl Running {
    /// The streams go to files: a process that outlives the command does not hold the test up.
    pub(crate) fn start(mut command: Command) -> Self {
        let output = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(output.path().join(name)).unwrap();
        command.stdout(file("out")).stderr(file("notes"));
        let child = command.spawn().unwrap();
        Self { child, output }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills the runner, and nothing but the runner.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn notes(&self) -> String {
        read_lossy(&self.output.path().join("notes"))
    }

    /// Waits for its end.
    pub(crate) fn ends(self) -> Said {
        self.ends_within(LIMIT)
    }

    pub(crate) fn ends_within(mut self, limit: Duration) -> Said {
        let begin = Instant::now();
        while !self.is_over() {
            let patient = begin.elapsed() <= limit;
            assert!(patient, "still going on after {limit:?}: {}", self.notes());
            sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().unwrap();
        assert_ne!(status.code(), Some(101), "a panic: {}", self.notes());
        Said {
            code: status.code(),
            signal: status.signal(),
            out: read_lossy(&self.output.path().join("out")),
            notes: self.notes(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// On the standard output.
    pub(crate) out: String,
    /// On the standard error.
    pub(crate) notes: String,
}

impl Said {
    /// Both streams.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.notes)
    }

    /// It ended well.
    pub(crate) fn finished(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.all());
        self
    }

    /// It ended with an error that has these words.
    pub(crate) fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.all());
        self.has(words)
    }

    /// Each of these words was said.
    pub(crate) fn has(self, words: &[&str]) -> Self {
        let all = self.all();
        for word in words {
            assert!(all.contains(word), "{word} is not in: {all}");
        }
        self
    }

    /// Its notes that have these words.
    pub(crate) fn notes_with(&self, words: &[&str]) -> Vec<&str> {
        let has = |line: &&str| words.iter().all(|word| line.contains(word));
        let lines = self.notes.lines().filter(has);
        lines.filter(|line| line.contains("note: ")).collect()
    }
}

/// The whole lines of a log.
#[derive(Debug)]
pub(crate) struct Log(pub(crate) Vec<Value>);

impl Log {
    pub(crate) fn read(run: &Path) -> Self {
        let text = read_lossy(&run.join("log.jsonl"));
        let end = text.rfind('\n').map_or(0, |end| end + 1);
        let lines = text[..end].lines();
        Self(
            lines
                .map(|line| serde_json::from_str(line).expect("a line of JSON"))
                .collect(),
        )
    }

    /// The events of a kind.
    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        let is = |event: &&Value| event["event"] == kind;
        self.0.iter().filter(is).collect()
    }

    /// The events of a kind that are a trial's.
    pub(crate) fn of_trial(&self, kind: &str, trial: &str) -> Vec<&Value> {
        let mut events = self.of(kind);
        events.retain(|event| event["trial"] == trial);
        events
    }

    /// Level of a trial's last report; 0 where it has none.
    pub(crate) fn last_level(&self, trial: &str) -> u64 {
        let results = self.of_trial("result", trial);
        let last = results.last();
        last.map_or(0, |event| event["level"].as_u64().unwrap())
    }
}
