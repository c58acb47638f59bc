//! Reads the results that criterion leaves behind (`benchmark.json` and `estimates.json` of each benchmark) and lays them out as a table.
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// One benchmark's result.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    name: String,
    median_nanoseconds: f64,
    elements: Option<u64>,
}

/// The results under `directory` that were written at `since` or later, by name.
pub(super) fn read(directory: &Path, since: SystemTime) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        folders.extend(subfolders(&folder)?);
        let estimates = folder.join("estimates.json");
        // Besides "new", criterion keeps "base" and "change", which are of earlier runs.
        if folder.ends_with("new") && is_fresh(&estimates, since) {
            rows.push(row(
                &json(&folder.join("benchmark.json"))?,
                &json(&estimates)?,
            )?);
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn is_fresh(file: &Path, since: SystemTime) -> bool {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time >= since)
}

fn json(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

fn row(benchmark: &Value, estimates: &Value) -> Result<Row> {
    let name = benchmark["full_id"]
        .as_str()
        .context("benchmark.json names no full_id")?;
    let median = estimates["median"]["point_estimate"].as_f64();
    let throughput = &benchmark["throughput"];
    let elements = [
        &throughput["Elements"],
        &throughput["ElementsAndBytes"]["elements"],
    ];
    Ok(Row {
        name: name.to_owned(),
        median_nanoseconds: median.with_context(|| format!("no median of {name}"))?,
        elements: elements.into_iter().find_map(Value::as_u64),
    })
}

/// The rows as text: name, median, and the median per element where the benchmark says how many there are.
pub(super) fn table(rows: &[Row]) -> String {
    let mut cells = vec![["benchmark", "median", "per element"].map(String::from)];
    for row in rows {
        let per_element = row
            .elements
            .map(|n| time(row.median_nanoseconds / n as f64));
        cells.push([
            row.name.clone(),
            time(row.median_nanoseconds),
            per_element.unwrap_or_default(),
        ]);
    }
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let lines = cells.iter().map(|[name, median, per_element]| {
        let [a, b, c] = widths;
        format!("{name:a$}  {median:>b$}  {per_element:>c$}")
            .trim_end()
            .to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A time in the unit that suits it, to four digits.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        t if t < 1e3 => (t, "ns"),
        t if t < 1e6 => (t / 1e3, "µs"),
        t if t < 1e9 => (t / 1e6, "ms"),
        t => (t / 1e9, "s"),
    };
    let decimals = match value {
        v if v < 10.0 => 3,
        v if v < 100.0 => 2,
        _ => 1,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn sample(name: &str, median_nanoseconds: f64, elements: Option<u64>) -> Row {
        Row {
            name: name.into(),
            median_nanoseconds,
            elements,
        }
    }

    #[test]
    fn columns_line_up_and_units_suit() {
        let rows = [
            sample("score/steps 25", 123_456.0, Some(1000)),
            sample("insert", 98.76, None),
            sample("long", 2.5e9, Some(1)),
        ];
        let expected = "\
benchmark         median  per element
score/steps 25  123.5 µs     123.5 ns
insert          98.76 ns
long             2.500 s      2.500 s";
        assert_eq!(table(&rows), expected);
        assert_eq!(time(7_654_321.0), "7.654 ms");
    }

    #[test]
    fn a_row_is_read_from_both_files() {
        let estimates =
            json!({"median": {"point_estimate": 12.5}, "mean": {"point_estimate": 99.0}});
        let plain = json!({"full_id": "a/b", "throughput": null});
        assert_eq!(row(&plain, &estimates).unwrap(), sample("a/b", 12.5, None));
        let counted = json!({"full_id": "a/b", "throughput": {"Elements": 4}});
        assert_eq!(
            row(&counted, &estimates).unwrap(),
            sample("a/b", 12.5, Some(4))
        );
        let both = json!({"full_id": "a/b", "throughput": {"ElementsAndBytes": {"elements": 3, "bytes": 9}}});
        assert_eq!(
            row(&both, &estimates).unwrap(),
            sample("a/b", 12.5, Some(3))
        );
        let bytes = json!({"full_id": "a/b", "throughput": {"Bytes": 4}});
        assert_eq!(row(&bytes, &estimates).unwrap(), sample("a/b", 12.5, None));
        assert!(row(&plain, &json!({})).is_err());
    }

    #[test]
    fn only_new_results_of_this_run_are_read() {
        let root = std::env::temp_dir().join(format!("xtask-summary-{}", std::process::id()));
        for (benchmark, state) in [("b", "new"), ("a", "new"), ("a", "base")] {
            let folder = root.join("group").join(benchmark).join(state);
            fs::create_dir_all(&folder).unwrap();
            let id = json!({"full_id": format!("{benchmark}/{state}")}).to_string();
            fs::write(folder.join("benchmark.json"), id).unwrap();
            let estimates = json!({"median": {"point_estimate": 1.0}}).to_string();
            fs::write(folder.join("estimates.json"), estimates).unwrap();
        }
        let all = read(&root, SystemTime::UNIX_EPOCH).unwrap();
        let none = read(&root, SystemTime::now() + Duration::from_secs(3600)).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            all,
            [sample("a/new", 1.0, None), sample("b/new", 1.0, None)]
        );
        assert!(none.is_empty());
    }
}
