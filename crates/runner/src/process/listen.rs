//! What a training process prints.

use std::io::Read;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use rungkeeper_checkpoints::{Fingerprint, fingerprint};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::launch::{Launch, ProcessId};
use super::lines::{Lines, Part};
use super::output::Output;
use crate::protocol::{Line, Printed, Protocol, ReportNames};

/// Longest part of a line that is no report that is kept, in bytes.
const LONGEST_QUOTE: usize = 400;

/// Something a training process said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) process: ProcessId,
    pub(crate) heard: Heard,
}

/// What was heard of a training process.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A report. With `"checkpoint": true` also how the files lay at that moment: the program waits for its answer, so
    /// they are at rest, and as long as they lie so they are that checkpoint.
    Report(Printed, Option<Fingerprint>),
    /// Something that was meant as a report and cannot be one; why, and whether the key of the resource is missing.
    Refused(String, bool),
    /// It prints no more.
    Nothing,
    /// It has ended, after it closed its output.
    End,
}

/// A line that was no report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unheard {
    /// Its beginning.
    pub(crate) text: String,
    /// It is longer than a report may be.
    pub(crate) is_too_long: bool,
}

/// The last line that was no report or cannot be one, for a person who wonders why nothing comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastLine(Arc<Mutex<Option<Unheard>>>);

impl LastLine {
    pub(crate) fn get(&self) -> Option<Unheard> {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.clone()
    }

    fn set(&self, text: &str, is_too_long: bool) {
        let mut ends = (0..=text.len().min(LONGEST_QUOTE)).rev();
        let end = ends.find(|&end| text.is_char_boundary(end));
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = line.get_or_insert_default();
        kept.is_too_long = is_too_long;
        kept.text.clear();
        kept.text.push_str(&text[..end.unwrap_or(0)]);
    }
}

/// Hears one process.
pub(super) struct Listener<M> {
    process: ProcessId,
    /// The number of the process.
    id: Pid,
    folder: PathBuf,
    protocol: Protocol,
    names: ReportNames,
    output: Arc<Output>,
    last_line: LastLine,
    to: SyncSender<M>,
}

impl<M: From<Said>> Listener<M> {
    pub(super) fn new(launch: &Launch, id: Pid, to: SyncSender<M>, last_line: LastLine) -> Self {
        Self {
            process: launch.id,
            id,
            folder: launch.folder.clone(),
            protocol: launch.protocol,
            names: launch.names.clone(),
            output: Arc::clone(&launch.program.output),
            last_line,
            to,
        }
    }

    /// Hands on what a process reports until it prints no more, and that it ends.
    pub(super) fn listen(&self, stdout: impl Read) {
        let mut lines = Lines::new(stdout);
        while let Some((part, bytes)) = lines.next() {
            let heard = match part {
                Part::Line => self.hear(bytes),
                Part::Beginning => {
                    self.last_line.set(&String::from_utf8_lossy(bytes), true);
                    None
                }
                Part::Rest => None,
            };
            let gone = heard.is_some_and(|heard| !self.say(heard));
            // After the report: a trial does not wait for the disk that its output goes to.
            self.output.write(bytes);
            if gone {
                return;
            }
        }
        if self.say(Heard::Nothing) {
            self.wait_for_the_end();
            self.say(Heard::End);
        }
    }

    /// The process is not collected here: who does looks at it first. If that was done already, it has ended.
    fn wait_for_the_end(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(self.id), options), Err(Errno::INTR)) {}
    }

    fn hear(&self, bytes: &[u8]) -> Option<Heard> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        match Line::read(text, self.protocol, &self.names) {
            Line::Report(printed) => {
                let at_rest = printed.checkpoint && self.protocol == Protocol::Answered;
                let fingerprint = at_rest.then(|| fingerprint(&self.folder).ok()).flatten();
                Some(Heard::Report(printed, fingerprint))
            }
            Line::Refused { reason, missing } => {
                self.last_line.set(text, false);
                Some(Heard::Refused(reason, missing))
            }
            Line::Other => {
                self.last_line.set(text, false);
                None
            }
        }
    }

    /// Whether there is still somebody who listens.
    fn say(&self, heard: Heard) -> bool {
        let process = self.process;
        self.to.send(Said { process, heard }.into()).is_ok()
    }
}
