use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner::simulation::{Conditions, CutOff, Draw, Levels, Retraining};
use rungkeeper_tuner_hooks::PolicySpec;
use rungkeeper_tuner_hooks::{Brackets, Limits};

use crate::columns::ColumnArguments;

/// Budgets tried where none is given, in checkpoints per worker.
const BUDGETS_PER_WORKER: [u64; 5] = [2, 4, 8, 16, 32];

/// More workers than that are a slip of the keyboard.
const MOST_WORKERS: u64 = 1_000_000;

/// Most seeds, and so most runs of each combination.
const MOST_SEEDS: u64 = 100_000;

/// Most threads.
const MOST_THREADS: u64 = 1_024;

/// How many checkpoints to keep, and what that costs: runs on tabulated learning curves
///
/// Promotion-type successive halving is run on the curves of each CSV file (columns `trial`,
/// `resource`, a metric and `seconds`; others are ignored) under a virtual clock, with every
/// combination of policy, budget, seed, reduction factor and number of workers. The cost of a
/// budget is what has to be trained again because a checkpoint was removed.
///
/// Lists are separated by commas. A run starts each trial of the file once, in an order drawn by
/// its seed, and ends when nothing can be promoted any more.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are told to be none of those that are possible
#[allow(clippy::struct_excessive_bools)] // flags
pub(crate) struct Arguments {
    /// Learning curves; `-` for the standard input
    #[arg(required = true, value_name = "CURVES.csv")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) columns: ColumnArguments,
    /// Which checkpoints are removed
    #[arg(
        long, value_name = "LIST", value_delimiter = ',',
        value_parser = PossibleValuesParser::new(PolicySpec::NAMES), default_values = PolicySpec::NAMES,
    )]
    policy: Vec<String>,
    /// Most checkpoints, those of running trials included [default: 2, 4, 8, 16 and 32 per worker]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    budget: Vec<u64>,
    /// Number of runs of each combination; each draws its own order of the curves
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=MOST_SEEDS))]
    pub(super) seeds: u64,
    /// Reduction factors: from a rung level to the next
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [4])]
    eta: Vec<u64>,
    /// Trials that train at the same time
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [4], value_parser = clap::value_parser!(u64).range(1..=MOST_WORKERS))]
    workers: Vec<u64>,
    /// The first rung level [default: the first resource of the file]
    #[arg(long, value_name = "RESOURCE")]
    grace_period: Option<u64>,
    /// Resource at which trials stop [default: the last of the file]
    #[arg(long, value_name = "RESOURCE")]
    max_resource: Option<u64>,
    /// Rung levels, instead of --grace-period and --eta
    #[arg(
        long, value_name = "LIST", value_delimiter = ',', conflicts_with_all = ["eta", "grace_period"]
    )]
    levels: Vec<u64>,
    /// When a paused trial is promoted: `top_fraction` or `linear_quantile`
    #[arg(long, value_name = "RULE", default_value_t = PromotionRule::TopFraction)]
    promotion_rule: PromotionRule,
    /// Number of brackets
    #[arg(long, value_name = "N", default_value_t = 1)]
    brackets: usize,
    /// Give each bracket rungs of its own
    #[arg(long)]
    own_rungs: bool,
    /// Only count what training again would cost, so that all policies see the same run, and add
    /// the least that any choice of checkpoints could have cost
    #[arg(long)]
    frozen: bool,
    /// Draw curves that were used already: for runs longer than the file, of at most 100,000
    /// trials unless --max-trials is given
    #[arg(long)]
    with_replacement: bool,
    /// Start the curves in the order of the file, the same for each seed
    #[arg(long, conflicts_with = "with_replacement")]
    in_order: bool,
    /// Experiment file whose search program proposes configurations: a new trial has the curve of
    /// the nearest one, by the columns of its hyper-parameters; metric and resource are those of the file
    #[cfg(unix)]
    #[arg(long, value_name = "EXPERIMENT", conflicts_with = "in_order")]
    pub(super) search: Option<PathBuf>,
    /// What becomes of curves that end before the max resource, as those of paused trials do: they
    /// go on as a `donor` of about the same rank did, are complete `as-is`, or are refused
    #[arg(
        long, value_name = "HOW", default_value = CutOff::NAMES[0],
        value_parser = PossibleValuesParser::new(CutOff::NAMES).try_map(|name| name.parse::<CutOff>()),
    )]
    pub(super) cut_off: CutOff,
    /// Start no more trials than this [default: the number of curves]
    #[arg(long, value_name = "N")]
    max_trials: Option<u64>,
    /// End each run after this many seconds of its own time
    #[arg(long, value_name = "SECONDS")]
    max_seconds: Option<f64>,
    /// End each run after this many reports
    #[arg(long, value_name = "N")]
    max_reports: Option<u64>,
    /// End each run after this many resource units, over all trials
    #[arg(long, value_name = "N")]
    max_total_resource: Option<u64>,
    /// One JSON object a run instead of the table
    #[arg(long)]
    pub(super) json: bool,
    /// Page with plots to write, one file that asks nothing of the network
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Folder to write the event log of each run to
    #[arg(long, value_name = "DIR")]
    pub(super) log: Option<PathBuf>,
    /// Number of threads [default: one per core]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_THREADS))]
    threads: Option<u64>,
}

impl Arguments {
    pub(super) fn threads(&self) -> Option<usize> {
        self.threads.map(|threads| threads as usize)
    }

    pub(super) fn max_resource(&self) -> Option<u64> {
        self.max_resource
    }

    pub(super) fn policies(&self) -> Vec<PolicySpec> {
        let names = each_once(&self.policy);
        names.iter().filter_map(|name| name.parse().ok()).collect() // clap lets no others through
    }

    pub(super) fn workers(&self) -> Vec<u64> {
        each_once(&self.workers)
    }

    pub(super) fn budgets(&self) -> Vec<u64> {
        if !self.budget.is_empty() {
            return each_once(&self.budget);
        }
        let workers = self.workers.iter().copied().max().unwrap_or(1);
        BUDGETS_PER_WORKER
            .iter()
            .map(|&each| workers.saturating_mul(each))
            .collect()
    }

    pub(super) fn levels(&self) -> Vec<Levels> {
        if !self.levels.is_empty() {
            return vec![Levels::List(self.levels.clone())];
        }
        let geometric = |&reduction_factor: &u64| Levels::Geometric {
            grace_period: self.grace_period,
            reduction_factor,
        };
        each_once(&self.eta).iter().map(geometric).collect()
    }

    pub(super) fn conditions(&self) -> Conditions {
        Conditions {
            max_resource: self.max_resource,
            promotion_rule: self.promotion_rule,
            brackets: Brackets {
                number: self.brackets,
                own_rungs: self.own_rungs,
            },
            limits: Limits {
                seconds: self.max_seconds,
                trials: self.max_trials,
                reports: self.max_reports,
                resource: self.max_total_resource,
            },
            draw: match (self.with_replacement, self.in_order) {
                (true, _) => Draw::WithReplacement,
                (_, true) => Draw::InOrder,
                _ => Draw::WithoutReplacement,
            },
            retraining: if self.frozen {
                Retraining::Frozen
            } else {
                Retraining::TakesTime
            },
        }
    }
}

/// The values in the order in which they first appear.
fn each_once<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::each_once;

    #[test]
    fn repeated_values_count_once() {
        assert_eq!(each_once(&[16, 8, 16, 4, 8]), [16, 8, 4]);
    }
}
