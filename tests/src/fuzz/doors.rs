//! The doors within this process.

use std::fs;

use rand::{Rng, RngExt};
use rungkeeper_checkpoints::{DirectoryStore, Store};
use rungkeeper_runner::experiment::Experiment;
use rungkeeper_runner::journal::Journal;
use rungkeeper_runner::plain::escaped_sentence;
use rungkeeper_runner::protocol::{Line, Protocol, ReportNames};
use rungkeeper_tuner::replay::Replay;

use super::ground::{REPORT, TAG};
use super::{Ground, Outcome};
use crate::mutation::mutate;

/// Uses every table and most keys.
const EXPERIMENT: &str = r#"
name = "hostile"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}", "{n}", "{c}", "{k}", "{s}", "{f}", "{g}", "{config}"]
directory = "."
protocol = "answered"
metric = "loss"
mode = "min"
resource = "epoch"
workers = 2
environment = { A = "1" }
slots = [{ B = "1" }, { B = "2" }]
grace = "2 s"
configurations = [{ x = 0.5, n = 3 }]
store = { location = "checkpoints" }
failures = { retries = 1, max_failed_trials = 3 }

[space]
x = { type = "uniform", low = 0.0, high = 1.0 }
n = { type = "logint", low = 1, high = 1024 }
c = { type = "choice", values = ["a", 2, 3.5, true] }
k = 7
s = { type = "int", low = 16, high = 64, step = 16, when = { c = ["a", 2] } }
f = { type = "flag", argument = "-f", when = { s = 32 } }
g = { type = "lognormal", mean = 0, sd = 0.5 }

[scheduler]
max_resource = 9
grace_period = 1
reduction_factor = 3
brackets = 2
own_rungs = true
promotion_rule = "top_fraction"
seed = 3

[budget]
policy = "speculative"
policy_seed = 1
max_checkpoints = 6
max_bytes = "20 GB"
pin_best = true

[stop]
wall_clock = "10 min"
trials = 12
reports = 1000
total_resource = 5000
"#;

/// A message is worth something: it is there, and no dump of the input.
fn is_clear(message: &str) -> Outcome {
    assert!(!message.trim().is_empty(), "no reason");
    assert!(!message.contains("panicked"), "{message}");
    assert!(message.len() < 20_000, "{} bytes of reason", message.len());
    Outcome::Refused
}

/// A line of a training program.
pub(super) fn line(random: &mut impl Rng) -> Outcome {
    let names = ReportNames {
        metric: "loss".to_owned(),
        resource: "epoch".to_owned(),
    };
    let (protocol, good) = if random.random_range(0..2) == 0 {
        (Protocol::Answered, REPORT.to_owned())
    } else {
        (Protocol::OneWay, format!("{TAG}{REPORT}"))
    };
    let line = mutate(good.as_bytes(), random);
    match Line::read(&String::from_utf8_lossy(&line), protocol, &names) {
        Line::Report(report) => {
            assert!((1..=1 << 53).contains(&report.resource), "{report:?}");
            let number = report.metric.is_finite() || report.metric.is_nan();
            assert!(number, "{report:?}");
            Outcome::Accepted
        }
        Line::Refused { reason, .. } => is_clear(&reason),
        Line::Other => Outcome::Passed,
    }
}

/// An experiment file.
pub(super) fn experiment(random: &mut impl Rng) -> Outcome {
    let text = mutate(EXPERIMENT.as_bytes(), random);
    match Experiment::read(&String::from_utf8_lossy(&text)) {
        Ok(experiment) => {
            assert!(experiment.workers >= 1);
            assert!(!experiment.command.is_empty());
            Outcome::Accepted
        }
        Err(error) => {
            assert!(!error.problems.is_empty());
            let lines = text.split(|&byte| byte == b'\n').count();
            for problem in &error.problems {
                is_clear(&problem.message);
                assert!(problem.line <= lines, "line {} of {lines}", problem.line);
            }
            Outcome::Refused
        }
    }
}

/// An event log, recovered as a resume does, then read as `status` does.
pub(super) fn log(ground: &Ground, random: &mut impl Rng) -> Outcome {
    let log = ground.scratch().join("log.jsonl");
    fs::write(&log, mutate(ground.log(), random)).expect("a log to write");
    // As the command line shows it: a name of a log can be as long as its line.
    let shown = |error: &dyn std::error::Error| escaped_sentence(&error.to_string(), 2_000);
    let recovered = Journal::recover(&log);
    let recovered = recovered.and_then(|(_, _, events)| events.collect::<Result<Vec<_>, _>>());
    if let Err(error) = recovered {
        is_clear(&shown(&error));
    }
    let replayed = || -> Result<(), Box<dyn std::error::Error>> {
        let (header, events) = Journal::read(&log)?;
        let mut replay = Replay::checked(&header)?;
        for (number, recorded) in events.enumerate() {
            replay.feed(number + 2, &recorded?.0)?;
        }
        replay.finish()?;
        Ok(())
    };
    match replayed() {
        Ok(()) => Outcome::Accepted,
        Err(error) => is_clear(&shown(&*error)),
    }
}

/// A store with a checkpoint whose manifest, or whose file, is another one.
pub(super) fn manifest(ground: &Ground, random: &mut impl Rng) -> Outcome {
    let root = ground.fresh("store");
    let store = DirectoryStore::open(&root, "fuzz").expect("a new store");
    let live = store.begin("7").expect("a live folder");
    for name in ["weights", "more/state"] {
        let file = live.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, "300 lines or so").expect("a file");
    }
    store.commit("7", 3, 1).expect("a commit");
    let stored = store.list().expect("a list");
    assert_eq!(stored.len(), 1);
    drop(store);
    let folder = root.join("checkpoints/7");
    let folder = fs::read_dir(folder).expect("a trial's folder");
    let checkpoint = folder.flatten().next().expect("a checkpoint").path();
    let victim = checkpoint.join(match random.random_range(0..4) {
        0 => "data/weights",
        _ => "manifest.jsonl",
    });
    let good = fs::read(&victim).expect("a file");
    fs::write(&victim, mutate(&good, random)).expect("a file");

    let target = ground.fresh("target");
    fs::create_dir(&target).expect("a folder");
    let restored =
        DirectoryStore::open(&root, "fuzz").and_then(|store| store.restore("7", &target));
    match restored {
        Ok(restored) => {
            for broken in &restored.broken {
                is_clear(&broken.reason);
            }
            match restored.checkpoint {
                Some(_) => Outcome::Accepted,
                None => Outcome::Refused,
            }
        }
        Err(error) => is_clear(&error.to_string()),
    }
}
