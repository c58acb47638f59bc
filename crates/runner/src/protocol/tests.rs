use std::time::{Duration, Instant};

use super::line::TAG;
use super::*;

fn names() -> ReportNames {
    ReportNames {
        metric: "loss".to_owned(),
        resource: "epoch".to_owned(),
    }
}

fn answered(text: &str) -> Line {
    Line::read(text, Protocol::Answered, &names())
}

fn one_way(text: &str) -> Line {
    Line::read(text, Protocol::OneWay, &names())
}

fn metric(line: Line) -> f64 {
    match line {
        Line::Report(report) => report.metric,
        other => panic!("{other:?}"),
    }
}

/// nan, inf, -inf, null, missing key, "0.3" as text.
#[test]
fn bad_metrics() {
    for text in [
        r#"{"epoch": 1, "loss": NaN}"#,
        r#"{"epoch": 1, "loss": Infinity}"#,
        r#"{"epoch": 1, "loss": -Infinity}"#,
        r#"{"epoch": 1, "loss": null}"#,
        r#"{"epoch": 1}"#,
        r#"{"epoch": 1, "loss": "0.3"}"#,
        r#"{"epoch": 1, "loss": [0.3]}"#,
        r#"{"epoch": 1, "loss": 1e999}"#,
    ] {
        assert!(metric(answered(text)).is_nan(), "{text}");
        assert!(metric(one_way(&format!("{TAG}{text}"))).is_nan(), "{text}");
    }
    assert_eq!(metric(answered(r#"{"epoch": 1.0, "loss": 1}"#)), 1.0);
}

#[test]
fn lines_of_the_reference_reporter_are_read() {
    let line = r#"INFO [tune-metric]: {"epoch": 7, "loss": 0.5, "st_worker_timestamp": 1.7e9, "st_worker_time": 0.1, "st_worker_iter": 6}"#;
    let expected = Printed {
        resource: 7,
        metric: 0.5,
        checkpoint: false,
        missing: None,
        values: values(
            r#"{"st_worker_timestamp": 1.7e9, "st_worker_time": 0.1, "st_worker_iter": 6}"#,
        ),
    };
    assert_eq!(one_way(line), Line::Report(expected));
    assert_eq!(one_way(r#"{"epoch": 7, "loss": 0.5}"#), Line::Other);
    assert!(matches!(
        one_way("[tune-metric]: {oops"),
        Line::Refused { .. }
    ));
    assert_eq!(one_way("[tune-metric]: {}"), Line::Other);
}

#[test]
fn other_output_is_left_alone() {
    for text in [
        "",
        "epoch 3",
        "[1, 2]",
        "{",
        "{broken",
        r#"{"message": "hello"}"#,
        "3",
    ] {
        assert_eq!(answered(text), Line::Other, "{text}");
    }
}

/// What is nested deeper than the stack has room for is no report, and does no harm.
#[test]
fn deeply_nested_lines_are_left_alone() {
    for brackets in ["[", "{\"a\":", "[\"]\","] {
        let deep = brackets.repeat(1_000_000);
        let text = format!("{{\"epoch\": 1, \"loss\": NaN, \"more\": {deep}");
        assert_eq!(answered(&text), Line::Other);
        assert!(matches!(
            one_way(&format!("{TAG}{text}")),
            Line::Refused { .. }
        ));
    }
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let text = format!("{{\"epoch\": 1, \"loss\": NaN, \"more\": {nested}}}");
    assert!(metric(answered(&text)).is_nan());
}

#[test]
fn reports_that_cannot_be_are_refused_with_a_reason() {
    for text in [
        "0",
        "-1",
        "4.5",
        "null",
        "\"3\"",
        "1e300",
        "9007199254740993",
    ] {
        match answered(&format!(r#"{{"epoch": {text}, "loss": 1}}"#)) {
            Line::Refused { reason, .. } => {
                assert!(reason.starts_with("epoch is "), "{reason}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let without = answered(r#"{"loss": 1}"#);
    let reason = "a report without epoch: its keys are loss".to_owned();
    let missing = true;
    assert_eq!(without, Line::Refused { reason, missing });
}

/// katib 1416, tqdm 1539: whatever stands before the object, and colours anywhere.
#[test]
fn report_not_recognised() {
    let object = r#"{"epoch": 7, "loss": 0.5, "note": "} \" {", "more": [{}, {"a": "{"}]}"#;
    let expected = Line::Report(Printed {
        resource: 7,
        metric: 0.5,
        checkpoint: false,
        missing: None,
        values: values(r#"{"note": "} \" {"}"#),
    });
    for (before, after) in [
        ("", ""),
        ("[rank0]: ", ""),
        ("[1,2]<stdout>:", ""),
        ("2026-11-29 19:03:42,123 INFO [train.py:12] - ", "\r"),
        (
            "  3%|\u{2588} | 1/30 [00:01<00:10]\r 6%|\u{2588}\u{2588}| 2/30 ",
            " ",
        ),
        ("\u{1b}[32m", "\u{1b}[0m"),
        ("\u{1b}[2K\u{1b}]0;title {\u{7}", "\u{1b}[0m\u{1b}(B "),
        ("{unfinished \"quote' } ", ""),
        ("}}}}{{{{", "\0"),
        ("{\"epoch\": 6, \"loss\": 1}", ""),
        ("\\\" ", ""),
        ("INFO {", ""),
    ] {
        let line = format!("{before}{object}{after}");
        assert_eq!(answered(&line), expected, "{line:?}");
        let line = format!("{before}{TAG}{object}{after}");
        assert_eq!(one_way(&line), expected, "{line:?}");
        let line = format!("{TAG}{before}{object}{after}");
        assert_eq!(one_way(&line), expected, "{line:?}");
    }
    let coloured = "\u{1b}[1m{\u{1b}[34m\"epoch\"\u{1b}[0m: 7, \"loss\": \u{1b}[36m0.5\u{1b}[0m}";
    let Line::Report(expected) = expected else {
        panic!("it is one")
    };
    let without = Printed {
        values: values("{}"),
        ..expected
    };
    assert_eq!(answered(coloured), Line::Report(without));
}

/// What only looks like a report in the text of something else is none.
#[test]
fn objects_in_other_text() {
    for text in [
        r#"{"message": "hello", "data": {"epoch": 1, "loss": 2}}"#,
        r#"INFO {"data": {"epoch": 1, "loss": 2}}"#,
        r#"{"message": "{\"epoch\": 1, \"loss\": 2}"}"#,
        r#"[{"epoch": 1, "loss": 2}]"#,
        r#"saved {"path": "x", "bytes": 3}"#,
        r#"{"epoch": 1, "loss": 2} was said"#,
        r#""{"epoch": 1, "loss": 2}""#,
        "config {}",
    ] {
        assert_eq!(answered(text), Line::Other, "{text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let missing = |line: Line| match line {
        Line::Report(report) => report.missing,
        Line::Refused { reason, missing } => missing.then_some(reason),
        Line::Other => None,
    };
    assert_eq!(missing(answered(r#"{"epoch": 1, "loss": null}"#)), None);
    assert_eq!(
        missing(answered(r#"{"epoch": 1, "los": 0.5}"#)).unwrap(),
        "a report without loss: its keys are epoch, los; did you mean `los`?"
    );
    assert_eq!(
        missing(one_way(r#"[tune-metric]: {"Epoch": 1, "loss": 0.5}"#)).unwrap(),
        "a report without epoch: its keys are Epoch, loss; did you mean `Epoch`?"
    );
    // Nothing is spelt like it, but some contain it.
    let said = |keys: &str| missing(answered(&format!(r#"{{"epoch": 1, {keys}}}"#))).unwrap();
    let near = said(r#""train_Loss": 1, "val_loss": 2, "accuracy": 3"#);
    assert!(
        near.ends_with("; did you mean `train_Loss` or `val_loss`?"),
        "{near}"
    );
    assert!(said(r#""val_loss": 2"#).ends_with("epoch, val_loss; did you mean `val_loss`?"));
    assert!(said(r#""error": 2"#).ends_with("its keys are epoch, error"));
    let of_resource = ReportNames {
        metric: "epoch_loss".to_owned(),
        resource: "epoch".to_owned(),
    };
    let line = Line::read(
        r#"{"epoch": 1, "time": 2}"#,
        Protocol::Answered,
        &of_resource,
    );
    assert!(missing(line).unwrap().ends_with("its keys are epoch, time"));
    let keys: Vec<String> = (0..1_000).map(|i| format!(r#""\u001b{i}": 1"#)).collect();
    let said = missing(answered(&format!(r#"{{"epoch": 1, {}}}"#, keys.join(", ")))).unwrap();
    assert!(said.is_ascii() && said.len() < 300, "{said}");
    assert!(said.contains(" and 989 more"), "{said}");
}

#[test]
fn reasons_quote_little_and_harmlessly() {
    let long = format!(
        r#"{{"epoch": "\u009b\u202e{}", "loss": 1}}"#,
        "x".repeat(100_000)
    );
    for line in [answered(&long), one_way(&format!("{TAG}{long}"))] {
        let Line::Refused { reason, .. } = line else {
            panic!("{line:?}");
        };
        assert!(reason.is_ascii() && reason.len() < 200, "{reason}");
    }
}

/// A reader that begins anew at each brace or quote takes quadratic time on these.
#[test]
fn hostile_lines_take_linear_time() {
    let times = |piece: &str| piece.repeat(200_000 / piece.len());
    let begin = Instant::now();
    for text in [
        times("{"),
        times("}"),
        times("{}"),
        times("\""),
        times("\\"),
        times("\\\""),
        times("{\""),
        times("{\"a\":"),
        times("'{\"epoch\":0,"),
        times("[{"),
        times("/*{"),
        times("\u{1b}["),
        times("\u{1b}]"),
        times(" "),
    ] {
        for end in ["", "}", "\"}", "{}", "]}", "\"\"}", "*/}", "{\"epoch\":0}"] {
            let line = format!("x{text}{end}");
            for line in [&line, &line[1..]] {
                assert!(!matches!(answered(line), Line::Report(_)));
                let tagged = format!("{TAG}{line}");
                assert!(!matches!(one_way(&tagged), Line::Report(_)));
                assert!(why_no_report(line, Protocol::Answered, &names()).len() < 1_500);
                assert!(why_no_report(&tagged, Protocol::OneWay, &names()).len() < 1_500);
            }
        }
    }
    let taken = begin.elapsed();
    assert!(taken < Duration::from_secs(60), "{taken:?}");
}

#[test]
fn it_is_said_why_a_line_is_no_report() {
    let cases = [
        ("", "an empty line is no report"),
        ("{'epoch': 1, 'loss': nan, 'last': False}", "a Python dict"),
        ("[rank0]: {'epoch': tensor(1)}", "a Python dict"),
        (
            r#"{"epoch": 1, "loss": 2, "last": None}"#,
            "JSON has true, false and null",
        ),
        (
            "[1, 2]",
            "it is a JSON array, but a report is an object such as {\"epoch\"",
        ),
        (
            r#"{"Epoch": 1, "los": 2}"#,
            "neither epoch nor loss: its keys are Epoch, los; did you mean `Epoch`?; did you mean `los`?",
        ),
        (r#"{"epoch": 1, "loss": 2} done"#, "something stands behind"),
        (r#"{"epoch": 1, "loss": oops}"#, "no valid JSON object"),
        (r#"{"epoch": 1,"#, "its object has no end"),
        ("loss 0.5", "does not end with a JSON object"),
        (
            r#"{"epoch": 0, "loss": 2}"#,
            "epoch is 0, but must be a positive whole number; count from 1: report epoch + 1",
        ),
        (
            r#"{"loss": 2}"#,
            "a report without epoch: its keys are loss",
        ),
        (r#"{"epoch": 1, "loss": 2}"#, "is a report"),
    ];
    for (line, expected) in cases {
        let said = why_no_report(line, Protocol::Answered, &names());
        assert!(said.contains(expected), "{said}");
        let behind = why_no_report(&format!("{TAG}{line}"), Protocol::OneWay, &names());
        assert!(line.is_empty() || behind.contains(expected), "{behind}");
    }
    let one_way = |line: &str| why_no_report(line, Protocol::OneWay, &names());
    let untagged = one_way(r#"{"epoch": 1, "loss": 2}"#);
    assert!(
        untagged.contains("set protocol = \"answered\""),
        "{untagged}"
    );
    let text = one_way("epoch 1");
    assert!(
        text.ends_with("a line such as [tune-metric]: {\"epoch\": 1, \"loss\": 0.5}"),
        "{text}"
    );
    let hostile = format!("\u{1b}]0;owned\u{7}\u{9b}\u{202e}{}", "x".repeat(1_000));
    let said = one_way(&hostile);
    assert!(
        said.is_ascii() && !said.contains("owned") && said.len() < 300,
        "{said}"
    );
}

fn values(text: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(text).unwrap()
}

/// All that a program reports is kept, except for what would make the log long.
#[test]
fn other_values_are_kept() {
    let kept = |text: &str| match answered(text) {
        Line::Report(printed) => printed.values,
        other => panic!("{other:?}"),
    };
    let text = r#"{"epoch": 1, "loss": 1, "checkpoint": true, "accuracy": 0.5, "steps": 12345678901234567,
        "eval": {"top5": 0.75, "by": {"class": [1, 2]}}, "warm": false, "phase": "late", "lr": NaN,
        "list": [1, 2]}"#;
    let expected = r#"{"accuracy": 0.5, "steps": 12345678901234567, "eval.top5": 0.75,
        "warm": false, "phase": "late", "lr": null}"#;
    assert_eq!(kept(&text.replace('\n', " ")), values(expected));
    assert_eq!(kept(r#"{"epoch": 1, "loss": 1}"#), values("{}"));
    let long = "x".repeat(201);
    assert_eq!(
        kept(&format!(r#"{{"epoch": 1, "{long}": 1, "text": "{long}"}}"#)),
        values("{}")
    );
    let many: Vec<String> = (0..1000).map(|n| format!("\"v{n}\": {n}")).collect();
    let many = kept(&format!(
        r#"{{"epoch": 1, "loss": 1, {}}}"#,
        many.join(", ")
    ));
    assert_eq!(many.len(), 200);
}
