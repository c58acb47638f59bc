//! Numbers and texts that nobody writes who means well.

use super::tests::{GOOD, problem, problems};
use super::*;

/// What no program can be started with is refused wherever it stands, at its place.
#[test]
fn null_characters() {
    for (from, to, place) in [
        ("./train", "./tra\\u0000in", "line 3, column 12"),
        ("low = 1e-4", "low = 1e-4, \"a\\u0000\" = 1", "line"),
        (
            "workers = 2",
            "environment = { A = \"\\u0000\" }",
            "line 6, column 21",
        ),
        (
            "workers = 2",
            "environment = { \"A\\u0000\" = \"\" }",
            "line 6, column 17",
        ),
        (
            "workers = 2",
            "slots = [{ A = \"a\\u0000\" }]",
            "line 6, column 16",
        ),
        (
            "workers = 2",
            "directory = \"a\\u0000\"",
            "line 6, column 13",
        ),
        (
            "workers = 2",
            "store.location = \"a\\u0000\"",
            "line 6, column 18",
        ),
        (
            "workers = 2",
            "search.command = [\"a\", \"\\u0000\"]",
            "line 6, column 24",
        ),
        (
            "[space]",
            "[space]\nact = { type = \"choice\", values = [1, \"re\\u0000lu\"] }",
            "line",
        ),
        (
            "[space]",
            "[space]\n\"a\\u0000\" = { type = \"flag\" }",
            "line",
        ),
    ] {
        let found = problems(&GOOD.replacen(from, to, 1));
        let said = found
            .iter()
            .find(|said| said.contains("holds a null character"));
        let said = said.unwrap_or_else(|| panic!("{to}: {found:?}"));
        assert!(said.starts_with(place), "{said}");
        assert!(
            said.ends_with("can; leave that out") && !said.contains("\\0"),
            "{said}"
        );
    }
}

#[test]
fn names_of_variables() {
    for (to, said) in [
        (
            "environment = { \"\" = \"1\" }",
            "line 6, column 17: a variable of the environment has no name",
        ),
        (
            "environment = { \"A=B\" = \"1\" }",
            "line 6, column 17: no variable of the environment can be called `A=B`",
        ),
        (
            "workers = 1\nslots = [{ \"=\" = \"1\" }]",
            "line 7, column 12: no variable of the environment",
        ),
    ] {
        let found = problem("workers = 2", to);
        assert!(found.starts_with(said), "{found}");
    }
}

/// A list is no table, whatever its items would mean in the order of the keys.
#[test]
fn lists_are_no_tables() {
    let table = |name: &str| {
        let sections = GOOD.split_inclusive('\n');
        let mut inside = false;
        let rest: String = sections
            .filter(|line| {
                if line.starts_with('[') {
                    inside = line.starts_with(&format!("[{name}]"));
                }
                !inside
            })
            .collect();
        rest
    };
    for (name, list) in [
        ("budget", "[\"by_level\", 0, 5, \"1 GB\", true]"),
        ("scheduler", "[9]"),
        ("scheduler", "[]"),
        ("stop", "[\"1 min\", 3]"),
        ("store", "[\"there\"]"),
        ("failures", "[1, 2]"),
        ("search", "[[\"sh\"]]"),
    ] {
        let text = format!("{name} = {list}\n{}", table(name));
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        let said = &found[0];
        assert!(said.starts_with("line 1, column"), "{said}");
        let reason = format!("{name}: it is a list, but must be ");
        assert!(said.contains(&reason) && said.contains("table"), "{said}");
    }
    for name in [
        "budget",
        "scheduler",
        "stop",
        "store",
        "failures",
        "environment",
        "space",
    ] {
        let text = format!("{}[[{name}]]\n", table(name));
        let found = problems(&text);
        let last = format!("line {}, column", text.lines().count());
        let said = found.iter().find(|said| said.starts_with(&last));
        let said = said.unwrap_or_else(|| panic!("{name}: {found:?}"));
        assert!(said.contains("it is a list, but must be a table"), "{said}");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn words_are_words() {
    for value in ["[\"min\"]", "{ min = 1 }", "3", "true"] {
        for (from, key) in [
            ("workers = 2", "mode"),
            ("workers = 2", "protocol"),
            ("max_resource = 27", "promotion_rule"),
        ] {
            let found = problem(from, &format!("{from}\n{key} = {value}"));
            assert!(found.contains(&format!("{key}: it is ")), "{found}");
            assert!(found.ends_with(", but must be text in quotes"), "{found}");
        }
    }
}

#[test]
fn numbers_beyond_all_bounds() {
    for (from, to, said) in [
        (
            "workers = 2",
            "output = 9223372036854775808",
            "it is beyond what there is",
        ),
        (
            "workers = 2",
            "workers = 99999999999999999999",
            "it is beyond what there is",
        ),
        (
            "workers = 2",
            "workers = -99999999999999999999",
            "it is beyond what there is",
        ),
        (
            "max_resource = 27",
            "max_resource = 99999999999999999999999999999999999999999",
            "it is beyond what there is",
        ),
        ("workers = 2", "grace = 1e400", "the number is too large"),
        (
            "workers = 2",
            "grace = 99999999999999999999",
            "it is beyond what there is",
        ),
        (
            "workers = 2",
            "output = 99999999999999999999",
            "it is beyond what there is",
        ),
        ("high = 1.0", "high = 1e400", "the number is too large"),
        (
            "high = 1.0",
            "high = 99999999999999999999",
            "it is beyond what there is",
        ),
        (
            "[space]",
            "[space]\nwidth = 99999999999999999999",
            "it is beyond what there is",
        ),
    ] {
        let found = problem(from, to);
        assert!(found.contains(said), "{to}: {found}");
    }
}

#[test]
fn huge_numbers() {
    let said = problem("workers = 2", "workers = 1000000000");
    assert_eq!(
        said,
        "line 6, column 11: workers is 1000000000, but must be at most 4096"
    );
    let said = problem("max_resource = 27", "max_resource = 9223372036854775807");
    assert!(
        said.starts_with("line 12, column 16: max_resource is 9223372036854775807"),
        "{said}"
    );
    assert!(said.ends_with("which is 9007199254740992"), "{said}");
    let list = |most: u64| {
        let levels: Vec<String> = (1..=most).map(|level| level.to_string()).collect();
        levels.join(",")
    };
    let levels = format!("max_resource = 2000000\nlevels = [{}]", list(1_000_000));
    let said = problem("max_resource = 27", &levels);
    assert!(
        said.ends_with("there are 1000000 rung levels, but there must be at most 1000"),
        "{said}"
    );
    let rungs = format!(
        "max_resource = 20000\nlevels = [{}]\nbrackets = 1000\nown_rungs = true",
        list(1_000)
    );
    let said = problem("max_resource = 27", &rungs);
    assert!(
        said.contains("1000 brackets with rungs of their own have 500500"),
        "{said}"
    );
    let said = problem(
        "max_resource = 27",
        "max_resource = 27\nbrackets = 1000000000000",
    );
    assert!(
        said.contains("the number of brackets is 1000000000000"),
        "{said}"
    );

    let far = format!(
        "max_resource = {}\nreduction_factor = {}",
        1u64 << 53,
        i64::MAX
    );
    let said = problem("max_resource = 27", &far);
    assert!(
        said.contains("the promotion quantile of rung 1 is 1/9007199254740992, but"),
        "{said}"
    );

    let largest = i64::MAX;
    let good = [
        (
            "max_resource = 27",
            format!("max_resource = {}\nreduction_factor = 8", 1u64 << 53),
        ),
        (
            "max_resource = 27",
            format!("max_resource = 27\nseed = {largest}"),
        ),
        (
            "trials = 40",
            format!("trials = {largest}\nreports = {largest}\ntotal_resource = {largest}"),
        ),
        (
            "max_checkpoints = 8",
            format!("max_checkpoints = {largest}\nmax_bytes = {largest}"),
        ),
        (
            "name",
            format!("output = {largest}\nfailures.retries = {largest}\nname"),
        ),
    ];
    for (from, to) in good {
        assert_eq!(problems(&GOOD.replacen(from, &to, 1)), [""; 0], "{to}");
    }
    let long = "grace = 3e9\nfailures.silence = 3e9\nstore.timeout = 3e9\nname";
    let experiment = Experiment::read(&GOOD.replacen("name", long, 1)).unwrap();
    let StorePlace::Folder { timeout, .. } = experiment.store else {
        panic!("a folder is the default");
    };
    for time in [experiment.grace, experiment.silence, timeout] {
        assert!(std::time::Instant::now().checked_add(time).is_some());
    }
    for key in ["grace", "failures.silence", "store.timeout"] {
        let said = problem("name", &format!("{key} = 1e300\nname"));
        assert!(said.contains(&format!("{key}: 1e300 is no time")), "{said}");
    }
}

#[test]
fn new_keys_are_checked() {
    let said = problem("name", "output = \"63 kB\"\nname");
    assert!(
        said.starts_with("line 2, column 10: output is 63000 bytes"),
        "{said}"
    );
    let said = problem("name", "failures.max_without_report = 0\nname");
    assert!(
        said.ends_with("max_without_report is 0, but must be at least 1"),
        "{said}"
    );
    let more = "failures = { max_without_report = 2, silence = \"5 s\" }\noutput = \"64 kB\"\nname";
    let experiment = Experiment::read(&GOOD.replacen("name", more, 1)).unwrap();
    assert_eq!(experiment.max_without_report, 2);
    assert_eq!(experiment.silence, Duration::from_secs(5));
    assert_eq!(experiment.output, 64_000);
}

/// What a file holds is quoted in one line without control characters, and not at any length.
#[test]
fn messages_are_plain_text() {
    let long = "x".repeat(100_000);
    for (from, to) in [
        ("\"{lr}\"", format!("\"{{\\u001b]0;{long}}}\"")),
        (
            "max_resource = 27",
            format!("max_resource = \"\\u001b[31m{long}\""),
        ),
        ("[budget]", format!("[budget]\npolicy = \"\\u009b{long}\"")),
        (
            "[budget]",
            format!("[budget]\nmax_bytes = \"\\u202e{long}\""),
        ),
        ("[budget]", format!("[budget]\n\"\\u001b{long}\" = 1")),
        (
            "lr = {",
            format!("\"\\u001b{long}\" = {{ type = \"int\", low = 2, high = 1 }}\nlr = {{"),
        ),
        (
            "name",
            format!("store.location = \"\\u0007{long}://x\"\nname"),
        ),
    ] {
        let found = problems(&GOOD.replacen(from, &to, 1));
        assert!(!found.is_empty());
        for said in found {
            assert!(said.is_ascii() && said.len() < 1_200, "{said}");
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
}

#[test]
fn secrets() {
    for location in ["ftp://me:hunter2@host/x", "s3://me:hunter2@?sig=hunter2"] {
        let location = format!("store.location = \"{location}\"\nname");
        let found = problems(&GOOD.replacen("name", &location, 1));
        assert!(
            !found.is_empty() && !found[0].contains("hunter2"),
            "{found:?}"
        );
    }
    let place = StorePlace::Bucket {
        address: "s3://me:hunter2@bucket/runs?sig=hunter2".to_owned(),
        cache: "checkpoints".into(),
        timeout: Duration::from_secs(1),
    };
    assert_eq!(place.name(), "s3://***@bucket/runs?***");
}
