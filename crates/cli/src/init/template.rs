//! The text of a first experiment file.

use super::parameter::{Parameter, key, quoted, read};

/// What stands in the file.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// Nobody gave a command.
    pub(super) has_example_command: bool,
    pub(super) metric: String,
    pub(super) mode: String,
    pub(super) resource: String,
    pub(super) max_resource: u64,
    pub(super) parameters: Vec<Parameter>,
    pub(super) workers: u64,
    pub(super) trials: u64,
    pub(super) max_checkpoints: u64,
    pub(super) protocol: String,
}

impl Settings {
    /// Puts an example in the place of what must be there and is not, and each parameter into the command.
    pub(super) fn complete(&mut self) {
        if self.parameters.is_empty() {
            self.parameters.extend(read("lr=loguniform:1e-4:1"));
        }
        if self.command.iter().any(|word| word.contains("{config}")) {
            return;
        }
        for Parameter { name, is_flag, .. } in &self.parameters {
            let placeholder = format!("{{{name}}}");
            if self.command.iter().any(|word| word.contains(&placeholder)) {
                continue;
            }
            if !is_flag {
                self.command.push(format!("--{name}"));
            }
            self.command.push(placeholder);
        }
    }
}

/// The text of the file.
pub(super) fn text(settings: &Settings) -> String {
    let Settings {
        max_resource,
        workers,
        trials,
        max_checkpoints,
        ..
    } = settings;
    let [name, metric, mode, resource, protocol] = [
        &settings.name,
        &settings.metric,
        &settings.mode,
        &settings.resource,
        &settings.protocol,
    ]
    .map(|text| quoted(text));
    let unit = settings.resource.escape_default();
    let words: Vec<String> = settings.command.iter().map(|word| quoted(word)).collect();
    let command = words.join(", ");
    let parameters: Vec<String> = settings
        .parameters
        .iter()
        .map(|parameter| format!("{} = {}", key(&parameter.name), parameter.value))
        .collect();
    let parameters = parameters.join("\n");
    let todo = if settings.has_example_command {
        "\n# TO FILL IN: this is an example."
    } else {
        ""
    };
    let talk = if settings.protocol == "answered" {
        format!(
            "# The program prints a line such as {{{resource}: 1, {metric}: 0.5, \"checkpoint\": true}} for each report,\n\
             # and reads one back: `continue` or `pause`. In Python `rungkeeper_trial` does both."
        )
    } else {
        format!(
            "# The program prints a line such as [tune-metric]: {{{resource}: 1, {metric}: 0.5}} for each report."
        )
    };
    format!(
        r#"# An experiment of rungkeeper. Check it with `rungkeeper check --try`, then tune with `rungkeeper run`.
name = {name}

# Program and arguments.{todo} {{NAME}} stands for a parameter of [space], {{config}} for a JSON file of all of them,
# {{checkpoint_dir}} for the folder to read and write checkpoints in (also RUNGKEEPER_CHECKPOINT_DIR).
command = [{command}]

{talk}
protocol = {protocol}
metric = {metric}
mode = {mode} # "min": a small metric is good; "max": a large one
resource = {resource}

# Trials that run at a time.
workers = {workers}

# Parameters: uniform, loguniform, int, logint (each with low and high; uniform and int also with step), normal and
# lognormal (with mean and sd), choice (with values), flag (an argument that is there or not), or a plain value.
# when = {{ OTHER = VALUE }} in a table: the parameter is there only where the other one has this value.
[space]
{parameters}

# Trials are compared at rungs, 1, 3, 9 ... {unit}s; the best third of each goes on.
[scheduler]
max_resource = {max_resource}
grace_period = 1
reduction_factor = 3

# Most trials that have a checkpoint at a time. The checkpoints that would cost least to train again are removed first.
[budget]
max_checkpoints = {max_checkpoints}

# What ends the run. Also wall_clock = "2 h", reports, total_resource.
[stop]
trials = {trials}
"#
    )
}
