//! Laws of reading learning curves.

use std::fmt::Write as _;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use rungkeeper_tuner::curves::{Curve, CurveTable, ReadOptions};

/// (trial, resource, metric, seconds)
type Row = (usize, u64, f64, f64);

/// Complete or shorter curves over common resources, trial by trial.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    (
        btree_set(1_u64..=u64::MAX, 1..8),
        vec(any::<Index>(), 1..12),
    )
        .prop_flat_map(|(resources, ends)| {
            let resources: Vec<u64> = resources.into_iter().collect();
            let rows: Vec<(usize, u64)> = ends
                .iter()
                .enumerate()
                .flat_map(|(trial, end)| {
                    resources[..=end.index(resources.len())]
                        .iter()
                        .map(move |&r| (trial, r))
                })
                .collect();
            let values = vec((-1e300..1e300_f64, 0.0..1e12_f64), rows.len());
            values.prop_map(move |values| {
                rows.iter()
                    .zip(values)
                    .map(|(&(trial, resource), (metric, seconds))| {
                        (trial, resource, metric, seconds)
                    })
                    .collect()
            })
        })
}

fn shuffled(rows: Vec<Row>) -> impl Strategy<Value = Vec<Row>> {
    Just(rows).prop_shuffle()
}

fn text(rows: &[Row]) -> String {
    let mut text = String::from("seconds,trial,loss,resource\n");
    for (trial, resource, metric, seconds) in rows {
        writeln!(text, "{seconds},{trial},{metric},{resource}").expect("a string takes all");
    }
    text
}

fn read(text: &str) -> Result<CurveTable, String> {
    CurveTable::read(text.as_bytes(), "c.csv", &ReadOptions::new())
        .map_err(|error| error.to_string())
}

fn flat(table: &CurveTable) -> Vec<Row> {
    let rows = |curve: Curve<'_>| {
        let trial = curve.id().parse().expect("a number was written");
        curve
            .points()
            .iter()
            .map(move |point| (trial, point.resource, point.metric, point.seconds))
            .collect::<Vec<_>>()
    };
    table.curves().flat_map(rows).collect()
}

proptest! {
    #[test]
    fn reading_gives_back_what_was_written(rows in rows()) {
        let table = read(&text(&rows)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(flat(&table), rows);
    }

    #[test]
    fn the_order_of_rows_decides_the_order_of_trials_only(
        (rows, mut shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), shuffled(rows))),
    ) {
        let table = read(&text(&shuffled)).map_err(TestCaseError::fail)?;
        let mut read_back = flat(&table);
        read_back.sort_by_key(|&(trial, resource, ..)| (trial, resource));
        prop_assert_eq!(read_back, rows);

        let mut seen = std::collections::BTreeSet::new();
        shuffled.retain(|&(trial, ..)| seen.insert(trial));
        let first: Vec<String> = shuffled.iter().map(|(trial, ..)| trial.to_string()).collect();
        prop_assert_eq!(table.curves().map(|curve| curve.id()).collect::<Vec<_>>(), first);
    }

    #[test]
    fn elapsed_time_never_falls_and_meets_each_point(rows in rows(), at in vec(any::<u64>(), 20)) {
        let table = read(&text(&rows)).map_err(TestCaseError::fail)?;
        for curve in table.curves() {
            let listed = curve.points().iter().map(|point| point.resource);
            let mut at: Vec<u64> = at.iter().copied().chain(listed).collect();
            at.sort_unstable();
            let elapsed: Vec<f64> = at.iter().map_while(|&at| curve.elapsed_at(at)).collect();
            let within = at.iter().filter(|&&at| at <= curve.max_resource()).count();
            prop_assert_eq!(elapsed.len(), within);
            // Rounding: each value is within a few units in the last place of the total.
            let total = curve.points().last().map_or(0.0, |point| point.elapsed);
            let never_falls = elapsed.windows(2).all(|pair| pair[1] - pair[0] >= -1e-12 * total);
            prop_assert!(never_falls, "{elapsed:?}");
            for point in curve.points() {
                prop_assert_eq!(curve.elapsed_at(point.resource), Some(point.elapsed));
            }
        }
    }

    #[test]
    fn a_row_lost_from_within_a_curve_is_noticed(
        resources in btree_set(any::<u64>().prop_map(|r| r.max(1)), 2..8),
        trials in 2_usize..8,
        trial in any::<Index>(),
        lost in any::<Index>(),
    ) {
        let resources: Vec<u64> = resources.into_iter().collect();
        let of_trial = |trial| resources.iter().map(move |&resource| (trial, resource, 0.5, 1.0));
        let mut rows: Vec<Row> = (0..trials).flat_map(of_trial).collect();
        // The last row of a trial would not be missed: the curve would end early.
        let (trial, lost) = (trial.index(trials), lost.index(resources.len() - 1));
        let at = trial * resources.len() + lost;
        rows.remove(at);

        let error = read(&text(&rows)).expect_err("the row is missing");
        let (line, missing, next) = (at + 2, resources[lost], resources[lost + 1]);
        let expected = format!(
            "c.csv, line {line}, column 4 (`resource`): trial `{trial}` has a row for resource \
             {next} but none for {missing};"
        );
        prop_assert!(error.starts_with(&expected), "{error}\n{expected}");
    }

    #[test]
    fn a_bad_field_is_found_where_it_is(
        rows in rows(),
        row in any::<Index>(),
        column in 0_usize..4,
    ) {
        let bad = row.index(rows.len()) + 1;
        let text: String = text(&rows)
            .lines()
            .enumerate()
            .map(|(line, text)| {
                let mut fields: Vec<&str> = text.split(',').collect();
                if line == bad {
                    fields[column] = if column == 1 { "" } else { "bad" };
                }
                fields.join(",") + "\n"
            })
            .collect();
        let options = ReadOptions::new().metric("loss");
        let error = CurveTable::read(text.as_bytes(), "c.csv", &options).unwrap_err();
        prop_assert_eq!(error.place().line, Some(bad as u64 + 1));
        prop_assert_eq!(error.place().column.as_ref().map(|&(number, _)| number), Some(column + 1));
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        text in "(trial,resource,loss\n)?([a-c]|trial|resource|[0-9]|[-.,\"\n\r ]|nan|\\PC){0,60}",
    ) {
        if let Ok(table) = read(&text) {
            prop_assert!(table.curves().all(|curve| !curve.points().is_empty()));
        }
    }
}
