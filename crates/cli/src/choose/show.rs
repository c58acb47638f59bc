//! The answer on the terminal, 80 columns wide, and as JSON.

use std::io::{self, Write};
use std::path::Path;

use bytesize::ByteSize;
use rungkeeper_tuner::choose::{BestReport, Chosen, Doomed, LevelSource, RunTable};

use crate::plain::{path, plain, wrapped};
use crate::report::words;

/// Checkpoints that are listed on a terminal.
const LISTED: usize = 20;

/// From this chance on somebody should look twice before it goes.
const LIKELY: f64 = 0.9;

/// Columns for a trial.
const TRIAL_WIDTH: usize = 24;

/// What to do with the checkpoints of a run that is over.
pub(super) const ALL_ENDED: &str = "All trials have ended: none waits, so nothing is chosen here. Keep the checkpoint of \
                         the best, and delete the others yourself; of a run of `rungkeeper run`, \
                         `rungkeeper gc DIR --max-checkpoints 1` does that.";

pub(super) fn text(table: &RunTable, chosen: &Chosen, out: &mut impl Write) -> io::Result<()> {
    wrapped(&situation(table, chosen), out)?;
    for doubt in doubts(chosen) {
        wrapped(&doubt, out)?;
    }
    let number = chosen.removals.len();
    if chosen.trials.ended == table.num_trials() {
        wrapped(ALL_ENDED, out)?;
        // A path that was broken into lines would be of no use.
        return match &chosen.best {
            Some(of_all) => writeln!(out, "{}", best(table, of_all)),
            None => wrapped("No trial has reported a finite number.", out),
        };
    }
    if number == 0 {
        let why = if chosen.checkpoints_over == 0 && chosen.bytes_over == 0 {
            "The budget is kept: nothing has to go.".to_owned()
        } else {
            shortfall(chosen)
        };
        return wrapped(&why, out);
    }
    let freed = size(chosen.freed_bytes, ", ");
    writeln!(
        out,
        "\nCan go, first to go first ({}{freed}):\n",
        words::checkpoints(number as u64)
    )?;
    writeln!(
        out,
        "{:<TRIAL_WIDTH$} {:>8} {:>15} {:>9} {:>10} {:>9}",
        "trial", "level", "rank", "chance", "cost", "size"
    )?;
    for doomed in chosen.removals.iter().take(LISTED) {
        line(doomed, out)?;
    }
    if number > LISTED {
        writeln!(out, "... and {} more: --json lists all", number - LISTED)?;
    }
    writeln!(out)?;
    wrapped(&expectation(chosen), out)?;
    if chosen.checkpoints_over > 0 || chosen.bytes_over > 0 {
        wrapped(&shortfall(chosen), out)
    } else {
        Ok(())
    }
}

/// By what trials are ranked.
pub(super) fn ranked_by(chosen: &Chosen) -> String {
    let good = words::good(chosen.mode);
    format!("by {}, {good} is good", plain(&chosen.metric))
}

/// What was found in the table.
fn situation(table: &RunTable, chosen: &Chosen) -> String {
    let trials = chosen.trials;
    let levels: Vec<String> = chosen.levels.iter().map(u64::to_string).collect();
    let found = match chosen.levels_from {
        LevelSource::Table => " (as the table suggests)",
        LevelSource::Ends => {
            " (levels guessed from where many trials end: give --levels if they are others)"
        }
        LevelSource::Steps => " (levels guessed in steps of 4: give --levels if they are others)",
        _ => "",
    };
    let unsized_ = match chosen.unsized_checkpoints {
        0 => String::new(),
        some => format!(
            " The size of {} is not told and counts as 0.",
            words::checkpoints(some as u64)
        ),
    };
    format!(
        "{}: {} trials {}; {} running, {} waiting with a checkpoint and {} without, {} ended. \
         Trials pause at {} and end at {}{found}. Held: {}{}, those that have ended left out.{unsized_}",
        plain(table.name()),
        table.num_trials(),
        ranked_by(chosen),
        trials.running,
        trials.waiting,
        trials.without_checkpoint,
        trials.ended,
        levels.join(", "),
        chosen.max_resource,
        words::checkpoints(chosen.held as u64),
        size(chosen.held_bytes.filter(|_| chosen.held > 0), ", "),
    )
}

/// "The best is trial 7, loss 0.1234 at epoch 27: ck/7.pt", on one line.
pub(super) fn best(table: &RunTable, best: &BestReport) -> String {
    let place = match &best.path {
        Some(there) if best.is_gone => {
            format!("{}, where nothing is any more", path(Path::new(there)))
        }
        Some(there) => path(Path::new(there)),
        None if table.has_paths() => "its row tells no path".to_owned(),
        None => String::new(),
    };
    let colon = if place.is_empty() { "" } else { ": " };
    format!(
        "The best is trial {}, {} {} at {} {}{colon}{place}",
        plain(&best.trial),
        plain(table.metric()),
        words::metric(best.metric),
        plain(table.resource_name()),
        best.resource
    )
}

/// What may be wrong with the answer, and what to give.
pub(super) fn doubts(chosen: &Chosen) -> Vec<String> {
    let mut doubts = Vec::new();
    let beyond = chosen.trials.beyond_levels;
    let count = |number: usize| match number {
        1 => "1 trial counts".to_owned(),
        more => format!("{more} trials count"),
    };
    if beyond > 0 {
        doubts.push(format!(
            "{} as running without a `status`, because their last resource is no rung level: if they wait, \
             give --levels, or a column `status`.",
            count(beyond)
        ));
    }
    let is_likely = |doomed: &&Doomed| doomed.chance.is_some_and(|chance| chance >= LIKELY);
    let likely = chosen.removals.iter().filter(is_likely).count();
    if likely > 0 {
        doubts.push(format!(
            "Take care: with a chance of 90 % or more, {likely} of those that can go will be resumed. Either \
             the budget is too small, or rung levels or trials are not taken for what they are: give \
             --levels, or a column `status`."
        ));
    }
    doubts
}

/// That no path of the table is there.
pub(super) fn absent(paths: usize, directory: &Path) -> String {
    let directory = path(directory);
    let none = match paths {
        1 => "the only path of the table is not there".to_owned(),
        paths => format!("none of the {paths} paths is there"),
    };
    format!("{none}, seen from {directory}; the table is taken as it is")
}

fn line(doomed: &Doomed, out: &mut impl Write) -> io::Result<()> {
    let trial = plain(&doomed.trial);
    let rank = format!("{} of {}", doomed.rank, doomed.rung_len);
    let chance = doomed.chance.map_or("-".to_owned(), percent);
    let cost = doomed.expected_cost.map_or("-".to_owned(), short);
    let bytes = doomed.bytes.map_or("-".to_owned(), |bytes| {
        ByteSize(bytes).display().si().to_string()
    });
    writeln!(
        out,
        "{trial:<TRIAL_WIDTH$} {:>8} {rank:>15} {chance:>9} {cost:>10} {bytes:>9}",
        doomed.level
    )
}

/// What losing all of them costs.
fn expectation(chosen: &Chosen) -> String {
    let sum = |of: fn(&Doomed) -> Option<f64>| {
        let each: Option<Vec<f64>> = chosen.removals.iter().map(of).collect();
        each.map(|each| each.iter().sum::<f64>())
    };
    let Some(cost) = sum(|doomed| doomed.expected_cost) else {
        return "This policy estimates no cost.".to_owned();
    };
    let seconds = sum(|doomed| doomed.expected_seconds).map_or(String::new(), |seconds| {
        format!(", or {} seconds", short(seconds))
    });
    format!(
        "Chance: to be resumed in the time that is left. Cost: what is expected to be trained again, \
         in resource units; {}{seconds} in all.",
        short(cost)
    )
}

/// That more is left than the budget allows.
pub(super) fn shortfall(chosen: &Chosen) -> String {
    let over = match (chosen.checkpoints_over, chosen.bytes_over) {
        (0, bytes) => ByteSize(bytes).display().si().to_string(),
        (number, 0) => words::checkpoints(number),
        (number, bytes) => format!(
            "{} and {}",
            words::checkpoints(number),
            ByteSize(bytes).display().si()
        ),
    };
    format!(
        "The budget is not kept even so: {over} too much. What is left belongs to trials that run, \
         are pinned, or were promoted."
    )
}

pub(super) fn json(chosen: &Chosen, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, chosen)?;
    writeln!(out)
}

fn size(bytes: Option<u64>, before: &str) -> String {
    bytes.map_or(String::new(), |bytes| {
        format!("{before}{}", ByteSize(bytes).display().si())
    })
}

fn percent(chance: f64) -> String {
    let percent = 100.0 * chance;
    match percent {
        0.0 => "0 %".to_owned(),
        p if p < 0.01 => "<0.01 %".to_owned(),
        p if p < 9.995 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        n if n < 0.001 => "<0.001".to_owned(),
        n if n < 9.9995 => format!("{n:.3}"),
        n if n < 999.95 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}
