//! Reading the files of curves.

use std::path::Path;

use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;
use rungkeeper_tuner_hooks::Mode;

use crate::input;
use crate::simulate::Arguments;

/// Parts of names of metrics of which large values are good.
const LARGE_IS_GOOD: [&str; 8] = [
    "acc",
    "auc",
    "f1",
    "score",
    "precision",
    "recall",
    "reward",
    "r2",
];

pub(super) fn read(arguments: &Arguments) -> anyhow::Result<Vec<Curves>> {
    let mut options = ReadOptions::new();
    if let Some(metric) = &arguments.metric {
        options = options.metric(metric);
    }
    let read = |path: &std::path::PathBuf| read_one(path, &options, arguments.mode());
    arguments.files.iter().map(read).collect()
}

fn read_one(path: &Path, options: &ReadOptions, mode: Option<Mode>) -> anyhow::Result<Curves> {
    let table = CurveTable::read(input::open(path)?, &input::name(path), options)?;
    let mode = mode.unwrap_or_else(|| usual_mode(table.metric()));
    Ok(Curves { table, mode })
}

/// The mode that goes with the name of a metric.
fn usual_mode(metric: &str) -> Mode {
    let metric = metric.to_ascii_lowercase();
    if LARGE_IS_GOOD.iter().any(|part| metric.contains(part)) {
        Mode::Max
    } else {
        Mode::Min
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_go_with_names() {
        for metric in [
            "accuracy",
            "val_acc",
            "ROC_AUC",
            "f1_macro",
            "score",
            "mean_reward",
            "R2",
        ] {
            assert_eq!(usual_mode(metric), Mode::Max, "{metric}");
        }
        for metric in [
            "loss",
            "val_loss",
            "error_rate",
            "rmse",
            "perplexity",
            "seconds",
        ] {
            assert_eq!(usual_mode(metric), Mode::Min, "{metric}");
        }
    }
}
