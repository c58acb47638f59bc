//! The promotion scheduler against recorded runs of Syne Tune 0.13: each task and each decision.

use std::fs;
use std::path::{Path, PathBuf};

use rungkeeper_rung_model::{Decision, Mode, RungSpec};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
use rungkeeper_tuner::search_space::SearchSpace;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Header {
        mode: Mode,
        rungs: Vec<RungSpec>,
        max_resource: u64,
    },
    Start {
        trial: String,
    },
    Resume {
        trial: String,
    },
    Result {
        trial: String,
        level: u64,
        metric: f64,
        decision: Decision,
    },
    #[serde(other)]
    Other,
}

fn traces() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/traces");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 7);
    files
}

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).unwrap();
    let parse = |line| serde_json::from_str(line).unwrap();
    text.lines().map(parse).collect()
}

fn scheduler(header: &Line, reference_rounding: bool) -> PromotionScheduler {
    let Line::Header {
        mode,
        rungs,
        max_resource,
    } = header
    else {
        panic!("the first line is no header");
    };
    let levels: Vec<u64> = rungs.iter().map(|rung| rung.level).collect();
    let mut spec = PromotionSpec::from_levels(&levels, *max_resource).unwrap();
    spec.model.mode = *mode;
    assert_eq!(&spec.model.rungs, rungs);
    spec.rule = PromotionRule::LinearQuantile;
    spec.reference_rounding = reference_rounding;
    PromotionScheduler::new(&spec, SearchSpace::default()).unwrap()
}

/// Id of a trial, and whether it is new.
fn next(scheduler: &mut PromotionScheduler) -> (String, bool) {
    match scheduler.next_task().unwrap() {
        Task::Start { trial, .. } => (trial, true),
        Task::Resume { trial, .. } => (trial, false),
        other => panic!("{other:?} while trials are without limit"),
    }
}

/// Number of tasks and decisions that agree before the first one that does not.
fn agreement(lines: &[Line], reference_rounding: bool) -> Result<usize, String> {
    let mut scheduler = scheduler(&lines[0], reference_rounding);
    let mut agreed = 0;
    for (place, line) in lines.iter().enumerate() {
        let agrees = match line {
            Line::Start { trial } => next(&mut scheduler) == (trial.clone(), true),
            Line::Resume { trial } => next(&mut scheduler) == (trial.clone(), false),
            Line::Result {
                trial,
                level,
                metric,
                decision,
            } => {
                let verdict = scheduler.on_report(trial, *level, *metric);
                verdict.unwrap().decision == *decision
            }
            Line::Header { .. } | Line::Other => continue,
        };
        if !agrees {
            return Err(format!("line {}, after {agreed} that agree", place + 1));
        }
        agreed += 1;
    }
    Ok(agreed)
}

#[test]
fn every_task_and_decision_is_that_of_the_reference() {
    let mut agreed = 0;
    for path in traces() {
        match agreement(&lines(&path), true) {
            Ok(number) => agreed += number,
            Err(place) => panic!("{}: {place}", path.display()),
        }
    }
    assert!(agreed > 10_000, "{agreed}");
}

/// The reference's rounding shows in the only traces where it can: alpha = 1/3 and mode `max`.
#[test]
fn exact_arithmetic_differs_only_where_the_reference_rounds() {
    for path in traces() {
        let exact = agreement(&lines(&path), false);
        let rounds = path.ends_with("asha_eta3_max.jsonl");
        assert_eq!(exact.is_err(), rounds, "{}: {exact:?}", path.display());
    }
}
