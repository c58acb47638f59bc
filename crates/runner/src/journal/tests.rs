use rungkeeper_rung_model::ModelSpec;

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
    assert_eq!(events[0].0, start("0"));
    assert_eq!(events[0].1["pid"], 7);
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
        assert_eq!(events.len(), 1, "cut at {length}");
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
    let error = Journal::recover(&path).unwrap_err().to_string();
    assert!(error.contains("log.jsonl: line 2"), "{error}");
    std::fs::write(&path, "").unwrap();
    assert!(Journal::recover(&path).is_err());
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
