//! A newcomer's path: from a plain script that knows nothing of rungkeeper to a tuned result.

use std::path::Path;

use crate::runs;
use crate::runs::commands::{Running, Said};
use serde_json::Value;

/// Fits a line by gradient descent.
const PLAIN: &str = r#"
import random

lr, momentum = 0.1, 0.0
draws = random.Random(1)
xs = [draws.uniform(-1, 1) for _ in range(64)]
ys = [3 * x + 1 + draws.gauss(0, 0.1) for x in xs]
model = {"w": 0.0, "b": 0.0, "vw": 0.0, "vb": 0.0}
for epoch in range(1, 10):
    errors = [model["w"] * x + model["b"] - y for x, y in zip(xs, ys)]
    model["vw"] = momentum * model["vw"] - lr * sum(e * x for e, x in zip(errors, xs)) / 64
    model["vb"] = momentum * model["vb"] - lr * sum(errors) / 64
    model["w"] += model["vw"]
    model["b"] += model["vb"]
    loss = sum(e * e for e in errors) / 64
    print(f"epoch {epoch}: loss {loss:.4f}")
"#;

/// What is changed in it: a line, and what stands there instead.
const CHANGES: [(&str, &str); 4] = [
    (
        "import random\n",
        "import random; from rungkeeper_trial import trial\n",
    ),
    (
        "lr, momentum = 0.1, 0.0\n",
        "lr, momentum = trial.get(\"lr\", 0.1), trial.get(\"momentum\", 0.0)\n",
    ),
    (
        "in range(1, 10):\n    errors",
        "in trial.epochs(9, model):\n    errors",
    ),
    (
        "print(f\"epoch {epoch}: loss {loss:.4f}\")\n",
        "trial.report(loss=loss)\n",
    ),
];

fn say(folder: &Path, arguments: &[&str]) -> Said {
    Running::start(runs::rungkeeper(folder, arguments)).ends()
}

#[test]
fn from_a_plain_script_to_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut tuned = PLAIN.to_owned();
    for (plain, instead) in CHANGES {
        assert_eq!(tuned.matches(plain).count(), 1, "{plain}");
        tuned = tuned.replacen(plain, instead, 1);
    }
    let changed = PLAIN
        .lines()
        .zip(tuned.lines())
        .filter(|(one, other)| one != other);
    assert!(changed.count() <= 4);
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/trial/python");
    std::fs::copy(
        python.join("rungkeeper_trial.py"),
        at.join("rungkeeper_trial.py"),
    )
    .unwrap();
    std::fs::write(at.join("fit.py"), tuned).unwrap();

    let command = ["--command", "python3 fit.py", "--name", "line 2"];
    let parameters = [
        "-p",
        "lr=loguniform:1e-3:1",
        "-p",
        "momentum=uniform:0:0.9:0.1",
    ];
    let more = ["--max-resource", "9", "--trials", "15", "--workers", "2"];
    let init = [&["init"][..], &command, &parameters, &more].concat();
    say(at, &init)
        .finished()
        .has(&["next: rungkeeper check --try experiment.toml"]);
    say(at, &["check", "--try", "experiment.toml"])
        .finished()
        .has(&[
            "no problem found",
            "command: python3 fit.py --lr 0.",
            "parameter momentum = 0.",
            "report: epoch 1, loss ",
            "checkpoint: saved at epoch 1, ",
            "it was told to pause at this report, and ended",
            "next: rungkeeper run experiment.toml",
        ]);
    let said = say(at, &["run", "experiment.toml"]).finished();
    assert!(!said.notes.contains("note: "), "{}", said.notes);
    let best = say(at, &["best", "--json", "runs/line 2"]).finished();
    let best: Value = serde_json::from_str(&best.out).unwrap();
    assert_eq!(best["finished"], true);
    assert!(best["metric"].as_f64().unwrap() < 1.0, "{best}");
    assert!(best["configuration"]["momentum"].is_number(), "{best}");
    assert_eq!(best["checkpoint"]["state"], "pinned", "{best}");
}
