//! The schema agrees with the reader.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use rungkeeper_policies::PolicySpec;
use serde_json::Value;

use super::tests::problems;
use super::*;

/// A file with all that there can be in one.
const ALL: &str = r#"
name = "all"
command = ["./train", "{a}", "{b}", "{c}", "{d}", "{e}", "{f}", "{g}", "{h}", "{i}"]
directory = "sub"
protocol = "one_way"
metric = "loss"
mode = "max"
resource = "epoch"
workers = 1
environment = { TOKEN = "x" }
slots = [{ CUDA_VISIBLE_DEVICES = "0" }]
configurations = [{ a = 0.5, d = 16 }]
grace = "2 s"
output = "1 MB"

[space]
a = { type = "uniform", low = 0.0, high = 1.0, step = 0.1 }
b = { type = "loguniform", low = 0.1, high = 1 }
c = { type = "int", low = 1, high = 9, step = 2 }
d = { type = "logint", low = 16, high = 64 }
e = { type = "normal", mean = 0, sd = 1.5 }
f = { type = "lognormal", mean = 0, sd = 1.5 }
g = { type = "choice", values = ["x", 2, 0.5, true] }
h = { type = "flag", argument = "-h", when = { g = ["x", 2] } }
i = 3

[search]
command = ["./tpe", "{x}"]
timeout = 30

[scheduler]
max_resource = 27
grace_period = 1
reduction_factor = 3
brackets = 2
own_rungs = true
promotion_rule = "linear_quantile"
seed = 7

[budget]
policy = "random"
policy_seed = 3
max_checkpoints = 8
max_bytes = "20 GB"
pin_best = false

[stop]
wall_clock = 60.5
trials = 3
reports = 4
total_resource = 5

[store]
location = "kept"
timeout = "5 s"

[failures]
retries = 1
max_failed_trials = 2
max_without_report = 3
silence = 1.5
"#;

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

fn as_json(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

fn agrees(text: &str, validator: &Validator) -> bool {
    let errors: Vec<String> = validator
        .iter_errors(&as_json(text))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{text}");
    errors.is_empty()
}

/// All files named `*.toml` below a folder that are experiments.
fn experiments(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let is_built = path.ends_with("target") || path.ends_with(".git");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_built {
            experiments(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("\n[space]") {
                found.push(path);
            }
        }
    }
}

#[test]
fn whatever_is_shipped_is_valid() {
    let validator = validator();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    experiments(&root.join("crates"), &mut found);
    assert!(found.len() >= 5, "{found:?}");
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(agrees(&text, &validator), "{}", path.display());
        assert_eq!(problems(&text), Vec::<String>::new(), "{}", path.display());
    }
    let page = std::fs::read_to_string(root.join("docs/running.md")).unwrap();
    let examples = page.split("```toml\n").skip(1);
    let examples: Vec<&str> = examples
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let whole = examples.iter().filter(|text| text.contains("[scheduler]"));
    let mut number = 0;
    for text in whole {
        number += 1;
        assert!(agrees(text, &validator));
        assert_eq!(problems(text), Vec::<String>::new(), "{text}");
    }
    assert!(number >= 1, "the page has a whole example");
}

#[test]
fn each_form_of_each_value_is_valid() {
    let validator = validator();
    assert_eq!(problems(ALL), Vec::<String>::new());
    agrees(ALL, &validator);
    for (from, to) in [
        ("wall_clock = 60.5", "wall_clock = \"10 min\""),
        ("max_bytes = \"20 GB\"", "max_bytes = 1000"),
        ("[{ a = 0.5, d = 16 }]", "\"first.csv\""),
        (
            "[{ a = 0.5, d = 16 }]",
            "{ run = \"runs/former\", best = 5 }",
        ),
        ("grace_period = 1\nreduction_factor = 3", "levels = [1, 3]"),
        ("timeout = 30", "timeout = \"1 min\""),
        ("i = 3", "i = \"text\""),
        ("i = 3", "i = true"),
        ("i = 3", "i = 2.5"),
        ("{ g = [\"x\", 2] }", "{ g = \"x\", c = 3 }"),
    ] {
        let text = ALL.replacen(from, to, 1);
        assert_ne!(text, ALL, "{from}");
        assert_eq!(problems(&text), Vec::<String>::new(), "{to}");
        agrees(&text, &validator);
    }
    let table = "[search]\ncommand = [\"./tpe\", \"{x}\"]\ntimeout = 30\n";
    let without = ALL.replacen(table, "", 1);
    let random = format!("search = \"random\"\n{without}");
    assert_eq!(problems(&random), Vec::<String>::new());
    agrees(&random, &validator);
    let unknown = random.replace("\"random\"\n", "\"tpe\"\n");
    assert!(!validator.is_valid(&as_json(&unknown)) && !problems(&unknown).is_empty());
    for policy in PolicySpec::NAMES {
        let text = ALL.replacen("\"random\"", &format!("\"{policy}\""), 1);
        assert_eq!(problems(&text), Vec::<String>::new(), "{policy}");
        agrees(&text, &validator);
    }
}

/// Each key, misspelt, is refused by both. Names that are free are not keys of ours.
#[test]
fn mistyped_keys_are_refused() {
    let validator = validator();
    let mut number = 0;
    for line in ALL.lines() {
        let free = [
            "TOKEN",
            "CUDA_VISIBLE_DEVICES",
            "a",
            "b",
            "c",
            "d",
            "e",
            "f",
            "g",
            "h",
            "i",
        ];
        let words = line.split(['{', ',', '[', ' ']).map(str::trim);
        let keys: Vec<&str> = words
            .filter(|word| {
                let letters = word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                !word.is_empty() && letters && line.contains(&format!("{word} = "))
            })
            .filter(|word| !free.contains(word))
            .collect();
        for key in keys {
            let misspelt = line.replacen(&format!("{key} = "), &format!("{key}x = "), 1);
            let text = ALL.replacen(line, &misspelt, 1);
            assert!(!validator.is_valid(&as_json(&text)), "{misspelt}");
            assert!(!problems(&text).is_empty(), "{misspelt}");
            number += 1;
        }
    }
    assert!(number >= 60, "{number}");
}

/// What the schema refuses the reader refuses as well, for each value in place of each other one.
#[test]
fn the_schema_is_not_stricter_than_the_reader() {
    let validator = validator();
    let (mut refused, mut values) = (0, 0);
    for line in ALL.lines() {
        let Some((key, _)) = line.split_once(" = ") else {
            continue;
        };
        for value in [
            "-1", "0", "2.5", "\"text\"", "true", "[]", "{ }", "[1, 2]", "[\"x\"]",
        ] {
            let changed = format!("{key} = {value}");
            let text = ALL.replacen(line, &changed, 1);
            values += 1;
            if !validator.is_valid(&as_json(&text)) {
                assert!(!problems(&text).is_empty(), "{changed}");
                refused += 1;
            }
        }
    }
    assert!(refused > values / 2, "{refused} of {values}");
}
