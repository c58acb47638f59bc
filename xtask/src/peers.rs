//! `cargo xtask compare-peers`: a run of a training program that does next to nothing, by this project's runner, by Syne
//! Tune's local backend and by Ray Tune on this machine.
mod times;
mod tree;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;

use self::{times::Times, tree::Tree};
use crate::{python, usage::watch, workspace::Workspace};

/// Time between two looks at the processes of a run.
const BETWEEN: Duration = Duration::from_millis(200);
/// What is compared: this project first.
const PEERS: [&str; 3] = ["rungkeeper", "syne_tune", "ray"];

/// Options of `cargo xtask compare-peers`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trials of each run
    #[arg(long, default_value_t = 60)]
    trials: u64,
    /// Programs that run at a time
    #[arg(long, default_value_t = 2)]
    workers: u64,
    /// Only this one (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PEERS))]
    only: Vec<String>,
}

/// Runs one after the other and prints a table in Markdown.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let build = ["build", "--release", "--locked", "-p", "rungkeeper"];
    workspace.cargo(build).run()?;
    let target = workspace.metadata.target_directory.as_std_path();
    let place = Place {
        binary: target.join("release/rungkeeper"),
        scripts: workspace.root().join("crates/python/benchmarks/peers"),
        python: python::interpreter(&workspace, "syne_tune_013")?,
        ray: python::interpreter(&workspace, "ray")?,
        // Ray's sockets need a short path.
        folder: std::env::temp_dir().join(format!("peers-{}", std::process::id())),
    };
    println!("{HEAD}");
    for peer in PEERS {
        if args.only.is_empty() || args.only.iter().any(|only| only == peer) {
            println!("{}", place.measure(peer, args)?);
        }
    }
    fs::remove_dir_all(&place.folder).with_context(|| place.folder.display().to_string())
}

const HEAD: &str = "| tuner | whole run | programs started | trials a minute | pause to next start: median | 99 % | \
                    processor time of the tuner | memory | left on the disk |\n|---|---|---|---|---|---|---|---|---|";

/// What is run, and where it may write.
struct Place {
    binary: PathBuf,
    scripts: PathBuf,
    /// With Syne Tune.
    python: PathBuf,
    /// With Ray.
    ray: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// A whole run, as a row of the table.
    fn measure(&self, peer: &str, args: &Args) -> Result<String> {
        let folder = self.folder.join(peer);
        let (run, times) = (folder.join("run"), folder.join("times"));
        fs::create_dir_all(&run).with_context(|| run.display().to_string())?;
        let mut command = match peer {
            "rungkeeper" => self.own(&folder, &times, args)?,
            "syne_tune" => self.script(&self.python, "with_syne_tune.py", &run, &times, args),
            _ => self.script(&self.ray, "with_ray.py", &run, &times, args),
        };
        let said = folder.join("said");
        let output = fs::File::create(&said)?;
        command
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let (begin, mut tree) = (Instant::now(), Tree::default());
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let status = watch(child, BETWEEN, |id| {
            tree.look(id, is_training);
            Ok(())
        })?;
        let seconds = begin.elapsed().as_secs_f64();
        ensure!(
            status.success(),
            "{peer}: {status}; it said:\n{}",
            fs::read_to_string(&said).unwrap_or_default()
        );
        let times = Times::read(&times)?;
        let waits = times.waits();
        let (files, bytes) = size(&run)?;
        Ok(format!(
            "| {peer} | {seconds:.1} s | {} | {:.0} | {:.0} ms | {:.0} ms | {:.2} s | {:.0} MB | {files} files, {:.2} MB |",
            times.started(),
            60.0 * args.trials as f64 / times.seconds(),
            waits.within(0.5),
            waits.within(0.99),
            tree.processor(),
            tree.memory(),
            bytes as f64 / 1e6,
        ))
    }

    /// The same experiment for this project's runner.
    fn own(&self, folder: &Path, times: &Path, args: &Args) -> Result<Command> {
        let (python, program) = (self.python.display(), self.scripts.join("program.py"));
        let experiment = format!(
            r#"
            name = "peers"
            metric = "loss"
            resource = "epoch"
            command = ['{python}', '{}', "--protocol", "answered", "--times", '{}', "--x", "{{x}}", "--st_checkpoint_dir", "{{checkpoint_dir}}"]
            workers = {}
            stop = {{ trials = {} }}
            space = {{ x = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
            scheduler = {{ max_resource = 9, grace_period = 1 }}
            "#,
            program.display(),
            times.display(),
            args.workers,
            args.trials
        );
        let file = folder.join("experiment.toml");
        fs::write(&file, experiment).with_context(|| file.display().to_string())?;
        let mut command = Command::new(&self.binary);
        // The folder is there, and empty.
        command
            .arg("run")
            .arg(file)
            .arg("--dir")
            .arg(folder.join("run"));
        Ok(command)
    }

    fn script(&self, python: &Path, name: &str, run: &Path, times: &Path, args: &Args) -> Command {
        let mut command = Command::new(python);
        command.arg(self.scripts.join(name));
        command.arg("--folder").arg(run).arg("--times").arg(times);
        command.args(["--trials", &args.trials.to_string()]);
        command.args(["--workers", &args.workers.to_string()]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Whether a process trains, by its command line: it is none of the tuner's. Ray's carry their names in front.
fn is_training(command: &str) -> bool {
    command.contains("program.py") || command.starts_with("ray::")
}

/// Number of files in a folder, and their bytes.
fn size(folder: &Path) -> Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let inside = size(&entry.path())?;
            (files, bytes) = (files + inside.0, bytes + inside.1);
        } else if kind.is_file() {
            (files, bytes) = (files + 1, bytes + entry.metadata()?.len());
        }
    }
    Ok((files, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_tuners() {
        assert!(is_training("python3 /a/program.py --x 1"));
        assert!(is_training("ray::train"));
        assert!(!is_training("python3 /a/with_ray.py"));
        assert!(!is_training("/ray/raylet --raylet_socket_name=ray::x"));
    }
}
