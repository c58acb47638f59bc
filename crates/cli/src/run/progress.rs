//! What a run shows while it goes on: a line that changes on a terminal, plain lines in a pipe.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use rungkeeper_runner::protocol::ReportNames;
use rungkeeper_runner::{Best, Observer, Stop, View};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Decision, TrialStatus};

use super::interrupt::Interrupts;
use super::output::OutputArguments;
use super::speaker::{Speaker, Voice};
use crate::plain::{message, plain};
use crate::report::words;

/// Time between two looks at the run.
const BETWEEN: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    interrupts: Interrupts,
    output: OutputArguments,
    /// What resource and metric are called.
    names: ReportNames,
    /// For people.
    people: Option<Speaker>,
    /// For programs: the lines of the log.
    programs: Option<Speaker>,
    looked: Option<Instant>,
    said_stop: Stop,
    /// The best trial that was said in a plain line, and where it stood.
    said_best: Option<(String, u64)>,
    /// Paused trials that have no checkpoint, and train from scratch when they are promoted: from the first turn on, which
    /// tells what the run was before.
    without: Option<HashSet<String>>,
    /// Whether any program was started.
    pub(super) has_started: bool,
}

impl Progress {
    /// Without names, where they cannot be read, resource and metric are called so.
    pub(super) fn new(
        interrupts: Interrupts,
        output: OutputArguments,
        names: Option<ReportNames>,
    ) -> Self {
        Self {
            interrupts,
            names: names.unwrap_or_else(|| ReportNames {
                metric: "metric".to_owned(),
                resource: "level".to_owned(),
            }),
            people: Some(Speaker::on_terminal(output.quiet)),
            programs: output.json.then(|| Speaker::plain(io::stdout())),
            output,
            looked: None,
            said_stop: Stop::No,
            said_best: None,
            without: None,
            has_started: false,
        }
    }

    /// Whoever gets the lines of the log, if anybody does.
    pub(super) fn programs(&self) -> Option<Voice> {
        self.programs.as_ref().map(Speaker::voice)
    }

    /// Says what belongs to the ordinary course of a run.
    fn tell(&self, text: &str) {
        if !self.output.quiet {
            self.say(text);
        }
    }

    /// Where no line changes, a new best is a line of its own.
    fn say_best(&mut self, run: &View<'_>) {
        let Some(best) = run.best else {
            return;
        };
        let said = self.said_best.as_ref();
        if said.is_some_and(|(trial, at)| trial == best.trial && *at == best.resource) {
            return;
        }
        self.said_best = Some((best.trial.to_owned(), best.resource));
        let ((resource, metric), how) = (self.names(), how_far(&best));
        let (at, value) = (run.elapsed, words::metric(best.metric));
        let which = if best.finished { "finished" } else { "so far" };
        self.tell(&format!(
            "{at:>9.1} s  best {which}: {metric} {value} at {resource} {} ({how})",
            best.resource
        ));
    }

    fn say(&self, text: &str) {
        if let Some(people) = &self.people {
            people.say(message(text));
        }
    }

    /// Resource and metric.
    fn names(&self) -> (String, String) {
        (plain(&self.names.resource), plain(&self.names.metric))
    }

    fn has_status(&self) -> bool {
        self.people.as_ref().is_some_and(|people| people.has_status)
    }
}

/// "trial 7, not finished".
fn how_far(best: &Best<'_>) -> String {
    let how = if best.finished { "" } else { ", not finished" };
    format!("trial {}{how}", plain(best.trial))
}

impl Drop for Progress {
    /// Takes the changing line away, once all was said. A pipe that is gone is no reason to fail.
    fn drop(&mut self) {
        for speaker in [self.people.take(), self.programs.take()]
            .into_iter()
            .flatten()
        {
            let _ = speaker.finish(&self.interrupts);
        }
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        let at = event.elapsed().unwrap_or(0.0);
        self.has_started |= matches!(event, Event::Launch { .. });
        match event {
            Event::Start { trial, .. } => self.tell(&format!("{at:>9.1} s  trial {trial} starts")),
            Event::Resume { trial, .. } => {
                let mut without = self.without.iter_mut();
                let from = if without.any(|without| without.remove(trial)) {
                    ", and trains from scratch"
                } else {
                    ""
                };
                self.tell(&format!("{at:>9.1} s  trial {trial} is promoted{from}"));
            }
            Event::Checkpoint { trial, .. } => {
                if let Some(without) = &mut self.without {
                    without.remove(trial);
                }
            }
            Event::Restart { trial, .. } => {
                self.tell(&format!("{at:>9.1} s  trial {trial} is started again"));
            }
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } if *decision != Decision::Continue => {
                let what = if *decision == Decision::Pause {
                    "paused"
                } else {
                    "ended"
                };
                let ((resource, name), metric) = (self.names(), words::metric(*metric));
                self.tell(&format!(
                    "{at:>9.1} s  trial {trial}: {what} at {resource} {level}, {name} {metric}"
                ));
            }
            Event::Remove { removal, .. } => {
                if let Some(without) = &mut self.without {
                    without.insert(removal.trial.clone());
                }
                self.tell(&format!(
                    "{at:>9.1} s  trial {} loses its checkpoint (level {}, rank {} of {})",
                    removal.trial, removal.level, removal.rank, removal.rung_len
                ));
            }
            _ => {}
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(programs) = &self.programs {
            programs.say(line.to_owned());
        }
    }

    fn note(&mut self, text: &str) {
        self.say(&format!("note: {text}"));
    }

    fn turn(&mut self, run: &View<'_>) {
        self.without.get_or_insert_with(|| {
            let paused = run.model.trials();
            let without = paused.filter(|trial| trial.1 == TrialStatus::PausedNoCheckpoint);
            without.map(|trial| trial.0.to_owned()).collect()
        });
        if !self.has_status() {
            return self.say_best(run);
        }
        if self.looked.is_some_and(|looked| looked.elapsed() < BETWEEN) {
            return;
        }
        self.looked = Some(Instant::now());
        let model = run.model;
        // The best comes first: where a line is short the last parts are left out.
        let best = run.best.map(|best| {
            let (metric, how) = (words::metric(best.metric), how_far(&best));
            format!("best {metric} at {} ({how})", best.resource)
        });
        let counts = [
            words::of(model.num_trials() as u64, "trial"),
            format!("{} running", model.num_running()),
            words::of(model.num_committed() as u64, "checkpoint"),
        ];
        let deleting = match run.deleting {
            0 => None,
            number => Some(format!("{number} being deleted")),
        };
        if let Some(people) = &self.people {
            let time = format!("{:.0} s", run.elapsed);
            let parts = [time].into_iter().chain(best).chain(counts);
            people.show(parts.chain(deleting).collect());
        }
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
