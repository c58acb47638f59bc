//! The command line, as a user calls it.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::binary;

fn rungkeeper(arguments: &[&str], input: &str) -> Output {
    binary::fed(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, input)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn score_knows_the_model_without_p() {
    let line = r#"{"rank": 3, "rung_len": 6, "promotion_quantile": [1, 3], "time_ratio": 1.5, "model": "rank_aware"}"#;
    let output = rungkeeper(&["score"], line);
    assert!(output.status.success(), "{output:?}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let probability = answer["probability"].as_f64().unwrap();
    assert!((probability - 0.3551).abs() < 5e-5, "{answer}");
}

#[test]
fn score_answers_the_oracle_line_by_line() {
    let output = rungkeeper(&["score", "oracle/score.jsonl"], "");
    assert!(output.status.success());
    let oracle = std::fs::read_to_string("oracle/score.jsonl").unwrap();
    let answers = stdout(&output);
    assert_eq!(answers.lines().count(), 560);
    for (answer, line) in answers.lines().zip(oracle.lines()) {
        let [answer, line]: [Value; 2] =
            [answer, line].map(|text| serde_json::from_str(text).unwrap());
        let exact = |key: &str| line[key].as_str().map(|text| text.parse::<f64>().unwrap());
        assert_eq!(answer["family"], line["family"], "other fields stay");
        let probability = exact("probability").unwrap();
        if probability >= 1e-300 || probability == 0.0 {
            let got = answer["probability"].as_f64().unwrap();
            assert!((got - probability).abs() <= 1e-12 * probability, "{line}");
        }
        match exact("ln_probability") {
            None => assert!(answer["ln_probability"].is_null(), "{line}"),
            Some(ln) => {
                let got = answer["ln_probability"].as_f64().unwrap();
                assert!((got - ln).abs() <= 1e-12 * ln.abs().max(1.0), "{line}");
            }
        }
    }
}

/// Rank 4 of 10, alpha 1/3, p 0.33, as much time left as spent.
#[test]
fn one_third_exactly() {
    let input = r#"{"rank": 4, "rung_len": 10, "promotion_quantile": [1, 3], "p": 0.33, "time_ratio": 1, "approx_steps": null}"#;
    let answer: Value = serde_json::from_str(&stdout(&rungkeeper(&["score"], input))).unwrap();
    assert!((answer["probability"].as_f64().unwrap() - 0.6509).abs() < 5e-5);
}

#[test]
fn rules_and_horizons_are_told_by_name() {
    let line = |more: &str| {
        format!(
            r#"{{"rank": 11, "rung_len": 30, "promotion_quantile": [1, 3], "p": 0.25, "time_ratio": 0.0001{more}}}"#
        )
    };
    let probability = |more: &str| {
        let output = rungkeeper(&["score", "-"], &line(more));
        let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
        answer["probability"].as_f64().unwrap()
    };
    assert_eq!(probability(""), 0.0);
    assert_eq!(
        probability(r#", "horizon": "first_term_kept""#),
        0.75f64.powi(3)
    );
    let linear = r#", "horizon": "first_term_kept", "promotion_rule": "linear_quantile""#;
    assert_eq!(probability(linear), 0.75);
}

#[test]
fn bad_lines_are_said_with_place_and_reason() {
    let cases = [
        (
            r#"{"rank": 0, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1}"#,
            "rank",
        ),
        (
            r#"{"rank": 10, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1}"#,
            "rank",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [4, 3], "p": 0.5, "time_ratio": 1}"#,
            "promotion quantile",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [0, 3], "p": 0.5, "time_ratio": 1}"#,
            "promotion quantile",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0, "time_ratio": 1}"#,
            "p 0",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 1, "time_ratio": 1}"#,
            "p 1",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": null, "time_ratio": 1}"#,
            "p: invalid type: null",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": -1}"#,
            "time_ratio -1",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5}"#,
            "missing field `time_ratio`",
        ),
        (
            r#"{"rank": 1.5, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1}"#,
            "rank: invalid type: floating point `1.5`",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1, "approx_steps": 0}"#,
            "approx_steps 0",
        ),
        (
            r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1, "horizon": "soft"}"#,
            "unknown variant `soft`",
        ),
        (r#"{"rank": 1, "#, "column"),
        ("[1, 2]", "not a JSON object"),
    ];
    let good =
        r#"{"rank": 1, "rung_len": 9, "promotion_quantile": [1, 3], "p": 0.5, "time_ratio": 1}"#;
    for (line, reason) in cases {
        let output = rungkeeper(&["score"], &format!("{good}\n\n{line}\n{good}\n"));
        assert_eq!(output.status.code(), Some(1), "{line}");
        let said = stderr(&output);
        assert!(
            said.starts_with("error: standard input: line 3: "),
            "{said}"
        );
        assert!(said.contains(reason), "{said} does not say {reason}");
        assert_eq!(
            stdout(&output).lines().count(),
            1,
            "what was answered is not lost"
        );
    }
}

#[test]
fn replay_check_reports_one_object_a_file() {
    let files = [
        "oracle/traces/asha_by_level.jsonl",
        "oracle/traces/asha_eta3_max.jsonl",
    ];
    let output = rungkeeper(&["replay", "--check", "--json", files[0], files[1]], "");
    assert!(output.status.success());
    let objects: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[1]["file"], files[1]);
    let keys: Vec<&String> = objects[1].as_object().unwrap().keys().collect();
    let promised = [
        "file",
        "loop_ends",
        "agree",
        "better",
        "tied",
        "worse",
        "extra_results_match",
        "resumed_match",
        "estimators_match",
    ];
    assert!(keys.iter().all(|key| promised.contains(&key.as_str())));
    assert_eq!(keys.len(), promised.len());
    assert_eq!(objects[0]["agree"], 456);
    assert_eq!(objects[1]["better"], 4);
}

#[test]
fn replay_explains_what_does_not_agree() {
    let trace = "oracle/traces/asha_eta3_max.jsonl";
    let output = rungkeeper(&["replay", "--check", "-v", trace], "");
    let said = stdout(&output);
    assert_eq!(
        said.matches("better: own choice has the lower expected cost")
            .count(),
        4
    );
    assert_eq!(said.matches("(the log says ").count(), 4, "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
}

#[test]
fn replay_fails_where_something_is_wrong() {
    let log = std::fs::read_to_string("oracle/traces/asha_tight_budget.jsonl").unwrap();
    let tampered = log.replacen(
        "\"num_checkpoints_removed\": 269",
        "\"num_checkpoints_removed\": 268",
        1,
    );
    assert_ne!(tampered, log);
    let output = rungkeeper(&["replay", "--check", "-"], &tampered);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("extra results: DO NOT MATCH"));
    let cut = &log[..log.len() - 30];
    let output = rungkeeper(&["replay", "--check", "-"], cut);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("is cut off after"),
        "{}",
        stderr(&output)
    );
    let output = rungkeeper(&["replay", "no/such.jsonl"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no/such.jsonl"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn replay_without_check_prints_its_own_decisions() {
    let trace = "oracle/traces/asha_eta3_min.jsonl";
    let output = rungkeeper(&["replay", trace], "");
    assert!(output.status.success());
    let said = stdout(&output);
    assert!(
        said.contains("7.25 s  trial 3 (level 1, rank 10 of 10, expected cost 1.28605e-17"),
        "{said}"
    );
    assert!(said.contains("checkpoints removed at"), "{said}");
}
