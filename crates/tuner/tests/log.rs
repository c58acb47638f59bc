//! The event log: what is read, what is refused, and with which message.
#![cfg(feature = "serde")]

use rungkeeper_tuner::log::{LogError, parse_line, parse_line_and_fields, read_lines, to_line};
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{Decision, Limits, ModelSpec, Removal, RemovalReason};

const HEADER: &str = r#"{"event": "header", "source": "test", "policy": "speculative", "max_num_checkpoints": 2, "mode": "min", "max_resource": 27, "rungs": [{"level": 1, "promotion_quantile": [1, 3]}]}"#;

fn errors(text: &str) -> String {
    let error = read_lines(text.as_bytes()).find_map(Result::err);
    error.map_or(String::new(), |error| error.to_string())
}

/// nan, inf, null, missing key, "0.3" as text: bad metrics, not errors.
#[test]
fn bad_metrics() {
    for metric in [
        r#""metric": null,"#,
        "",
        r#""metric": "0.3","#,
        r#""metric": "nan","#,
    ] {
        let line = format!(
            r#"{{"event": "result", "trial": "0", "level": 1, {metric} "decision": "PAUSE", "elapsed": 1}}"#
        );
        match parse_line(2, &line).unwrap() {
            Event::Result { metric, .. } => assert!(metric.is_nan(), "{line}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn levels_are_whole_numbers() {
    let line = |level: &str| {
        format!(
            r#"{{"event": "result", "trial": "0", "level": {level}, "metric": 1, "decision": "PAUSE", "elapsed": 1}}"#
        )
    };
    assert!(parse_line(2, &line("3.0")).is_ok());
    for level in ["4.5", "0", "-1", "\"3\"", "1e300"] {
        let error = parse_line(2, &line(level)).unwrap_err().to_string();
        assert!(error.starts_with("line 2: level is "), "{error}");
        assert!(
            error.ends_with("but must be a positive whole number"),
            "{error}"
        );
    }
}

#[test]
fn what_is_refused_is_said_with_its_line() {
    let newer = HEADER.replace("\"source\"", "\"version\": 2, \"source\"");
    assert_eq!(
        errors(&newer),
        "line 1: version 2 of the event log is not known; this is version 1"
    );
    // A newer version may hold what cannot be read at all.
    let alien = r#"{"event": "header", "version": 7, "mood": "good"}"#;
    assert!(errors(alien).contains("version 7"));
    let own = alien.replace('7', "1") + "\n";
    assert_eq!(errors(&own), "line 1: missing field `source`");
    assert_eq!(
        errors(""),
        "line 1: the log is empty: it begins with a header"
    );
    assert_eq!(
        errors(&format!("{HEADER}\n{HEADER}\n")),
        "line 2: a second header"
    );
    let cut = format!("{HEADER}\n{{\"event\": \"start\", \"tri");
    assert_eq!(
        errors(&cut),
        "line 2 is cut off after 23 bytes: the log was not written to its end"
    );
    let broken = format!("{HEADER}\n\n{{\"event\": \"start\",}}\n");
    assert!(
        errors(&broken).starts_with("line 3: column "),
        "{}",
        errors(&broken)
    );
    let nameless = format!("{HEADER}\n{{\"elapsed\": 1}}\n");
    assert_eq!(errors(&nameless), "line 2: missing field `event`");
    let no_text = [HEADER.as_bytes(), b"\n\"\xff\"\n"].concat();
    let error = read_lines(&no_text[..]).find_map(Result::err).unwrap();
    assert_eq!(error.to_string(), "line 2: column 2: not UTF-8");
    assert!(matches!(error, LogError::Line { line: 2, .. }));
}

/// A log of a later release: what is not known is passed over, whatever it holds.
#[test]
fn unknown_events_and_fields_are_passed_over() {
    let pin = Event::Pin {
        trial: "0".to_owned(),
        elapsed: 1.0,
    };
    for unknown in [
        r#"{"event": "sing", "elapsed": 1}"#,
        r#"{"event": "sing", "trial": {"7": [null, 1e308]}, "elapsed": "late"}"#,
        r#"{"event": "sing"}"#,
        r#"{"event": "unknown", "elapsed": 1e308}"#,
    ] {
        let known = r#"{"event": "pin", "trial": "0", "elapsed": 1, "mood": {"event": "sing"}}"#;
        let log = format!("{HEADER}\n{unknown}\n{known}\n");
        let events: Vec<_> = read_lines(log.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(events[1..], [(2, Event::Unknown), (3, pin.clone())]);
    }
    assert_eq!(Event::Unknown.elapsed(), None);
}

/// A time that no run can have is damage, and is not gone on from.
#[test]
fn times_out_of_all_bounds_are_refused_at_their_line() {
    for (elapsed, said) in [
        (
            "1e308",
            "line 2: elapsed is 1e308, but must be the seconds of the run, from 0 to 1e12",
        ),
        (
            "-0.5",
            "line 2: elapsed is -0.5, but must be the seconds of the run, from 0 to 1e12",
        ),
        ("1e999", "line 2: "),
        ("null", "line 2: "),
    ] {
        for event in [r#""event": "pin", "trial": "0""#, r#""event": "limits""#] {
            let log = format!("{HEADER}\n{{{event}, \"elapsed\": {elapsed}}}\n");
            assert!(errors(&log).starts_with(said), "{}", errors(&log));
        }
    }
    let latest = format!("{HEADER}\n{{\"event\": \"limits\", \"elapsed\": 1e12}}\n");
    assert_eq!(read_lines(latest.as_bytes()).flatten().count(), 2);
}

#[test]
fn events_are_written_as_they_are_read() {
    let removal = Removal {
        trial: "a/b".to_owned(),
        level: 3,
        rank: 9,
        rung_len: 11,
        bytes: 1_000,
        expected_cost: Some(4.65e-14),
        ln_expected_cost: Some(-30.7),
        reason: RemovalReason::MaxBytes,
    };
    let elapsed = 1.25;
    let trial = || "0007".to_owned();
    let events = [
        Event::Header(Box::new(Header::new(
            "test",
            &ModelSpec::geometric(1, 3, 27).unwrap(),
            27,
        ))),
        Event::Start {
            trial: trial(),
            bracket: 2,
            elapsed,
        },
        Event::Result {
            trial: trial(),
            level: 3,
            metric: 0.1 + 0.2,
            decision: Decision::Continue,
            elapsed,
        },
        Event::Remove { removal, elapsed },
        Event::Removed {
            trial: trial(),
            elapsed,
        },
        Event::Checkpoint {
            trial: trial(),
            level: 3,
            bytes: 7,
            elapsed,
        },
        Event::Launch {
            trial: trial(),
            elapsed,
        },
        Event::Retry {
            trial: trial(),
            elapsed,
        },
        Event::Undeleted {
            trial: trial(),
            bytes: 7,
            elapsed,
        },
        Event::Limits {
            limits: Limits {
                seconds: Some(7.5),
                reports: Some(2),
                ..Limits::default()
            },
            elapsed,
        },
    ];
    for event in events {
        let line = to_line(&event);
        assert_eq!(parse_line(1, &line).unwrap(), event, "{line}");
        let has_time = !matches!(event, Event::Header(_));
        assert_eq!(event.elapsed(), has_time.then_some(elapsed), "{line}");
        let later = event.clone().at(7.5);
        assert_eq!(later.elapsed(), has_time.then_some(7.5), "{line}");
        assert_eq!(later.at(elapsed), event, "{line}");
    }
}

/// The fraction of a rung is written as it was given, and compared in lowest terms.
#[test]
fn quantiles_are_written_as_given() {
    let header = Header::new("test", &ModelSpec::geometric(1, 3, 27).unwrap(), 27);
    let line = to_line(&Event::Header(Box::new(header)));
    let rungs = r#""rungs":[{"level":1,"promotion_quantile":[1,3]},{"level":3,"promotion_quantile":[3,9]},{"level":9,"promotion_quantile":[9,27]}]"#;
    assert!(line.contains(rungs), "{line}");
    let Event::Header(read) = parse_line(1, &line).unwrap() else {
        panic!("a header");
    };
    let third = read.rungs[0].promotion_quantile;
    assert!(
        read.rungs
            .iter()
            .all(|rung| rung.promotion_quantile == third)
    );
    assert_eq!(to_line(&Event::Header(read)), line);
    let error = parse_line(1, &line.replace("[3,9]", "[9,3]")).unwrap_err();
    assert!(
        error.to_string().contains("promotion quantile 9/3"),
        "{error}"
    );
}

/// Lines as a run writes them, and as nobody does.
const USUAL: [&str; 12] = [
    r#"{"event":"start","trial":"0","bracket":1,"elapsed":0.1,"process":1,"configuration":{"x":[0.25,null],"y":"a\u00e9"}}"#,
    r#"{"event":"result","trial":"é","level":3.0,"metric":-1e-3,"decision":"PAUSE","elapsed":1,"checkpoint":true}"#,
    r#"{"event":"result","trial":"1","level":1,"metric":null,"decision":"STOP","elapsed":1.5}"#,
    r#"{"event":"reported","trial":"1","level":1,"elapsed":0.108,"checkpoint":true}"#,
    r#"{"event":"launch","trial":"1","elapsed":0.108,"process":2,"pid":15472,"mark":"98"}"#,
    r#"{"event":"resume","trial":"3","elapsed":1.5,"bracket":"none","p":[]}"#,
    r#"{"event":"checkpoint","trial":"0","level":1,"bytes":7,"elapsed":0.182,"hash":"0a","sequence":11}"#,
    r#"{"event":"removed","trial":"9","elapsed":37.328}"#,
    r#"{"event":"remove","trial":"28","level":1,"rank":41,"rung_len":41,"bytes":1,"expected_cost":null,"ln_expected_cost":-44.25,"reason":"max_checkpoints","elapsed":0.411}"#,
    r#"{"event":"loop_end","elapsed":0.4,"num_to_remove":1,"candidates":35,"time_ratio":19.5,"p":[[1,0.5]],"removed":[{"trial":"28","level":1,"rank":4,"rung_len":4,"score":5e-2}]}"#,
    r#"{"trial":"0","elapsed":1,"event":"pin","asked":true}"#,
    r#"{"event":"pin","trial":"0","elapsed":1,"asked":true}"#,
];

/// An event brings what a run adds to its line, also where its own fields are those of a budget or of limits.
#[test]
fn fields_of_a_run_come_with_the_event() {
    for (line, field) in [
        (
            r#"{"event":"limits","max_num_trials":6,"elapsed":1,"from_the_file":true}"#,
            "from_the_file",
        ),
        (
            r#"{"event":"budget","max_bytes":null,"mood":[1],"max_num_checkpoints":3,"elapsed":1}"#,
            "mood",
        ),
        (
            r#"{"elapsed":1,"event":"pin","trial":"0","asked":true}"#,
            "asked",
        ),
    ] {
        let (event, fields) = parse_line_and_fields(2, line.as_bytes(), |_| true).unwrap();
        assert_eq!(event, parse_line(2, line).unwrap());
        assert_eq!(fields.keys().collect::<Vec<_>>(), [field], "{line}");
        let unwanted = parse_line_and_fields(2, line.as_bytes(), |_| false).unwrap();
        assert_eq!(unwanted, (event, serde_json::Map::new()));
    }
}

/// However a line is spoiled, and wherever the name of its event stands, all readers make the same of it.
#[test]
fn all_readers_agree_on_a_line() {
    let agree = |line: &str| {
        let event = format!("{:?}", parse_line(2, line).ok());
        let header = event.starts_with("Some(Header");
        for wanted in [|_: &str| true, |_: &str| false] {
            let read = parse_line_and_fields(2, line.as_bytes(), wanted).ok();
            let read = format!("{:?}", read.map(|(event, _)| event));
            assert_eq!(read, if header { "None" } else { &event }, "{line}");
        }
        let name_last = line.strip_prefix("{\"event\":").and_then(|rest| {
            let (name, fields) = rest.strip_suffix('}')?.split_once(',')?;
            let whole = name.len() > 1 && name.starts_with('"') && name.ends_with('"');
            whole.then(|| format!("{{{fields},\"event\":{name}}}"))
        });
        // Where the name comes late, one of a field that is there twice is read, and each that nobody asks for.
        if let Some(line) = name_last
            && event != "None"
            && !["1e999", "ud800"].iter().any(|odd| line.contains(odd))
        {
            assert_eq!(format!("{:?}", parse_line(2, &line).ok()), event, "{line}");
        }
    };
    for line in USUAL {
        assert!(parse_line(2, line).is_ok(), "{line}");
        agree(line);
        let places: Vec<usize> = line.char_indices().map(|(place, _)| place).collect();
        for &place in &places {
            let (before, after) = line.split_at(place);
            let rest = after.chars().next().map_or("", |c| &after[c.len_utf8()..]);
            agree(before);
            agree(&format!("{before}{rest}"));
            for other in ["\"", "0", "-", "}", "\\", ",", "e", "\u{1}"] {
                agree(&format!("{before}{other}{rest}"));
            }
        }
        // Each field twice, at the end, and as another value.
        let fields: Vec<&str> = line[1..line.len() - 1].split(',').collect();
        let inside = &line[1..line.len() - 1];
        for field in &fields {
            let name = field.split(':').next().unwrap_or_default();
            agree(&format!("{{{inside},{field}}}"));
            agree(&format!("{{{field},{inside}}}"));
            for value in [
                "null",
                "\"3\"",
                "3.0",
                "0",
                "-1",
                "1e999",
                "[1]",
                "{}",
                "\"\\ud800\"",
            ] {
                agree(&line.replacen(field, &format!("{name}:{value}"), 1));
                agree(&format!("{{{inside},\"other\":{value}}}"));
            }
            let without: Vec<_> = fields.iter().filter(|other| *other != field).collect();
            let without: Vec<&str> = without.into_iter().copied().collect();
            agree(&format!("{{{}}}", without.join(",")));
        }
    }
}

#[test]
fn a_line_behind_the_header_is_refused_as_in_a_whole_log() {
    let refused = |bytes: &[u8]| {
        let error = parse_line_and_fields(2, bytes, |_| true)
            .unwrap_err()
            .to_string();
        let whole = [HEADER.as_bytes(), b"\n", bytes, b"\n"].concat();
        let in_a_log = read_lines(&whole[..]).find_map(Result::err).unwrap();
        assert_eq!(error, in_a_log.to_string());
    };
    refused(HEADER.as_bytes());
    refused(b"{\"event\":\"pin\",\"trial\":\"\xff\",\"elapsed\":1}");
    refused(br#"{"event":"launch","trial":"0","elapsed":-1}"#);
    refused(br#"{"event":"launch","trial":"0"}"#);
}

#[test]
fn fields_of_a_run_s_own_come_with_the_event() {
    let fields = |line: &str| {
        parse_line_and_fields(2, line.as_bytes(), |_| true)
            .unwrap()
            .1
    };
    let own = serde_json::json!({"process": 1, "configuration": {"x": [0.25, null], "y": "aé"}});
    assert_eq!(serde_json::Value::from(fields(USUAL[0])), own);
    assert!(fields(USUAL[9]).is_empty());
    for line in [USUAL[10], USUAL[11]] {
        let own = serde_json::json!({"asked": true});
        assert_eq!(serde_json::Value::from(fields(line)), own);
    }
    // Names of other events' fields are a run's own here.
    let own = serde_json::json!({"bracket": "none", "p": []});
    assert_eq!(serde_json::Value::from(fields(USUAL[5])), own);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let log = format!("\u{feff}{HEADER}\n");
    let events: Vec<_> = read_lines(log.as_bytes()).collect();
    assert!(matches!(&events[..], [Ok((1, Event::Header(_)))]));
    assert!(errors(&format!("{log}{log}")).starts_with("line 2"));
}
