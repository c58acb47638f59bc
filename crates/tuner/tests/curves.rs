//! Reading learning curves: the format, and what each error says.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::Read as _;

use rungkeeper_tuner::curves::{CurveError, CurveTable, Problem, ReadOptions};

fn read(text: &str) -> Result<CurveTable, CurveError> {
    CurveTable::read(text.as_bytes(), "c.csv", &ReadOptions::new())
}

fn message(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// (resource, metric, seconds) of one trial.
fn rows(table: &CurveTable, trial: usize) -> Vec<(u64, f64, f64)> {
    let curve = table.curve(trial).unwrap();
    curve
        .points()
        .iter()
        .map(|point| (point.resource, point.metric, point.seconds))
        .collect()
}

#[test]
fn columns_and_rows_may_stand_in_any_order() {
    let table =
        read("seconds,accuracy,note,trial,resource\n2,0.5,x,b,3\n1,0.4,y,a,1\n1,0.3,z,b,1\n")
            .unwrap();
    assert_eq!(
        (table.name(), table.metric(), table.len()),
        ("c.csv", "accuracy", 2)
    );
    assert_eq!(
        table.curves().map(|curve| curve.id()).collect::<Vec<_>>(),
        ["b", "a"]
    );
    assert_eq!(rows(&table, 0), [(1, 0.3, 1.0), (3, 0.5, 2.0)]);
    assert_eq!(rows(&table, 1), [(1, 0.4, 1.0)]);
    assert_eq!((table.resources(), table.max_resource()), (&[1, 3][..], 3));
    assert_eq!(table.curve(2), None);
}

#[test]
fn spaces_quotes_a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let table = read("\u{feff}trial, resource ,accuracy\r\n\"a, b\", 2 , 0.5 \r\n").unwrap();
    assert_eq!(table.curve(0).unwrap().id(), "a, b");
    assert_eq!(rows(&table, 0), [(2, 0.5, 2.0)]);
}

#[test]
fn without_seconds_a_unit_of_resource_takes_one() {
    let table = read("trial,resource,accuracy\na,9,0.5\na,2,0.4\n").unwrap();
    assert_eq!(rows(&table, 0), [(2, 0.4, 2.0), (9, 0.5, 7.0)]);
}

#[test]
fn the_metric_is_the_column_of_numbers_that_is_called_as_metrics_are() {
    let text =
        "trial,learner,empty,resource,loss,seconds,memory\na,svm,,1,nan,1,5\na,svm,,2,0.5,1,6\n";
    assert_eq!(read(text).unwrap().metric(), "loss");
    let named = CurveTable::read(
        text.as_bytes(),
        "c.csv",
        &ReadOptions::new().metric("memory"),
    )
    .unwrap();
    assert_eq!(
        (named.metric(), rows(&named, 0)[1]),
        ("memory", (2, 6.0, 1.0))
    );
}

/// A hyper-parameter or a second metric must not be taken for the metric: what is best of it is anything.
#[test]
fn of_several_columns_of_numbers_the_name_tells() {
    let metric = |head: &str, row: &str| {
        let table = read(&format!("trial,resource,{head}\na,1,{row}\n"));
        table.map(|it| it.metric().to_owned())
    };
    for (head, row, found) in [
        ("lr,val_loss,path", "0.1,0.5,a.pt", "val_loss"),
        ("val_loss,lr,momentum", "0.5,0.1,0.9", "val_loss"),
        ("layers,valid_accuracy", "3,0.5", "valid_accuracy"),
        ("config_lr,config_loss,y", "0.1,1,0.5", "y"),
        ("y,config/lr,params_x", "0.5,0.1,3", "y"),
        ("y,bytes,elapsed,seed,epoch", "0.5,900,3,1,1", "y"),
        ("loss_weight,y_error", "1,0.5", "y_error"),
    ] {
        assert_eq!(metric(head, row).unwrap(), found, "{head}");
    }
    for (head, row, several) in [
        ("lr,y", "0.1,0.5", "`lr`, `y`"),
        (
            "lr,loss,accuracy",
            "0.1,0.5,0.6",
            "`lr`, `loss`, `accuracy`",
        ),
        ("train_loss,val_loss", "0.5,0.6", "`train_loss`, `val_loss`"),
    ] {
        assert_eq!(
            metric(head, row).unwrap_err().to_string(),
            format!("c.csv, line 1: which column is the metric: {several}? It has to be named")
        );
    }
}

/// What `rungkeeper export` writes has the metric third, whatever else is reported and it is called.
#[test]
fn an_export_of_this_project_is_read() {
    let text = "trial,resource,y,seconds,elapsed,decision,again,status,loss,config_x\n\
                a,1,0.5,1,1,pause,false,paused,3,1\na,1,0.6,1,4,pause,true,paused,3,1\n\
                a,2,0.4,2,6,pause,false,paused,2,1\n";
    let table = read(text).unwrap();
    assert_eq!(table.metric(), "y");
    // What was trained again is told no second time.
    assert_eq!(rows(&table, 0), [(1, 0.5, 1.0), (2, 0.4, 2.0)]);
}

/// Hyper-parameters of a table with decimal commas are numbers like its metric; a text with a comma stays as it is.
#[test]
fn hyper_parameters_have_decimal_commas_too() {
    let text = "trial;resource;loss;lr;layers\na;1;0,5;0,25;8,8,8\n";
    let options = ReadOptions::new().parameters(["lr", "layers"]);
    let table = CurveTable::read(text.as_bytes(), "c.csv", &options).unwrap();
    assert_eq!(rows(&table, 0), [(1, 0.5, 1.0)]);
    let parameters = table.curve(0).unwrap().parameters();
    assert_eq!(parameters, ["0.25".into(), "8,8,8".into()]);
}

#[test]
fn a_column_of_numbers_is_judged_by_the_first_hundred_rows() {
    let head = |rows: u64, last: &str| {
        let mut text = String::from("trial,resource,accuracy,memory\n");
        for resource in 1..rows {
            writeln!(text, "a,{resource},0.5,0.1").unwrap();
        }
        text + &format!("a,{rows},{last},0.1\n")
    };
    assert_eq!(read(&head(100, "bad")).unwrap().metric(), "memory");
    let late = message(&head(101, "bad"));
    assert!(
        late.starts_with("c.csv, line 102, column 3 (`accuracy`): `bad` is not a number"),
        "{late}"
    );
}

#[test]
fn bad_metrics_are_nan() {
    let text = "trial,resource,loss\n\
                a,1,0.5\na,2,\na,3,nan\na,4,NaN\na,5,inf\na,6,-inf\na,7,1e999\na,8,-0.25\n";
    let metrics: Vec<f64> = rows(&read(text).unwrap(), 0)
        .into_iter()
        .map(|(_, metric, _)| metric)
        .collect();
    assert_eq!((metrics[0], metrics[7]), (0.5, -0.25));
    assert!(
        metrics[1..7].iter().all(|metric| metric.is_nan()),
        "{metrics:?}"
    );
}

#[test]
fn look_ups_by_resource() {
    let table = read("trial,resource,accuracy,seconds\na,2,0.4,1\na,6,0.5,8\n").unwrap();
    let curve = table.curve(0).unwrap();
    let exact: Vec<_> = (0..8)
        .map(|at| curve.point_at(at).map(|point| point.resource))
        .collect();
    assert_eq!(
        exact,
        [None, None, Some(2), None, None, None, Some(6), None]
    );
    let known: Vec<_> = (0..8)
        .map(|at| curve.last_point_by(at).map(|point| point.resource))
        .collect();
    assert_eq!(
        known,
        [
            None,
            None,
            Some(2),
            Some(2),
            Some(2),
            Some(2),
            Some(6),
            Some(6)
        ]
    );
    let elapsed: Vec<_> = (0..8).map(|at| curve.elapsed_at(at)).collect();
    let expected = [0.0, 0.5, 1.0, 3.0, 5.0, 7.0, 9.0];
    assert_eq!(
        elapsed,
        expected
            .into_iter()
            .map(Some)
            .chain([None])
            .collect::<Vec<_>>()
    );
    assert_eq!((curve.max_resource(), curve.points()[1].elapsed), (6, 9.0));
}

#[test]
fn a_missing_column_is_named_with_the_nearest() {
    assert_eq!(
        message("trial,Resources,accuracy\na,1,0.5\n"),
        "c.csv, line 1: no column is named `resource` (did you mean `Resources`?); \
         the columns are `trial`, `Resources`, `accuracy`"
    );
    assert_eq!(
        message("epoch,resource,accuracy\n1,1,0.5\n"),
        "c.csv, line 1: no column is named `trial`; the columns are `epoch`, `resource`, `accuracy`"
    );
    let options = ReadOptions::new().metric("accurracy");
    let error = CurveTable::read(
        "trial,resource,accuracy\na,1,0.5\n".as_bytes(),
        "c.csv",
        &options,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("(did you mean `accuracy`?)"),
        "{error}"
    );
    assert!(message("trial_id,resource,accuracy\na,1,0.5\n").contains("did you mean `trial_id`?"));
    // What is very long is no misspelling, and would take minutes to compare.
    let long = format!("trial{},resource,accuracy\na,1,0.5\n", "l".repeat(200));
    assert!(!message(&long).contains("did you mean"));
}

#[test]
fn a_repeated_column_is_refused() {
    assert_eq!(
        message("trial,resource,loss,resource\na,1,0.5,1\n"),
        "c.csv, line 1, column 4 (`resource`): column 2 has this name too; \
         a column that is read needs a name of its own"
    );
    // A column that is not read may be repeated.
    assert_eq!(
        read("trial,resource,loss,note,note\na,1,0.5,x,y\n")
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_file_without_a_metric_is_refused() {
    assert_eq!(
        message("trial,resource,learner,seconds\na,1,svm,1\n"),
        "c.csv, line 1: no column holds a metric; expected one with numbers besides trial, resource \
         and seconds, but the columns are `trial`, `resource`, `learner`, `seconds`"
    );
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n", " \r\n", "trial,resource,accuracy\n"] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error.problem(), Problem::Empty),
            "{text:?}: {error}"
        );
        assert!(
            error
                .to_string()
                .starts_with("c.csv: there are no rows; expected a header line"),
            "{error}"
        );
    }
}

#[test]
fn a_field_that_cannot_be_used_is_shown() {
    let with = |row: &str| {
        message(&format!(
            "trial,resource,accuracy,seconds\na,1,0.5,1\n{row}\n"
        ))
    };
    let resource = "c.csv, line 3, column 2 (`resource`): ";
    for text in ["0", "0.0"] {
        assert_eq!(
            with(&format!("a,{text},0.5,1")),
            format!("{resource}`{text}` is not a positive whole number: count from 1")
        );
    }
    for text in ["-1", "1.5", "one", "", "99999999999999999999"] {
        assert_eq!(
            with(&format!("a,{text},0.5,1")),
            format!("{resource}`{text}` is not a positive whole number")
        );
    }
    let seconds = "c.csv, line 3, column 4 (`seconds`): ";
    for text in ["-1", "nan", "inf", "fast", ""] {
        let expected = format!("{seconds}`{text}` is not a finite number of seconds, 0 or more");
        assert_eq!(with(&format!("a,2,0.5,{text}")), expected);
    }
    assert_eq!(
        with(",2,0.5,1"),
        "c.csv, line 3, column 1 (`trial`): `` is not the name of a trial"
    );
    let error = read("trial,resource,accuracy\na,1,0.5\na,2,good\n").map(|_| ());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no column holds a metric")
    );
    let options = ReadOptions::new().metric("accuracy");
    let text = "trial,resource,accuracy\na,1,0.5\na,2,good\n";
    let error = CurveTable::read(text.as_bytes(), "c.csv", &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.csv, line 3, column 3 (`accuracy`): `good` is not a number \
         (or empty, nan or inf for a bad metric)"
    );
}

#[test]
fn a_row_of_another_length_is_refused() {
    assert_eq!(
        message("trial,resource,accuracy\na,1,0.5\n\na,2\n"),
        "c.csv, line 4: the number of fields is 2; expected 3, as in the header"
    );
}

#[test]
fn a_duplicate_names_both_lines() {
    assert_eq!(
        message("trial,resource,accuracy\na,1,0.5\nb,1,0.5\na,1,0.5\n"),
        "c.csv, line 4, column 2 (`resource`): trial `a` has a row for resource 1 already, \
         on line 2; expected one only"
    );
}

#[test]
fn a_gap_is_refused_and_an_early_end_is_not() {
    let early = "trial,resource,accuracy\na,1,0.5\na,3,0.5\na,9,0.5\nb,1,0.5\n";
    assert_eq!(read(early).unwrap().curve(1).unwrap().max_resource(), 1);

    let gap = "trial,resource,accuracy\na,1,0.5\na,3,0.5\na,9,0.5\nb,9,0.5\nb,1,0.5\n";
    assert_eq!(
        message(gap),
        "c.csv, line 5, column 2 (`resource`): trial `b` has a row for resource 9 but none for 3; \
         expected one for each resource that is needed, up to where the curve ends"
    );
    let needing = |levels: &[u64]| {
        let options = ReadOptions::new().needed(levels.iter().copied());
        CurveTable::read(gap.as_bytes(), "c.csv", &options)
    };
    assert_eq!(
        rows(&needing(&[1, 9]).unwrap(), 1),
        [(1, 0.5, 1.0), (9, 0.5, 8.0)]
    );
    assert!(matches!(
        needing(&[1, 3]).unwrap_err().problem(),
        Problem::Gap {
            missing: 3,
            next: 9,
            ..
        }
    ));
    // A level that no curve lists is a gap in all that go beyond it; one beyond them all is not
    // reached.
    assert!(matches!(
        needing(&[2]).unwrap_err().problem(),
        Problem::Gap {
            missing: 2,
            next: 3,
            ..
        }
    ));
    assert!(needing(&[27]).is_ok());
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n"] {
        for (before, line) in [("", 3), ("\n", 4), ("\r\n  \r\n\n", 6)] {
            let text = |header: &str, middle: &str, row: &str| {
                format!("{header}trial,resource,accuracy{end}a,1,0.5{end}{middle}{row}")
            };
            for last in ["", end] {
                let row = format!("b,x,0.5{last}");
                for text in [text(before, "", &row), text("", before, &row)] {
                    assert_eq!(
                        read(&text).unwrap_err().place().line,
                        Some(line),
                        "{text:?}"
                    );
                }
            }
        }
    }
    // A field may go over several lines; its row begins on the first.
    let text = "trial,resource,note,loss\na,1,\"two\nlines\n\",0.5\na,2,\"three\n\nlines\",bad\n";
    let options = ReadOptions::new().metric("loss");
    let error = CurveTable::read(text.as_bytes(), "c.csv", &options).unwrap_err();
    assert_eq!(error.place().line, Some(5));
    let header = read("\n\ntrial,level,loss\na,1,0.5\n").unwrap_err();
    assert_eq!(header.place().line, Some(3));
}

#[test]
fn an_open_quote_is_refused_where_it_begins() {
    for rest in ["", "\n", "\na,2,x,0.5\n\n", "\r\na,2,x,0.5"] {
        let text = format!("trial,resource,note,loss\na,1,\"two\nlines\",0.5\n\nb,1,\"{rest}");
        assert_eq!(
            message(&text),
            "c.csv, line 5: a quote is opened and never closed; \
             expected a second one at the end of the field"
        );
    }
    assert!(matches!(
        read("\"").unwrap_err().problem(),
        Problem::OpenQuote
    ));
    // Closed at the very end, with or without a line end inside.
    let closed = "trial,resource,loss\na,1,\"0.5\n\"";
    assert_eq!(rows(&read(closed).unwrap(), 0), [(1, 0.5, 1.0)]);
}

#[test]
fn text_that_is_not_utf8_is_refused_with_its_line() {
    let text = &b"trial,resource,accuracy\na,1,0.5\n\xff,2,0.5\n"[..];
    let error = CurveTable::read(text, "c.csv", &ReadOptions::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("c.csv, line 3: the line `\u{fffd}"),
        "{error}"
    );
}

#[test]
fn a_reader_that_fails_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let text = b"trial,resource,accuracy\na,1,0.5\n";
    let error = CurveTable::read(text.chain(Broken), "c.csv", &ReadOptions::new()).unwrap_err();
    assert!(matches!(error.problem(), Problem::Unreadable(_)), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "the disk is gone");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = CurveTable::from_path("no/such/file.csv", &ReadOptions::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no/such/file.csv: the file cannot be opened"
    );
    assert!(matches!(error.problem(), Problem::Open(_)) && error.source().is_some());
}
