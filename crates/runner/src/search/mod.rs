//! Configurations of new trials that a program proposes.
//!
//! It is asked for one at a time, and told how trials fare. What it prints comes to the loop as messages, so nobody
//! waits for it but the workers that have nothing else to do. What a run knows is in its log: a program that is started
//! again by a later session is told all of it first.

mod messages;
mod on_curves;
mod program;
mod told;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use rungkeeper_policies::Limits;
use rungkeeper_tuner::search_space::Configuration;

use crate::experiment::{Experiment, Search as SearchOf};
use crate::plain::{escaped, escaped_sentence};
use crate::process::{Invocation, Output};
use messages::{Answer, ask, greeting};
use program::{Launch, Program};

pub use on_curves::{SearchOnCurves, SimulatedRun};
pub(crate) use program::Heard;
pub(crate) use told::Told;

/// Whoever stops a run tells the runner and its programs at the same moment, in either order. For so long a program that
/// ended may be one of those.
const MOMENT: Duration = Duration::from_secs(1);

/// Most characters of a reason.
const REASON: usize = 200;

/// Most characters of the last line that is shown.
const LINE: usize = 80;

/// The search program of a run.
pub(crate) struct Search {
    experiment: Arc<Experiment>,
    /// How long an answer is waited for.
    timeout: Duration,
    launch: Launch,
    /// Starts it, so that whoever set the search up hears it.
    start: Box<dyn Fn(Launch) -> Program>,
    /// None before it is first asked.
    program: Option<Program>,
    question: Question,
    /// Whether it proposes no more.
    no_more: bool,
    /// Whether it prints no more.
    has_said_all: bool,
}

/// What it was asked last, and the outcome.
#[derive(Debug, Default)]
enum Question {
    /// Nothing was asked, or the answer was taken.
    #[default]
    None,
    /// For the configuration of a trial, at that time; and whether it was told more since.
    Asked(String, Instant, bool),
    Answered(Configuration),
    /// It has nothing before it is told more.
    Waits,
    /// It cannot be used, for this reason.
    Failed(String),
}

/// What there is for a new trial.
#[derive(Debug)]
pub(crate) enum Proposal {
    Configuration(Configuration),
    /// Ask again when something happened.
    Later,
    /// It has nothing before it is told more of trials.
    Waits,
    /// No new trial ever.
    End,
    /// The program cannot be used, for this reason.
    Failed(String),
}

impl Search {
    /// The search program of an experiment, if it names one: it runs in `directory` with variables, of which those of the
    /// experiment count, and what it prints as errors goes to `output`.
    pub(crate) fn new<M: From<Heard> + Send + 'static>(
        experiment: Arc<Experiment>,
        directory: PathBuf,
        mut environment: BTreeMap<String, String>,
        output: PathBuf,
        to: SyncSender<M>,
    ) -> Option<Self> {
        let SearchOf::Program { command, timeout } = &experiment.search else {
            return None;
        };
        environment.extend(experiment.environment.clone());
        let launch = Launch {
            program: Invocation {
                command: command.clone(),
                directory,
                environment,
                output: Arc::new(Output::new(output, experiment.output)),
            },
            grace: experiment.grace,
        };
        Some(Self {
            timeout: *timeout,
            experiment,
            launch,
            start: Box::new(move |launch| Program::start(launch, to.clone())),
            program: None,
            question: Question::None,
            no_more: false,
            has_said_all: false,
        })
    }

    /// The configuration of a new trial. The program is started, told what it has to know, and asked for it, each if that
    /// is still to do.
    pub(crate) fn propose(&mut self, trial: &str, limits: Limits, told: Vec<String>) -> Proposal {
        if self.program.is_none() {
            let program = (self.start)(self.launch.clone());
            program.write(greeting(&self.experiment, limits.trials));
            self.program = Some(program);
        }
        self.tell(told);
        self.look_whether_it_answers();
        match std::mem::take(&mut self.question) {
            Question::Answered(configuration) => return Proposal::Configuration(configuration),
            question => self.question = question,
        }
        let is_there = self.ended().is_none();
        match &self.question {
            Question::Failed(reason) => Proposal::Failed(reason.clone()),
            _ if self.no_more => Proposal::End,
            Question::Waits => Proposal::Waits,
            Question::None if is_there => {
                self.ask(trial);
                Proposal::Later
            }
            _ => Proposal::Later,
        }
    }

    fn ask(&mut self, trial: &str) {
        if let Some(program) = &self.program {
            program.write(ask(trial));
            self.question = Question::Asked(trial.to_owned(), Instant::now(), false);
        }
    }

    /// What follows if an answer is still to come from the program, and none comes.
    fn look_whether_it_answers(&mut self) {
        let ended = self.ended();
        match (&self.question, ended) {
            (Question::Answered(_) | Question::Failed(_), _) => {}
            _ if self.no_more => {}
            (_, Some((status, since))) => {
                // All lines come before the end of the output, unless somebody else holds that open.
                let patience = if self.has_said_all { 1 } else { 2 } * MOMENT;
                if since.elapsed() < patience {
                    return;
                }
                if status.success() {
                    self.no_more = true;
                } else {
                    self.fail(&format!("it ended ({status})"));
                }
            }
            (Question::Asked(trial, since, _), None) if since.elapsed() > self.timeout => {
                let reason = format!(
                    "no answer for trial {trial} within {} s, the timeout of [search]{}",
                    self.timeout.as_secs_f64(),
                    if self.has_said_all {
                        " (it has closed its output)"
                    } else {
                        ""
                    }
                );
                self.fail(&reason);
            }
            _ => {}
        }
    }

    fn ended(&mut self) -> Option<(ExitStatus, Instant)> {
        self.program.as_mut().and_then(Program::ended)
    }

    /// Whether it ended so lately that it may be one that somebody stops together with the run.
    pub(crate) fn is_gone_lately(&mut self) -> bool {
        self.ended()
            .is_some_and(|(_, since)| since.elapsed() < MOMENT)
    }

    /// Whether it was started and is told what happens.
    pub(crate) fn listens(&self) -> bool {
        self.program.is_some()
    }

    /// Tells it how trials fare.
    pub(crate) fn tell(&mut self, told: Vec<String>) {
        let Some(program) = &self.program else { return };
        match &mut self.question {
            _ if told.is_empty() => {}
            Question::Waits => self.question = Question::None,
            Question::Asked(_, _, told_since) => *told_since = true,
            _ => {}
        }
        for line in told {
            program.write(line);
        }
    }

    /// It printed something, or could not be started.
    pub(crate) fn heard(&mut self, heard: Heard) {
        let line = match heard {
            Heard::Nothing => {
                self.has_said_all = true;
                return;
            }
            Heard::NotStarted(error) => {
                let program = self
                    .launch
                    .program
                    .command
                    .first()
                    .cloned()
                    .unwrap_or_default();
                return self.fail(&format!("cannot start {program}: {error}"));
            }
            Heard::Line(line) => line,
        };
        // Lines that come once it cannot be used, or behind its last word, are not looked at.
        if self.no_more || matches!(self.question, Question::Failed(_)) {
            return;
        }
        let answer = match line {
            Ok(answer) => answer,
            Err(reason) => return self.fail(&reason),
        };
        match (answer, &self.question) {
            (Answer::End, _) => self.no_more = true,
            // What it waits for may have crossed its answer: it is asked again.
            (Answer::Wait, Question::Asked(_, _, true)) => self.question = Question::None,
            (Answer::Wait, Question::Asked(..)) => self.question = Question::Waits,
            (Answer::Proposed(trial, configuration), Question::Asked(asked, ..)) => {
                let asked = asked.clone();
                self.answered(&asked, &trial, &configuration);
            }
            _ => self.fail("an answer came though nothing was asked"),
        }
    }

    fn answered(&mut self, asked: &str, trial: &str, configuration: &Configuration) {
        if trial != asked {
            return self.fail(&format!(
                "an answer is for trial {trial}, but {asked} was asked for"
            ));
        }
        match self.experiment.space.accept_proposed(configuration) {
            Ok(configuration) => {
                self.question = Question::Answered(configuration);
            }
            Err(error) => self.fail(&format!("in its answer for trial {trial} {error}")),
        }
    }

    /// It cannot be used, for this reason; what it printed last as an error comes with it.
    fn fail(&mut self, reason: &str) {
        let output = &self.launch.program.output;
        let last = output.last_lines(1).pop();
        let last = last.map_or(String::new(), |line| {
            format!("; it printed last: {}", escaped(&line, LINE))
        });
        self.question = Question::Failed(format!(
            "the search program: {}{last}, see {}",
            escaped_sentence(reason, REASON),
            output.path().display()
        ));
    }

    /// Ends it where that is due.
    pub(crate) fn insist(&mut self) {
        if let Some(program) = &mut self.program {
            program.insist();
        }
    }

    /// Keeps what it prints as errors within bounds, beside the loop.
    pub(crate) fn bound_its_output(&self) {
        if self.program.is_some() {
            self.launch.program.output.bound();
        }
    }

    /// The run stops: the program is to end, now or in its time.
    pub(crate) fn end(&mut self, now: bool) {
        match &mut self.program {
            Some(program) if now => program.end_now(),
            Some(program) => program.end(),
            None => {}
        }
    }

    /// Waits until the program has ended.
    pub(crate) fn wait_for_the_end(&mut self) {
        if let Some(program) = &mut self.program {
            program.wait_for_the_end();
        }
    }
}
