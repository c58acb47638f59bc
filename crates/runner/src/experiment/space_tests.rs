//! Hyper-parameters that depend on others, flags, the JSON file, and configurations of elsewhere.

use std::fs;
use std::path::Path;

use rungkeeper_tuner::search_space::Value;

use super::tests::{GOOD, problem, problems};
use super::*;

const SPACE: &str = r#"
name = "digits"
command = ["./train", "--optimizer", "{optimizer}", "--momentum", "{momentum}", "{nesterov}", "{warm}", "--lr={lr}"]
metric = "loss"
resource = "epoch"
[space]
optimizer = { type = "choice", values = ["sgd", "adam"] }
momentum = { type = "uniform", low = 0.0, high = 0.9, step = 0.1, when = { optimizer = "sgd" } }
nesterov = { type = "flag", when = { optimizer = "sgd" } }
warm = { type = "flag", argument = "--warm-start" }
lr = { type = "lognormal", mean = -5, sd = 1 }
[scheduler]
max_resource = 27
"#;

fn filled(experiment: &Experiment, trial: u64) -> String {
    let filling = Filling {
        space: &experiment.space,
        configuration: &experiment.space.configuration(1, trial),
        trial: "7",
        slot: 0,
        checkpoint_dir: "folder",
        config: "/runs/7.json",
    };
    fill(&experiment.command, &filling).join(" ")
}

/// What is not active is neither in the configuration nor in the command.
#[test]
fn commands_are_without_what_is_not_active() {
    let experiment = Experiment::read(SPACE).unwrap();
    let mut seen = [0; 4];
    for trial in 0..60 {
        let configuration = experiment.space.configuration(1, trial);
        let is = |name: &str, value: Value| configuration.get(name) == Some(&value);
        let command = filled(&experiment, trial);
        let sgd = is("optimizer", "sgd".into());
        assert_eq!(command.contains("--momentum 0."), sgd, "{command}");
        assert_eq!(command.contains("--momentum"), sgd, "{command}");
        assert_eq!(command.contains("--nesterov"), is("nesterov", true.into()));
        assert_eq!(command.contains(" --warm-start"), is("warm", true.into()));
        assert!(command.starts_with("./train --optimizer ") && command.contains(" --lr="));
        seen[0] += i32::from(sgd);
        seen[1] += i32::from(command.contains("--nesterov"));
        seen[2] += i32::from(command.contains("--warm-start"));
    }
    assert!(seen[..3].iter().all(|&number| (5..=55).contains(&number)));
}

/// A program that gets the JSON file needs no placeholders; what an earlier version called `config` stays that.
#[test]
fn the_json_file_holds_all() {
    let with_config = SPACE.replacen("\"--lr={lr}\"", "\"{config}\"", 1);
    let experiment = Experiment::read(&with_config).unwrap();
    assert!(uses_config(&experiment.command, &experiment.space));
    assert!(filled(&experiment, 0).ends_with(" /runs/7.json"));
    let own = GOOD
        .replacen("\"{lr}\"", "\"{config}\"", 1)
        .replacen("lr =", "config =", 1);
    let experiment = Experiment::read(&own).unwrap();
    assert!(!uses_config(&experiment.command, &experiment.space));
    assert!(!filled(&experiment, 0).contains("json"));
}

/// All mistakes are reported at once: mistyped keys, wrong types, what is missing, and what depends on none of that.
#[test]
fn mistakes_of_every_kind_are_said_at_once() {
    let bad = SPACE
        .replacen("metric =", "metrik =", 1)
        .replacen("resource = \"epoch\"", "workers = \"two\"", 1)
        .replacen("max_resource = 27", "max_resource = 2.5\nbrakets = 2", 1)
        .replacen("high = 0.9", "hihg = 0.9", 1)
        .replacen("[\"sgd\", \"adam\"]", "3", 1)
        .replacen("{warm}", "{wram}", 1)
        .replacen("sd = 1", "sd = -1", 1);
    let found = problems(&bad);
    for said in [
        "unknown key `metrik`; did you mean `metric`? There are: ",
        "`resource` is missing; write resource = \"epoch\"",
        "workers: it is the text \"two\", but must be a whole number, 1 or more",
        "max_resource: it is 2.5, but must be a whole number, 2 or more",
        "unknown key `brakets`; did you mean `brackets`?",
        "unknown key `hihg`; did you mean `high`?",
        "it is 3, but must be a list",
        "parameter \"lr\": sd is -1.0, but must be above 0",
    ] {
        let times = found
            .iter()
            .filter(|problem| problem.contains(said))
            .count();
        assert_eq!(times, 1, "{said}: {found:#?}");
    }
    assert_eq!(found.len(), 8, "{found:#?}");
    assert!(
        found.iter().all(|problem| problem.len() <= 320),
        "{found:#?}"
    );
    // Once the space is right, the command is compared with it.
    let found = problems(
        &SPACE
            .replacen("{warm}", "{wram}", 1)
            .replacen("metric =", "metrik =", 1),
    );
    let unknown = "{wram} is unknown; did you mean `warm`? There are: ";
    assert!(
        found.iter().any(|problem| problem.contains(unknown)),
        "{found:#?}"
    );
}

#[test]
fn conditions_are_problems_at_their_place() {
    let momentum = |when: &str| {
        let bad = SPACE.replacen(
            "when = { optimizer = \"sgd\" } }\nnesterov",
            &format!("when = {when} }}\nnesterov"),
            1,
        );
        let found = problems(&bad);
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].clone()
    };
    let said = momentum("{ optimiser = \"sgd\" }");
    assert!(
        said.starts_with("line 8, column 1: parameter \"momentum\": when names \"optimiser\""),
        "{said}"
    );
    assert!(said.contains("did you mean `optimizer`?"), "{said}");
    let said = momentum("{ optimizer = \"sdg\" }");
    assert!(said.ends_with("it must be one of: sgd, adam"), "{said}");
    let said = momentum("{ lr = 0.5 }");
    assert!(said.contains("any number of a range"), "{said}");
    let said = momentum("{ momentum = 0.5 }");
    assert!(
        said.contains("goes in a circle: momentum needs momentum"),
        "{said}"
    );
    let said =
        problem("lr = { type", "deep = { type = \"flag\" }\nlr = { type").replace("deep", "");
    assert!(said.contains("does not use the hyper-parameter"), "{said}");
    let joined = SPACE.replacen("\"{nesterov}\"", "\"--set={nesterov}\"", 1);
    let found = problems(&joined);
    assert!(
        found[0].contains("{nesterov} is a flag, and must be an argument by itself"),
        "{found:?}"
    );
}

fn read_in(folder: &Path, configurations: &str) -> Result<Experiment, Vec<String>> {
    let text = SPACE.replacen(
        "metric =",
        &format!("configurations = {configurations}\nmetric ="),
        1,
    );
    Experiment::read_in(&text, folder).map_err(|error| {
        let problems = error.problems.iter();
        problems.map(|problem| problem.message.clone()).collect()
    })
}

fn first(experiment: &Experiment, trial: u64) -> String {
    serde_json::to_string(&experiment.space.given()[trial as usize]).unwrap()
}

#[test]
fn configurations_are_read_from_tables() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "first.csv",
        "\u{feff}optimizer, momentum,lr,nesterov\nsgd,0.3,0.01,True\nadam,,1e-3,\n",
    );
    let experiment = read_in(folder.path(), "\"first.csv\"").unwrap();
    let expected = r#"{"optimizer":"sgd","momentum":0.3,"lr":0.01,"nesterov":true}"#;
    assert_eq!(first(&experiment, 0), expected);
    assert_eq!(first(&experiment, 1), r#"{"optimizer":"adam","lr":0.001}"#);
    assert_eq!(experiment.configurations, Source::File("first.csv".into()));

    write(
        "first.jsonl",
        "{\"momentum\": 0.30000000000000004, \"optimizer\": \"sgd\"}\n\n{\"lr\": 1, \"momentum\": null}\n",
    );
    let experiment = read_in(folder.path(), "\"first.jsonl\"").unwrap();
    assert_eq!(
        first(&experiment, 0),
        r#"{"momentum":0.3,"optimizer":"sgd"}"#
    );
    assert_eq!(first(&experiment, 1), r#"{"lr":1.0}"#);

    // A run that goes on has those that it began with.
    let begun = experiment.table();
    fs::remove_file(folder.path().join("first.jsonl")).unwrap();
    let text = SPACE.replacen("metric =", "configurations = \"first.jsonl\"\nmetric =", 1);
    let now = Experiment::read(&text)
        .unwrap()
        .with_configurations_of(&begun);
    assert_eq!(now.space.given(), experiment.space.given());
    assert_eq!(changes(&begun, &now), Changes::default());
    let other = Experiment::read(&text.replacen("first.jsonl", "second.csv", 1)).unwrap();
    let found = changes(&begun, &other.with_configurations_of(&begun));
    assert_eq!(found.refused.len(), 1, "{found:?}");
    assert!(
        found.refused[0].starts_with("the source of configurations was \"first.jsonl\" and is now")
    );
}

/// As `choose` and `simulate` read one: what stands between the fields, decimal commas, `3.0`, blank lines, a mark of
/// UTF-8 at the beginning.
#[test]
fn a_table_may_come_from_a_spreadsheet() {
    let space = "x = { type = \"uniform\", low = 0.0, high = 1.0 }\nn = { type = \"int\", low = 1, high = 9 }\n\
                 k = { type = \"choice\", values = [2, 4] }";
    let experiment = |file: &str| {
        format!(
            "name = \"n\"\ncommand = [\"sh\", \"{{config}}\"]\nmetric = \"loss\"\nresource = \"epoch\"\n\
             configurations = \"{file}\"\n[space]\n{space}\n[scheduler]\nmax_resource = 9\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        fs::write(folder.path().join("x.csv"), text).unwrap();
        Experiment::read_in(&experiment("x.csv"), folder.path())
    };
    let expected = serde_json::json!([{"x": 0.25, "n": 3, "k": 4}, {"x": 1.0, "k": 2}]);
    for text in [
        "x,n,k\n0.25,3,4\n1.0,,2\n",
        "\u{feff}x;k;n\r\n0,25;4;3,0\r\n1;2,0;\r\n",
        "\nn\tx\tk\n3.0\t0.25\t4.0\n\n\t 1e0 \t2\n",
    ] {
        let given = read(text).unwrap();
        let given = serde_json::to_value(given.space.given()).unwrap();
        assert_eq!(given, expected, "{text:?}");
    }
    for (text, said) in [
        ("x;n\n0.25;3.5\n", "line 2, column 2 (`n`): it is 3.5"),
        ("x,n\n\"0,25\",3\n", "line 2, column 1 (`x`): it is 0,25"),
        ("x,n\n\n0.5,\"3\n", "line 3: a quote is opened"),
    ] {
        let refused = read(text).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn mistakes_of_tables_have_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        read_in(folder.path(), &format!("\"{name}\"")).unwrap_err()
    };
    let found = refuse("a.csv", "optimizer,momentum\nsdg,0.35\nadam,0.1\nsgd\n");
    let ends = [
        "a.csv, line 2, column 1 (`optimizer`): it is sdg, but must be one of: sgd, adam",
        "a.csv, line 2, column 2 (`momentum`): it is 0.35, but must be a number from 0.0 to 0.9 in steps of 0.1",
        "a.csv, line 3: momentum is not active where optimizer is adam; leave it empty",
        "a.csv, line 4: the number of fields is 1; expected 2, as in the header",
    ];
    assert_eq!(found.len(), ends.len(), "{found:#?}");
    for (said, end) in found.iter().zip(ends) {
        assert!(said.ends_with(end), "{said}");
    }
    let found = refuse("b.csv", "optimiser,lr,lr\nsgd,1,1\n");
    assert!(
        found[0].contains(
            "b.csv, line 1, column 1 (`optimiser`): there is no parameter optimiser; did you mean `optimizer`?"
        ),
        "{found:?}"
    );
    assert!(
        found[1].ends_with("line 1, column 3 (`lr`): the column is there twice"),
        "{found:?}"
    );
    let found = refuse("c.jsonl", "{\"lr\": 0}\n[1]\n{\"rl\": 1}\n");
    assert!(
        found[0].ends_with("c.jsonl, line 1, key lr: it is 0, but must be a number above 0"),
        "{found:?}"
    );
    assert!(
        found[1].contains("c.jsonl, line 2: it is no JSON object"),
        "{found:?}"
    );
    assert!(
        found[2].contains("c.jsonl, line 3, key rl: there is no parameter rl"),
        "{found:?}"
    );
    let many = format!("lr\n{}", "-1\n".repeat(50));
    let found = refuse("d.csv", &many);
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found[5].ends_with("d.csv: 45 more mistakes"), "{found:#?}");
    assert!(refuse("e.csv", "lr\n")[0].ends_with("e.csv holds no configuration"));
    let list = refuse("f.json", "[{\"lr\": 1}]");
    assert!(
        list[0]
            .ends_with("line 1: it is a JSON list; write an object on each line, without [ and ]")
    );
    let missing = read_in(folder.path(), "\"no.csv\"").unwrap_err();
    assert!(
        missing[0].contains("cannot read ") && missing[0].contains("no.csv: No such file"),
        "{missing:?}"
    );
    let nowhere = read_in(folder.path(), "{ run = \"no\", best = 3 }").unwrap_err();
    assert!(
        nowhere[0].contains("cannot take the best of ") && nowhere[0].contains("no is not there"),
        "{nowhere:?}"
    );
    let wrong = read_in(folder.path(), "3").unwrap_err();
    assert!(
        wrong[0].contains("it is 3, but must be a list of configurations, the name of a file"),
        "{wrong:?}"
    );
}

/// Finished trials come first, then the highest rung, then the better metric; those that failed are no example.
#[test]
fn configurations_are_the_best_of_a_former_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("former");
    fs::create_dir(&run).unwrap();
    let former = Experiment::read(SPACE).unwrap();
    let header = crate::parts::header(&former);
    let path = run.join("log.jsonl");
    drop(crate::journal::Journal::create(&path, &header, &serde_json::Map::new()).unwrap());
    let mut log = fs::read_to_string(&path).unwrap();
    let mut elapsed = 0.0;
    let mut add = |line: String| {
        elapsed += 1.0;
        log.push_str(&line.replace('@', &format!("\"elapsed\":{elapsed}")));
        log.push('\n');
    };
    for (trial, lr, reports) in [
        ("0", 0.5, &[(1, 0.9, "PAUSE")][..]),
        ("1", 0.25, &[(1, 0.2, "CONTINUE"), (3, 0.3, "PAUSE")]),
        (
            "2",
            0.125,
            &[(1, 0.8, "CONTINUE"), (3, 0.7, "CONTINUE"), (9, 0.6, "STOP")],
        ),
        ("3", 0.0625, &[(1, 0.1, "CONTINUE")]),
        ("4", 0.03125, &[(1, 0.4, "PAUSE")]),
    ] {
        let configuration = format!(r#"{{"lr":{lr},"optimizer":"adam","gone":3}}"#);
        add(format!(
            r#"{{"event":"start","trial":"{trial}","bracket":0,@,"configuration":{configuration}}}"#
        ));
        for (level, metric, decision) in reports {
            add(format!(
                r#"{{"event":"result","trial":"{trial}","level":{level},"metric":{metric},"decision":"{decision}",@}}"#
            ));
        }
    }
    add(r#"{"event":"failed","trial":"3",@}"#.to_owned());
    fs::write(run.join("log.jsonl"), &log).unwrap();
    let given = |best: u64| {
        let experiment = read_in(
            folder.path(),
            &format!("{{ run = \"former\", best = {best} }}"),
        )
        .unwrap();
        let lr = |given: &rungkeeper_tuner::search_space::Configuration| {
            given.get("lr").unwrap().to_string()
        };
        experiment.space.given().iter().map(lr).collect::<Vec<_>>()
    };
    assert_eq!(given(2), ["0.125", "0.25"]);
    assert_eq!(given(9), ["0.125", "0.25", "0.03125", "0.5"]);
    let none = read_in(folder.path(), "{ run = \"former\", best = 0 }").unwrap_err();
    assert!(
        none[0].ends_with("best is 0, but must be at least 1"),
        "{none:?}"
    );
    let foreign = log.replace("\"optimizer\":\"adam\"", "\"optimizer\":\"lion\"");
    fs::write(run.join("log.jsonl"), foreign).unwrap();
    let outside = read_in(folder.path(), "{ run = \"former\", best = 1 }").unwrap_err();
    assert!(
        outside[0].ends_with("trial 2: optimizer is lion, but must be one of: sgd, adam"),
        "{outside:?}"
    );
}
