//! `cargo xtask overhead`: what the runner itself costs, measured on real processes.
mod waits;

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use cargo_metadata::camino::Utf8PathBuf;

use crate::{
    bench,
    usage::Usage,
    workspace::{Workspace, empty},
};

use waits::Waits;

/// Most of one core that the runner may take while trials report, in percent.
const MOST_PROCESSOR: f64 = 2.0;
/// Most memory that it may take, in MB.
const MOST_MEMORY: f64 = 50.0;
/// Longest time that 99 % of the reports of a trial may wait for their answers, in milliseconds, while others hand over large checkpoints.
const LONGEST_WAIT: f64 = 50.0;
/// Trials that hand over large checkpoints, one after the other.
const OTHERS: u64 = 3;
/// Resource at which they pause, which the one that only reports never comes to.
const RUNG: u64 = 1_000_000;
/// Time between two looks at the runner.
const BETWEEN: Duration = Duration::from_millis(50);

/// Workers that start programs one after the other, and milliseconds of an epoch of theirs: some 2,000 starts a minute.
const STARTS: (u64, u64) = (16, 280);

/// Options of `cargo xtask overhead`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trials that run at a time
    #[arg(long, default_value_t = 16)]
    workers: u64,
    /// Seconds of the run in which trials report ten times a second
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Trials of the run whose memory is measured
    #[arg(long, default_value_t = 10_000)]
    trials: u64,
    /// Trials of the run in which each reports once a second
    #[arg(long, default_value_t = 256)]
    many: u64,
    /// Bytes of the file that is committed while another trial reports
    #[arg(long, default_value_t = 1_000_000_000)]
    bytes: u64,
    /// Number of small files that are committed while another trial reports
    #[arg(long, default_value_t = 3_000)]
    files: u64,
}

/// Measures all, and then fails where something is above its limit.
pub(crate) fn run(args: &Args) -> Result<()> {
    let place = Place::new(&Workspace::load()?, None)?;
    let stop = format!("wall_clock = {}", args.seconds);
    let reports = place.measure("reports", args.workers, 100, 450, &stop)?;
    println!(
        "{} trainers, ten reports a second each: {:.2} % of one core (at most {MOST_PROCESSOR} %)",
        args.workers,
        reports.share()
    );
    let many = place.measure("many", args.many, 1000, 450, &stop)?;
    println!(
        "{} trainers, a report a second each: {:.2} % of one core, {:.1} MB",
        args.many,
        many.share(),
        many.memory
    );
    let (workers, milliseconds) = STARTS;
    let starts = place.measure("starts", workers, milliseconds, 9, &stop)?;
    println!(
        "{:.0} programs started a minute: {:.2} % of one core",
        60.0 * place.starts("starts")? as f64 / starts.seconds,
        starts.share()
    );
    let stop = format!("trials = {}", args.trials);
    let trials = place.measure("trials", args.workers, 0, 9, &stop)?;
    println!(
        "{} trials in {:.0} s: {:.1} MB at most (at most {MOST_MEMORY} MB)",
        args.trials, trials.seconds, trials.memory
    );
    let mut too_much = Vec::new();
    if reports.share() >= MOST_PROCESSOR {
        too_much.push("the runner takes too much time".to_owned());
    }
    if trials.memory >= MOST_MEMORY {
        too_much.push("the runner takes too much memory".to_owned());
    }
    for (name, files, bytes) in [("large", 1, args.bytes), ("many", args.files, 4096)] {
        let waits = place.waits(name, files, bytes)?;
        println!(
            "reports each 20 ms beside {OTHERS} checkpoints of {files} x {bytes} bytes: {waits} (99 % within {LONGEST_WAIT} ms)"
        );
        if waits.within(0.99) >= LONGEST_WAIT {
            too_much.push(format!("trials wait too long ({name})"));
        }
    }
    ensure!(too_much.is_empty(), "{}", too_much.join("; "));
    Ok(())
}

/// What is measured, and where it may write.
pub(crate) struct Place {
    pub(crate) binary: Utf8PathBuf,
    trainer: Utf8PathBuf,
    folder: Utf8PathBuf,
}

impl Place {
    /// A build of the runner, the release unless it is another one, and a folder below the target folder.
    pub(crate) fn new(workspace: &Workspace, binary: Option<Utf8PathBuf>) -> Result<Self> {
        Ok(Self {
            binary: binary.map_or_else(|| workspace.release(), Ok)?,
            trainer: bench::program(workspace, "trainer", "trainer")?,
            folder: workspace.target("overhead"),
        })
    }

    /// The folder of an experiment; its run is in the folder `run` there.
    pub(crate) fn folder(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    /// How many programs the run of an experiment started.
    fn starts(&self, name: &str) -> Result<usize> {
        let log = self.folder(name).join("run/log.jsonl");
        let text = fs::read_to_string(&log).context(log)?;
        let begins = [r#"{"event":"start""#, r#"{"event":"resume""#];
        let is_start = |line: &&str| begins.iter().any(|begin| line.starts_with(begin));
        Ok(text.lines().filter(is_start).count())
    }

    /// A whole run of training programs that report and checkpoint.
    pub(crate) fn measure(
        &self,
        name: &str,
        workers: u64,
        milliseconds: u64,
        max_resource: u64,
        stop: &str,
    ) -> Result<Usage> {
        let grace_period = max_resource / 9; // two rungs, the second at three times the first
        let experiment = format!(
            r#"
            workers = {workers}
            budget = {{ max_checkpoints = {} }}
            stop = {{ {stop} }}
            space = {{ loss = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
            scheduler = {{ max_resource = {max_resource}, grace_period = {grace_period} }}
            "#,
            2 * workers,
        );
        let program = format!(r#""alone", "{{checkpoint_dir}}", "{milliseconds}", "{{loss}}""#);
        self.run(name, &program, &experiment)
    }

    /// How long a trial waits that reports all the time while others hand over checkpoints of this many files.
    fn waits(&self, name: &str, files: u64, bytes: u64) -> Result<Waits> {
        let (trials, max_resource) = (OTHERS + 1, 2 * RUNG);
        let experiment = format!(
            r#"
            workers = 2
            budget = {{ max_checkpoints = 2, pin_best = false }}
            stop = {{ trials = {trials}, wall_clock = "10 min" }}
            space = {{ x = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
            scheduler = {{ max_resource = {max_resource}, levels = [{RUNG}] }}
            "#
        );
        let program = format!(
            r#""beside", "{{checkpoint_dir}}", "{{trial}}", "{OTHERS}", "{files}", "{bytes}", "{RUNG}", "{{x}}""#
        );
        self.run(name, &program, &experiment)?;
        let waits = fs::read_to_string(self.folder(name).join("waits"))?;
        // Gigabytes that nobody needs any more.
        fs::remove_dir_all(self.folder(name))?;
        Waits::of(&waits)
    }

    /// Runs an experiment with one of our training programs: what the runner used without them.
    fn run(&self, name: &str, program: &str, experiment: &str) -> Result<Usage> {
        let folder = self.folder(name);
        empty(&folder)?;
        let trainer = &self.trainer;
        let head = format!(
            "name = '{name}'\nmetric = 'loss'\nresource = 'epoch'\ncommand = ['{trainer}', {program}]\n"
        );
        fs::write(folder.join("experiment.toml"), head + experiment)?;
        let mut runner = Command::new(&self.binary);
        runner
            .args(["run", "experiment.toml", "--dir", "run"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("errors"))?);
        Usage::of(&mut runner, BETWEEN, |_| Ok(()))
    }
}
