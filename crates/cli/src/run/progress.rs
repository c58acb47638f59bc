//! What a run shows while it goes on: a line that changes on a terminal, plain lines in a pipe.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rungkeeper_runner::{Observer, Stop, View};
use rungkeeper_tuner_hooks::Decision;
use rungkeeper_tuner_hooks::log::Event;

use super::interrupt::Interrupts;
use crate::plain::message;

/// Time between two looks at the run.
const BETWEEN: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    interrupts: Interrupts,
    /// Hidden where the standard error is no terminal.
    line: ProgressBar,
    looked: Option<Instant>,
    said_stop: Stop,
}

impl Progress {
    pub(super) fn new(interrupts: Interrupts) -> Self {
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            line.set_style(style);
        }
        Self {
            interrupts,
            line,
            looked: None,
            said_stop: Stop::No,
        }
    }

    fn say(&self, text: &str) {
        let text = &message(text);
        if self.line.is_hidden() {
            // A pipe that is gone is no reason to stop training.
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            self.line.println(text);
        }
    }
}

impl Drop for Progress {
    /// Takes the changing line away.
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        let at = event.elapsed().unwrap_or(0.0);
        match event {
            Event::Start { trial, .. } => self.say(&format!("{at:>9.1} s  trial {trial} starts")),
            Event::Resume { trial, .. } => {
                self.say(&format!("{at:>9.1} s  trial {trial} is promoted"));
            }
            Event::Restart { trial, .. } => {
                self.say(&format!("{at:>9.1} s  trial {trial} is started again"));
            }
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } if *decision != Decision::Continue => {
                let what = if *decision == Decision::Pause {
                    "is paused"
                } else {
                    "ends"
                };
                self.say(&format!(
                    "{at:>9.1} s  trial {trial} {what} at {level} with {metric}"
                ));
            }
            Event::Remove { removal, .. } => self.say(&format!(
                "{at:>9.1} s  trial {} loses its checkpoint (level {}, rank {} of {})",
                removal.trial, removal.level, removal.rank, removal.rung_len
            )),
            _ => {}
        }
    }

    fn note(&mut self, text: &str) {
        self.say(&format!("note: {text}"));
    }

    fn turn(&mut self, run: &View<'_>) {
        if self.looked.is_some_and(|looked| looked.elapsed() < BETWEEN) {
            return;
        }
        self.looked = Some(Instant::now());
        let model = run.model;
        let best = run.best.map_or(String::new(), |(trial, metric)| {
            format!(", best {metric} (trial {trial})")
        });
        let deleting = match run.deleting {
            0 => String::new(),
            number => format!(" ({number} being deleted)"),
        };
        self.line.set_message(format!(
            "{:.0} s: {} trials, {} running, {} checkpoints{deleting}{best}",
            run.elapsed,
            model.num_trials(),
            model.num_running(),
            model.num_with_checkpoint()
        ));
        self.line.tick();
    }

    fn stop(&mut self) -> Stop {
        let stop = self.interrupts.stop();
        if stop > self.said_stop {
            self.said_stop = stop;
            self.say(match stop {
                Stop::Now => "ending all trials now",
                _ => "pausing all trials (Ctrl-C again ends them now)",
            });
        }
        stop
    }
}
