//! Experiment files as people use them: written, checked, tried, and with all kinds of parameters run to the end.

use std::path::Path;

use crate::binary;
use crate::runs;
use crate::runs::life::{Project, Protocol, trainer};
use serde_json::Value;

/// Keeps what it was called with; the loss is by the trial, and a further value comes with it.
const BEGIN: &str = r#"
shift
echo "$*" >> "$RUNGKEEPER_TRIAL.called"
cp "$RUNGKEEPER_CONFIG" "$RUNGKEEPER_TRIAL.json"
x="0.$RUNGKEEPER_TRIAL, \"extra\": 3"
"#;

const EXPERIMENT: &str = r#"
name = "wine 2"
command = ["sh", "train.sh", "{checkpoint_dir}", "{config}", "-o", "{optimizer}", "-m", "{momentum}", "{nesterov}"]
metric = "loss"
resource = "epoch"
stop = { trials = 12 }

[space]
optimizer = { type = "choice", values = ["sgd", "adam"] }
momentum = { type = "uniform", low = 0.0, high = 0.9, step = 0.1, when = { optimizer = "sgd" } }
nesterov = { type = "flag", when = { optimizer = "sgd" } }
lr = { type = "lognormal", mean = -3, sd = 1 }

[scheduler]
max_resource = 9
"#;

fn project() -> Project {
    let project = Project::new(
        Protocol::Answered,
        &trainer(Protocol::Answered, BEGIN, ""),
        "",
    );
    project.write("e.toml", EXPERIMENT);
    project
}

fn configuration(project: &Project, trial: &str) -> Value {
    serde_json::from_str(&project.read(&format!("{trial}.json"))).unwrap()
}

/// What is not active is neither in the command, nor in the JSON file, nor in the log; a run goes on with the same; the
/// best of it are the first of the next one.
#[test]
fn parameters_of_every_kind() {
    let project = project();
    project.say(&["run", "e.toml"]).finished();
    let run = project.file("runs/wine 2");
    let log = runs::commands::Log::read(&run);
    let starts = log.of("start");
    assert_eq!(starts.len(), 12);
    let mut active = 0;
    for start in starts {
        let trial = start["trial"].as_str().unwrap();
        let parameters = configuration(&project, trial);
        assert_eq!(parameters, start["configuration"]);
        let called = project.read(&format!("{trial}.called"));
        let called = called.lines().next().unwrap();
        let config = run
            .canonicalize()
            .unwrap()
            .join(format!("trials/{trial}/config.json"));
        let mut expected = format!(
            "{} -o {}",
            config.display(),
            parameters["optimizer"].as_str().unwrap()
        );
        if parameters["optimizer"] == "sgd" {
            active += 1;
            let momentum = parameters["momentum"].as_f64().unwrap();
            expected = format!("{expected} -m {momentum:?}");
            if parameters["nesterov"] == true {
                expected += " --nesterov";
            }
        } else {
            assert!(parameters.get("momentum").is_none() && parameters.get("nesterov").is_none());
        }
        assert_eq!(called, expected);
    }
    assert!((2..=10).contains(&active), "{active}");

    // Conditions are part of what a run cannot change.
    let copy = "runs/wine 2/experiment.toml";
    project.edit(copy, "flag\", when = { optimizer = \"sgd\" }", "flag\"");
    project
        .say(&["resume", "runs/wine 2", "--trials", "13"])
        .refused(&["nesterov of [space] was {", "\"when\""]);
    project.write(copy, EXPERIMENT);
    project
        .say(&["resume", "runs/wine 2", "--trials", "13"])
        .finished();

    let again = project.say(&["best", "runs/wine 2"]).finished();
    again.has(&["/runs/wine 2/trials/0/config.json' -o "]);
    project.write(
        "next.toml",
        &EXPERIMENT.replacen(
            "metric",
            "configurations = { run = \"runs/wine 2\", best = 2 }\nmetric",
            1,
        ),
    );
    project
        .say(&["run", "next.toml", "--dir", "next"])
        .finished();
    let next = runs::commands::Log::read(&project.file("next"));
    assert_eq!(
        next.of("start")[0]["configuration"],
        log.of("start")[0]["configuration"]
    );
    // The former run may go.
    std::fs::remove_dir_all(&run).unwrap();
    project
        .say(&["resume", "next", "--trials", "13"])
        .finished();
}

#[test]
fn a_file_is_checked_and_tried() {
    let project = project();
    project.say(&["check", "e.toml"]).finished().has(&[
        "e.toml: no problem found",
        "parameters: lr, momentum",
        "check --try e.toml",
    ]);
    let before = runs::names(project.path());
    project.say(&["check", "--try", "e.toml"]).finished().has(&[
        "report: epoch 1, loss 0",
        "also extra = 3",
        "checkpoint: saved at epoch 1, 2 B",
        "next: rungkeeper run e.toml",
    ]);
    // What the program itself wrote where it runs stays; nothing of the trial does.
    let after = runs::names(project.path());
    let new: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(new, ["0.called", "0.json"]);

    project.edit("e.toml", "metric =", "metrik =");
    project.edit("e.toml", "max_resource = 9", "max_resource = \"nine\"");
    project.say(&["check", "e.toml"]).refused(&[
        "unknown key `metrik`; did you mean `metric`?",
        "max_resource: it is the text \"nine\", but must be a whole number",
    ]);
}

/// Each way in which program and file do not fit is told, and no report ends with status 1.
#[test]
fn what_does_not_fit_is_told() {
    let cases = [
        (
            "echo 'Traceback: no such module' >&2; exit 3",
            "no such module",
        ),
        ("echo epoch 1 is done", "a program ended without a report"),
        (
            "echo epoch 1: val_loss 0.5",
            "is no report: it does not end with a JSON object such as {\"epoch\": 1, \"loss\": 0.5}",
        ),
        (
            "echo '{\"epoch\": 0, \"loss\": 0.5}'",
            "must be a positive whole number; count from 1: report epoch + 1",
        ),
    ];
    for (trainer, told) in cases {
        let project = Project::new(Protocol::Answered, trainer, "");
        let said = project.say(&["check", "--try", "e.toml"]);
        let said = said.refused(&[told, "no report was understood; one is a line such as"]);
        let nothing = "printed nothing but on its standard error";
        assert!(!said.all().contains(nothing), "{}", said.all());
    }
    for (key, meant) in [("los", "los"), ("val_loss", "val_loss")] {
        let trainer = format!("echo '{{\"epoch\": 1, \"{key}\": 0.5}}'");
        let project = Project::new(Protocol::Answered, &trainer, "");
        let said = project.say(&["check", "--try", "e.toml"]);
        let said = said.refused(&[
            "the first report cannot be used: a report without loss: its keys are epoch,",
            &format!("did you mean `{meant}`?"),
            "set `metric` and `resource` in e.toml to keys of the report",
        ]);
        for untrue in ["checkpoint: ", "before any report", "was understood"] {
            assert!(!said.out.contains(untrue), "{}", said.out);
        }
    }
    let deaf =
        "for epoch in 1 2 3; do echo '{\"epoch\": '$epoch', \"loss\": 2}'; read -r answer; done";
    let project = Project::new(Protocol::Answered, deaf, "");
    let said = project.say(&["check", "--try", "e.toml"]).finished();
    said.has(&[
        "trial \"0\" reported 2 more times after it was told to pause: end when the answer is `pause`",
    ]);
    let silent = "echo '{\"epoch\": 5, \"loss\": null}'; read -r answer; exit 0";
    let project = Project::new(Protocol::Answered, silent, "");
    project.say(&["check", "--try", "e.toml"]).finished().has(&[
        "report: epoch 5, loss no number",
        "none was written to {checkpoint_dir}",
        "told to pause at this report",
    ]);
    let one_way = "echo '[tune-metric]: {\"epoch\": 9, \"loss\": 2}'; exit 0";
    let project = Project::new(Protocol::OneWay, one_way, "");
    let said = project.say(&["check", "--try", "e.toml"]).finished();
    said.has(&["report: epoch 9, loss 2"]);
}

/// Who says how long is waited for a program that says nothing.
#[test]
fn a_program_that_says_nothing_is_not_waited_for_without_end() {
    let project = Project::new(Protocol::Answered, "exec sleep 1000", "");
    project
        .say(&["check", "--try", "e.toml", "--for", "0.2"])
        .refused(&[
            "training one trial to its first report; Ctrl+C ends it",
            "it was ended after 0.2 s, the time of --for",
            "no report was understood; one is a line such as",
        ]);
    let quick = "echo '[tune-metric]: {\"epoch\": 1, \"loss\": 2}'; exit 0";
    let project = Project::new(Protocol::OneWay, quick, "");
    let said = project.say(&["check", "--try", "e.toml", "--for", "1e300"]);
    said.finished().has(&["report: epoch 1, loss 2"]);
}

#[test]
fn a_file_is_written_once() {
    let project = project();
    let init = ["init", "new.toml", "--metric", "accuracy", "--mode", "max"];
    project
        .say(&init)
        .finished()
        .has(&["new.toml is written", "write your training program"]);
    let written = project.read("new.toml");
    assert!(
        written.contains("name = \"new\"\n") && written.contains("mode = \"max\""),
        "{written}"
    );
    project
        .say(&init)
        .refused(&["new.toml is there already, and stays as it is"]);
    project
        .say(&["init", "e.toml"])
        .refused(&["overwrite it with --force"]);
    assert_eq!(project.read("e.toml"), EXPERIMENT);
    let options = ["--force", "--name", "other", "-p", "x=int:1:9"];
    project.say(&[&init[..], &options].concat()).finished();
    assert!(
        project
            .read("new.toml")
            .contains("x = { type = \"int\", low = 1, high = 9 }")
    );
    let wrong = project.say(&["init", "n.toml", "-p", "x=int:9:1"]);
    wrong.refused(&[
        "n.toml is not written",
        "low is 9, but must be at most high",
    ]);
    let wrong = project.say(&["init", "n.toml", "-p", "x=intt:9:1"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong
            .notes
            .contains("there is no type `intt`; did you mean `int`?"),
        "{}",
        wrong.notes
    );
    let open = project.say(&["init", "n.toml", "--command", "python3 'train.py"]);
    assert_eq!(open.code, Some(2));
    open.has(&["a quote in it is not closed"]);
    assert!(!project.file("n.toml").exists());
}

/// The schema, completions and manual pages: each names what there is.
#[test]
fn editors_shells_and_man_know_the_commands() {
    let project = project();
    let schema = project.say(&["schema"]).finished().out;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["properties"]["workers"]["maximum"], 4096);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = project.say(&["completions", shell]).finished().out;
        assert!(
            said.contains("rungkeeper") && said.contains("max-checkpoints"),
            "{shell}"
        );
    }
    let bash = project.say(&["completions", "bash"]).finished().out;
    project.write("completions", &bash);
    runs::system::done(
        "bash",
        &["-n", project.file("completions").to_str().unwrap()],
    );
    let page = project.say(&["man"]).finished().out;
    assert!(
        page.contains(".TH rungkeeper 1") && page.contains("check"),
        "{page}"
    );
    project
        .say(&["man", "pages/man1"])
        .finished()
        .has(&["pages/man1"]);
    assert!(
        project
            .read("pages/man1/rungkeeper-run.1")
            .contains("\\-\\-dir")
    );
}

/// The commands of `docs/running.md` about the file are ones that there are.
#[test]
fn commands_of_the_page_work() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/running.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page.split("## The experiment file").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let project = Project::new(Protocol::Answered, "", "");
    project.write(
        "train.py",
        "print('{\"epoch\": 1, \"loss\": 0.5}', flush=True)\ninput()\n",
    );
    let mut number = 0;
    for block in section.split("```sh\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            if line.starts_with("rungkeeper run ") {
                continue; // until it is stopped
            }
            let command = line
                .replace("~/", "home/")
                .replace("rungkeeper ", "\"$RUNGKEEPER\" ");
            let folders = "mkdir -p home/.local/share/bash-completion/completions && ";
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("{folders}{command}")])
                .env("RUNGKEEPER", binary::path())
                .current_dir(project.path())
                .stdin(std::process::Stdio::null())
                .output()
                .unwrap();
            assert!(output.status.success(), "{line}: {output:?}");
            number += 1;
        }
    }
    assert_eq!(number, 4);
}
