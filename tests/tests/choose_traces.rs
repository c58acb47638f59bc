//! `choose` and the removal callback decide the same from the same run: at each loop end of the seven recorded runs.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use rungkeeper_tuner::choose::{Question, RunRow, RunTable, Status, TableOptions, choose};
use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner::simulation::Levels;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    Budget, PolicySpec, RemovalCallback, RemovalPlan, RungModel, TrialStatus,
};

fn trace(name: &str) -> (Header, Vec<Event>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle/traces");
    let file = File::open(folder.join(name)).unwrap();
    let mut events = read_lines(BufReader::new(file)).map(|line| line.unwrap().1);
    match events.next() {
        Some(Event::Header(header)) => (*header, events.collect()),
        other => panic!("{other:?}"),
    }
}

fn status(model: &RungModel, trial: &str) -> Status {
    match model.status(trial).unwrap() {
        TrialStatus::Running => Status::Running,
        TrialStatus::PausedWithCheckpoint => Status::Paused,
        TrialStatus::PausedNoCheckpoint => Status::Removed,
        TrialStatus::StoppedOrCompleted => Status::Ended,
    }
}

/// The reports of a run so far, as somebody would have written them down.
#[derive(Default)]
struct Written {
    reports: Vec<(String, u64, f64)>,
    /// In order of the starts: some have not reported yet.
    started: Vec<String>,
}

impl Written {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Start { trial, .. } => self.started.push(trial.clone()),
            Event::Result {
                trial,
                level,
                metric,
                ..
            } => self.reports.push((trial.clone(), *level, *metric)),
            _ => {}
        }
    }

    /// With what each trial is doing now on each of its rows.
    fn table(&self, model: &RungModel) -> RunTable {
        let mut table = RunTable::new("trace", "metric");
        for (trial, level, metric) in &self.reports {
            table.push(&RunRow {
                status: Some(status(model, trial)),
                ..RunRow::new(trial, *level, *metric)
            });
        }
        for trial in &self.started {
            table.tell(trial, status(model, trial), None, None);
        }
        table
    }
}

fn question(header: &Header, budget: Budget, policy: PolicySpec, time_ratio: f64) -> Question {
    let levels = header.rungs.iter().map(|rung| rung.level).collect();
    Question {
        time_ratio,
        mode: Some(header.mode),
        levels: Some(Levels::List(levels)),
        max_resource: Some(header.max_resource),
        policy,
        promoted_behind_equals: header.promoted_behind_equals,
        ..Question::new(budget)
    }
}

/// What both tell of a removal: trial, level, rank, rung length and cost.
type Told = (String, u64, u64, u64, Option<f64>);

fn of_callback(plan: &RemovalPlan) -> Vec<Told> {
    let removals = plan.removals.iter();
    removals
        .map(|it| {
            (
                it.trial.clone(),
                it.level,
                it.rank,
                it.rung_len,
                it.expected_cost,
            )
        })
        .collect()
}

/// Lets the callback decide by itself, and asks `choose` at each loop end that removes something.
fn agrees(name: &str, policy: PolicySpec) -> usize {
    let (mut header, events) = trace(name);
    header.set_policy(policy);
    let mut callback = RemovalCallback::of_header(&header).unwrap();
    let mut written = Written::default();
    let mut loop_ends = 0;
    let mut events = events.iter().peekable();
    while let Some(event) = events.next() {
        if matches!(
            event,
            Event::LoopEnd(_) | Event::End(_) | Event::Remove { .. }
        ) {
            continue; // what the reference decided
        }
        callback.apply(event).unwrap();
        written.note(event);
        let elapsed = event.elapsed().unwrap();
        if events.peek().and_then(|next| next.elapsed()) == Some(elapsed) {
            continue;
        }
        let plan = callback.plan(elapsed).unwrap();
        if plan.removals.is_empty() {
            continue;
        }
        let table = written.table(callback.model());
        let question = question(&header, header.budget, policy, plan.time_ratio);
        let chosen = choose(&table, &question).unwrap();
        let removals = chosen.removals.iter();
        let found: Vec<Told> = removals
            .map(|it| {
                (
                    it.trial.clone(),
                    it.level,
                    it.rank,
                    it.rung_len,
                    it.expected_cost,
                )
            })
            .collect();
        let expected = of_callback(&plan);
        assert_eq!(found, expected, "{name} at {elapsed}");
        assert_eq!(chosen.candidates, plan.candidates, "{name} at {elapsed}");
        assert_eq!(chosen.held, callback.model().num_with_checkpoint());
        callback.carry_out(&plan.removals).unwrap();
        loop_ends += 1;
    }
    loop_ends
}

#[test]
fn same_removals_at_each_loop_end_of_all_traces() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle/traces");
    let names: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 7);
    for policy in [PolicySpec::default(), PolicySpec::ByLevel] {
        let loop_ends: usize = names.iter().map(|name| agrees(name, policy)).sum();
        assert!(loop_ends > 2_000, "{policy}: {loop_ends}");
    }
}

/// A run of 100,000 trials with reduction factor 4, as CSV: its trials that were promoted report at four levels.
fn large_run() -> String {
    let mut csv = "trial,resource,loss,seconds,bytes,path,status\n".to_owned();
    let mut state = 1u64;
    for trial in 0..100_000u32 {
        let levels = 1 + (trial.trailing_zeros() / 2).min(3);
        for level in 0..levels {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let loss = (state >> 33) as f64 / f64::from(1u32 << 31);
            let resource = 1u64 << (2 * level);
            let bytes = 1_000 + (state >> 50);
            writeln!(
                csv,
                "{trial},{resource},{loss},2.5,{bytes},ck/{trial}.pt,paused"
            )
            .unwrap();
        }
    }
    csv
}

#[test]
fn a_hundred_thousand_trials_keep_their_budget() {
    let csv = large_run();
    for budget in [Budget::of_checkpoints(1_000), Budget::of_bytes(20_000_000)] {
        let table = RunTable::read(csv.as_bytes(), "large.csv", &TableOptions::default()).unwrap();
        let question = Question {
            max_resource: Some(256),
            ..Question::new(budget)
        };
        let chosen = choose(&table, &question).unwrap();
        assert_eq!(table.num_trials(), 100_000);
        let left = chosen.held - chosen.removals.len();
        let bytes = chosen.held_bytes.unwrap() - chosen.freed_bytes.unwrap();
        assert!(left <= 1_000 || bytes <= 20_000_000 && budget.max_bytes.is_some());
        assert_eq!((chosen.checkpoints_over, chosen.bytes_over), (0, 0));
    }
}
