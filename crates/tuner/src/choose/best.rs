//! The best report of a run.

use rungkeeper_rung_model::{MetricKey, Mode};

use super::table::Row;
use crate::choose::RunTable;

/// The best report of a run that is over.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BestReport {
    /// The trial.
    pub trial: String,
    /// What it reported, a finite number.
    pub metric: f64,
    /// Where, in units of resource.
    pub resource: u64,
    /// The path that this row of the table tells; if it tells none, the only one of the trial. `None` where there are none, or
    /// several of other rows.
    pub path: Option<String>,
    /// Whether nothing is at that path any more, though other paths of the table are there.
    pub is_gone: bool,
}

impl RunTable {
    /// The best report, the first of equals, if any metric is a finite number. `found` is the table with what is still there.
    pub(super) fn best(&self, found: &Self, mode: Mode) -> Option<BestReport> {
        let key = |row: &&Row| MetricKey::new(row.metric, mode);
        let best = self.rows.iter().min_by_key(key)?;
        if !best.metric.is_finite() {
            return None;
        }
        let trial = &self.trials[best.trial as usize];
        let only = (trial.paths.len() == 1).then_some(0);
        let place = best.path.map(|place| place as usize).or(only);
        let path = place.map(|place| &trial.paths[place].0);
        let there = &found.trials[best.trial as usize].paths;
        Some(BestReport {
            trial: trial.id.to_string(),
            metric: best.metric,
            resource: best.resource,
            path: path.map(ToString::to_string),
            is_gone: path.is_some_and(|path| !there.iter().any(|(known, _)| known == path)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::{RunRow, Status};

    const INFINITE: f64 = f64::INFINITY;

    /// The trial, the resource and the path of the best of these reports.
    fn best(reports: &[(&str, u64, f64, &str)], mode: Mode) -> Option<(String, u64, String)> {
        let mut table = RunTable::new("test", "loss");
        for &(trial, resource, metric, path) in reports {
            table.push(&RunRow {
                path: Some(path).filter(|path| !path.is_empty()),
                status: Some(Status::Ended),
                ..RunRow::new(trial, resource, metric)
            });
        }
        let best = table.best(&table, mode)?;
        assert!(!best.is_gone);
        Some((best.trial, best.resource, best.path.unwrap_or_default()))
    }

    #[test]
    fn the_first_of_the_best_finite_metrics() {
        let reports = [
            ("a", 1, f64::NAN, "a1"),
            ("a", 2, 0.3, "a2"),
            ("a", 3, 0.4, "a3"),
            ("b", 1, 0.3, "b1"),
            ("b", 2, 0.9, "b2"),
            ("c", 1, -INFINITE, "c1"),
            ("d", 1, INFINITE, "d1"),
        ];
        let told =
            |trial: &str, resource, path: &str| Some((trial.into(), resource, path.to_owned()));
        assert_eq!(best(&reports, Mode::Min), told("a", 2, "a2"));
        assert_eq!(best(&reports, Mode::Max), told("b", 2, "b2"));
        assert_eq!(best(&reports[5..], Mode::Min), None);
        assert_eq!(best(&[], Mode::Min), None);
    }

    #[test]
    fn the_path_of_another_row_is_taken_only_if_there_is_no_choice() {
        let one = [("a", 1, 0.1, ""), ("a", 2, 0.4, "a"), ("a", 3, 0.4, "a")];
        assert_eq!(best(&one, Mode::Min).unwrap().2, "a");
        let several = [("a", 1, 0.1, ""), ("a", 2, 0.4, "a2"), ("a", 3, 0.4, "a3")];
        assert_eq!(best(&several, Mode::Min).unwrap().2, "");
    }
}
