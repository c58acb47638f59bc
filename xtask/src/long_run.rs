//! `cargo xtask long-run`: what `status`, `resume`, `gc` and `pin` take for a run with many trials.
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use cargo_metadata::camino::Utf8PathBuf;

use crate::{
    overhead::Place,
    usage::{Usage, of_children},
    workspace::Workspace,
};

/// The experiment of the run; its folder under `target/overhead`.
const NAME: &str = "long";
/// Time between two looks at a command.
const BETWEEN: Duration = Duration::from_millis(5);
/// Trials that a resumed run starts.
const MORE: u64 = 16;

/// Options of `cargo xtask long-run`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trials of the run. It is made once, which takes some 10 minutes for 100,000, and kept in target/overhead/long
    #[arg(long, default_value_t = 100_000)]
    trials: u64,
    /// How often each command is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Another program, such as one of an earlier release
    #[arg(long)]
    binary: Option<Utf8PathBuf>,
}

/// Makes the run unless it is there, and prints a table in Markdown.
pub(crate) fn run(args: &Args) -> Result<()> {
    let place = Place::new(&Workspace::load()?, args.binary.clone())?;
    let long = Long(&place);
    if !long.is_there(args.trials)? {
        println!("a run of {} trials is made", args.trials);
        place.measure(NAME, 16, 0, 9, &format!("trials = {}", args.trials))?;
    }
    let log = fs::metadata(long.log())?.len();
    let each = log as f64 / args.trials as f64;
    println!("log: {:.0} MB, {each:.0} bytes a trial", log as f64 / 1e6);
    println!("| command | wall clock | processor time | memory |\n|---|---|---|---|");
    let row = |name: &str, round: &dyn Fn() -> Result<Vec<Usage>>| -> Result<()> {
        let rounds: Vec<_> = (0..args.rounds).map(|_| round()).collect::<Result<_>>()?;
        println!("| {name} | {} |", median(&rounds.concat()));
        Ok(())
    };
    let held = long.held()?;
    row("`status`", &|| Ok(vec![long.measure(&["status"])?]))?;
    row("`gc --dry-run`", &|| {
        Ok(vec![long.measure(&["gc", "--dry-run"])?])
    })?;
    row("`pin`, `unpin`", &|| {
        let pin = long.measure(&["pin", &held])?;
        Ok(vec![pin, long.measure(&["unpin", &held])?])
    })?;
    row("`resume`, until the next program is started", &|| {
        Ok(vec![long.resume(long.started()? + MORE)?])
    })
}

/// A run with many trials.
struct Long<'p>(&'p Place);

impl Long<'_> {
    fn directory(&self) -> Utf8PathBuf {
        self.0.folder(NAME).join("run")
    }

    fn log(&self) -> Utf8PathBuf {
        self.directory().join("log.jsonl")
    }

    /// Whether a run of `trials` trials was made already. One that was resumed since has a few more.
    fn is_there(&self, trials: u64) -> Result<bool> {
        if !self.log().exists() {
            return Ok(false);
        }
        Ok((trials..trials + trials / 100).contains(&self.started()?))
    }

    /// How many trials were started.
    fn started(&self) -> Result<u64> {
        let started = self.status()?["trials"]["started"].as_u64();
        started.context("status --json tells no number of trials")
    }

    fn status(&self) -> Result<serde_json::Value> {
        let mut status = self.command(&["status", "--json"]);
        let output = status.stdout(Stdio::piped()).output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A trial with a checkpoint that is not pinned.
    fn held(&self) -> Result<String> {
        let status = self.status()?;
        let pinned = status["checkpoints"]["pinned"].as_array();
        let pinned = pinned.into_iter().flatten();
        let pinned: Vec<_> = pinned.filter_map(|id| id.as_str()).collect();
        for entry in fs::read_dir(self.directory().join("checkpoints/checkpoints"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !pinned.contains(&name.as_str()) {
                return Ok(name);
            }
        }
        anyhow::bail!("the run holds no checkpoint")
    }

    fn measure(&self, arguments: &[&str]) -> Result<Usage> {
        let before = of_children()?;
        let usage = Usage::of(&mut self.command(arguments), BETWEEN, |_| Ok(()))?;
        Ok(Usage {
            processor: of_children()? - before,
            ..usage
        })
    }

    /// Resumes the run with more trials to do, until it has started one; then it goes on to its end.
    fn resume(&self, trials: u64) -> Result<Usage> {
        let mut log = File::open(self.log())?;
        log.seek(SeekFrom::End(0))?;
        let (mut new, mut ready) = (Vec::new(), None);
        let mut command = self.command(&["resume", "--quiet", "--trials", &trials.to_string()]);
        Usage::of(&mut command, BETWEEN, |usage| {
            log.read_to_end(&mut new)?;
            let launched = String::from_utf8_lossy(&new).contains(r#"{"event":"launch""#);
            if ready.is_none() && launched {
                ready = Some(*usage);
            }
            Ok(())
        })?;
        ready.context("the resumed run started nothing")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0.binary);
        command.args(arguments).arg(self.directory());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// The middle of each figure.
fn median(rounds: &[Usage]) -> String {
    let middle = |figure: fn(&Usage) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    format!(
        "{:.2} s | {:.2} s | {:.0} MB",
        middle(|it| it.seconds),
        middle(|it| it.processor),
        middle(|it| it.memory)
    )
}
