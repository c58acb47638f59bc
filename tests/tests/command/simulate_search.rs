//! `simulate --search`: a program proposes configurations, and each trial has the curve of the nearest one.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binary;

const EXPERIMENT: &str = r#"name = "tabulated"
command = ["sh", "train.sh", "{lr}", "{optimizer}", "{epochs}"]
metric = "loss"
resource = "epoch"
configurations = [{ lr = 1.0, optimizer = "sgd" }]
[space]
lr = { type = "loguniform", low = 1e-4, high = 1.0 }
optimizer = { type = "choice", values = ["sgd", "adam"] }
epochs = 9
[scheduler]
max_resource = 81
[search]
command = ["sh", "search.sh"]
"#;

/// Writes down what it hears, and always proposes the least rate: as each curve comes once, the rates rise.
const SEARCH: &str = r#"
echo begun >> begun
lr=0.0001
while read -r line; do
  echo "$line" >> heard
  case $line in
    '{"ask":'*) n=${line#*:}; n=${n%\}}
      printf '{"trial": %d, "parameters": {"lr": %s, "optimizer": "adam"}}\n' "$n" "$lr";;
  esac
done
"#;

/// 40 curves in disorder, the more is lost the larger their learning rate.
fn table() -> String {
    let mut csv = "trial,epoch,config_lr,optimizer,loss\n".to_owned();
    for number in 0..40 {
        let lr = 10f64.powf(-f64::from(number * 7 % 40) / 10.0);
        let optimizer = ["sgd", "adam"][number as usize % 2];
        for epoch in [1, 3, 9] {
            let loss = lr + 1.0 / f64::from(epoch);
            writeln!(csv, "{number},{epoch},{lr:.6},{optimizer},{loss}").unwrap();
        }
    }
    csv
}

fn project(search: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("e.toml", EXPERIMENT),
        ("search.sh", search),
        ("curves.csv", &table()),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What was printed, and what was said beside.
fn simulated(folder: &Path, more: &[&str]) -> (bool, String, String) {
    let given = "simulate curves.csv --search e.toml --workers 2 --budget 4 --policy rank_aware";
    let given = given.split(' ').chain(more.iter().copied());
    let output = Command::new(binary::path())
        .args(given)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The program is greeted, asked and told as in a real run; its run is logged, can be replayed, and comes again.
#[test]
fn a_program_takes_part() {
    let folder = project(SEARCH);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let once = ["--seeds", "1", "--json", "--eta", "3", "--log", "logs"];
    let (success, printed, said) = simulated(folder.path(), &once);
    assert!(success, "{said}");
    let results = lines(&printed);
    assert_eq!(
        (results.len(), &results[0]["started"]),
        (1, &Value::from(40))
    );

    let heard = lines(&read("heard"));
    let greeting = &heard[0];
    assert_eq!(greeting["levels"], serde_json::json!([1, 3]));
    assert_eq!(
        (&greeting["max_resource"], &greeting["workers"]),
        (&9.into(), &2.into())
    );
    assert_eq!(
        (&greeting["metric"], &greeting["trials"]),
        (&"loss".into(), &40.into())
    );
    assert!(greeting["space"].get("epochs").is_none(), "{greeting}");
    // The one that the experiment gives is told and not asked for.
    let of = |key: &'static str| heard.iter().filter_map(move |line| line.get(key)?.as_u64());
    assert_eq!(of("ask").collect::<Vec<_>>(), (1..40).collect::<Vec<_>>());
    let told: Vec<&Value> = heard.iter().filter(|line| line["tell"] == 0).collect();
    assert_eq!(told[0]["parameters"]["lr"], 1.0);
    assert_eq!(told[1]["metric"], 2.0, "{}", told[1]);
    let statuses: Vec<&Value> = heard.iter().filter_map(|line| line.get("status")).collect();
    assert!(statuses.contains(&&"paused".into()) && statuses.contains(&&"complete".into()));
    // Of the curves with its optimizer the nearest are those with small rates, one after the other.
    let first = heard
        .iter()
        .find(|line| line["tell"] == 1 && line["status"] == "paused");
    let losses = |trial: u64| {
        let mut reports = heard.iter().filter(|line| line["tell"] == trial);
        reports.find_map(|line| line["metric"].as_f64()).unwrap()
    };
    assert!(first.is_some() && (1..10).all(|trial| losses(trial) < losses(trial + 1)));

    let log = fs::read_dir(folder.path().join("logs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let replayed = Command::new(binary::path())
        .args(["replay", "--check"])
        .arg(log.path())
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{replayed:?}");

    let again = simulated(folder.path(), &["--seeds", "1", "--json", "--eta", "3"]);
    assert_eq!((again.1, again.0), (printed, true));
    // A program for each run, and two of the second grid.
    let many = ["--seeds", "2", "--with-replacement", "--max-trials", "60"];
    let (success, printed, said) = simulated(folder.path(), &many);
    assert!(
        success && printed.contains("The search of e.toml proposes"),
        "{said}"
    );
    assert_eq!(read("begun").lines().count(), 4);
}

/// What goes wrong is told with its reason, and where a file stands that is gone by then is not.
#[test]
fn a_search_that_fails_is_told() {
    let asked = "read -r space; read -r ask; ";
    for (search, told) in [
        (
            "echo cannot import >&2; exit 3",
            "it printed last: cannot import",
        ),
        (
            "read -r s; while read -r l; do case $l in *ask*) echo '{\"wait\": true}';; esac; done",
            "has nothing for trial 1 before it is told more",
        ),
        (
            "while read -r l; do case $l in *ask*) echo '{\"trial\": 1, \"parameters\": {\"lr\": 5}}';; esac; done",
            "lr is 5, but must be a number from 0.0001 to 1.0",
        ),
    ] {
        let folder = project(search);
        let (success, _, said) = simulated(folder.path(), &["--seeds", "1"]);
        assert!(!success && said.contains(told), "{search}: {said}");
        assert!(!said.contains(", see /"), "{said}");
    }
    // One that ends has proposed all that it will.
    let folder = project(&format!("{asked}exit 0"));
    let (success, printed, said) = simulated(folder.path(), &["--seeds", "1", "--json"]);
    assert!(success, "{said}");
    assert_eq!(lines(&printed)[0]["started"], 1);
}

#[test]
fn mistakes_are_explained() {
    let folder = project(SEARCH);
    let refused = |edit: (&str, &str), more: &[&str]| {
        let text = EXPERIMENT.replacen(edit.0, edit.1, 1);
        fs::write(folder.path().join("e.toml"), text).unwrap();
        let (success, _, said) = simulated(folder.path(), more);
        assert!(!success, "{said}");
        said
    };
    let none = ("[search]\ncommand = [\"sh\", \"search.sh\"]\n", "");
    assert!(refused(none, &[]).contains("it has no search program"));
    let columns = table().replacen("optimizer", "optimiser", 1);
    fs::write(folder.path().join("curves.csv"), columns).unwrap();
    let said = refused(("", ""), &[]);
    assert!(
        said.contains("no column is named `optimizer` (did you mean `optimiser`?)"),
        "{said}"
    );
    fs::write(
        folder.path().join("curves.csv"),
        table().replacen("0.199526", "fast", 1),
    )
    .unwrap();
    let said = refused(("", ""), &[]);
    assert!(
        said.contains("lr of trial 1 is \"fast\", but must be a number"),
        "{said}"
    );
    fs::write(folder.path().join("curves.csv"), table()).unwrap();
    assert!(refused(("", ""), &["--in-order"]).contains("--in-order"));
    let said = refused(("metric = \"loss\"", "metric = \"los\""), &[]);
    assert!(said.contains("`los`") && said.contains("`loss`"), "{said}");
}
