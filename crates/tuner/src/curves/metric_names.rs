//! What names of columns tell: whether they are metrics, and whether large values are good.

use rungkeeper_rung_model::Mode;

/// Words that metrics are named by, of which small values are good.
const SMALL_IS_GOOD: [&str; 21] = [
    "loss",
    "losses",
    "logloss",
    "error",
    "err",
    "cost",
    "regret",
    "mse",
    "rmse",
    "mae",
    "mape",
    "nll",
    "perplexity",
    "ppl",
    "wer",
    "cer",
    "fid",
    "brier",
    "deviance",
    "objective",
    "metric",
];

/// Words that metrics are named by, of which large values are good.
const LARGE_IS_GOOD: [&str; 24] = [
    "accuracy",
    "acc",
    "auc",
    "auroc",
    "auprc",
    "f1",
    "score",
    "precision",
    "recall",
    "reward",
    "return",
    "r2",
    "bleu",
    "rouge",
    "map",
    "ap",
    "iou",
    "miou",
    "dice",
    "kappa",
    "mcc",
    "ndcg",
    "psnr",
    "ssim",
];

/// Parts of other names of which large values are good.
const LARGE_IS_GOOD_IN: [&str; 8] = [
    "acc",
    "auc",
    "f1",
    "score",
    "precision",
    "recall",
    "reward",
    "r2",
];

/// Words behind that of the metric, which tell how or on what it is measured.
const HOW: [&str; 19] = [
    "rate",
    "macro",
    "micro",
    "weighted",
    "mean",
    "avg",
    "average",
    "median",
    "val",
    "valid",
    "validation",
    "test",
    "eval",
    "dev",
    "train",
    "training",
    "top",
    "top1",
    "top5",
];

/// What tuners write before the name of a hyper-parameter.
pub(super) const BEFORE_PARAMETERS: [&str; 3] = ["config_", "config/", "params_"];

/// What is in a table of reports beside its metric.
const NO_METRICS: [&str; 13] = [
    "bytes",
    "path",
    "status",
    "again",
    "decision",
    "seconds",
    "elapsed",
    "time",
    "wall time",
    "timestamp",
    "_timestamp",
    "_runtime",
    "seed",
];

/// The mode that goes with a metric's name, in any case. Its last word counts, as of `val_loss`, if that is the word for a
/// usual metric; behind it may stand how it is measured, as in `error_rate` and `f1_macro`. Otherwise large is good for names
/// with `acc`, `auc`, `f1`, `score`, `precision`, `recall`, `reward` or `r2` in them.
///
/// ```
/// use rungkeeper_rung_model::Mode;
/// use rungkeeper_tuner::simulation::usual_mode;
///
/// assert_eq!(usual_mode("eval.Accuracy"), Mode::Max);
/// assert_eq!(usual_mode("f1_loss"), Mode::Min);
/// assert_eq!(usual_mode("loss"), Mode::Min);
/// ```
#[must_use]
pub fn usual_mode(metric: &str) -> Mode {
    mode_of_last_word(metric).unwrap_or_else(|| {
        let metric = metric.to_ascii_lowercase();
        if LARGE_IS_GOOD_IN.iter().any(|part| metric.contains(part)) {
            Mode::Max
        } else {
            Mode::Min
        }
    })
}

/// Whether a name is one of a usual metric.
pub(super) fn is_usual_metric(name: &str) -> bool {
    mode_of_last_word(name).is_some()
}

/// Whether a column is known to be none: a hyper-parameter as tuners write it, or one that tables have beside the metric.
pub(super) fn is_no_metric(name: &str) -> bool {
    let name = name.to_lowercase();
    let is_parameter = BEFORE_PARAMETERS
        .iter()
        .any(|before| name.starts_with(before));
    is_parameter || NO_METRICS.contains(&&*name)
}

/// By the last word that does not tell how the metric is measured.
fn mode_of_last_word(name: &str) -> Option<Mode> {
    let words = words(name);
    let mut words = words.iter().rev();
    let last = words.find(|word| !HOW.contains(&&***word) && word.parse::<u64>().is_err())?;
    if SMALL_IS_GOOD.contains(&&**last) {
        Some(Mode::Min)
    } else {
        LARGE_IS_GOOD.contains(&&**last).then_some(Mode::Max)
    }
}

/// The words of a name in lower case: between other signs than letters and digits, and `valLoss` has two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_small = false;
    for sign in name.chars() {
        let is_new = is_small && sign.is_uppercase();
        if is_new || !sign.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| sign.is_alphanumeric()) {
            word.extend(sign.to_lowercase());
        }
        is_small = sign.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_go_with_names() {
        for metric in [
            "accuracy",
            "val_acc",
            "valid_accuracy",
            "valAccuracy",
            "ROC_AUC",
            "f1_macro",
            "accuracy_top_5",
            "mAP",
            "score",
            "mean_reward",
            "R2",
            "balanced_accuracy2",
            "loss_reward",
        ] {
            assert_eq!(usual_mode(metric), Mode::Max, "{metric}");
        }
        for metric in [
            "loss",
            "val_loss",
            "train/accuracy_loss",
            "f1_loss",
            "score-error",
            "error_rate",
            "rmse",
            "perplexity",
            "seconds",
            "",
        ] {
            assert_eq!(usual_mode(metric), Mode::Min, "{metric}");
        }
    }

    #[test]
    fn names_of_usual_metrics() {
        for metric in [
            "val_loss",
            "valLoss",
            "LOSS",
            "eval/accuracy",
            "err@1",
            "error_rate",
            "objective",
        ] {
            assert!(is_usual_metric(metric), "{metric}");
        }
        for other in [
            "lr",
            "learning_rate",
            "loss_weight",
            "score_threshold",
            "accumulate",
            "x",
            "",
            "val",
        ] {
            assert!(!is_usual_metric(other), "{other}");
        }
        for other in [
            "config_loss",
            "config/lr",
            "params_lr",
            "bytes",
            "Wall time",
        ] {
            assert!(is_no_metric(other), "{other}");
        }
        assert!(!is_no_metric("loss"));
    }
}
