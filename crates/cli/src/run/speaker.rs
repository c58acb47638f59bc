//! Lines for somebody who may stop reading: a thread prints them, so that a run never waits for a pipe or a terminal.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Interrupts;
use rungkeeper_runner::Stop;

/// Most lines that wait for a reader; those behind them are left out, and counted.
const MOST_WAITING: u64 = 1_000_000;

/// Time between two looks whether all is to end now.
const LOOK: Duration = Duration::from_millis(50);

/// How long a reader has then.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);

/// Columns before what the changing line says.
const BEFORE_STATUS: usize = 2;

enum Saying {
    /// A line that stays.
    Line(String),
    /// Parts of what the changing line says from now on, where there is one: the last ones are left out where it is short.
    Status(Vec<String>),
}

/// Says things to one reader, in order.
pub(super) struct Speaker {
    voice: Voice,
    ended: Receiver<io::Result<()>>,
    /// Whether there is a line that changes.
    pub(super) has_status: bool,
}

/// Something that speaks through a speaker.
#[derive(Clone)]
pub(super) struct Voice {
    to: Sender<Saying>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// What is to be said and was not yet.
    waiting: AtomicU64,
    left_out: AtomicU64,
}

/// What is to be said, in order.
struct Heard {
    from: Receiver<Saying>,
    counts: Arc<Counts>,
}

impl Heard {
    /// Has each thing said, until nobody can say more or it cannot be said.
    fn each(self, mut say: impl FnMut(Saying) -> io::Result<()>) -> io::Result<()> {
        for saying in &self.from {
            say(saying)?;
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Speaker {
    /// Plain lines.
    pub(super) fn plain(mut out: impl Write + Send + 'static) -> Self {
        Self::start(false, move |heard| {
            heard.each(|saying| match saying {
                Saying::Line(line) => writeln!(out, "{line}").and_then(|()| out.flush()),
                Saying::Status(_) => Ok(()),
            })
        })
    }

    /// For people: lines above one that changes, where the standard error is a terminal and is not to be quiet.
    pub(super) fn on_terminal(quiet: bool) -> Self {
        let bar = ProgressBar::new_spinner();
        if quiet || bar.is_hidden() {
            return Self::plain(io::stderr());
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        Self::start(true, move |heard| {
            let spoken = heard.each(|saying| {
                match saying {
                    Saying::Line(line) => bar.println(line),
                    Saying::Status(status) => {
                        let (_, columns) = console::Term::stderr().size();
                        bar.set_message(fitting(
                            &status,
                            usize::from(columns).saturating_sub(BEFORE_STATUS),
                        ));
                        bar.tick();
                    }
                }
                Ok(())
            });
            bar.finish_and_clear();
            spoken
        })
    }

    fn start(
        has_status: bool,
        speak: impl FnOnce(Heard) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (to, from) = channel();
        let (end, ended) = channel();
        let counts = Arc::<Counts>::default();
        let heard = Heard {
            from,
            counts: Arc::clone(&counts),
        };
        // Without a thread nothing is printed, and nothing is lost: all is in the log.
        let _ = thread::Builder::new()
            .name("rungkeeper-speaker".to_owned())
            .spawn(move || {
                let spoken = speak(heard);
                // Nobody waits for it any more where all was to end.
                let _ = end.send(spoken);
            });
        Self {
            voice: Voice { to, counts },
            ended,
            has_status,
        }
    }

    pub(super) fn voice(&self) -> Voice {
        self.voice.clone()
    }

    pub(super) fn say(&self, line: String) {
        self.voice.say(line);
    }

    pub(super) fn show(&self, status: Vec<String>) {
        // A later one will do where somebody is still reading what was said before.
        if self.voice.counts.waiting.load(Ordering::Relaxed) == 0 {
            self.voice.send(Saying::Status(status));
        }
    }

    /// Waits until all was read, or until all is to end now. The error says why it could not be written.
    pub(super) fn finish(self, interrupts: &Interrupts) -> io::Result<()> {
        let Self { voice, ended, .. } = self;
        let left_out = voice.counts.left_out.load(Ordering::Relaxed);
        drop(voice);
        let mut hurried = None;
        let spoken = loop {
            match ended.recv_timeout(LOOK) {
                Ok(spoken) => break spoken,
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
                Err(RecvTimeoutError::Timeout) if interrupts.stop() == Stop::Now => {
                    let since = *hurried.get_or_insert_with(Instant::now);
                    if since.elapsed() >= SHORT_PATIENCE {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        if left_out > 0 {
            let _ = writeln!(
                io::stderr(),
                "note: {left_out} lines were not said, since nobody read them; log.jsonl has all"
            );
        }
        spoken
    }
}

/// As many of the parts as fit, the first of them in any case.
fn fitting(parts: &[String], columns: usize) -> String {
    let mut line = String::new();
    for part in parts {
        let before = if line.is_empty() { "" } else { "; " };
        let length = line.chars().count() + before.len() + part.chars().count();
        if !line.is_empty() && length > columns {
            break;
        }
        line.push_str(before);
        line.push_str(part);
    }
    line
}

impl Voice {
    pub(super) fn say(&self, line: String) {
        if self.counts.waiting.load(Ordering::Relaxed) < MOST_WAITING {
            self.send(Saying::Line(line));
        } else {
            self.counts.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send(&self, saying: Saying) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        // A pipe that is gone is no reason to stop training.
        let _ = self.to.send(saying);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_not_cut_within_a_part() {
        let parts =
            ["12 s", "best 0.5 at 9", "8 checkpoints", "1 being deleted"].map(str::to_owned);
        assert_eq!(
            fitting(&parts, 51),
            "12 s; best 0.5 at 9; 8 checkpoints; 1 being deleted"
        );
        assert_eq!(fitting(&parts, 50), "12 s; best 0.5 at 9; 8 checkpoints");
        assert_eq!(fitting(&parts, 30), "12 s; best 0.5 at 9");
        assert_eq!(fitting(&parts, 1), "12 s");
    }
}
