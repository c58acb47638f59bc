use rungkeeper_tuner_hooks::Budget;
use rungkeeper_tuner_hooks::log::Header;
use serde_json::Value;

use super::*;
use crate::experiment::StorePlace;

const FILE: &str = r#"
name = "digits"
command = ["./train", "{lr}", "{width}"]
metric = "loss"
resource = "epoch"
environment = { TOKEN = "hunter2", SEED = "1" }

[space]
lr = { type = "uniform", low = 0.0, high = 1.0 }
width = { type = "choice", values = [16, 32] }

[scheduler]
max_resource = 27

[budget]
max_checkpoints = 8
"#;

fn changed(from: &str, to: &str) -> Changes {
    assert!(FILE.contains(from), "{from}");
    let begun = Experiment::read(FILE).unwrap().table();
    // As it comes back from a log.
    let begun = serde_json::from_str(&begun.to_string()).unwrap();
    changes(
        &begun,
        &Experiment::read(&FILE.replacen(from, to, 1)).unwrap(),
    )
}

#[test]
fn the_same_in_other_words_is_no_change() {
    assert_eq!(changed("", ""), Changes::default());
    for (from, to) in [
        ("max_resource = 27", "max_resource = 27\nlevels = [1, 3, 9]"),
        ("name =", "workers = 1\nmode = \"min\"\nname ="),
        ("name =", "grace = \"10000 ms\"\nname ="),
        ("low = 0.0", "low = 0"),
    ] {
        assert_eq!(changed(from, to), Changes::default(), "{to}");
    }
}

#[test]
fn edited_by_hand() {
    let begins = [
        ("\"digits\"", "\"other\"", "name was \"digits\""),
        ("metric = \"loss\"", "metric = \"l\"", "metric was"),
        ("\"epoch\"", "\"step\"", "resource was"),
        (
            "name =",
            "mode = \"max\"\nname =",
            "mode was \"min\" and is now \"max\", which",
        ),
        ("name =", "protocol = \"one_way\"\nname =", "protocol was"),
        (
            "name =",
            "configurations = [{ lr = 0.5 }]\nname =",
            "configurations was [] and",
        ),
        (
            "name =",
            "store.location = \"/kept\"\nname =",
            "store.location was \"checkpoints\"",
        ),
        (
            "max_resource = 27",
            "max_resource = 81\nlevels = [1, 3, 9]",
            "max_resource of",
        ),
        (
            "= 27",
            "= 27\ngrace_period = 2",
            "the list of rung levels was [1,3,9] and is now [2,6,18]",
        ),
        ("= 27", "= 27\nbrackets = 2", "brackets of"),
        (
            "= 27",
            "= 27\nown_rungs = true\nbrackets = 1",
            "own_rungs of",
        ),
        (
            "= 27",
            "= 27\npromotion_rule = \"linear_quantile\"",
            "promotion_rule of",
        ),
        ("= 27", "= 27\nseed = 5", "seed of"),
        ("= 8", "= 8\npolicy = \"by_level\"", "policy of"),
        ("= 8", "= 8\npolicy_seed = 2", "policy_seed of"),
        ("= 8", "= 8\npin_best = false", "pin_best of"),
        ("high = 1.0", "high = 2.0", "lr of [space] was {"),
        ("[16, 32]", "[16]", "width of [space] was"),
        (
            "width = {",
            "epochs = 3\nwidth = {",
            "epochs of [space] was not there and is now 3",
        ),
    ];
    for (from, to, begin) in begins {
        let found = if to.starts_with("epochs") {
            // A hyper-parameter has to reach the program.
            let begun = Experiment::read(FILE).unwrap().table();
            let more = FILE
                .replacen(from, to, 1)
                .replacen("\"{lr}\"", "\"{lr}\", \"{epochs}\"", 1);
            changes(&begun, &Experiment::read(&more).unwrap())
        } else {
            changed(from, to)
        };
        assert_eq!(found.refused.len(), 1, "{found:?}");
        assert!(found.refused[0].starts_with(begin), "{found:?}");
    }
    let budget = changed("= 8", "= 9\nmax_bytes = \"1 GB\"");
    assert!(budget.refused[0].contains("was 8 and is now 9, but the file does not"));
    assert!(budget.refused[0].ends_with("`rungkeeper resume DIR --max-checkpoints 9`"));
    assert!(budget.refused[1].contains("was not given and is now 1000000000"));
    let none = changed("max_checkpoints = 8", "");
    assert!(
        none.refused[0].ends_with("--max-checkpoints none`"),
        "{none:?}"
    );
    assert!(none.taken.is_empty());
}

#[test]
fn what_may_change_is_taken_over() {
    for (to, taken) in [
        ("workers = 3", "workers was 1 and is now 3: the run"),
        (
            "directory = \"sub\"",
            "directory was \".\" and is now \"sub\"",
        ),
        (
            "stop.trials = 40",
            "trials of [stop] was not given and is now 40:",
        ),
        (
            "stop.wall_clock = \"10 min\"",
            "wall_clock of [stop] was not given and is now 600.0 s",
        ),
        ("stop.reports = 4", "reports of"),
        ("stop.total_resource = 4", "total_resource of"),
        (
            "store.timeout = 5",
            "store.timeout was 10.0 s and is now 5.0 s",
        ),
        ("failures.retries = 2", "retries of [failures] was 0 and"),
        ("failures.max_failed_trials = 2", "max_failed_trials of"),
        (
            "failures.max_without_report = 2",
            "max_without_report of [failures] was 5",
        ),
        ("failures.silence = 2", "silence of [failures] was 60.0 s"),
        ("grace = 2", "grace was 10.0 s"),
        (
            "output = \"1 MB\"",
            "output was 10000000 bytes and is now 1000000 bytes",
        ),
        ("slots = [{ GPU = \"0\" }]", "slots is not what it was"),
    ] {
        let changes = changed("name =", &format!("{to}\nname ="));
        assert_eq!(changes.taken.len(), 1, "{changes:?}");
        assert!(changes.taken[0].starts_with(taken), "{changes:?}");
        assert!(changes.refused.is_empty(), "{changes:?}");
    }
    let command = changed("./train", "./trained");
    assert_eq!(
        command.taken,
        ["command is not what it was: the run goes on with that"]
    );
    let variables = changed(
        "TOKEN = \"hunter2\", SEED = \"1\"",
        "MORE = \"1\", SEED = \"2\"",
    );
    let begins = [
        "MORE of environment is new",
        "SEED of environment is not what it was",
        "TOKEN of environment is not there any more",
    ];
    assert_eq!(variables.taken.len(), 3);
    for (taken, begin) in variables.taken.iter().zip(begins) {
        assert!(taken.starts_with(begin), "{taken}");
    }
}

#[test]
fn tables_tell_no_secrets() {
    let mut experiment = Experiment::read(FILE).unwrap();
    experiment.command.push("--key=hunter2".to_owned());
    experiment.store = StorePlace::Bucket {
        address: "s3://me:hunter2@bucket/runs".to_owned(),
        cache: "checkpoints".into(),
        timeout: std::time::Duration::from_secs(1),
    };
    let table = experiment.table().to_string();
    assert!(table.contains("s3://***@bucket/runs"));
    assert!(!table.contains("hunter2"), "{table}");
}

#[test]
fn logs_of_before_are_compared_by_their_header() {
    let experiment = Experiment::read(FILE).unwrap();
    let spec = &experiment.scheduler;
    let header = Header {
        policy: experiment.policy.to_string(),
        budget: Budget::of_checkpoints(8),
        workers: 1,
        ..Header::new("run", &spec.model, spec.max_resource)
    };
    let begun = table_of_header(&header);
    assert_eq!(changes(&begun, &experiment), Changes::default());
    let mut other = experiment.clone();
    other.scheduler.model.mode = rungkeeper_rung_model::Mode::Max;
    other.names.metric = "not told by the header".to_owned();
    other.budget.max_checkpoints = Some(4);
    other.limits.trials = Some(3);
    let found = changes(&begun, &other);
    assert_eq!(
        (found.refused.len(), found.taken.len()),
        (2, 1),
        "{found:?}"
    );
    assert_eq!(changes(&Value::Null, &other), Changes::default());
}

/// A name that no report had is one that nothing depends on.
#[test]
fn names_before_the_first_report() {
    let begun = Experiment::read(FILE).unwrap().table();
    let mut now = Experiment::read(FILE).unwrap();
    now.names.metric = "val_loss".to_owned();
    now.names.resource = "step".to_owned();
    now.name = "other".to_owned();
    let found = changes_before_reports(&begun, &now);
    assert_eq!(found.refused.len(), 1, "{found:?}");
    assert!(found.refused[0].starts_with("name was"), "{found:?}");
    let told = [
        r#"metric was "loss" and is now "val_loss": the run goes on with that"#,
        r#"resource was "epoch" and is now "step": the run goes on with that"#,
    ];
    assert_eq!(found.taken, told);
    assert_eq!(changes(&begun, &now).refused.len(), 3);
}

/// Conditions, steps and kinds are compared as all else of a parameter; logs of before know of no other source.
#[test]
fn new_kinds_of_parameters_are_compared() {
    for (from, to) in [
        ("high = 1.0 }", "high = 1.0, step = 0.1 }"),
        ("high = 1.0 }", "high = 1.0, when = { width = 16 } }"),
        (
            "\"uniform\", low = 0.0, high = 1.0",
            "\"normal\", mean = 0.0, sd = 1.0",
        ),
    ] {
        let found = changed(from, to);
        assert_eq!(found.refused.len(), 1, "{found:?}");
        assert!(
            found.refused[0].starts_with("lr of [space] was {"),
            "{found:?}"
        );
        assert!(found.taken.is_empty(), "{found:?}");
    }
    // One value is a list of one.
    let when = |value: &str| {
        let with = format!("high = 1.0, when = {{ width = {value} }} }}");
        Experiment::read(&FILE.replacen("high = 1.0 }", &with, 1)).unwrap()
    };
    assert_eq!(
        changes(&when("16").table(), &when("[16]")),
        Changes::default()
    );
    let now = Experiment::read(FILE).unwrap();
    let mut begun = now.table();
    begun.as_object_mut().unwrap().remove("configurations_from");
    assert_eq!(changes(&begun, &now), Changes::default());
}
