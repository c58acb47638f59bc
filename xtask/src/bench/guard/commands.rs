//! What the commands that read a log take for each of its trials.
use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{Counts, instructions};
use crate::{
    process::Invocation,
    workspace::{Workspace, empty},
};

/// Trials of the two logs whose difference counts: what is done once a call drops out.
const TRIALS: [u64; 2] = [500, 1_500];

/// Of the simulated run, as its log has it.
const EXPERIMENT: &str = r#"
name = "guard"
metric = "accuracy"
mode = "max"
resource = "epoch"
command = ["true", "{x}", "{checkpoint_dir}"]
workers = 16
budget = { max_checkpoints = 50 }
space = { x = { type = "uniform", low = 0.0, high = 1.0 } }
scheduler = { max_resource = 4096, levels = [1, 4, 16, 64, 256, 1024] }
"#;

/// Counts a report page, a replay and a resume, each of a simulated run. With little optimization, by the program that the
/// tests have built: a release of all that it needs would take minutes, and what rises in one rises in the other.
pub(super) fn count(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let build = ["build", "--locked", "--workspace", "--all-features"];
    let program = ["--bin", "rungkeeper"];
    workspace.cargo(build.iter().chain(&program)).run()?;
    let target = workspace.metadata.target_directory.as_std_path();
    let folder = target.join("guard");
    empty(&folder)?;
    let program = text(&target.join("debug/rungkeeper"))?;
    let [few, many] = TRIALS.map(|trials| measure(workspace, &program, &folder, trials));
    let more = (TRIALS[1] - TRIALS[0]) as f64;
    for ((name, few), (_, many)) in few?.into_iter().zip(many?) {
        let each = (many as f64 - few as f64) / more;
        println!("  {name}: {each:.0} instructions");
        counts.insert(name.to_owned(), each.round());
    }
    Ok(())
}

/// Instructions of each command for a run of `trials` trials.
fn measure(
    workspace: &Workspace,
    program: &str,
    folder: &Path,
    trials: u64,
) -> Result<[(&'static str, u64); 3]> {
    let run = folder.join(trials.to_string());
    fs::create_dir_all(&run).with_context(|| run.display().to_string())?;
    let stop = format!("stop = {{ trials = {trials} }}\n");
    fs::write(run.join("experiment.toml"), stop + EXPERIMENT)?;
    // A run that was begun here, from the file beside it.
    let origin = serde_json::json!({
        "mark": "0123456789abcdef", "directory": run, "base": folder, "from_directory": "..", "file": "experiment.toml"
    });
    fs::write(run.join("origin.json"), origin.to_string())?;
    let (logs, number) = (text(&run.join("logs"))?, trials.to_string());
    let simulate = [
        "simulate",
        "crates/cli/curves/openml_41150.csv",
        "--policy",
        "rank_aware",
        "--budget",
        "50",
        "--seeds",
        "1",
        "--with-replacement",
        "--max-trials",
        &number,
        "--workers",
        "16",
        "--log",
        &logs,
    ];
    Invocation::new(program, workspace.root(), simulate).output()?;
    let written = fs::read_dir(&logs)?.next().context("no log was written")?;
    fs::rename(written?.path(), run.join("log.jsonl"))?;
    let (log, page) = (text(&run.join("log.jsonl"))?, text(&run.join("page.html"))?);
    let run = text(&run)?;
    let count = |args: &[&str]| instructions(workspace, &[&[program], args].concat());
    Ok([
        (
            "report page, a trial",
            count(&["report", &log, "--out", &page])?,
        ),
        ("replay, a trial", count(&["replay", &log])?),
        // It resumes the run and finds nothing to remove.
        ("resume, a trial", count(&["gc", &run])?),
    ])
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(ToOwned::to_owned);
    text.with_context(|| format!("{} is not Unicode", path.display()))
}
