//! `rungkeeper replay`: event logs fed to the removal callback.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use rayon::prelude::*;
use rungkeeper_tuner::log::{LogError, read_lines};
use rungkeeper_tuner::replay::{Checked, CheckedLoopEnd, Comparison, Replay, Verdict};
use rungkeeper_tuner_hooks::RemovalPlan;
use rungkeeper_tuner_hooks::log::{Event, Header};
use serde_json::json;

use crate::ahead::ahead;
use crate::input;
use crate::plain::{message, plain};
use crate::report::folder::RunFolder;
use crate::report::words;

/// Feed event logs to the removal callback and print its decisions
///
/// With --check, each recorded removal is compared with the one that would have been made from the
/// same state: `agree` (the same trials), `better` (others, at a lower expected cost), `tied`
/// (others, at the same cost) or `worse`. The recorded one is then applied. At the end the extra
/// results, the trials resumed without checkpoint and the estimators are compared. The exit code is
/// 1 when something is worse or does not match.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Event logs, or directories of runs; `-` for the standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Compare with the recorded decisions.
    #[arg(long)]
    check: bool,
    /// One JSON object a file instead of text.
    #[arg(long)]
    json: bool,
    /// With --check: explain each loop end that does not agree.
    #[arg(short, long)]
    verbose: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut passed = true;
    let mut tell = |path: &Path, result: anyhow::Result<bool>, out: &mut dyn Write| {
        out.flush()?;
        passed &= result.with_context(|| input::name(path))?;
        anyhow::Ok(())
    };
    if let [path] = arguments.files.as_slice() {
        let result = replay(path, arguments, &mut out);
        tell(path, result, &mut out)?;
    } else {
        for files in arguments.files.chunks(rayon::current_num_threads()) {
            let replayed = files.par_iter().map(|path| {
                let mut out = Vec::new();
                let result = replay(path, arguments, &mut out);
                (path, result, out)
            });
            for (path, result, text) in replayed.collect::<Vec<_>>() {
                out.write_all(&text)?;
                tell(path, result, &mut out)?;
            }
        }
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Numbered events of a log.
type Lines = Box<dyn Iterator<Item = Result<(usize, Event), LogError>>>;

/// The lines of a log; of a file, they are parsed while others are replayed.
fn read(path: &Path) -> anyhow::Result<Lines> {
    if path.is_dir() {
        return read(RunFolder::open(path)?.log());
    }
    let lines = read_lines(input::open(path)?);
    // What comes through a pipe may come slowly, and is answered as it comes.
    Ok(if path.is_file() {
        Box::new(ahead(lines))
    } else {
        Box::new(lines)
    })
}

/// Replays one log; returns whether it passes the check (always, without one).
fn replay(path: &Path, arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<bool> {
    let mut lines = read(path)?;
    let Some((_, Event::Header(header))) = lines.next().transpose()? else {
        anyhow::bail!("the log is empty");
    };
    let mut replay = if arguments.check {
        Replay::checked(&header)?
    } else {
        Replay::free(&header)?
    };
    if !arguments.json {
        describe(path, &header, out)?;
    }
    let mut loop_ends = 0;
    for line in lines {
        let (line, event) = line?;
        let step = replay.feed(line, &event)?;
        loop_ends += usize::from(step.plan.is_some());
        tell(arguments, step.plan.as_ref(), step.checked.as_ref(), out)?;
        warn(path, line, &mut replay);
    }
    let step = replay.finish()?;
    loop_ends += usize::from(step.plan.is_some());
    tell(arguments, step.plan.as_ref(), None, out)?;
    let comparison = replay.comparison();
    match (arguments.check, arguments.json) {
        (true, true) => writeln!(out, "{}", comparison_json(path, &comparison))?,
        (true, false) => summary(&comparison, out)?,
        (false, json) => own_summary(path, &replay, loop_ends, json, out)?,
    }
    Ok(comparison.passes())
}

fn warn(path: &Path, line: usize, replay: &mut Replay) {
    for note in replay.take_notes() {
        // A terminal that is gone is no reason to stop.
        let _ = writeln!(
            io::stderr(),
            "{}: line {line}: {}",
            input::name(path),
            message(note.to_string())
        );
    }
}

fn tell(
    arguments: &Arguments,
    plan: Option<&RemovalPlan>,
    checked: Option<&CheckedLoopEnd>,
    out: &mut impl Write,
) -> io::Result<()> {
    if arguments.json {
        return Ok(());
    }
    if let Some(plan) = plan {
        decision(plan, out)?;
    }
    match checked {
        Some(checked) if arguments.verbose && checked.verdict != Verdict::Agree => {
            explain(checked, out)
        }
        _ => Ok(()),
    }
}

fn describe(path: &Path, header: &Header, out: &mut impl Write) -> io::Result<()> {
    let most = match (header.budget.max_checkpoints, header.budget.max_bytes) {
        (Some(number), None) => words::of(number, "checkpoint"),
        (None, Some(bytes)) => format!("{bytes} bytes"),
        (Some(number), Some(bytes)) => {
            format!("{} and {bytes} bytes", words::of(number, "checkpoint"))
        }
        (None, None) => "no budget".to_owned(),
    };
    let (name, policy) = (input::name(path), plain(&header.policy));
    writeln!(out, "{name}: {policy}, {most}")
}

/// One line per loop end that removes something.
fn decision(plan: &RemovalPlan, out: &mut impl Write) -> io::Result<()> {
    for removal in &plan.removals {
        let cost = removal
            .expected_cost
            .map(|_| removal.ln_expected_cost.unwrap_or(f64::NEG_INFINITY))
            .map_or(String::new(), |ln| format!(", expected cost {}", cost(ln)));
        writeln!(
            out,
            "{:>10.2} s  trial {} (level {}, rank {} of {}{cost})",
            plan.elapsed,
            plain(&removal.trial),
            removal.level,
            removal.rank,
            removal.rung_len
        )?;
    }
    Ok(())
}

fn explain(checked: &CheckedLoopEnd, out: &mut impl Write) -> io::Result<()> {
    let verdict = verdict_name(checked.verdict);
    writeln!(out, "{:>10.2} s  {verdict}", checked.elapsed)?;
    for difference in &checked.differences {
        writeln!(out, "    {}", plain(difference))?;
    }
    let only = |list: &[Checked], other: &[Checked]| -> Vec<Checked> {
        let kept = |checked: &&Checked| !other.iter().any(|o| o.trial == checked.trial);
        list.iter().filter(kept).cloned().collect()
    };
    for (who, list) in [
        ("recorded", only(&checked.recorded, &checked.own)),
        ("own", only(&checked.own, &checked.recorded)),
    ] {
        for trial in list {
            let cost = trial.ln_cost.map_or(String::new(), |ln_cost| {
                format!(", expected cost {}", cost(ln_cost))
            });
            writeln!(
                out,
                "    {who}: trial {} (level {}, rank {} of {}){cost}",
                plain(&trial.trial),
                trial.level,
                trial.rank,
                trial.rung_len
            )?;
            if let Some(score) = trial.recorded_score {
                writeln!(out, "      (the log says {score:e})")?;
            }
        }
    }
    Ok(())
}

/// A cost from its logarithm, also where it underflows.
fn cost(ln: f64) -> String {
    if ln == f64::NEG_INFINITY {
        return "0".to_owned();
    }
    let exponent = (ln / std::f64::consts::LN_10).floor();
    let mantissa = (ln - exponent * std::f64::consts::LN_10).exp();
    format!("{mantissa:.5}e{exponent}")
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agree => "agree",
        Verdict::Better => "better: own choice has the lower expected cost",
        Verdict::Tied => "tied: own choice has the same expected cost",
        Verdict::Worse => "worse",
    }
}

fn comparison_json(path: &Path, comparison: &Comparison) -> serde_json::Value {
    json!({
        "file": path.display().to_string(),
        "loop_ends": comparison.loop_ends,
        "agree": comparison.agree,
        "better": comparison.better,
        "tied": comparison.tied,
        "worse": comparison.worse,
        "extra_results_match": comparison.extra_results_match,
        "resumed_match": comparison.resumed_match,
        "estimators_match": comparison.estimators_match,
    })
}

fn summary(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    let Comparison {
        loop_ends,
        agree,
        better,
        tied,
        worse,
        ..
    } = comparison;
    writeln!(
        out,
        "  {loop_ends} loop ends: {agree} agree, {tied} tied, {better} better, {worse} worse"
    )?;
    for (what, matches) in [
        ("extra results", comparison.extra_results_match),
        ("resumed without checkpoint", comparison.resumed_match),
        ("estimators", comparison.estimators_match),
    ] {
        let said = match matches {
            Some(true) => "match",
            Some(false) => "DO NOT MATCH",
            None => "not in the log (it has no end)",
        };
        writeln!(out, "  {what}: {said}")?;
    }
    Ok(())
}

fn own_summary(
    path: &Path,
    replay: &Replay,
    loop_ends: usize,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let results = replay.callback().extra_results();
    if json {
        let object = json!({
            "file": path.display().to_string(),
            "loop_ends": loop_ends,
            "num_checkpoints_removed": results.num_checkpoints_removed,
            "num_trials_resumed": results.num_trials_resumed,
            "cost_resources": results.cost_resources,
        });
        return writeln!(out, "{object}");
    }
    writeln!(
        out,
        "  {} removed at {}; {} resumed, {} of them without\n  their checkpoint: {} trained again",
        words::of(results.num_checkpoints_removed, "checkpoint"),
        words::of(loop_ends as u64, "loop end"),
        words::of(results.num_trials_resumed, "trial"),
        replay.callback().trials_resumed_without_checkpoint().len(),
        words::of(results.cost_resources, "resource unit")
    )
}
