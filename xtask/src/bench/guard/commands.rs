//! What the commands that read a log take for each of its trials.
use anyhow::{Context, Result};
use cargo_metadata::camino::Utf8Path;
use xshell::{Shell, cmd};

use super::{Counts, add, instructions};
use crate::workspace::{Workspace, empty};

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

/// Counts a report page, a replay and a resume, each of a simulated run, by the program that the tests have built.
pub(super) fn count(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let sh = workspace.shell()?;
    let program = workspace.target("debug/rungkeeper");
    let folder = workspace.target("guard");
    empty(&folder)?;
    let [few, many] = TRIALS.map(|trials| measure(workspace, &sh, &program, &folder, trials));
    for ((name, few), (_, many)) in few?.into_iter().zip(many?) {
        add(
            counts,
            name,
            many as f64 - few as f64,
            TRIALS[1] - TRIALS[0],
        );
    }
    Ok(())
}

/// Instructions of each command for a run of `trials` trials.
fn measure(
    workspace: &Workspace,
    sh: &Shell,
    program: &Utf8Path,
    folder: &Utf8Path,
    trials: u64,
) -> Result<[(&'static str, u64); 3]> {
    let trials = trials.to_string();
    let run = folder.join(&trials);
    let stop = format!("stop = {{ trials = {trials} }}\n");
    sh.write_file(run.join("experiment.toml"), stop + EXPERIMENT)?;
    // A run that was begun here, from the file beside it.
    let origin = serde_json::json!({
        "mark": "0123456789abcdef", "directory": run, "base": folder, "from_directory": "..", "file": "experiment.toml"
    });
    sh.write_file(run.join("origin.json"), origin.to_string())?;
    let curves = "crates/cli/curves/openml_41150.csv";
    let simulate = cmd!(
        sh,
        "{program} simulate {curves} --policy rank_aware --budget 50 --seeds 1"
    );
    let simulate = simulate.args(["--with-replacement", "--workers", "16"]);
    let simulate = simulate.args(["--max-trials", &trials, "--log"]);
    simulate.arg(run.join("logs")).read()?;
    let (log, page) = (run.join("log.jsonl"), run.join("page.html"));
    let written = sh.read_dir(run.join("logs"))?;
    sh.copy_file(written.first().context("no log was written")?, &log)?;
    let count = |args: &[&str]| instructions(workspace, program, args);
    let report = ["report", log.as_str(), "--out", page.as_str()];
    Ok([
        ("report page, a trial", count(&report)?),
        ("replay, a trial", count(&["replay", log.as_str()])?),
        // It resumes the run and finds nothing to remove.
        ("resume, a trial", count(&["gc", run.as_str()])?),
    ])
}
