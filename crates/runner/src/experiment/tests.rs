use std::time::Duration;

use super::*;

pub(super) const GOOD: &str = r#"
name = "digits"
command = ["./train", "--lr", "{lr}", "--checkpoints={checkpoint_dir}"]
metric = "loss"
resource = "epoch"
workers = 2

[space]
lr = { type = "loguniform", low = 1e-4, high = 1.0 }

[scheduler]
max_resource = 27

[budget]
max_checkpoints = 8

[stop]
trials = 40
"#;

pub(super) fn problems(text: &str) -> Vec<String> {
    match Experiment::read(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

/// The good file with one thing changed; the only problem it then has.
pub(super) fn problem(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let found = problems(&GOOD.replacen(from, to, 1));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn defaults_are_stated() {
    let experiment = Experiment::read(GOOD).unwrap();
    assert_eq!(experiment.policy.name(), "rank_aware");
    assert!(experiment.pin_best);
    assert_eq!(experiment.grace, Duration::from_secs(10));
    let expected = StorePlace::Folder {
        folder: "checkpoints".into(),
        timeout: Duration::from_secs(10),
    };
    assert_eq!(experiment.store, expected);
    assert_eq!(experiment.max_without_report, 5);
    assert_eq!(experiment.silence, Duration::from_secs(60));
    let tried = experiment.clone().for_one_report().unwrap();
    assert_eq!(tried.silence, Duration::from_secs(10));
    assert_eq!(experiment.output, 10_000_000);
    assert_eq!(experiment.scheduler.max_trials, Some(40));
    let levels: Vec<u64> = experiment
        .scheduler
        .model
        .rungs
        .iter()
        .map(|r| r.level)
        .collect();
    assert_eq!(levels, [1, 3, 9]);
}

#[test]
fn unknown_names_come_with_the_nearest_one() {
    let said = problem("workers = 2", "wokers = 2");
    assert!(
        said.starts_with(
            "line 6, column 1: unknown key `wokers`; did you mean `workers`? There are: name, "
        ),
        "{said}"
    );
    let said = problem("{lr}", "{lrr}");
    assert!(said.starts_with("line 3, column "), "{said}");
    let found = problems(&GOOD.replacen("{lr}", "{trail}", 1));
    assert!(
        found
            .iter()
            .any(|p| p.contains("{trail} is unknown; did you mean `trial`? There are: lr, ")),
        "{found:?}"
    );
    let said = problem("[budget]", "[budget]\npolicy = \"specculative\"");
    assert!(
        said.contains("did you mean `speculative`? There are: "),
        "{said}"
    );
    let said = problem("\"loguniform\"", "\"loguniformm\"");
    assert!(
        said.contains("did you mean `loguniform`? There are: "),
        "{said}"
    );
    // What is very long is no misspelling, and would take minutes to compare.
    let long = format!("workers{} = 2", "s".repeat(200));
    let said = problem("workers = 2", &long);
    assert!(said.contains("unknown key `workerss"), "{said}");
    assert!(!said.contains("did you mean"), "{said}");
}

/// Budget 4 with 4 workers (and the best finished trial pinned), budget 2 with 4: refused with the
/// smallest that works.
#[test]
fn budget_too_small() {
    let with = |workers: u64, most: u64, more: &str| {
        problems(
            &GOOD
                .replacen("workers = 2", &format!("workers = {workers}"), 1)
                .replacen(
                    "max_checkpoints = 8",
                    &format!("max_checkpoints = {most}{more}"),
                    1,
                ),
        )
    };
    let said = with(4, 4, "");
    assert!(
        said[0].starts_with("line 15, column 19: max_checkpoints is 4"),
        "{said:?}"
    );
    assert!(
        said[0].ends_with("the smallest that works is 5"),
        "{said:?}"
    );
    assert!(with(4, 2, "")[0].ends_with("the smallest that works is 5"));
    assert!(with(4, 2, "\npin_best = false")[0].ends_with("the smallest that works is 4"));
    assert!(with(4, 4, "\npin_best = false").is_empty());
}

#[test]
fn sizes_and_times_are_read_as_written() {
    let read = |from: &str, to: &str| Experiment::read(&GOOD.replacen(from, to, 1)).unwrap();
    for (text, bytes) in [
        ("\"20 GB\"", 20_000_000_000),
        ("\"1 GiB\"", 1 << 30),
        ("500", 500),
    ] {
        let experiment = read("[budget]", &format!("[budget]\nmax_bytes = {text}"));
        assert_eq!(experiment.budget.max_bytes, Some(bytes));
    }
    for (text, seconds) in [("\"10 min\"", 600.0), ("\"1h 30m\"", 5_400.0), ("2.5", 2.5)] {
        let experiment = read("[stop]", &format!("[stop]\nwall_clock = {text}"));
        assert_eq!(experiment.limits.seconds, Some(seconds));
    }
    let said = problem("[budget]", "[budget]\nmax_bytes = \"20 bananas\"");
    assert!(said.contains("\"20 bananas\" is no size"), "{said}");
    let said = problem("[stop]", "[stop]\nwall_clock = \"soon\"");
    assert!(said.contains("\"soon\" is no time"), "{said}");
    let said = problem("[stop]", "[stop]\nwall_clock = -1");
    assert!(said.contains("-1 is no time"), "{said}");
}

#[test]
fn all_problems_are_said_at_once_with_their_places() {
    let bad = GOOD
        .replacen("workers = 2", "workers = 0", 1)
        .replacen("\"{lr}\"", "\"{lr\"", 1)
        .replacen("resource = \"epoch\"", "resource = \"loss\"", 1)
        .replacen("trials = 40", "trials = 0", 1)
        .replacen("max_resource = 27", "max_resource = 1", 1);
    let found = problems(&bad);
    let lines: Vec<&str> = found.iter().map(|p| p.split(',').next().unwrap()).collect();
    assert_eq!(
        lines,
        ["line 3", "line 5", "line 6", "line 11", "line 17"],
        "{found:#?}"
    );
}

#[test]
fn hyper_parameters_must_reach_the_program() {
    let said = problem(
        "[space]",
        "[space]\ndepth = { type = \"int\", low = 1, high = 3 }",
    );
    assert!(
        said.contains(
            "the command does not use the hyper-parameter {depth}; write it there, or {config}"
        ),
        "{said}"
    );
    let said = problem("lr = { type", "slot = 3\nlr = { type");
    assert!(
        said.contains("a hyper-parameter cannot be called slot"),
        "{said}"
    );
}

#[test]
fn slots_are_one_for_each_worker() {
    let slots = "workers = 2\nslots = [{ CUDA_VISIBLE_DEVICES = \"0\" }]";
    let said = problem("workers = 2", slots);
    assert!(
        said.ends_with("there are 1 slots, but 2 workers: one for each"),
        "{said}"
    );
    let slots =
        "workers = 2\nslots = [{ CUDA_VISIBLE_DEVICES = \"0\" }, { CUDA_VISIBLE_DEVICES = \"1\" }]";
    let experiment = Experiment::read(&GOOD.replacen("workers = 2", slots, 1)).unwrap();
    assert_eq!(experiment.slots[1]["CUDA_VISIBLE_DEVICES"], "1");
}

#[test]
fn schedulers_are_checked() {
    let said = problem(
        "max_resource = 27",
        "max_resource = 27\nlevels = [1, 3]\ngrace_period = 1",
    );
    assert!(said.contains("levels stand for themselves"), "{said}");
    let said = problem("max_resource = 27", "max_resource = 27\nlevels = [3, 1]");
    assert!(said.contains("rung levels must ascend"), "{said}");
    let said = problem("max_resource = 27", "max_resource = 27\nbrackets = 9");
    assert!(said.contains("the number of brackets is 9"), "{said}");
    let said = problem(
        "max_resource = 27",
        "max_resource = 27\nreduction_factor = 1",
    );
    assert!(said.contains("reduction_factor is 1"), "{said}");
}

#[test]
fn given_configurations_are_checked() {
    let with = |value: &str| format!("configurations = [{{ {value} }}]\n{GOOD}");
    let experiment = Experiment::read(&with("lr = 0.5")).unwrap();
    let first = experiment.space.configuration(0, 0);
    assert_eq!(first.get("lr").unwrap().to_string(), "0.5");
    assert!(problems(&with("lr = 5.0"))[0].contains("lr"));
    assert!(problems(&with("rl = 0.5"))[0].contains("rl"));
}

#[test]
fn broken_files_are_no_panic() {
    for text in [
        "",
        "name",
        "name = ",
        "= 3",
        "[space",
        "name = 3",
        "\u{0}",
        "é = \"é\"",
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
    let said = problems("name = \"é\"\nwörkers = 2\n");
    assert!(said[0].starts_with("line 2, column "), "{said:?}");
}

#[test]
fn a_store_is_a_folder_or_a_bucket() {
    let with =
        |table: &str| GOOD.replacen("workers = 2", &format!("store = {table}\nworkers = 2"), 1);
    let read = |table: &str| Experiment::read(&with(table)).unwrap().store;
    for (folder, inside) in [
        ("kept/here", true),
        ("/data/kept", false),
        ("../kept", false),
    ] {
        let store = read(&format!("{{ location = \"{folder}\" }}"));
        let expected = StorePlace::Folder {
            folder: folder.into(),
            timeout: Duration::from_secs(10),
        };
        assert_eq!(store, expected);
        assert_eq!(store.is_inside_the_run(), inside, "{folder}");
    }
    let said = |table: &str| {
        let found = problems(&with(table));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let StorePlace::Folder { timeout, .. } = read("{ timeout = \"5 min\" }") else {
        panic!("a folder is the default");
    };
    assert_eq!(timeout, Duration::from_secs(300));
    let alone = said("{ location = \"kept\", cache = \"copy\" }");
    assert!(
        alone.starts_with("line 6, column 38: store.cache is for buckets"),
        "{alone}"
    );
    let unknown = said("{ location = \"ftp://host/kept\" }");
    assert!(
        unknown.starts_with("line 6, column 22: ftp:// is unknown"),
        "{unknown}"
    );
    assert!(
        unknown.contains("there are s3://, s3a://, gs://"),
        "{unknown}"
    );

    for (scheme, feature, built) in [
        ("s3", "aws", cfg!(feature = "aws")),
        ("gs", "gcp", cfg!(feature = "gcp")),
        ("abfss", "azure", cfg!(feature = "azure")),
        ("file", "object-store", cfg!(feature = "object-store")),
    ] {
        let table = format!("{{ location = \"{scheme}://bucket/prefix\", timeout = 5 }}");
        if built {
            let expected = StorePlace::Bucket {
                address: format!("{scheme}://bucket/prefix"),
                cache: "checkpoints".into(),
                timeout: Duration::from_secs(5),
            };
            assert_eq!(read(&table), expected);
            let nowhere = said(&format!("{{ location = \"{scheme}:///\" }}"));
            assert!(nowhere.contains("is no place in a bucket"), "{nowhere}");
        } else {
            let missing = said(&table);
            assert!(missing.starts_with("line 6, column 22: "), "{missing}");
            let command = format!("cargo install --path crates/cli --features {feature}");
            assert!(missing.ends_with(&command), "{missing}");
        }
    }
}

/// What serde says is put into the words of somebody who writes a file.
#[test]
fn types_are_said_in_plain_words() {
    for (from, to, said) in [
        (
            "workers = 2",
            "workers = -2",
            "workers: it is -2, but must be a whole number, 1 or more",
        ),
        (
            "workers = 2",
            "workers = 2\nmode = \"minimize\"",
            "unknown value `minimize`; did you mean `min`? There are: min, max",
        ),
        (
            "workers = 2",
            "workers = 2\nenvironment = { A = 1 }",
            "A: it is 1, but must be text in quotes",
        ),
        (
            "workers = 2",
            "workers = 2\ngrace = true",
            "grace: it is true, but must be a time such as \"10 min\"",
        ),
        (
            "[budget]",
            "[budget]\npin_best = 1",
            "pin_best: it is 1, but must be true or false",
        ),
        (
            "trials = 40",
            "trials = []",
            "trials: it is a list, but must be a whole number",
        ),
        (
            "low = 1e-4",
            "low = \"x\"",
            "it is the text \"x\", but must be a number",
        ),
        (
            "high = 1.0 }",
            "high = 1.0, step = 0.1 }",
            "unknown key `step`; there are: low, high, when",
        ),
        (
            "{ type = \"loguniform\", low = 1e-4, high = 1.0 }",
            "{ type = \"choice\", values = [[1]] }",
            "a value must be true or false, a number, or text in quotes",
        ),
        (
            "{ type = \"loguniform\", low = 1e-4, high = 1.0 }",
            "[1, 2]",
            "it is a list, but must be a value, or a table with type uniform, loguniform, int,",
        ),
        (
            "{ type = \"loguniform\", low = 1e-4, high = 1.0 }",
            "{ low = 1, high = 2 }",
            "`type` is missing",
        ),
    ] {
        let problem = problem(from, to);
        assert!(problem.contains(said), "{problem}");
        assert!(
            !problem.contains("u64") && !problem.contains("f64"),
            "{problem}"
        );
    }
}
