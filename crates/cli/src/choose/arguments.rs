use std::path::PathBuf;

use rungkeeper_score::PromotionRule;
use rungkeeper_tuner::choose::{ChooseError, Question, TableOptions};
use rungkeeper_tuner_hooks::{Budget, PolicySpec};

use crate::columns::ColumnArguments;
use crate::input;
use crate::typed;

/// One line for each budget: the one that would be made of them is wider than a terminal.
const USAGE: &str = "rungkeeper choose [OPTIONS] --max-checkpoints <NUMBER> <TABLE.csv>
       rungkeeper choose [OPTIONS] --max-bytes <SIZE> <TABLE.csv>";

const TO_DELETE: &str = "To delete what can go:
  rungkeeper choose run.csv --max-checkpoints 20 --paths0 | xargs -0r rm -r";

/// Which checkpoints of a run of any tuner can go, and what that would cost
///
/// Reads a table of what the trials of a run have reported so far, as CSV: columns `trial`,
/// `resource` and a metric, and where they are known `seconds`, `bytes`, `path` and `status`
/// (running, paused, removed, pinned or ended). It is for runs that go on: of one that is over it
/// names the best, and lists nothing. Nothing is deleted or stored here.
#[derive(Debug, clap::Args)]
#[command(after_help = TO_DELETE, override_usage = USAGE, allow_negative_numbers = true, group = clap::ArgGroup::new("budget").required(true).multiple(true).args(["max_checkpoints", "max_bytes"]))]
pub(crate) struct Arguments {
    /// The table; `-` for the standard input
    #[arg(value_name = "TABLE.csv")]
    pub(super) table: PathBuf,
    /// Most checkpoints to keep, those of running trials included
    #[arg(long, value_name = "NUMBER")]
    pub(super) max_checkpoints: Option<u64>,
    /// Most bytes of checkpoints to keep, as "20 GB"
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub(super) max_bytes: Option<u64>,
    /// What is left of the run over what is used: 1 in the middle, 0.25 when four fifths are done
    #[arg(long, value_name = "RATIO", default_value_t = 1.0, value_parser = ratio)]
    time_left: f64,
    #[command(flatten)]
    reports: ColumnArguments,
    /// Column of the sizes of checkpoints, in bytes [default: bytes, if there is one]
    #[arg(long, value_name = "NAME")]
    bytes_column: Option<String>,
    /// Column of their paths, which are left out where nothing is there any more [default: path, if
    /// there is one]
    #[arg(long, value_name = "NAME")]
    path_column: Option<String>,
    /// Column of what trials are doing [default: status, if there is one]
    #[arg(long, value_name = "NAME")]
    status_column: Option<String>,
    /// Rung levels, at which trials are paused [default: what the table suggests; without that,
    /// where many trials end, or in steps of 4]
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with_all = ["eta", "grace_period"])]
    levels: Vec<u64>,
    /// The first rung level [default: the first resource of the table]
    #[arg(long, value_name = "RESOURCE")]
    grace_period: Option<u64>,
    /// Reduction factor: from a rung level to the next
    #[arg(long, value_name = "N")]
    eta: Option<u64>,
    /// Resource at which trials end [default: the largest of the table]
    #[arg(long, value_name = "RESOURCE")]
    max_resource: Option<u64>,
    /// When a paused trial is promoted: `top_fraction` or `linear_quantile`
    #[arg(long, value_name = "RULE", default_value_t = PromotionRule::TopFraction)]
    promotion_rule: PromotionRule,
    /// By what checkpoints are chosen
    #[arg(long, value_name = "NAME", default_value = "rank_aware", value_parser = ["rank_aware", "by_level"])]
    policy: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub(super) json: bool,
    /// The paths of what can go, each with a NUL behind it, for `xargs -0r rm -r`
    #[arg(long, conflicts_with = "json")]
    pub(super) paths0: bool,
}

impl Arguments {
    pub(super) fn columns(&self) -> TableOptions {
        TableOptions {
            reports: self.reports.options(),
            bytes: self.bytes_column.clone(),
            path: self.path_column.clone(),
            status: self.status_column.clone(),
        }
    }

    pub(super) fn question(&self) -> Question {
        Question {
            time_ratio: self.time_left,
            mode: self.reports.mode(),
            levels: Question::levels_of(
                (!self.levels.is_empty()).then(|| self.levels.clone()),
                self.grace_period,
                self.eta,
            ),
            max_resource: self.max_resource,
            policy: match self.policy.as_str() {
                "by_level" => PolicySpec::ByLevel,
                _ => PolicySpec::RankAware {
                    promotion_rule: self.promotion_rule,
                },
            },
            ..Question::new(Budget {
                max_checkpoints: self.max_checkpoints,
                max_bytes: self.max_bytes,
            })
        }
    }

    /// The error by the options that are at fault, or with the one that helps.
    pub(super) fn explained(&self, error: ChooseError) -> anyhow::Error {
        if let ChooseError::Spec(error) = &error
            && let Some(told) = typed::spec(error)
        {
            return anyhow::anyhow!(told);
        }
        let option = match &error {
            ChooseError::OneResource(_) => "--max-resource RESOURCE tells it",
            ChooseError::NoPathThere { .. } => {
                "relative paths begin in the working directory; --bytes-column NAME says which column \
                 tells sizes"
            }
            ChooseError::NoBytes => "--bytes-column NAME says which column it is",
            ChooseError::Spec(_) if self.max_resource.is_none() => {
                "--levels, --eta and --max-resource tell them, where the table does not"
            }
            _ => return error.into(),
        };
        anyhow::anyhow!("{error}\n{option}")
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    input::size(text).ok_or_else(|| "it is a size such as \"20 GB\"".to_owned())
}

fn ratio(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let ratio = number.filter(|ratio| *ratio >= 0.0 && ratio.is_finite());
    ratio.ok_or_else(|| {
        "it is a number from 0 on: what is left of the run over what is used".to_owned()
    })
}
