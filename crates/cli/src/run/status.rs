//! `rungkeeper status`: how a run stands, read from its log.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_tuner::journal::Journal;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{Decision, Mode, Replay, TrialStatus};

/// How a run stands: trials, checkpoints, budget, the best so far, the time left
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run.
    dir: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (header, events) = Journal::read(&arguments.dir.join("log.jsonl"))?;
    let mut replay = Replay::checked(&header)?;
    let (mut best, mut elapsed, mut ended) = (None, 0.0, false);
    for (number, (event, _)) in events.iter().enumerate() {
        replay.feed(number + 2, event)?;
        elapsed = event.elapsed().unwrap_or(elapsed);
        ended = matches!(event, Event::End(_));
        note_best(&header, event, &mut best);
    }
    replay.finish()?;
    show(
        &header,
        &replay,
        best,
        elapsed,
        ended,
        &mut io::stdout().lock(),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn note_best<'e>(header: &Header, event: &'e Event, best: &mut Option<(&'e str, f64)>) {
    if let Event::Result {
        trial,
        metric,
        decision: Decision::Stop,
        ..
    } = event
        && metric.is_finite()
    {
        let better = best.is_none_or(|(_, so_far)| match header.mode {
            Mode::Min => *metric < so_far,
            Mode::Max => *metric > so_far,
        });
        if better {
            *best = Some((trial, *metric));
        }
    }
}

fn show(
    header: &Header,
    replay: &Replay,
    best: Option<(&str, f64)>,
    elapsed: f64,
    ended: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let model = replay.callback().model();
    let count = |status| model.trials().filter(|trial| trial.1 == status).count();
    let state = if ended { "finished" } else { "not finished" };
    writeln!(
        out,
        "{state}, {elapsed:.1} s, {} trials",
        model.num_trials()
    )?;
    writeln!(
        out,
        "  {} running, {} paused with checkpoint, {} paused without, {} ended",
        count(TrialStatus::Running),
        count(TrialStatus::PausedWithCheckpoint),
        count(TrialStatus::PausedNoCheckpoint),
        count(TrialStatus::StoppedOrCompleted)
    )?;
    let of = |most: Option<u64>| most.map_or(String::new(), |most| format!(" of {most}"));
    writeln!(
        out,
        "  checkpoints: {}{}; bytes: {}{}",
        model.num_with_checkpoint(),
        of(header.max_num_checkpoints),
        model.checkpoint_bytes(),
        of(header.max_bytes)
    )?;
    if let Some((trial, metric)) = best {
        writeln!(out, "  best: trial {trial} with {metric}")?;
    }
    if let Some(limit) = header.max_wallclock_time {
        writeln!(
            out,
            "  time left: {:.1} s of {limit} s",
            (limit - elapsed).max(0.0)
        )?;
    }
    let results = replay.callback().extra_results();
    writeln!(
        out,
        "  {} checkpoints given up, {} resource units trained again",
        results.num_checkpoints_removed, results.cost_resources
    )
}
