//! A plain scheduler to compare with, and random runs to compare on.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rungkeeper_rung_model::{Brackets, Decision, Mode};
use rungkeeper_tuner::scheduler::{PromotionRule, PromotionSpec, Scheduler, Task};

/// What happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Task(Task),
    Report {
        trial: String,
        resource: u64,
        metric: f64,
        decision: Decision,
    },
    Restart(String),
    Complete(String),
    Failed(String),
}

/// What befalls a running trial.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Reports,
    Restarts,
    Completes,
    Fails,
}

/// One turn of a random run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) pick: usize,
    pub(crate) fate: Fate,
    /// How much is trained until the report; more than 1 may skip a rung.
    pub(crate) advance: u64,
    pub(crate) metric: f64,
    /// Whether trials resumed in this turn train again from scratch.
    pub(crate) from_scratch: bool,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        30 => Just(Fate::Reports),
        1 => Just(Fate::Restarts),
        1 => Just(Fate::Completes),
        1 => Just(Fate::Fails),
    ];
    let advance = prop_oneof![4 => Just(1), 1 => 2..5u64];
    // Few values, so that ties are common; bad ones among them.
    let metric = prop_oneof![
        12 => (-8..8i32).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::NEG_INFINITY),
    ];
    let step = (any::<usize>(), fate, advance, metric, any::<bool>()).prop_map(
        |(pick, fate, advance, metric, from_scratch)| Step {
            pick,
            fate,
            advance,
            metric,
            from_scratch,
        },
    );
    prop::collection::vec(step, 0..300)
}

pub(crate) fn specs() -> impl Strategy<Value = PromotionSpec> {
    let ladder = prop_oneof![
        Just((vec![1, 3, 9], 27)),
        Just((vec![2, 5, 12, 30], 40)),
        Just((vec![1, 2, 4], 8)),
    ];
    let rule = prop_oneof![
        Just(PromotionRule::TopFraction),
        Just(PromotionRule::LinearQuantile)
    ];
    let mode = prop_oneof![Just(Mode::Min), Just(Mode::Max)];
    let brackets =
        (1..4usize, any::<bool>()).prop_map(|(number, own_rungs)| Brackets { number, own_rungs });
    let max_trials = prop_oneof![Just(None), (0..40u64).prop_map(Some)];
    (ladder, rule, mode, brackets, max_trials, any::<u64>()).prop_map(
        |((levels, max_resource), rule, mode, brackets, max_trials, seed)| {
            let mut spec = PromotionSpec::from_levels(&levels, max_resource).unwrap();
            spec.rule = rule;
            spec.model.mode = mode;
            spec.model.brackets = brackets;
            spec.max_trials = max_trials;
            spec.seed = seed;
            spec
        },
    )
}

/// A tuner with a number of workers around a scheduler; it notes what happens.
#[derive(Clone)]
pub(crate) struct Tuner {
    workers: usize,
    /// Last resource of each running trial.
    running: BTreeMap<String, u64>,
    pub(crate) log: Vec<Event>,
}

impl Tuner {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers,
            running: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    pub(crate) fn run(&mut self, scheduler: &mut dyn Scheduler, steps: &[Step]) {
        for step in steps {
            self.fill(scheduler, step.from_scratch);
            if !self.running.is_empty() {
                self.act(scheduler, step);
            }
        }
    }

    fn fill(&mut self, scheduler: &mut dyn Scheduler, from_scratch: bool) {
        while self.running.len() < self.workers {
            let task = scheduler.next_task().unwrap();
            self.log.push(Event::Task(task.clone()));
            match task {
                Task::Start { trial, .. } => self.running.insert(trial, 0),
                Task::Resume { trial, level, .. } => self
                    .running
                    .insert(trial, if from_scratch { 0 } else { level }),
                _ => break,
            };
        }
    }

    fn act(&mut self, scheduler: &mut dyn Scheduler, step: &Step) {
        let place = step.pick % self.running.len();
        let (trial, last) = self.running.iter_mut().nth(place).unwrap();
        let trial = trial.clone();
        let (event, ended) = match step.fate {
            Fate::Reports => {
                *last += step.advance;
                let (resource, metric) = (*last, step.metric);
                let verdict = scheduler.on_report(&trial, resource, metric).unwrap();
                let decision = verdict.decision;
                let report = Event::Report {
                    trial: trial.clone(),
                    resource,
                    metric,
                    decision,
                };
                (report, decision != Decision::Continue)
            }
            Fate::Restarts => {
                *last = 0;
                scheduler.on_restart(&trial).unwrap();
                (Event::Restart(trial.clone()), false)
            }
            Fate::Completes => {
                scheduler.on_complete(&trial).unwrap();
                (Event::Complete(trial.clone()), true)
            }
            Fate::Fails => {
                scheduler.on_failed(&trial).unwrap();
                (Event::Failed(trial.clone()), true)
            }
        };
        if ended {
            self.running.remove(&trial);
        }
        self.log.push(event);
    }
}

/// Bad metrics in the plain rungs: worse than all that occur, by more than interpolation bridges.
const BAD: i64 = 1 << 40;

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The metric as an integer, smaller is better.
    pub(crate) metric: i64,
    pub(crate) trial: usize,
    pub(crate) promoted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct NaiveRung {
    pub(crate) level: u64,
    pub(crate) alpha: (i64, i64),
    /// Best first, of equals the older first.
    pub(crate) entries: Vec<Entry>,
}

impl NaiveRung {
    fn insert(&mut self, metric: i64, trial: usize) {
        let place = self.entries.iter().filter(|e| e.metric <= metric).count();
        let entry = Entry {
            metric,
            trial,
            promoted: false,
        };
        self.entries.insert(place, entry);
    }

    /// Whether the rule lets the entry at a place pass, as the rule's definition has it.
    fn passes(&self, place: usize, rule: PromotionRule) -> bool {
        let (a, b) = self.alpha;
        let length = signed(self.entries.len());
        let metric = self.entries[place].metric;
        if rule == PromotionRule::TopFraction {
            return signed(place) < a * length / b;
        }
        if length < 2 {
            return false;
        }
        // The quantile times b, interpolated between the neighbours of place a (n - 1) / b.
        let (before, part) = (a * (length - 1) / b, a * (length - 1) % b);
        let at = |place: i64| self.entries[place.min(length - 1) as usize].metric;
        metric * b <= (b - part) * at(before) + part * at(before + 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Status {
    Running,
    Paused,
    Ended,
}

#[derive(Clone, Debug)]
pub(crate) struct NaiveTrial {
    pub(crate) status: Status,
    pub(crate) system: usize,
    /// Rung to be recorded at next.
    pub(crate) next: usize,
    pub(crate) last: u64,
}

/// Sorted vectors, searched from end to end.
#[derive(Clone, Debug)]
pub(crate) struct Naive {
    spec: PromotionSpec,
    pub(crate) trials: Vec<NaiveTrial>,
    /// Rungs of each system, lowest level first.
    pub(crate) systems: Vec<Vec<NaiveRung>>,
}

impl Naive {
    pub(crate) fn new(spec: &PromotionSpec) -> Self {
        let rungs: Vec<NaiveRung> = spec
            .model
            .rungs
            .iter()
            .map(|rung| NaiveRung {
                level: rung.level,
                alpha: (
                    rung.promotion_quantile.numerator().cast_signed(),
                    rung.promotion_quantile.denominator().cast_signed(),
                ),
                entries: Vec::new(),
            })
            .collect();
        let brackets = spec.model.brackets;
        let systems = if brackets.own_rungs {
            (0..brackets.number).map(|s| rungs[s..].to_vec()).collect()
        } else {
            vec![rungs]
        };
        Self {
            spec: spec.clone(),
            trials: Vec::new(),
            systems,
        }
    }

    /// All that can be promoted, the one to be promoted first: (system, rung, place).
    pub(crate) fn promotable(&self) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        for (s, system) in self.systems.iter().enumerate() {
            for (r, rung) in system.iter().enumerate() {
                for (place, entry) in rung.entries.iter().enumerate() {
                    let waits =
                        !entry.promoted && self.trials[entry.trial].status == Status::Paused;
                    if waits && entry.metric != BAD && rung.passes(place, self.spec.rule) {
                        found.push((s, r, place));
                    }
                }
            }
        }
        found.sort_by_key(|&(s, r, place)| (u64::MAX - self.systems[s][r].level, s, place));
        found
    }

    fn milestone(&self, trial: usize) -> u64 {
        let NaiveTrial { system, next, .. } = self.trials[trial];
        let rung = self.systems[system].get(next);
        rung.map_or(self.spec.max_resource, |rung| rung.level)
    }

    /// Takes an event in, and panics where it is not what this scheduler would do.
    pub(crate) fn follow(&mut self, event: &Event) {
        match event {
            Event::Task(task) => self.follow_task(task),
            Event::Report {
                trial,
                resource,
                metric,
                decision,
            } => {
                let found = self.report(number(trial), *resource, *metric);
                assert_eq!(found, *decision, "{event:?}");
            }
            Event::Restart(trial) => self.trials[number(trial)].last = 0,
            Event::Complete(trial) | Event::Failed(trial) => {
                self.trials[number(trial)].status = Status::Ended;
            }
        }
    }

    fn follow_task(&mut self, task: &Task) {
        let first = self.promotable().first().copied();
        match task {
            Task::Resume {
                trial,
                level,
                milestone,
            } => {
                let (s, r, place) = first.expect("something is promotable");
                let rung = &mut self.systems[s][r];
                let entry = &mut rung.entries[place];
                assert_eq!((number(trial), *level), (entry.trial, rung.level));
                entry.promoted = true;
                let state = &mut self.trials[number(trial)];
                (state.status, state.last) = (Status::Running, 0);
                assert_eq!(*milestone, self.milestone(number(trial)));
            }
            Task::Start {
                trial,
                bracket,
                milestone,
                ..
            } => {
                assert_eq!(first, None);
                assert_eq!(number(trial), self.trials.len());
                let (system, next) = if self.spec.model.brackets.own_rungs {
                    (*bracket, 0)
                } else {
                    (0, *bracket)
                };
                self.trials.push(NaiveTrial {
                    status: Status::Running,
                    system,
                    next,
                    last: 0,
                });
                assert_eq!(*milestone, self.milestone(number(trial)));
            }
            other => {
                assert_eq!(first, None);
                assert_eq!(Some(self.trials.len() as u64), self.spec.max_trials);
                let runs = self.trials.iter().any(|t| t.status == Status::Running);
                assert_eq!(*other, if runs { Task::Wait } else { Task::Exhausted });
            }
        }
    }

    fn report(&mut self, trial: usize, resource: u64, metric: f64) -> Decision {
        let state = &mut self.trials[trial];
        assert!(resource > state.last && state.status == Status::Running);
        state.last = resource;
        let rung = self.systems[state.system].get_mut(state.next);
        let recorded = rung.filter(|rung| resource >= rung.level);
        let arrived = recorded.is_some();
        if let Some(rung) = recorded {
            let signed = match self.spec.model.mode {
                Mode::Min => metric,
                Mode::Max => -metric,
            };
            let metric = if metric.is_finite() {
                signed as i64
            } else {
                BAD
            };
            rung.insert(metric, trial);
            state.next += 1;
        }
        let (decision, status) = if resource >= self.spec.max_resource {
            (Decision::Stop, Status::Ended)
        } else if arrived {
            (Decision::Pause, Status::Paused)
        } else {
            (Decision::Continue, Status::Running)
        };
        state.status = status;
        decision
    }
}

/// Number of a trial by its id.
pub(crate) fn number(trial: &str) -> usize {
    trial.parse().unwrap()
}

pub(crate) fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}
