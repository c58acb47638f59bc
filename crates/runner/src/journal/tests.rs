use rungkeeper_rung_model::ModelSpec;
use rungkeeper_tuner::log::read_texts;

use super::error::remedy;
use super::*;

fn header() -> Header {
    Header::new("test", &ModelSpec::geometric(1, 3, 9).unwrap(), 9)
}

fn start(trial: &str) -> Event {
    Event::Start {
        trial: trial.to_owned(),
        bracket: 0,
        elapsed: 0.5,
    }
}

fn more() -> Map<String, Value> {
    [("pid".to_owned(), Value::from(7))].into_iter().collect()
}

#[test]
fn what_was_appended_is_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut journal = Journal::create(&path, &header(), &Map::new()).unwrap();
    journal.append(&start("0"), &more()).unwrap();
    assert!(
        Journal::create(&path, &header(), &Map::new()).is_err(),
        "never overwritten"
    );
    drop(journal);
    let (mut journal, found, events) = Journal::recover(&path).unwrap();
    assert_eq!(found, header());
    let events: Vec<Recorded> = events.map(Result::unwrap).collect();
    assert_eq!(events, [(start("0"), more())]);
    journal.append(&start("1"), &Map::new()).unwrap();
    assert_eq!(Journal::read(&path).unwrap().1.count(), 2);
}

/// Cut at every byte of the last line, the log is recovered without it and goes on.
#[test]
fn a_cut_line_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut journal = Journal::create(&path, &header(), &Map::new()).unwrap();
    journal.append(&start("0"), &Map::new()).unwrap();
    let before = std::fs::read(&path).unwrap().len();
    journal.append(&start("1"), &more()).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    for length in before..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (mut journal, _, events) = Journal::recover(&path).unwrap();
        assert_eq!(events.count(), 1, "cut at {length}");
        journal.append(&start("2"), &Map::new()).unwrap();
        let last = Journal::read(&path).unwrap().1.last().unwrap();
        assert_eq!(last.unwrap().0, start("2"));
    }
}

#[test]
fn damage_before_the_last_line_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut journal = Journal::create(&path, &header(), &Map::new()).unwrap();
    journal.append(&start("0"), &Map::new()).unwrap();
    drop(journal);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"start\"", "\"st")).unwrap();
    let (_, _, mut events) = Journal::recover(&path).unwrap();
    let error = events.find_map(Result::err).unwrap().to_string();
    assert!(error.contains("log.jsonl: line 2"), "{error}");
    std::fs::write(&path, "").unwrap();
    assert!(Journal::recover(&path).is_err());
}

/// Parts of a log are as long as a line or two here: lines that end in the next part or go through several, empty ones,
/// and damage come out as they do when a log is read line by line.
#[test]
fn a_log_in_parts_is_the_whole_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let head = to_line(&Event::Header(Box::new(header())));
    let long = "x".repeat(300);
    let lines = (0..60).map(|number| match number % 7 {
        0 => String::new(),
        1 => format!(r#"{{"event":"pin","trial":"{number}","elapsed":1.5,"asked":true}}"#),
        2 => format!(r#"{{"event":"launch","trial":"{number}","elapsed":2,"mark":"{long}"}}"#),
        _ => to_line(&start(&"y".repeat(number))),
    });
    let lines: Vec<String> = lines.collect();
    for damaged in [None, Some(0), Some(8), Some(40), Some(59)] {
        let mut lines = lines.clone();
        if let Some(number) = damaged {
            lines[number] = r#"{"event":"pin","trial":1}"#.to_owned();
        }
        for gap in ["", "\n", "\n  \n\n"] {
            let text = format!("{gap}{head}\n{gap}{}\n", lines.join("\n"));
            std::fs::write(&path, &text).unwrap();
            let (found, events) = Journal::read(&path).unwrap();
            assert_eq!(found, header());
            let read: Vec<String> = events
                .map(|recorded| match recorded {
                    Ok((event, fields)) => format!("{event:?} {}", fields.len()),
                    Err(error) => error.to_string(),
                })
                .collect();
            let place = path.display();
            let expected: Vec<String> = read_texts(text.as_bytes())
                .skip(1)
                .map(|line| match line {
                    Ok((_, event, text)) => {
                        let own = ["asked", "mark"].iter().filter(|own| text.contains(**own));
                        format!("{event:?} {}", own.count())
                    }
                    Err(error) => format!("{place}: {error}{}", remedy(&error)),
                })
                .collect();
            assert_eq!(read, expected);
            assert_eq!(damaged.is_some(), read.last().unwrap().contains("line "));
        }
    }
}

/// Whoever removes the lock file of a run has not unlocked its log, and what writes there all the same is noticed.
#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut journal = Journal::create(&path, &header(), &Map::new()).unwrap();
    assert!(matches!(
        Journal::recover(&path),
        Err(JournalError::Locked { .. })
    ));
    let mut other = OpenOptions::new().append(true).open(&path).unwrap();
    other.write_all(b"{}\n").unwrap();
    let error = journal.append(&start("0"), &Map::new()).unwrap_err();
    assert!(matches!(error, JournalError::Changed { .. }), "{error}");
}

/// As editors and programs that copy do it: what is written to the old file nobody would ever see.
#[test]
fn a_log_that_is_replaced_or_removed_is_noticed() {
    for replace in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut journal = Journal::create(&path, &header(), &Map::new()).unwrap();
        journal.append(&start("0"), &Map::new()).unwrap();
        if replace {
            let copy = folder.path().join("copy");
            fs::copy(&path, &copy).unwrap();
            fs::rename(&copy, &path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let error = journal.append(&start("1"), &Map::new()).unwrap_err();
        assert!(matches!(error, JournalError::Replaced { .. }), "{error}");
    }
}
